"""Days and instants that a person types."""

from datetime import UTC, datetime

import pytest

from sync.cli.reconcile import instant
from sync.errors import UsageError


@pytest.mark.parametrize(
    ("text", "zone", "meant"),
    [
        # A day means its end, in the configured zone.
        ("2026-03-31", "UTC", datetime(2026, 3, 31, 23, 59, 59, 999999, UTC)),
        ("2026-03-31", "Europe/Berlin", datetime(2026, 3, 31, 21, 59, 59, 999999, UTC)),
        ("2026-03-31T10:00", "Europe/Berlin", datetime(2026, 3, 31, 8, 0, tzinfo=UTC)),
        ("2026-03-31T10:00Z", "Europe/Berlin", datetime(2026, 3, 31, 10, 0, tzinfo=UTC)),
        ("2026-03-31T10:00+05:30", "UTC", datetime(2026, 3, 31, 4, 30, tzinfo=UTC)),
    ],
)
def test_instant(text: str, zone: str, meant: datetime) -> None:
    assert instant(text, zone, "--as-of") == meant


def test_nothing_told() -> None:
    assert instant(None, "UTC", "--as-of") is None


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "31.03.2026", ""])
def test_no_date(text: str) -> None:
    with pytest.raises(UsageError, match="is no date"):
        instant(text, "UTC", "--as-of")
