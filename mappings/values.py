"""JSON values as what they should be; anything else is None or empty, never an exception."""

from collections.abc import Iterator
from typing import Any

from mappings.text import clean

#: Longest text of a field that is kept with an event or a data issue.
TEXT_LIMIT = 255
#: Numbers beyond it are mistakes.
_LARGEST = 1e12


def text(value: Any) -> str | None:
    """A string, or a number as one, fit for a database."""
    if isinstance(value, str):
        # Most are ids and names; this function is called more than any other.
        return value if value.isascii() and value.isprintable() else clean(value)
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return str(value)


def short(value: Any) -> str | None:
    """Text of any value, cut."""
    if value is None:
        return None
    if isinstance(value, str):
        if len(value) <= TEXT_LIMIT and value.isascii() and value.isprintable():
            return value
        # Cut first: a description of megabytes is not cleaned for 255 characters.
        return clean(value[: TEXT_LIMIT * 2])[:TEXT_LIMIT]
    return clean(str(value))[:TEXT_LIMIT]


def cut(value: str | None, limit: int) -> str | None:
    """The first characters of a text."""
    return None if value is None else value[:limit]


def table(value: Any) -> dict[str, Any]:
    """An object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list, else an empty one."""
    return value if isinstance(value, list) else []


def names(value: Any) -> Iterator[str]:
    """Names of a list of named objects."""
    for one in items(value):
        name = text(table(one).get("name"))
        if name:
            yield name


def number(value: Any) -> float | None:
    """A finite number of sensible size, also out of a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < _LARGEST else None


def whole(value: Any) -> int | None:
    """A number without its fraction."""
    found = number(value)
    return None if found is None else int(found)
