"""One item or change by any key that it has or had: what it is called now, and when it was gone."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.errors import UsageError
from sync.reconcile import changes, findings
from sync.reconcile.contract import Finding, Policy
from sync.reconcile.life import Known
from sync.reconcile.view import View
from sync.store import past, schema
from sync.store.open import Store
from sync.store.tables_code import change_request, change_request_key
from sync.store.tables_presence import absence

#: `APO-12`, `owner/name#7`, `group/project!4`; fingerprints hold no such sign.
_KEY = re.compile(r"[^\W\d_]\w*-\d+|\S+[#!]\d+")
_TABLES = (
    ("work_item", schema.work_item, schema.work_item_key, "work_item_id", "issue"),
    ("change_request", change_request, change_request_key, "change_request_id", "change"),
)


@dataclass(frozen=True, slots=True)
class Absence:
    """A time in which it was gone; instants in UTC."""

    since: datetime
    #: None: it still is.
    until: datetime | None
    #: one of `connectors.contract.GoneReason`.
    reason: str
    #: key it has elsewhere, after a move or transfer.
    to_key: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ItemLine:
    """A work item (`issue`) or change request (`change`) as the store knows it."""

    connection: str
    kind: str
    key: str
    #: keys it had before, as far as they were told.
    former_keys: tuple[str, ...]
    #: None: readers of reports may not see it.
    title: str | None
    state: str
    url: str | None
    absences: tuple[Absence, ...]
    findings: tuple[Finding, ...]

    @property
    def gone(self) -> Absence | None:
        """Why it is not there now, if it is not."""
        return next((one for one in self.absences if one.until is None), None)


def is_key(text: str) -> bool:
    """Whether a text is the key of an item or change, and no fingerprint."""
    return _KEY.fullmatch(text.strip()) is not None


def called(
    store: Store,
    key: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> tuple[ItemLine, ...]:
    """Items and changes that have or had this key, the present holders of it first.

    `known_at` (UTC; None: now): as they were known then, with the findings of the reconciliation
    before it. `as_of` (UTC): as they were then. What is restricted now is never named. Several
    systems may use one key. Raises UsageError where none does.
    """
    wanted = key.strip()
    found: list[ItemLine] = []
    with store.reading() as conn:
        then = None
        if known_at is not None:
            then = View(conn, Policy(), as_of or known_at, known_at, present=False)
        known = _findings(conn, known_at)
        for kind, stored, keys, column, about in _TABLES:
            table = past.at(stored, known_at)
            k, t, c = keys.c, table.c, schema.connection.c
            rows = conn.execute(
                sa.select(table, c.name.label("connection"))
                .join(
                    keys,
                    sa.and_(k.connection_id == t.connection_id, k[column] == t.source_id),
                )
                .join(schema.connection, c.id == t.connection_id)
                .where(sa.func.lower(k.key) == wanted.lower(), _seen(k.first_seen_at, known_at))
                .order_by(c.name, t.source_id)
            )
            for row in rows.all():
                mine = (row.connection_id, row.source_id)
                subject = f"{about}:{row.source_id}"
                held = _held(kind, row) if then is None else _held_then(then, kind, row)
                hidden = row.restricted or _is_restricted(conn, stored, mine)
                found.append(
                    ItemLine(
                        connection=row.connection,
                        kind=about,
                        key=held.key,
                        former_keys=_former(conn, keys, column, mine, held.key, known_at),
                        title=None if hidden else held.title,
                        state=held.state,
                        url=None if hidden else row.url,
                        absences=_absences(conn, kind, mine, then),
                        findings=tuple(
                            one.finding
                            for one in known
                            if one.is_open
                            and one.connection_id == row.connection_id
                            and one.finding.subject == subject
                        ),
                    )
                )
    if not found:
        raise UsageError(
            "nothing has or had this key",
            where=key,
            todo="Keys are written as the source writes them: APO-12, owner/name#7, group/name!4.",
        )
    return tuple(sorted(found, key=lambda one: one.key.lower() != wanted.lower()))


@dataclass(frozen=True, slots=True)
class _Held:
    """What may be another one at another instant."""

    key: str
    title: str
    state: str


#: It was made later than the instant that is asked for.
NOT_YET = "not there yet"


def _held(kind: str, row: Any) -> _Held:
    return _Held(row.key, row.title, row.status_category if kind == "work_item" else row.state)


def _held_then(view: View, kind: str, row: Any) -> _Held:
    """The same with what happened after the view's instant undone."""
    plain = _held(kind, row)
    if row.created_at is not None and row.created_at > view.as_of:
        return replace(plain, state=NOT_YET)
    mine = (row.connection_id, row.source_id)
    ids = {row.connection_id: [row.source_id]}
    if kind != "work_item":
        change = changes.lines(view, ids).get(mine)
        return plain if change is None else replace(plain, state=change.state.value)
    facts, items = view.item_facts(ids)[mine], view.items.c
    state = view.conn.execute(
        sa.select(items.category).where(items.connection_id == mine[0], items.id == mine[1])
    ).scalar()
    return _Held(facts.key, facts.title, state or plain.state)


def _is_restricted(conn: sa.Connection, table: sa.Table, mine: tuple[int, str]) -> bool:
    """Whether it is restricted now: who may see it is a matter of today."""
    c = table.c
    query = sa.select(c.restricted).where(c.connection_id == mine[0], c.source_id == mine[1])
    return bool(conn.execute(query).scalar())


def _findings(conn: sa.Connection, known_at: datetime | None) -> Collection[Known]:
    if known_at is None:
        return findings.known(conn).values()
    runs = findings.last_runs(conn, 1, until=known_at)
    return findings.known_after(conn, runs[0]).values() if runs else ()


def _seen(first_seen_at: sa.ColumnElement[datetime], known_at: datetime | None) -> Any:
    return sa.true() if known_at is None else first_seen_at <= known_at


def _former(
    conn: sa.Connection,
    keys: sa.Table,
    column: str,
    mine: tuple[int, str],
    now: str,
    known_at: datetime | None,
) -> tuple[str, ...]:
    k = keys.c
    rows = conn.execute(
        sa.select(k.key)
        .where(k.connection_id == mine[0], k[column] == mine[1], k.key != now)
        .where(_seen(k.first_seen_at, known_at))
        .order_by(k.first_seen_at, k.key)
    )
    return tuple(rows.scalars())


def _absences(
    conn: sa.Connection, kind: str, mine: tuple[int, str], then: View | None
) -> tuple[Absence, ...]:
    a = absence.c
    rows = conn.execute(
        sa.select(a.known_from, a.known_to, a.reason, a.to_key, a.detail)
        .where(a.connection_id == mine[0], a.entity_kind == kind, a.entity_id == mine[1])
        .order_by(a.known_from)
    )
    found = tuple(Absence(*row) for row in rows)
    if then is None:
        return found
    until = min(then.as_of, then.known_at)
    return tuple(
        replace(one, until=None if one.until is None or one.until > until else one.until)
        for one in found
        if one.since <= until
    )
