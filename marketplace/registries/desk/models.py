"""What the desk keeps: items that wait, applications with every word frozen, and the notices' documents."""

import json
from datetime import date, datetime

from tortoise import fields
from tortoise.models import Model

from marketplace.inventory.serials import SerialRange
from marketplace.registries.desk.application import Application, DeskItem
from marketplace.registries.gateway import CancellationRequest


class ApplicationRecord(Model):
    """What is typed into a registry's form in one go. Persons stand here by id only.

    `content` is JSON of its items as they were frozen: [reference, block, first, last, queued at]. `frozen_by` is None where the calendar's cut-off froze it. `executed_on` and `recorded_on` are days in Japan; `notice` is
    JSON of what a person read off the notice, `confirmed_by` whoever took responsibility that it is right.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    registry: fields.Field[str] = fields.TextField()
    account: fields.Field[str] = fields.TextField()
    provider_id: fields.Field[str] = fields.CharField(64)
    act: fields.Field[str] = fields.TextField()
    use_code: fields.Field[str] = fields.TextField()
    purpose_detail: fields.Field[str] = fields.TextField()
    credit_user: fields.Field[str] = fields.TextField()
    scope: fields.Field[str] = fields.TextField()
    tonnes: fields.Field[int] = fields.BigIntField()
    content: fields.Field[str] = fields.CharField(10_000_000)
    fingerprint: fields.Field[str] = fields.CharField(64)
    state: fields.Field[str] = fields.CharField(20)
    waiting_since: fields.Field[datetime] = fields.DatetimeField()
    due_at: fields.Field[datetime] = fields.DatetimeField()
    frozen_at: fields.Field[datetime] = fields.DatetimeField()
    frozen_by: fields.Field[str | None] = fields.CharField(64, null=True)
    holder: fields.Field[str | None] = fields.CharField(64, null=True)
    held_since: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    executed_by: fields.Field[str | None] = fields.CharField(64, null=True)
    executed_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    executed_on: fields.Field[date | None] = fields.DateField(null=True)
    notice_number: fields.Field[str | None] = fields.CharField(255, null=True)
    recorded_on: fields.Field[date | None] = fields.DateField(null=True)
    notice: fields.Field[str | None] = fields.CharField(1_000_000, null=True)
    document_sha256: fields.Field[str | None] = fields.CharField(64, null=True)
    entered_by: fields.Field[str | None] = fields.CharField(64, null=True)
    entered_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    confirmed_by: fields.Field[str | None] = fields.CharField(64, null=True)
    decided_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    rejection_reason: fields.Field[str | None] = fields.CharField(2000, null=True)
    reminded_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    alarmed_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "desk_application"

    def as_frozen(self) -> Application:
        """The application as it was frozen, whatever became of its items since."""
        return Application(
            registry=self.registry,
            account=self.account,
            act=self.act,
            use=self.use_code,
            purpose_detail=self.purpose_detail,
            credit_user=self.credit_user,
            scope=self.scope,
            items=tuple(self._item(*row) for row in json.loads(self.content)),
        )

    def _item(self, reference: str, block: str, first: int, last: int, queued_at: str) -> DeskItem:
        request = CancellationRequest(
            reference=reference,
            account=self.account,
            block=block,
            serials=SerialRange(first, last),
            act=self.act,
            purpose=self.use_code,
            purpose_detail=self.purpose_detail,
            credit_user=self.credit_user,
            scope=self.scope,
        )
        return DeskItem(request, datetime.fromisoformat(queued_at))


def content_of(application: Application) -> str:
    """The items as `ApplicationRecord.content` keeps them."""
    rows = [
        [
            item.request.reference,
            item.request.block,
            item.request.serials.first,
            item.request.serials.last,
            item.queued_at.isoformat(),
        ]
        for item in application.items
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


class ItemRecord(Model):
    """One retirement's request, as the buyer consented to it. `batch_key` is shared by what may share an application.

    `confirmed_serials` is a JSON list of [first, last]; `freeze_at` when the registry's calendar closes the intake.
    """

    reference: fields.Field[str] = fields.CharField(64, primary_key=True)
    registry: fields.Field[str] = fields.TextField()
    account: fields.Field[str] = fields.TextField()
    provider_id: fields.Field[str] = fields.CharField(64)
    block: fields.Field[str] = fields.TextField()
    first_serial: fields.Field[int] = fields.BigIntField()
    last_serial: fields.Field[int] = fields.BigIntField()
    act: fields.Field[str] = fields.TextField()
    use_code: fields.Field[str] = fields.TextField()
    purpose_detail: fields.Field[str] = fields.TextField()
    credit_user: fields.Field[str] = fields.TextField()
    scope: fields.Field[str] = fields.TextField()
    batch_key: fields.Field[str] = fields.CharField(64)
    queued_at: fields.Field[datetime] = fields.DatetimeField()
    freeze_at: fields.Field[datetime] = fields.DatetimeField()
    due_at: fields.Field[datetime] = fields.DatetimeField()
    state: fields.Field[str] = fields.CharField(20)
    application_id: fields.Field[str | None] = fields.CharField(64, null=True)
    confirmed_serials: fields.Field[str | None] = fields.CharField(100_000, null=True)
    rejection_reason: fields.Field[str | None] = fields.CharField(2000, null=True)
    decided_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "desk_item"

    def as_item(self) -> DeskItem:
        request = CancellationRequest(
            reference=self.reference,
            account=self.account,
            block=self.block,
            serials=SerialRange(self.first_serial, self.last_serial),
            act=self.act,
            purpose=self.use_code,
            purpose_detail=self.purpose_detail,
            credit_user=self.credit_user,
            scope=self.scope,
        )
        return DeskItem(request, self.queued_at)


class NoticeDocument(Model):
    """A notice as it was uploaded; append-only. A replaced upload stays, only the confirmed one is referred to."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=True)
    application_id: fields.Field[str] = fields.CharField(64)
    sha256: fields.Field[str] = fields.CharField(64)
    media_type: fields.Field[str] = fields.CharField(100)
    content: fields.Field[bytes] = fields.BinaryField()
    uploaded_by: fields.Field[str] = fields.CharField(64)
    uploaded_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "desk_document"
