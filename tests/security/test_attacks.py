"""Everything somebody has tried against the running service, over HTTP; all of it fails.

.venv/bin/pytest tests/security/test_attacks.py -k cookie     # some of them, by name
"""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from tests.security import attacks
from tests.security.attacks import ATTACKS, Attack
from tests.security.stage import Stage

for module in iter_modules(attacks.__path__):
    import_module(f"{attacks.__name__}.{module.name}")

SECURITY = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_fails(stage: Stage, attack: Attack) -> None:
    attack.run(stage)


class TestTheList:
    def test_is_long_and_names_each_attack_once(self) -> None:
        names = [attack.name for attack in ATTACKS]
        assert len(names) == len(set(names)) >= 60

    def test_names_requirements_that_the_security_page_knows(self) -> None:
        rows = re.findall(r"^\| (\d+\.\d+\.\d+(?:(?:–|, )\d+\.\d+\.\d+)*) ", SECURITY, re.MULTILINE)
        known = {number for row in rows for number in numbers_in(row)}
        assert {attack.asvs for attack in ATTACKS} - known == set()


def numbers_in(row: str) -> set[str]:
    """All four of "3.5.1–3.5.3, 3.7.2"."""
    found = set()
    for part in row.split(","):
        first, _, last = (one.strip() for one in part.partition("–"))
        section, _, number = first.rpartition(".")
        end = int(last.rpartition(".")[2] or number)
        found |= {f"{section}.{one}" for one in range(int(number), end + 1)}
    return found
