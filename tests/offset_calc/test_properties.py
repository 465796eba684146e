"""Laws that hold for any event: linear, additive, monotonic, independent of units, equal after replay."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from offset_calc import event, replay
from offset_calc.quantities import plain
from tests.offset_calc.builders import an_event, event_footprint

amounts = st.decimals("0.01", 100_000, places=2)
NUMERIC = {"decimal", "integer"}


@st.composite
def a_row(draw, category):
    """A row that the category can compute: the fields of one of its methods, in their limits."""
    method = draw(st.sampled_from([m for m in category.methods if m.id != "places"]))
    names = [*method.needs, *(["electricity_kwh"] if method.id == "metered" and not method.needs else [])]
    row = {}
    for name in names:
        field = category.fields_by_name[name]
        if field.kind.value == "integer":
            row[name] = str(draw(st.integers(max(1, int(field.minimum)), min(500, int(field.maximum)))))
        elif field.kind.value == "decimal":
            low, high = max(field.minimum, 1), min(field.maximum, 5000)
            row[name] = plain(draw(st.decimals(low, high, places=2)))
        else:
            row[name] = draw(
                st.sampled_from([c for c in field.choices if c not in {"car", "motorbike", "bicycle", "walk"}])
            )
    return row


@st.composite
def any_event(draw):
    chosen = draw(st.lists(st.sampled_from(event.EVENT.categories), min_size=1, max_size=5, unique_by=lambda c: c.id))
    return {c.id: draw(st.lists(a_row(c), min_size=1, max_size=3)) for c in chosen}


class TestLaws:
    @given(any_event())
    @settings(max_examples=60)
    def test_the_total_is_the_sum_of_its_lines_and_of_its_categories(self, rows):
        footprint = event_footprint(**rows)
        assert footprint.total.value == sum(line.grams.value for line in footprint.lines)
        assert footprint.total.value == sum(g.value for g in footprint.by_category().values())

    @given(any_event(), any_event())
    @settings(max_examples=40)
    def test_two_events_in_one_add_up(self, one, two):
        both = {key: [*one.get(key, []), *two.get(key, [])] for key in {**one, **two}}
        assert event_footprint(**both).total == event_footprint(**one).total + event_footprint(**two).total

    @given(amounts, st.integers(2, 9))
    def test_a_multiple_of_an_activity_has_the_multiple_of_its_grams(self, kwh, times):
        once = event_footprint(venue_energy=[{"electricity_kwh": plain(kwh)}])
        often = event_footprint(venue_energy=[{"electricity_kwh": plain(kwh * times)}])
        assert abs(often.total.value - once.total.value * times) <= times  # each side is rounded once

    @given(amounts, amounts)
    def test_more_of_an_activity_is_never_fewer_grams(self, one, two):
        less, more = sorted((one, two))
        for category, field, rest in (
            ("venue_energy", "electricity_kwh", {}),
            ("waste", "mass_kg", {}),
            ("freight", "mass_kg", {"distance_km": "10"}),
            ("lodging", "spend_yen", {}),
        ):
            few = event_footprint(**{category: [{**rest, field: plain(less)}]}).total
            many = event_footprint(**{category: [{**rest, field: plain(more)}]}).total
            assert few <= many

    @given(any_event())
    @settings(max_examples=40)
    def test_conservative_rounding_is_at_least_as_much_and_at_most_a_gram_a_line_more(self, rows):
        usual, up = event_footprint(**rows), event_footprint(**rows, rounding="up")
        assert 0 <= up.total.value - usual.total.value <= len(usual.lines)

    @given(any_event())
    @settings(max_examples=40)
    def test_every_footprint_replays_from_its_json(self, rows):
        footprint = event_footprint(**rows)
        again = replay(json.loads(footprint.canonical_json()))
        assert again.canonical_json() == footprint.canonical_json()

    @given(any_event())
    @settings(max_examples=40)
    def test_normalised_inputs_read_back_to_the_same_footprint(self, rows):
        footprint = event_footprint(**rows)
        assert event.calculate(event.read_inputs(footprint.inputs)).to_dict() == footprint.to_dict()

    @given(any_event())
    @settings(max_examples=20)
    def test_the_order_of_the_categories_in_the_input_does_not_matter(self, rows):
        raw = an_event(**rows)
        turned = dict(reversed(raw.items()))
        assert event.calculate(event.read_inputs(raw)).sha256 == event.calculate(event.read_inputs(turned)).sha256
