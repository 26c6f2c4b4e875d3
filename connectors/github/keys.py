"""Numbers: what they are called by people, and whether one is a pull request's."""

from collections.abc import Mapping
from typing import Any


def number_of(key: str | None) -> int | None:
    """The number in a key; None if it holds none."""
    tail = (key or "").rpartition("#")[2]
    return int(tail) if tail.isascii() and tail.isdecimal() and int(tail) else None


def is_pull(issue: Mapping[str, Any]) -> bool:
    """Whether a row of REST's issues is a pull request.

    Servers of old name an empty one in every issue.
    """
    held = issue.get("pull_request")
    return isinstance(held, dict) and bool(held.get("url") or held.get("html_url"))
