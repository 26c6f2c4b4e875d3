"""Apply a changed mapping to the stored payloads: no request, only rows that differ are written."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connectors.contract import Mode, StreamSpec
from connectors.registry import get as get_connector
from mappings.records import Payload
from mappings.registry import get as get_mapping
from mappings.vocabulary import HistoryState
from sync.clock import Clock
from sync.engine import board_lines
from sync.engine.commit import Normalizer, write_records
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.session import normalizer
from sync.store import past, read, schema
from sync.store.bulk import select_ids
from sync.store.open import Store
from sync.store.writer import Writer

#: Payloads normalized per transaction.
PAGE = 500

_ORDER = (Mode.SNAPSHOT, Mode.INCREMENTAL, Mode.FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class RemapResult:
    """What a remap did."""

    connections: tuple[str, ...]
    #: payloads normalized again.
    payloads: int
    #: source-data rows inserted, changed or closed.
    rows_written: int


def remap(store: Store, plan: Plan, *, clock: Clock) -> RemapResult:
    """Normalize every stored payload of the plan's connections again under today's mapping.

    Connections whose plugin cannot be used are left as they are.
    """
    names: list[str] = []
    count = rows = 0
    for connection in plan.connections:
        with store.reading() as conn:
            row = conn.execute(
                sa.select(schema.connection).where(schema.connection.c.name == connection.name)
            ).one_or_none()
        if row is None or connection.unusable:
            continue
        done, written = remap_connection(
            store, connection, int(row.id), row.base_url or "", clock=clock
        )
        names.append(connection.name)
        count += done
        rows += written
    return RemapResult(tuple(names), count, rows)


def remap_connection(
    store: Store, connection: ConnectionPlan, connection_id: int, base_url: str, *, clock: Clock
) -> tuple[int, int]:
    """Payloads and rows of one connection; its mapping version is set with the last page."""
    with store.writing() as conn:
        forget_unmapped(conn, connection_id, clock)
    again = _Again(store, connection, connection_id, base_url, clock)
    for spec in _specs(connection.kind):
        again.stream(spec)
    again.call_by_present_keys()
    lines = [spec.name for spec in _specs(connection.kind) if "board_item" in spec.feeds]
    if lines:
        again.rows += board_lines.forget_others(
            store, connection_id, set(connection.mapping.boards), clock.now(), lines
        )
    with store.writing() as conn:
        set_mapping_version(conn, connection_id, connection.mapping.version)
    return again.payloads, again.rows


def remap_histories(
    store: Store,
    connection: ConnectionPlan,
    connection_id: int,
    base_url: str,
    *,
    scope_id: str,
    clock: Clock,
) -> int:
    """Rows written by normalizing the histories of one scope again: what they name has changed."""
    again = _Again(store, connection, connection_id, base_url, clock)
    for spec in _specs(connection.kind):
        if "history" in spec.feeds:
            again.stream(spec, scope_id)
    return again.rows


class _Again:
    """Normalizes stored payloads of one connection again."""

    def __init__(
        self,
        store: Store,
        connection: ConnectionPlan,
        connection_id: int,
        base_url: str,
        clock: Clock,
    ) -> None:
        self.store, self.connection, self.id = store, connection, connection_id
        self.base_url, self.clock = base_url, clock
        self.keys = _project_keys(store, connection_id)
        self.by_scope = get_mapping(connection.kind).needs_milestones
        #: payloads normalized, and source-data rows inserted, changed or closed.
        self.payloads = self.rows = 0

    def stream(self, spec: StreamSpec, scope_id: str | None = None) -> None:
        """Every payload of a stream, of one scope or of all."""
        makers: dict[tuple[str | None, str | None], Normalizer] = {}
        # Payloads of several changes may tell of one commit: the newest word is the last.
        by_time = spec.mode is Mode.FOLLOW_UP and "history" not in spec.feeds
        pages = read.raw_pages_by_time if by_time else read.raw_pages
        with self.store.reading() as source:
            for page in pages(source, self.id, spec.name, PAGE, scope_id):
                ids = [source_id for source_id, *_ in page]
                seen = read.raw_hashes(source, self.id, spec.name, ids)
                groups: dict[tuple[str | None, str | None], list[tuple[str, Payload]]] = {}
                for source_id, held_by, payload, _shape in page:
                    place = (self.keys.get(held_by), held_by if self.by_scope else None)
                    groups.setdefault(place, []).append((source_id, payload))
                for place, payloads in groups.items():
                    if place not in makers:
                        makers[place] = normalizer(
                            self.store, self.connection, self.id, self.base_url, *place
                        )
                    self._write(spec, makers[place], payloads, seen)

    def _write(
        self,
        spec: StreamSpec,
        maker: Normalizer,
        payloads: Sequence[tuple[str, Payload]],
        seen: Mapping[str, bytes],
    ) -> None:
        with self.store.writing() as conn:
            # What another run has read since is newer, and was normalized by it.
            held = read.raw_hashes(conn, self.id, spec.name, [id_ for id_, _ in payloads])
            payloads = [one for one in payloads if held.get(one[0]) == seen[one[0]]]
            if "history" in spec.feeds:
                behind = _behind(conn, self.id, [id_ for id_, _ in payloads])
                payloads = [one for one in payloads if one[0] not in behind]
            found = maker.sort(spec.name, payloads)
            now = self.clock.now()
            writer = Writer(self.store, conn, self.id, now, is_replay=True)
            write_records(
                writer,
                conn,
                self.id,
                spec.name,
                found,
                maker,
                now=now,
                sightings=spec.mode is not Mode.SNAPSHOT,
            )
            self.rows += writer.rows
        self.payloads += len(payloads)

    def call_by_present_keys(self) -> None:
        """A payload may name its repository by a former key; rows are called by the present one."""
        for scope_id, key in self.keys.items():
            if "/" in key:
                with self.store.writing() as conn:
                    writer = Writer(self.store, conn, self.id, self.clock.now())
                    writer.call_by(scope_id, key)
                    self.rows += writer.rows


def _behind(conn: sa.Connection, connection_id: int, ids: Collection[str]) -> frozenset[str]:
    """Items that moved since their history was read: what is stored of it is no whole history."""
    rows = select_ids(
        conn, schema.work_item, ("source_id", "history_state"), connection_id, "source_id", ids
    )
    return frozenset(row[0] for row in rows if row[1] == HistoryState.NOT_FETCHED.value)


def forget_unmapped(conn: sa.Connection, connection_id: int, clock: Clock) -> None:
    """End the data issues about values without a mapping line; what still lacks one comes back."""
    c, now = schema.data_issue.c, clock.now()
    mine = (c.connection_id == connection_id, c.gone_at.is_(None), c.kind.like("unmapped-%"))
    past.keep(conn, schema.data_issue, now, *mine)
    conn.execute(sa.update(schema.data_issue).where(*mine).values(gone_at=now))


def set_mapping_version(conn: sa.Connection, connection_id: int, version: str) -> None:
    """Remember under which mapping, and which statuses and fields, the stored rows stand."""
    conn.execute(
        sa.update(schema.connection)
        .where(schema.connection.c.id == connection_id)
        .values(mapping_version=version, lookups_hash=read.lookups_hash(conn, connection_id))
    )


def _specs(kind: str) -> Iterable[StreamSpec]:
    specs = [spec for spec in get_connector(kind).streams() if spec.mode in _ORDER]
    return sorted(specs, key=lambda spec: (_ORDER.index(spec.mode), spec.scope_kind != "site"))


def _project_keys(store: Store, connection_id: int) -> dict[str, str]:
    c = schema.scope.c
    with store.reading() as conn:
        rows = conn.execute(
            sa.select(c.source_id, c.key).where(c.connection_id == connection_id, c.kind != "board")
        )
        return {row.source_id: row.key for row in rows if row.key}
