"""The sandbox speaks the provider's language: each name it knows or shows is one that the provider's own SDK declares."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest
import stripe
from pydantic import BaseModel
from stripe._api_version import _ApiVersion
from stripe.params import _account_create_params as account
from stripe.params import _subscription_update_params as subscription
from stripe.params._account_link_create_params import AccountLinkCreateParams
from stripe.params._customer_create_params import CustomerCreateParams
from stripe.params._event_list_params import EventListParams, EventListParamsCreated
from stripe.params._invoice_list_params import InvoiceListParams
from stripe.params._refund_create_params import RefundCreateParams
from stripe.params._refund_list_params import RefundListParams
from stripe.params._transfer_create_params import TransferCreateParams
from stripe.params._transfer_list_params import TransferListParams
from stripe.params._transfer_reversal_create_params import TransferReversalCreateParams
from stripe.params.billing_portal import _session_create_params as portal
from stripe.params.checkout import _session_create_params as session

from marketplace.payments.gateway import PaymentMethod
from marketplace.payments.sandbox import parameters
from marketplace.payments.sandbox.checkout import KNOWN_METHODS
from marketplace.payments.sandbox.events import API_VERSION
from marketplace.payments.stripe import StripeGateway
from marketplace.payments.stripe_payouts import StripePayouts
from marketplace.payments.stripe_plans import StripePlans
from tests.marketplace.payments.servers import SUCCESS_URL, Sandbox, a_plan, a_request

PARAMETERS: Mapping[type[BaseModel], type] = {
    parameters.SessionCreate: session.SessionCreateParams,
    parameters.LineItem: session.SessionCreateParamsLineItem,
    parameters.PriceData: session.SessionCreateParamsLineItemPriceData,
    parameters.ProductData: session.SessionCreateParamsLineItemPriceDataProductData,
    parameters.PaymentIntentData: session.SessionCreateParamsPaymentIntentData,
    parameters.PaymentMethodOptions: session.SessionCreateParamsPaymentMethodOptions,
    parameters.Konbini: session.SessionCreateParamsPaymentMethodOptionsKonbini,
    parameters.CustomerBalance: session.SessionCreateParamsPaymentMethodOptionsCustomerBalance,
    parameters.BankTransfer: session.SessionCreateParamsPaymentMethodOptionsCustomerBalanceBankTransfer,
    parameters.CustomerCreate: CustomerCreateParams,
    parameters.AccountCreate: account.AccountCreateParams,
    parameters.Capabilities: account.AccountCreateParamsCapabilities,
    parameters.Requested: account.AccountCreateParamsCapabilitiesTransfers,
    parameters.Controller: account.AccountCreateParamsController,
    parameters.FeePayer: account.AccountCreateParamsControllerFees,
    parameters.LossPayer: account.AccountCreateParamsControllerLosses,
    parameters.Dashboard: account.AccountCreateParamsControllerStripeDashboard,
    parameters.AccountLinkCreate: AccountLinkCreateParams,
    parameters.TransferCreate: TransferCreateParams,
    parameters.TransferList: TransferListParams,
    parameters.ReversalCreate: TransferReversalCreateParams,
    parameters.Recurring: session.SessionCreateParamsLineItemPriceDataRecurring,
    parameters.SubscriptionData: session.SessionCreateParamsSubscriptionData,
    parameters.SubscriptionUpdate: subscription.SubscriptionUpdateParams,
    parameters.ChangedItem: subscription.SubscriptionUpdateParamsItem,
    parameters.NewPrice: subscription.SubscriptionUpdateParamsItemPriceData,
    parameters.PauseCollection: subscription.SubscriptionUpdateParamsPauseCollection,
    parameters.PortalCreate: portal.SessionCreateParams,
    parameters.FlowData: portal.SessionCreateParamsFlowData,
    parameters.RefundCreate: RefundCreateParams,
    parameters.RefundList: RefundListParams,
    parameters.EventList: EventListParams,
    parameters.Created: EventListParamsCreated,
    parameters.InvoiceList: InvoiceListParams,
}

SHOWN: Mapping[str, type] = {
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "subscription": stripe.Subscription,
    "invoice": stripe.Invoice,
    "payment_method": stripe.PaymentMethod,
    "account": stripe.Account,
    "transfer": stripe.Transfer,
    "event": stripe.Event,
}


class TestTheNamesAreTheProviders:
    def test_the_version_is_the_one_of_the_installed_sdk(self) -> None:
        assert _ApiVersion.CURRENT == API_VERSION

    @pytest.mark.parametrize("ours", PARAMETERS, ids=lambda model: model.__name__)
    def test_every_parameter_exists(self, ours: type[BaseModel]) -> None:
        assert ours.model_fields.keys() - PARAMETERS[ours].__annotations__.keys() == set()

    def test_every_model_of_parameters_is_compared(self) -> None:
        models = {
            value
            for value in vars(parameters).values()
            if isinstance(value, type) and issubclass(value, parameters.Parameters | parameters.Part)
        }
        abstract = {parameters.Parameters, parameters.Part, parameters.Page}
        assert models - abstract == PARAMETERS.keys()

    def test_every_way_to_pay_exists(self) -> None:
        known = str(get_args(session.SessionCreateParams.__annotations__["allowed_payment_method_types"]))
        assert [method for method in KNOWN_METHODS if f"'{method}'" not in known] == []

    async def test_everything_shown_exists(self, sandbox: Sandbox, gateway: StripeGateway) -> None:
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened, "4000 0000 0000 0002")
        await sandbox.pay(opened, "4000 0000 0000 0259")
        payment = await sandbox.a_payment(gateway)
        await gateway.refund(payment, 100, key="r")
        later = await gateway.open_checkout(
            a_request(methods=[PaymentMethod.KONBINI, PaymentMethod.BANK_TRANSFER], email="buyer@example.com")
        )
        await sandbox.pay(later, method="konbini")
        payouts = StripePayouts(gateway.connection)
        account_id = (await payouts.open_account(key="p", provider_id="p", email="keiri@example.com")).id
        link = await payouts.onboarding_link(account_id, return_url=SUCCESS_URL, refresh_url=SUCCESS_URL)
        await sandbox.http.post(link.url)
        sent = await payouts.transfer(account_id, 100, "JPY", payment=payment, order_id="ord_1", key="t")
        await payouts.take_back(sent.id, 50, key="t")
        plan = await StripePlans(gateway.connection).open_plan(a_plan())
        await sandbox.pay(plan)
        events: list[dict[str, Any]] = (await sandbox.api("GET", "/v1/events?limit=100")).json()["data"]
        things = events + [event["data"]["object"] for event in events]
        shown = (await sandbox.api("GET", f"/v1/checkout/sessions/{later.id}?expand[]=customer")).json()
        things += [shown, shown["customer"]]
        shown["customer"] = shown["customer"]["id"]
        assert {thing["object"] for thing in things} == SHOWN.keys()
        for thing in things:
            assert thing.keys() - SHOWN[thing["object"]].__annotations__.keys() == set(), thing["object"]
        (begun,) = [thing for thing in things if thing["object"] == "subscription"]
        (item,) = begun["items"]["data"]
        assert item.keys() - stripe.SubscriptionItem.__annotations__.keys() == set()
        assert item["price"].keys() - stripe.Price.__annotations__.keys() == set()
        invoice = next(thing for thing in things if thing["object"] == "invoice" and thing["status"] == "paid")
        assert invoice["lines"]["data"][0].keys() - stripe.InvoiceLineItem.__annotations__.keys() == set()
        assert invoice["payments"]["data"][0].keys() - stripe.InvoicePayment.__annotations__.keys() == set()
