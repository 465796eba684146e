import gzip
import json
import random

import pytest

from certificates.jose import read_compact, to_base64url
from certificates.status_list import (
    LIST_BYTES,
    PLACES,
    StatusList,
    UnusableStatusList,
    decode_bits,
    encode_bits,
    is_set,
    sign_status_list,
)
from tests.certificates.authority import ISSUER, NOW, a_ring

# The `encodedList` printed in the Recommendation "Bitstring Status List v1.0", example "Example
# BitstringStatusListCredential": a list of the least size with nothing revoked.
PUBLISHED_EMPTY_LIST = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"


def multibase(data: bytes) -> str:
    return "u" + to_base64url(data)


class TestPublishedVector:
    def test_the_list_of_the_recommendation_decodes(self) -> None:
        assert decode_bits(PUBLISHED_EMPTY_LIST) == bytes(LIST_BYTES)


class TestBitsAreWhereTheSpecificationPutsThem:
    def test_place_zero_is_the_highest_bit_of_the_first_byte(self) -> None:
        bits = decode_bits(encode_bits([0, 9, PLACES - 1]))
        assert (bits[0], bits[1], bits[-1]) == (0b1000_0000, 0b0100_0000, 0b0000_0001)

    def test_exactly_the_revoked_places_are_set(self) -> None:
        revoked = set(random.Random(6).sample(range(PLACES), 1_000))
        bits = decode_bits(encode_bits(revoked))
        assert {place for place in range(PLACES) if is_set(bits, place)} == revoked

    @pytest.mark.parametrize("place", [-1, PLACES])
    def test_a_place_outside_the_list_is_refused(self, place: int) -> None:
        with pytest.raises(ValueError, match="outside"):
            encode_bits([place])
        with pytest.raises(UnusableStatusList):
            is_set(bytes(LIST_BYTES), place)


class TestTheListStaysSmall:
    @pytest.mark.parametrize("seed", range(20))
    def test_a_thousand_random_revocations_take_about_two_kilobytes(self, seed: int) -> None:
        revoked = random.Random(seed).sample(range(PLACES), 1_000)
        bits = decode_bits(encode_bits(revoked))
        assert len(gzip.compress(bits, mtime=0)) <= 2_048


class TestTheSignedList:
    def test_reads_back(self) -> None:
        ring = a_ring()
        token = read_compact(sign_status_list(7, [5, 70_000], ring=ring, issuer_url=ISSUER, now=NOW))
        assert token.is_signed_by(ring.active.key)
        found = StatusList.from_claims(token.claims())
        assert found.url == f"{ISSUER}/status/7"
        assert found.valid_from == NOW < found.valid_until
        assert [place for place in range(PLACES) if is_set(found.bits, place)] == [5, 70_000]

    def test_is_a_bitstring_status_list_credential(self) -> None:
        claims = read_compact(sign_status_list(7, [], ring=a_ring(), issuer_url=ISSUER, now=NOW)).claims()
        assert claims["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
        assert claims["credentialSubject"]["type"] == "BitstringStatusList"
        assert claims["credentialSubject"]["statusPurpose"] == "revocation"

    def test_asks_to_be_fetched_again_within_five_minutes(self) -> None:
        claims = read_compact(sign_status_list(7, [], ring=a_ring(), issuer_url=ISSUER, now=NOW)).claims()
        assert claims["credentialSubject"]["ttl"] == 300_000


class TestBrokenListsAreRefused:
    @pytest.mark.parametrize(
        ("encoded", "reason"),
        [
            ("", "not_multibase_base64url"),
            ("zH4sI", "not_multibase_base64url"),
            ("u", "wrong_length"),
            ("u***", "not_gzip"),
            (multibase(b"not gzip at all"), "not_gzip"),
            (multibase(gzip.compress(bytes(LIST_BYTES - 1))), "wrong_length"),
            (multibase(gzip.compress(bytes(LIST_BYTES + 1))), "wrong_length"),
            (multibase(gzip.compress(bytes(LIST_BYTES))[:-1]), "wrong_length"),
            (multibase(gzip.compress(bytes(LIST_BYTES)) + b"more"), "wrong_length"),
        ],
        ids=["empty", "base58", "nothing", "characters", "text", "short", "long", "cut", "tail"],
    )
    def test_with_the_rule_they_break(self, encoded: str, reason: str) -> None:
        with pytest.raises(UnusableStatusList) as refused:
            decode_bits(encoded)
        assert refused.value.reason == reason

    def test_a_bomb_too(self) -> None:
        with pytest.raises(UnusableStatusList) as refused:
            decode_bits(multibase(gzip.compress(bytes(200_000_000), compresslevel=9)))
        assert refused.value.reason == "wrong_length"

    @pytest.mark.parametrize(
        "spoil",
        [
            {"type": ["VerifiableCredential"]},
            {"type": 3},
            {"validUntil": None},
            {"validUntil": "2026-11-18"},
            {"validUntil": "soon"},
            {"credentialSubject": {}},
            {"credentialSubject": {"statusPurpose": "suspension", "encodedList": encode_bits([])}},
            {"credentialSubject": {"statusPurpose": "revocation", "encodedList": 3}},
        ],
    )
    def test_claims_of_another_kind_are_refused(self, spoil: dict[str, object]) -> None:
        claims = read_compact(sign_status_list(7, [], ring=a_ring(), issuer_url=ISSUER, now=NOW)).claims()
        with pytest.raises(UnusableStatusList):
            StatusList.from_claims(json.loads(json.dumps(claims | spoil)))
