"""JSON values as what they should be."""

import pytest

from mappings.values import TEXT_LIMIT, cut, items, names, number, short, table, text, whole


@pytest.mark.parametrize(
    ("value", "right"),
    [("a\x00b", "ab"), (7, "7"), (1.5, "1.5"), (True, None), (None, None), ([], None), ({}, None)],
)
def test_text(value: object, right: str | None) -> None:
    assert text(value) == right


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (3, 3.0),
        ("5.5", 5.5),
        (0, 0.0),
        ("", None),
        ("many", None),
        (True, None),
        (None, None),
        (float("nan"), None),
        ("inf", None),
        (10**400, None),
        (1e12, None),
        ([3], None),
    ],
)
def test_number(value: object, right: float | None) -> None:
    assert number(value) == right


def test_whole_numbers_lose_their_fraction() -> None:
    assert whole(3600.0) == 3600
    assert whole("x") is None


def test_a_short_text_is_cut_and_clean() -> None:
    assert short("x" * 1000) == "x" * TEXT_LIMIT
    assert short("a\x00b") == "ab"
    assert short({"a": 1}) == "{'a': 1}"
    assert short(None) is None
    assert cut("abc", 2) == "ab"
    assert cut(None, 2) is None


def test_other_shapes_are_empty() -> None:
    assert table([1]) == {}
    assert items({"a": 1}) == []
    assert list(names([{"name": "a"}, {"name": None}, "b", {"name": "c"}])) == ["a", "c"]
