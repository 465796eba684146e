"""`ashiato factors`: mark a factor as wrong, and list what was computed with it."""

import sys
from pathlib import Path

from tortoise import Tortoise

from api.instance import database_url
from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.footprints.models import FactorRecall
from marketplace.footprints.recalls import AffectedFootprint, affected_footprints, recall_factor, recalls
from marketplace.footprints.recalls import recalls_in_force as in_force
from offset_calc.errors import OffsetCalcError

EXIT_REFUSED = 1


async def run_recall(factor_id: str, *, reason: str, corrected_value: str | None, data: Path | None) -> int:
    """Recall a factor and print the report; the exit code is 1 if the factor or the value cannot be taken."""
    await Tortoise.init(config=tortoise_config(database_url(data)))
    try:
        recalled = await recall_factor(factor_id, reason=reason, corrected_value=corrected_value, clock=system_clock)
        await _report(recalled)
    except OffsetCalcError as refused:
        sys.stderr.write(f"{refused.code}: {refused}\n")
        return EXIT_REFUSED
    finally:
        await Tortoise.close_connections()
    return 0


async def run_report(factor_id: str | None, *, data: Path | None) -> int:
    """Print the report of one recalled factor, or the list of all recalls; 1 if the factor was never recalled."""
    await Tortoise.init(config=tortoise_config(database_url(data)))
    try:
        if factor_id is None:
            for recalled in await recalls():
                _say(f"{recalled.recalled_at:%Y-%m-%d %H:%M}Z  {recalled.factor_id}  {recalled.reason}")
            return 0
        recall = (await in_force()).get(factor_id)
        if recall is None:
            sys.stderr.write(f"{factor_id} has not been recalled\n")
            return EXIT_REFUSED
        await _report(recall)
    finally:
        await Tortoise.close_connections()
    return 0


async def _report(recalled: FactorRecall) -> None:
    value = recalled.corrected_value
    _say(f"recalled {recalled.factor_id}: {recalled.reason}")
    _say(f"corrected value: {value if value is not None else 'not known yet'}")
    count = 0
    async for footprint in affected_footprints(recalled):
        count += 1
        _say(_line(footprint))
    _say(f"{count} stored footprints used it")


def _line(affected: AffectedFootprint) -> str:
    found = affected.found
    corrected = "must be calculated again" if found.corrected is None else f"{found.corrected.value} g"
    shortfall = "" if found.shortfall is None else f", short by {found.shortfall.value} g"
    parts = [
        f"{affected.footprint_id}  {found.subject}",
        f"stored {found.stored.value} g, corrected {corrected}{shortfall}",
    ]
    if affected.order_ids:
        parts.append(f"orders {' '.join(affected.order_ids)}")
    if affected.certificates:
        parts.append(f"certificates {' '.join(affected.certificates)}")
    return "  |  ".join(parts)


def _say(text: str) -> None:
    # a name in a footprint is free text: nothing in it may steer the operator's terminal
    sys.stdout.write("".join(c if c.isprintable() else "�" for c in text) + "\n")
