"""What one transaction of a `Writer` shares: where it writes, and what it found out already."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.store import due, past
from sync.store.bulk import select_ids, updater, upsert


@dataclass(slots=True)
class Page:
    """One page being written, in the caller's transaction."""

    dialect: str
    conn: sa.Connection
    connection_id: int
    #: the present (UTC): `known_from` and `first_seen_at` of what is new.
    now: datetime
    #: stored payloads are normalized again: that says nothing of what is there now.
    is_replay: bool = False
    #: source-data rows inserted, changed or closed.
    rows: int = 0
    #: ids whose payload was not stored before this page.
    unseen: set[str] = field(default_factory=set)
    #: items that neither the payloads nor the items knew: no table holds rows of them.
    fresh: set[str] = field(default_factory=set)
    #: items of which this page is older than what is stored -> `updated_at` stored.
    stale: dict[str, datetime] = field(default_factory=dict)
    #: change requests of which this page is older than what is stored.
    stale_changes: set[str] = field(default_factory=set)
    #: (history_state, history_reason) of the items this page wrote or met.
    states: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    #: ids of which `known` found a row, by table.
    _there: dict[str, set[str]] = field(default_factory=dict)
    #: tables to which rows of fresh items may have been written.
    _written: set[str] = field(default_factory=set)
    #: notes of what verdicts rest on, as written; None: it was not asked whether any are kept.
    _noted: set[due.Note] | None = None
    _is_due: bool = False

    def note(self, kind: due.Kind, subjects: Iterable[str]) -> None:
        """What was written of these has verdicts judged anew (`sync.store.due`)."""
        fresh = {(kind.value, subject) for subject in subjects}
        if not fresh:
            return
        if self._noted is None:
            self._noted, self._is_due = set(), due.is_kept(self.conn, self.connection_id)
        if self._is_due and (fresh := fresh - self._noted):
            self._noted |= fresh
            due.note(self.conn, self.connection_id, fresh)

    def known(
        self,
        table: sa.Table,
        columns: tuple[str, ...],
        ids: Collection[str],
        extra: str = "",
        *,
        id_column: str = "source_id",
    ) -> list[tuple[Any, ...]]:
        """Rows of these ids in `table`, decoded."""
        found = select_ids(self.conn, table, columns, self.connection_id, id_column, ids, extra)
        if found and id_column in columns and id_column == past.id_column(table):
            place = columns.index(id_column)
            self._there.setdefault(table.name, set()).update(row[place] for row in found)
        return found

    def maybe_known(self, table: sa.Table, ids: Iterable[str]) -> list[str]:
        """The ids without those of which this table is sure to hold nothing.

        Only when it is asked for the first time: after that this page has written to it.
        """
        if table.name in self._written:
            return list(ids)
        self._written.add(table.name)
        return [id_ for id_ in ids if id_ not in self.fresh]

    def upsert(
        self,
        table: sa.Table,
        columns: tuple[str, ...],
        update: tuple[str, ...] | None,
        rows: Sequence[Sequence[Any]],
    ) -> int:
        """Insert the rows, overwrite the columns `update` of those there; how many."""
        if not rows:
            return 0
        if self.is_replay and update is not None and "gone_reason" in table.c:
            update = tuple(name for name in update if name not in _GONE)
        if update is not None and table.name in self._there:
            # Whoever overwrites a row has looked at it; what is new costs nothing.
            self._keep(table, self._there[table.name] & _ids(table, columns, rows))
        return upsert(self.dialect, table, columns, update).run(self.conn, rows)

    def insert_columns(
        self, table: sa.Table, columns: tuple[str, ...], values: Sequence[Sequence[Any]]
    ) -> int:
        """Insert rows of a table of which nothing is kept, told column by column; how many."""
        update = tuple(name for name in columns if name not in table.primary_key.columns)
        return upsert(self.dialect, table, columns, update).run_columns(self.conn, values)

    def is_back(self, gone_at: datetime | None) -> bool:
        """Whether what was gone since `gone_at` (None: it was not) is there again, being seen."""
        return gone_at is not None and not self.is_replay

    def update(
        self,
        table: sa.Table,
        sets: tuple[str, ...],
        keys: tuple[str, ...],
        rows: Sequence[Sequence[Any]],
    ) -> int:
        """Update by key; how many."""
        if not rows:
            return 0
        if past.id_column(table) is not None:
            ids = _ids(table, (*sets, *keys), rows)
            self._keep(table, ids - self.fresh if table.name == "work_item" else ids)
        return updater(self.dialect, table, sets, keys).run(self.conn, rows)

    def _keep(self, table: sa.Table, ids: Collection[str]) -> None:
        """Keep these rows as they stand: they are about to be overwritten."""
        past.keep_ids(self.conn, table, self.connection_id, ids, self.now)


def _ids(table: sa.Table, columns: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> set[str]:
    name = past.id_column(table)
    place = columns.index(name) if name is not None else 0
    return {row[place] for row in rows}


#: Columns that only a reading may clear.
_GONE = frozenset({"gone_at", "gone_reason", "gone_to"})
#: Columns every source entity ends with, in this order.
PRESENCE = ("first_seen_at", "gone_at", "gone_reason", "content_hash")


def same(held: bytes | None, digest: bytes) -> bool:
    """Whether the stored hash says that nothing changed (drivers may hand out other types)."""
    return held is not None and bytes(held) == digest
