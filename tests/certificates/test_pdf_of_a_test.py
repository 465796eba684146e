"""On paper, nobody takes a test certificate for a real one."""

from typing import Any

import pytest

from certificates.sheet import Locale, strings
from certificates.statement import Environment
from tests.certificates.authority import Issued, a_ring
from tests.certificates.builders import (
    a_cancellation,
    a_jcm_cancellation,
    a_statement,
)
from tests.certificates.papers import LOCALES, a_pdf
from tests.certificates.pdf_reading import (
    page_count,
    picture_of,
    unspaced,
    words_of,
)

VIOLET = (90, 42, 140)


class TestNobodyTakesATestForARealCertificate:
    @pytest.mark.parametrize("locale", LOCALES)
    def test_every_page_of_a_sandbox_certificate_says_so_in_both_languages(self, locale: Locale) -> None:
        pdf = a_pdf(a_statement(environment=Environment.SANDBOX), locale=locale)
        for page in range(page_count(pdf)):
            text = words_of(pdf, page)
            assert "テスト証明書" in text
            assert "TESTCERTIFICATE" in text
            assert _violet_edge(pdf, page)
        assert unspaced(strings(locale)["words"]["sandbox_note"]) in words_of(pdf, 0)

    @pytest.mark.parametrize("locale", LOCALES)
    def test_a_live_certificate_has_none_of_it(self, locale: Locale) -> None:
        ring = a_ring(Environment.LIVE)
        real = {"cancellations": tuple(c.model_copy(update={"invented": False}) for c in a_statement().cancellations)}
        issued = Issued(ring=ring, changes=real)
        pdf = a_pdf(issued.statement, issued.disclosures, locale=locale, jwt=issued.credential)
        text = words_of(pdf)
        assert "テスト" not in text
        assert "TEST" not in text
        assert "試験" not in text
        assert not any(_violet_edge(pdf, page) for page in range(page_count(pdf)))

    def test_invented_credits_are_called_invented(self) -> None:
        assert words_of(a_pdf(a_statement())).count("実在しないクレジットです") == 2

    def test_real_credits_are_not(self) -> None:
        real = a_statement(cancellations=(a_cancellation(invented=False), a_jcm_cancellation(invented=False)))
        assert "実在しないクレジットです" not in words_of(a_pdf(real))


def _violet_edge(pdf: bytes, page: int) -> bool:
    """Whether the outermost millimetres of all four sides carry the violet hatch."""
    picture = picture_of(pdf, page, dpi=72)
    wide, high = picture.size
    strips = [(0, 0, wide, 12), (0, high - 12, wide, high), (0, 0, 12, high), (wide - 12, 0, wide, high)]
    return all(any(_near(colour, VIOLET) for _, colour in _colours(picture.crop(strip))) for strip in strips)


def _colours(picture: Any) -> list[tuple[int, tuple[int, int, int]]]:
    return list(picture.getcolors(maxcolors=100_000))


def _near(colour: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(colour, wanted, strict=True))
