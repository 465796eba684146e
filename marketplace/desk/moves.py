"""One application takes one step: checked against the drawn arrows, and lost by whoever comes second."""

from typing import Any

from marketplace.accounts.actor import Actor
from marketplace.desk.errors import HeldBySomebodyElse
from marketplace.errors import MoveNotAllowed
from marketplace.registries.desk.models import ApplicationRecord
from marketplace.registries.desk.states import ALLOWED_MOVES, OPEN, DeskState


def held_by(actor: Actor, application: ApplicationRecord) -> ApplicationRecord:
    """The same application, if this person holds it. Raises HeldBySomebodyElse."""
    if application.state in OPEN and application.holder != actor.person_id:
        raise HeldBySomebodyElse(f"{application.id} is held by {application.holder}")
    return application


async def move(application: ApplicationRecord, old: DeskState, new: DeskState, **changes: Any) -> None:
    """Check and change are one statement. The state may stay as it is where only the holder changes. Raises MoveNotAllowed."""
    allowed = new in ALLOWED_MOVES[old] or (new is old and old in OPEN and application.holder is not None)
    if application.state != old or not allowed:
        raise MoveNotAllowed(f"{application.id} cannot move from {application.state} to {new}", old=old, new=new)
    same = ApplicationRecord.filter(id=application.id, state=old, holder=application.holder)
    if application.holder is None:
        same = ApplicationRecord.filter(id=application.id, state=old, holder__isnull=True)
    if await same.update(state=new, **changes) != 1:
        raise MoveNotAllowed(f"somebody else has changed {application.id}", old=old, new=new)
