"""Rows of a listing: one that is left out would be taken for gone."""

from typing import Any

import pytest

from connectors.contract import UnexpectedAnswer
from connectors.rows import objects, table, whole


@pytest.mark.parametrize("rows", [[], [{"id": 1}, {"id": "b", "name": None}]])
def test_all_rows_come(rows: list[Any]) -> None:
    assert objects(rows, "here", "id") == rows


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"id": 1}, None], "a row that is no object"),
        ([[]], "a row that is no object"),
        ([{"id": 1}, {"id": None}], "a row without id or name"),
        (None, "no list of rows"),
        ({"id": 1}, "no list of rows"),
        ("rows", "no list of rows"),
    ],
)
def test_what_is_no_row_ends_the_reading(rows: Any, said: str) -> None:
    with pytest.raises(UnexpectedAnswer, match=said) as caught:
        objects(rows, "here", "id", "name")
    assert caught.value.where == "here"


def test_what_is_no_number_or_object_counts_as_none() -> None:
    assert [whole(one) for one in (7, 0, -1, True, "7", None, [], 1.5)] == [7, 0, -1, 0, 0, 0, 0, 0]
    assert [table(one) for one in ({"a": 1}, None, True, "x", [1])] == [{"a": 1}, {}, {}, {}, {}]
