"""The first page: the chain from footprint to certificate, worked through on one example that is computed, not told."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from frontend.context import PageContext
from frontend.news import items
from frontend.pages.calculator import ON_PAGES
from frontend.responses import page_response
from frontend.worked_example import EXAMPLE, example_inputs
from offset_calc import Grams, event

# The reduction in the example: so many of those who fly take part online instead, for so many hours.
ONLINE_PEOPLE = 5
ONLINE_HOURS = 12
NEWS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """Grams of the conference as planned, and with the reduction; `people` take part in all."""

    people: int
    planned: Grams
    reduced: Grams

    @property
    def saved(self) -> int:
        return self.planned.value - self.reduced.value

    @property
    def tonnes(self) -> int:
        return self.reduced.tonnes_to_cover()


async def page(request: Request) -> Response:
    return page_response(
        request,
        "pages/home.html",
        worked=worked_example(),
        online_people=ONLINE_PEOPLE,
        example=EXAMPLE,
        types=ON_PAGES,
        news=items(PageContext.of(request).locale)[:NEWS_SHOWN],
    )


@cache
def worked_example() -> WorkedExample:
    """Calculate the Sapporo conference twice: as it is, and with some participants online instead of in the air."""
    planned = example_inputs()
    reduced = deepcopy(planned)
    for row in (reduced["travel_participants"][0], reduced["lodging"][0], *reduced["meals"]):
        row["people"] = str(int(row["people"]) - ONLINE_PEOPLE)
    reduced["online"] = [{"people": str(ONLINE_PEOPLE), "hours": str(ONLINE_HOURS)}]
    return WorkedExample(
        people=sum(int(row["people"]) for row in planned["travel_participants"]),
        planned=event.calculate(event.read_inputs(planned)).total,
        reduced=event.calculate(event.read_inputs(reduced)).total,
    )
