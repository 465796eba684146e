"""The engine that every calculator runs on: read the inputs, walk each row's decision path, write the lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from offset_calc import factors as factor_sets
from offset_calc import places as place_tables
from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field
from offset_calc.errors import FactorNotFound, FieldProblem, InputsRefused, PlaceUnknown
from offset_calc.factors import Factor, FactorSet
from offset_calc.footprint import Excluded, Footprint, Period
from offset_calc.lines import Line
from offset_calc.places import Place
from offset_calc.quantities import Rounding
from offset_calc.reading import Problems, RowReader, as_list, as_text, is_blank, read_date, read_name
from offset_calc.stated_factors import take_out

# Why a category may be left out, besides not having been stated.
LEFT_OUT_REASONS = ("does_not_occur", "negligible", "borne_by_others", "no_data")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Parsed and checked inputs of one footprint, ready to be calculated.

    rows: per category, in its order.  raw: the same as JSON-safe texts, which read_inputs accepts again.  own: factors that
    were stated inside the inputs.
    """

    type: str
    subject: Mapping[str, str]
    venue: Place | None
    period: Period
    rows: Mapping[str, tuple[Row, ...]]
    excluded: tuple[Excluded, ...]
    not_counted: tuple[str, ...]
    rounding: Rounding
    raw: Mapping[str, Any]
    own: tuple[Factor, ...] = ()


@dataclass(frozen=True)
class Calculator:
    """A declared calculator.  version: raised whenever a formula changes, so that a replay can tell."""

    type: str
    version: int
    categories: tuple[Category, ...]
    longest_days: int = 366
    subject_fields: tuple[Field, ...] = ()

    @cached_property
    def _category_ids(self) -> frozenset[str]:
        return frozenset(category.id for category in self.categories)

    def category(self, category_id: str) -> Category:
        """The category of that id."""
        return next(c for c in self.categories if c.id == category_id)

    def describe(self) -> dict[str, object]:
        """The whole declaration in JSON form: what a form, an API schema or documentation is made from."""
        return {
            "type": self.type,
            "version": self.version,
            "header": [
                "subject.name",
                *(f"subject.{f.name}" for f in self.subject_fields),
                "period.start",
                "period.end",
            ],
            "subject_fields": [f.as_dict() for f in self.subject_fields],
            "rounding": [rounding.value for rounding in Rounding],
            "left_out_reasons": list(LEFT_OUT_REASONS),
            "categories": [category.as_dict() for category in self.categories],
        }

    def read_inputs(self, raw: Mapping[str, Any], *, factors: FactorSet | None = None) -> Inputs:
        """Read raw inputs (texts or numbers, nested as describe() says).

        Raises: InputsRefused with every problem found, in the order of the form.
        """
        if not isinstance(raw, Mapping):
            raise InputsRefused((FieldProblem("", "not_an_object"),))
        chosen = factors or factor_sets.load()
        problems = Problems()
        places = place_tables.load(chosen.edition)
        self._refuse_unknown_keys(raw, problems)
        raw = {key: as_list(value) if key in self._category_ids else value for key, value in raw.items()}
        raw, own = take_out(raw, self.categories, problems)
        reader = RowReader(chosen.with_own(own) if own else chosen, places, problems)
        subject, venue = self._subject(raw.get("subject"), reader, problems)
        period = self._period(raw.get("period"), problems)
        rounding = _rounding(raw.get("rounding"), problems)
        read = {c.id: rows for c in self.categories if (rows := reader.rows(c, raw.get(c.id)))}
        for category in self.categories:
            for row in read.get(category.id, ()):
                _check_path(category, row, problems)
        left_out = self._left_out(raw.get("left_out"), read, problems)
        if not read and not problems.found:
            problems.add("", "nothing_to_calculate")
        if problems.found or period is None:
            raise InputsRefused(tuple(problems.found))
        return Inputs(
            type=self.type,
            subject=subject,
            venue=venue,
            period=period,
            rows=read,
            excluded=tuple(
                Excluded(c.id, c.requirement.value, left_out.get(c.id, "not_stated"))
                for c in self.categories
                if c.id not in read
            ),
            not_counted=tuple(dict.fromkeys(key for c in self.categories if c.id in read for key in c.not_counted)),
            rounding=rounding,
            raw=_normalised(subject, period, rounding, left_out, read),
            own=own,
        )

    def calculate(self, inputs: Inputs, *, factors: FactorSet | None = None) -> Footprint:
        """Compute the footprint.

        Raises: InputsRefused when a row is well formed but cannot be computed (no destination to travel to, no airport,
        the date lies before the first factor).
        """
        chosen = factors or factor_sets.load()
        if inputs.own:
            chosen = chosen.with_own(inputs.own)
        sheet = Sheet(
            factors=chosen,
            places=place_tables.load(chosen.edition),
            period=inputs.period,
            rounding=inputs.rounding,
            venue=inputs.venue,
        )
        problems = Problems()
        lines: list[Line] = []
        with sheet:
            for category, rows in inputs.rows.items():
                sheet.category = category
                for row in rows:
                    try:
                        lines += row.build(sheet)
                    except (InputsRefused, FactorNotFound, PlaceUnknown) as refused:
                        _note(refused, f"/{category}/{row.index}", problems)
        if problems.found:
            raise InputsRefused(tuple(problems.found))
        return Footprint(
            type=self.type,
            version=self.version,
            subject=inputs.subject,
            period=inputs.period,
            inputs=inputs.raw,
            lines=tuple(lines),
            excluded=inputs.excluded,
            not_counted=inputs.not_counted,
            edition=chosen.edition,
            factor_set_sha256=chosen.sha256,
            rounding=inputs.rounding,
            own_factors=chosen.own,
        )

    def _refuse_unknown_keys(self, raw: Mapping[str, Any], problems: Problems) -> None:
        known = {"type", "subject", "period", "rounding", "left_out", *self._category_ids}
        for key in raw:
            if key not in known:
                problems.add(f"/{key}", "unknown_field")
        if not is_blank(raw.get("type")) and raw["type"] != self.type:
            problems.add("/type", "unknown_choice", choices=(self.type,))

    def _subject(self, given: object, reader: RowReader, problems: Problems) -> tuple[dict[str, str], Place | None]:
        subject: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        read = {"name": read_name(subject.get("name"), "/subject/name", problems)}
        venue = None
        for declared in self.subject_fields:
            pointer, stated = f"/subject/{declared.name}", subject.get(declared.name)
            if is_blank(stated):
                if declared.required:
                    problems.add(pointer, "required")
                elif declared.default is not None:
                    read[declared.name] = declared.default
                continue
            value = reader.value(declared, stated, pointer)
            if value is not None:
                read[declared.name] = as_text(value)
            if isinstance(value, Place):
                venue = value
        known = {"name", *(declared.name for declared in self.subject_fields)}
        for key in subject:
            if key not in known:
                problems.add(f"/subject/{key}", "unknown_field")
        return read, venue

    def _period(self, given: object, problems: Problems) -> Period | None:
        period: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        start = read_date(period.get("start"), "/period/start", problems)
        end = read_date(period.get("end"), "/period/end", problems)
        if start is None or end is None:
            return None
        if end < start:
            problems.add("/period/end", "end_before_start")
        elif (end - start).days >= self.longest_days:
            problems.add("/period/end", "period_too_long", most_days=self.longest_days)
        return Period(start, end)

    def _left_out(self, given: object, read: Mapping[str, object], problems: Problems) -> dict[str, str]:
        stated: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        left_out: dict[str, str] = {}
        for key, reason in stated.items():
            pointer = f"/left_out/{key}"
            if is_blank(reason):
                continue
            if key not in self._category_ids:
                problems.add(pointer, "unknown_field")
            elif key in read:
                problems.add(pointer, "both_stated_and_left_out")
            elif reason not in LEFT_OUT_REASONS:
                problems.add(pointer, "unknown_choice", choices=LEFT_OUT_REASONS)
            else:
                left_out[key] = str(reason)
        return left_out


def _rounding(given: object, problems: Problems) -> Rounding:
    if is_blank(given):
        return Rounding.HALF_UP
    try:
        return Rounding(str(given).strip())
    except ValueError:
        problems.add("/rounding", "unknown_choice", choices=tuple(r.value for r in Rounding))
        return Rounding.HALF_UP


def _normalised(
    subject: Mapping[str, str],
    period: Period,
    rounding: Rounding,
    left_out: Mapping[str, str],
    read: Mapping[str, tuple[Row, ...]],
) -> dict[str, Any]:
    raw: dict[str, Any] = {"subject": dict(subject), "period": period.as_dict(), "rounding": rounding.value}
    if left_out:
        raw["left_out"] = dict(left_out)
    for category, rows in read.items():
        by_index = {row.index: {name: as_text(value) for name, value in row.stated_values()} for row in rows}
        raw[category] = [by_index.get(index, {}) for index in range(max(by_index) + 1)]
    return raw


def _check_path(category: Category, row: Row, problems: Problems) -> None:
    pointer = f"/{category.id}/{row.index}"
    if any(problem.pointer.startswith(f"{pointer}/") for problem in problems.found):
        return  # a field that could not be read may be the very one that decides the path
    if row.method is None:
        asked = [category.questions_by_id[step.question] for step in row.path]
        wanted = tuple(dict.fromkeys(n for q in asked for n in (*q.given, *q.given_any) if not row.stated(n)))
        problems.add(pointer, "not_enough", any_of=wanted)
        return
    for name in row.method.needs:
        if row.get(name) is None:
            problems.add(f"{pointer}/{name}", "required", method=row.method.id)


def _note(refused: InputsRefused | FactorNotFound | PlaceUnknown, pointer: str, problems: Problems) -> None:
    if isinstance(refused, InputsRefused):
        for problem in refused.problems:
            problems.found.append(FieldProblem(pointer + problem.pointer, problem.code, problem.params))
    else:
        problems.add(pointer, refused.code, **refused.params)
