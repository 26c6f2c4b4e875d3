"""Instants of answers: what can be one is UTC, everything else is none."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.instants import instant


def test_an_offset_is_taken_off() -> None:
    assert instant("2026-03-02T01:00:00.887-0800") == datetime(2026, 3, 2, 9, 0, 0, 887000, UTC)
    assert instant("2026-03-02T08:00:00Z") == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "soon",
        "",
        "2026-03-02T08:00:00",
        "0000-01-01T00:00:00Z",
        "51502-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_what_is_no_instant_is_none(value: Any) -> None:
    """B50: a stamp outside the calendar stops nothing."""
    assert instant(value) is None
