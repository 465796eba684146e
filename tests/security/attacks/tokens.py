"""Forged certificates and forged notices: another algorithm, another key, another content."""

import base64
import hashlib
import hmac
import json
import time

from joserfc import jwk, jws

from tests.security.attacks import attack
from tests.security.stage import Stage

BELIEVED = frozenset({"genuine", "test_certificate"})


def part(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def opened(token: str) -> tuple[dict, dict, str]:
    header, payload, signature = token.split(".")
    read = [json.loads(base64.urlsafe_b64decode(one + "=" * (-len(one) % 4))) for one in (header, payload)]
    return read[0], read[1], signature


def is_not_believed(stage: Stage, token: str) -> None:
    answer = stage.instance.client.post("/v1/verifications", json={"jwt": token})
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 200:
        assert answer.json()["outcome"] not in BELIEVED
        assert answer.json()["statement"] is None


@attack("9.1.1", "the unchanged credential is believed, which the others are not")
def a_credential_with_more_tonnes(stage: Stage) -> None:
    genuine = stage.instance.client.post("/v1/verifications", json={"jwt": stage.credential}).json()
    assert genuine["outcome"] in BELIEVED
    header, payload, signature = opened(stage.credential)
    changed = json.loads(json.dumps(payload).replace("1000000", "9000000"))
    assert changed != payload
    is_not_believed(stage, f"{part(header)}.{part(changed)}.{signature}")


@attack("9.1.2", "not believed")
def a_credential_without_signature(stage: Stage) -> None:
    header, payload, _ = opened(stage.credential)
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        for signature in ("", "AA"):
            is_not_believed(stage, f"{part({**header, 'alg': algorithm})}.{part(payload)}.{signature}")


@attack("9.1.2", "not believed")
def a_credential_signed_with_the_public_key_as_a_password(stage: Stage) -> None:
    header, payload, _ = opened(stage.credential)
    key_set = stage.instance.client.get("/.well-known/jwks.json")
    public = jwk.KeySet.import_key_set(key_set.json()).keys[0]
    for secret in (key_set.content, public.as_pem(private=False), json.dumps(key_set.json()["keys"][0]).encode()):
        signed = f"{part({**header, 'alg': 'HS256'})}.{part(payload)}"
        digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        is_not_believed(stage, f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


def signed_by_a_stranger(stage: Stage, **header: object) -> str:
    own = jwk.ECKey.generate_key("P-256")
    ours, payload, _ = opened(stage.credential)
    header = {
        name: own.as_dict(private=False) if value is OWN_KEY else value for name, value in {**ours, **header}.items()
    }
    return jws.serialize_compact(
        header, json.dumps(payload).encode(), own, registry=jws.JWSRegistry(strict_check_header=False)
    )


OWN_KEY = object()


@attack("9.1.3", "not believed: keys come from our own list")
def a_credential_that_brings_its_own_key(stage: Stage) -> None:
    is_not_believed(stage, signed_by_a_stranger(stage))
    is_not_believed(stage, signed_by_a_stranger(stage, jwk=OWN_KEY))
    is_not_believed(stage, signed_by_a_stranger(stage, jku="https://evil.example/jwks.json"))
    is_not_believed(stage, signed_by_a_stranger(stage, x5u="https://evil.example/chain.pem"))


@attack("9.1.3", "not believed, nothing read")
def a_credential_whose_key_is_a_path(stage: Stage) -> None:
    for kid in ("../../../dev/null", "/etc/passwd", "' UNION SELECT 1 --", "", "x" * 10_000):
        is_not_believed(stage, signed_by_a_stranger(stage, kid=kid))


@attack("9.2.2", "not believed: a token of another type")
def another_token_of_ours_for_a_certificate(stage: Stage) -> None:
    listed = opened(stage.credential)[1]["credentialStatus"]["statusListCredential"]
    status = stage.instance.client.get(
        listed.removeprefix(stage.address) if listed.startswith(stage.address) else listed
    )
    if status.status_code == 200:
        is_not_believed(stage, status.text.strip().strip('"'))


@attack("11.5.1", "not found")
def numbers_of_certificates_that_look_alike(stage: Stage) -> None:
    for number in (
        stage.number[:-1],
        stage.number + "A",
        stage.number[::-1],
        "ASHI-0000-0000-0000-0000",
        "ASHI-*",
        "%",
    ):
        assert stage.instance.client.get(f"/v1/certificates/{number}").status_code in {404, 422}, number


@attack("9.1.1", "400 for each, and nothing is paid")
def a_forged_notice_of_payment(stage: Stage) -> None:
    body = json.dumps(
        {"id": "evt_x", "type": "checkout.session.completed", "data": {"object": {"id": "cs_x"}}}
    ).encode()
    now = int(time.time())
    digest = hmac.new(b"whsec_guessed", f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    for signature in (
        "",
        "x",
        f"t={now},v1={digest}",
        f"t={now - 400},v1={digest}",
        f"t={now},v0={digest}",
        f"t={now}",
    ):
        answer = stage.instance.client.post("/webhooks/stripe", content=body, headers={"Stripe-Signature": signature})
        assert answer.status_code == 400, signature
