import io
from decimal import Decimal

import pytest
from openpyxl import Workbook

from marketplace.inventory.serials import SerialRange
from marketplace.projects.kinds import CreditKind, RegistryCode
from marketplace.projects.sandbox_supply import CorrespondingAdjustment, VintageBasis
from marketplace.providers.holding_list import read_holding_list
from offset_calc.tabular import TableRefused

HEAD = "プロジェクト番号,方法論,認証番号,制度記号,クレジット種別,シリアル番号（開始）,シリアル番号（終了）,数量,ビンテージ,再エネ電力(MWh)"
FOREST = "jcredit/normal/225,,C-1,JC,FM,JC-000-000001,JC-000-000120,120,FY2023,"


def read(text: str, registry: RegistryCode = RegistryCode.JCREDIT, encoding: str = "utf-8"):
    return read_holding_list(io.BytesIO(text.encode(encoding)), registry)


def problem(*rows: str) -> tuple[str, str]:
    """Column and code of the only fault in the only refused row, the last one."""
    listed = read("\n".join([HEAD, *rows]))
    assert len(listed.taken) == len(rows) - 1
    ((row, (fault,)),) = listed.refused
    assert row.number == fault.row == len(rows) + 1
    return fault.column, fault.code


class TestARowIsOneBlock:
    def test_as_the_registry_writes_it(self):
        listed = read(f"{HEAD}\n{FOREST}")
        ((_, block),) = listed.taken
        assert block.project.key == "jcredit/normal/225"
        assert block.kind is CreditKind.JCREDIT_FOREST
        assert (block.certification_number, block.scheme_symbol, block.credit_symbol) == ("C-1", "JC", "FM")
        assert block.serials == SerialRange(1, 120)
        assert [block.serial_text(n) for n in (1, 120)] == ["JC-000-000001", "JC-000-000120"]
        assert [(v.basis, v.label, v.tonnes) for v in block.vintages] == [(VintageBasis.FISCAL_YEAR, "2023", 120)]
        assert block.mwh is None

    def test_the_published_megawatt_hours_stay_to_the_last_digit(self):
        ((_, block),) = read(f"{HEAD}\n{FOREST}241.570").taken
        assert block.mwh == Decimal("241.570")
        assert str(block.mwh) == "241.570"

    @pytest.mark.parametrize("encoding", ["cp932", "utf-8-sig", "utf-16"])
    def test_in_any_encoding_of_a_spreadsheet_program(self, encoding):
        assert len(read(f"{HEAD}\n{FOREST}", encoding=encoding).taken) == 1

    def test_from_a_workbook(self):
        workbook, file = Workbook(), io.BytesIO()
        workbook.active.append(HEAD.split(","))
        workbook.active.append(FOREST.split(","))
        workbook.save(file)
        assert len(read_holding_list(file, RegistryCode.JCREDIT).taken) == 1

    def test_vintages_can_be_many(self):
        ((_, block),) = read(f"{HEAD}\n{FOREST.replace('FY2023', '2022年度:100; CY2023:20')}").taken
        assert [(v.basis, v.label, v.tonnes) for v in block.vintages] == [
            (VintageBasis.FISCAL_YEAR, "2022", 100),
            (VintageBasis.CALENDAR_YEAR, "2023", 20),
        ]

    def test_serials_may_outgrow_their_width(self):
        ((_, block),) = read(
            f"{HEAD}\n{FOREST.replace('JC-000-000001', 'JC-98').replace('JC-000-000120', 'JC-217')}"
        ).taken
        assert [block.serial_text(n) for n in (98, 100, 217)] == ["JC-98", "JC-100", "JC-217"]


class TestJcmUnitsSayMore:
    HEAD = "project,certification_number,serial_first,serial_last,vintages,side,authorised,corresponding_adjustment"
    ROW = "MN006,JCM-1,MN-00001,MN-00010,2019-07-06/2020-12-31,Japan,no,not applicable"

    def test_side_generation_authorisation_and_adjustment(self):
        ((_, block),) = read(f"{self.HEAD}\n{self.ROW}", RegistryCode.JCM_JAPAN).taken
        assert block.kind is CreditKind.JCM_2020_OR_BEFORE
        assert (block.jcm.side, block.jcm.authorised) == ("japan", False)
        assert block.jcm.corresponding_adjustment is CorrespondingAdjustment.NOT_APPLICABLE
        assert block.scheme_symbol is None

    @pytest.mark.parametrize(
        ("old", "new", "fault"),
        [
            (",Japan,", ",,", ("side", "not_a_choice")),
            (",no,", ",maybe,", ("authorised", "not_a_choice")),
            ("not applicable", "later", ("corresponding_adjustment", "not_a_choice")),
            (
                "2019-07-06/2020-12-31",
                "2019-01-01/2020-12-31:4; 2021-01-01/2021-12-31:6",
                ("vintages", "jcm_generations_mixed"),
            ),
        ],
    )
    def test_and_nothing_of_it_is_guessed(self, old, new, fault):
        listed = read(f"{self.HEAD}\n{self.ROW.replace(old, new)}", RegistryCode.JCM_JAPAN)
        ((_, (found,)),) = listed.refused
        assert (found.column, found.code) == fault


class TestARowThatCannotBeTaken:
    @pytest.mark.parametrize(
        ("old", "new", "fault"),
        [
            ("jcredit/normal/225", "225", ("プロジェクト番号", "project_ambiguous")),
            ("jcredit/normal/225", "jcredit/normal/999999", ("プロジェクト番号", "project_unknown")),
            ("jcredit/normal/225", "MN006", ("プロジェクト番号", "project_unknown")),
            (",,C-1", ",EN-S-001,C-1", ("方法論", "methodology_unknown")),
            (",C-1,", ",,", ("認証番号", "cell_missing")),
            (",JC,", ",,", ("制度記号", "cell_missing")),
            ("JC-000-000001", "none", ("シリアル番号（開始）", "not_a_serial")),
            ("JC-000-000001", "JC-000-000000", ("シリアル番号（開始）", "not_a_serial")),
            ("JC-000-000120", "JL-000-000120", ("シリアル番号（終了）", "serials_unlike")),
            ("JC-000-000120", "JC-000-0120", ("シリアル番号（終了）", "serials_unlike")),
            ("JC-000-000001", "JC-000-000121", ("シリアル番号（終了）", "serials_reversed")),
            (",120,", ",119,", ("数量", "tonnes_do_not_fit_serials")),
            (",120,", ",-120,", ("数量", "not_a_whole_number")),
            ("FY2023", "FY2023:100", ("ビンテージ", "vintages_do_not_add_up")),
            ("FY2023", "2023", ("ビンテージ", "not_a_vintage")),
            ("FY2023", "2023-02-01/2023-02-30", ("ビンテージ", "not_a_vintage")),
            ("FY2023,", "FY2023,about 7", ("再エネ電力(MWh)", "not_a_figure")),
        ],
    )
    def test_names_its_column(self, old, new, fault):
        assert problem(FOREST.replace(old, new, 1)) == fault

    def test_names_the_row_it_repeats(self):
        again = (
            FOREST.replace("C-1", "C-2").replace("JC-000-000001", "JC-000-000120").replace("-000120,120", "-000130,11")
        )
        listed = read("\n".join([HEAD, FOREST, again]))
        ((_, (fault,)),) = listed.refused
        assert (fault.code, fault.params) == ("serials_listed_twice", {"clashing_row": 2})

    def test_and_the_others_are_taken_all_the_same(self):
        listed = read("\n".join([HEAD, FOREST.replace("C-1", ""), FOREST]))
        assert (len(listed.taken), len(listed.refused)) == (1, 1)


class TestAFileThatIsNoList:
    @pytest.mark.parametrize("text", ["", "a,b\n1,2"])
    def test_is_refused_as_a_whole(self, text):
        with pytest.raises(TableRefused):
            read(text)

    def test_says_which_columns_are_missing(self):
        with pytest.raises(TableRefused) as refused:
            read("プロジェクト番号,認証番号\nx,y")
        assert refused.value.params["missing"] == ("serial_first", "serial_last", "vintages")
