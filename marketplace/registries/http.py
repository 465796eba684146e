"""Any registry that speaks docs/registry-protocol.md over HTTP; the sandbox registry is one of them.

An application is sent once and never again by this gateway. Only look-ups are repeated, with jitter, because they change
nothing. An answer is believed only if its signature and its shape are right and it speaks of what was asked.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import (
    CancellationReport,
    CancellationRequest,
    CancellationState,
    HoldingReport,
    Notice,
    OutcomeUnknown,
    RegistryUnreachable,
    RequestRefused,
)
from marketplace.registries.http_exchange import Answer, Exchange, HttpRegistrySettings, RegistryClosed
from marketplace.registries.protocol import (
    Problem,
    WireApplication,
    WireCancellation,
    WireCancellations,
    WireHolding,
    WireHoldings,
    WireNotice,
    WirePage,
    WireSerials,
)
from marketplace.registries.reconciliation import RecordedCancellation

MAX_PAGES = 10_000
STEADY_ATTEMPTS = 5
DOCUMENT_TYPES = frozenset({"application/pdf", "image/png", "image/jpeg"})
Shape = TypeVar("Shape", bound=BaseModel)
Page = TypeVar("Page", bound=WirePage)
Sleep = Callable[[float], Awaitable[None]]


class HttpRegistry:
    """A RegistryGateway. Raises RegistryUnreachable (also as RegistryClosed), OutcomeUnknown, RequestRefused."""

    def __init__(self, settings: HttpRegistrySettings, *, sleep: Sleep = asyncio.sleep) -> None:
        self._settings = settings
        self._exchange = Exchange(settings)
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._exchange.aclose()

    def by_hand(self, account: str) -> bool:
        return False

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        application = WireApplication(
            reference=request.reference,
            account=request.account,
            block=request.block,
            serials=WireSerials(first=request.serials.first, last=request.serials.last),
            tonnes=len(request.serials),
            act=request.act,
            purpose=request.purpose,
            purpose_detail=request.purpose_detail,
            credit_user=request.credit_user,
        )
        answer = await self._exchange.send("POST", "/v1/cancellations", body=application.model_dump_json().encode())
        if answer.status == 409:
            raise OutcomeUnknown(f"the registry already knows {request.reference}: look it up")
        kept = _read(WireCancellation, _accepted(answer))
        if kept.model_dump(include=set(WireApplication.model_fields)) != application.model_dump():
            raise OutcomeUnknown(f"the registry's answer is about another application than {request.reference}")
        return await self._report(kept)

    async def look_up(self, reference: str) -> CancellationReport | None:
        """None only if the registry signed that it has never seen the reference."""
        page = _read(WireCancellations, await self._get("/v1/cancellations", {"reference": reference}))
        if page.next is not None or any(kept.reference != reference for kept in page.items):
            raise OutcomeUnknown(f"the registry's answer is about other references than {reference}")
        kept = _the_one_that_counts(page.items)
        return None if kept is None else await self._report(kept)

    async def holdings(self, account: str) -> Sequence[HoldingReport]:
        """All pages of one moment: read again from the start if the holdings moved in between."""
        for _ in range(STEADY_ATTEMPTS):
            pages = await self._pages(WireHoldings, "/v1/holdings", {"account": account})
            if len({page.revision for page in pages}) == 1:
                return [_holding(held, account) for page in pages for held in page.items]
        raise OutcomeUnknown(f"the holdings of {account} did not stand still long enough to be read")

    async def cancellations(self, account: str) -> Sequence[RecordedCancellation]:
        """Every confirmed cancellation of the account, whoever applied for it: what reconciliation compares with."""
        pages = await self._pages(WireCancellations, "/v1/cancellations", {"account": account})
        items = [item for page in pages for item in page.items]
        if any(item.account != account for item in items):
            raise OutcomeUnknown(f"the registry's answer is about another account than {account}")
        return [
            RecordedCancellation(
                account=account,
                block=item.notice.block,
                serials=SerialRange(span.first, span.last),
                reference=item.reference,
                recorded_on=item.notice.recorded_on,
                notice_number=item.notice.number,
            )
            for item in items
            if item.notice is not None
            for span in item.notice.serials
        ]

    async def _pages(self, shape: type[Page], path: str, params: dict[str, str]) -> list[Page]:
        pages = [_read(shape, await self._get(path, params))]
        while (after := pages[-1].next) is not None:
            if len(pages) == MAX_PAGES:
                raise OutcomeUnknown(f"{path} has no end")
            pages.append(_read(shape, await self._get(path, params | {"after": after})))
        return pages

    async def _report(self, kept: WireCancellation) -> CancellationReport:
        try:
            notice = None if kept.notice is None else await self._notice(kept.notice)
        except RegistryUnreachable as error:
            raise OutcomeUnknown(f"{kept.reference} was decided, but its notice cannot be fetched now") from error
        return CancellationReport(kept.reference, kept.state, notice, kept.rejection_reason)

    async def _notice(self, stated: WireNotice) -> Notice:
        document = await self._get(f"/v1/notices/{quote(stated.number, safe='')}/document")
        if document.media_type not in DOCUMENT_TYPES or not document.body:
            raise OutcomeUnknown(f"the document of notice {stated.number} is of type {document.media_type!r}")
        return Notice(
            number=stated.number,
            recorded_on=stated.recorded_on,
            block=stated.block,
            serials=tuple(SerialRange(span.first, span.last) for span in stated.serials),
            act=stated.act,
            purpose=stated.purpose,
            purpose_detail=stated.purpose_detail,
            credit_user=stated.credit_user,
            document=document.body,
            document_media_type=document.media_type,
        )

    async def _get(self, path: str, params: dict[str, str] | None = None) -> Answer:
        """Looking changes nothing, so it may be tried again; a registry that says it is closed is left in peace."""
        for attempt in range(self._settings.look_up_attempts - 1):
            try:
                return _accepted(await self._exchange.send("GET", path, params=params))
            except RegistryClosed:
                raise
            except (RegistryUnreachable, OutcomeUnknown):
                longest = self._settings.first_retry_after * 2**attempt
                await self._sleep(random.uniform(0, longest))  # noqa: S311 - jitter, not a secret
        return _accepted(await self._exchange.send("GET", path, params=params))


def _the_one_that_counts(kept: Sequence[WireCancellation]) -> WireCancellation | None:
    """A registry without unique references may keep several under one, of which at most one may have had an effect."""
    by_state = {state: [one for one in kept if one.state is state] for state in CancellationState}
    if len(by_state[CancellationState.CONFIRMED]) > 1:
        raise OutcomeUnknown(f"{kept[0].reference} was cancelled more than once")
    for state in (CancellationState.CONFIRMED, CancellationState.PENDING, CancellationState.REJECTED):
        if by_state[state]:
            return by_state[state][-1]
    return None


def _holding(held: WireHolding, account: str) -> HoldingReport:
    if held.account != account:
        raise OutcomeUnknown(f"the registry's answer is about another account than {account}")
    return HoldingReport(held.account, held.block, SerialRange(held.serials.first, held.serials.last))


def _accepted(answer: Answer) -> Answer:
    """Raises: RequestRefused for a refusal in the protocol's words, OutcomeUnknown for anything that is neither."""
    if 200 <= answer.status < 300:
        return answer
    if not 400 <= answer.status < 500:
        raise OutcomeUnknown(f"the registry answered {answer.status}")
    problem = _read(Problem, answer)
    raise RequestRefused(answer.status, problem.code, problem.detail)


def _read(shape: type[Shape], answer: Answer) -> Shape:
    try:
        return shape.model_validate_json(answer.body)
    except ValidationError as error:
        raise OutcomeUnknown(
            f"the registry's answer is not a {shape.__name__}: {error.error_count()} faults"
        ) from error
