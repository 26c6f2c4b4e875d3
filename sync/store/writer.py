"""One page's rows inside a caller's transaction: read what is known, write only the difference."""

import hashlib
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Protocol

import sqlalchemy as sa
import zstandard

from mappings.records import (
    Account,
    DataIssue,
    Field,
    History,
    Links,
    Milestone,
    Scope,
    Status,
    WorkItem,
)
from mappings.vocabulary import EventField, HistoryState
from sync.store import schema
from sync.store.bulk import row_hash, select_ids, updater, upsert
from sync.store.rows import MembershipRow

_ITEM = (
    "source_id key scope_id item_type raw_type status_category raw_status raw_status_id waits_for "
    "code_complete resolution resolved_at priority raw_priority title estimate_points "
    "estimate_seconds estimate_field due_date assignee_id reporter_id parent_id team labels "
    "components milestones text_hash text_tokens restricted url created_at updated_at"
).split()
_EVENT = "field raw_field at actor_id old_ids new_ids old_text new_text is_delta origin".split()
_MILESTONE = (
    "source_id kind name state raw_state scope_id start_date due_date started_at finished_at "
    "planned_start_at planned_end_at description url"
).split()
#: Columns of a milestone whose changes are kept as events.
_DATED = (
    "name state start_date due_date started_at finished_at planned_start_at planned_end_at".split()
)
_MEMBERSHIP = "valid_to from_exact cause source_event_id end_cause end_event_id".split()
_ISSUE = ("raw_value", "message")
_PRESENCE = ("first_seen_at", "gone_at", "gone_reason", "content_hash")

_local = threading.local()


class RawLike(Protocol):
    """What `Writer.raw` needs of a connector's raw record."""

    @property
    def stream(self) -> str:
        """Stream it came in."""
        ...

    @property
    def source_id(self) -> str:
        """Immutable id."""
        ...

    @property
    def payload(self) -> bytes:
        """JSON as sent."""
        ...

    @property
    def shape(self) -> int:
        """Version of the query."""
        ...


class StoreLike(Protocol):
    """What a writer needs of the store."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...


@dataclass(slots=True)
class Writer:
    """Writes records of one connection; `rows` counts source-data rows that really changed."""

    store: StoreLike
    conn: sa.Connection
    connection_id: int
    #: the present (UTC): `known_from` and `first_seen_at` of what is new.
    now: datetime
    rows: int = 0

    # --- raw payloads -----------------------------------------------------------------------

    def raw(self, scope_id: str, records: Sequence[RawLike]) -> frozenset[str]:
        """Keep the newest payload of each record; ids whose payload is new or differs."""
        by_stream: dict[str, dict[str, RawLike]] = {}
        for record in records:
            by_stream.setdefault(record.stream, {})[record.source_id] = record
        changed: set[str] = set()
        for stream, mine in by_stream.items():
            known = {
                row[1]: row[2]
                for row in self._known(
                    schema.raw_record, ("stream", "source_id", "content_hash"), mine
                )
                if row[0] == stream
            }
            rows = []
            for id_, record in mine.items():
                digest = hashlib.blake2b(record.payload, digest_size=16).digest()
                held = known.get(id_)
                if held is not None and bytes(held) == digest:
                    continue
                changed.add(id_)
                rows.append(
                    (
                        self.connection_id,
                        stream,
                        id_,
                        scope_id,
                        record.shape,
                        _compress(record.payload),
                        digest,
                        self.now,
                    )
                )
            self._upsert(
                schema.raw_record,
                (
                    "connection_id",
                    "stream",
                    "source_id",
                    "scope_id",
                    "shape",
                    "payload",
                    "content_hash",
                    "fetched_at",
                ),
                ("scope_id", "shape", "payload", "content_hash", "fetched_at"),
                rows,
            )
        return frozenset(changed)

    # --- small entities ---------------------------------------------------------------------

    def accounts(self, records: Iterable[Account]) -> None:
        """Accounts; a mention without e-mail or name never blanks what is known."""
        columns = ("source_id", "name", "login", "email", "is_bot", "active", "url")
        mine: dict[str, tuple[Any, ...]] = {}
        for one in records:
            values = (
                one.source_id,
                one.name,
                one.login,
                one.email,
                one.is_bot,
                one.active,
                one.url,
            )
            before = mine.get(one.source_id)
            mine[one.source_id] = values if before is None else _filled(values, before)
        known = {
            row[0]: row for row in self._known(schema.account, (*columns, "content_hash"), mine)
        }
        rows = {
            id_: values if id_ not in known else _filled(values, known[id_])
            for id_, values in mine.items()
        }
        self._entities(schema.account, columns, rows, {i: r[-1] for i, r in known.items()})

    def scopes(self, records: Iterable[Scope]) -> None:
        """Projects and boards."""
        columns = ("kind", "source_id", "key", "name", "parent_id", "raw_type", "archived", "url")
        for kind, group in _grouped(records, "kind"):
            self._simple(schema.scope, columns, group, extra=f"AND kind = '{kind}'")

    def statuses(self, records: Iterable[Status]) -> None:
        """Workflow statuses."""
        columns = (
            "source_id",
            "raw_name",
            "raw_category",
            "category",
            "waits_for",
            "code_complete",
        )
        self._simple(schema.status, columns, records)

    def fields(self, records: Iterable[Field]) -> None:
        """Field definitions."""
        self._simple(schema.field, ("source_id", "name", "raw_type", "role"), records)

    def _simple(
        self,
        table: sa.Table,
        columns: tuple[str, ...],
        records: Iterable[Any],
        *,
        extra: str = "",
    ) -> None:
        get = attrgetter(*columns)
        mine = {one.source_id: get(one) for one in records}
        known = {
            row[0]: None if row[2] else row[1]
            for row in self._known(table, ("source_id", "content_hash", "gone_at"), mine, extra)
        }
        self._entities(table, columns, mine, known)

    def _entities(
        self,
        table: sa.Table,
        columns: tuple[str, ...],
        rows: Mapping[str, Sequence[Any]],
        known: Mapping[str, bytes | None],
    ) -> list[str]:
        """Upsert rows whose hash differs from the known one; the ids written."""
        changed: list[str] = []
        full = []
        for id_, values in rows.items():
            digest = row_hash(values)
            held = known.get(id_)
            if held is not None and bytes(held) == digest:
                continue
            changed.append(id_)
            full.append((self.connection_id, *values, self.now, None, None, digest))
        self.rows += self._upsert(
            table,
            ("connection_id", *columns, *_PRESENCE),
            (*(c for c in columns if c not in table.primary_key), *_PRESENCE[1:]),
            full,
        )
        return changed

    # --- milestones -------------------------------------------------------------------------

    def milestones(
        self,
        records: Iterable[Milestone],
        *,
        sightings: bool = False,
        observed_after: datetime | None = None,
    ) -> None:
        """Milestones and, where dates, state or name changed, an event of it.

        `sightings`: mentions inside other entities never overwrite a milestone's own listing.
        `observed_after`: the reading before (UTC): the change happened after it.
        """
        columns = tuple(_MILESTONE)
        get = attrgetter(*columns)
        for kind, group in _grouped(records, "kind"):
            mine = {one.source_id: get(one) for one in group}
            known = {
                row[0]: row
                for row in self._known(
                    schema.milestone,
                    (*columns, "content_hash", "gone_at"),
                    mine,
                    f"AND kind = '{kind}'",
                )
            }
            if sightings:
                mine = {id_: row for id_, row in mine.items() if id_ not in known}
            hashes = {id_: None if row[-1] is not None else row[-2] for id_, row in known.items()}
            changed = self._entities(schema.milestone, columns, mine, hashes)
            events = []
            for id_ in changed:
                events.extend(self._dated(kind, id_, mine[id_], known.get(id_), observed_after))
            self.rows += self._upsert(
                schema.milestone_date_event,
                (
                    "connection_id",
                    "milestone_kind",
                    "milestone_id",
                    "field",
                    "known_from",
                    "known_to",
                    "old",
                    "new",
                    "is_first",
                    "observed_after",
                    "observed_at",
                    "origin",
                ),
                ("old", "new", "is_first", "observed_after", "observed_at"),
                events,
            )

    def _dated(
        self,
        kind: str,
        id_: str,
        row: Sequence[Any],
        known: Sequence[Any] | None,
        observed_after: datetime | None,
    ) -> Iterable[tuple[Any, ...]]:
        for name in _DATED:
            i = _MILESTONE.index(name)
            new = _iso(row[i])
            old = None if known is None else _iso(known[i])
            if known is not None and new == old:
                continue
            yield (
                self.connection_id,
                str(kind),
                id_,
                name,
                self.now,
                None,
                old,
                new,
                known is None,
                None if known is None else observed_after,
                self.now,
                "observed",
            )

    # --- work items -------------------------------------------------------------------------

    def work_items(self, records: Iterable[WorkItem]) -> frozenset[str]:
        """Items; ids inserted, changed or seen again after they were gone.

        An item that moved and whose record brings no history waits for it (`not_fetched`). An
        older page never undoes a newer row.
        """
        mine: dict[str, WorkItem] = {}
        for one in records:
            before = mine.get(one.source_id)
            if before is None or not _older(one.updated_at, before.updated_at):
                mine[one.source_id] = one
        known = {
            row[0]: row
            for row in self._known(
                schema.work_item,
                (
                    "source_id",
                    "content_hash",
                    "updated_at",
                    "history_state",
                    "history_reason",
                    "gone_at",
                    "key",
                ),
                mine,
            )
        }
        get = attrgetter(*_ITEM)
        labels, milestones = _ITEM.index("labels"), _ITEM.index("milestones")
        components = _ITEM.index("components")
        rows, keys, changed = [], [], []
        for id_, one in mine.items():
            held = known.get(id_)
            if held is not None and _older(one.updated_at, held[2]):
                continue
            values = list(get(one))
            values[labels] = list(one.labels)
            values[components] = list(one.components)
            values[milestones] = [[str(kind), mid] for kind, mid in one.milestones]
            digest = row_hash(values)
            if held is not None and bytes(held[1]) == digest and held[5] is None:
                continue
            changed.append(id_)
            state, reason = one.history, one.history_reason
            if one.history is HistoryState.NOT_FETCHED and held is not None:
                moved = one.updated_at != held[2] or held[5] is not None
                if not moved:
                    state, reason = HistoryState(held[3]), held[4]
            rows.append(
                (
                    self.connection_id,
                    *values,
                    state.value,
                    reason,
                    self.now,
                    None,
                    None,
                    digest,
                    None,
                )
            )
            if held is None or held[6] != one.key:
                keys.extend(
                    (self.connection_id, key, id_, self.now)
                    for key in dict.fromkeys((*one.former_keys, one.key))
                )
        names = ("connection_id", *_ITEM, "history_state", "history_reason", *_PRESENCE, "gone_to")
        fixed = ("connection_id", "source_id", "first_seen_at")
        self.rows += self._upsert(
            schema.work_item, names, tuple(n for n in names if n not in fixed), rows
        )
        self._upsert(
            schema.work_item_key,
            ("connection_id", "key", "work_item_id", "first_seen_at"),
            None,
            keys,
        )
        return frozenset(changed)

    def histories(self, records: Iterable[History]) -> None:
        """The whole known history of each item, as a set: what differs is closed and inserted."""
        mine = {one.work_item_id: one for one in records}
        known: dict[str, dict[str, tuple[Any, ...]]] = {}
        for row in self._known(
            schema.field_event,
            ("work_item_id", "source_event_id", "known_from", *_EVENT),
            mine,
            "AND known_to IS NULL",
            id_column="work_item_id",
        ):
            known.setdefault(row[0], {})[row[1]] = row
        closed, added = [], []
        for id_, history in mine.items():
            held = known.get(id_, {})
            fresh: dict[str, tuple[Any, ...]] = {}
            for event in history.events:
                fresh[event.source_event_id] = (
                    event.field.value,
                    event.raw_field,
                    event.at,
                    event.actor_id,
                    _joined(event.old_ids),
                    _joined(event.new_ids),
                    event.old_text,
                    event.new_text,
                    event.is_delta,
                    event.origin.value,
                )
            for event_id, row in held.items():
                # A cut history is silent on what it does not hold: what was known stays known.
                gone = event_id not in fresh and history.state is HistoryState.COMPLETE
                if gone or (event_id in fresh and fresh[event_id] != row[3:]):
                    closed.append((self.now, self.connection_id, id_, event_id, row[2]))
            for event_id, values in fresh.items():
                if event_id not in held or held[event_id][3:] != values:
                    added.append((self.connection_id, id_, event_id, self.now, None, *values))
        key = ("connection_id", "work_item_id", "source_event_id", "known_from")
        self.rows += self._update(schema.field_event, ("known_to",), key, closed)
        self.rows += self._upsert(
            schema.field_event, (*key, "known_to", *_EVENT), ("known_to", *_EVENT), added
        )
        self._history_states(mine)
        self._upsert(
            schema.work_item_key,
            ("connection_id", "key", "work_item_id", "first_seen_at"),
            None,
            [
                (self.connection_id, event.old_text, event.work_item_id, self.now)
                for history in mine.values()
                for event in history.events
                if event.field is EventField.KEY and event.old_text
            ],
        )

    def _history_states(self, mine: Mapping[str, History]) -> None:
        known = self._known(
            schema.work_item, ("source_id", "history_state", "history_reason"), mine
        )
        moved = [
            (mine[id_].state.value, mine[id_].reason, self.connection_id, id_)
            for id_, state, reason in known
            if (state, reason) != (mine[id_].state.value, mine[id_].reason)
        ]
        self._update(
            schema.work_item,
            ("history_state", "history_reason"),
            ("connection_id", "source_id"),
            moved,
        )

    def memberships(self, by_item: Mapping[str, Sequence[MembershipRow]]) -> None:
        """All intervals of each item: what differs from what is known now is closed and inserted."""
        key = ("milestone_kind", "milestone_id", "valid_from")
        known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for row in self._known(
            schema.scope_membership,
            ("member_id", *key, "known_from", *_MEMBERSHIP),
            by_item,
            "AND known_to IS NULL AND member_kind = 'work_item'",
            id_column="member_id",
        ):
            known[row[:4]] = row
        fresh: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        get = attrgetter(*_MEMBERSHIP)
        for id_, rows in by_item.items():
            for one in rows:
                fresh[(id_, one.milestone_kind.value, one.milestone_id, one.valid_from)] = get(one)
        closed = [
            (self.now, self.connection_id, "work_item", *identity, row[4])
            for identity, row in known.items()
            if fresh.get(identity) != row[5:]
        ]
        added = [
            (self.connection_id, "work_item", *identity, self.now, None, *values)
            for identity, values in fresh.items()
            if identity not in known or known[identity][5:] != values
        ]
        names = ("connection_id", "member_kind", "member_id", *key, "known_from")
        self.rows += self._update(schema.scope_membership, ("known_to",), names, closed)
        self.rows += self._upsert(
            schema.scope_membership,
            (*names, "known_to", *_MEMBERSHIP),
            ("known_to", *_MEMBERSHIP),
            added,
        )

    def spans(self, by_item: Mapping[str, tuple[datetime | None, datetime | None]]) -> None:
        """When work on each item started and was done."""
        moved = [
            (*by_item[id_], self.connection_id, id_)
            for id_, started, done in self._known(
                schema.work_item, ("source_id", "started_at", "done_at"), by_item
            )
            if (started, done) != by_item[id_]
        ]
        self._update(
            schema.work_item, ("started_at", "done_at"), ("connection_id", "source_id"), moved
        )

    # --- relations --------------------------------------------------------------------------

    def links(self, records: Iterable[Links]) -> None:
        """The set of links each item declares; what vanished is withdrawn, not deleted."""
        mine = {one.work_item_id: one for one in records}
        values = ("from_id", "to_id", "to_key", "kind", "raw_kind", "method", "confidence")
        known: dict[tuple[str, str], tuple[Any, ...]] = {}
        for row in self._known(
            schema.link,
            ("declared_by", "source_id", "first_seen_at", *values),
            mine,
            "AND withdrawn_at IS NULL",
            id_column="declared_by",
        ):
            known[row[0], row[1]] = row
        fresh: dict[tuple[str, str], tuple[Any, ...]] = {}
        for id_, links in mine.items():
            for one in links.links:
                fresh[id_, one.source_id] = (
                    one.from_id,
                    one.to_id,
                    one.to_key,
                    one.kind.value,
                    one.raw_kind,
                    one.method,
                    one.confidence,
                )
        withdrawn = [
            (self.now, self.connection_id, *key, row[2])
            for key, row in known.items()
            if fresh.get(key) != row[3:]
        ]
        added = [
            (self.connection_id, *key, self.now, None, *row)
            for key, row in fresh.items()
            if key not in known or known[key][3:] != row
        ]
        names = ("connection_id", "declared_by", "source_id", "first_seen_at")
        self.rows += self._update(schema.link, ("withdrawn_at",), names, withdrawn)
        self.rows += self._upsert(
            schema.link, (*names, "withdrawn_at", *values), ("withdrawn_at", *values), added
        )

    def scope_entities(self, scope_id: str, kind: str, ids: Collection[str]) -> None:
        """The complete set of entities that a scope holds.

        A milestone that no scope holds any more is gone (`left_scope`).
        """
        t = schema.scope_entity.c
        held = {
            row.entity_id: row.known_from
            for row in self.conn.execute(
                sa.select(t.entity_id, t.known_from).where(
                    t.connection_id == self.connection_id,
                    t.scope_id == scope_id,
                    t.entity_kind == kind,
                    t.known_to.is_(None),
                )
            )
        }
        left = sorted(held.keys() - set(ids))
        key = ("connection_id", "scope_id", "entity_kind", "entity_id", "known_from")
        self.rows += self._update(
            schema.scope_entity,
            ("known_to",),
            key,
            [(self.now, self.connection_id, scope_id, kind, i, held[i]) for i in left],
        )
        self.rows += self._upsert(
            schema.scope_entity,
            (*key, "known_to"),
            ("known_to",),
            [
                (self.connection_id, scope_id, kind, i, self.now, None)
                for i in sorted(set(ids) - held.keys())
            ],
        )
        if left:
            still = set(
                self.conn.execute(
                    sa.select(t.entity_id).where(
                        t.connection_id == self.connection_id,
                        t.entity_kind == kind,
                        t.entity_id.in_(left),
                        t.known_to.is_(None),
                    )
                ).scalars()
            )
            self._gone_milestones(kind, [i for i in left if i not in still], "left_scope")

    def listing(self, kind: str, scope_id: str | None, ids: Collection[str]) -> None:
        """A complete listing: what it does not name is gone.

        `kind` is `status`, `field`, or a milestone kind (then of the scope `scope_id`).
        """
        if kind in ("status", "field"):
            table = schema.status if kind == "status" else schema.field
            present = self.conn.execute(
                sa.select(table.c.source_id).where(
                    table.c.connection_id == self.connection_id, table.c.gone_at.is_(None)
                )
            ).scalars()
            gone = sorted(set(present) - set(ids))
            self.rows += self._update(
                table,
                ("gone_at", "gone_reason"),
                ("connection_id", "source_id"),
                [(self.now, "deleted", self.connection_id, i) for i in gone],
            )
            return
        m = schema.milestone.c
        present = self.conn.execute(
            sa.select(m.source_id).where(
                m.connection_id == self.connection_id,
                m.kind == kind,
                m.scope_id == scope_id,
                m.gone_at.is_(None),
            )
        ).scalars()
        self._gone_milestones(kind, sorted(set(present) - set(ids)), "deleted")

    def _gone_milestones(self, kind: str, ids: Iterable[str], reason: str) -> None:
        self.rows += self._update(
            schema.milestone,
            ("gone_at", "gone_reason"),
            ("connection_id", "kind", "source_id"),
            [(self.now, reason, self.connection_id, kind, i) for i in ids],
        )

    def resolve_parents(self) -> None:
        """Parents named by key (Data Center's epic link) become ids, once both are stored."""
        self.conn.exec_driver_sql(
            f"""
            UPDATE work_item SET parent_id = (
                SELECT MIN(k.work_item_id) FROM work_item_key k
                 WHERE k.connection_id = work_item.connection_id
                   AND 'key:' || k.key = work_item.parent_id)
             WHERE connection_id = {int(self.connection_id)} AND parent_id LIKE 'key:%%'
               AND EXISTS (SELECT 1 FROM work_item_key k
                            WHERE k.connection_id = work_item.connection_id
                              AND 'key:' || k.key = work_item.parent_id)
            """.replace("%%", "%" if self.store.dialect == "sqlite" else "%%")
        )

    # --- issues and tombstones --------------------------------------------------------------

    def data_issues(self, subjects: Collection[str], issues: Sequence[DataIssue]) -> None:
        """The issues of these subjects, as a set; of other subjects only what is new is added."""
        wanted = set(subjects) | {one.subject for one in issues}
        known = {
            row[:3]: row
            for row in self._known(
                schema.data_issue,
                ("kind", "subject", "field", *_ISSUE, "gone_at"),
                wanted,
                id_column="subject",
            )
        }
        fresh = {
            (one.kind, one.subject, one.field or ""): (one.raw_value, one.message) for one in issues
        }
        changed = [
            (self.connection_id, *key, *values, self.now, None)
            for key, values in fresh.items()
            if key not in known or known[key][3:] != (*values, None)
        ]
        over = [
            (self.now, self.connection_id, *key)
            for key, row in known.items()
            if key[1] in subjects and key not in fresh and row[-1] is None
        ]
        names = ("connection_id", "kind", "subject", "field")
        self.rows += self._upsert(
            schema.data_issue,
            (*names, *_ISSUE, "first_seen_at", "gone_at"),
            (*_ISSUE, "gone_at"),
            changed,
        )
        self.rows += self._update(schema.data_issue, ("gone_at",), names, over)

    def tombstones(self, gone: Mapping[str, tuple[str, str | None]]) -> None:
        """Mark work items as gone: id -> (reason, key it has elsewhere). Nothing is deleted."""
        alive = [
            id_
            for id_, gone_at in self._known(schema.work_item, ("source_id", "gone_at"), gone)
            if gone_at is None
        ]
        self.rows += self._update(
            schema.work_item,
            ("gone_at", "gone_reason", "gone_to"),
            ("connection_id", "source_id"),
            [(self.now, *gone[id_], self.connection_id, id_) for id_ in alive],
        )

    # --- plumbing ---------------------------------------------------------------------------

    def _known(
        self,
        table: sa.Table,
        columns: tuple[str, ...],
        ids: Collection[str],
        extra: str = "",
        *,
        id_column: str = "source_id",
    ) -> list[tuple[Any, ...]]:
        return select_ids(self.conn, table, columns, self.connection_id, id_column, ids, extra)

    def _upsert(
        self,
        table: sa.Table,
        columns: tuple[str, ...],
        update: tuple[str, ...] | None,
        rows: Sequence[Sequence[Any]],
    ) -> int:
        if not rows:
            return 0
        return upsert(self.store.dialect, table, columns, update).run(self.conn, rows)

    def _update(
        self,
        table: sa.Table,
        sets: tuple[str, ...],
        keys: tuple[str, ...],
        rows: Sequence[Sequence[Any]],
    ) -> int:
        if not rows:
            return 0
        return updater(self.store.dialect, table, sets, keys).run(self.conn, rows)


def _compress(payload: bytes) -> bytes:
    """zstandard frame; a compressor belongs to one thread."""
    compressor = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=3)
    packed: bytes = compressor.compress(payload)
    return packed


def decompress(payload: bytes) -> bytes:
    """The JSON bytes of a stored payload."""
    unpacked: bytes = zstandard.ZstdDecompressor().decompress(payload)
    return unpacked


def _filled(values: Sequence[Any], before: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(new if new is not None else old for new, old in zip(values, before, strict=False))


def _grouped(records: Iterable[Any], name: str) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for one in records:
        groups.setdefault(str(getattr(one, name)), []).append(one)
    return list(groups.items())


def _older(left: datetime | None, right: datetime | None) -> bool:
    return left is not None and right is not None and left < right


def _joined(ids: Sequence[str]) -> str | None:
    return ",".join(ids) if ids else None


def _iso(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    return str(value.isoformat())
