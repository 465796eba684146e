"""An event only says what to read again."""

import pytest
from stripe.params._webhook_endpoint_create_params import WebhookEndpointCreateParams

from marketplace.payments.events import SUBJECTS, Subject, interpret


class TestAnEventNamesWhatToReadAgain:
    @pytest.mark.parametrize(
        ("event_type", "subject"),
        [
            ("checkout.session.completed", Subject.CHECKOUT),
            ("checkout.session.async_payment_failed", Subject.CHECKOUT),
            ("checkout.session.expired", Subject.CHECKOUT),
            ("refund.failed", Subject.REFUND),
            ("charge.dispute.closed", Subject.DISPUTE),
        ],
    )
    def test_of_these_kinds(self, event_type: str, subject: Subject) -> None:
        assert interpret(event_type) is subject

    @pytest.mark.parametrize("event_type", ["payment_intent.succeeded", "charge.succeeded", "made.up", ""])
    def test_any_other_says_nothing_about_an_order(self, event_type: str) -> None:
        assert interpret(event_type) is None


class TestTheNamesAreTheProviders:
    def test_each_can_be_subscribed_to(self) -> None:
        known = str(WebhookEndpointCreateParams.__annotations__["enabled_events"])
        assert [name for name in SUBJECTS if f"'{name}'" not in known] == []

    def test_the_poller_can_ask_for_all_of_them_at_once(self) -> None:
        assert len(SUBJECTS) <= 20
