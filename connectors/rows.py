"""The rows of a listing: all of them, or none."""

from collections.abc import Sequence
from typing import Any

from connectors.contract import UnexpectedAnswer


def objects(values: Any, where: str, *named_by: str) -> list[dict[str, Any]]:
    """Every row as an object, each with an id or text under one of these names, if any is given.

    Raises UnexpectedAnswer if a row is something else: left out, it would be taken for gone.
    """
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise UnexpectedAnswer("the answer has no list of rows", where=where)
    if not named_by and set(map(type, values)) == {dict}:
        return list(values)
    for one in values:
        if not isinstance(one, dict):
            raise UnexpectedAnswer("the listing holds a row that is no object", where=where)
        if named_by and not any(_names(one.get(name)) for name in named_by):
            raise UnexpectedAnswer(
                f"the listing holds a row without {' or '.join(named_by)}", where=where
            )
    return list(values)


def whole(value: Any) -> int:
    """A number that counts or names something; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def page_token(value: Any, where: str) -> str | None:
    """Where a listing goes on; None at its end. Raises UnexpectedAnswer for what is no text."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise UnexpectedAnswer("the server hands out a page token that is no text", where=where)
    return value


def _names(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def table(value: Any) -> dict[str, Any]:
    """An object; an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}
