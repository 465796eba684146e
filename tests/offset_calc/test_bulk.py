"""Bulk runs: two engines, one plan, and plain decimals as the judge, to the last gram."""

import csv
import io
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext
from random import Random

import duckdb
import pytest

from offset_calc import factors
from offset_calc.bulk import BulkRefused, run_bulk
from offset_calc.bulk.duckdb_engine import DuckDBEngine
from offset_calc.bulk.sqlite_engine import SQLiteEngine
from offset_calc.quantities import Rounding

HEADER = ("date", "kind", "quantity", "unit", "site", "supplier")
TEPCO = "jp.elec.fy2024.A0269.menu_m_residual.adjusted"


@pytest.fixture(params=[DuckDBEngine, SQLiteEngine], ids=["duckdb", "sqlite"])
def engine(request):
    with request.param() as opened:
        yield opened


@pytest.fixture
def a_file(tmp_path):
    def write(*rows, header=HEADER, encoding="utf-8", delimiter=","):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([header, *rows])
        path = tmp_path / "activities.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        return path

    return write


def by_key(result):
    return {tuple(group.key.values()): (group.grams.value, group.rows) for group in result.groups}


# kind, unit → factor by an independent look-up, exact value per unit as (top, bottom)
SAMPLES = {
    ("fuel.gasoline", "L"): "jp.shk.gasoline.co2",
    ("fuel.gasoline", "kL"): "jp.shk.gasoline.co2",
    ("electricity", "kWh"): "jp.grid.fy2024.national_average",
    ("electricity", "MJ"): "jp.grid.fy2024.national_average",
    ("travel.rail", "人km"): "jp.mlit.fy2024.rail",
    ("food.beef", "g"): "jp.koide2021.food.beef",
    ("jp.shk.lpg.carbon", "MJ"): "jp.shk.lpg.carbon",
    ("jp.seirei.vehicle.01.n2o", "km"): "jp.seirei.vehicle.01.n2o",
    ("gwp.ar5.sf6", "kg"): "gwp.ar5.sf6",
}
PER_UNIT = {
    ("fuel.gasoline", "L"): ("2290", "1"),
    ("fuel.gasoline", "kL"): ("2290000", "1"),
    ("electricity", "kWh"): ("423", "1"),
    ("electricity", "MJ"): ("423", "3.6"),
    ("travel.rail", "人km"): ("17", "1"),
    ("food.beef", "g"): ("18.34219895", "1"),
    ("jp.shk.lpg.carbon", "MJ"): ("717.2", "12"),  # 0.0163 tC/GJ × 44, in grams per MJ
    ("jp.seirei.vehicle.01.n2o", "km"): ("7.685", "1"),  # 0.000029 kg × 265
    ("gwp.ar5.sf6", "kg"): ("23500000", "1"),
}


def plain_decimal(kind, unit, quantity, rounding=ROUND_HALF_UP):
    top, bottom = PER_UNIT[kind, unit]
    with localcontext() as context:
        context.prec = 60
        return int((Decimal(quantity) * Decimal(top) / Decimal(bottom)).quantize(Decimal(1), rounding))


def random_rows(count, seed):
    random = Random(seed)
    keys = list(PER_UNIT)
    for _ in range(count):
        kind, unit = random.choice(keys)
        quantity = random.choice(
            [str(random.randrange(10**6)), f"{random.randrange(10**7) / 1000:.3f}", f"0.{random.randrange(10**6):06d}"]
        )
        day = date(2025, 4, 1) + timedelta(days=random.randrange(365))
        yield day.isoformat(), kind, quantity, unit, f"site{random.randrange(4)}", ""


class TestEqualToPlainDecimalsToTheLastGram:
    @pytest.mark.parametrize(("rounding", "mode"), [(Rounding.HALF_UP, ROUND_HALF_UP), (Rounding.UP, ROUND_CEILING)])
    def test_many_rows_of_many_kinds(self, engine, a_file, rounding, mode):
        rows = list(random_rows(3000, seed=20261122))
        expected = {}
        for _, kind, quantity, unit, site, _ in rows:
            grams, count = expected.get((site, kind), (0, 0))
            expected[site, kind] = (grams + plain_decimal(kind, unit, quantity, mode), count + 1)
        result = run_bulk(a_file(*rows), engine, rounding=rounding)
        assert by_key(result) == expected
        assert result.total.value == sum(grams for grams, _ in expected.values())
        assert (result.rows, result.rejected) == (3000, {})
        assert result.read_by_library == sum(len(row[2].partition(".")[2]) > 3 for row in rows)

    def test_exact_halves_round_up(self, engine, a_file):
        rows = [
            ("2025-04-01", "electricity", "0.0035", "kWh", "A", ""),
            ("2025-04-01", "travel.rail", "0.5", "人km", "A", ""),
        ]
        assert by_key(run_bulk(a_file(*rows), engine, group_by=("kind",))) == {
            ("electricity",): (1, 1),  # 1.4805 g
            ("travel.rail",): (9, 1),  # 8.5 g
        }

    def test_a_gigatonne_is_no_overflow(self, engine, a_file):
        row = ("2025-04-01", "gwp.ar5.sf6", "999999999999", "kg", "A", "")
        assert run_bulk(a_file(row), engine).total.value == 999_999_999_999 * 23_500_000


class TestTheSameRulesAsAForm:
    def test_what_an_engine_cannot_read_the_library_reads(self, engine, a_file):
        rows = [
            ("２０２５/４/１", "fuel.gasoline", "１，２００", "Ｌ", "A", ""),
            ("2025年4月2日", " fuel.gasoline ", "1,200", "L", "A", ""),
            ("2025-04-03", "fuel.gasoline", " 1200 ", "L", "A", ""),
        ]
        result = run_bulk(a_file(*rows), engine)
        assert by_key(result) == {("A", "fuel.gasoline"): (3 * 2_748_000, 3)}
        assert 2 <= result.read_by_library <= 3

    def test_the_factor_of_the_day(self, engine, a_file):
        rows = [
            ("2025-03-31", "travel.car", "1000", "人km", "A", ""),
            ("2024-03-31", "travel.car", "1000", "人km", "A", ""),
            ("2021-05-01", "travel.car", "1000", "人km", "A", ""),
        ]
        assert by_key(run_bulk(a_file(*rows), engine, group_by=("factor", "month"))) == {
            ("jp.mlit.fy2024.car", "2025-03"): (125_000, 1),
            ("jp.mlit.fy2023.car", "2024-03"): (127_000, 1),
            ("jp.mlit.fy2021.car", "2021-05"): (132_000, 1),
        }

    def test_suppliers_by_registration_or_menu_and_the_average_without(self, engine, a_file):
        rows = [
            ("2025-05-01", "electricity", "1000", "kWh", "A", "A0269"),
            ("2025-05-01", "electricity", "1000", "kWh", "A", TEPCO),
            ("2025-05-01", "electricity", "1000", "kWh", "A", ""),
            ("2025-05-01", "fuel.gasoline", "1", "L", "A", "任意の給油所"),
        ]
        result = run_bulk(a_file(*rows), engine, group_by=("factor",))
        assert by_key(result) == {(TEPCO,): (904_000, 2), ("jp.grid.fy2024.national_average",): (423_000, 1),
                                  ("jp.shk.gasoline.co2",): (2_290, 1)}  # fmt: skip

    def test_own_factors(self, engine, a_file):
        row = dict.fromkeys(factors.COLUMNS, "") | {
            "id": "own.steam",
            "name_ja": "蒸気",
            "region": "JP",
            "year": "2025",
            "value": "0.060123456789012",
            "unit": "tCO2/GJ",
            "gas": "CO2",
            "source_title": "Own boiler test",
            "source_publisher": "Example",
        }
        own = factors.load().with_own([factors.Factor.from_row(row)])
        result = run_bulk(a_file(("2025-05-01", "own.steam", "3", "GJ", "A", "")), engine, factors=own)
        assert result.total.value == 180_370
        assert result.factor_set_sha256 == own.sha256

    def test_no_grouping_at_all(self, engine, a_file):
        result = run_bulk(a_file(("2025-05-01", "fuel.gasoline", "2", "L", "A", "")), engine, group_by=())
        assert by_key(result) == {(): (4_580, 1)}


class TestRejectedRowsAreHandedBackWithReasons:
    def test_each_reason(self, engine, a_file, tmp_path):
        rows = [
            ("2025-04-01", "fuel.gasoline", "10", "L", "A", ""),
            ("2025-02-30", "fuel.gasoline", "10", "L", "A", ""),
            ("", "fuel.gasoline", "10", "L", "A", ""),
            ("2025-04-01", "fuel.gasoline", "-10", "L", "A", ""),
            ("2025-04-01", "fuel.gasoline", "NaN", "L", "A", ""),
            ("2025-04-01", "fuel.gasoline", "1e3", "L", "A", ""),
            ("2025-04-01", "fuel.gasoline", "0.1234567", "L", "A", ""),
            ("2025-04-01", "fuel.gasoline", "1000000000001", "L", "A", ""),
            ("2025-04-01", "fuel.moonshine", "10", "L", "=1+1", ""),
            ("2025-04-01", "fuel.gasoline", "10", "kg", "A", ""),
            ("2025-04-01", "electricity", "10", "kWh", "A", "Z9999"),
            ("1999-04-01", "fuel.gasoline", "10", "L", "A", ""),
        ]
        refused = tmp_path / "rejected.csv"
        result = run_bulk(a_file(*rows), engine, rejected_file=refused)
        assert result.total.value == 22_900
        with refused.open(encoding="utf-8", newline="") as file:
            listed = [(row["row"], row["reason"]) for row in csv.DictReader(file)]
        assert listed == [
            ("3", "not_a_date"),
            ("4", "date_missing"),
            ("5", "negative"),
            ("6", "not_finite"),
            ("7", "exponent"),
            ("8", "too_many_decimals"),
            ("9", "too_large"),
            ("10", "unknown_kind"),
            ("11", "unit_mismatch"),
            ("12", "unknown_supplier"),
            ("13", "factor_not_found"),
        ]
        assert sum(result.rejected.values()) == 11
        assert "'=1+1" in refused.read_text(encoding="utf-8")

    def test_nothing_is_lost(self, engine, a_file):
        rows = [
            *random_rows(200, seed=1),
            *(("2025-04-01", "fuel.gasoline", text, "L", "A", "") for text in ("x", "", "1,00")),
        ]
        result = run_bulk(a_file(*rows), engine)
        assert result.rows + sum(result.rejected.values()) == 203

    def test_a_line_with_too_many_cells(self, engine, a_file, tmp_path):
        path = a_file(("2025-04-01", "fuel.gasoline", "10", "L", "A", ""))
        with path.open("ab") as file:
            file.write(b"2025-04-01,fuel.gasoline,10,L,A,,surplus\r\n")
        result = run_bulk(path, engine, rejected_file=tmp_path / "rejected.csv")
        assert (result.rows, result.rejected) == (1, {"broken_row": 1})


class TestDetails:
    def test_a_group_tells_its_quantity_and_its_days(self, engine, a_file):
        rows = [
            ("2025-04-03", "fuel.gasoline", "10", "L", "A", ""),
            ("2025-04-01", "fuel.gasoline", "0.000001", "L", "B", ""),
            ("2025/4/9", "fuel.gasoline", "1,000.5", "L", "A", ""),
            ("2025-04-30", "fuel.gasoline", "x", "L", "A", ""),
        ]
        (group,) = run_bulk(a_file(*rows), engine, group_by=("kind", "unit", "factor"), detailed=True).groups
        assert group.key == {"kind": "fuel.gasoline", "unit": "L", "factor": "jp.shk.gasoline.co2"}
        assert (group.quantity, group.rows) == (Decimal("1010.500001"), 3)
        assert (group.first_day, group.last_day) == (date(2025, 4, 1), date(2025, 4, 9))


class TestFiles:
    def test_cells_with_line_breaks_and_rows_with_too_few_cells(self, engine, a_file):
        path = a_file(("2025-04-01", "fuel.gasoline", "10", "L", "札幌\n工場", ""))
        with path.open("ab") as file:
            file.write(b"2025-04-01,fuel.gasoline,10,L\r\n")
        assert by_key(run_bulk(path, engine)) == {
            ("札幌\n工場", "fuel.gasoline"): (22_900, 1),
            ("", "fuel.gasoline"): (22_900, 1),
        }

    @pytest.mark.parametrize(
        ("content", "reason"),
        [(b"PK\x03\x04anything", "spreadsheet"), (b"\xff\x81\x00", "encoding_unknown"), (b"", "columns_missing")],
    )
    def test_what_is_no_such_file_is_refused_with_a_reason(self, engine, tmp_path, content, reason):
        path = tmp_path / "rows.csv"
        path.write_bytes(content)
        with pytest.raises(BulkRefused) as refused:
            run_bulk(path, engine)
        assert refused.value.reason == reason

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932", "utf-16"])
    def test_encodings_of_excel(self, engine, a_file, encoding):
        path = a_file(("2025-04-01", "travel.rail", "100", "人km", "札幌工場", ""), encoding=encoding)
        assert by_key(run_bulk(path, engine)) == {("札幌工場", "travel.rail"): (1_700, 1)}

    def test_tabs_and_columns_in_any_order_and_missing_optional_ones(self, engine, a_file):
        path = a_file(
            ("L", "10", "2025-04-01", "fuel.gasoline"), header=("unit", "Quantity", "DATE", "kind"), delimiter="\t"
        )
        assert by_key(run_bulk(path, engine)) == {("", "fuel.gasoline"): (22_900, 1)}

    def test_missing_columns_are_named(self, engine, a_file):
        with pytest.raises(BulkRefused) as refused:
            run_bulk(a_file(("1", "2"), header=("date", "kind")), engine)
        assert refused.value.params["missing"] == ("quantity", "unit")

    def test_an_unknown_grouping(self, engine, a_file):
        with pytest.raises(BulkRefused):
            run_bulk(a_file(), engine, group_by=("site; DROP TABLE activity",))


class TestParquet:
    @pytest.mark.parametrize(
        "quantity", ["DECIMAL(18,3)", "DECIMAL(12,2)", "DECIMAL(30,2)", "DOUBLE", "BIGINT", "VARCHAR"]
    )
    @pytest.mark.parametrize("day", ["DATE", "VARCHAR", "TIMESTAMP"])
    def test_any_type_that_holds_the_numbers(self, tmp_path, quantity, day):
        path = tmp_path / "it's.parquet"
        duckdb.sql(
            f"COPY (SELECT CAST('2025-05-01' AS {day}) AS date, 'fuel.gasoline' AS kind, CAST(12 AS {quantity}) AS quantity, "
            f"'L' AS unit, 'A' AS site FROM range(5)) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
        )
        with DuckDBEngine() as engine:
            result = run_bulk(path, engine)
        assert (result.total.value, result.rows, result.rejected) == (5 * 27_480, 5, {})
        assert result.read_by_library == 0

    @pytest.mark.parametrize("column", ["date", "kind", "quantity", "unit"])
    def test_a_row_that_lacks_something_is_refused_however_alike_the_others_are(self, tmp_path, column):
        path = tmp_path / "x.parquet"
        columns = {
            "date": "DATE '2025-05-01'",
            "kind": "'fuel.gasoline'",
            "quantity": "CAST(12 AS DECIMAL(12,3))",
            "unit": "'L'",
        }
        cells = [f"CASE WHEN n < 4 THEN {v} END AS {k}" if k == column else f"{v} AS {k}" for k, v in columns.items()]
        duckdb.sql(f"COPY (SELECT {', '.join(cells)} FROM range(5) t(n)) TO '{path}' (FORMAT parquet)")
        with DuckDBEngine() as engine:
            result = run_bulk(path, engine)
        assert (result.total.value, result.rows, sum(result.rejected.values())) == (4 * 27_480, 4, 1)

    @pytest.mark.parametrize(
        ("days", "units", "expected"),
        [
            (("2025-05-01", "2025-05-02"), ("L", "L"), {"jp.shk.gasoline.co2": (4_580, 2)}),
            (("2025-05-01", "2025-05-02"), ("L", "kL"), {"jp.shk.gasoline.co2": (2_292_290, 2)}),
            (("1999-05-01", "2025-05-02"), ("L", "L"), {"jp.shk.gasoline.co2": (2_290, 1)}),
            (("2025-05-01", "2025-05-02"), ("L", "kWh"), {"jp.shk.gasoline.co2": (2_290, 1)}),
        ],
    )  # fmt: skip
    def test_whatever_finds_the_rate_the_kind_alone_or_with_unit_and_day(self, tmp_path, days, units, expected):
        path = tmp_path / "x.parquet"
        rows = ", ".join(f"(DATE '{day}', 'fuel.gasoline', 1, '{unit}')" for day, unit in zip(days, units, strict=True))
        duckdb.sql(f"COPY (SELECT * FROM (VALUES {rows}) v(date, kind, quantity, unit)) TO '{path}' (FORMAT parquet)")
        with DuckDBEngine() as engine:
            result = run_bulk(path, engine, group_by=("factor",))
        assert {key: value for (key,), value in by_key(result).items()} == expected

    @pytest.mark.parametrize(
        "columns",
        [
            "DATE '2025-04-01' AS date, ['a'] AS kind, [1, 2] AS quantity, 'L' AS unit",
            "TRUE AS date, TRUE AS kind, TRUE AS quantity, 'L' AS unit",
            "DATE 'infinity' AS date, 'fuel.gasoline' AS kind, 1 AS quantity, 'L' AS unit",
            "DATE '2025-04-01' AS date, 'fuel.gasoline' AS kind, 'nan'::DOUBLE AS quantity, 'L' AS unit",
            "DATE '2025-04-01' AS date, 'fuel.gasoline' AS kind, -5 AS quantity, 'L' AS unit",
            "DATE '2025-04-01' AS date, 'fuel.gasoline' AS kind, 9223372036854775807 AS quantity, 'L' AS unit",
            "DATE '2025-04-01' AS date, 'fuel.gasoline' AS kind, 1 AS quantity, 'L'::BLOB AS unit",
        ],
    )
    def test_columns_of_odd_types_and_values_are_judged_row_by_row(self, tmp_path, columns):
        path = tmp_path / "x.parquet"
        duckdb.sql(f"COPY (SELECT {columns}) TO '{path}' (FORMAT parquet)")
        with DuckDBEngine() as engine:
            result = run_bulk(path, engine)
        assert result.rows + sum(result.rejected.values()) == 1
        assert result.total.value in {0, 2_290}

    def test_a_file_without_rows(self, tmp_path):
        path = tmp_path / "x.parquet"
        duckdb.sql(
            "COPY (SELECT DATE '2025-04-01' AS date, 'fuel.gasoline' AS kind, 1 AS quantity, 'L' AS unit LIMIT 0) "
            f"TO '{path}' (FORMAT parquet)"
        )
        with DuckDBEngine() as engine:
            assert run_bulk(path, engine).rows == 0

    def test_a_file_that_breaks_off_in_its_data(self, tmp_path):
        path = tmp_path / "x.parquet"
        duckdb.sql(
            "COPY (SELECT DATE '2025-05-01' AS date, 'fuel.gasoline' AS kind, CAST(n AS DECIMAL(12,3)) AS quantity, 'L' AS unit "
            f"FROM range(5000) t(n)) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
        whole = path.read_bytes()
        path.write_bytes(whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :])
        with DuckDBEngine() as engine, pytest.raises(BulkRefused) as refused:
            run_bulk(path, engine)
        assert refused.value.reason == "unreadable"

    def test_a_file_that_is_no_parquet(self, tmp_path):
        path = tmp_path / "x.parquet"
        path.write_bytes(b"hello")
        with DuckDBEngine() as engine, pytest.raises(BulkRefused) as refused:
            run_bulk(path, engine)
        assert refused.value.reason == "unreadable"
