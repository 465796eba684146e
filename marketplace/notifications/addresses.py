"""Where webhooks may go: to machines of the public Internet, whatever way an inner address is written.

The check is on the addresses that the name resolves to at the moment of sending, and the connection goes to the very address that
was checked: a name that answers differently a moment later gains nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from ssl import SSLContext

import httpx

from marketplace.notifications.errors import AddressNotAllowed

LONGEST_URL = 1000
IPAddress = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

# What the standard library calls global and is not a public machine of its own: relays, transition ranges, documentation.
_NOT_PUBLIC_V4 = tuple(ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10"))
# Transition ranges carry an IPv4 address inside, which may be an inner one.
_GLOBAL_UNICAST = ip_network("2000::/3")
_NOT_PUBLIC_V6 = tuple(ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


class Reason(StrEnum):
    """Why an address is refused."""

    NO_URL = "no_url"
    TOO_LONG = "too_long"
    NOT_HTTPS = "not_https"
    WITH_CREDENTIALS = "with_credentials"
    WITH_FRAGMENT = "with_fragment"
    PORT = "port"
    NOT_PUBLIC = "not_public"
    UNRESOLVABLE = "unresolvable"


async def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the system's resolver has them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """`https_only` in a live service. `to_loopback` lets a sandbox reach receivers on its own machine.

    `trust` replaces the authorities that receivers' certificates are checked against.
    """

    https_only: bool = True
    to_loopback: bool = False
    resolver: Resolver = resolve
    trust: SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: connect to `ip`, speak to `url`."""

    url: httpx.URL
    ip: IPAddress


def read_url(text: str, rules: WebhookRules) -> httpx.URL:
    """Raises AddressNotAllowed for what we would never send to, whatever it resolves to."""
    if len(text) > LONGEST_URL:
        raise _refused(Reason.TOO_LONG)
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        raise _refused(Reason.NO_URL) from None
    if url.scheme not in {"http", "https"} or not url.host or not text.isprintable() or " " in text or "\\" in text:
        raise _refused(Reason.NO_URL)
    if url.scheme == "http" and rules.https_only:
        raise _refused(Reason.NOT_HTTPS)
    if url.userinfo:
        raise _refused(Reason.WITH_CREDENTIALS)
    if url.fragment:
        raise _refused(Reason.WITH_FRAGMENT)
    # the ports below 1024 belong to other services, which might make something of what we send
    if url.port is not None and url.port not in {80, 443} and not 1024 <= url.port <= 65535:
        raise _refused(Reason.PORT)
    return url


async def check(text: str, rules: WebhookRules) -> Target:
    """Where to connect now. Raises AddressNotAllowed if any of the name's addresses is not public."""
    url = read_url(text, rules)
    try:
        answers = [ip_address(answer.partition("%")[0]) for answer in await rules.resolver(url.host, _port(url))]
    except (OSError, ValueError):
        raise _refused(Reason.UNRESOLVABLE) from None
    if not answers:
        raise _refused(Reason.UNRESOLVABLE)
    if not all(is_public(ip) or (rules.to_loopback and ip.is_loopback) for ip in answers):
        raise _refused(Reason.NOT_PUBLIC)
    return Target(url, answers[0])


def is_public(ip: IPAddress) -> bool:
    """Whether a machine of the public Internet can have this address."""
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast and not ip.is_reserved and not _in_any(ip, _NOT_PUBLIC_V4)
    return ip in _GLOBAL_UNICAST and ip.is_global and not ip.is_multicast and not _in_any(ip, _NOT_PUBLIC_V6)


def _in_any(ip: IPAddress, networks: Sequence[object]) -> bool:
    return any(ip in network for network in networks)  # type: ignore[operator]  # networks of both kinds


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _refused(reason: Reason) -> AddressNotAllowed:
    return AddressNotAllowed(f"webhooks are not sent there: {reason.replace('_', ' ')}", reason=reason.value)
