"""The code on one item: 24 signs that only we can make and that stand for a batch and a number in it.

    32 bits   the batch, at random
    24 bits   the item in the batch, from 1
    64 bits   HMAC-SHA-256 over both under the batch's own secret, cut

Written in Crockford's Base 32: capital letters and digits only, none of which looks like another, so that a code survives being
typed, and a QR code of its address stays small. Why so, and what it does not do: docs/decisions/0034-item-codes.md.
"""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

from marketplace.items.errors import ItemCodeUnknown

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 24
GROUP = 4
BATCH_BITS, ITEM_BITS, MAC_BITS = 32, 24, 64
MOST_ITEMS = 2**ITEM_BITS - 1
_PURPOSE = b"ashiato item code 1\n"
_VALUES = {sign: value for value, sign in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_SEPARATORS = str.maketrans("", "", " -\u2010\u2011\u2012\u2013\u2014\u2212\u30fc")
# Whatever somebody pastes: a whole address is longer than any code.
_LONGEST_TYPED = 100


@dataclass(frozen=True, slots=True)
class ItemCode:
    """What a code says, whether true or not: `genuine` has to be asked with the batch's secret."""

    batch: int
    item: int
    mac: int

    def genuine(self, secret: bytes) -> bool:
        """Compared in constant time."""
        ours = _mac(self.batch, self.item, secret)
        return hmac.compare_digest(ours.to_bytes(8, "big"), self.mac.to_bytes(8, "big"))


def write(batch: int, item: int, secret: bytes) -> str:
    """The code of item `item` (from 1) of the batch with the tag `batch`."""
    if not (0 <= batch < 2**BATCH_BITS and 0 < item <= MOST_ITEMS):
        raise ValueError(f"batch {batch}, item {item}")
    bits = (batch << ITEM_BITS | item) << MAC_BITS | _mac(batch, item, secret)
    return "".join(ALPHABET[bits >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def read(typed: str) -> ItemCode:
    """In capitals or not, in full width, in groups; O is read as 0, I and L as 1. Raises ItemCodeUnknown for anything else."""
    if len(typed) > _LONGEST_TYPED:
        raise ItemCodeUnknown("too long")
    signs = unicodedata.normalize("NFKC", typed).upper().translate(_SEPARATORS)
    if len(signs) != LENGTH or not all(sign in _VALUES for sign in signs):
        raise ItemCodeUnknown("not a code")
    bits = 0
    for sign in signs:
        bits = bits << 5 | _VALUES[sign]
    head = bits >> MAC_BITS
    return ItemCode(head >> ITEM_BITS, head & MOST_ITEMS, bits & 2**MAC_BITS - 1)


def grouped(code: str) -> str:
    """For people: four signs, a space, and so on."""
    return " ".join(code[place : place + GROUP] for place in range(0, len(code), GROUP))


def address_of(origin: str, code: str) -> str:
    """What the QR code says. All in capitals, where scheme and host know no difference: a QR code packs capitals and digits
    into 5.5 bits each, so that an address of up to 61 signs fits into version 3 at level M."""
    return f"{origin}/i/{code}".upper()


def _mac(batch: int, item: int, secret: bytes) -> int:
    said = _PURPOSE + batch.to_bytes(BATCH_BITS // 8, "big") + item.to_bytes(ITEM_BITS // 8, "big")
    return int.from_bytes(hmac.new(secret, said, hashlib.sha256).digest()[: MAC_BITS // 8], "big")
