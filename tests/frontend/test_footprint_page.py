"""The result page: one figure, its lines, and everything a stranger needs to redo them by hand."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from lxml import html
from starlette.testclient import TestClient

from frontend.locales import Locale
from frontend.worked_example import example_inputs
from offset_calc import Footprint, event
from tests.frontend.preview import PreviewServices


@pytest.fixture
def footprint() -> Footprint:
    return event.calculate(event.read_inputs(example_inputs()))


@pytest.fixture
async def page(site: TestClient, services: PreviewServices, footprint: Footprint) -> html.HtmlElement:
    footprint_id = await services.footprints.save(footprint)
    return html.fromstring(site.get(f"/ja/footprints/{footprint_id}").content)


def number(text: str) -> Decimal:
    return Decimal(text.strip().replace(",", ""))


class TestRedoItWithAPocketCalculator:
    def test_every_line_can_be_multiplied_out_from_what_is_printed(
        self, page: html.HtmlElement, footprint: Footprint
    ) -> None:
        sums = page.find_class("sum")
        assert len(sums) == len(footprint.lines)
        total = 0
        for table in sums:
            result = Decimal(1)
            for row in table.xpath("./tbody/tr"):
                sign, whole, decimals = (cell.text_content().strip() for cell in row.xpath("./td")[:3])
                value = number(whole + decimals)
                result = result / value if sign == "÷" else result * value
            printed = table.xpath("./tfoot/tr[2]/td[2]")[0].text_content()
            assert result.quantize(Decimal(1), rounding=ROUND_HALF_UP) == number(printed)
            total += int(number(printed))
        assert total == footprint.total.value

    def test_lines_come_largest_first(self, page: html.HtmlElement) -> None:
        amounts = [number(cell.text_content().removesuffix("kg")) for cell in page.find_class("line-amount")]
        assert amounts == sorted(amounts, reverse=True)

    def test_the_categories_add_up_to_the_total(self, page: html.HtmlElement, footprint: Footprint) -> None:
        table = page.find_class("ledger")[0]
        rows = [number(cell.text_content()) for cell in table.xpath("./tbody/tr/td[2]")]
        assert sum(rows) * 1000 == footprint.total.value
        assert number(table.xpath("./tfoot/tr/td[2]")[0].text_content()) == sum(rows)

    def test_every_factor_names_its_publisher_and_source(self, page: html.HtmlElement, footprint: Footprint) -> None:
        text = page.text_content()
        for factor in footprint.factors():
            assert factor.id in text
            assert factor.source_publisher in text
            assert factor.source_title in text


class TestHonesty:
    def test_a_missing_required_category_is_said(self, page: html.HtmlElement, footprint: Footprint) -> None:
        assert not footprint.complete
        assert "まだ完全ではありません" in page.text_content()
        left_out = page.get_element_by_id("left-out").text_content()
        assert "スタッフの移動" in left_out
        assert "入力がない" in left_out

    def test_assumptions_are_marked_with_their_basis(self, page: html.HtmlElement, footprint: Footprint) -> None:
        marks = [mark.text_content() for mark in page.find_class("origin")]
        assert marks.count("仮定") == len(footprint.assumptions())

    def test_the_figure_is_rounded_and_the_exact_one_stands_below(self, page: html.HtmlElement) -> None:
        assert page.find_class("headline-figure")[0].text_content().startswith("6.069")
        assert "6.068701" in page.find_class("result")[0].text_content()

    def test_search_engines_are_kept_out(self, page: html.HtmlElement) -> None:
        assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]


class TestTheAddress:
    def test_an_unknown_footprint_is_not_found(self, site: TestClient) -> None:
        assert site.get("/ja/footprints/fp_nothing").status_code == 404

    @pytest.mark.parametrize("language", [locale.value for locale in Locale])
    async def test_a_hostile_title_stays_text(self, site: TestClient, services: PreviewServices, language: str) -> None:
        inputs = example_inputs()
        inputs["subject"]["name"] = "<script>alert(1)</script>"
        footprint_id = await services.footprints.save(event.calculate(event.read_inputs(inputs)))
        answer = site.get(f"/{language}/footprints/{footprint_id}")
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;" in answer.text
