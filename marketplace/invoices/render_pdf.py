"""Invoices, receipts and credit notes on paper: an A4 page by typst, from frozen content alone.

A receipt is the paid invoice under another title, with the same number in its own series.
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal

from marketplace.invoices.content import Content, Kind, Line, Seller
from marketplace.registries.drawing import draw

FOLDER = Path(__file__).parent
GRAMS_PER_TONNE, GRAMS_PER_KILOGRAM = 1_000_000, 1_000
Locale = Literal["ja", "en"]


class Paper(StrEnum):
    INVOICE = "invoice"
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"


def render(content: Content, paper: Paper, locale: Locale) -> bytes:
    """Some 10 ms of work; the same content gives the same bytes."""
    words = labels(locale)
    qualified = "qualified_" if content.issuer_number and paper is not Paper.RECEIPT else ""
    data = {
        "lang": locale,
        "title": words[f"{qualified}{paper}"],
        "sandbox": words["sandbox"] if content.sandbox else "",
        "number": _number(content, paper),
        "head": [
            [words["number"], _number(content, paper)],
            [words["issued_on"], _day(content.issued_on, locale)],
            [words["refunded_on" if paper is Paper.CREDIT_NOTE else "paid_on"], _day(content.on, locale)],
            *([[words["concerns"], content.concerns]] if content.concerns else []),
            [words["order"], content.order_id],
        ],
        "issuer": [
            content.issuer_name,
            content.issuer_address,
            *([f"{words['registration_number']} {content.issuer_number}"] if content.issuer_number else []),
        ],
        "recipient": words["recipient"].format(name=content.recipient),
        "subject": [words["subject"], content.subject],
        "total": [words[f"total_{paper}"], _yen(content.total_yen, locale)],
        "heads": [words[name] for name in ("item", "quantity", "unit_price", "amount")],
        "sellers": [_seller(seller, content, words, locale) for seller in content.sellers],
        "sums": [
            [words["net"].format(percent=content.tax_percent), _yen(content.net_yen, locale)],
            [words["tax"].format(percent=content.tax_percent), _yen(content.tax_yen, locale)],
            [words["total"], _yen(content.total_yen, locale)],
            *_qualified_part(content, words, locale),
        ],
        "notes": [words[f"note_{paper}"], words["note_rounding"]],
        "footer": content.issuer_name,
    }
    return draw(FOLDER / "document.typ", data, dated=datetime.combine(content.issued_on, time(), UTC))


@cache
def labels(locale: Locale) -> Mapping[str, str]:
    return tomllib.loads((FOLDER / f"labels.{locale}.toml").read_text("utf-8"))


def _qualified_part(content: Content, words: Mapping[str, str], locale: Locale) -> list[list[str]]:
    """Where some parts are qualified and others are not, what the buyer may rely on."""
    parts = [seller for seller in content.sellers if seller.qualified]
    if len(parts) in {0, len(content.sellers)}:
        return []
    percent = content.tax_percent
    return [
        [words["qualified_net"].format(percent=percent), _yen(sum(part.net_yen for part in parts), locale)],
        [words["qualified_tax"].format(percent=percent), _yen(sum(part.tax_yen for part in parts), locale)],
    ]


def _number(content: Content, paper: Paper) -> str:
    return content.number.replace("INV-", "RCP-") if paper is Paper.RECEIPT else content.number


def _seller(seller: Seller, content: Content, words: Mapping[str, str], locale: Locale) -> dict[str, Any]:
    name = seller.name_ja if locale == "ja" else seller.name_en
    if seller.provider_id is None:
        standing = ""
    elif seller.qualified:
        standing = words["by_agency"].format(number=seller.registration_number)
    else:
        standing = words["not_qualified"]
    return {
        "name": words["seller"].format(name=name),
        "standing": standing,
        "lines": [_line(line, content.kind, words, locale) for line in seller.lines],
        "sums": [
            [words["seller_net"].format(percent=content.tax_percent), _yen(seller.net_yen, locale)],
            [words["seller_tax"].format(percent=content.tax_percent), _yen(seller.tax_yen, locale)],
        ],
    }


def _line(line: Line, kind: Kind, words: Mapping[str, str], locale: Locale) -> list[str]:
    project = line.project_ja if locale == "ja" else line.project_en
    price = f"{_yen(line.yen_per_tonne, locale)} / t" if line.yen_per_tonne and kind is Kind.INVOICE else ""
    return [words[f"item_{line.item}"].format(project=project), _mass(line.grams), price, _yen(line.net_yen, locale)]


def _mass(grams: int) -> str:
    """To the gram: 3 t, 1,234.567 kg, or nothing for what is not an amount of credits."""
    if not grams:
        return ""
    if grams % GRAMS_PER_TONNE == 0:
        return f"{grams // GRAMS_PER_TONNE:,} t"
    kilograms, rest = divmod(grams, GRAMS_PER_KILOGRAM)
    return f"{kilograms:,}.{rest:03d} kg" if rest else f"{kilograms:,} kg"


def _yen(amount: int, locale: Locale) -> str:
    return f"{amount:,} 円" if locale == "ja" else f"¥{amount:,}"


def _day(day: date, locale: Locale) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if locale == "ja" else f"{day.day} {day:%B %Y}"


def media_name(content: Content, paper: Paper) -> str:
    """A file name for the download."""
    return f"{_number(content, paper)}.pdf"
