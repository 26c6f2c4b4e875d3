"""Apply a changed mapping to the stored payloads: no request, only rows that differ are written."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from connectors.contract import Mode, StreamSpec
from connectors.registry import get as get_connector
from mappings.records import Payload
from sync.clock import Clock
from sync.engine.commit import Normalizer, write_records
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.session import normalizer
from sync.store import read, schema
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
    """Normalize every stored payload of the plan's connections again under today's mapping."""
    names: list[str] = []
    count = rows = 0
    for connection in plan.connections:
        with store.reading() as conn:
            row = conn.execute(
                sa.select(schema.connection).where(schema.connection.c.name == connection.name)
            ).one_or_none()
        if row is None:
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
    count = rows = 0
    with store.writing() as conn:
        forget_unmapped(conn, connection_id, clock)
    keys = _project_keys(store, connection_id)
    for spec in _specs(connection.kind):
        makers: dict[str | None, Normalizer] = {}
        with store.reading() as source:
            for page in read.raw_pages(source, connection_id, spec.name, PAGE):
                by_project: dict[str | None, list[tuple[str, Payload]]] = {}
                for source_id, scope_id, payload, _shape in page:
                    by_project.setdefault(keys.get(scope_id), []).append((source_id, payload))
                for project, payloads in by_project.items():
                    if project not in makers:
                        makers[project] = normalizer(
                            store, connection, connection_id, base_url, project
                        )
                    maker = makers[project]
                    found = maker.sort(spec.name, payloads)
                    with store.writing() as conn:
                        now = clock.now()
                        writer = Writer(store, conn, connection_id, now)
                        write_records(
                            writer,
                            conn,
                            connection_id,
                            spec.name,
                            found,
                            maker,
                            now=now,
                            sightings=spec.mode is not Mode.SNAPSHOT,
                        )
                        rows += writer.rows
                    count += len(payloads)
    with store.writing() as conn:
        set_mapping_version(conn, connection_id, connection.mapping.version)
    return count, rows


def forget_unmapped(conn: sa.Connection, connection_id: int, clock: Clock) -> None:
    """End the data issues about values without a mapping line; what still lacks one comes back."""
    c = schema.data_issue.c
    conn.execute(
        sa.update(schema.data_issue)
        .where(c.connection_id == connection_id, c.gone_at.is_(None))
        .where(c.kind.like("unmapped-%"))
        .values(gone_at=clock.now())
    )


def set_mapping_version(conn: sa.Connection, connection_id: int, version: str) -> None:
    """Remember under which mapping the stored rows stand."""
    conn.execute(
        sa.update(schema.connection)
        .where(schema.connection.c.id == connection_id)
        .values(mapping_version=version)
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
