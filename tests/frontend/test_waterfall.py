"""From the footprint to the offset: every step follows from the one before, and the sum is exact."""

from decimal import Decimal
from itertools import pairwise

import pytest
from lxml import html
from starlette.testclient import TestClient

from frontend.charts import stretch
from frontend.waterfall import waterfall
from frontend.worked_example import example_inputs
from offset_calc import Footprint, event
from offset_calc.measures import effort, with_measure
from tests.frontend.preview import PreviewServices


@pytest.fixture
def footprint() -> Footprint:
    return event.calculate(event.read_inputs(example_inputs()))


class TestTheSteps:
    def test_lead_from_the_footprint_to_nothing_left(self, footprint: Footprint) -> None:
        stated = [
            ("a", effort(footprint, "online_seats", Decimal(20), "done")),
            ("b", effort(footprint, "less_waste", Decimal(50), "planned")),
        ]
        fall = waterfall(footprint, stated)
        assert [step.kind for step in fall.steps] == ["level", "measure", "measure", "level", "credits"]
        changes = [step for step in fall.steps if step.kind != "level"]
        assert changes[0].before == footprint.total.value
        assert all(later.before == earlier.after for earlier, later in pairwise(changes))
        assert footprint.total.value + sum(step.change for step in changes) == 0

    def test_are_those_of_measures_taken_one_after_the_other(self, footprint: Footprint) -> None:
        first = with_measure(footprint, "online_seats", Decimal(20))
        assert first is not None
        second = with_measure(first, "rail_instead_of_flight", Decimal(50))
        names = (("online_seats", Decimal(20)), ("rail_instead_of_flight", Decimal(50)))
        fall = waterfall(footprint, [(name, effort(footprint, name, share, "planned")) for name, share in names])
        assert second is not None
        assert fall.steps[-2].after == second.total.value
        assert fall.tonnes == second.total.tonnes_to_cover()

    def test_a_measure_with_nothing_left_to_change_changes_nothing(self, footprint: Footprint) -> None:
        twice = [("once", effort(footprint, "rail_instead_of_flight", Decimal(100), "done"))] * 2
        assert waterfall(footprint, twice).steps[2].change == 0


class TestTheBars:
    def test_lie_between_their_levels(self) -> None:
        assert (stretch(250, 750, 1_000).start, stretch(250, 750, 1_000).width) == (250, 500)
        assert stretch(0, 1, 1_000_000).width == 4
        assert stretch(5, 5, 10).width == 0
        assert stretch(0, 0, 0).width == 0


def test_the_page_shows_it_with_the_figures_beside(site: TestClient, services: PreviewServices) -> None:
    site.post("/en/calculate/event", data={"action": "calculate"})
    stated = {"percent.online_seats": "20", "status.online_seats": "done"}
    location = site.get("/en/calculate/event?example=sapporo")
    form = next(form for form in html.fromstring(location.content).forms if "/calculate/" in (form.action or ""))
    sent = {name: value for name, value in form.form_values() if name != "action"}
    result = site.post("/en/calculate/event", data=sent | {"action": "calculate"}).headers["location"]
    page = html.fromstring(site.get(f"{result}/reduce", params=stated).content)
    rows = page.xpath("//*[@id='waterfall']//tbody/tr")
    assert [row.xpath("string(th)").split(chr(10))[0].strip() for row in rows][::2] == ["Footprint", "What remains"]
    assert rows[0].xpath("string(td[@class='amount'])").strip() == "6,068.701"
    assert len(page.xpath("//*[@id='waterfall']//*[local-name()='svg']")) == len(rows) == 4
    assert services.footprints.only()
