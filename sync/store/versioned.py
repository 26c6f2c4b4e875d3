"""Sets of children kept row by row with `known_from` and `known_to`; the difference is written.

A row that changed is closed and inserted again; one that a complete set no longer holds is closed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sync.store.due import Kind
from sync.store.guard import clean_rows
from sync.store.page import Page

#: Values of a row's key, and of its data, each in the order of the columns.
Key = tuple[Any, ...]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Children:
    """A table of children."""

    table: sa.Table
    #: its key without the connection and `known_from`.
    key: tuple[str, ...]
    data: tuple[str, ...] = ()
    #: what of a row has verdicts judged anew: kind of note, column of its subject.
    due: tuple[Kind, str] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A row as known now."""

    known_from: Any
    data: Row


def held(
    page: Page, kind: Children, ids: Collection[str], *, by: str, extra: str = ""
) -> dict[Key, Held]:
    """Rows known now whose column `by` is one of `ids`. `extra` is SQL text of our own."""
    width = len(kind.key)
    return {
        row[:width]: Held(row[width], row[width + 1 :])
        for row in page.known(
            kind.table,
            (*kind.key, "known_from", *kind.data),
            ids,
            f"AND known_to IS NULL {extra}",
            id_column=by,
        )
    }


def write(
    page: Page,
    kind: Children,
    known: Mapping[Key, Held],
    fresh: Mapping[Key, Row],
    is_whole: Callable[[Key, Row], bool],
) -> None:
    """Write the difference between what is known and what came.

    `is_whole`: whether what came is a complete set for this known row, so that not being in it
    takes the row away. Keys and rows of `fresh` are clean (`rows`).
    """
    closed = [
        (page.now, page.connection_id, *key, row.known_from)
        for key, row in known.items()
        if (fresh[key] != row.data if key in fresh else is_whole(key, row.data))
    ]
    added = [
        (page.connection_id, *key, page.now, None, *data)
        for key, data in fresh.items()
        if key not in known or known[key].data != data
    ]
    names = ("connection_id", *kind.key, "known_from")
    page.rows += page.update(kind.table, ("known_to",), names, closed)
    page.rows += page.upsert(
        kind.table, (*names, "known_to", *kind.data), ("known_to", *kind.data), added
    )
    if kind.due is not None and (closed or added):
        _note(page, kind, closed, added, known)


def _note(
    page: Page,
    kind: Children,
    closed: Iterable[Row],
    added: Iterable[Row],
    known: Mapping[Key, Held],
) -> None:
    assert kind.due is not None
    what, column = kind.due
    before = [(*key, *known[key].data) for key in (row[2:-1] for row in closed) if key in known]
    width = len(kind.key)
    after = [(*row[1 : 1 + width], *row[3 + width :]) for row in added]
    place = (*kind.key, *kind.data).index(column)
    page.note(what, {row[place] for row in (*before, *after)})


def rows(pairs: Iterable[tuple[Key, Row]]) -> dict[Key, Row]:
    """Clean rows by key; of those with one key the last."""
    found = list(pairs)
    keys = clean_rows([key for key, _ in found])
    return dict(zip(keys, clean_rows([data for _, data in found]), strict=True))
