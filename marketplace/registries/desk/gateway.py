"""A registry that people operate by hand, seen as a gateway: what is submitted waits at the desk until its notice is matched."""

import json
from collections.abc import Sequence
from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import Clock
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.inventory.models import RegistryAccount
from marketplace.inventory.serials import SerialRange
from marketplace.registries.desk.application import batch_key
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord, NoticeDocument
from marketplace.registries.desk.states import ItemState
from marketplace.registries.gateway import (
    CancellationReport,
    CancellationRequest,
    CancellationState,
    HoldingReport,
    Notice,
    RequestRefused,
)
from marketplace.registries.processing import intake_closes, processing_window
from marketplace.registries.profiles import Profile

# A decision is announced by a job of its own; this is only for the case that such a job was parked.
LOOK_AGAIN_AFTER = timedelta(hours=6)

_ADD_ITEM = """
INSERT INTO desk_item (reference, registry, account, provider_id, block, first_serial, last_serial, act, use_code,
  purpose_detail, credit_user, scope, batch_key, queued_at, freeze_at, due_at, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (reference) DO NOTHING
"""


class DeskGateway:
    """Implements RegistryGateway for one registry. Nothing leaves the database: the outside world is a person."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self._profile, self._clock = profile, clock

    def by_hand(self, account: str) -> bool:
        return True

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        """Put the request on the desk; the same reference again changes nothing. Raises: RequestRefused for an account
        that is not on the books."""
        account = await RegistryAccount.get_or_none(registry=self._profile.code, number=request.account)
        if account is None:
            raise RequestRefused(404, "account_unknown", request.account)
        now = self._clock()

        async def work(tx: BaseDBAsyncClient) -> None:
            await tx.execute_query(
                sql(tx, _ADD_ITEM),
                [
                    request.reference,
                    self._profile.code,
                    request.account,
                    account.provider_id,
                    request.block,
                    request.serials.first,
                    request.serials.last,
                    request.act,
                    request.purpose,
                    request.purpose_detail,
                    request.credit_user,
                    request.scope,
                    batch_key(self._profile.code, request),
                    now,
                    intake_closes(self._profile, now),
                    processing_window(self._profile, now).ends,
                    ItemState.WAITING,
                ],
            )

        await run_tx(work)
        report = await self.look_up(request.reference)
        if report is None:
            raise RequestRefused(409, "reference_of_another_registry", request.reference)
        return report

    async def look_up(self, reference: str) -> CancellationReport | None:
        item = await ItemRecord.get_or_none(reference=reference, registry=self._profile.code)
        if item is None:
            return None
        match ItemState(item.state):
            case ItemState.WAITING | ItemState.FROZEN:
                return CancellationReport(reference, CancellationState.PENDING, look_again_after=LOOK_AGAIN_AFTER)
            case ItemState.REJECTED:
                return CancellationReport(reference, CancellationState.REJECTED, rejection_reason=item.rejection_reason)
            case ItemState.CONFIRMED | ItemState.PARTLY_CONFIRMED:
                return CancellationReport(reference, CancellationState.CONFIRMED, notice=await _notice_of(item))

    async def holdings(self, account: str) -> Sequence[HoldingReport]:
        """Nobody can ask such a registry by machine; its published list is imported instead. Raises: RequestRefused."""
        raise RequestRefused(501, "holdings_are_imported", account)


async def _notice_of(item: ItemRecord) -> Notice:
    """The item's own share of the notice that its application was confirmed by."""
    application = await ApplicationRecord.get(id=item.application_id)
    document = await NoticeDocument.get(application_id=application.id, sha256=application.document_sha256)
    stated = json.loads(application.notice or "{}")
    if application.notice_number is None or application.recorded_on is None:
        raise AssertionError(f"{application.id} was confirmed without a notice, which the database refuses")
    return Notice(
        number=application.notice_number,
        recorded_on=application.recorded_on,
        block=item.block,
        serials=tuple(SerialRange(first, last) for first, last in json.loads(item.confirmed_serials or "[]")),
        act=stated["act"],
        purpose=stated["use"],
        purpose_detail=stated["purpose_detail"],
        credit_user=stated["credit_user"],
        document=document.content,
        document_media_type=document.media_type,
    )
