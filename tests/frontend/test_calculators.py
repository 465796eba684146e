"""The calculators of households, products and organisations, as a visitor without JavaScript meets them."""

from typing import Any

import pytest
from lxml import html
from starlette.testclient import TestClient

from frontend.locales import Locale
from frontend.pages.calculator import ON_PAGES
from offset_calc import by_type
from tests.frontend.preview import PreviewServices

PERIOD = {"period/start": "2025-04-01", "period/end": "2026-03-31", "action": "calculate"}
HOUSEHOLD = {
    **PERIOD,
    "subject/name": "わが家",
    "electricity/0/electricity_kwh": "３，６００",
    "city_gas/0/household_size": "size3",
    "lpg/0/lpg_m3": "12.5",
    "kerosene/0/kerosene_l": "90",
    "car/0/distance_km": "8,000",
}
PRODUCT = {
    **PERIOD,
    "subject/name": "水筒",
    "subject/functional_unit": "500 mL を一回持ち運ぶ",
    "subject/units": "1000",
    "materials/0/material": "steel",
    "materials/0/mass_kg": "250",
    "materials/0/allocation_percent": "50",
    "production/0/electricity_kwh": "800",
    "distribution/0/mode": "truck",
    "distribution/0/mass_kg": "300",
    "distribution/0/distance_km": "120",
}
ORGANISATION = {
    **PERIOD,
    "subject/name": "例の組織",
    "scope1_fuels/0/site": "本社",
    "scope1_fuels/0/fuel": "gasoline",
    "scope1_fuels/0/quantity": "2000",
    "scope1_fuels/0/unit": "L",
    "scope1_refrigerants/0/gas": "r410a",
    "scope1_refrigerants/0/charge_kg": "12",
    "scope1_refrigerants/0/recovered_kg": "11.5",
    "scope2_electricity/0/electricity_kwh": "50000",
    "scope3_07_commuting/0/people": "40",
    "scope3_07_commuting/0/days": "220",
    "scope3_06_business_travel/0/employee_years": "40",
}
OWN_FACTOR = {
    "materials/0/quantity": "10",
    "materials/0/unit": "kg",
    "materials/0/factor.value": "1.25",
    "materials/0/factor.unit": "kgCO2e/kg",
    "materials/0/factor.source": "仕入先の報告書",
}
WITH_OWN_FACTOR = {name: given for name, given in PRODUCT.items() if not name.startswith("materials/")} | OWN_FACTOR
EXAMPLES = {"household": HOUSEHOLD, "product": PRODUCT, "organisation": ORGANISATION}


def calculator(page: html.HtmlElement) -> Any:
    return next(form for form in page.forms if "/calculate/" in (form.action or ""))


def typed(page: html.HtmlElement) -> dict[str, str]:
    """What a browser would send of the calculator, without a button."""
    return {name: value for name, value in calculator(page).form_values() if name != "action"}


def value(page: html.HtmlElement, name: str) -> str:
    return typed(page)[name]


def buttons(page: html.HtmlElement) -> list[str]:
    return [str(button) for button in page.xpath("//button[@name='action']/@value")]


class TestChoosing:
    @pytest.mark.parametrize("language", [locale.value for locale in Locale])
    def test_every_calculator_is_named_and_can_be_opened(self, site: TestClient, language: str) -> None:
        page = html.fromstring(site.get(f"/{language}/calculate").content)
        links = [str(link) for link in page.find_class("choose")[0].xpath(".//a/@href")]
        calculators = [f"/{language}/calculate/{kind}" for kind in ON_PAGES]
        assert [link for link in links if link in calculators] == calculators
        assert set(links) - set(calculators) == {f"/{language}/plans", f"/{language}/calculate/bulk"}
        assert all(site.get(link).status_code == 200 for link in links)

    @pytest.mark.parametrize("kind", ["activities", "nothing", "Event"])
    def test_what_has_no_page_is_not_found(self, site: TestClient, kind: str) -> None:
        assert site.get(f"/ja/calculate/{kind}").status_code == 404
        assert site.post(f"/ja/calculate/{kind}", data=HOUSEHOLD).status_code == 404


@pytest.mark.parametrize("language", [locale.value for locale in Locale])
@pytest.mark.parametrize("kind", list(EXAMPLES))
class TestEveryType:
    def test_the_form_leads_to_a_result_with_the_total_of_the_library(
        self, site: TestClient, services: PreviewServices, kind: str, language: str
    ) -> None:
        answer = site.post(f"/{language}/calculate/{kind}", data=EXAMPLES[kind])
        assert answer.status_code == 303, answer.text
        footprint = services.footprints.only()
        result = html.fromstring(site.get(answer.headers["location"]).content)
        assert len(result.find_class("sum")) == len(footprint.lines)
        assert f"{footprint.total.value / 1000:,.3f}" in result.text_content()

    def test_the_form_comes_back_as_it_was(
        self, site: TestClient, services: PreviewServices, kind: str, language: str
    ) -> None:
        empty = html.fromstring(site.get(f"/{language}/calculate/{kind}").content)
        sent = {**typed(empty), **EXAMPLES[kind]}
        footprint_id = site.post(f"/{language}/calculate/{kind}", data=sent).headers["location"].rpartition("/")[2]
        page = html.fromstring(site.get(f"/{language}/calculate/{kind}?footprint={footprint_id}").content)
        assert (
            site.post(f"/{language}/calculate/{kind}", data={**typed(page), "action": "calculate"}).status_code == 303
        )
        assert len({footprint.sha256 for footprint in services.footprints.all()}) == 1

    def test_a_result_of_another_type_does_not_fill_the_form(self, site: TestClient, kind: str, language: str) -> None:
        location = site.post(f"/{language}/calculate/{kind}", data=EXAMPLES[kind]).headers["location"]
        footprint_id = location.rpartition("/")[2]
        assert site.get(f"/{language}/calculate/event?footprint={footprint_id}").status_code == 404

    def test_an_empty_form_is_answered_kindly(self, site: TestClient, kind: str, language: str) -> None:
        answer = site.post(f"/{language}/calculate/{kind}", data={"action": "calculate"})
        wrong = {str(name) for name in html.fromstring(answer.content).xpath("//*[@aria-invalid='true']/@name")}
        declared = by_type(kind)
        assert declared is not None
        required = {f"subject/{field.name}" for field in declared.subject_fields if field.required}
        assert answer.status_code == 422
        assert wrong == {"subject/name", "period/start", "period/end", *required}

    def test_an_absurd_number_is_refused_next_to_its_field_and_kept(
        self, site: TestClient, kind: str, language: str
    ) -> None:
        name = next(
            name for name, given in EXAMPLES[kind].items() if given.replace(",", "").isdecimal() and "/0/" in name
        )
        sent = {**EXAMPLES[kind], name: "9" * 39}
        page = html.fromstring(site.post(f"/{language}/calculate/{kind}", data=sent).content)
        assert page.xpath("//*[@aria-invalid='true']/@name") == [name]
        assert {field: given for field, given in typed(page).items() if given == sent.get(field)}.keys() >= (
            sent.keys() - {"action"}
        )


class TestLookingForAFactor:
    FORM = "/ja/calculate/product"
    FIELD = "materials/0/factor_id"

    def test_the_matches_are_buttons_and_nothing_typed_is_lost(self, site: TestClient) -> None:
        sent = {**PRODUCT, self.FIELD: "ガソリン", "action": f"find:{self.FIELD}"}
        page = html.fromstring(site.post(self.FORM, data=sent).content)
        hits = [button for button in buttons(page) if button.startswith(f"take:{self.FIELD}:")]
        assert f"take:{self.FIELD}:jp.shk.gasoline.co2" in hits
        assert value(page, self.FIELD) == "ガソリン"
        assert value(page, "production/0/electricity_kwh") == "800"

    def test_a_match_is_taken_and_then_used(self, site: TestClient, services: PreviewServices) -> None:
        take = {"materials/1/label": "燃料", self.FIELD.replace("/0/", "/1/"): "ガソリン"}
        sent = {**PRODUCT, **take, "action": "take:materials/1/factor_id:jp.shk.gasoline.co2"}
        page = html.fromstring(site.post(self.FORM, data=sent).content)
        entries = {"materials/1/quantity": "10", "materials/1/unit": "L", "action": "calculate"}
        assert site.post(self.FORM, data={**typed(page), **entries}).status_code == 303
        used = [line.factor.id for line in services.footprints.only().lines if line.category == "materials"]
        assert "jp.shk.gasoline.co2" in used

    def test_words_that_nothing_has_are_answered(self, site: TestClient) -> None:
        sent = {self.FIELD: "ありえない品名", "action": f"find:{self.FIELD}"}
        page = html.fromstring(site.post(self.FORM, data=sent).content)
        assert "すべての語を含むものがありません" in page.text_content()

    def test_a_text_that_is_no_factor_is_refused_with_matches_to_choose_from(self, site: TestClient) -> None:
        sent = {**PRODUCT, self.FIELD: "ガソリン", "materials/0/quantity": "1", "materials/0/unit": "L"}
        answer = site.post(self.FORM, data=sent)
        page = html.fromstring(answer.content)
        assert answer.status_code == 422
        assert page.xpath("//*[@aria-invalid='true']/@name") == [self.FIELD]
        assert f"take:{self.FIELD}:jp.shk.gasoline.co2" in buttons(page)

    @pytest.mark.parametrize(
        "action",
        [
            "find:materials/0/mass_kg",
            "find:materials/7/factor_id",
            "find:x",
            "take:materials/0/factor_id:no.such",
            "take:materials/0/mass_kg:jp.shk.gasoline.co2",
            "take:production/0/electricity_menu:jp.shk.gasoline.co2",
        ],
    )
    def test_a_forged_button_does_no_harm(self, site: TestClient, action: str) -> None:
        answer = site.post(self.FORM, data={**PRODUCT, "action": action})
        assert answer.status_code in {200, 303, 422}

    def test_a_short_menu_is_also_offered_while_typing(self, site: TestClient) -> None:
        page = html.fromstring(site.get("/ja/calculate/household").content)
        lists = page.xpath("//input[@name='electricity/0/electricity_menu']/@list")
        assert len(page.get_element_by_id(lists[0]).xpath("./option")) > 100


class TestAFactorOfOnesOwn:
    FORM = "/ja/calculate/product"

    def test_it_is_used_and_named_with_its_source(self, site: TestClient, services: PreviewServices) -> None:
        location = site.post(self.FORM, data=WITH_OWN_FACTOR).headers["location"]
        (line,) = [line for line in services.footprints.only().lines if line.category == "materials"]
        assert line.g == 12_500
        assert "仕入先の報告書" in site.get(location).text

    def test_it_comes_back_into_the_form(self, site: TestClient) -> None:
        footprint_id = site.post(self.FORM, data=WITH_OWN_FACTOR).headers["location"].rpartition("/")[2]
        page = html.fromstring(site.get(f"{self.FORM}?footprint={footprint_id}").content)
        assert {name: value(page, name) for name in OWN_FACTOR} == OWN_FACTOR

    @pytest.mark.parametrize(
        ("name", "given"),
        [
            ("materials/0/factor.value", "たくさん"),
            ("materials/0/factor.unit", "箱"),
            ("materials/0/factor.source", ""),
            ("materials/0/unit", "kWh"),
        ],
    )
    def test_what_is_wrong_stands_next_to_its_field(self, site: TestClient, name: str, given: str) -> None:
        answer = site.post(self.FORM, data={**WITH_OWN_FACTOR, name: given})
        assert answer.status_code == 422
        assert html.fromstring(answer.content).xpath("//*[@aria-invalid='true']/@name") == [name]

    def test_not_together_with_one_of_the_list(self, site: TestClient) -> None:
        sent = {**WITH_OWN_FACTOR, "materials/0/factor_id": "jp.shk.gasoline.co2"}
        page = html.fromstring(site.post(self.FORM, data=sent).content)
        assert page.xpath("//*[@aria-invalid='true']/@name") == ["materials/0/factor_id"]


class TestRounding:
    def test_the_conservative_choice_rounds_every_line_up(self, site: TestClient, services: PreviewServices) -> None:
        site.post("/ja/calculate/household", data=HOUSEHOLD)
        site.post("/ja/calculate/household", data={**HOUSEHOLD, "rounding": "up"})
        usual, up = services.footprints.all()
        assert all(a.g <= b.g for a, b in zip(usual.lines, up.lines, strict=True))
        assert up.rounding == "up"


class TestGoingOnLater:
    FORM = "/ja/calculate/household"

    def test_everything_typed_comes_back_at_an_address_of_its_own(self, site: TestClient) -> None:
        sent = {**HOUSEHOLD, "electricity/0/electricity_kwh": "あとで調べる", "action": "keep"}
        location = site.post(self.FORM, data=sent).headers["location"]
        page = html.fromstring(site.get(location).content)
        assert {name: value(page, name) for name in sent if name != "action"} == {
            name: given for name, given in sent.items() if name != "action"
        }
        assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]

    def test_what_it_is_to_be_compared_with_is_kept_too(self, site: TestClient) -> None:
        location = site.post(self.FORM, data={**HOUSEHOLD, "compared": "fp_1", "action": "keep"}).headers["location"]
        assert value(html.fromstring(site.get(location).content), "compared") == "fp_1"

    def test_an_unknown_draft_is_not_found(self, site: TestClient) -> None:
        assert site.get(f"{self.FORM}?draft=drf_nothing").status_code == 404

    def test_a_draft_of_another_type_is_not_found(self, site: TestClient) -> None:
        location = site.post(self.FORM, data={**HOUSEHOLD, "action": "keep"}).headers["location"]
        assert site.get(location.replace("household", "event")).status_code == 404
