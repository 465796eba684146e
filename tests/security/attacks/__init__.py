"""What somebody would try against the running service, one function each; tests/security/test_attacks.py runs them all."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.security.stage import Stage

Try = Callable[[Stage], None]


@dataclass(frozen=True)
class Attack:
    """`asvs` is the requirement of OWASP ASVS 5.0.0 that it would break, `expected` how the service answers."""

    name: str
    asvs: str
    expected: str
    run: Try


ATTACKS: list[Attack] = []


def attack(asvs: str, expected: str) -> Callable[[Try], Try]:
    """Put the function on the list, under its own name."""

    def enlist(run: Try) -> Try:
        ATTACKS.append(Attack(run.__name__, asvs, expected, run))
        return run

    return enlist
