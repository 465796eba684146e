import io
import random
import re

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from certificates.compact_proof import PROOF_CHARACTERS
from certificates.jose import to_base64url
from certificates.number import new_number
from certificates.qr import MAX_URL_CHARACTERS, QUIET_MODULES, UrlTooLong, proof_url, qr_matrix, qr_svg, short_url
from certificates.statement import Environment
from tests.certificates.authority import ISSUER, Issued


def picture(matrix: tuple[tuple[bool, ...], ...], scale: int = 6) -> Image.Image:
    size = len(matrix)
    image = Image.new("L", (size, size), 255)
    image.putdata([0 if dark else 255 for row in matrix for dark in row])
    return image.resize((size * scale, size * scale), Image.Resampling.NEAREST)


class TestTheLongCodeCarriesTheProof:
    def test_a_reader_gets_address_and_proof_back(self) -> None:
        issued = Issued()
        url = proof_url(ISSUER, issued.statement.number, issued.proof)
        assert url == f"{ISSUER}/c/{issued.statement.number}#{issued.proof}"
        assert zxingcpp.read_barcode(picture(qr_matrix(url))).text == url

    def test_it_leaves_room_for_an_origin_of_140_characters(self) -> None:
        number, proof = new_number(Environment.LIVE), "A" * PROOF_CHARACTERS
        origin = "https://" + "o" * (
            MAX_URL_CHARACTERS - PROOF_CHARACTERS - len(number) - len("/c/#") - len("https://")
        )
        assert len(origin) == 140
        assert len(proof_url(origin, number, proof)) == MAX_URL_CHARACTERS
        with pytest.raises(UrlTooLong):
            proof_url(origin + "o", number, proof)

    def test_with_an_everyday_origin_it_is_at_most_57_modules_wide(self) -> None:
        issued = Issued()
        matrix = qr_matrix(proof_url("https://www.ashiato.example", issued.statement.number, issued.proof))
        assert len(matrix) - 2 * QUIET_MODULES <= 57


def photographed(matrix: tuple[tuple[bool, ...], ...], *, rng: random.Random) -> Image.Image:
    """A 20 mm print seen at 300 dpi: tilted, grey, out of focus, and saved as a poor JPEG."""
    side = round(20 / 25.4 * 300)
    code = (
        picture(matrix).resize((side, side), Image.Resampling.LANCZOS).point([40 + v * 195 // 255 for v in range(256)])
    )
    page = Image.new("L", (side * 2, side * 2), 235)
    page.paste(code, (side // 2, side // 2))
    page = page.rotate(rng.uniform(-15, 15), resample=Image.Resampling.BICUBIC, fillcolor=235)
    buffer = io.BytesIO()
    page.filter(ImageFilter.GaussianBlur(1.4)).save(buffer, "JPEG", quality=rng.randint(30, 70))
    return Image.open(buffer)


class TestSmallBlurredPrints:
    def test_of_20_mm_are_read_every_time(self) -> None:
        # a fixed code of everyday length: every run photographs the same twenty prints
        proof = to_base64url(random.Random(7).randbytes(PROOF_CHARACTERS * 6 // 8))
        url = proof_url("https://www.ashiato.example", "TEST-PM65-97JK-5KXM-HFXP", proof)
        matrix = qr_matrix(url)
        read = [zxingcpp.read_barcode(photographed(matrix, rng=random.Random(seed))) for seed in range(20)]
        assert [result.text if result else None for result in read] == [url] * 20


class TestTheShortCodeIsTheAddressOnly:
    def test_for_packaging(self) -> None:
        number = new_number(Environment.LIVE)
        matrix = qr_matrix(short_url(ISSUER, number))
        assert zxingcpp.read_barcode(picture(matrix)).text == f"{ISSUER}/c/{number}"
        assert len(matrix) - 2 * QUIET_MODULES <= 33


class TestEveryCode:
    def test_has_a_quiet_zone_of_four_modules(self) -> None:
        matrix = qr_matrix("https://certs.example/c/TEST")
        edge = [*matrix[:4], *matrix[-4:], *zip(*matrix, strict=True)][:8]
        assert not any(any(row) for row in edge)
        assert all(not any((*row[:4], *row[-4:])) for row in matrix)

    def test_has_error_level_m(self) -> None:
        assert zxingcpp.read_barcode(picture(qr_matrix("https://certs.example/c/TEST"))).ec_level == "M"

    def test_is_drawn_the_same_every_time(self) -> None:
        assert qr_svg("https://certs.example/c/TEST") == qr_svg("https://certs.example/c/TEST")

    def test_the_drawing_covers_exactly_the_dark_modules(self) -> None:
        url = "https://certs.example/c/TEST"
        path = qr_svg(url).rsplit('d="', 1)[1].partition('"')[0]
        drawn, x, y = set(), 0, 0
        for command, dx, line in re.findall(r"([Mmh])(\d+)(?: (\d+))?", path):
            if command == "M":
                x, y = int(dx), int(line)
                continue
            if command == "h":
                drawn |= {(x + step, y) for step in range(int(dx))}
            x += int(dx)
        matrix = qr_matrix(url)
        assert drawn == {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}
