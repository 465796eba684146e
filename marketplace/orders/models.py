"""A buyer's purchase, from the quote it rests on to its certificate or refund."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from marketplace.database.packed_text import PackedText

# never changed, even where the words themselves are: see PackedText
_INSTRUCTIONS = (
    '{"type":"product","type":"organisation","type":"household","type":"other","beneficiary_public":false,"purchaser":"'
    "株式会社合同会社一般社団法人公益財団法人特定非営利活動法人学校法人大学組合協会実行委員会事務局大会会議展示会製品商品の購入に伴う"
    "温室効果ガス排出量の削減省エネルギー再生可能エネルギー電力公共交通機関の利用年度月のカーボン・オフセット"
    '{"type":"event","subject":"","period_first":"2026-01-01","period_last":"2026-12-31","beneficiary":"'
    '","beneficiary_public":true,"purchaser":null,"purpose":"voluntary_offset","purpose_detail":"","credit_user":"'
    '","reduction_effort":"'
)
_CONSENTS = (
    "I have checked that the part below a tonne is cancelled together with others’, that the registry will show the credit user “"
    "” and not my name, and I agree that it cannot be undone once a certificate has handed it to me."
    "I have checked what will be written in the registry: use “カーボン・オフセット”, purpose in detail “”, credit user “"
    "”. I agree that nothing can be changed or undone once the cancellation has begun."
    "1トン未満の分は、登録簿では利用者名「」としてまとめて無効化され、私の名称は登録簿に記載されないことを確認しました。"
    "証明書で割り当てられた後は、取り消せないことに同意します。"
    '{"version":"2026-11-22","text":"登録簿に記載する用途「カーボン・オフセット」、目的詳細「」、クレジット利用者名「'
    "」を確認しました。無効化の手続きが始まった後は、内容の変更も取消しもできないことに同意します。"
    '","agreed_at":"2026-11-22T03:00:00+00:00"}'
)


class Order(Model):
    """`instruction` is the frozen JSON of orders/instruction.py; `consent` what the buyer agreed to, when, in which words."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    access_token: fields.Field[str] = fields.CharField(64)
    quote_id: fields.Field[str] = fields.CharField(64)
    external_id: fields.Field[str | None] = fields.CharField(300, null=True)
    state: fields.Field[str] = fields.CharField(20)
    locale: fields.Field[str] = fields.CharField(8)
    email: fields.Field[str | None] = fields.CharField(320, null=True)
    total_yen: fields.Field[int] = fields.BigIntField()
    instruction: fields.Field[str] = PackedText(_INSTRUCTIONS)
    consent: fields.Field[str] = PackedText(_CONSENTS)
    pay_until: fields.Field[datetime] = fields.DatetimeField()
    checkout_session: fields.Field[str | None] = fields.CharField(255, null=True)
    checkout_url: fields.Field[str | None] = fields.CharField(2000, null=True)
    certificate_number: fields.Field[str | None] = fields.CharField(64, null=True)
    refund_reason: fields.Field[str | None] = fields.CharField(64, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "buyer_order"


class OrderKey(Model):
    """The Idempotency-Key of an organisation's order whose `external_id` is another text."""

    order_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    idempotency_key: fields.Field[str] = fields.CharField(200)

    class Meta:
        table = "order_key"


class OrderEvent(Model):
    """One line of the order's time line; append-only."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=True)
    order_id: fields.Field[str] = fields.CharField(64)
    kind: fields.Field[str] = fields.TextField()
    detail: fields.Field[str] = fields.TextField()
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "order_event"


class Shortfall(Model):
    """A part of a paid order that could not be cancelled. `retirement_id` is the refusal that this stands for; `reason` is registry_refused or partly_confirmed."""

    retirement_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    order_id: fields.Field[str] = fields.CharField(64)
    quote_line_id: fields.Field[str] = fields.CharField(64)
    tonnes: fields.Field[int] = fields.BigIntField()
    reason: fields.Field[str] = fields.CharField(32)
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "order_shortfall"


class CertifiedPart(Model):
    """A confirmed retirement whose certificate was issued ahead of the rest of its order.

    `part` counts these certificates of the order from 1; several retirements may share one.
    """

    retirement_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    order_id: fields.Field[str] = fields.CharField(64)
    part: fields.Field[int] = fields.IntField()
    number: fields.Field[str] = fields.CharField(32)
    certified_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "certified_part"
