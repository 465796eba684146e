"""Anyone can check a certificate: by number, file, or photo; and what is wrong is said next to where it was entered."""

import io

import pytest
from lxml import html
from PIL import Image

from certificates.qr import proof_url, qr_matrix
from certificates.records import CertificateRecord, find
from certificates.verdict import CheckName, CheckResult, Outcome, failed, not_made
from frontend.locales import Locale
from frontend.qr_photo import NoCodeInPhoto, read_qr
from frontend.verdict_view import KINDS, TABLE, view_of
from frontend.wording import table_of
from marketplace.orders import service as orders
from tests.builders.market import a_listing, an_order
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite

Upload = tuple[str, bytes, str]


async def a_certificate(shop: MarketSite) -> CertificateRecord:
    order = await an_order(shop.small, await a_listing(shop.small))
    await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
    await shop.small.work()
    return await find((await orders.find(order.id)).certificate_number or "")


def photo_of(url: str, *, kind: str = "PNG") -> bytes:
    """A picture of the code as a camera sees it: grey, with room around."""
    modules = qr_matrix(url)
    image = Image.new("L", (len(modules), len(modules)), 255)
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark:
                image.putpixel((x, y), 30)
    picture = io.BytesIO()
    image.resize((len(modules) * 6,) * 2, Image.Resampling.NEAREST).save(picture, kind)
    return picture.getvalue()


async def verified(
    shop: MarketSite, *, number: str = "", file: Upload | None = None, status: int = 200
) -> html.HtmlElement:
    files = {"file": file or ("", b"", "application/octet-stream")}
    answer = await shop.client.post("/ja/verify", data={"number": number}, files=files)
    assert answer.status_code == status, answer.text[:400]
    return html.fromstring(answer.content)


def outcome(page: html.HtmlElement) -> str:
    return str(page.xpath("string(//h1)")).strip()


class TestWhatPeopleBring:
    async def test_a_number_however_it_is_typed(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        for typed in (record.number, record.number.lower(), record.number.replace("-", " ")):
            assert outcome(await verified(shop, number=typed)) == "テスト証明書です"
        by_link = await shop.page(f"/ja/verify?number={record.number}")
        assert outcome(by_link) == "テスト証明書です"

    async def test_the_address_of_the_code_pasted_as_text(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        page = await verified(shop, number=proof_url("https://ashiato.example", record.number, record.proof))
        assert outcome(page) == "テスト証明書です"
        assert "QRコードの署名が示されていません" not in page.text_content()

    async def test_the_credential_as_a_file(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        page = await verified(shop, file=("certificate.jwt", record.credential.encode(), "text/plain"))
        assert outcome(page) == "テスト証明書です"
        assert "3.000" in page.text_content()

    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    async def test_a_photo_of_the_code(self, shop: MarketSite, kind: str) -> None:
        record = await a_certificate(shop)
        photo = photo_of(proof_url("https://ashiato.example", record.number, record.proof), kind=kind)
        assert outcome(await verified(shop, file=("photo", photo, "image/png"))) == "テスト証明書です"


class TestWhatIsNotGenuine:
    async def test_an_altered_credential(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        head, body, signature = record.credential.split(".")
        forged = f"{head}.{body[:40]}{'A' if body[40] != 'A' else 'B'}{body[41:]}.{signature}"
        page = await verified(shop, file=("certificate.jwt", forged.encode(), "text/plain"))
        assert outcome(page) in {"内容が変えられています", "この発行者の証明書ではありません"}
        assert "不一致" in page.text_content()

    async def test_a_number_that_was_never_issued(self, shop: MarketSite) -> None:
        page = await verified(shop, number="TEST-7F3K-M2XW-P4RT-HN9C")
        assert outcome(page) not in {"テスト証明書です", "有効な証明書です"}

    async def test_a_mistyped_number_is_said_to_be_mistyped(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        swapped = record.number[:-1] + ("C" if record.number[-1] != "C" else "D")
        assert "打ち間違い" in (await verified(shop, number=swapped)).text_content()


class TestRefusals:
    @pytest.mark.parametrize(
        ("file", "part"),
        [
            (("x.png", photo_of("https://example.org/else"), "image/png"), "証明書として読み取れません"),
            (("x.png", b"\x89PNG\r\n\x1a\nbroken", "image/png"), "QRコードを読み取れませんでした"),
            (("x.jpg", b"\xff\xd8\xff\xe0" + b"\x00" * 100, "image/jpeg"), "QRコードを読み取れませんでした"),
            (("x.pdf", b"%PDF-1.7 nothing", "application/pdf"), "このPDFを開けません"),
            (("x.bin", b"\x80\x81\x82", "application/octet-stream"), "証明書として読み取れません"),
            (("x.txt", b"", "text/plain"), "証明書として読み取れません"),
        ],
    )
    async def test_a_file_of_another_kind(self, shop: MarketSite, file: Upload, part: str) -> None:
        page = await verified(shop, number="TEST-KEEP", file=file, status=422)
        assert part in page.get_element_by_id("f-file-error").text_content()
        assert page.xpath("//input[@name='number']/@value") == ["TEST-KEEP"]

    async def test_a_file_beyond_the_limit(self, shop: MarketSite) -> None:
        page = await verified(shop, file=("x.pdf", b"%PDF-" + b"0" * 10_000_001, "application/pdf"), status=422)
        assert "10 MBまで" in page.get_element_by_id("f-file-error").text_content()

    async def test_nothing_at_all(self, shop: MarketSite) -> None:
        page = await verified(shop, status=422)
        assert "番号を入力するか" in page.get_element_by_id("f-number-error").text_content()

    async def test_hostile_text_stays_text(self, shop: MarketSite) -> None:
        page = await verified(shop, number="<script>alert(1)</script>")
        assert page.xpath("//main//script") == []


class TestTheFrame:
    async def test_form_and_result_are_sound_html(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        for address in ("/ja/verify", f"/en/verify?number={record.number}"):
            check_frame(await shop.client.get(address))

    async def test_only_this_page_may_ask_for_the_camera(self, shop: MarketSite) -> None:
        assert (await shop.client.get("/ja/verify")).headers["permissions-policy"] == "camera=(self)"


class TestPhotos:
    def test_a_huge_picture_is_not_opened(self) -> None:
        picture = io.BytesIO()
        Image.new("1", (8_000, 8_000)).save(picture, "PNG")
        with pytest.raises(NoCodeInPhoto):
            read_qr(picture.getvalue())


@pytest.mark.parametrize("locale", list(Locale))
class TestWords:
    def test_every_outcome_check_and_result_has_words(self, locale: Locale) -> None:
        known = table_of(TABLE, locale)
        for group, codes in (("outcome", Outcome), ("meaning", Outcome), ("check", CheckName), ("result", CheckResult)):
            assert {key.removeprefix(f"{group}.") for key in known if key.startswith(f"{group}.")} == {
                c.value for c in codes
            }
        assert KINDS.keys() == set(Outcome)

    def test_a_reason_only_experts_know_shows_its_code(self, locale: Locale) -> None:
        from certificates.verdict import Verdict

        checks = (
            failed(CheckName.CREDENTIAL, "embedded_key"),
            not_made(CheckName.STATUS, "status_list_not_gzip"),
            not_made(CheckName.LOG, "malformed_note"),
            failed(CheckName.CONTENT, "something_new"),
        )
        verdict = Verdict(Outcome.ALTERED, checks, None, None, None, None, None, None)
        reasons = [check.reason for check in view_of(verdict, locale).checks]
        known = table_of(TABLE, locale)
        assert reasons[:3] == [
            known["reason.unreadable"],
            known["reason.status_unusable"],
            known["reason.log_unusable"],
        ]
        assert "something_new" in reasons[3]
