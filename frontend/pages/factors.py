"""The emission factors in public: search an edition, see where a figure comes from, and which were recalled."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.calculator_words import GASES, CalculatorWords
from frontend.context import PageContext
from frontend.formatting import number
from frontend.responses import page_response
from frontend.wording import table_of, words
from marketplace.footprints.recalls import recalls_in_force
from offset_calc import factors as factor_sets
from offset_calc import tables
from offset_calc.errors import FactorNotFound
from offset_calc.factors import Factor, FactorSet
from offset_calc.tables import Table

ON_A_PAGE = 25
_MOST_HITS = 5_000
_TABLE = "factors"
_NO_UNIT = "-"  # how a formula's coefficient is listed


@dataclass(frozen=True, slots=True)
class FactorWords:
    """What a page says of one factor."""

    calculator: CalculatorWords

    def name(self, factor: Factor) -> str:
        return self.calculator.factor(factor)

    def figure(self, factor: Factor, value: str | None = None) -> str:
        """The number with its unit; `value` instead of the published one, for a corrected figure."""
        if value is not None:
            return f"{value} {self.unit(factor)}".rstrip()
        return f"{number(factor.value, locale=self.calculator.locale)} {self.unit(factor)}".rstrip()

    def unit(self, factor: Factor) -> str:
        return "" if factor.unit == _NO_UNIT else self.calculator.unit(factor.unit)

    def region(self, factor: Factor) -> str:
        """Regions of ours in words; a country as its publisher writes it."""
        return table_of(_TABLE, self.calculator.locale).get(f"region.{factor.region}", factor.region)

    def licence(self, listed: Table) -> str:
        """Terms of use; those that have a name of their own in every language stand as they are."""
        return table_of(_TABLE, self.calculator.locale).get(f"licence.{listed.licence}", listed.licence)

    def gas(self, factor: Factor) -> str:
        return GASES.get(factor.gas, factor.gas)

    def notes(self, factor: Factor) -> list[str]:
        """The notes of the data files in words: "coverage:98.20%" takes its figure along."""
        codes = (note.partition(":") for note in factor.note.split())
        return [words(_TABLE, f"note.{code}", self.calculator.locale, {"figure": figure}) for code, _, figure in codes]


async def page(request: Request) -> Response:
    """A search by the words of names and ids; without one, the lists that the edition is made of."""
    edition = _edition(request)
    query = request.query_params.get("q", "").strip()[:100]
    start = _start(request.query_params.get("from", ""))
    found = factor_sets.load(edition).search(query, limit=_MOST_HITS)
    kept = {"q": query} | ({} if edition == factor_sets.CURRENT_EDITION else {"edition": edition})
    more = start + ON_A_PAGE
    newest_first = sorted((await recalls_in_force()).values(), key=lambda recall: recall.id, reverse=True)
    return page_response(
        request,
        "pages/factors.html",
        query=query,
        edition=edition,
        editions=[(name, name) for name in reversed(tables.editions())],
        sha256=factor_sets.load(edition).sha256,
        factors=found[start:more],
        hits=len(found),
        following=urlencode({**kept, "from": more}) if len(found) > more else "",
        beginning=urlencode(kept) if start else "",
        lists=tables.open_edition(edition).tables,
        recalled={recall.factor_id for recall in newest_first},
        recalls=newest_first,
        of_edition=_of_edition(edition),
        say=_say(request),
    )


async def one(request: Request) -> Response:
    """One figure with all that is known of its source, and the others that serve the same activity."""
    edition = _edition(request)
    factors = factor_sets.load(edition)
    try:
        factor = factors.by_id(request.path_params["factor_id"])
    except FactorNotFound:
        raise HTTPException(404) from None
    return page_response(
        request,
        "pages/factor.html",
        factor=factor,
        edition=edition,
        listed=next(table for table in tables.open_edition(edition).tables if table.may_hold(factor.id)),
        others=_same_activity(factors, factor),
        recall=(await recalls_in_force()).get(factor.id),
        of_edition=_of_edition(edition),
        say=_say(request),
    )


def _say(request: Request) -> FactorWords:
    return FactorWords(CalculatorWords(PageContext.of(request).locale))


def _edition(request: Request) -> str:
    """An edition that is not shipped counts as no wish: such an address was not made by the form."""
    wished = request.query_params.get("edition", "")
    return wished if wished in tables.editions() else factor_sets.CURRENT_EDITION


def _of_edition(edition: str) -> str:
    return "" if edition == factor_sets.CURRENT_EDITION else f"?{urlencode({'edition': edition})}"


def _start(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _same_activity(factors: FactorSet, factor: Factor) -> list[Factor]:
    """What an activity that may use `factor` may use on other days, newest first."""
    groups = (factors.activity_ids(activity, region) for activity, region in factors.activities())
    ids = {other for group in groups if factor.id in group for other in group} - {factor.id}
    return sorted(map(factors.by_id, ids), key=lambda other: (str(other.valid_from or ""), other.id), reverse=True)
