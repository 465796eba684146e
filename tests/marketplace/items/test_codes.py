"""Codes of single items: short, ours alone, and forgiving to whoever types them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.qr import QUIET_MODULES, qr_matrix
from marketplace.items import codes
from marketplace.items.errors import ItemCodeUnknown

SECRET = bytes(range(32))
MODULES_OF_VERSION_3 = 29


class TestACode:
    @given(batch=st.integers(0, 2**32 - 1), item=st.integers(1, codes.MOST_ITEMS), secret=st.binary(min_size=32))
    def test_reads_back_as_it_was_written(self, batch, item, secret):
        code = codes.write(batch, item, secret)
        read = codes.read(code)
        assert (len(code), read.batch, read.item) == (24, batch, item)
        assert read.genuine(secret)
        assert not read.genuine(secret + b"x")

    @given(item=st.integers(1, codes.MOST_ITEMS), place=st.integers(0, 23), sign=st.sampled_from(codes.ALPHABET))
    def test_with_any_one_sign_changed_is_not_ours(self, item, place, sign):
        code = codes.write(7, item, SECRET)
        changed = code[:place] + sign + code[place + 1 :]
        read = codes.read(changed)
        assert (read.batch == 7 and read.genuine(SECRET)) == (changed == code)

    def test_is_read_as_people_type_it(self):
        code = codes.write(2**31, 1, SECRET)
        ours = codes.read(code)
        full_width = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
        looks_alike = code.replace("0", "O").replace("1", "l")
        for typed in (code.lower(), codes.grouped(code), code.replace("", "-"), full_width, looks_alike, f" {code} "):
            assert codes.read(typed) == ours

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "U" * 24,
            "0" * 23,
            "0" * 25,
            "А" * 24,
            "0" * 23 + "\u0661",
            "https://elsewhere.example/",
            "0" * 10_000,
            "\x00" * 24,
        ],
    )
    def test_of_others_is_refused_alike(self, typed):
        with pytest.raises(ItemCodeUnknown):
            codes.read(typed)

    def test_of_no_item_is_never_written(self):
        for batch, item in ((1, 0), (1, codes.MOST_ITEMS + 1), (-1, 1), (2**32, 1)):
            with pytest.raises(ValueError, match="item"):
                codes.write(batch, item, SECRET)


class TestItsQrCode:
    @pytest.mark.parametrize("origin", ["https://ashiato.jp", "https://offset.shop.example.jp", "https://" + "a" * 26])
    def test_is_of_version_3_for_hosts_of_up_to_26_signs(self, origin):
        matrix = qr_matrix(codes.address_of(origin, codes.write(1, 1, SECRET)))
        assert len(matrix) - 2 * QUIET_MODULES == MODULES_OF_VERSION_3
