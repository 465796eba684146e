"""How sure a total is: analytic propagation of stated relative uncertainties, and a seeded Monte Carlo to check it with.

Each line has two independent sources of error: its activity data, by the line's grade, and its factor, by how well the figure
fits.  Lines that share a factor share its error, so those errors add up in full; everything else adds in quadrature.  The relative
standard uncertainties are our own stated values (docs/algorithms/footprint-uncertainty.md), not measurements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from random import Random
from types import MappingProxyType

from offset_calc.factors import Factor
from offset_calc.footprint import Footprint
from offset_calc.lines import Line
from offset_calc.quantities import Grams, round_ratio

# Relative standard uncertainty of the activity data by grade, and of the factor by its fit.
ACTIVITY = MappingProxyType({"A": Decimal("0.03"), "B": Decimal("0.10"), "C": Decimal("0.25"), "D": Decimal("0.50")})
FACTOR_FITS = Decimal("0.05")  # of this country, in force, dated
FACTOR_UNDATED = Decimal("0.10")  # its period is over or not stated
FACTOR_FOREIGN = Decimal("0.20")  # of another country, or of an economy years ago (life-cycle by money or mass)

_COVERAGE = Decimal("1.96")  # 95 % of a normal distribution
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_FOREIGN = ("UK", "World", "International")
_LIFE_CYCLE = "jp.koide2021."


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """standard: standard uncertainty of the total.  low, high: 95 % interval, never below zero.  percent: half width, 1 decimal."""

    standard: Grams
    low: Grams
    high: Grams
    percent: Decimal


def of_factor(factor: Factor, vintage: str) -> Decimal:
    """Relative standard uncertainty of one factor."""
    if factor.region.startswith(_FOREIGN) or factor.id.startswith(_LIFE_CYCLE):
        return FACTOR_FOREIGN
    return FACTOR_FITS if vintage == "in_force" else FACTOR_UNDATED


def analytic(footprint: Footprint) -> Uncertainty:
    """Propagate the uncertainties of all lines to the total, in exact decimals until one square root."""
    own, shared = _parts(footprint.lines)
    squares = (_CONTEXT.multiply(part, part) for part in (*own, *shared.values()))
    variance = Decimal(0)
    for square in squares:
        variance = _CONTEXT.add(variance, square)
    return _interval(footprint.total, _CONTEXT.sqrt(variance))


def monte_carlo(footprint: Footprint, *, seed: int, trials: int) -> float:
    """Standard deviation of the total in grams over `trials` draws; the same seed gives the same number.

    Independent of `analytic`: it multiplies out each line with its drawn errors and adds up.
    """
    random = Random(seed)  # noqa: S311 - a simulation, no secret
    lines = [(float(line.g), float(ACTIVITY[str(line.grade)]), line.factor.id) for line in footprint.lines]
    errors = {line.factor.id: float(of_factor(line.factor, line.vintage)) for line in footprint.lines}
    total = sum_of_squares = 0.0
    for _ in range(trials):
        drawn = {factor_id: random.gauss(1.0, error) for factor_id, error in errors.items()}
        once = sum(grams * random.gauss(1.0, error) * drawn[factor_id] for grams, error, factor_id in lines)
        total += once
        sum_of_squares += once * once
    mean = total / trials
    return float(max(0.0, sum_of_squares / trials - mean * mean) ** 0.5)


def _parts(lines: Sequence[Line]) -> tuple[list[Decimal], dict[str, Decimal]]:
    """Standard uncertainties in grams: of each line's activity, and of each factor over all lines that use it."""
    own: list[Decimal] = []
    shared: dict[str, Decimal] = {}
    for line in lines:
        grams = Decimal(line.g)
        own.append(grams * ACTIVITY[str(line.grade)])
        error = grams * of_factor(line.factor, line.vintage)
        shared[line.factor.id] = shared.get(line.factor.id, Decimal(0)) + error
    return own, shared


def _interval(total: Grams, standard: Decimal) -> Uncertainty:
    half = _CONTEXT.multiply(standard, _COVERAGE)
    width = round_ratio(half)
    percent = Decimal(round_ratio(half * 1000, Decimal(total.value))).scaleb(-1) if total.value else Decimal(0)
    return Uncertainty(
        standard=Grams(round_ratio(standard)),
        low=Grams(max(0, total.value - width)),
        high=Grams(total.value + width),
        percent=percent,
    )
