"""What a handler is given and what it gives back."""

from dataclasses import dataclass
from enum import Enum

from pydantic import BaseModel
from starlette.requests import Request

from api.bearer import holder_of
from api.services import Services
from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import ApiKeyNeeded
from marketplace.accounts.keys import KeyHolder
from marketplace.idempotency import service as keyed


class KeyPolicy(Enum):
    """What an endpoint does with an Idempotency-Key.

    UNUSED: the request changes nothing, so it may be repeated at will, and an old answer would not be a true one.
    """

    UNUSED = "unused"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Call:
    """The request around the checked input. `again`: an earlier attempt under this key may have had its effect.

    `keyed_id` names the request in the market's record of keyed requests.
    """

    request: Request
    key: str | None = None
    again: bool = False
    keyed_id: str | None = None

    @property
    def holder(self) -> KeyHolder | None:
        """Who has shown a key, if anyone."""
        return holder_of(self.request.scope)

    @property
    def actor(self) -> Actor:
        """For whom the key acts, where an endpoint is open with a key only."""
        if self.holder is None:
            raise ApiKeyNeeded("send Authorization: Bearer with a key")
        return self.holder.actor

    async def made_before(self) -> str | None:
        """The id of what an earlier attempt under this key made before it died."""
        return await keyed.made_by(self.keyed_id) if self.again and self.keyed_id is not None else None

    async def note_made(self, made_id: str) -> None:
        """For a use case to call inside its transaction, so that a repetition finds what was made."""
        if self.keyed_id is not None:
            await keyed.note_made(self.keyed_id, made_id)

    @property
    def services(self) -> Services:
        services: Services = self.request.state["services"]
        return services


@dataclass(frozen=True, slots=True)
class Reply:
    """`location` is the address of what was made; `cache` is a Cache-Control instead of the endpoint's own."""

    view: BaseModel
    status: int = 200
    location: str | None = None
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is not JSON of ours, for the description."""

    media_type: str
    description: str
