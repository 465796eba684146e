"""What an unfinished form comes to: exact where it can be, silent where it cannot, and never in the way."""

from typing import Any

import pytest
from lxml import html
from starlette.testclient import TestClient

from tests.frontend.preview import PreviewServices
from tests.frontend.test_calculators import EXAMPLES, HOUSEHOLD, PERIOD, buttons, typed


def asked(site: TestClient, kind: str, entries: dict[str, str], locale: str = "en") -> Any:
    answer = site.post(f"/{locale}/calculate/{kind}/so-far", data=entries)
    assert answer.status_code == 200
    return answer.json()


class TestTheFiguresAreThoseOfTheResult:
    @pytest.mark.parametrize("kind", EXAMPLES)
    def test_line_by_line_and_in_total(self, site: TestClient, services: PreviewServices, kind: str) -> None:
        news = asked(site, kind, EXAMPLES[kind])
        site.post(f"/en/calculate/{kind}", data=EXAMPLES[kind])
        footprint = services.footprints.only()
        assert news["total"].replace(",", "").replace(".", "") == str(footprint.total.value)
        assert set(news["rows"]) == {f"{line.category}/{line.row}" for line in footprint.lines}
        assert set(news["categories"]) == set(footprint.by_category())
        assert (news["note"], news["problems"]) == ("", {})

    def test_nothing_is_kept(self, site: TestClient, services: PreviewServices) -> None:
        asked(site, "household", HOUSEHOLD)
        assert services.footprints.all() == ()


class TestWhatCannotBeCalculatedYetWaits:
    def test_a_row_with_a_mistake_waits_and_the_others_are_counted(self, site: TestClient) -> None:
        whole = asked(site, "household", HOUSEHOLD)
        news = asked(site, "household", HOUSEHOLD | {"kerosene/0/kerosene_l": "ninety"})
        assert news["rows"]["kerosene/0"] == "Not counted yet: Kerosene"
        assert "kerosene" not in news["categories"]
        assert news["categories"] == {key: kg for key, kg in whole["categories"].items() if key != "kerosene"}
        assert news["note"] == "Rows that are not counted yet: 1"
        assert list(news["problems"]) == ["kerosene/0/kerosene_l"]

    def test_a_name_can_follow_later(self, site: TestClient) -> None:
        for kind, entries in EXAMPLES.items():
            unnamed = {name: value for name, value in entries.items() if name != "subject/name"}
            assert asked(site, kind, unnamed)["total"] == asked(site, kind, entries)["total"]

    def test_without_a_period_there_is_no_total(self, site: TestClient) -> None:
        news = asked(site, "household", {"electricity/0/electricity_kwh": "300"})
        assert news["total"] == ""
        assert "first and the last day" in news["note"]

    def test_rows_that_rely_on_an_unknown_venue_wait_too(self, site: TestClient) -> None:
        event = PERIOD | {
            "subject/name": "Meeting",
            "subject/place": "Nowhere",
            "travel_participants/0/people": "3",
            "travel_participants/0/mode": "air_domestic",
            "travel_participants/0/origin": "東京",
            "waste/0/kind": "burnable",
            "waste/0/mass_kg": "10",
        }
        news = asked(site, "event", event)
        assert set(news["categories"]) == {"waste"}
        assert "subject/place" in news["problems"]

    @pytest.mark.parametrize("entries", [{}, {"rounding": "half_up"}, PERIOD])
    def test_an_empty_form_comes_to_nothing(self, site: TestClient, entries: dict[str, str]) -> None:
        news = asked(site, "event", entries)
        assert (news["total"], news["rows"], news["note"]) == ("", {}, "Nothing to calculate yet.")


class TestWithoutAScript:
    def test_the_page_shows_what_was_sent_so_far(self, site: TestClient) -> None:
        page = html.fromstring(site.post("/ja/calculate/household", data=HOUSEHOLD | {"action": "add:car"}).content)
        assert page.xpath("string(//*[@data-total])") == asked(site, "household", HOUSEHOLD, "ja")["total"]
        assert page.xpath("string(//*[@data-row='kerosene/0'])").strip()

    def test_everything_typed_goes_along_into_the_other_language(self, site: TestClient) -> None:
        entries = HOUSEHOLD | {"car/0/distance_km": "not yet known", "car/1/fuel_l": "20"}
        page = html.fromstring(site.post("/ja/calculate/household", data=entries | {"action": "add:lpg"}).content)
        (button,) = page.xpath("//*[@class='languages']/button[@lang='en']")
        before = typed(page)
        assert button.get("formaction") == "/en/calculate/household"
        answer = site.post(button.get("formaction"), data=before | {"action": button.get("value")})
        assert (answer.status_code, answer.headers["content-language"]) == (200, "en")
        assert typed(html.fromstring(answer.content)) == before

    def test_the_enter_key_calculates(self, site: TestClient) -> None:
        assert buttons(html.fromstring(site.get("/ja/calculate/event").content))[0] == "calculate"


def test_an_unknown_calculator_has_nothing_to_say(site: TestClient) -> None:
    assert site.post("/ja/calculate/moon/so-far", data={}).status_code == 404
