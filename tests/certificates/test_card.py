"""The picture for previews: one size, the sandbox's mark, no name that is not public."""

import io

import pytest
from PIL import Image

from certificates.card import HEIGHT, WIDTH, card_png
from certificates.sheet import Locale
from certificates.statement import Disclosures, Environment, Statement
from tests.certificates.builders import a_statement, commitments_to, some_disclosures

VIOLET, VERMILION = (90, 42, 134), (169, 42, 23)


def a_card(
    statement: Statement | None = None, disclosures: Disclosures | None = None, *, state: str | None = None
) -> bytes:
    shown = some_disclosures() if disclosures is None else disclosures
    locale: Locale = "ja"
    return card_png(
        statement or a_statement(), shown, verification_url="https://certs.example/c/X", locale=locale, state=state
    )


def colours(picture: bytes) -> set[object]:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    return {colour for _, colour in image.getcolors(maxcolors=WIDTH * HEIGHT) or []}


class TestTheCard:
    def test_has_the_size_that_previews_want(self) -> None:
        assert Image.open(io.BytesIO(a_card())).size == (WIDTH, HEIGHT) == (1200, 630)

    def test_carries_the_sandboxs_mark_and_only_there(self) -> None:
        assert VIOLET in colours(a_card())
        assert VIOLET not in colours(a_card(a_statement(environment=Environment.LIVE)))

    def test_says_that_a_certificate_has_ended(self) -> None:
        assert VERMILION in colours(a_card(state="失効"))
        assert VERMILION not in colours(a_card())

    def test_is_the_same_for_any_name_that_is_not_public(self) -> None:
        other = some_disclosures(beneficiary="別の団体")
        hidden = {field: text for field, text in some_disclosures().items() if field != "beneficiary"}
        # the mark differs with the commitment, so one statement is drawn with and without its name
        assert a_card(disclosures=hidden) == a_card(disclosures={})
        assert a_card(disclosures=hidden) != a_card()
        assert a_card(a_statement(other), other) != a_card()

    @pytest.mark.parametrize("name", ["𠮷野家髙橋﨑", "と" * 400, '<script>"&', "#eval(1) $x$ *b*"])
    def test_takes_any_name(self, name: str) -> None:
        texts = some_disclosures(beneficiary=name)
        statement = a_statement(commitments=commitments_to(texts), grams=1_234_567)
        assert Image.open(io.BytesIO(a_card(statement, texts))).size == (WIDTH, HEIGHT)
