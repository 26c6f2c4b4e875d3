"""Rows of single records, held against rows made of what the server says now; reads only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sync.store import schema
from sync.store.tables_code import (
    change_commit,
    change_file,
    change_request,
    push_event,
    release,
    review,
)

#: Columns that tell when or how we looked, and not what is so.
_OURS = frozenset(
    {
        "connection_id",
        "first_seen_at",
        "gone_at",
        "gone_reason",
        "gone_to",
        "content_hash",
        "known_from",
        "known_to",
    }
)
#: Ids asked for at once.
_MANY = 200
#: Says that an answer did not tell.
_UNSAID = "unknown"


@dataclass(frozen=True, slots=True)
class Compared:
    """A table of which rows are compared."""

    table: sa.Table
    #: column with the id of the record that a row belongs to.
    owner: str
    #: columns that tell the rows of one record apart; none: it has one.
    row: tuple[str, ...] = ()
    #: columns that follow from other records, or are none of the source's words.
    ignored: frozenset[str] = frozenset()
    #: columns that one answer tells and another leaves out: nothing said there is no difference,
    often_unsaid: frozenset[str] = frozenset()
    #: and where one of a vendor's interfaces never tells it, nothing known here is none either.
    unsaid_by_some: frozenset[str] = frozenset()
    #: part of a change (`change_part`) whose rows these are.
    part: str | None = None
    #: whether ids are those of a scope only (every repository has its tag v1.0).
    of_scope: bool = False

    @property
    def columns(self) -> tuple[sa.Column[Any], ...]:
        """What is compared."""
        apart = {self.owner, *self.row, *_OURS, *self.ignored}
        return tuple(one for one in self.table.columns if one.name not in apart)


ITEM = Compared(
    schema.work_item,
    "source_id",
    # What follows from the history, or from how much of it is read.
    ignored=frozenset({"history_state", "history_reason", "started_at", "done_at", "team"}),
)
EVENTS = Compared(schema.field_event, "work_item_id", ("source_event_id",))
CHANGE = Compared(
    change_request,
    "source_id",
    ignored=frozenset({"base_sha_at_merge", "base_known", "merge_method"}),
    often_unsaid=frozenset(
        {
            "additions",
            "base_sha",
            "changed_files",
            "closed_at",
            "deletions",
            "head_scope_id",
            "head_tree",
            "landed_sha",
            "landed_tree",
            "merge_sha",
            "merged_by_id",
        }
    ),
)
DETAILS = (
    Compared(
        change_file,
        "change_request_id",
        ("path",),
        unsaid_by_some=frozenset({"change", "additions", "deletions", "old_path"}),
        part="files",
    ),
    Compared(review, "change_request_id", ("source_id",), part="reviews"),
    Compared(change_commit, "change_request_id", ("sha",), part="commits"),
    Compared(
        push_event,
        "change_request_id",
        ("source_id",),
        unsaid_by_some=frozenset({"before_sha"}),
        part="pushes",
    ),
)
MILESTONE = Compared(schema.milestone, "source_id", ("kind",))
STATUS = Compared(schema.status, "source_id")
FIELD = Compared(schema.field, "source_id")
RELEASE = Compared(release, "source_id", of_scope=True)


def held_in(table: sa.Table) -> Compared:
    """How the records of a table are compared that have a census."""
    return CHANGE if table is change_request else ITEM


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that the store holds otherwise than the server says it now."""

    table: str
    #: id of the record.
    owner: str
    #: which of its rows; empty: it has one.
    row: str
    #: column; empty: the row is on one side only.
    field: str
    ours: Any
    theirs: Any


def differences(
    what: Compared,
    ours: sa.Connection,
    theirs: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    *,
    scope_id: str = "",
    without: Mapping[str, Collection[str]] | None = None,
) -> list[Difference]:
    """Where rows of these records differ, in their order.

    `theirs` holds what the server says; `scope_id` matters where ids are those of a scope.
    `without`: record -> columns that are not to be compared.
    """
    found: list[Difference] = []
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _MANY):
        part = wanted[start : start + _MANY]
        here, there = (
            _rows(what, ours, connection_id, part, scope_id),
            _rows(what, theirs, connection_id, part, scope_id),
        )
        for key in sorted({*here, *there}):
            owner, row = key[0], " ".join(key[1:])
            if key not in here or key not in there:
                told = ("there", None) if key in here else (None, "there")
                found.append(Difference(what.table.name, owner, row, "", *told))
                continue
            silent = set((without or {}).get(owner, ()))
            for column, mine, said in zip(what.columns, here[key], there[key], strict=True):
                some = column.name in what.unsaid_by_some
                if some and (mine in (None, _UNSAID) or said in (None, _UNSAID)):
                    continue
                if said is None and column.name in what.often_unsaid:
                    continue
                if mine != said and column.name not in silent:
                    found.append(Difference(what.table.name, owner, row, column.name, mine, said))
    return found


def _rows(
    what: Compared,
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    scope_id: str,
) -> dict[tuple[str, ...], tuple[Any, ...]]:
    c = what.table.c
    key = [c[what.owner], *(c[name] for name in what.row)]
    query = sa.select(*key, *what.columns).where(
        c.connection_id == connection_id, c[what.owner].in_(ids)
    )
    if what.of_scope:
        query = query.where(c.scope_id == scope_id)
    if "known_to" in c:
        query = query.where(c.known_to.is_(None))
    if "origin" in c:
        # What we saw or concluded ourselves is no word of the source.
        query = query.where(c.origin == "source")
    return {
        tuple(str(part) for part in row[: len(key)]): tuple(row[len(key) :])
        for row in conn.execute(query)
    }
