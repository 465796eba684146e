"""Reads the provider's webhooks: who signed, when, and which event it is.

The signature itself is checked by the provider's SDK. What the SDK lets pass is refused here: a time stamp in the future,
two time stamps (the SDK would take the first), and bytes that make it fail with other errors than its own.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from pydantic import SecretStr

from marketplace.payments.gateway import PaymentEvent, PaymentRefused, SignatureRefused

TOLERANCE = timedelta(seconds=300)


def read_webhook(
    body: bytes, signature: str, *, secrets: Sequence[SecretStr], live: bool, now: datetime
) -> PaymentEvent:
    """The event in `body` if one of the current `secrets` signed it within TOLERANCE of `now`, before or after.

    Several secrets are current while one replaces another. `live` is the mode of our own key: a test event is not
    accepted by a live market, nor the reverse.
    Raises: SignatureRefused; PaymentRefused("event_unreadable") if the provider signed something that is no event.
    Source: https://docs.stripe.com/webhooks#verify-manually
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SignatureRefused("the body is not UTF-8") from error
    signed_at = _signed_at(signature)
    if abs(now - signed_at) > TOLERANCE:
        raise SignatureRefused(f"signed at {signed_at:%Y-%m-%dT%H:%M:%SZ}, more than {TOLERANCE} from now")
    if not any(_signed_with(text, signature, secret) for secret in secrets):
        raise SignatureRefused("no signature by a current secret")
    try:
        fields = json.loads(text)
        other_mode = fields["livemode"] is not live
    except (ValueError, KeyError, TypeError) as error:
        raise PaymentRefused("event_unreadable", f"signed, but not an event: {error!r}") from error
    if other_mode:
        raise SignatureRefused("the event belongs to the other mode, test or live")
    return event_from(fields, body)


def event_from(fields: Mapping[str, Any], body: bytes) -> PaymentEvent:
    """The event that the provider's `fields` describe. Raises: PaymentRefused("event_unreadable")."""
    try:
        about = fields["data"]["object"]
        made = about.get("created")
        return PaymentEvent(
            id=_text(fields, "id"),
            type=_text(fields, "type"),
            created_at=datetime.fromtimestamp(fields["created"], UTC),
            object_id=about.get("id", ""),
            body=body,
            about_made_at=None if made is None else datetime.fromtimestamp(made, UTC),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise PaymentRefused("event_unreadable", f"not an event: {error!r}") from error


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _signed_at(signature: str) -> datetime:
    if not signature.isascii():
        raise SignatureRefused("the signature header is not ASCII")
    stamps = [item.partition("=")[2] for item in signature.split(",") if item.partition("=")[0].strip() == "t"]
    if len(stamps) != 1 or not re.fullmatch(r"[0-9]{1,11}", stamps[0]):
        raise SignatureRefused("the signature header does not carry exactly one time stamp")
    return datetime.fromtimestamp(int(stamps[0]), UTC)


def _signed_with(text: str, signature: str, secret: SecretStr) -> bool:
    try:
        # without a tolerance: the time was checked above, in both directions and with our clock
        stripe.WebhookSignature.verify_header(text, signature, secret.get_secret_value())
    except stripe.SignatureVerificationError:
        return False
    return True
