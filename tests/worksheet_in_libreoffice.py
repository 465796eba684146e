"""`python -m tests.worksheet_in_libreoffice`: open the workbooks of all calculators in LibreOffice and compare what it computes.

The workbooks are saved again without the numbers that stand beside their formulas, so that LibreOffice has to compute every one.
Not a part of `make test`, whose tests evaluate the same formulas themselves: this one needs soffice on the path, and fails without.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from openpyxl import load_workbook

from offset_calc import Footprint, by_type
from offset_calc.worksheet import write_worksheet
from tests.offset_calc.test_sapporo_conference import conference

YEAR = {"start": "2025-04-01", "end": "2026-03-31"}
INPUTS = (
    {
        "type": "product",
        "subject": {"name": "Bottle", "functional_unit": "500 mL carried once", "units": "1000"},
        "materials": [{"material": "steel", "mass_kg": "250.125"}, {"material": "pp", "mass_kg": "40"}],
        "production": [{"electricity_kwh": "2000", "allocation_percent": "25"}],
    },
    {
        "type": "organisation",
        "subject": {"name": "Organisation"},
        "scope1_fuels": [{"fuel": "gasoline", "quantity": "2000.5", "unit": "L"}],
    },
    {"type": "household", "subject": {"name": "Home"}, "lpg": [{"lpg_m3": "6.5"}], "electricity": [{"household_size": "size3"}]},
    {
        "type": "activities",
        "subject": {"name": "Cars"},
        "rounding": "up",
        "activities": [{"quantity": "33401.001", "unit": "L", "factor_id": "jp.shk.gasoline.co2"}],
    },
)  # fmt: skip


def footprints() -> Iterator[Footprint]:
    yield conference()
    for raw in INPUTS:
        calculator = by_type(str(raw["type"]))
        assert calculator is not None
        yield calculator.calculate(calculator.read_inputs({"period": YEAR, **raw}))


def computed(footprint: Footprint, soffice: str, folder: Path) -> list[int]:
    """The grams of every line and the total, as LibreOffice computes them."""
    written = io.BytesIO()
    write_worksheet(footprint, written)
    file = folder / f"{footprint.type}.xlsx"
    load_workbook(io.BytesIO(written.getvalue())).save(file)
    shown = load_workbook(file, data_only=True)["calculation"]
    assert shown.cell(2, 6).value is None, "a number was left beside its formula"
    out = folder / "computed"
    command = [
        soffice,
        "--headless",
        f"-env:UserInstallation=file://{folder}/profile",
        "--convert-to",
        "xlsx",
        "--outdir",
        str(out),
    ]
    subprocess.run([*command, str(file)], check=True, capture_output=True, timeout=120)
    sheet = load_workbook(out / file.name, data_only=True)["calculation"]
    return [sheet.cell(row, 6).value for row in range(2, len(footprint.lines) + 3)]


def main() -> int:
    soffice = shutil.which("soffice")
    if soffice is None:
        sys.stderr.write("soffice (LibreOffice) is needed on the path\n")
        return 2
    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        for footprint in footprints():
            expected = [*(line.g for line in footprint.lines), footprint.total.value]
            found = computed(footprint, soffice, Path(folder))
            differing += found != expected
            sys.stdout.write(
                f"{footprint.type}: {'equal' if found == expected else f'{found} instead of {expected}'}\n"
            )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
