"""The invented supply of the sandbox: providers, blocks and listings over real projects.

Nothing here exists in any registry. Every row is marked `invented`, the loader refuses one that is not, and everything
that shows such a row has to show the mark.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass as plain_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic.dataclasses import dataclass

from marketplace.inventory.serials import SerialRange
from marketplace.projects.catalogue import Project, Side, load_catalogue
from marketplace.projects.eligibility import Use, uses_for
from marketplace.projects.facts import ROW, DataDefect, read_rows, unique
from marketplace.projects.kinds import JCM_GENERATIONS, CreditKind, RegistryCode, jcm_generation
from marketplace.projects.price_ranges import PriceRange, load_price_ranges, price_ranges_for

FOLDER = Path(__file__).with_name("sandbox_supply")
SERIAL_DIGITS = 9


class VintageBasis(StrEnum):
    """How a registry splits a block by time: `label` is 2023 for a year, 2021-01-01/2022-12-31 for a period."""

    CALENDAR_YEAR = "calendar_year"
    FISCAL_YEAR = "fiscal_year"
    MONITORING_PERIOD = "monitoring_period"


class CorrespondingAdjustment(StrEnum):
    """Whether the partner country adds back what it transferred. For units of 2020 or before the question does not arise."""

    NOT_APPLICABLE = "not_applicable"
    DUE = "due"
    APPLIED = "applied"


@dataclass(config=ROW, frozen=True, slots=True)
class Vintage:
    """So many tonnes of a block belong to the year or period `label`."""

    basis: VintageBasis
    label: str
    tonnes: int

    @property
    def ends_on(self) -> date:
        """Last day in Japan time."""
        match self.basis:
            case VintageBasis.CALENDAR_YEAR:
                return date(int(self.label), 12, 31)
            case VintageBasis.FISCAL_YEAR:
                return date(int(self.label) + 1, 3, 31)
            case VintageBasis.MONITORING_PERIOD:
                return date.fromisoformat(self.label.split("/")[1])


@dataclass(config=ROW, frozen=True, slots=True)
class JcmAttributes:
    """What decides which words a buyer of JCM units may use."""

    side: Side
    authorised: bool
    corresponding_adjustment: CorrespondingAdjustment


@dataclass(config=ROW, frozen=True, slots=True)
class Provider:
    """`accounts` are its account numbers, by registry code: in the sandbox registry, or `by_hand` at the desk."""

    id: str
    invented: Literal[True]
    name_ja: str
    name_en: str
    accounts: Mapping[RegistryCode, str]
    by_hand: bool = False


@plain_dataclass(frozen=True, slots=True)
class Block:
    """Contiguous serials of one project, methodology and certification; its listings tile it.

    `scheme_symbol` and `credit_symbol` are the J-Credit registry's marks, None in other registries. `mwh` and `gj` are as
    stated for the block, never computed from tonnes, None if not stated.
    """

    id: str
    registry: RegistryCode
    project: Project
    methodology: str
    kind: CreditKind
    certification_number: str
    scheme_symbol: str | None
    credit_symbol: str | None
    serial_prefix: str
    serials: SerialRange
    vintages: tuple[Vintage, ...]
    mwh: Decimal | None
    gj: Decimal | None
    jcm: JcmAttributes | None
    invented: Literal[True]

    @property
    def tonnes(self) -> int:
        return len(self.serials)

    def serial_text(self, serial: int) -> str:
        """One serial as the sandbox registry writes it."""
        return f"{self.serial_prefix}{serial:0{SERIAL_DIGITS}d}"


@plain_dataclass(frozen=True, slots=True)
class Listing:
    """What a provider holds of a block, all of it on offer: yen per tonne before tax, at least `minimum_tonnes` an order."""

    id: str
    block: Block
    provider: Provider
    serials: SerialRange
    yen_per_tonne: int
    minimum_tonnes: int
    price_range: PriceRange
    invented: Literal[True]

    @property
    def tonnes(self) -> int:
        return len(self.serials)

    @property
    def account(self) -> str:
        """The provider's account in the registry that holds the serials."""
        return self.provider.accounts[self.block.registry]

    def uses(self, on: date) -> tuple[Use, ...]:
        """What these units may be used for on a day in Japan time; raises UsesNotKnown."""
        return uses_for(self.block.kind, on)


@plain_dataclass(frozen=True, slots=True)
class SandboxSupply:
    """Everything by id, in the order of the data files."""

    providers: Mapping[str, Provider]
    blocks: Mapping[str, Block]
    listings: Mapping[str, Listing]


@dataclass(config=ROW, frozen=True, slots=True)
class _ListingRow:
    id: str
    provider: str
    first_serial: int
    last_serial: int
    yen_per_tonne: int
    minimum_tonnes: int
    price_range_source: str


@dataclass(config=ROW, frozen=True, slots=True)
class _BlockRow:
    id: str
    invented: Literal[True]
    project: str
    methodology: str
    certification_number: str
    serial_prefix: str
    first_serial: int
    last_serial: int
    vintage: tuple[Vintage, ...]
    listing: tuple[_ListingRow, ...]
    scheme_symbol: str | None = None
    credit_symbol: str | None = None
    mwh: Decimal | None = None
    gj: Decimal | None = None
    jcm: JcmAttributes | None = None


@cache
def load_sandbox_supply() -> SandboxSupply:
    """The whole invented supply. Raises DataDefect if a row is not marked, not covered by a project or contradicts another."""
    providers = {row.id: row for row in read_rows(FOLDER / "providers.toml", "provider", Provider)}
    blocks: dict[str, Block] = {}
    listings: dict[str, Listing] = {}
    rows = [row for path in sorted(FOLDER.glob("blocks_*.toml")) for row in read_rows(path, "block", _BlockRow)]
    unique((row.id for row in rows), what="block")
    unique((row.certification_number for row in rows), what="certification number")
    unique((listing.id for row in rows for listing in row.listing), what="listing")
    for row in rows:
        block = _block(row)
        blocks[block.id] = block
        listings |= {offer.id: _listing(offer, block, providers) for offer in row.listing}
        _refuse_gaps(block, [listings[offer.id].serials for offer in row.listing])
    by_numbering: defaultdict[tuple[RegistryCode, str], list[Block]] = defaultdict(list)
    for block in blocks.values():
        by_numbering[block.registry, block.serial_prefix].append(block)
    for same_numbering in by_numbering.values():
        _refuse_overlap(same_numbering)
    return SandboxSupply(MappingProxyType(providers), MappingProxyType(blocks), MappingProxyType(listings))


def _block(row: _BlockRow) -> Block:
    project = load_catalogue().get(row.project)
    if project is None:
        raise DataDefect(f"block {row.id} names the unknown project {row.project}")
    serials = SerialRange(row.first_serial, row.last_serial)
    if sum(vintage.tonnes for vintage in row.vintage) != len(serials):
        raise DataDefect(f"block {row.id}: its vintages do not add up to its serials")
    if (row.jcm is None) != (project.registry is not RegistryCode.JCM_JAPAN):
        raise DataDefect(f"block {row.id}: JCM attributes are stated exactly for JCM units")
    if (row.scheme_symbol is None) != (project.registry is not RegistryCode.JCREDIT):
        raise DataDefect(f"block {row.id}: a scheme symbol is stated exactly for units in the J-Credit registry")
    return Block(
        id=row.id,
        registry=project.registry,
        project=project,
        methodology=row.methodology,
        kind=_kind(project, row),
        certification_number=row.certification_number,
        scheme_symbol=row.scheme_symbol,
        credit_symbol=row.credit_symbol,
        serial_prefix=row.serial_prefix,
        serials=serials,
        vintages=row.vintage,
        mwh=row.mwh,
        gj=row.gj,
        jcm=row.jcm,
        invented=row.invented,
    )


def _kind(project: Project, row: _BlockRow) -> CreditKind:
    kinds = project.activity(row.methodology).kinds
    if kinds != JCM_GENERATIONS:
        return kinds[0]
    generations = {jcm_generation(vintage.ends_on) for vintage in row.vintage}
    if len(generations) != 1:
        raise DataDefect(f"block {row.id} mixes JCM units from before and after 2021")
    return generations.pop()


def _listing(row: _ListingRow, block: Block, providers: Mapping[str, Provider]) -> Listing:
    provider = providers.get(row.provider)
    if provider is None or block.registry not in provider.accounts:
        raise DataDefect(f"listing {row.id}: {row.provider} has no account in {block.registry}")
    serials = SerialRange(row.first_serial, row.last_serial)
    if not 0 < row.minimum_tonnes <= len(serials):
        raise DataDefect(f"listing {row.id} cannot sell its own minimum")
    price_range = load_price_ranges().get(row.price_range_source)
    if price_range not in price_ranges_for(block.kind, block.methodology):
        raise DataDefect(f"listing {row.id}: {row.price_range_source} does not cover {block.kind}, {block.methodology}")
    if not price_range.low_yen <= row.yen_per_tonne <= price_range.high_yen:
        raise DataDefect(f"listing {row.id}: {row.yen_per_tonne} yen lies outside {price_range.id}")
    return Listing(row.id, block, provider, serials, row.yen_per_tonne, row.minimum_tonnes, price_range, block.invented)


def _refuse_gaps(block: Block, held: Iterable[SerialRange]) -> None:
    """What the providers hold tiles the block: every serial has one holder."""
    expected = block.serials.first
    for serials in sorted(held):
        if serials.first != expected:
            raise DataDefect(f"block {block.id}: serial {expected} is held by nobody or by two")
        expected = serials.last + 1
    if expected != block.serials.last + 1:
        raise DataDefect(f"block {block.id}: its listings end at {expected - 1}, not at {block.serials.last}")


def _refuse_overlap(same_numbering: Iterable[Block]) -> None:
    ordered = sorted(same_numbering, key=lambda block: block.serials)
    for left, right in pairwise(ordered):
        if right.serials.first <= left.serials.last:
            raise DataDefect(f"blocks {left.id} and {right.id} share serials")
