"""Tells operators by mail, once per matter, that something has stopped and will not go on by itself."""

from collections.abc import Mapping

from marketplace.database.transactions import run_tx
from marketplace.mail import service as mail
from marketplace.mail.models import Mail
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.operations import attention
from marketplace.outbox.models import Job


async def raise_due(market: Market) -> int:
    """Sweep: outcomes that stay unknown, and jobs that were given up. Returns how many alarms were new."""
    new = 0
    for one in await attention.long_unknown(market.clock):
        new += await _once(
            market,
            f"unknown:{one.id}",
            "operator_unknown",
            {
                "reference": one.reference,
                "registry": one.registry,
                "order_id": one.order_id,
                "submitted_at": one.submitted_at.isoformat() if one.submitted_at else None,
            },
        )
    # a mail that cannot be sent is not announced by mail
    parked = await Job.filter(parked_at__isnull=False).exclude(kind=mail.SEND).order_by("parked_at").limit(100)
    for job in parked:
        key = f"parked:{job.id}:{job.parked_at.isoformat() if job.parked_at else ''}"
        new += await _once(
            market, key, "operator_parked", {"job_id": job.id, "kind": job.kind, "error": job.error or ""}
        )
    return new


async def _once(market: Market, key: str, message: str, params: Mapping[str, JSON]) -> int:
    if not market.post.operators or await Mail.exists(key=f"{key}:0"):
        return 0
    await run_tx(lambda tx: mail.tell_operators(market, tx, message, params, key=key))
    return 1
