"""The two long-running processes: web and worker."""

import asyncio
import signal
import socket
import sys
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette
from uvicorn.loops.auto import auto_loop_factory

from api.app import create_app
from api.bounded_http import BoundedHttpProtocol
from api.logs import configure_logs
from api.mail_wording import mail_wording
from api.services import running_market
from api.settings import Settings
from marketplace.jobs import worker

# the exit code by which uvicorn's own command says the same
STARTUP_FAILURE = 3


class WebServer(uvicorn.Server):
    """Sends those home who listen for news, before it waits for the last answers to end."""

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.order_news.close()
        await super().shutdown(sockets)


def run_web(host: str, port: int) -> None:
    configure_logs()
    app = create_app(Settings())
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedHttpProtocol,
        # there are no web sockets here
        ws="none",
        # the kind of server is nobody's business
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    server = WebServer(config, app)
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again after a clean end
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def run_worker() -> None:
    configure_logs()
    # the loop that the web process gets from its server, too
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(_work(Settings()))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    async with running_market(settings, mail_wording(settings)) as market:
        await worker(market, lease=settings.job_lease).run(stop)
