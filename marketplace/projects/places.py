"""Japanese prefectures and the regions that the J-Credit project list sorts them into."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic.dataclasses import dataclass

from marketplace.projects.facts import ROW, read_rows, unique


class Region(StrEnum):
    """The eight areas of the J-Credit project list; its Chubu includes Niigata, Mie and the Hokuriku prefectures."""

    HOKKAIDO = "hokkaido"
    TOHOKU = "tohoku"
    KANTO = "kanto"
    CHUBU = "chubu"
    KINKI = "kinki"
    CHUGOKU = "chugoku"
    SHIKOKU = "shikoku"
    KYUSHU_OKINAWA = "kyushu_okinawa"


@dataclass(config=ROW, frozen=True, slots=True)
class Prefecture:
    """`code` is ISO 3166-2, whose number is also the JIS X 0401 code."""

    code: str
    name_ja: str
    name_en: str
    region: Region


@cache
def load_prefectures() -> Mapping[str, Prefecture]:
    """All 47 by code, in code order."""
    rows = read_rows(Path(__file__).with_name("places.toml"), "prefecture", Prefecture)
    unique((row.code for row in rows), what="prefecture")
    return MappingProxyType({row.code: row for row in rows})
