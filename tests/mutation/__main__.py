"""Mutation testing of what must never be wrong: `python -m tests.mutation` changes one thing at a time and runs the tests that touch it.

A change that no test notices is printed with its line. On SQLite, in memory where the machine has room; the exit code is 1 if fewer
than 90 % are noticed.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.trial import Outcome, Trial

KILLED_AT_LEAST_PERCENT = 90
MARKET = "tests/marketplace"
CERTIFICATES = "tests/certificates"


@dataclass(frozen=True, slots=True)
class Group:
    """Modules, and the tests that are to notice a change in them; long runs over everything at once are left out."""

    modules: Sequence[str]
    tests: Sequence[str]

    def cut_to(self, modules: Sequence[str] | None, parts_of_names: Sequence[str] | None) -> "Group":
        return Group(
            [module for module in self.modules if not modules or module in modules],
            [test for test in self.tests if not parts_of_names or any(part in test for part in parts_of_names)],
        )


GROUPS: Mapping[str, Group] = {
    "ledger": Group(
        (
            "marketplace.money",
            "marketplace.ledger.service",
            "marketplace.ledger.balance",
            "marketplace.ledger.sale",
            "marketplace.payments.refunds",
            "marketplace.payments.disputes",
            "marketplace.payouts.service",
        ),
        (
            f"{MARKET}/money/test_exact_money.py",
            f"{MARKET}/money/test_ledger.py",
            f"{MARKET}/money/test_refunds.py",
            f"{MARKET}/money/test_disputes.py",
            f"{MARKET}/money/test_payouts.py",
        ),
    ),
    "allocation": Group(
        (
            "marketplace.inventory.serials",
            "marketplace.inventory.service",
            "marketplace.pools.service",
            "certificates.reservations",
            "certificates.pools",
        ),
        (
            f"{MARKET}/inventory",
            f"{MARKET}/orders/test_order_path.py",
            f"{MARKET}/orders/test_cancellation.py",
            f"{MARKET}/pools/test_pool_orders.py",
            f"{MARKET}/pools/test_sharing.py",
            f"{CERTIFICATES}/test_pools.py",
            f"{CERTIFICATES}/test_reservations.py",
        ),
    ),
    "states": Group(
        (
            "marketplace.inventory.states",
            "marketplace.quotes.states",
            "marketplace.orders.states",
            "marketplace.orders.service",
            "marketplace.orders.cancellation",
            "marketplace.retirements.states",
            "marketplace.retirements.service",
            "marketplace.retirements.partly",
            "marketplace.certification.cancelled",
            "marketplace.certification.fulfilling",
            "marketplace.certification.whole",
        ),
        (
            f"{MARKET}/database/test_rules.py",
            f"{MARKET}/orders/test_order_path.py",
            f"{MARKET}/orders/test_cancellation.py",
            f"{MARKET}/orders/test_placing.py",
            f"{MARKET}/orders/test_served_together.py",
            f"{MARKET}/retirements",
        ),
    ),
    "verifier": Group(
        (
            "certificates.verify",
            "certificates.verdict",
            "certificates.jose",
            "certificates.compact_proof",
            "certificates.number",
            "certificates.status_list",
            "certificates.keys",
            "certificates.bundle_check",
            "certificates.log.merkle",
            "certificates.log.notes",
            "certificates.log.checkpoint",
            "certificates.log.leaves",
            "certificates.log.proof",
        ),
        (
            *(
                f"{CERTIFICATES}/test_{name}.py"
                for name in (
                    "bundle",
                    "compact_proof",
                    "credential",
                    "evidence",
                    "jose",
                    "keys",
                    "number",
                    "older_versions",
                    "pools",
                    "status_list",
                    "verdict",
                    "verify",
                    "verify_key_life",
                    "verify_later_news",
                    "verify_log",
                )
            ),
            *(f"{CERTIFICATES}/log/test_{name}.py" for name in ("merkle", "notes", "proof", "tiles")),
        ),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="all without a name")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", nargs="+", metavar="MODULE", help="only the modules of these names")
    parser.add_argument("--tests", nargs="+", metavar="PART", help="only tests in whose file names one of these stands")
    asked = parser.parse_args()
    if not asked.groups:
        # each group in a process of its own: what one has imported does not weigh on the next
        return max(
            os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", "tests.mutation", name]) for name in GROUPS
        )
    return max(_run(GROUPS[name].cut_to(asked.only, asked.tests), asked.at_once) for name in asked.groups)


def _run(group: Group, at_once: int) -> int:
    mutants = [mutant for module in group.modules for mutant in mutants_of(module)]
    outcomes: dict[str, Counter[Outcome]] = {}

    def report(mutant: Mutant, outcome: Outcome) -> None:
        outcomes.setdefault(mutant.module, Counter())[outcome] += 1
        done = sum(counter.total() for counter in outcomes.values())
        sys.stderr.write(f"\r{done} of {len(mutants)} mutants ")
        if outcome is not Outcome.KILLED:
            # what hung is named, so that it can be seen to be an endless loop and nothing else
            sys.stdout.write(f"{outcome.name.lower()}: {mutant}\n")
            sys.stdout.flush()

    ended = pytest.main(
        [*group.tests, "-q", "-s", "-k", "not postgres", "-p", "no:cacheprovider", "-p", "no:xdist"],
        plugins=[Trial(mutants, at_once, report)],
    )
    for module, counted in outcomes.items():
        sys.stdout.write(_line(module, counted))
    total = sum(outcomes.values(), Counter[Outcome]())
    sys.stdout.write(_line("all", total))
    return 0 if ended == 0 and _noticed(total) * 100 >= KILLED_AT_LEAST_PERCENT * total.total() else 1


def _noticed(counted: Counter[Outcome]) -> int:
    """Whoever waits for a test that never ends notices that, too."""
    return counted[Outcome.KILLED] + counted[Outcome.HUNG] + counted[Outcome.BROKE_DOWN]


def _line(name: str, counted: Counter[Outcome]) -> str:
    killed, all_of_them = _noticed(counted), counted.total()
    return f"{name}: {killed} of {all_of_them} killed ({100 * killed / max(1, all_of_them):.1f} %)\n"


if __name__ == "__main__":
    sys.exit(main())
