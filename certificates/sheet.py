"""What stands on a printed certificate: a statement put into the words and figures of one language.

Pure data for templates/certificate.typ. Every figure is made from whole grams and decimal texts; nothing is a float.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from certificates.statement import (
    GRAMS_PER_TONNE,
    BlockEnergy,
    Cancellation,
    DisclosedField,
    Disclosures,
    Environment,
    FootprintLine,
    FootprintSummary,
    OffsetType,
    PoolShare,
    Statement,
    Vintage,
)

Locale = Literal["ja", "en"]
Strings = Mapping[str, Mapping[str, str]]

TEMPLATES: Final = Path(__file__).parent / "templates"
_JAPAN: Final = ZoneInfo("Asia/Tokyo")
_GRAMS_PER_KG: Final = 1_000
_LONG_NAME: Final = 40
_PLAIN_DECIMAL: Final = re.compile(r"(\d+)(\.\d+)?")


class DisclosureNotCommitted(ValueError):
    """A text was given that the statement does not commit to, so printing it would certify what nobody signed."""

    code = "disclosure_not_committed"

    def __init__(self, field: DisclosedField) -> None:
        super().__init__(f"the disclosed {field} is not the one that the statement commits to")
        self.field = field


@cache
def strings(locale: Locale) -> Strings:
    """The sentences of one language, by table and key."""
    return tomllib.loads((TEMPLATES / f"strings.{locale}.toml").read_text(encoding="utf-8"))


def tonnes(grams: int) -> str:
    """Grams as tonnes with every digit that is not zero at the end: 5000000 is "5", 5742402 is "5.742402"."""
    whole, rest = divmod(grams, GRAMS_PER_TONNE)
    return f"{whole:,}" + (f".{rest:06d}".rstrip("0") if rest else "")


def shown_amount(grams: int) -> tuple[str, str]:
    """An amount as a person would say it: the figure, and its unit t, kg or g. Exact, without zeros at the end."""
    if grams >= GRAMS_PER_TONNE:
        return tonnes(grams), "t"
    if grams >= _GRAMS_PER_KG:
        whole, rest = divmod(grams, _GRAMS_PER_KG)
        return f"{whole}" + (f".{rest:03d}".rstrip("0") if rest else ""), "kg"
    return f"{grams}", "g"


def kilograms(grams: int) -> str:
    """Grams as kilograms with three decimals always, so that a column lines up: 304560 is "304.560"."""
    whole, rest = divmod(grams, _GRAMS_PER_KG)
    return f"{whole:,}.{rest:03d}"


def per_mille(part_g: int, whole_g: int) -> int:
    """The share in 1/1000, rounded down and at most 1000: a claim never exceeds what was cancelled."""
    return min(part_g * 1000 // whole_g, 1000)


@lru_cache(maxsize=1_024)
def long_date(day: date, locale: Locale) -> str:
    """A day with its month in words where the language has them: 2026年11月18日, 18 November 2026."""
    pattern = strings(locale)["words"]["date"]
    return pattern.format(year=day.year, month=day.month, day=day.day, month_name=_MONTHS[day.month - 1])


def sheet(statement: Statement, disclosures: Disclosures, *, verification_url: str, locale: Locale) -> dict[str, Any]:
    """The whole content, JSON-safe. Texts that are not in `disclosures` are shown as not published.

    Raises: DisclosureNotCommitted.
    """
    for field, disclosure in disclosures.items():
        if statement.commitments.get(field) != disclosure.commitment(field):
            raise DisclosureNotCommitted(field)
    return _Writer(statement, disclosures, verification_url, locale).sheet()


class _Writer:
    def __init__(self, statement: Statement, disclosures: Disclosures, url: str, locale: Locale) -> None:
        self._statement = statement
        self._disclosures = disclosures
        self._url = url
        self._locale = locale
        self._strings = strings(locale)
        self._words = self._strings["words"]

    def sheet(self) -> dict[str, Any]:
        statement, words = self._statement, self._words
        issued = statement.issued_at.astimezone(UTC)
        name = self._disclosed(DisclosedField.BENEFICIARY)
        figure, unit = shown_amount(statement.grams)
        return {
            "locale": self._locale,
            "region": "jp" if self._locale == "ja" else "gb",
            "sandbox": statement.environment is Environment.SANDBOX,
            "words": words,
            "document_title": f"{words['title']} {statement.number}",
            "number": statement.number,
            "url": self._url,
            "issued": self._date(statement.issued_at.astimezone(_JAPAN).date()),
            "form": words["form_version"].format(version=statement.version),
            "issued_utc": [issued.year, issued.month, issued.day, issued.hour, issued.minute, issued.second],
            "type": self._strings["type"][statement.type],
            "name": name,
            "name_size": 17 if len(name) <= _LONG_NAME else 10.5,
            "amount": {"figure": figure, "unit": words[f"unit_{unit}"]},
            "headline": self._headline(),
            "meaning": self._meaning(),
            "figures": self._figures(),
            "facts": self._facts(),
            "credits": [self._credit(cancellation) for cancellation in statement.cancellations],
            "registered": self._registered_texts(),
            "calculation": self._calculation(statement.footprint) if statement.footprint else None,
            "limits": self._limits(),
            "checking": self._checking(),
        }

    def _label(self, table: str, code: str) -> str:
        """The word for a code; a text that a registry or a person chose has no entry and stays as it is."""
        return self._strings[table].get(code, code)

    def _disclosed(self, field: DisclosedField) -> str:
        disclosure = self._disclosures.get(field)
        return disclosure.value if disclosure else self._words["withheld"]

    def _date(self, day: date) -> str:
        return long_date(day, self._locale)

    def _span(self, first: date, last: date) -> str:
        if first == last:
            return self._date(first)
        return self._words["date_span"].format(first=self._date(first), last=self._date(last))

    def _acts(self) -> str:
        acts = dict.fromkeys(cancellation.act for cancellation in self._statement.cancellations)
        return self._words["act_joiner"].join(acts)

    def _headline(self) -> str:
        beneficiary = self._disclosures.get(DisclosedField.BENEFICIARY)
        if beneficiary is None:
            return self._words["in_name_withheld"].format(acts=self._acts())
        if len(beneficiary.value) > _LONG_NAME:
            return self._words["in_name_above"].format(acts=self._acts())
        return self._words["in_name"].format(beneficiary=beneficiary.value, acts=self._acts())

    def _meaning(self) -> str:
        statement, words = self._statement, self._words
        if statement.footprint is None or statement.type is OffsetType.OTHER:
            return words["share_none"]
        total = statement.footprint.total_g
        subject = self._disclosures.get(DisclosedField.SUBJECT)
        short = subject is not None and len(subject.value) <= _LONG_NAME
        figure, unit = shown_amount(total)
        key = "share_full" if statement.grams >= total else "share_part"
        return words[key].format(
            subject=subject.value if subject and short else words["subject_default"],
            total=f"{figure} {words[f'unit_{unit}']}",
            share=self._share(statement.grams, total),
        )

    def _share(self, part_g: int, whole_g: int) -> str:
        share = per_mille(part_g, whole_g)
        return f"{share // 10}.{share % 10} %" if share else self._words["below_a_tenth"]

    def _figures(self) -> list[dict[str, str]]:
        statement, words = self._statement, self._words
        rows = [_figure(words["cancelled"], statement.grams)]
        if statement.cancelled_g != statement.grams:
            rows.append(_figure(words["registry_total"], statement.cancelled_g))
        if statement.footprint is None:
            return rows
        total = statement.footprint.total_g
        rows.insert(0, _figure(words["footprint"], total))
        if statement.type is not OffsetType.OTHER:
            share = self._share(statement.grams, total).removesuffix(" %")
            rows.append({"label": words["share"], "figure": share, "unit": "%", "note": words["share_note"]})
        return rows

    def _facts(self) -> list[dict[str, str]]:
        statement, words = self._statement, self._words
        rows = [
            (words["subject"], DisclosedField.SUBJECT),
            (words["beneficiary"], DisclosedField.BENEFICIARY),
            (words["purchaser"], DisclosedField.PURCHASER),
        ]
        facts = [_fact(label, self._disclosed(field)) for label, field in rows if field in statement.commitments]
        facts.insert(1, _fact(words["period"], self._span(statement.period.first, statement.period.last)))
        if statement.footprint:
            facts.append(_fact(words["counted"], self._counted(statement.footprint)))
            facts.append(_fact(words["excluded"], self._excluded(statement.footprint)))
        if statement.reduction_effort:
            facts.append(_fact(words["reduction"], statement.reduction_effort))
        facts.append(_fact(words["third_party"], statement.third_party_check or words["self_declared"]))
        facts.extend(_fact(words["from_pool"], self._pool_share(share)) for share in statement.from_pool or ())
        if statement.pool:
            facts.append(_fact(words["pool"], words["pool_note"]))
        if statement.contact:
            facts.append(_fact(words["contact"], statement.contact))
        if statement.adds_to:
            facts.append(_fact(words["adds_to"], statement.adds_to))
        if statement.replaces:
            facts.append(_fact(words["replaces"], statement.replaces))
        return facts

    def _pool_share(self, share: PoolShare) -> str:
        figure, unit = shown_amount(share.grams)
        return self._words["pool_share"].format(amount=f"{figure} {self._words[f'unit_{unit}']}", number=share.parent)

    def _counted(self, footprint: FootprintSummary) -> str:
        categories = dict.fromkeys(self._label("category", line.category) for line in _largest_first(footprint))
        return self._words["list_joiner"].join(categories)

    def _excluded(self, footprint: FootprintSummary) -> str:
        joiner = self._words["list_joiner"]
        by_reason: dict[str, list[str]] = {}
        for item in footprint.excluded:
            by_reason.setdefault(item.reason, []).append(self._label("category", item.category))
        groups = (
            self._words["excluded_for"].format(categories=joiner.join(left_out), reason=self._label("reason", reason))
            for reason, left_out in by_reason.items()
        )
        return joiner.join(groups) or self._words["nothing_excluded"]

    def _calculation(self, footprint: FootprintSummary) -> dict[str, Any]:
        words = self._words
        return {
            "lines": [
                {
                    "label": self._label("category", line.category),
                    "formula": self._formula(line),
                    "source": f"{line.factor_id} · {line.method}",
                    "amount": kilograms(line.grams),
                }
                for line in _largest_first(footprint)
            ],
            "total": kilograms(footprint.total_g),
            "notes": [
                words["calculation_rounding"],
                words["factor_set"].format(
                    factor_set=footprint.factor_set,
                    calculated_on=self._date(footprint.calculated_on),
                    sha256=footprint.sha256,
                ),
            ],
        }

    def _formula(self, line: FootprintLine) -> str:
        mass, slash, per = line.factor_unit.partition("/")
        factor_unit = f"{mass}{slash}{self._label('unit', per)}"
        quantity = f"{_grouped(line.quantity)} {self._label('unit', line.unit)}"
        return f"{quantity} × {_grouped(line.factor_value)} {factor_unit}"

    def _project_name(self, cancellation: Cancellation) -> str:
        return cancellation.project.name_ja if self._locale == "ja" else cancellation.project.name_en

    def _registry_name(self, cancellation: Cancellation) -> str:
        return cancellation.registry_name_ja if self._locale == "ja" else cancellation.registry_name_en

    def _credit(self, cancellation: Cancellation) -> dict[str, Any]:
        words = self._words
        act = self._strings["act"].get(f"{cancellation.registry} {cancellation.act}", cancellation.act)
        recorded = self._date(cancellation.recorded_on)
        place = f"{self._label('country', cancellation.project.country)} {cancellation.project.place}"
        kind = self._label("kind", cancellation.credit_kind)
        quantity = f"{cancellation.tonnes:,} t"
        invented = f" · {words['invented']}" if cancellation.invented else ""
        return {
            "name": self._project_name(cancellation),
            "summary": " · ".join([cancellation.project.key, kind, place, f"{cancellation.act} {recorded}"]),
            "quantity": quantity,
            "wide": [
                _fact(words["project"], f"{cancellation.project.key} · {self._project_name(cancellation)}{invented}"),
                _fact(words["operator"], f"{cancellation.project.operator} · {place}"),
                _fact(words["notice_sha256"], cancellation.notice_sha256),
                *self._of_some_kinds(cancellation),
            ],
            "facts": [
                _fact(words["scheme"], self._registry_name(cancellation)),
                _fact(words["kind"], kind),
                _fact(words["methodology"], cancellation.project.methodology),
                _fact(words["vintage"], self._vintages(cancellation.vintages)),
                _fact(words["certification_number"], cancellation.certification_number),
                _fact(words["quantity"], quantity),
                _fact(words["act"], act),
                _fact(words["recorded_on"], recorded),
                _fact(words["notice_number"], cancellation.notice_number),
                _fact(words["our_reference"], cancellation.our_reference),
                _fact(words["purpose"], self._label("purpose", cancellation.purpose)),
                _fact(words["executed_by"], cancellation.executed_by),
                *self._authorisation(cancellation),
            ],
            "serials": [
                {"first": span.first_text, "last": span.last_text, "quantity": f"{span.tonnes:,} t"}
                for span in cancellation.serials
            ],
        }

    def _authorisation(self, cancellation: Cancellation) -> list[dict[str, str]]:
        """Of units that another country's mitigation earned."""
        words, facts = self._words, []
        if cancellation.authorised is not None:
            facts.append(
                _fact(words["authorisation"], words["authorised" if cancellation.authorised else "not_authorised"])
            )
        if cancellation.corresponding_adjustment is not None:
            facts.append(_fact(words["adjustment"], self._label("adjustment", cancellation.corresponding_adjustment)))
        return facts

    def _of_some_kinds(self, cancellation: Cancellation) -> list[dict[str, str]]:
        """What is published of renewable energy, and what keeps removals."""
        words, facts = self._words, []
        if cancellation.block_energy is not None:
            facts.append(_fact(words["energy"], self._energy(cancellation.block_energy)))
        if cancellation.permanence is not None:
            facts.append(_fact(words["permanence"], self._label("permanence", cancellation.permanence)))
        return facts

    def _energy(self, energy: BlockEnergy) -> str:
        amounts = ((energy.mwh, "MWh"), (energy.gj, "GJ"))
        published = self._words["list_joiner"].join(f"{_grouped(amount)} {unit}" for amount, unit in amounts if amount)
        return self._words["energy_of_block"].format(published=published, tonnes=f"{energy.tonnes:,}")

    def _registered_texts(self) -> list[dict[str, str]]:
        rows = [
            (self._words["purpose_detail"], DisclosedField.PURPOSE_DETAIL),
            (self._words["credit_user"], DisclosedField.CREDIT_USER),
        ]
        return [_fact(label, self._disclosed(field)) for label, field in rows if field in self._statement.commitments]

    def _vintages(self, vintages: tuple[Vintage, ...]) -> str:
        return self._words["list_joiner"].join(self._vintage(vintage) for vintage in vintages)

    def _vintage(self, vintage: Vintage) -> str:
        if vintage.basis != "monitoring_period":
            return self._words[vintage.basis].format(label=vintage.label)
        first, slash, last = vintage.label.partition("/")
        return self._words["monitoring_period"].format(first=first, last=last) if slash else vintage.label

    def _limits(self) -> list[str]:
        keys = ("limit_own", "limit_carbon_neutral", "limit_right", "limit_schemes")
        sandbox = [self._words["sandbox_note"]] if self._statement.environment is Environment.SANDBOX else []
        return sandbox + [self._words[key] for key in keys]

    def _checking(self) -> list[str]:
        words = self._words
        return [
            words["checking_online"].format(url=self._url),
            words["checking_files"],
            f"{words['checking_hash']}: {self._statement.sha256()}",
        ]


_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _fact(label: str, value: str) -> dict[str, str]:
    return {"label": label, "value": value}


def _figure(label: str, grams: int) -> dict[str, str]:
    return {"label": label, "figure": kilograms(grams), "unit": "kg"}


def _largest_first(footprint: FootprintSummary) -> list[FootprintLine]:
    return sorted(footprint.lines, key=lambda line: -line.grams)


def _grouped(decimal_text: str) -> str:
    """Thousands separators in a plain decimal; any other text stays as it is."""
    match = _PLAIN_DECIMAL.fullmatch(decimal_text)
    return f"{int(match[1]):,}{match[2] or ''}" if match else decimal_text
