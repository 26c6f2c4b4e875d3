"""The rows of a listing: all of them, or none."""

from collections.abc import Sequence
from typing import Any

from connectors.contract import UnexpectedAnswer


def objects(values: Any, where: str, *named_by: str) -> list[dict[str, Any]]:
    """Every row as an object, each with one of these names if any is given.

    Raises UnexpectedAnswer if a row is something else: left out, it would be taken for gone.
    """
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise UnexpectedAnswer("the answer has no list of rows", where=where)
    for one in values:
        if not isinstance(one, dict):
            raise UnexpectedAnswer("the listing holds a row that is no object", where=where)
        if named_by and not any(one.get(name) is not None for name in named_by):
            raise UnexpectedAnswer(
                f"the listing holds a row without {' or '.join(named_by)}", where=where
            )
    return list(values)
