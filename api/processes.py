"""The two long-running processes: web and worker."""

import asyncio
import signal

import uvicorn

from api.app import create_app
from api.logs import configure_logs
from api.mail_wording import mail_wording
from api.services import running_market
from api.settings import Settings
from marketplace.jobs import worker


def run_web(host: str, port: int) -> None:
    configure_logs()
    app = create_app(Settings())
    uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning", timeout_graceful_shutdown=5)


def run_worker() -> None:
    configure_logs()
    asyncio.run(_work(Settings()))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    async with running_market(settings, mail_wording(settings)) as market:
        await worker(market, lease=settings.job_lease).run(stop)
