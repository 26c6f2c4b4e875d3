"""JSON of vendors: usual and unusual."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jsonbytes import decode, encode


def test_a_lone_surrogate_survives() -> None:
    value = decode(b'{"summary": "broken \\ud83d emoji"}')
    assert value == {"summary": "broken \ud83d emoji"}
    assert decode(encode(value)) == value


def test_what_is_no_json_is_refused() -> None:
    for body in (b"<html>", b'{"a": 1', b"", b'{"a": "\\ud83d'):
        with pytest.raises(ValueError):
            decode(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_encoding_and_decoding_give_the_value_back(value: object) -> None:
    assert decode(encode(value)) == value
