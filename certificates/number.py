"""Certificate numbers a person can read from paper, say aloud and type.

Two environments, two prefixes: ``ASHI-7F3K-M2XW-P4RT-HN9C`` is live, ``TEST-…`` is sandbox. Behind the prefix stand 14
random symbols (63 bits) and two check symbols. The 23 symbols hold no vowel, so no word can appear, and of every pair
that looks alike (0/O, 1/I/L, 2/Z, 5/S, 6/G, 8/B, U/V) at most one member.

The check symbols are those of a linear code over the integers modulo 23 in which any two columns of the check matrix
are independent. It therefore notices every error in one or two places: each single wrong symbol, each exchange of any
two, and a swapped prefix. docs/algorithms/certificates-number.md has the proof.
"""

import secrets
from collections.abc import Sequence

from certificates.statement import Environment

ALPHABET = "23456789CDFHJKMNPRTVWXY"
RANDOM_SYMBOLS = 14
PREFIXES = {Environment.LIVE: "ASHI", Environment.SANDBOX: "TEST"}

_MODULUS = len(ALPHABET)
_LENGTH = RANDOM_SYMBOLS + 2
_GROUP = 4
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
# The environment stands in one more column of the code, so that a sandbox number never becomes a live one by its prefix.
_ENVIRONMENT_VALUE = {Environment.LIVE: 0, Environment.SANDBOX: 1}
_ENVIRONMENT_COLUMN = _LENGTH + 1
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\uff70\ufe63"


class NotACertificateNumber(ValueError):
    """The text does not have the shape of a number: prefix, length or a symbol that numbers never contain."""

    code = "not_a_certificate_number"

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:60]!r} does not look like a certificate number such as TEST-7F3K-M2XW-P4RT-HN9C")


class MistypedNumber(ValueError):
    """The shape is right and the check symbols disagree: at least one symbol was misread or exchanged."""

    code = "certificate_number_mistyped"

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:60]!r} fails its check symbols; compare it with the certificate once more")


def new_number(environment: Environment) -> str:
    """A fresh number from the operating system's random source, in its canonical spelling."""
    return number_from([secrets.randbelow(_MODULUS) for _ in range(RANDOM_SYMBOLS)], environment)


def number_from(values: Sequence[int], environment: Environment) -> str:
    """The number whose random symbols have these values (each 0 to 22)."""
    plain, weighted = _sums(values, environment)
    # Solves  c + d = -plain  and  15c + 16d = -weighted  modulo 23, where 15 and 16 are the check symbols' columns.
    second = (_LENGTH - 1) * plain - weighted
    first = -plain - second
    symbols = "".join(ALPHABET[value] for value in (*values, first % _MODULUS, second % _MODULUS))
    return "-".join([PREFIXES[environment], *(symbols[i : i + _GROUP] for i in range(0, _LENGTH, _GROUP))])


def read_number(text: str) -> str:
    """The canonical spelling of what a person typed: case, spaces, hyphens and full-width forms do not matter.

    Raises: NotACertificateNumber for another shape (letters of other scripts included), MistypedNumber if the check
    symbols disagree.
    """
    environment, values = _split(text)
    plain, weighted = _sums(values, environment)
    if plain % _MODULUS or weighted % _MODULUS:
        raise MistypedNumber(text)
    return number_from(values[:RANDOM_SYMBOLS], environment)


def environment_of(number: str) -> Environment:
    """Which environment a number belongs to. Raises NotACertificateNumber."""
    return _split(number)[0]


def _split(text: str) -> tuple[Environment, list[int]]:
    typed = "".join(c for c in text.translate(_FULL_WIDTH) if not c.isspace() and c not in _HYPHENS)
    if not typed.isascii():
        raise NotACertificateNumber(text)
    typed = typed.upper()
    for environment, prefix in PREFIXES.items():
        symbols = typed.removeprefix(prefix)
        if typed.startswith(prefix) and len(symbols) == _LENGTH and set(symbols) <= _VALUES.keys():
            return environment, [_VALUES[symbol] for symbol in symbols]
    raise NotACertificateNumber(text)


def _sums(values: Sequence[int], environment: Environment) -> tuple[int, int]:
    """Both rows of the check matrix, (1, 1, …) and (1, 2, …), applied to the symbols and the environment."""
    extra = _ENVIRONMENT_VALUE[environment]
    plain = sum(values) + extra
    weighted = sum(column * value for column, value in enumerate(values, start=1)) + _ENVIRONMENT_COLUMN * extra
    return plain, weighted
