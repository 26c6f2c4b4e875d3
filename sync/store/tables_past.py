"""The tables of what was overwritten: a row as it was known before another one took its place.

Most facts are told by events and intervals. What is not (a title, a priority, a status's meaning)
stands in one row that the next reading overwrites; the row before moves here first.
"""

from typing import Any

from sqlalchemy import Column, Table

from sync.store.columns import metadata
from sync.store.types import Instant

#: Columns that say nothing of the world.
_LEFT_OUT = frozenset({"content_hash"})


def past_of(table: Table, until: Column[Any] | None = None) -> Table:
    """The table of the former rows of `table`: its columns, and until when a row was known.

    `until`: another last part of the key than `known_to`, the instant at which it was overwritten.
    """
    return Table(
        f"{table.name}_past",
        metadata,
        *(
            Column(one.name, one.type, primary_key=one.primary_key, nullable=one.nullable)
            for one in table.columns
            if one.name not in _LEFT_OUT
        ),
        Column("known_to", Instant, primary_key=True) if until is None else until,
    )
