"""Travel of people: by distance, else from the city of origin, else by fare, else by days of travel."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from offset_calc.calculation import Row, Sheet, constant
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.errors import FieldProblem, InputsRefused
from offset_calc.lines import Line, Term
from offset_calc.places import Place

_CABINS = ("economy", "premium_economy", "business", "first")
_INTERNATIONAL = tuple(f"air_international_{cabin}" for cabin in _CABINS)
_SURFACE = ("shinkansen", "rail", "local_transit", "bus", "car", "taxi", "motorbike", "ferry", "bicycle", "walk")
_RAIL = ("shinkansen", "rail")
MODES = ("air_domestic", *_INTERNATIONAL, *_SURFACE)

# "Underground and bus" trips whose split is unknown take the bus factor, the higher of the two.
_SAME_FACTOR = MappingProxyType({"local_transit": "bus"})

_FARES = MappingProxyType(
    {
        "air_domestic": "air_domestic",
        **dict.fromkeys(_INTERNATIONAL, "air_international"),
        "shinkansen": "rail",
        "rail": "rail",
        "local_transit": "bus",
        "bus": "bus",
        "taxi": "taxi",
        "ferry": "ship",
    }
)


_ACTIVITIES = MappingProxyType(
    {
        **{(mode, forcing): f"travel.{_SAME_FACTOR.get(mode, mode)}" for mode in MODES for forcing in ("yes", "no")},
        **{(mode, "yes"): f"travel.{mode}.rf" for mode in _INTERNATIONAL},
        **{(mode, "no"): f"travel.{mode}.no_rf" for mode in _INTERNATIONAL},
    }
)


def _activity(row: Row) -> str:
    return _ACTIVITIES[row.texts["mode"], row.texts["radiative_forcing"]]


def _by_distance(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, _activity(row), (row.mul("people"), row.mul("distance_km")), unit="人km"),)


def _by_places(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    origin = row.place("origin")
    destination = row.place("destination") or sheet.venue
    if origin is None or destination is None:
        raise InputsRefused((FieldProblem("/destination", "required"),))
    mode = row.choice("mode")
    by_air = mode.startswith("air_")
    if by_air:
        origin, destination = sheet.places.airport_of(origin), sheet.places.airport_of(destination)
    _refuse_misfit(mode, origin, destination)
    by_rail = mode in _RAIL and not row.stated("detour")
    route = sheet.rail_distance(origin, destination) if by_rail else None
    terms: tuple[Term, ...] = (row.mul("people"), route or sheet.distance(origin, destination))
    if row.choice("trip") == "return":
        terms += (constant("there_and_back", 2, ""),)
    if not by_air and route is None:  # published passenger-kilometres of flights are great-circle kilometres already
        terms += (row.mul("detour"),)
    return (sheet.line(row, _activity(row), terms, unit="人km"),)


def _refuse_misfit(mode: str, origin: Place, destination: Place) -> None:
    if origin.key == destination.key:
        raise InputsRefused((FieldProblem("/origin", "same_place", {"place": origin.key}),))
    crosses_border = origin.country != destination.country
    within_japan = origin.country == destination.country == "JP"
    if (mode in _INTERNATIONAL) == within_japan or (crosses_border and mode not in (*_INTERNATIONAL, "ferry")):
        problem = FieldProblem("/mode", "mode_does_not_fit", {"origin": origin.key, "destination": destination.key})
        raise InputsRefused((problem,))


def _by_fare(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    mode = row.choice("mode")
    if mode not in _FARES:
        raise InputsRefused((FieldProblem("/mode", "no_factor_for_mode", {"mode": mode}),))
    return (sheet.line(row, f"travel_fare.{_FARES[mode]}", (row.mul("fare_yen"),), unit="円"),)


def _by_days(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    terms = (row.mul("people"), row.mul("days"))
    return (sheet.line(row, f"travel_day.{row.choice('trip_kind')}", terms, unit="人・日"),)


def travel_category(category_id: str, requirement: Requirement) -> Category:
    """The travel category of one group of people; participants and staff are declared alike."""
    return Category(
        id=category_id,
        requirement=requirement,
        fields=(
            Field("people", Kind.INTEGER, "人", minimum=Decimal(1), maximum=Decimal(10) ** 6),
            Field("mode", Kind.CHOICE, choices=MODES),
            Field("distance_km", Kind.DECIMAL, "km", maximum=Decimal(50_000)),
            Field("origin", Kind.PLACE),
            Field("destination", Kind.PLACE),
            Field("trip", Kind.CHOICE, choices=("return", "one_way"), default="return"),
            Field(
                "detour",
                Kind.DECIMAL,
                "",
                minimum=Decimal(1),
                maximum=Decimal(3),
                default="1.3",
                basis="detour_surface",
            ),
            Field("radiative_forcing", Kind.CHOICE, choices=("yes", "no"), default="yes"),
            Field("fare_yen", Kind.DECIMAL, "円", maximum=Decimal(10) ** 10),
            Field("days", Kind.DECIMAL, "日", maximum=Decimal(366)),
            Field("trip_kind", Kind.CHOICE, choices=("domestic_day_trip", "domestic_overnight", "overseas")),
        ),
        questions=(
            Question("distance_known", given=("distance_km",), yes="distance", no="origin_known"),
            Question("origin_known", given=("origin",), yes="places", no="fare_known"),
            Question("fare_known", given=("fare_yen",), yes="fare", no="days_known"),
            Question("days_known", given=("days",), yes="days"),
        ),
        methods=(
            Method("distance", ("people", "mode", "distance_km"), _by_distance, Grade.B, ("radiative_forcing",)),
            Method(
                "places",
                ("people", "mode", "origin"),
                _by_places,
                Grade.C,
                ("destination", "trip", "detour", "radiative_forcing"),
            ),
            Method("fare", ("mode", "fare_yen"), _by_fare, Grade.C, ("people",)),
            Method("days", ("people", "days", "trip_kind"), _by_days, Grade.C),
        ),
        not_counted=("fuel_production", "vehicle_and_road_building", "domestic_flight_non_co2", "way_to_the_airport"),
    )
