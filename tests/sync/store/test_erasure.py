"""Names are found by hashes, wherever they stand in a payload, and nothing else is touched."""

import orjson
from hypothesis import given
from hypothesis import strategies as st
from support.store import START, connection

from sync.store.erasure import ERASED, Eraser, _hash, eraser, hashes_of
from sync.store.forget import accounts, forget
from sync.store.open import Store

KEY = b"k" * 32
NAMES = ("Ada Winter", "ada@example.net", "ada.w")


def made(*names: str) -> Eraser:
    return Eraser(KEY, frozenset(_hash(KEY, one) for one in names))


def test_a_name_goes_wherever_it_is_the_whole_text() -> None:
    payload = orjson.dumps(
        {"by": {"name": "Ada Winter", "mail": "ADA@example.net"}, "to": ["ada.w", "bo"], "n": 1}
    )
    assert orjson.loads(made(*NAMES).payload(payload)) == {
        "by": {"name": ERASED, "mail": ERASED},
        "to": [ERASED, "bo"],
        "n": 1,
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([*NAMES, "x", "Ada"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
)


@given(JSON)
def test_what_is_left_holds_none_and_twice_is_once(document: object) -> None:
    payload = orjson.dumps(document)
    once = made(*NAMES).payload(payload)
    assert not any(orjson.dumps(name) in once for name in NAMES)
    assert made(*NAMES).payload(once) is once
    assert made("somebody else").payload(payload) is payload


def test_no_json_is_left_alone() -> None:
    assert made(*NAMES).payload(b"<html>Ada Winter") == b"<html>Ada Winter"


def test_one_connection_forgets_and_another_does_not(store: Store) -> None:
    connection(store, "github")
    with store.writing() as conn:
        assert eraser(conn, 1) is None
        assert hashes_of(conn, ["Ada"]) == hashes_of(conn, ["ada"]) != hashes_of(conn, ["Bo"])
    with store.reading() as conn:
        assert accounts(conn) == ()
    forget(store, (), START)
    with store.reading() as conn:
        assert eraser(conn, 2) is None
