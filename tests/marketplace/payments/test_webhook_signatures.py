"""Only the provider can tell us that something was paid: webhooks are believed by signature, time and mode."""

import hashlib
import hmac
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from marketplace.payments.gateway import PaymentRefused, SignatureRefused
from marketplace.payments.webhooks import read_webhook

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())
SECRET, OLD_SECRET = "whsec_current", "whsec_retired"
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "type": "checkout.session.completed",
    "created": STAMP - 5,
    "livemode": False,
    "data": {"object": {"id": "cs_test_1", "object": "checkout.session"}},
}
BODY = json.dumps(EVENT).encode()


def mac(body: bytes = BODY, secret: str = SECRET, stamp: int | str = STAMP) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def header(body: bytes = BODY, secret: str = SECRET, stamp: int = STAMP) -> str:
    return f"t={stamp},v1={mac(body, secret, stamp)}"


def read(body: bytes, signature: str, *secrets: str, live: bool = False) -> Any:
    current = [SecretStr(secret) for secret in secrets or (SECRET,)]
    return read_webhook(body, signature, secrets=current, live=live, now=NOW)


class TestASignedEventIsRead:
    def test_it_says_what_happened_to_what_and_when(self) -> None:
        event = read(BODY, header())
        assert (event.id, event.type, event.object_id) == ("evt_1", "checkout.session.completed", "cs_test_1")
        assert event.created_at == NOW - timedelta(seconds=5)
        assert event.body == BODY

    @pytest.mark.parametrize("seconds", [-300, -1, 0, 300])
    def test_within_five_minutes_before_and_after(self, seconds: int) -> None:
        assert read(BODY, header(stamp=STAMP + seconds)).id == "evt_1"

    def test_a_second_signature_by_another_scheme_or_secret_does_not_hurt(self) -> None:
        assert read(BODY, f"t={STAMP},v0=6ffbb59b,v1={mac(secret='whsec_next')},v1={mac()}").id == "evt_1"

    def test_two_secrets_are_current_while_one_replaces_the_other(self) -> None:
        assert read(BODY, header(secret=SECRET), "whsec_next", SECRET).id == "evt_1"
        assert read(BODY, header(secret="whsec_next"), "whsec_next", SECRET).id == "evt_1"

    def test_an_event_about_nothing_that_has_an_id(self) -> None:
        body = json.dumps(EVENT | {"type": "balance.available", "data": {"object": {"object": "balance"}}}).encode()
        assert read(body, header(body)).object_id == ""


FORGERIES: dict[str, Callable[[], tuple[bytes, str]]] = {
    "another secret": lambda: (BODY, header(secret="whsec_guessed")),
    "a secret retired after rotation": lambda: (BODY, header(secret=OLD_SECRET)),
    "the body changed": lambda: (BODY.replace(b"cs_test_1", b"cs_test_2"), header()),
    "the body with a space more": lambda: (BODY + b" ", header()),
    "301 seconds old": lambda: (BODY, header(stamp=STAMP - 301)),
    "301 seconds in the future": lambda: (BODY, header(stamp=STAMP + 301)),
    "an old one under a new time": lambda: (BODY, f"t={STAMP},v1={mac(stamp=STAMP - 4000)}"),
    "only another scheme": lambda: (BODY, f"t={STAMP},v0={mac()}"),
    "two times, the signed one first": lambda: (BODY, f"t={STAMP},t={STAMP - 4000},v1={mac()}"),
    "two times, the signed one last": lambda: (BODY, f"t={STAMP - 4000},t={STAMP},v1={mac()}"),
    "two equal times": lambda: (BODY, f"t={STAMP},t={STAMP},v1={mac()}"),
    "no time": lambda: (BODY, f"v1={mac()}"),
    "a time that is no number": lambda: (BODY, f"t=now,v1={mac(stamp='now')}"),
    "a time with a sign": lambda: (BODY, f"t=+{STAMP},v1={mac()}"),
    "a time in full-width digits": lambda: (
        BODY,
        f"t={str(STAMP).translate({48 + d: 0xFF10 + d for d in range(10)})},v1={mac()}",
    ),
    "a time beyond all calendars": lambda: (BODY, f"t={10**30},v1={mac(stamp=10**30)}"),
    "no header": lambda: (BODY, ""),
    "rubbish": lambda: (BODY, "=,=,;"),
    "an empty signature": lambda: (BODY, f"t={STAMP},v1="),
    "half a signature": lambda: (BODY, f"t={STAMP},v1={mac()[:32]}"),
    "a signature that is not ASCII": lambda: (BODY, f"t={STAMP},v1=é{mac()}"),
    "a signature in capitals": lambda: (BODY, f"t={STAMP},v1={mac().upper()}"),
    "a body that is not UTF-8": lambda: (b"\xff" + BODY, header(b"\xff" + BODY)),
    "no body": lambda: (b"", header()),
    "an event of the other mode": lambda: (
        (live := json.dumps(EVENT | {"livemode": True}).encode()),
        header(live),
    ),
}


class TestAForgedWebhookIsRefused:
    @pytest.mark.parametrize("name", FORGERIES)
    def test_refused(self, name: str) -> None:
        body, signature = FORGERIES[name]()
        with pytest.raises(SignatureRefused):
            read(body, signature)

    def test_a_test_event_is_not_believed_by_a_live_market(self) -> None:
        with pytest.raises(SignatureRefused):
            read(BODY, header(), live=True)

    def test_a_thousand_random_forgeries(self) -> None:
        chance = random.Random(20261122)
        accepted = 0
        for _ in range(1000):
            body, signature = bytearray(BODY), bytearray(header().encode())
            # one bit of the body, or of the signature's value, is turned over
            victim, start = (body, 0) if chance.random() < 0.5 else (signature, signature.index(b"v1=") + 3)
            victim[chance.randrange(start, len(victim))] ^= 1 << chance.randrange(8)
            try:
                read(bytes(body), signature.decode("latin-1"))
            except SignatureRefused:
                continue
            accepted += 1
        assert accepted == 0


class TestASignedTextThatIsNoEventIsRefused:
    @pytest.mark.parametrize(
        "body",
        [
            b"not json",
            b"[]",
            b"null",
            b'"event"',
            json.dumps({name: value for name, value in EVENT.items() if name != "id"}).encode(),
            json.dumps(EVENT | {"id": 7}).encode(),
            json.dumps(EVENT | {"created": "yesterday"}).encode(),
            json.dumps(EVENT | {"created": 10**40}).encode(),
            json.dumps(EVENT | {"data": None}).encode(),
            json.dumps({name: value for name, value in EVENT.items() if name != "livemode"}).encode(),
        ],
    )
    def test_refused_by_a_code(self, body: bytes) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            read(body, header(body))
        assert refusal.value.reason == "event_unreadable"
