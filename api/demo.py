"""`ashiato demo`: the whole path over HTTP against a freshly started embedded instance, one JSON line per step.

Nothing here calls the application's code to check the application: the QR is read out of the rendered PDF page, and
credential and proof are checked by a JOSE library that the application itself does not use.
"""

import base64
import hashlib
import json
import math
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from api.ports import free_port

T = TypeVar("T")
EXAMPLE = Path(__file__).parent.parent / "offset_calc" / "examples" / "sapporo_conference.json"
CARD = {"email": "buyer@example.com", "number": "4242424242424242", "expiry": "12/34", "cvc": "123"}
FULFILLED_WITHIN_SECONDS = 60.0
QR_RENDER_SCALE = 4


class Differs(Exception):
    """Two accounts of the same certificate disagree, or a step did not answer as it must."""

    code = "demo_differs"


class Steps:
    """Times each step and prints it."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, list[float]] = defaultdict(list)

    def run(self, name: str, work: Callable[[], T], *, say: Callable[[T], Mapping[str, Any]] = lambda _: {}) -> T:
        began = time.perf_counter()
        result = work()
        took = (time.perf_counter() - began) * 1000
        self.milliseconds[name].append(took)
        _print({"step": name, **say(result), "ms": round(took, 1)})
        return result

    def summary(self) -> None:
        for name, values in self.milliseconds.items():
            _print({"summary": name, "runs": len(values), "p50_ms": _rank(values, 50), "p95_ms": _rank(values, 95)})


def _rank(values: list[float], percent: int) -> float:
    """Nearest-rank percentile."""
    return round(sorted(values)[math.ceil(len(values) * percent / 100) - 1], 1)


def _print(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def run_demo(*, runs: int) -> int:
    """Exit code 1 if anything differs."""
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="ashiato-demo-") as folder, _instance(Path(folder), steps) as address:
        try:
            for _ in range(runs):
                _one_run(address, steps)
        except (Differs, httpx.HTTPError) as problem:
            _print({"step": "failed", "verified": False, "reason": f"{type(problem).__name__}: {problem}"})
            return 1
    if runs > 1:
        steps.summary()
    return 0


@contextmanager
def _instance(data: Path, steps: Steps) -> Iterator[str]:
    """A fresh embedded service, started as a newcomer starts it."""
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(free_port()), "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:  # noqa: S603 - our own command
        try:
            yield steps.run("start", lambda: _address(service), say=lambda address: {"address": address})
        finally:
            service.terminate()


def _address(service: "subprocess.Popen[str]") -> str:
    line = service.stdout.readline() if service.stdout else ""
    found = re.search(r"http://\S+", line)
    if not found:
        raise Differs(f"the service did not start: {line!r}")
    return found.group(0)


def _one_run(address: str, steps: Steps) -> None:
    began = time.perf_counter()
    with httpx.Client(base_url=address, timeout=30, follow_redirects=True) as client:
        footprint = steps.run(
            "footprint", lambda: _post(client, "/v1/footprints", _example()), say=lambda f: {"total_g": f["total_g"]}
        )
        amount_g = footprint["to_cancel_g"]
        listing = steps.run("listings", lambda: _listing(client, amount_g), say=lambda found: {"listing": found["id"]})
        quote = steps.run(
            "quote",
            lambda: _post(
                client,
                "/v1/quotes",
                {"listings": [{"listing_id": listing["id"], "amount_g": amount_g}], "footprint_id": footprint["id"]},
            ),
            say=lambda q: {"amount_g": q["amount_g"], "total": q["total"], "currency": q["currency"]},
        )
        order = steps.run("order", lambda: _order(client, quote, footprint), say=lambda o: {"state": o["state"]})
        steps.run("pay", lambda: _pay(order), say=lambda _: {})
        order = steps.run("fulfil", lambda: _fulfilled(client, order), say=lambda o: {"state": o["state"]})
        number = order["certificate"]["number"]
        certificate = steps.run("certificate", lambda: _get_json(client, f"/v1/certificates/{number}"))
        page = steps.run("page", lambda: _get(client, f"/c/{number}").text)
        pdf = steps.run(
            "pdf",
            lambda: _get(client, f"/v1/certificates/{number}.pdf", lang="en").content,
            say=lambda p: {"bytes": len(p)},
        )
        verified = steps.run("verify", lambda: _verify(client, address, certificate, page, pdf))
    _print(
        {
            "step": "done",
            "certificate": number,
            "total_g": verified,
            "footprint_g": footprint["total_g"],
            "verified": True,
            "total_ms": round((time.perf_counter() - began) * 1000, 1),
        }
    )


def _example() -> dict[str, Any]:
    given = json.loads(EXAMPLE.read_text("utf-8"))
    about = {key: given.pop(key) for key in ("type", "subject", "period")}
    return {**about, "inputs": given}


def _answered(answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        raise Differs(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}")
    return answer


def _get(client: httpx.Client, path: str, **query: str) -> httpx.Response:
    return _answered(client.get(path, params=query))


def _get_json(client: httpx.Client, path: str, **query: str) -> Any:
    return _get(client, path, **query).json()


def _post(client: httpx.Client, path: str, body: Mapping[str, Any]) -> Any:
    key = hashlib.sha256(f"{path} {time.time_ns()}".encode()).hexdigest()
    return _answered(client.post(path, json=body, headers={"Idempotency-Key": key})).json()


def _listing(client: httpx.Client, amount_g: int) -> Any:
    """The cheapest listing that has the amount."""
    for listing in _get_json(client, "/v1/listings", limit="100")["data"]:
        if listing["free_g"] >= amount_g >= listing["minimum_g"]:
            return listing
    raise Differs(f"no listing has {amount_g} g")


def _order(client: httpx.Client, quote: Mapping[str, Any], footprint: Mapping[str, Any]) -> Any:
    return _post(
        client,
        "/v1/orders",
        {
            "quote_id": quote["id"],
            "instruction": {
                "type": "event",
                "subject": footprint["subject"]["name"],
                "period_first": footprint["period_first"],
                "period_last": footprint["period_last"],
                "beneficiary": "札幌学術会議 実行委員会",
                "beneficiary_public": True,
                "purpose": "voluntary_offset",
                "purpose_detail": "札幌学術会議の開催に伴う排出量のオフセット",
                "credit_user": "札幌学術会議 実行委員会",
                "reduction_effort": "資料を両面印刷とし、公共交通での来場を案内した。",
            },
            "consent_version": _get_json(client, "/v1/consent")["version"],
            "locale": "ja",
        },
    )


def _pay(order: Mapping[str, Any]) -> None:
    """Fill in the hosted payment page like a buyer; the redirect back is not needed."""
    with httpx.Client(timeout=30) as browser:
        answer = browser.post(order["checkout_url"], data=CARD)
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise Differs(f"the payment page answered {answer.status_code}: {answer.text[:300]}")


def _fulfilled(client: httpx.Client, order: Mapping[str, Any]) -> Any:
    deadline = time.monotonic() + FULFILLED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        current = _get_json(client, urlsplit(order["url"]).path)
        if current["state"] == "fulfilled":
            return current
        time.sleep(0.02)
    raise Differs(f"the order is {current['state']} after {FULFILLED_WITHIN_SECONDS:.0f} s")


def _verify(client: httpx.Client, address: str, certificate: Mapping[str, Any], page: str, pdf: bytes) -> int:
    """Grams, if page, PDF, API, credential and QR proof say the same and both signatures are right."""
    number = certificate["number"]
    token = _get(client, f"/v1/certificates/{number}.jwt").text.strip()
    jwks = _get_json(client, "/.well-known/jwks.json")
    accounts = {
        "api": certificate["statement"]["grams"],
        "credential": _credential_grams(token, jwks, address),
        "page": _page_grams(page),
        "pdf": _pdf_grams(pdf),
        "qr": _proof_grams(_qr_url(pdf), jwks, address, certificate),
    }
    if len(set(accounts.values())) != 1:
        raise Differs(f"the grams differ: {accounts}")
    if token != _attached_credential(pdf):
        raise Differs("the credential in the PDF is not the published one")
    grams: int = accounts["api"]
    return grams


def _credential_grams(token: str, jwks: Mapping[str, Any], address: str) -> int:
    from jwcrypto import jwk, jws  # noqa: PLC0415 - a development dependency

    signed = jws.JWS()
    signed.allowed_algs = ["ES256"]
    signed.deserialize(token)
    key = jwk.JWKSet.from_json(json.dumps(jwks)).get_key(signed.jose_header["kid"])
    signed.verify(key)
    claims = json.loads(signed.payload)
    if signed.jose_header["typ"] != "vc+jwt" or claims["iss"] != address:
        raise Differs("the credential is not a credential of this issuer")
    grams: int = claims["credentialSubject"]["statement"]["grams"]
    return grams


def _proof_grams(url: str, jwks: Mapping[str, Any], address: str, certificate: Mapping[str, Any]) -> int:
    """Check the proof in the QR as docs/verification.md describes it, with nothing but an ES256 check."""
    from jwcrypto import jwk  # noqa: PLC0415 - a development dependency
    from jwcrypto.jwa import JWA  # noqa: PLC0415

    parts = urlsplit(url)
    number = parts.path.removeprefix("/c/")
    if f"{parts.scheme}://{parts.netloc}" != address or number != certificate["number"]:
        raise Differs(f"the QR leads to {url}")
    proof = base64.urlsafe_b64decode(parts.fragment)
    signed, signature = proof[:-64], proof[-64:]
    _, key_hint, grams, _, _, _, statement_hash = struct.unpack(">B4sQHHH16s", signed)
    message = b"ashiato certificate QR proof v1\n" + number.encode() + b"\n" + signed
    for key in jwks["keys"]:
        if base64.urlsafe_b64decode(key["kid"] + "=")[:4] == key_hint:
            JWA.signing_alg("ES256").verify(jwk.JWK(**key), message, signature)
            break
    else:
        raise Differs("the QR's proof names no published key")
    canonical = json.dumps(certificate["statement"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    if hashlib.sha256(canonical.encode()).digest()[:16] != statement_hash:
        raise Differs("the QR's proof is of another statement")
    proven: int = grams
    return proven


def _page_grams(page: str) -> int:
    found = re.search(r'<data class="certified-g" value="(\d+)">', page)
    if not found:
        raise Differs("the page states no amount")
    return int(found.group(1))


def _pdf_grams(pdf: bytes) -> int:
    """The figure on the first page, printed in kilograms to the gram."""
    import pypdfium2  # noqa: PLC0415

    text = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()
    found = re.search(r"Amount of this certificate\s+([\d,]+)\.(\d{3}) kg", text)
    if not found:
        raise Differs("the PDF states no amount")
    return int(found.group(1).replace(",", "") + found.group(2))


def _qr_url(pdf: bytes) -> str:
    """The address in the QR on the rendered first page."""
    import pypdfium2  # noqa: PLC0415
    import zxingcpp  # noqa: PLC0415

    image = pypdfium2.PdfDocument(pdf)[0].render(scale=QR_RENDER_SCALE).to_pil()
    codes = [code.text for code in zxingcpp.read_barcodes(image)]
    if len(codes) != 1:
        raise Differs(f"{len(codes)} codes on the first page instead of one")
    text: str = codes[0]
    return text


def _attached_credential(pdf: bytes) -> str:
    import pypdfium2  # noqa: PLC0415

    document = pypdfium2.PdfDocument(pdf)
    for index in range(document.count_attachments()):
        attachment = document.get_attachment(index)
        if attachment.get_name() == "certificate.jwt":
            return bytes(attachment.get_data()).decode().strip()
    raise Differs("the PDF carries no credential")
