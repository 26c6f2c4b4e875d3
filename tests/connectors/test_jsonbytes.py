"""JSON of vendors: usual and unusual."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jsonbytes import decode, encode


def test_a_lone_surrogate_survives() -> None:
    value = decode(b'{"summary": "broken \\ud83d emoji"}')
    assert value == {"summary": "broken \ud83d emoji"}
    assert decode(encode(value)) == value


def test_a_text_of_another_encoding_costs_no_page() -> None:
    """B54: a commit message in Latin-1 inside an answer that promises UTF-8."""
    value = decode('[{"message": "Größe"}, {"message": "fine"}]'.encode("latin-1"))
    assert value == [{"message": "Gr\ufffd\ufffde"}, {"message": "fine"}]
    assert decode(encode(value)) == value


def test_what_is_no_json_is_refused() -> None:
    for body in (b"<html>", b'{"a": 1', b"", b'{"a": "\\ud83d', b'{"a": "\xe4'):
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


LONE = b'"\\ud83d"'
BOMBS = {
    "nested arrays": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of a million digits": b"9" * 1_000_000,
    "a number beyond all": b"1e999999",
    "no number": b"NaN",
    "less than no number": b"-Infinity",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("slow", [False, True], ids=["usual", "with a lone surrogate"])
def test_a_bomb_is_no_json_for_either_decoder(name: str, slow: bool) -> None:
    body = b"[" + LONE + b"," + BOMBS[name] + b"]" if slow else BOMBS[name]
    with pytest.raises(ValueError):
        decode(body)


def test_of_a_key_that_stands_twice_the_last_value_counts() -> None:
    for lone in (b"0", LONE):
        assert decode(b'{"id": 1, "x": ' + lone + b', "id": 2}')["id"] == 2
