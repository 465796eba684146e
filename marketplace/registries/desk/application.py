"""What is typed into the registry's form in one go: which retirements may share it, and the words frozen for it. Pure.

The form asks once for act, use, purpose in detail and credit user, so only retirements that agree in all four can share an
application; uses of different scope must not (J-Credit secretariat, support page), so the scope separates them too. Units are
always named by serial: by quantity the registry would choose them, and it could choose units sold to somebody else.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.inventory.serials import SerialRange, joined
from marketplace.registries.gateway import CancellationRequest
from marketplace.registries.processing import processing_window
from marketplace.registries.profiles import Designation, Profile


class SerialsNotAccepted(ValueError):
    """The registry takes no application by serial number, so the desk cannot say which units it cancels."""

    code = "serials_not_accepted"


class SerialAskedTwice(ValueError):
    """Two retirements want the same serial cancelled."""

    code = "serial_asked_twice"


@dataclass(frozen=True, slots=True)
class DeskItem:
    """One retirement that waits for the desk."""

    request: CancellationRequest
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class FormLine:
    """Serials of one block, in as few ranges as possible."""

    block: str
    serials: tuple[SerialRange, ...]

    @property
    def tonnes(self) -> int:
        return sum(len(span) for span in self.serials)


@dataclass(frozen=True, slots=True)
class Application:
    """One application, every word of it frozen."""

    registry: str
    account: str
    act: str
    use: str
    purpose_detail: str
    credit_user: str
    scope: str
    items: tuple[DeskItem, ...]

    @property
    def lines(self) -> tuple[FormLine, ...]:
        by_block: dict[str, list[SerialRange]] = defaultdict(list)
        for item in self.items:
            by_block[item.request.block].append(item.request.serials)
        return tuple(FormLine(block, joined(spans)) for block, spans in sorted(by_block.items()))

    @property
    def tonnes(self) -> int:
        return sum(line.tonnes for line in self.lines)

    @property
    def waiting_since(self) -> datetime:
        return min(item.queued_at for item in self.items)

    def fingerprint(self) -> str:
        """Hex SHA-256 of everything that will be typed and of the references it is for: what is approved is what is done."""
        frozen = {
            "registry": self.registry,
            "account": self.account,
            "act": self.act,
            "use": self.use,
            "purpose_detail": self.purpose_detail,
            "credit_user": self.credit_user,
            "scope": self.scope,
            "lines": [[line.block, [[span.first, span.last] for span in line.serials]] for line in self.lines],
            "references": sorted(item.request.reference for item in self.items),
        }
        text = json.dumps(frozen, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """How long an application has waited, and until when the registry can have dealt with it."""

    application: Application
    age: timedelta
    due_at: datetime
    overdue: bool


def prepare(items: Iterable[DeskItem], profile: Profile) -> tuple[Application, ...]:
    """As few applications as the rules allow, the longest waiting first. Raises: SerialsNotAccepted, SerialAskedTwice."""
    if Designation.SERIALS not in profile.designations:
        raise SerialsNotAccepted(profile.code)
    groups: dict[tuple[str, ...], list[DeskItem]] = defaultdict(list)
    for item in sorted(items, key=_by_age):
        asked = item.request
        groups[shared_words(asked)].append(item)
    _check_asked_once([item for group in groups.values() for item in group])
    applications = [_application(profile.code, tuple(group)) for group in groups.values()]
    return tuple(sorted(applications, key=lambda application: _by_age(application.items[0])))


def shared_words(asked: CancellationRequest) -> tuple[str, ...]:
    """What requests must agree in to share an application."""
    return asked.account, asked.act, asked.purpose, asked.purpose_detail, asked.credit_user, asked.scope


def batch_key(registry: str, asked: CancellationRequest) -> str:
    """Hex SHA-256 over the registry and the shared words: the same for all requests that may share an application."""
    text = json.dumps([registry, *shared_words(asked)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _application(registry: str, items: tuple[DeskItem, ...]) -> Application:
    asked = items[0].request
    return Application(
        registry=registry,
        account=asked.account,
        act=asked.act,
        use=asked.purpose,
        purpose_detail=asked.purpose_detail,
        credit_user=asked.credit_user,
        scope=asked.scope,
        items=items,
    )


def queue(applications: Sequence[Application], profile: Profile, now: datetime) -> tuple[QueueEntry, ...]:
    """In the given order, with age and due moment by the registry's calendar."""
    entries = []
    for application in applications:
        due_at = processing_window(profile, application.waiting_since).ends
        entries.append(QueueEntry(application, now - application.waiting_since, due_at, now > due_at))
    return tuple(entries)


def _by_age(item: DeskItem) -> tuple[datetime, str]:
    return item.queued_at, item.request.reference


def _check_asked_once(items: Sequence[DeskItem]) -> None:
    by_block: dict[str, list[SerialRange]] = defaultdict(list)
    for item in items:
        by_block[item.request.block].append(item.request.serials)
    for block, spans in by_block.items():
        if sum(map(len, joined(spans))) != sum(map(len, spans)):
            raise SerialAskedTwice(f"block {block}: the same serial in two retirements")
