"""Instants as GitHub wants them."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """An instant in whole seconds of UTC, rounded down, which is how GitHub compares."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
