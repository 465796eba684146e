"""The camera in a real browser: a video of a blurred, tilted print is read, and leads to the certificate's page."""

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Page, Route
from starlette.testclient import TestClient

from certificates.compact_proof import PROOF_CHARACTERS
from certificates.jose import to_base64url
from certificates.qr import proof_url, qr_matrix
from tests.browser import chromium
from tests.frontend.test_accessibility import address

__all__ = ["address"]  # a fixture

NUMBER = "TEST-PM65-97JK-5KXM-HFXP"
PROOF = to_base64url(random.Random(7).randbytes(PROOF_CHARACTERS * 6 // 8))
FRAMES = 4


def a_frame(url: str, tilt: float) -> bytes:
    """One picture of a print as a web camera sees it: grey, tilted, a little out of focus."""
    matrix = qr_matrix(url)
    code = Image.new("L", (len(matrix), len(matrix)), 235)
    code.putdata([40 if dark else 235 for row in matrix for dark in row])
    page = Image.new("L", (640, 480), 180)
    page.paste(code.resize((len(matrix) * 5,) * 2, Image.Resampling.NEAREST), (160, 70))
    picture = io.BytesIO()
    tilted = page.rotate(tilt, resample=Image.Resampling.BICUBIC, fillcolor=180)
    tilted.filter(ImageFilter.GaussianBlur(1.1)).convert("RGB").save(picture, "JPEG", quality=70)
    return picture.getvalue()


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose camera shows a print of another host's code for this certificate."""
    folder: Path = tmp_path_factory.mktemp("camera")
    url = proof_url("https://www.ashiato.example", NUMBER, PROOF)
    video = folder / "print.mjpeg"
    video.write_bytes(b"".join(a_frame(url, tilt) for tilt in range(4, 4 + FRAMES)))
    with chromium(
        folder,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ) as browser:
        yield browser


def the_page_that_opens(page: Page, address: str) -> str:
    """Where the camera leads; nothing of the certificate's page itself is needed here."""

    def arrive(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body="<h1>here</h1>")

    page.route("**/c/*", arrive)
    page.goto(f"{address}/ja/verify")
    page.click("#camera-start")
    page.wait_for_url("**/c/*", timeout=20_000)
    return page.url


class TestTheCamera:
    def test_leads_to_the_certificate_on_our_own_host(self, seeing: Browser, address: str) -> None:
        page = seeing.new_page()
        assert the_page_that_opens(page, address) == f"{address}/c/{NUMBER}#{PROOF}"

    def test_says_beforehand_where_the_pictures_go(self, seeing: Browser, address: str) -> None:
        page = seeing.new_page()
        page.goto(f"{address}/en/verify")
        page.wait_for_selector("#camera:not([hidden])")
        can_read = page.evaluate("'BarcodeDetector' in window")
        assert page.is_visible("[data-pictures=sent]") is not can_read
        assert page.is_visible("[data-pictures=stay]") is can_read

    def test_with_a_reader_of_the_browsers_own_sends_nothing(self, seeing: Browser, address: str) -> None:
        page = seeing.new_page()
        page.add_init_script(
            "window.BarcodeDetector = class { static getSupportedFormats = async () => ['qr_code'];"
            f"detect = async () => [{{ rawValue: 'https://other.example/c/{NUMBER}#{PROOF}' }}] }};"
        )
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.method))
        assert the_page_that_opens(page, address) == f"{address}/c/{NUMBER}#{PROOF}"
        assert "POST" not in sent


class TestAPictureThatIsSentToBeRead:
    @pytest.mark.parametrize(
        ("picture", "status"),
        [(b"no picture", 204), (b"", 204), (bytes(2_000_001), 413), (a_frame("https://shop.example/menu", 3), 204)],
        ids=["rubbish", "nothing", "too large", "another code"],
    )
    def test_without_a_certificates_code_is_answered_calmly(
        self, site: TestClient, picture: bytes, status: int
    ) -> None:
        answer = site.post("/ja/verify/picture", content=picture)
        assert (answer.status_code, answer.content) == (status, b"")

    def test_with_one_gives_its_address(self, site: TestClient) -> None:
        url = proof_url("https://www.ashiato.example", NUMBER, PROOF)
        answer = site.post("/ja/verify/picture", content=a_frame(url, 5))
        assert (answer.status_code, answer.text) == (200, url)
