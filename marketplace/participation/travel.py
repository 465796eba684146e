"""An attendee's own travel as a footprint, by the event calculator: one person, there and back unless said otherwise."""

from collections.abc import Mapping

from marketplace.participation.models import EventPage
from offset_calc import Footprint, event

FIELDS = ("mode", "origin", "distance_km", "trip")
_ROOM = "travel_participants"
# What else belongs to the event is the organiser's to count.
_OTHERS = tuple(category.id for category in event.EVENT.categories if category.id != _ROOM)


def footprint_of(page: EventPage, stated: Mapping[str, str]) -> Footprint:
    """`stated` by the names of FIELDS, as typed. Raises offset_calc.InputsRefused with paths below /travel_participants/0."""
    row = {name: stated[name] for name in FIELDS if stated.get(name)}
    if row.get("distance_km"):
        # the distance stated is the whole way
        row.pop("origin", None)
        row.pop("trip", None)
    raw = {
        "subject": {"name": page.name, "place": page.place},
        "period": {"start": page.first_day.isoformat(), "end": page.last_day.isoformat()},
        _ROOM: [{"people": "1", **row}],
        "left_out": dict.fromkeys(_OTHERS, "borne_by_others"),
    }
    return event.calculate(event.read_inputs(raw))
