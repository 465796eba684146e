"""The parameters that each call knows. Any other name is refused, although the provider itself may know it.

Source: https://docs.stripe.com/api, version 2026-10-28.endive; a test compares the names with those of the SDK.
"""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError


def _whole_number(value: Any) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise PydanticCustomError("parameter_invalid_integer", "Invalid integer: {value}", {"value": str(value)})
    return int(value)


def _absolute_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise PydanticCustomError("url_invalid", "Not a valid URL")
    return value


WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=5000)]
AbsoluteUrl = Annotated[Text, AfterValidator(_absolute_url)]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=40)],
        Annotated[str, StringConstraints(max_length=500)],
    ],
    Field(max_length=50),
]


class Parameters(BaseModel):
    """Every call may name what to show in full instead of by its id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    expand: list[Text] = []


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProductData(Part):
    name: Text


class Recurring(Part):
    interval: Literal["month"]


class PriceData(Part):
    currency: Text
    unit_amount: WholeNumber
    product_data: ProductData
    recurring: Recurring | None = None


class LineItem(Part):
    price_data: PriceData
    quantity: Annotated[WholeNumber, Field(ge=1)] = 1


class PaymentIntentData(Part):
    metadata: Metadata = {}
    transfer_group: Text | None = None


class SubscriptionData(Part):
    metadata: Metadata = {}


class Konbini(Part):
    expires_after_days: Annotated[WholeNumber, Field(ge=1, le=60)] = 3


class BankTransfer(Part):
    type: Literal["jp_bank_transfer"]


class CustomerBalance(Part):
    funding_type: Literal["bank_transfer"]
    bank_transfer: BankTransfer


class PaymentMethodOptions(Part):
    konbini: Konbini = Konbini()
    customer_balance: CustomerBalance | None = None


class CustomerCreate(Parameters):
    email: Text | None = None
    metadata: Metadata = {}


class SessionCreate(Parameters):
    mode: Literal["payment", "subscription"]
    line_items: Annotated[list[LineItem], Field(min_length=1, max_length=100)]
    success_url: AbsoluteUrl
    cancel_url: AbsoluteUrl | None = None
    client_reference_id: Annotated[Text, StringConstraints(max_length=200)] | None = None
    customer: Text | None = None
    customer_email: Text | None = None
    allowed_payment_method_types: list[Text] = []
    locale: Literal["auto", "ja", "en"] = "auto"
    expires_at: WholeNumber | None = None
    metadata: Metadata = {}
    payment_intent_data: PaymentIntentData | None = None
    subscription_data: SubscriptionData | None = None
    payment_method_options: PaymentMethodOptions = PaymentMethodOptions()


class RefundCreate(Parameters):
    payment_intent: Text
    amount: Annotated[WholeNumber, Field(ge=1)] | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None
    metadata: Metadata = {}


class Page(Parameters):
    limit: Annotated[WholeNumber, Field(ge=1, le=100)] = 10
    starting_after: Text | None = None


class RefundList(Page):
    payment_intent: Text | None = None


class Created(Part):
    gt: WholeNumber | None = None
    gte: WholeNumber | None = None
    lt: WholeNumber | None = None
    lte: WholeNumber | None = None


class EventList(Page):
    created: Created = Created()
    types: Annotated[list[Text], Field(max_length=20)] | None = None


class InvoiceList(Page):
    created: Created = Created()
    status: Literal["draft", "open", "paid", "uncollectible", "void"] | None = None
    subscription: Text | None = None


class Requested(Part):
    requested: Literal["true"]


class Capabilities(Part):
    transfers: Requested


class FeePayer(Part):
    payer: Literal["application"]


class LossPayer(Part):
    payments: Literal["application"]


class Dashboard(Part):
    type: Literal["express"]


class Controller(Part):
    stripe_dashboard: Dashboard
    requirement_collection: Literal["stripe"]
    fees: FeePayer
    losses: LossPayer


class AccountCreate(Parameters):
    country: Literal["JP"]
    email: Text | None = None
    controller: Controller
    capabilities: Capabilities
    metadata: Metadata = {}


class AccountLinkCreate(Parameters):
    account: Text
    type: Literal["account_onboarding"]
    return_url: AbsoluteUrl
    refresh_url: AbsoluteUrl


class TransferCreate(Parameters):
    amount: Annotated[WholeNumber, Field(ge=1)]
    currency: Literal["jpy"]
    destination: Text
    source_transaction: Text | None = None
    transfer_group: Text | None = None
    metadata: Metadata = {}


class TransferList(Page):
    transfer_group: Text | None = None


class ReversalCreate(Parameters):
    amount: Annotated[WholeNumber, Field(ge=1)] | None = None
    metadata: Metadata = {}


class NewPrice(Part):
    currency: Literal["jpy"]
    product: Text
    recurring: Recurring
    unit_amount: Annotated[WholeNumber, Field(ge=0)]


class ChangedItem(Part):
    id: Text
    price_data: NewPrice


class PauseCollection(Part):
    behavior: Literal["void"]


class SubscriptionUpdate(Parameters):
    """A `pause_collection` that is sent empty ends a pause."""

    items: Annotated[list[ChangedItem], Field(max_length=1)] = []
    proration_behavior: Literal["none"] | None = None
    pause_collection: Annotated[PauseCollection | None, BeforeValidator(lambda value: value or None)] = None
    cancel_at_period_end: Literal["true", "false"] | None = None


class FlowData(Part):
    type: Literal["payment_method_update"]


class PortalCreate(Parameters):
    customer: Text
    return_url: AbsoluteUrl
    locale: Literal["auto", "ja", "en"] = "auto"
    flow_data: FlowData
