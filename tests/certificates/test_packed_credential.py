"""Credentials as their rows keep them: the very same ones come back, in a third of the room."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates import packed_credential
from certificates.credential import StatusSlot, sign_credential
from certificates.jose import to_base64url
from certificates.packed_credential import packed, unpacked
from tests.certificates.authority import ISSUER, a_ring
from tests.certificates.builders import a_statement


@pytest.fixture(scope="module")
def credential() -> str:
    return sign_credential(a_statement(), ring=a_ring(), issuer_url=ISSUER, slot=StatusSlot(1, 4711))


class TestAPackedCredential:
    def test_comes_back_byte_for_byte(self, credential):
        assert unpacked(packed(credential)) == credential

    def test_takes_a_third_of_the_room(self, credential):
        assert len(packed(credential)) < len(credential) / 3

    @given(header=st.binary(), payload=st.binary(), signature=st.text("abcXYZ019-_"))
    def test_comes_back_whatever_stands_in_it(self, header, payload, signature):
        token = f"{to_base64url(header)}.{to_base64url(payload)}.{signature}"
        assert unpacked(packed(token)) == token

    @given(st.text().filter(lambda text: not text.startswith("1~")))
    def test_what_is_no_token_is_kept_as_it_is(self, text):
        assert unpacked(packed(text)) == text


class TestARowThatWasNotPackedHere:
    def test_one_from_before_is_read_as_it_is(self, credential):
        assert unpacked(credential) == credential

    @pytest.mark.parametrize("broken", ["1~", "1~~", "1~AAAA~sig", "1~!~sig", "1~a~b~c"])
    def test_a_broken_one_is_no_credential(self, broken):
        assert unpacked(broken).count(".") == 0

    def test_one_cut_off_is_no_credential(self, credential):
        assert unpacked(packed(credential)[:200]) != credential


def test_the_dictionary_never_changes():
    assert (
        hashlib.sha256(packed_credential._DICTIONARY).hexdigest()
        == "a7cf4f4f9ac9ef1f553126fba3a3941dd7831f334b788e0d47640030206dd383"
    )
