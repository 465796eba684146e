"""One body, one meaning."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.problems import DuplicateName, MalformedJson
from api.strict_json import DEEPEST, read_json

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


class TestWhatIsUnambiguousIsRead:
    @given(DOCUMENTS)
    def test_it_means_what_everyone_thinks_it_means(self, document):
        assert read_json(json.dumps(document, ensure_ascii=False).encode()) == document

    def test_at_the_deepest_level_allowed(self):
        assert read_json(b"[" * DEEPEST + b"1" + b"]" * DEEPEST) is not None


class TestWhatIsNotIsRefused:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "not_json"),
            (b"{", "not_json"),
            (b'{"a":1}x', "not_json"),
            (b'{"a":1,}', "not_json"),
            (b"{'a':1}", "not_json"),
            (b'{"a":01}', "not_json"),
            (b'{"a":"\n"}', "not_json"),
            (b"\xef\xbb\xbf{}", "not_json"),
            (b'{"a":"\xff"}', "not_utf8"),
            (b'{"a":"\xed\xa0\x80"}', "not_utf8"),
            (b'{"a":"\\ud800"}', "not_utf8"),
            (b'{"\\udc00":1}', "not_utf8"),
            (b'{"a":NaN}', "not_finite"),
            (b'{"a":-Infinity}', "not_finite"),
            (b'{"a":1e400}', "not_finite"),
            (b'{"a":' + b"9" * 5000 + b"}", "not_finite"),
            (b'{"a":"x\\u0000y"}', "null_character"),
            (b'{"a\\u0000":1}', "null_character"),
            (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "too_deep"),
            (b"[" * 100_000, "too_deep"),
            (b'{"a":' * 50_000, "too_deep"),
        ],
    )
    def test_with_the_reason(self, body, reason):
        with pytest.raises(MalformedJson) as refused:
            read_json(body)
        assert refused.value.params == {"reason": reason}

    @pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'{"x":[{"a":{},"b":1,"a":[]}]}'])
    def test_a_name_that_occurs_twice(self, body):
        with pytest.raises(DuplicateName) as refused:
            read_json(body)
        assert refused.value.params == {"name": "a"}
