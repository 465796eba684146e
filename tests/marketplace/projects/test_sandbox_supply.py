"""Rules of the invented supply: marked everywhere, priced inside published ranges, no serial twice."""

import tomllib
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from marketplace.inventory.serials import SerialRange
from marketplace.projects import sandbox_supply
from marketplace.projects.catalogue import Side, load_catalogue
from marketplace.projects.eligibility import uses_for
from marketplace.projects.facts import DataDefect
from marketplace.projects.kinds import JCM_GENERATIONS, CreditKind, RegistryCode
from marketplace.projects.price_ranges import is_stand_in, load_price_ranges, price_ranges_for
from marketplace.projects.sandbox_supply import (
    FOLDER,
    CorrespondingAdjustment,
    SandboxSupply,
    Vintage,
    VintageBasis,
    load_sandbox_supply,
)


@pytest.fixture
def supply() -> SandboxSupply:
    return load_sandbox_supply()


def a_block_row(**changes: Any) -> sandbox_supply._BlockRow:
    """A sound forest block of 100 tonnes with one listing; name only what matters."""
    listing = changes.pop("listing", None) or (a_listing_row(),)
    sound: dict[str, Any] = {
        "id": "block",
        "invented": True,
        "project": "jcredit/normal/225",
        "methodology": "FO-001",
        "certification_number": "SBX-CERT-TEST",
        "scheme_symbol": "JC",
        "serial_prefix": "SBX-TEST-",
        "first_serial": 1,
        "last_serial": 100,
        "vintage": (Vintage(basis=VintageBasis.FISCAL_YEAR, label="2023", tonnes=100),),
        "listing": listing,
    }
    return sandbox_supply._BlockRow(**(sound | changes))


def a_listing_row(**changes: Any) -> sandbox_supply._ListingRow:
    sound: dict[str, Any] = {
        "id": "listing",
        "provider": "sandbox-c",
        "first_serial": 1,
        "last_serial": 100,
        "yen_per_tonne": 5000,
        "minimum_tonnes": 1,
        "price_range_source": "tse-forest",
    }
    return sandbox_supply._ListingRow(**(sound | changes))


class TestEveryRowIsMarkedInvented:
    @pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.name)
    def test_in_the_file_itself(self, path: Path) -> None:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = content.get("provider", []) + content.get("block", [])
        assert all(row["invented"] is True for row in rows)

    def test_in_what_is_loaded(self, supply: SandboxSupply) -> None:
        everything = [*supply.providers.values(), *supply.blocks.values(), *supply.listings.values()]
        assert all(row.invented for row in everything)

    @pytest.mark.parametrize("mark", [False, None])
    def test_a_row_that_claims_to_be_real_is_refused(self, mark: object) -> None:
        with pytest.raises(ValidationError):
            a_block_row(invented=mark)

    def test_names_numbers_and_serials_say_so_too(self, supply: SandboxSupply) -> None:
        for provider in supply.providers.values():
            assert provider.name_ja.startswith("サンドボックス") and provider.name_en.startswith("Sandbox")
            assert all(account.startswith("SBX-") for account in provider.accounts.values())
        for block in supply.blocks.values():
            assert block.certification_number.startswith("SBX-")
            assert block.serial_text(block.serials.first).startswith("SBX-")


class TestNoSerialTwice:
    def test_blocks_of_one_registry_and_prefix_never_overlap(self, supply: SandboxSupply) -> None:
        numbering: defaultdict[tuple[str, str], list[SerialRange]] = defaultdict(list)
        for block in supply.blocks.values():
            numbering[block.registry, block.serial_prefix].append(block.serials)
        assert any(len(ranges) > 1 for ranges in numbering.values())
        for ranges in numbering.values():
            assert all(left.last < right.first for left, right in pairwise(sorted(ranges)))

    def test_an_overlap_is_refused(self) -> None:
        first = sandbox_supply._block(a_block_row(id="first"))
        second = sandbox_supply._block(a_block_row(id="second", first_serial=100, last_serial=199))
        with pytest.raises(DataDefect, match="first and second share serials"):
            sandbox_supply._refuse_overlap([second, first])

    def test_every_serial_of_a_block_has_one_holder(self, supply: SandboxSupply) -> None:
        held = defaultdict(list)
        for listing in supply.listings.values():
            held[listing.block.id].append(listing.serials)
        for block in supply.blocks.values():
            assert sum(len(serials) for serials in held[block.id]) == block.tonnes

    @pytest.mark.parametrize(
        "held",
        [
            [(1, 60), (62, 100)],
            [(1, 60), (60, 100)],
            [(2, 100)],
            [(1, 99)],
            [(1, 101)],
            [],
        ],
        ids=["gap", "overlap", "starts late", "ends early", "runs over", "nobody"],
    )
    def test_a_hole_or_a_double_holder_is_refused(self, held: list[tuple[int, int]]) -> None:
        block = sandbox_supply._block(a_block_row())
        with pytest.raises(DataDefect):
            sandbox_supply._refuse_gaps(block, [SerialRange(first, last) for first, last in held])

    def test_the_text_of_a_serial_is_prefix_and_nine_digits(self) -> None:
        assert sandbox_supply._block(a_block_row()).serial_text(42) == "SBX-TEST-000000042"


class TestPricesStayInsidePublishedRanges:
    def test_each_listing_names_the_range_it_lies_in(self, supply: SandboxSupply) -> None:
        for listing in supply.listings.values():
            price_range = listing.price_range
            assert price_range in price_ranges_for(listing.block.kind, listing.block.methodology)
            assert price_range.low_yen <= listing.yen_per_tonne <= price_range.high_yen

    def test_each_range_names_its_publisher(self) -> None:
        for price_range in load_price_ranges().values():
            assert price_range.publisher and price_range.observed
            assert 0 < price_range.low_yen <= price_range.high_yen

    def test_biochar_trades_apart_from_other_farm_credits(self) -> None:
        (biochar,) = price_ranges_for(CreditKind.JCREDIT_AGRICULTURE, "AG-004")
        (feed,) = price_ranges_for(CreditKind.JCREDIT_AGRICULTURE, "AG-001")
        assert (biochar.low_yen, feed.id) == (40000, "tse-energy-saving")

    def test_a_borrowed_range_is_known_as_borrowed(self) -> None:
        (power,) = price_ranges_for(CreditKind.JCREDIT_RENEWABLE_POWER, "EN-R-002")
        assert not is_stand_in(power, CreditKind.JCREDIT_RENEWABLE_POWER, "EN-R-002")
        assert is_stand_in(power, CreditKind.JCM_2021_ON, "TH_AM001")

    def test_a_kind_without_any_range_is_refused(self) -> None:
        with pytest.raises(DataDefect, match="no price range"):
            price_ranges_for(CreditKind.CER, "AMS-I.D")

    @pytest.mark.parametrize("yen", [4649, 5601])
    def test_a_price_outside_its_range_is_refused(self, yen: int) -> None:
        block = sandbox_supply._block(a_block_row())
        with pytest.raises(DataDefect, match="lies outside tse-forest"):
            sandbox_supply._listing(a_listing_row(yen_per_tonne=yen), block, load_sandbox_supply().providers)

    def test_a_range_of_another_kind_is_refused(self) -> None:
        block = sandbox_supply._block(a_block_row())
        with pytest.raises(DataDefect, match="does not cover"):
            sandbox_supply._listing(
                a_listing_row(price_range_source="tse-energy-saving", yen_per_tonne=2000),
                block,
                load_sandbox_supply().providers,
            )


class TestBlocksFitTheirProjects:
    def test_the_kind_comes_from_the_project(self, supply: SandboxSupply) -> None:
        for block in supply.blocks.values():
            assert block.kind in block.project.activity(block.methodology).kinds
            assert block.registry is block.project.registry

    def test_every_project_has_supply(self, supply: SandboxSupply) -> None:
        supplied = {block.project.key for block in supply.blocks.values()}
        assert supplied == set(load_catalogue())
        assert 65 <= len(supply.blocks) <= 80

    def test_sizes_are_believable(self, supply: SandboxSupply) -> None:
        assert all(50 <= block.tonnes <= 5000 for block in supply.blocks.values())

    def test_vintages_lie_inside_the_project(self, supply: SandboxSupply) -> None:
        for block in supply.blocks.values():
            activity = block.project.activity(block.methodology)
            for vintage in block.vintages:
                if activity.certification_ends is not None:
                    assert vintage.ends_on <= activity.certification_ends.replace(month=12, day=31), block.id
                if activity.started_on is not None:
                    assert vintage.ends_on >= activity.started_on, block.id
                assert vintage.ends_on < date(2026, 1, 1), block.id

    def test_jcm_blocks_stay_below_what_the_japanese_side_issued(self, supply: SandboxSupply) -> None:
        checked = 0
        for block in supply.blocks.values():
            for issue in block.project.issues:
                if issue.side is Side.JAPAN and block.vintages[0].label.endswith(f"/{issue.monitored_to}"):
                    assert issue.issued_t is not None and block.tonnes <= issue.issued_t
                    checked += 1
        assert checked

    def test_vintages_that_do_not_add_up_are_refused(self) -> None:
        with pytest.raises(DataDefect, match="do not add up"):
            sandbox_supply._block(
                a_block_row(vintage=(Vintage(basis=VintageBasis.FISCAL_YEAR, label="2023", tonnes=99),))
            )

    def test_an_unknown_project_is_refused(self) -> None:
        with pytest.raises(DataDefect, match="unknown project"):
            sandbox_supply._block(a_block_row(project="jcredit/normal/999999"))

    def test_a_provider_without_an_account_in_the_registry_is_refused(self) -> None:
        block = sandbox_supply._block(a_block_row())
        with pytest.raises(DataDefect, match="sandbox-d has no account in jcredit"):
            sandbox_supply._listing(a_listing_row(provider="sandbox-d"), block, load_sandbox_supply().providers)

    @pytest.mark.parametrize("minimum", [0, 101])
    def test_a_minimum_that_cannot_be_sold_is_refused(self, minimum: int) -> None:
        block = sandbox_supply._block(a_block_row())
        with pytest.raises(DataDefect, match="cannot sell its own minimum"):
            sandbox_supply._listing(a_listing_row(minimum_tonnes=minimum), block, load_sandbox_supply().providers)


class TestJcmGenerationsAreKeptApart:
    def test_only_units_from_2021_on_are_authorised_and_adjusted(self, supply: SandboxSupply) -> None:
        jcm = [block for block in supply.blocks.values() if block.registry is RegistryCode.JCM_JAPAN]
        assert {block.kind for block in jcm} == set(JCM_GENERATIONS)
        for block in jcm:
            assert block.jcm is not None and block.jcm.side is Side.JAPAN
            new = block.kind is CreditKind.JCM_2021_ON
            assert block.jcm.authorised is new
            assert (block.jcm.corresponding_adjustment is not CorrespondingAdjustment.NOT_APPLICABLE) is new

    def test_other_registries_know_no_such_thing(self, supply: SandboxSupply) -> None:
        assert all(b.jcm is None for b in supply.blocks.values() if b.registry is RegistryCode.JCREDIT)

    def test_a_block_across_the_border_is_refused(self) -> None:
        old = Vintage(basis=VintageBasis.MONITORING_PERIOD, label="2020-01-01/2020-12-31", tonnes=50)
        new = Vintage(basis=VintageBasis.MONITORING_PERIOD, label="2021-01-01/2021-12-31", tonnes=50)
        attributes = sandbox_supply.JcmAttributes(
            side=Side.JAPAN, authorised=True, corresponding_adjustment=CorrespondingAdjustment.DUE
        )
        row = a_block_row(
            project="jcm/TH014", methodology="TH_AM001", scheme_symbol=None, jcm=attributes, vintage=(old, new)
        )
        with pytest.raises(DataDefect, match="before and after 2021"):
            sandbox_supply._block(row)


class TestUsesOfAListing:
    def test_they_are_those_of_its_kind_on_the_day(self, supply: SandboxSupply) -> None:
        on = date(2026, 11, 22)
        for listing in supply.listings.values():
            assert listing.uses(on) == uses_for(listing.block.kind, on)


class TestEnergyIsStatedNotComputed:
    def test_only_renewable_blocks_state_it(self, supply: SandboxSupply) -> None:
        for block in supply.blocks.values():
            assert (block.mwh is not None) is (block.kind is CreditKind.JCREDIT_RENEWABLE_POWER)
            assert (block.gj is not None) is (block.kind is CreditKind.JCREDIT_RENEWABLE_HEAT)

    def test_two_blocks_show_different_energy_per_tonne(self, supply: SandboxSupply) -> None:
        ratios = {block.mwh / block.tonnes for block in supply.blocks.values() if block.mwh is not None}
        assert len(ratios) > 1


class TestVintagesEnd:
    @pytest.mark.parametrize(
        ("basis", "label", "ends_on"),
        [
            (VintageBasis.CALENDAR_YEAR, "2023", date(2023, 12, 31)),
            (VintageBasis.FISCAL_YEAR, "2023", date(2024, 3, 31)),
            (VintageBasis.MONITORING_PERIOD, "2019-07-06/2020-12-31", date(2020, 12, 31)),
        ],
    )
    def test_on_the_last_day_included(self, basis: VintageBasis, label: str, ends_on: date) -> None:
        assert Vintage(basis=basis, label=label, tonnes=1).ends_on == ends_on
