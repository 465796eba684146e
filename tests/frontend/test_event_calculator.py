"""The event calculator as a visitor without JavaScript meets it: fill in, add rows, err, calculate."""

from typing import Any

import pytest
from lxml import html
from starlette.testclient import TestClient

from frontend.calculator_form import MOST_ROWS_ON_A_PAGE, factors_for
from frontend.locales import Locale
from frontend.worked_example import example_inputs
from offset_calc import event
from tests.frontend.preview import PreviewServices

FORM = "/ja/calculate/event"
HEADER = {
    "subject/name": "研究会",
    "subject/place": "札幌",
    "period/start": "2026-12-12",
    "period/end": "2026-12-13",
    "action": "calculate",
}


def calculator(page: html.HtmlElement) -> Any:
    """The calculator among the forms of the page."""
    return next(form for form in page.forms if form.action.endswith("/calculate/event"))


def typed(page: html.HtmlElement) -> dict[str, str]:
    """What a browser would send of the calculator, without a button."""
    return {name: value for name, value in calculator(page).form_values() if name != "action"}


def example_form(site: TestClient, language: str = "ja") -> dict[str, str]:
    return typed(html.fromstring(site.get(f"/{language}/calculate/event?example=sapporo").content))


def errors(page: html.HtmlElement) -> dict[str, str]:
    """Field name → sentence of every field marked as wrong."""
    wrong = page.xpath("//*[@aria-invalid='true']")
    return {
        field.get("name"): " ".join(
            page.get_element_by_id(part).text_content().strip()
            for part in field.get("aria-describedby").split()
            if part.endswith("-error")
        )
        for field in wrong
    }


class TestTheWorkedExample:
    @pytest.mark.parametrize("language", [locale.value for locale in Locale])
    def test_it_leads_to_a_result_with_the_grams_of_the_library(
        self, site: TestClient, services: PreviewServices, language: str
    ) -> None:
        answer = site.post(f"/{language}/calculate/event", data={**example_form(site, language), "action": "calculate"})
        assert answer.status_code == 303
        result = site.get(answer.headers["location"])
        total = event.calculate(event.read_inputs(example_inputs())).total.value
        assert result.status_code == 200
        assert f"{total // 1_000_000}.{total % 1_000_000:06d}" in result.text
        assert services.footprints.only().total.value == total


class TestRowsWithoutScript:
    def test_adding_a_row_keeps_everything_and_puts_the_cursor_there(self, site: TestClient) -> None:
        before = example_form(site)
        answer = site.post(FORM, data={**before, "action": "add:travel_participants"})
        page = html.fromstring(answer.content)
        after = typed(page)
        assert {name: after[name] for name in before} == before
        assert after["travel_participants/3/people"] == ""
        assert page.xpath("//*[@autofocus]/@name") == ["travel_participants/3/people"]

    def test_removing_a_row_moves_the_others_up(self, site: TestClient) -> None:
        answer = site.post(FORM, data={**example_form(site), "action": "remove:travel_participants:0"})
        after = typed(html.fromstring(answer.content))
        assert after["travel_participants/0/distance_km"] == "150"
        assert after["travel_participants/1/people"] == "26"
        assert "travel_participants/2/people" not in after

    def test_even_wrong_entries_are_kept_meanwhile(self, site: TestClient) -> None:
        answer = site.post(FORM, data={"lodging/0/people": "many", "action": "add:lodging"})
        assert answer.status_code == 200
        assert typed(html.fromstring(answer.content))["lodging/0/people"] == "many"

    def test_rows_end_somewhere(self, site: TestClient) -> None:
        last = f"waste/{MOST_ROWS_ON_A_PAGE - 1}/mass_kg"
        answer = site.post(FORM, data={last: "5", "action": "add:waste"})
        page = html.fromstring(answer.content)
        assert typed(page)[last] == "5"
        assert f"waste/{MOST_ROWS_ON_A_PAGE}/mass_kg" not in typed(page)
        assert not page.xpath("//button[@value='add:waste']")

    @pytest.mark.parametrize(
        "action", ["remove:lodging:99999999", "remove:nothing:0", "add:nothing", "strange", "remove:lodging:x"]
    )
    def test_a_forged_button_does_no_harm(self, site: TestClient, action: str) -> None:
        assert site.post(FORM, data={"lodging/0/people": "3", "action": action}).status_code in {200, 422}

    def test_names_that_are_not_ours_are_left_alone(self, site: TestClient) -> None:
        strange = {
            "lodging/99999999999/people": "1",
            "lodging": "x",
            "lodging/0/people/more": "y",
            "/": "z",
            "lodging/-1/people": "2",
        }
        page = html.fromstring(site.post(FORM, data={**HEADER, **strange, "lodging/0/people": "3"}).content)
        assert typed(page)["lodging/0/people"] == "3"


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "value", "part"),
        [
            ("travel_participants/0/people", "-3", "0以上の数"),
            ("travel_participants/0/people", "２．５", "整数"),
            ("travel_participants/1/distance_km", "1000000000000", "50,000以下"),
            ("travel_participants/1/distance_km", "10^12", "指数"),
            ("travel_participants/1/distance_km", "1,2,3", "桁区切り"),
            ("travel_participants/1/distance_km", "とおい", "数字で入力"),
            ("travel_participants/0/origin", "どこにもない町", "「どこにもない町」が見つかりません"),
            ("travel_participants/0/origin", "府中", "府中市（東京都）、府中市（広島県）"),
            ("travel_participants/0/origin", "札幌", "同じ場所"),
            ("travel_participants/0/mode", "air_international_economy", "使えない移動手段"),
            ("venue_energy/0/electricity_menu", "無い電力", "見つかりません"),
            ("period/end", "2026-12-01", "始まりの日"),
            ("period/start", "12月の中頃", "2026-12-12 のように"),
            ("subject/name", "", "入力してください"),
        ],
    )
    def test_the_sentence_stands_next_to_the_field_and_everything_is_kept(
        self, site: TestClient, name: str, value: str, part: str
    ) -> None:
        sent = {**example_form(site), name: value}
        answer = site.post(FORM, data={**sent, "action": "calculate"})
        page = html.fromstring(answer.content)
        assert answer.status_code == 422
        assert part in errors(page)[name]
        assert typed(page) == sent

    def test_the_summary_links_to_every_wrong_field(self, site: TestClient) -> None:
        sent = {**example_form(site), "lodging/0/people": "x", "waste/0/mass_kg": "y", "action": "calculate"}
        page = html.fromstring(site.post(FORM, data=sent).content)
        links = page.xpath("//*[@id='problems']//a/@href")
        assert links == ["#f-lodging-0-people", "#f-waste-0-mass_kg"]
        for link in links:
            field = page.get_element_by_id(link[1:])
            assert all(fold.get("open") is not None for fold in field.xpath("ancestor::details"))

    def test_an_incomplete_row_says_what_would_help(self, site: TestClient) -> None:
        sent = {**HEADER, "travel_participants/0/people": "12", "travel_participants/0/mode": "rail"}
        page = html.fromstring(site.post(FORM, data=sent).content)
        row = page.get_element_by_id("f-travel_participants-0")
        sentence = page.get_element_by_id(row.get("aria-describedby")).text_content()
        assert "出発地" in sentence
        assert "運賃の合計" in sentence

    def test_an_empty_form_is_answered_kindly(self, site: TestClient) -> None:
        answer = site.post(FORM, data={"action": "calculate"})
        assert answer.status_code == 422
        assert set(errors(html.fromstring(answer.content))) == {"subject/name", "period/start", "period/end"}

    def test_nothing_but_a_name_and_dates_is_nothing_to_calculate(self, site: TestClient) -> None:
        page = html.fromstring(site.post(FORM, data=HEADER).content)
        assert "計算する項目がありません" in page.get_element_by_id("problems").text_content()

    def test_in_english_too(self, site: TestClient) -> None:
        sent = {**example_form(site, "en"), "travel_participants/0/people": "-3", "action": "calculate"}
        page = html.fromstring(site.post("/en/calculate/event", data=sent).content)
        assert errors(page) == {"travel_participants/0/people": "Write a number of 0 or more."}

    def test_a_reason_for_leaving_out_and_values_exclude_each_other(self, site: TestClient) -> None:
        sent = {**example_form(site), "left_out/waste": "negligible", "action": "calculate"}
        page = html.fromstring(site.post(FORM, data=sent).content)
        assert errors(page).keys() == {"left_out/waste"}


class TestWhatPeopleType:
    def test_full_width_digits_and_separators_are_understood(self, site: TestClient, services: PreviewServices) -> None:
        sent = {**HEADER, "venue_energy/0/electricity_kwh": "１，２００"}
        assert site.post(FORM, data=sent).status_code == 303
        assert str(services.footprints.only().lines[0].quantity) == "1200"

    @pytest.mark.parametrize("language", [locale.value for locale in Locale])
    def test_a_tariff_menu_is_found_by_its_name(
        self, site: TestClient, services: PreviewServices, language: str
    ) -> None:
        menu = factors_for(event.EVENT.category("venue_energy").fields_by_name["electricity_menu"])[0]
        name = menu.name_ja if language == "ja" else menu.name_en
        sent = {**HEADER, "venue_energy/0/electricity_kwh": "10", "venue_energy/0/electricity_menu": name}
        assert site.post(f"/{language}/calculate/event", data=sent).status_code == 303
        assert services.footprints.only().lines[0].factor.id == menu.id

    def test_a_reason_is_carried_to_the_result(self, site: TestClient) -> None:
        sent = {**HEADER, "waste/0/mass_kg": "60", "left_out/freight": "does_not_occur"}
        result = site.get(site.post(FORM, data=sent).headers["location"])
        assert "発生しない" in result.text


class TestChangingAResult:
    def test_the_form_comes_back_as_it_was(self, site: TestClient, services: PreviewServices) -> None:
        first = site.post(FORM, data={**example_form(site), "action": "calculate"}).headers["location"]
        footprint_id = first.rpartition("/")[2]
        page = html.fromstring(site.get(f"{FORM}?footprint={footprint_id}").content)
        again = site.post(FORM, data={**typed(page), "action": "calculate"})
        assert again.status_code == 303
        kept = services.footprints.all()
        assert len({footprint.sha256 for footprint in kept}) == 1

    def test_an_unknown_footprint_is_not_found(self, site: TestClient) -> None:
        assert site.get(f"{FORM}?footprint=fp_nothing").status_code == 404


class TestAnUntouchedForm:
    def test_stands_open_at_the_first_thing_that_must_be_counted(self, site: TestClient) -> None:
        page = html.fromstring(site.get(FORM).content)
        assert page.xpath("//details[contains(@class, 'category')][@open]/@id") == ["f-venue_energy"]

    def test_is_not_touched_again_once_something_stands_in_it(self, site: TestClient) -> None:
        shown = site.post(FORM, data={"waste/0/mass_kg": "12", "action": "show"})
        page = html.fromstring(shown.content)
        assert page.xpath("//details[contains(@class, 'category')][@open]/@id") == ["f-waste"]
