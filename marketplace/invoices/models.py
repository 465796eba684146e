"""Numbered documents, and the sellers for whom the service invoices."""

from datetime import date, datetime

from tortoise import fields
from tortoise.models import Model

from marketplace.database.packed_text import PackedText

# never changed: see PackedText
_CONTENTS = (
    '{"kind":"credit_note","number":"CRN-2026-"concerns":"INV-202"item":"reduction","item":"pool","registration_number":"T'
    '","qualified":true,"株式会社合同会社一般社団法人公益財団法人特定非営利活動法人学校法人大学組合協会実行委員会'
    '"sandbox":false,"issuer_name":"'
    '{"kind":"invoice","number":"INV-2026-000","issued_on":"2026-1-0","on":"2026-1-0","sandbox":true,"issuer_name":"Ashiato'
    '（サンドボックス）","issuer_address":"架空の住所","issuer_number":"T0000000000000","recipient":"","subject":"","order_id":"ord_01M'
    '","concerns":null,"tax_percent":10,"sellers":[{"provider_id":"prov_","name_ja":"","name_en":"","registration_number":null,'
    '"qualified":false,"lines":[{"item":"credits","project_ja":"","project_en":"","grams":000000,"yen_per_tonne":'
    ',"net_yen":}],"tax_yen":},{"provider_id":null,"name_ja":"Ashiato（サンドボックス）","name_en":"Ashiato（サンドボックス）",'
    '"registration_number":"T0000000000000","qualified":true,"lines":[{"item":"fee","project_ja":"","project_en":"","grams":0,'
    '"yen_per_tonne":0,"net_yen":}],"tax_yen":}]}'
)


class InvoiceRecord(Model):
    """One number of a series without gaps; immutable. `content` is the JSON of invoices/content.py."""

    number: fields.Field[str] = fields.CharField(32, primary_key=True)
    kind: fields.Field[str] = fields.CharField(16)
    year: fields.Field[int] = fields.BigIntField()
    sequence: fields.Field[int] = fields.BigIntField()
    order_id: fields.Field[str] = fields.CharField(64)
    refund_id: fields.Field[str | None] = fields.CharField(64, null=True)
    content: fields.Field[str] = PackedText(_CONTENTS)
    issued_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "invoice"


class SellerRegistration(Model):
    """A provider that is registered for qualified invoices and agreed that the service invoices for it."""

    provider_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    registration_number: fields.Field[str] = fields.CharField(14)
    agreed_on: fields.Field[date] = fields.DateField()

    class Meta:
        table = "seller_registration"
