"""One item or change by any key that it has or had: what it is called now, and when it was gone."""

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.errors import UsageError
from sync.reconcile import findings
from sync.reconcile.contract import Finding
from sync.store import schema
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


def called(store: Store, key: str) -> tuple[ItemLine, ...]:
    """Items and changes that have or had this key, the present holders of it first.

    Several systems may use one key. Raises UsageError where none does.
    """
    wanted = key.strip()
    found: list[ItemLine] = []
    with store.reading() as conn:
        known = findings.known(conn).values()
        for kind, table, keys, column, about in _TABLES:
            k, t, c = keys.c, table.c, schema.connection.c
            rows = conn.execute(
                sa.select(table, c.name.label("connection"))
                .join(
                    keys,
                    sa.and_(k.connection_id == t.connection_id, k[column] == t.source_id),
                )
                .join(schema.connection, c.id == t.connection_id)
                .where(sa.func.lower(k.key) == wanted.lower())
                .order_by(c.name, t.source_id)
            )
            for row in rows.all():
                mine = (row.connection_id, row.source_id)
                subject = f"{about}:{row.source_id}"
                found.append(
                    ItemLine(
                        connection=row.connection,
                        kind=about,
                        key=row.key,
                        former_keys=_former(conn, keys, column, mine, row.key),
                        title=None if row.restricted else row.title,
                        state=row.status_category if kind == "work_item" else row.state,
                        url=None if row.restricted else row.url,
                        absences=_absences(conn, kind, mine),
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


def _former(
    conn: sa.Connection, keys: sa.Table, column: str, mine: tuple[int, str], now: str
) -> tuple[str, ...]:
    k = keys.c
    rows = conn.execute(
        sa.select(k.key)
        .where(k.connection_id == mine[0], k[column] == mine[1], k.key != now)
        .order_by(k.first_seen_at, k.key)
    )
    return tuple(rows.scalars())


def _absences(conn: sa.Connection, kind: str, mine: tuple[int, str]) -> tuple[Absence, ...]:
    a = absence.c
    rows = conn.execute(
        sa.select(a.known_from, a.known_to, a.reason, a.to_key, a.detail)
        .where(a.connection_id == mine[0], a.entity_kind == kind, a.entity_id == mine[1])
        .order_by(a.known_from)
    )
    return tuple(Absence(*row) for row in rows)
