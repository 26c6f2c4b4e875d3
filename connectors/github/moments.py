"""Instants as GitHub writes them, and as it wants them."""

from datetime import UTC, datetime
from typing import Any


def instant(value: Any) -> datetime | None:
    """An ISO 8601 text with an offset as UTC; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if parsed.tzinfo is None else parsed.astimezone(UTC)


def stamp(moment: datetime) -> str:
    """An instant in whole seconds of UTC, rounded down, which is how GitHub compares."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
