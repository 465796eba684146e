"""The three ports of an embedded service."""

import contextlib
import secrets
import socket
from dataclasses import dataclass

HOST = "127.0.0.1"


class PortTaken(Exception):
    """Another program listens on a port that the embedded service needs."""

    code = "port_taken"


@dataclass(frozen=True, slots=True)
class Ports:
    """Web, payments and registry; payments and registry follow the web port so that a restart finds them again."""

    web: int
    payments: int
    registry: int

    @classmethod
    def from_first(cls, port: int) -> "Ports":
        return cls(port, port + 1, port + 2)

    def check_free(self) -> None:
        for port in (self.web, self.payments, self.registry):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError as error:
                    raise PortTaken(f"port {port} is taken; choose another with --port") from error


def free_port() -> int:
    """A port that is free now, with two free ones behind it; drawn at random, so that two who ask at once rarely meet."""
    while True:
        # below 32,768: from there on systems take ports for outgoing connections, at any moment
        port = secrets.choice(range(10_000, 32_000, 3))
        with contextlib.suppress(PortTaken):
            Ports.from_first(port).check_free()
            return port
