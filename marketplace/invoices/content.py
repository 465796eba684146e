"""What an invoice or a credit note says, frozen with its number; every rendering is drawn from it.

Two or more sellers stand on one paper: each provider with its credits, and the service with its fee and its pools. Tax is
rounded down once per seller and rate (docs/decisions/0006-rounding.md). There is one rate, the standard one.
"""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(StrEnum):
    CREDITS = "credits"
    POOL = "pool"
    FEE = "fee"
    REDUCTION = "reduction"


class Line(_Frozen):
    """`net_yen` without tax; the price of credits is per tonne. `project_…` is empty for what is not about a project."""

    item: Item
    project_ja: str = ""
    project_en: str = ""
    grams: int = 0
    yen_per_tonne: int = 0
    net_yen: int


class Seller(_Frozen):
    """One seller's part. `provider_id` is None for the service itself.

    `qualified`: the part is a qualified invoice, since the seller is registered and, if it is a provider, has agreed that
    the service invoices for it under the service's number.
    """

    provider_id: str | None
    name_ja: str
    name_en: str
    registration_number: str | None
    qualified: bool
    lines: tuple[Line, ...]
    tax_yen: int

    @property
    def net_yen(self) -> int:
        return sum(line.net_yen for line in self.lines)

    @property
    def gross_yen(self) -> int:
        return self.net_yen + self.tax_yen


class Content(_Frozen):
    """`concerns` is the number of the invoice that a credit note reduces; `on` the day of payment or refund, in Japan."""

    kind: Kind
    number: str
    issued_on: date
    on: date
    sandbox: bool
    issuer_name: str
    issuer_address: str
    issuer_number: str | None
    recipient: str
    subject: str
    order_id: str
    concerns: str | None
    tax_percent: int
    sellers: tuple[Seller, ...]

    @property
    def net_yen(self) -> int:
        return sum(seller.net_yen for seller in self.sellers)

    @property
    def tax_yen(self) -> int:
        return sum(seller.tax_yen for seller in self.sellers)

    @property
    def total_yen(self) -> int:
        return self.net_yen + self.tax_yen
