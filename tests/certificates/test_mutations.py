"""Evidence with something changed is never accepted.

Seeded and repeatable. 800 mutations run with every test run; ASHIATO_MUTATIONS=10000 (or more) runs the full count.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from certificates.jose import from_base64url, to_base64url
from certificates.number import ALPHABET
from certificates.statement import DisclosedField, Disclosure, Disclosures, Statement
from certificates.verdict import CheckName, CheckResult, Outcome, Verdict
from certificates.verify import Evidence, verify
from tests.certificates.authority import NOW, Issued, a_ring

COUNT = int(os.environ.get("ASHIATO_MUTATIONS", "800"))
SEED = 20261122


def flip_a_bit(text: str, rng: random.Random) -> str:
    data = bytearray(text.encode())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(7)
    return data.decode("utf-8", "replace")


def change_a_byte(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice("AZaz09-_.é\n") + text[place + 1 :]


def cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text))]


def lose_a_piece(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text))
    return text[:start] + text[start + rng.randint(1, 40) :]


def double_a_piece(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text))
    return text[:start] + text[start : start + rng.randint(1, 40)] + text[start:]


TEXT_CHANGES = (flip_a_bit, change_a_byte, cut, lose_a_piece, double_a_piece)


def spoil_text(text: str, rng: random.Random) -> str:
    """Some other text."""
    spoilt = text
    while spoilt == text:
        spoilt = rng.choice(TEXT_CHANGES)(text, rng)
    return spoilt


def flip_signed_bytes(token: str, rng: random.Random) -> str:
    """A well-formed token of which one bit of header, payload or signature differs."""
    parts = token.split(".")
    place = rng.randrange(len(parts))
    data = bytearray(from_base64url(parts[place]))
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    parts[place] = to_base64url(bytes(data))
    return ".".join(parts)


def swap_parts(token: str, other: str, rng: random.Random) -> str:
    """Header, payload or signature of one token in another."""
    parts, place = token.split("."), rng.randrange(3)
    if parts[place] == other.split(".")[place]:
        place = 2
    parts[place] = other.split(".")[place]
    return ".".join(parts)


def spoil_statement(statement: Statement, rng: random.Random) -> Statement:
    """Another value in one field."""
    document = statement.model_dump(mode="json")
    changes: list[Callable[[], None]] = [
        lambda: document.update(grams=document["grams"] - rng.randint(1, 1_000)),
        lambda: document.update(type="other"),
        lambda: document.update(reduction_effort=document["reduction_effort"] + "。"),
        lambda: document["period"].update(last="2026-12-31"),
        lambda: document["cancellations"][0].update(notice_number="another"),
        lambda: document["cancellations"][0]["project"].update(key="another"),
        lambda: document["footprint"].update(factor_set="another"),
        lambda: document["commitments"].update(subject="0" * 64),
        lambda: document.update(replaces="TEST-2345-6789-CDFH-JKMN"),
    ]
    rng.choice(changes)()
    return Statement.model_validate(document)


def spoil_disclosures(disclosures: Disclosures, rng: random.Random) -> Disclosures:
    name = rng.choice(list(DisclosedField))
    text = disclosures[name]
    changed = rng.choice(
        [
            Disclosure(salt=text.salt, value=spoil_text(text.value, rng)),
            Disclosure(salt=text.salt[::-1], value=text.value),
            next(other for key, other in disclosures.items() if key != name and other != text),
        ]
    )
    return disclosures | {name: changed}


def spoil_number(number: str, rng: random.Random) -> str:
    places = [place for place in range(5, len(number)) if number[place] != "-"]
    if rng.random() < 0.5:
        place = rng.choice(places)
        return number[:place] + rng.choice(ALPHABET.replace(number[place], "")) + number[place + 1 :]
    left, right = rng.sample(places, 2)
    swapped = list(number)
    swapped[left], swapped[right] = swapped[right], swapped[left]
    return "".join(swapped) if swapped != list(number) else "ASHI" + number[4:]


# How each part may be spoilt; `other` is a genuine certificate of the same issuer.
Mutation = Callable[[Evidence, Evidence, random.Random], Evidence]
MUTATIONS: dict[str, Mutation] = {
    "credential text": lambda e, o, r: replace(e, credential=spoil_text(str(e.credential), r)),
    "credential bits": lambda e, o, r: replace(e, credential=flip_signed_bytes(str(e.credential), r)),
    "credential parts": lambda e, o, r: replace(e, credential=swap_parts(str(e.credential), str(o.credential), r)),
    "credential of another": lambda e, o, r: replace(e, credential=o.credential),
    "proof text": lambda e, o, r: replace(e, proof=spoil_text(str(e.proof), r)),
    "proof of another": lambda e, o, r: replace(e, proof=o.proof),
    "number": lambda e, o, r: replace(e, number=spoil_number(str(e.number), r)),
    "number of another": lambda e, o, r: replace(e, number=o.number),
    "statement": lambda e, o, r: replace(e, statement=spoil_statement(e.statement or a_statement_missing(), r)),
    "statement of another": lambda e, o, r: replace(e, statement=o.statement),
    "names": lambda e, o, r: replace(e, disclosures=spoil_disclosures(e.disclosures, r)),
}
# A spoilt list or log proof says nothing about the certificate: its check must not pass, the others may.
AUXILIARY: dict[str, tuple[Mutation, CheckName]] = {
    "status text": (lambda e, o, r: replace(e, status_list=spoil_text(str(e.status_list), r)), CheckName.STATUS),
    "status bits": (lambda e, o, r: replace(e, status_list=flip_signed_bytes(str(e.status_list), r)), CheckName.STATUS),
    "log text": (lambda e, o, r: replace(e, log_proof=spoil_text(str(e.log_proof), r)), CheckName.LOG),
    "log of another": (lambda e, o, r: replace(e, log_proof=o.log_proof), CheckName.LOG),
}


def a_statement_missing() -> Statement:
    raise AssertionError("complete evidence has a statement")


def refused(verdict: Verdict) -> bool:
    return verdict.outcome in {Outcome.ALTERED, Outcome.NOT_OURS} and verdict.statement is None


def test_no_changed_evidence_is_accepted() -> None:
    rng = random.Random(SEED)
    ring = a_ring()
    one = Issued(ring=ring)
    another = Issued(ring=ring, log=one.log)
    complete, other = one.evidence(), another.evidence()
    assert verify(complete, one.issuer, now=NOW).outcome is Outcome.TEST_CERTIFICATE
    names = [*MUTATIONS, *AUXILIARY]
    made: Counter[str] = Counter()
    accepted = []
    for count in range(COUNT):
        name = names[count % len(names)]
        if name in MUTATIONS:
            spoilt = MUTATIONS[name](complete, other, rng)
            fine = refused(verify(spoilt, one.issuer, now=NOW))
        else:
            mutation, check = AUXILIARY[name]
            spoilt = mutation(complete, other, rng)
            fine = verify(spoilt, one.issuer, now=NOW).check(check).result is not CheckResult.PASSED
        made[name] += 1
        if spoilt == complete or not fine:
            accepted.append((count, name))
    assert accepted == []
    assert sum(made.values()) == COUNT
    assert set(made) == set(names)


def test_the_mutations_can_be_repeated() -> None:
    texts = [spoil_text(json.dumps({"a": 1}), random.Random(SEED)) for _ in range(2)]
    assert texts[0] == texts[1]
