"""Find plans and move them. Beginning, months, changes and bills have files of their own."""

import re
from collections.abc import Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F

from marketplace.errors import MoveNotAllowed
from marketplace.mail import service as mail
from marketplace.mail.post import JSON
from marketplace.mail.service import NewMail
from marketplace.notifications import telling
from marketplace.notifications.kinds import EventType
from marketplace.outbox import service as outbox
from marketplace.plans.errors import PlanNotFound, PublicNameRefused
from marketplace.plans.models import Plan, PlanTerms
from marketplace.plans.states import ALLOWED_MOVES, PlanState

FOLLOW = "plan.follow"
# one to four letters, each with or without a dot: enough for initials, too little for a name
_INITIALS = re.compile(r"(?:[^\W\d_]\.? ?){1,4}")


async def find(plan_id: str) -> Plan:
    plan = await Plan.get_or_none(id=plan_id)
    if plan is None:
        raise PlanNotFound(f"no plan {plan_id}", plan_id=plan_id)
    return plan


async def find_by_token(token: str) -> Plan:
    plan = await Plan.get_or_none(access_token=token)
    if plan is None:
        raise PlanNotFound("no plan under this link")
    return plan


async def of_address(email: str) -> Sequence[Plan]:
    """The plans of somebody who has shown to read this address, the newest first; those that never began are left out."""
    return await Plan.filter(email__iexact=email).exclude(state=PlanState.LAPSED).order_by("-id")


def checked_public_name(typed: str) -> str:
    """Initials, or "" for none. Raises PublicNameRefused."""
    name = " ".join(typed.split())
    if name and not _INITIALS.fullmatch(name):
        raise PublicNameRefused("only initials are shown")
    return name


async def move(plan: Plan, new: PlanState, *, at: datetime, **changes: object) -> None:
    """One arrow, checked and changed in one statement, and counted. Raises MoveNotAllowed."""
    old = PlanState(plan.state)
    if new not in ALLOWED_MOVES[old]:
        raise MoveNotAllowed(f"plan {plan.id} cannot move from {old} to {new}", old=old, new=new)
    moved = await Plan.filter(id=plan.id, state=old).update(
        state=new, state_since=at, version=F("version") + 1, **changes
    )
    if moved != 1:
        raise MoveNotAllowed(f"plan {plan.id} is no longer {old}", old=old, new=new)
    await plan.refresh_from_db()
    await announce(plan, at=at)


def organisation_of(plan: Plan) -> str | None:
    """Whose key began it through the API, as its number says; None for a plan that somebody began without one."""
    owner = (plan.external_id or "").partition(":")[0]
    return owner if owner.startswith("org_") else None


async def announce(plan: Plan, *, at: datetime) -> None:
    """Inside the caller's transaction, to the organisation that began it: its state or its terms are new."""
    organisation_id = organisation_of(plan)
    if organisation_id is None:
        return
    terms = await PlanTerms.filter(plan_id=plan.id).order_by("-version").first()
    data: dict[str, JSON] = {
        "plan": {
            "id": plan.id,
            "state": plan.state,
            "ended_because": plan.ended_because,
            "terms_version": terms.version if terms else None,
            "monthly_g": terms.grams if terms else None,
            "monthly_yen": terms.total_yen if terms else None,
        }
    }
    await telling.tell(organisation_id, EventType.PLAN_CHANGED, plan.id, data, at=at)


async def follow_soon(tx: BaseDBAsyncClient, plan_id: str, cause: str, *, at: datetime) -> None:
    """Write the job that brings the plan and the provider together, once per `cause`."""
    await outbox.add(tx, FOLLOW, f"{FOLLOW}:{plan_id}:{cause}", {"plan_id": plan_id}, at=at)


async def tell(
    tx: BaseDBAsyncClient, plan: Plan, message: str, params: dict[str, JSON], *, key: str, at: datetime
) -> None:
    """Inside the caller's transaction: a mail to whoever manages the plan, once per `key`, with the link that opens its page."""
    one = mail_to(plan, message, params, key=key)
    await mail.send_later(tx, one.message, one.to, one.locale, one.params, key=one.key, at=at)


def mail_to(plan: Plan, message: str, params: dict[str, JSON], *, key: str) -> NewMail:
    """The mail that `tell` writes."""
    known: dict[str, JSON] = {"token": plan.access_token, "gift": plan.gift_months is not None}
    return NewMail(message, plan.email, plan.locale, known | params, f"plan:{plan.id}:{key}")
