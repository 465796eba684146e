"""Who may see and work on what: operators everything, a provider's people their own accounts and only those, auditors may look."""

from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.desk.errors import ApplicationNotFound
from marketplace.registries.desk.models import ApplicationRecord

WORKERS = (Role.OPERATOR, Role.PROVIDER)
READERS = (*WORKERS, Role.AUDITOR)


def limited_to(actor: Actor) -> str | None:
    """The provider whose accounts alone this person sees; None for everybody's. Raises ApplicationNotFound for others."""
    if actor.is_any(Role.OPERATOR, Role.AUDITOR):
        return None
    if actor.is_any(Role.PROVIDER) and actor.provider_id is not None:
        return actor.provider_id
    raise ApplicationNotFound("the desk is for operators and providers")


def may_work_on(actor: Actor, provider_id: str) -> bool:
    return actor.is_any(Role.OPERATOR) or (actor.is_any(Role.PROVIDER) and actor.provider_id == provider_id)


async def seen_by(actor: Actor, application_id: str) -> ApplicationRecord:
    """The application, for somebody who may look at it. Raises ApplicationNotFound: nobody learns what others have."""
    application = await ApplicationRecord.get_or_none(id=application_id)
    if application is None or limited_to(actor) not in {None, application.provider_id}:
        raise ApplicationNotFound(f"no application {application_id}")
    return application


async def worked_on_by(actor: Actor, application_id: str) -> ApplicationRecord:
    """The application, for somebody who may work on it. Raises ApplicationNotFound."""
    application = await seen_by(actor, application_id)
    if not may_work_on(actor, application.provider_id):
        raise ApplicationNotFound(f"no application {application_id}")
    return application
