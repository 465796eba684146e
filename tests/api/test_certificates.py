"""Certificates for programs, and what the public may see of them."""

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import jwt
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from api.pdf_press import PdfPress
from certificates import visibility
from certificates.bundle import read_bundle_files
from certificates.evidence import verify_file
from certificates.keys import read_jwks
from certificates.log.checkpoint import LogTrust
from certificates.log.notes import NoteKey
from certificates.log.proof import read_log_proof
from certificates.pdf_signature import check_pdf_signature
from certificates.pdf_signature_result import PdfSignatureOutcome
from certificates.service import revoke
from certificates.signing_authority import make_sandbox_authority
from certificates.verdict import CheckName, CheckResult, Outcome
from certificates.verify import TrustedIssuer
from marketplace.certification.publication import NAMING, published
from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from tests.api.buying import TONNE, a_certificate

FORMS = ("", ".jwt", ".badge.jwt", ".pdf", ".svg", ".tlog-proof", ".zip")


@pytest.fixture
async def certificate(client, small):
    return (await a_certificate(client, small))["certificate"]


class TestACertificate:
    async def test_says_what_was_cancelled(self, client, certificate):
        read = (await client.get(certificate["url"])).json()
        assert (read["number"], read["state"], read["environment"]) == (certificate["number"], "valid", "sandbox")
        assert (read["amount_g"], read["cancelled_g"]) == (3 * TONNE, 3 * TONNE)
        assert read["statement"]["grams"] == read["amount_g"]
        assert read["disclosures"]["beneficiary"]["value"] == "足跡学会実行委員会"
        assert read["withheld"] == []

    @pytest.mark.parametrize(
        "typed", [str.lower, lambda number: number.replace("-", ""), lambda n: n.replace("-", " ")]
    )
    async def test_is_found_however_its_number_is_typed(self, client, certificate, typed):
        read = await client.get(f"/v1/certificates/{typed(certificate['number'])}")
        assert read.json()["number"] == certificate["number"]

    async def test_agrees_to_the_gram_in_every_form(self, client, certificate):
        read = (await client.get(certificate["url"])).json()
        credential = (await client.get(read["urls"]["credential"])).text
        keys = jwt.PyJWKSet.from_dict((await client.get("/.well-known/jwks.json")).json())
        kid = jwt.get_unverified_header(credential)["kid"]
        claims = jwt.decode(credential, keys[kid].key, algorithms=["ES256"], options={"verify_iat": False})
        assert claims["credentialSubject"]["statement"] == read["statement"]

    async def test_is_printed_in_both_languages(self, client, certificate):
        printed = [await client.get(f"{certificate['url']}.pdf", params={"lang": lang}) for lang in ("ja", "en")]
        for pdf in printed:
            assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
            assert pdf.content.startswith(b"%PDF-")
        assert printed[0].content != printed[1].content
        assert certificate["number"] in printed[0].headers["content-disposition"]

    async def test_has_a_code_that_leads_to_it_with_its_proof(self, client, certificate):
        svg = (await client.get(f"{certificate['url']}.svg")).text
        url = zxingcpp.read_barcode(drawn(svg)).text
        assert url.startswith(f"https://ashiato.example/c/{certificate['number']}#")
        verdict = (await client.post("/v1/verifications", json={"url": url})).json()
        assert {"name": "proof", "result": "passed", "reason": None} in verdict["checks"]

    async def test_may_be_kept_but_its_state_is_asked_again(self, client, certificate):
        read = await client.get(certificate["url"])
        assert read.headers["cache-control"] == "public, max-age=60"
        again = await client.get(certificate["url"], headers={"If-None-Match": read.headers["etag"]})
        assert again.status_code == 304

    @pytest.mark.parametrize("number", ["TEST-2222-2222-2222-2222", "ASHI", "%F0%9F%8C%8D", "x" * 100])
    @pytest.mark.parametrize("form", FORMS)
    async def test_that_does_not_exist(self, client, number, form):
        answer = await client.get(f"/v1/certificates/{number}{form}")
        assert (answer.status_code, answer.json()["code"]) == (404, "certificate_not_found")


def pdf_text(content: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content))


def drawn(svg: str) -> Image.Image:
    """The dark modules of our own SVG as an image, eight pixels each."""
    import re

    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    image = Image.new("L", (size * 8, size * 8), 255)
    x = y = 0
    for command, dx, line in re.findall(r"([Mmh])(\d+)(?: (\d+))?", svg.partition('stroke="#000" d="')[2]):
        if command == "M":
            x, y = int(dx), int(line)
            continue
        if command == "h":
            image.paste(0, (x * 8, y * 8, (x + int(dx)) * 8, (y + 1) * 8))
        x += int(dx)
    return image


class TestABeneficiaryWhoIsNotPublic:
    @pytest.fixture
    async def private(self, client, small):
        return (await a_certificate(client, small, beneficiary_public=False))["certificate"]

    async def test_is_kept_back_with_every_text_that_may_name_it(self, client, private):
        answer = await client.get(private["url"])
        assert "実行委員会" not in answer.text
        assert answer.json()["withheld"] == ["beneficiary", "credit_user", "purpose_detail"]
        assert set(answer.json()["disclosures"]) == {"subject"}

    async def test_is_not_on_the_public_pdf_either(self, client, private):
        content = (await client.get(f"{private['url']}.pdf")).content
        pdf = pypdfium2.PdfDocument(content)
        attached = b"".join(bytes(pdf.get_attachment(i).get_data()) for i in range(pdf.count_attachments()))
        assert "実行委員会" not in pdf_text(content)
        assert "実行委員会".encode() not in attached

    async def test_does_not_weaken_the_verdict(self, client, private):
        verdict = (await client.post("/v1/verifications", json={"number": private["number"]})).json()
        assert verdict["outcome"] == "test_certificate"

    async def test_is_not_in_the_bundle_either(self, client, private):
        packed = (await client.get(f"{private['url']}.zip")).content
        files = read_bundle_files(packed)
        assert "実行委員会".encode() not in b"".join(files.values())
        assert set(json.loads(files["disclosures.json"])) == {"subject"}

    async def test_shows_again_when_its_owner_says_so(self, client, private, small):
        await run_tx(lambda _: visibility.hide(private["number"], [], until=None))
        assert (await client.get(private["url"])).json()["withheld"] == []
        text = read_bundle_files((await client.get(f"{private['url']}.zip")).content)["disclosures.json"]
        assert "実行委員会" in text.decode()

    async def test_shows_from_the_day_that_was_set(self, client, private, small):
        tomorrow = japan_date(small.clock()) + timedelta(days=1)
        await run_tx(lambda _: visibility.hide(private["number"], NAMING, until=tomorrow))
        assert "beneficiary" in (await client.get(private["url"])).json()["withheld"]
        small.clock.advance(timedelta(days=1))
        assert (await client.get(private["url"])).json()["withheld"] == []


class TestAnUnlistedCertificate:
    @pytest.fixture
    async def unlisted(self, client, certificate):
        code = await run_tx(lambda _: visibility.unlist(certificate["number"]))
        return certificate | {"code": code}

    @pytest.mark.parametrize("form", FORMS)
    async def test_opens_with_its_link_code_only(self, client, unlisted, form):
        address = f"{unlisted['url']}{form}"
        for query in ({}, {"code": ""}, {"code": unlisted["code"][:-1]}, {"code": "x" * 22}):
            answer = await client.get(address, params=query)
            assert (answer.status_code, answer.json()["code"]) == (404, "certificate_not_found")
        opened = await client.get(address, params={"code": unlisted["code"]})
        assert (opened.status_code, opened.headers["cache-control"]) == (200, "private, no-store")

    async def test_hands_its_code_on_to_its_other_forms(self, client, unlisted):
        urls = (await client.get(unlisted["url"], params={"code": unlisted["code"]})).json()["urls"]
        for name in urls.keys() - {"page", "status_list"}:
            assert (await client.get(urls[name])).status_code == 200, name

    async def test_is_not_told_to_whoever_types_its_number(self, client, unlisted):
        verdict = (await client.post("/v1/verifications", json={"number": unlisted["number"]})).json()
        assert (verdict["outcome"], verdict["statement"], verdict["covered_g"]) == ("undecided", None, None)

    async def test_is_verified_in_full_for_whoever_holds_it(self, client, unlisted):
        credential = (await client.get(f"{unlisted['url']}.jwt", params={"code": unlisted["code"]})).text
        verdict = (await client.post("/v1/verifications", json={"jwt": credential})).json()
        assert (verdict["outcome"], verdict["covered_g"]) == ("test_certificate", 3 * TONNE)


class TestWhatIsTakenAlong:
    async def test_the_log_proof_holds_against_the_published_key(self, client, certificate):
        proof = read_log_proof((await client.get(f"{certificate['url']}.tlog-proof")).text)
        key = (await client.get("/.well-known/ashiato-log.txt")).text.splitlines()[0]
        assert proof.check(LogTrust(NoteKey.from_text(key))).size == 1

    async def test_the_bundle_verifies_with_everything_in_it(self, client, small, certificate):
        packed = (await client.get(f"{certificate['url']}.zip")).content
        keys = read_jwks((await client.get("/.well-known/jwks.json")).text)
        issuer = TrustedIssuer("https://ashiato.example", keys, small.market.log.trust)
        verdict = verify_file(packed, issuer, now=small.clock())
        assert verdict.outcome is Outcome.TEST_CERTIFICATE
        # this service has no authority to sign paper with
        assert {check.name for check in verdict.checks if check.result is not CheckResult.PASSED} == {CheckName.PAPER}

    async def test_the_bundle_of_a_revoked_one_says_so(self, client, small, certificate):
        await run_tx(lambda _: revoke(certificate["number"], "issued_in_error", now=small.clock()))
        packed = (await client.get(f"{certificate['url']}.zip")).content
        issuer = TrustedIssuer("https://ashiato.example", small.market.signing_keys.keys, small.market.log.trust)
        assert verify_file(packed, issuer, now=small.clock()).outcome is Outcome.REVOKED
        assert "certificate.pdf" not in read_bundle_files(packed)

    async def test_the_badge_is_signed_by_the_published_key_and_states_the_grams(self, client, certificate):
        badge = (await client.get(f"{certificate['url']}.badge.jwt")).text
        keys = jwt.PyJWKSet.from_dict((await client.get("/.well-known/jwks.json")).json())
        claims = jwt.decode(badge, keys.keys[0].key, algorithms=["ES256"], options={"verify_nbf": False})
        assert claims["credentialSubject"]["result"][0]["value"] == str(3 * TONNE)


class TestThePdfsOwnSignature:
    async def test_holds_where_the_service_has_an_authority(self, small, certificate):
        authority = make_sandbox_authority(datetime.now(UTC))
        publication = await published(small.market, certificate["number"])
        press = PdfPress(authority)
        pdf = await press.print(publication, issuer_url=small.market.base_url, locale="ja")
        checked = await asyncio.to_thread(check_pdf_signature, pdf, (authority.root,))
        assert checked.outcome is PdfSignatureOutcome.VALID
        assert await press.print(publication, issuer_url=small.market.base_url, locale="ja") is pdf

    async def test_a_text_that_was_hidden_since_is_printed_no_more(self, client, certificate):
        before = (await client.get(f"{certificate['url']}.pdf")).content
        await run_tx(lambda _: visibility.hide(certificate["number"], NAMING, until=None))
        after = (await client.get(f"{certificate['url']}.pdf")).content
        assert "実行委員会" in pdf_text(before)
        assert "実行委員会" not in pdf_text(after)


class TestARevokedCertificate:
    @pytest.fixture
    async def revoked(self, small, certificate):
        await run_tx(lambda _: revoke(certificate["number"], "issued_in_error", now=small.clock()))
        return certificate

    async def test_says_so(self, client, revoked):
        read = (await client.get(revoked["url"])).json()
        assert (read["state"], read["ended"]["reason"], read["urls"]["pdf"]) == ("revoked", "issued_in_error", None)

    async def test_is_not_printed_any_more(self, client, revoked):
        answer = await client.get(f"{revoked['url']}.pdf")
        assert (answer.status_code, answer.json()["code"]) == (410, "certificate_ended")

    async def test_is_found_revoked_by_whoever_verifies_it(self, client, revoked):
        credential = (await client.get(f"{revoked['url']}.jwt")).text
        for evidence in ({"number": revoked["number"]}, {"jwt": credential}):
            assert (await client.post("/v1/verifications", json=evidence)).json()["outcome"] == "revoked"


class TestAVerification:
    async def test_shows_each_check_and_the_amounts(self, client, certificate):
        verdict = (await client.post("/v1/verifications", json={"number": certificate["number"]})).json()
        assert (verdict["outcome"], verdict["on_record"]) == ("test_certificate", True)
        assert (verdict["covered_g"], verdict["cancelled_g"], verdict["shortfall_g"]) == (3 * TONNE, 3 * TONNE, None)
        results = {check["name"]: check["result"] for check in verdict["checks"]}
        made = {name for name, result in results.items() if result != "not_made"}
        assert made == {"number", "credential", "log", "key", "content", "status"}
        assert {results[name] for name in made} == {"passed"}

    async def test_takes_the_pdf(self, client, certificate):
        pdf = (await client.get(f"{certificate['url']}.pdf")).content
        verdict = (await client.post("/v1/verifications", json={"pdf": b64encode(pdf).decode()})).json()
        assert (verdict["outcome"], verdict["covered_g"]) == ("test_certificate", 3 * TONNE)

    async def test_takes_the_exit_bundle(self, client, certificate):
        bundle = (await client.get(f"{certificate['url']}.zip")).content
        verdict = (await client.post("/v1/verifications", json={"bundle": b64encode(bundle).decode()})).json()
        assert verdict["outcome"] == "test_certificate"
        assert verdict["checks"][0] == {"name": "files", "result": "passed", "reason": None}

    async def test_is_not_fooled_by_an_altered_credential(self, client, certificate):
        credential = (await client.get(f"{certificate['url']}.jwt")).text
        middle = len(credential) // 2
        altered = credential[:middle] + ("A" if credential[middle] != "A" else "B") + credential[middle + 1 :]
        verdict = (await client.post("/v1/verifications", json={"jwt": altered})).json()
        assert verdict["outcome"] in {"altered", "not_ours"}
        assert (verdict["covered_g"], verdict["statement"]) == (None, None)

    async def test_of_a_number_that_nobody_issued(self, client):
        from certificates.number import new_number
        from certificates.statement import Environment

        number = new_number(Environment.SANDBOX)
        verdict = (await client.post("/v1/verifications", json={"number": number})).json()
        assert (verdict["outcome"], verdict["on_record"]) == ("undecided", False)

    @pytest.mark.parametrize(
        ("evidence", "code"),
        [
            ({"pdf": b64encode(b"%PDF-1.7 broken").decode()}, "unreadable_evidence"),
            ({"pdf": b64encode(b"\x00\xff").decode()}, "unreadable_evidence"),
            ({"url": "https://example.com/other"}, "unreadable_evidence"),
            ({"url": "http://[broken"}, "unreadable_evidence"),
            ({"pdf": "not base64!"}, "input_refused"),
            ({}, "input_refused"),
            ({"number": "a", "jwt": "b"}, "input_refused"),
        ],
    )
    async def test_of_what_holds_no_certificate(self, client, evidence, code):
        answer = await client.post("/v1/verifications", json=evidence)
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    @pytest.mark.parametrize("evidence", [{"jwt": "a.b.c"}, {"jwt": ""}, {"jwt": "eyJ" + "A" * 1000}, {"number": "🌍"}])
    async def test_of_rubbish_is_a_verdict_too(self, client, evidence):
        answer = await client.post("/v1/verifications", json=evidence)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "not_ours")
