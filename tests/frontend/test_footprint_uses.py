"""What can be done with a result: see how sure it is, keep it as files, compare it, reduce it."""

import json
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html
from openpyxl import load_workbook
from starlette.testclient import TestClient

from frontend.locales import Locale
from frontend.order_form import OFFSET_TYPES
from frontend.worked_example import example_inputs
from offset_calc import Footprint, by_type, event, from_dict, replay
from offset_calc.calculators import CALCULATORS
from offset_calc.comparison import compare
from offset_calc.measures import effort
from offset_calc.quantities import read_decimal
from offset_calc.recall import Recall, affected
from offset_calc.uncertainty import analytic
from tests.frontend.preview import FootprintsInMemory, PreviewServices, preview_app
from tests.frontend.test_calculators import EXAMPLES, ORGANISATION, typed

LANGUAGES = [locale.value for locale in Locale]


@pytest.fixture
def conference() -> Footprint:
    return event.calculate(event.read_inputs(example_inputs()))


def kept(site: TestClient, kind: str, sent: dict[str, str] | None = None) -> str:
    """Calculate through the form; returns the footprint's id."""
    answer = site.post(f"/ja/calculate/{kind}", data=sent or EXAMPLES[kind])
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].rpartition("/")[2])


def main_text(answer: Any) -> str:
    return str(html.fromstring(answer.content).get_element_by_id("main").text_content())


@pytest.mark.parametrize("language", LANGUAGES)
class TestHowSureItIs:
    async def test_range_and_percentage_are_those_of_the_library(
        self, site: TestClient, services: PreviewServices, conference: Footprint, language: str
    ) -> None:
        footprint_id = await services.footprints.save(conference)
        text = main_text(site.get(f"/{language}/footprints/{footprint_id}"))
        found = analytic(conference)
        for grams in (found.low.value, found.high.value):
            assert f"{grams // 1_000_000}.{grams % 1_000_000:06d}" in text
        assert f"± {found.percent}%" in text

    def test_an_organisation_is_shown_by_scope_and_by_gas(self, site: TestClient, language: str) -> None:
        footprint_id = kept(site, "organisation")
        text = main_text(site.get(f"/{language}/footprints/{footprint_id}"))
        assert "R-410A" in text
        assert ("ロケーション基準" if language == "ja" else "location-based") in text

    def test_a_product_is_shown_per_unit(self, site: TestClient, services: PreviewServices, language: str) -> None:
        footprint_id = kept(site, "product")
        grams = services.footprints.only().total.value / 1000
        assert f"{grams:,.3f} g" in main_text(site.get(f"/{language}/footprints/{footprint_id}"))

    async def test_a_list_of_activities_from_the_api_has_a_page_too(
        self, site: TestClient, services: PreviewServices, language: str
    ) -> None:
        calculator = by_type("activities")
        assert calculator is not None
        rows = [{"quantity": "10", "unit": "L", "factor_id": "jp.shk.gasoline.co2"}]
        period = {"start": "2025-04-01", "end": "2026-03-31"}
        raw = {"subject": {"name": "車両"}, "period": period, "activities": rows}
        footprint_id = await services.footprints.save(calculator.calculate(calculator.read_inputs(raw)))
        answer = site.get(f"/{language}/footprints/{footprint_id}")
        assert answer.status_code == 200
        assert "/calculate/activities" not in answer.text


def test_every_type_leads_to_a_kind_of_offset() -> None:
    assert OFFSET_TYPES.keys() == {calculator.type for calculator in CALCULATORS}


class TestFiles:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("kind", list(EXAMPLES))
    def test_the_workbook_has_three_sheets_and_the_total(
        self, site: TestClient, services: PreviewServices, kind: str, language: str
    ) -> None:
        answer = site.get(f"/{language}/footprints/{kept(site, kind)}/worksheet.xlsx")
        book = load_workbook(BytesIO(answer.content), data_only=True)
        cells = [cell.value for row in book.worksheets[1].iter_rows() for cell in row]
        assert len(book.worksheets) == 3
        assert services.footprints.only().total.value in cells
        assert answer.headers["cache-control"] == "private, no-store"

    async def test_the_document_replays_to_the_same_gram(
        self, site: TestClient, services: PreviewServices, conference: Footprint
    ) -> None:
        footprint_id = await services.footprints.save(conference)
        answer = site.get(f"/footprints/{footprint_id}.json")
        document = json.loads(answer.content)
        assert replay(document).total == conference.total
        assert from_dict(document).sha256 == conference.sha256

    @pytest.mark.parametrize(
        "address", ["/footprints/fp_no.json", "/ja/footprints/fp_no/worksheet.xlsx", "/ja/footprints/fp_no/reduce"]
    )
    def test_what_is_not_kept_is_not_found(self, site: TestClient, address: str) -> None:
        assert site.get(address).status_code == 404


class TestEstimateAndActualFigures:
    FORM = "/ja/calculate/household"

    def test_the_form_is_filled_and_leads_to_the_difference(self, site: TestClient, services: PreviewServices) -> None:
        first = kept(site, "household")
        page = html.fromstring(site.get(f"{self.FORM}?footprint={first}&compare=1").content)
        sent = {**typed(page), "electricity/0/electricity_kwh": "4000", "action": "calculate"}
        location = site.post(self.FORM, data=sent).headers["location"]
        assert location.startswith(f"/ja/footprints/{first}/compare/")
        before, after = services.footprints.all()
        difference = compare(before, after).change
        assert difference > 0
        assert f"+{difference / 1000:,.3f}" in main_text(site.get(location))

    def test_a_refused_entry_does_not_lose_what_it_is_compared_with(self, site: TestClient) -> None:
        first = kept(site, "household")
        page = html.fromstring(site.get(f"{self.FORM}?footprint={first}&compare=1").content)
        sent = {**typed(page), "electricity/0/electricity_kwh": "x", "action": "calculate"}
        again = html.fromstring(site.post(self.FORM, data=sent).content)
        assert typed(again)["compared"] == first

    @pytest.mark.parametrize("compared", ["fp_nothing", "", "../../x"])
    def test_a_forged_first_one_is_left_out(self, site: TestClient, compared: str) -> None:
        sent = {**EXAMPLES["household"], "compared": compared}
        assert "/compare/" not in site.post(self.FORM, data=sent).headers["location"]

    def test_types_do_not_mix(self, site: TestClient) -> None:
        household, organisation = kept(site, "household"), kept(site, "organisation")
        assert site.get(f"/ja/footprints/{household}/compare/{organisation}").status_code == 404
        sent = {**ORGANISATION, "compared": household}
        assert "/compare/" not in site.post("/ja/calculate/organisation", data=sent).headers["location"]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_a_category_in_one_only_is_marked(self, site: TestClient, language: str) -> None:
        less = {name: given for name, given in EXAMPLES["household"].items() if not name.startswith("car/")}
        first, second = kept(site, "household"), kept(site, "household", less)
        text = main_text(site.get(f"/{language}/footprints/{first}/compare/{second}"))
        assert ("片方だけで計算" if language == "ja" else "Counted in one only") in text
        assert "−" in text


class TestReducing:
    async def test_every_measure_shown_saves_what_the_library_says(
        self, site: TestClient, services: PreviewServices, conference: Footprint
    ) -> None:
        footprint_id = await services.footprints.save(conference)
        page = html.fromstring(site.get(f"/ja/footprints/{footprint_id}/reduce").content)
        shown = [
            str(name).removeprefix("percent.") for name in page.xpath("//input[starts-with(@name,'percent.')]/@name")
        ]
        saved = [effort(conference, measure, read_decimal("100"), "planned").saved for measure in shown]
        assert shown
        assert saved == sorted(saved, reverse=True)
        assert all(grams > 0 for grams in saved)

    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_what_is_stated_goes_on_to_the_offset(
        self, site: TestClient, services: PreviewServices, conference: Footprint, language: str
    ) -> None:
        footprint_id = await services.footprints.save(conference)
        stated = {"percent.online_seats": "２０", "status.online_seats": "done"}
        page = html.fromstring(site.get(f"/{language}/footprints/{footprint_id}/reduce", params=stated).content)
        saved = effort(conference, "online_seats", read_decimal("20"), "done").saved
        (link,) = [str(link) for link in page.xpath("//a/@href") if "/offset?" in str(link)]
        (text,) = parse_qs(urlsplit(link).query)["reduction_effort"]
        assert f"{saved / 1000:,.3f}" in page.text_content()
        assert "20%" in text
        assert ("実施" if language == "ja" else "Done") in text

    @pytest.mark.parametrize("given", ["0", "101", "-5", "many", "1e9"])
    async def test_a_share_that_is_none_is_refused_and_kept(
        self, site: TestClient, services: PreviewServices, conference: Footprint, given: str
    ) -> None:
        footprint_id = await services.footprints.save(conference)
        stated = {"percent.online_seats": given, "status.online_seats": "done"}
        answer = site.get(f"/ja/footprints/{footprint_id}/reduce", params=stated)
        page = html.fromstring(answer.content)
        assert answer.status_code == 422
        assert page.xpath("//*[@aria-invalid='true']/@value") == [given]

    async def test_a_forged_state_is_refused(
        self, site: TestClient, services: PreviewServices, conference: Footprint
    ) -> None:
        footprint_id = await services.footprints.save(conference)
        stated = {"percent.online_seats": "10", "status.online_seats": "certified"}
        assert site.get(f"/ja/footprints/{footprint_id}/reduce", params=stated).status_code == 422

    def test_where_nothing_helps_it_is_said(self, site: TestClient) -> None:
        only_kerosene = {name: given for name, given in EXAMPLES["household"].items() if "/0/" not in name}
        footprint_id = kept(site, "household", {**only_kerosene, "kerosene/0/kerosene_l": "90"})
        assert "減らすものがありません" in main_text(site.get(f"/ja/footprints/{footprint_id}/reduce"))


class TestRecalledFactors:
    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_the_page_says_so_with_the_corrected_total(self, language: str) -> None:
        store = FootprintsInMemory()
        store.recalls.append(Recall("jp.grid.fy2024.national_average", "<b>印刷の誤り</b>", Decimal("0.846")))
        footprint = event.calculate(event.read_inputs(example_inputs()))
        footprint_id = await store.save(footprint)
        (found,) = affected([footprint.to_dict()], store.recalls[0])
        with TestClient(preview_app(PreviewServices(footprints=store))) as site:
            answer = site.get(f"/{language}/footprints/{footprint_id}")
        assert found.corrected is not None
        grams = found.corrected.value
        assert "<b>印刷" not in answer.text
        assert f"{grams // 1_000_000}.{grams % 1_000_000:06d}" in main_text(answer)

    async def test_another_factor_s_recall_is_no_matter_here(self) -> None:
        store = FootprintsInMemory()
        store.recalls.append(Recall("jp.shk.gasoline.co2", "印刷の誤り"))
        footprint_id = await store.save(event.calculate(event.read_inputs(example_inputs())))
        with TestClient(preview_app(PreviewServices(footprints=store))) as site:
            assert "印刷の誤り" not in site.get(f"/ja/footprints/{footprint_id}").text
