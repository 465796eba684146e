"""Places people travel between: Japanese prefectures, cities and airports, and international airports and their cities.

Coordinates are our own compilation of public facts, to two decimals (about a kilometre). A prefecture stands at its capital;
a city abroad stands at its main airport, since it is only reached by air.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from offset_calc import tables
from offset_calc.errors import PlaceAmbiguous, PlaceUnknown

_JAPANESE_SUFFIXES = ("市", "町", "村", "区", "都", "府", "県")
_ENGLISH_SUFFIXES = MappingProxyType({"市": "City", "町": "Town", "村": "Village", "区": "Ward", "県": "Prefecture"})


@dataclass(frozen=True, slots=True)
class Place:
    """One place.  kind: prefecture, city or airport.  airport: IATA code of the airport that serves it."""

    key: str
    kind: str
    name_ja: str
    name_en: str
    within_ja: str
    within_en: str
    country: str
    latitude: Decimal
    longitude: Decimal
    airport: str

    def as_choice(self) -> dict[str, str]:
        """Key and names, for a list that asks which place is meant."""
        where_ja = f"（{self.within_ja}）" if self.within_ja else ""
        where_en = f" ({self.within_en})" if self.within_en else ""
        return {"key": self.key, "name_ja": self.name_ja + where_ja, "name_en": self.name_en + where_en}


class PlaceTable:
    """The places of one edition, found by key, IATA code, or name in Japanese or English."""

    def __init__(self, edition: tables.Edition) -> None:
        self._by_key: dict[str, Place] = {}
        self._by_name: dict[str, list[Place]] = {}
        self._city_at: dict[tuple[Decimal, Decimal], str] = {}
        for row in edition.resource("places"):
            place = Place(
                **{column: row[column] for column in row if column not in {"latitude", "longitude"}},
                latitude=Decimal(row["latitude"]),
                longitude=Decimal(row["longitude"]),
            )
            self._by_key[place.key] = place
            if place.kind == "city":
                self._city_at.setdefault((place.latitude, place.longitude), place.key)
            self._register(place)
        for place in [place for place in self.all() if self._is_shared(place.as_choice()["name_en"])]:
            self._tell_apart(place)

    def by_key(self, key: str) -> Place:
        """One place by its key.  Raises: PlaceUnknown."""
        if key not in self._by_key:
            raise PlaceUnknown(key)
        return self._by_key[key]

    def station_of(self, place: Place) -> str:
        """Key of the city whose station serves a place: the capital's, for a prefecture."""
        if place.kind != "prefecture":
            return place.key
        return self._city_at[place.latitude, place.longitude]

    def airport_of(self, place: Place) -> Place:
        """The airport that serves a place (itself, for an airport)."""
        return self.by_key(f"air.{place.airport.lower()}")

    def find(self, text: str) -> Place:
        """The place a person means by `text`: a key, an IATA code or a name, the prefecture written with it or not.

        Raises: PlaceUnknown; PlaceAmbiguous, when places that do not lie together share the name (府中, 伊達, 草津).
        """
        if text in self._by_key:
            return self._by_key[text]
        found = self._by_name.get(_folded(text), [])
        if not found:
            raise PlaceUnknown(text)
        if self._is_shared(text):
            raise PlaceAmbiguous(text, tuple(place.as_choice() for place in found))
        return min(found, key=lambda place: place.kind)

    def all(self) -> tuple[Place, ...]:
        """Every place in table order: prefectures, cities of Japan, cities abroad, airports."""
        return tuple(self._by_key.values())

    def _register(self, place: Place) -> None:
        for name in _names(place):
            self._by_name.setdefault(name, []).append(place)

    def _is_shared(self, text: str) -> bool:
        """Whether places that do not lie together answer to a name.

        A capital and its prefecture share coordinates and airport: either answer gives the same distance.
        """
        return len({(p.latitude, p.longitude, p.airport) for p in self._by_name[_folded(text)]}) > 1

    def _tell_apart(self, place: Place) -> None:
        """Japanese names say what a place is, 府中市 and 府中町; where the English ones do not, they have to be made to."""
        named = replace(place, name_en=f"{place.name_en} {_ENGLISH_SUFFIXES[place.name_ja[-1]]}")
        self._by_key[place.key] = named
        for name in _names(place):
            self._by_name[name] = [named if other.key == place.key else other for other in self._by_name[name]]
        for name in _names(named) - _names(place):
            self._by_name.setdefault(name, []).append(named)


def _names(place: Place) -> set[str]:
    names = {place.name_ja, place.name_en, place.name_ja.split("（")[0]}
    if place.kind == "airport":
        names |= {name.replace("国際空港", "空港") for name in names}
        return {_folded(name) for name in {*names, place.airport}}
    bare = _without_suffix(place.name_ja)
    names |= {bare}
    if place.within_ja:
        short_within = _without_suffix(place.within_ja)
        for name in (place.name_ja, bare):
            names |= {f"{place.within_ja}{name}", f"{name}({place.within_ja})", f"{name}({short_within})"}
        names |= {f"{place.name_en}, {place.within_en}", f"{place.name_en} ({place.within_en})"}
    return {_folded(name) for name in names}


def _without_suffix(name: str) -> str:
    return name[:-1] if name.endswith(_JAPANESE_SUFFIXES) and len(name) > 1 else name


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(folded.replace("ō", "o").replace("ū", "u").split())


@lru_cache(maxsize=4)
def load(edition: str) -> PlaceTable:
    """The place table of an edition of the factor set.  Raises: EditionUnknown."""
    return PlaceTable(tables.open_edition(edition))
