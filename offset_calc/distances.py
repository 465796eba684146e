"""Distance along the great circle, in exact decimal arithmetic so that every machine finds the same kilometre."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

# 6371.0088 km is the mean radius of the Earth (GRS 80, (2a + b) / 3).
EARTH_RADIUS_KM = Decimal("6371.0088")
_PI = Decimal("3.14159265358979323846264338327950288419716939937510")
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_TINY = Decimal("1e-36")


@lru_cache(maxsize=4096)
def great_circle_km(latitude_a: Decimal, longitude_a: Decimal, latitude_b: Decimal, longitude_b: Decimal) -> int:
    """Whole kilometres between two points given in degrees, by the haversine formula, rounded half up."""
    c = _CONTEXT
    phi_a, phi_b = _radians(latitude_a), _radians(latitude_b)
    half_phi = _sin(c.divide(c.subtract(phi_b, phi_a), Decimal(2)))
    half_lambda = _sin(c.divide(c.subtract(_radians(longitude_b), _radians(longitude_a)), Decimal(2)))
    across = c.multiply(c.multiply(_cos(phi_a), _cos(phi_b)), c.multiply(half_lambda, half_lambda))
    haversine = c.add(c.multiply(half_phi, half_phi), across)
    angle = c.multiply(Decimal(2), _arcsin(c.sqrt(haversine)))
    return int(c.add(c.multiply(EARTH_RADIUS_KM, angle), Decimal("0.5")))


def _radians(degrees: Decimal) -> Decimal:
    return _CONTEXT.divide(_CONTEXT.multiply(degrees, _PI), Decimal(180))


def _series(first: Decimal, x: Decimal, start: int) -> Decimal:
    c, term, total, n = _CONTEXT, first, first, start
    square = c.multiply(x, x)
    while term.copy_abs() > _TINY:
        term = c.divide(c.multiply(term, square.copy_negate()), Decimal(n * (n + 1)))
        total = c.add(total, term)
        n += 2
    return total


def _sin(x: Decimal) -> Decimal:
    return _series(x, x, 2)


def _cos(x: Decimal) -> Decimal:
    return _series(Decimal(1), x, 1)


def _arctan(x: Decimal) -> Decimal:
    """For 0 <= x; the argument is halved until the series converges quickly."""
    c, doublings = _CONTEXT, 0
    while x > Decimal("0.1"):
        x = c.divide(x, c.add(Decimal(1), c.sqrt(c.add(Decimal(1), c.multiply(x, x)))))
        doublings += 1
    power, total, n, square = x, x, 1, c.multiply(x, x)
    while power.copy_abs() > _TINY:
        power = c.multiply(power, square.copy_negate())
        n += 2
        total = c.add(total, c.divide(power, Decimal(n)))
    return c.multiply(total, Decimal(2**doublings))


def _arcsin(x: Decimal) -> Decimal:
    c = _CONTEXT
    if x >= 1:  # antipodes; rounding may push the haversine a hair above one
        return c.divide(_PI, Decimal(2))
    return _arctan(c.divide(x, c.sqrt(c.subtract(Decimal(1), c.multiply(x, x)))))
