"""One connection during one run: the connector, its scopes, and what its scopes share."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import sqlalchemy as sa

from connectors.contract import (
    CannotAuthenticate,
    Connector,
    Identity,
    NotAllowed,
    ScopeRef,
    SourceError,
    StreamSpec,
)
from connectors.registry import get as get_connector
from mappings.records import Lookups, Status
from mappings.registry import get as get_mapping
from mappings.schema import MappingTable
from mappings.vocabulary import OF_BOARD, StatusCategory
from sync.clock import Clock
from sync.engine import breaker, capability
from sync.engine.budget import Budgets
from sync.engine.commit import Normalizer
from sync.engine.plan import ConnectionPlan
from sync.errors import ConfigError
from sync.store import boards, past, read, read_code, schema
from sync.store.open import Store

#: Building imports the vendor's library; libraries that import in circles cannot be imported by
#: several threads at once.
_IMPORTING = threading.Lock()


@dataclass(slots=True)
class Session:
    """A connected connection."""

    plan: ConnectionPlan
    id: int
    connector: Connector
    identity: Identity
    scopes: tuple[ScopeRef, ...]
    streams: tuple[StreamSpec, ...]
    budgets: Budgets
    #: requests made before any stream was read (connecting, resolving scopes).
    overhead_requests: int = 0
    #: scope ids proven unchanged, per stream.
    unchanged: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[ScopeRef]:
        """The scopes of one kind."""
        return [scope for scope in self.scopes if scope.kind == kind]


def connection_row(store: Store, plan: ConnectionPlan, key: str, now: datetime) -> int:
    """Id of the connection's row; made at the first run. `key`: what its requests count against."""
    with store.reading() as conn:
        found = _find(conn, plan.name)
    if found is not None:
        if found.kind != plan.kind:
            raise ConfigError(
                f"the store knows connection {plan.name!r} as {found.kind}, not {plan.kind}",
                todo="Give the new connection another name.",
            )
        if found.budget_key != key:
            with store.writing() as conn:
                conn.execute(
                    sa.update(schema.connection)
                    .where(schema.connection.c.id == found.id)
                    .values(budget_key=key)
                )
        return int(found.id)
    with store.writing() as conn:
        # Another run may have made it since.
        if _find(conn, plan.name) is None:
            conn.execute(
                sa.insert(schema.connection).values(
                    name=plan.name, kind=plan.kind, first_seen_at=now, budget_key=key
                )
            )
    return connection_row(store, plan, key, now)


def _find(conn: sa.Connection, name: str) -> Any:
    return conn.execute(
        sa.select(schema.connection).where(schema.connection.c.name == name)
    ).one_or_none()


def build(connection: ConnectionPlan, runtime: Any) -> Connector:
    """The connector, not yet connected. Raises ConfigError for an unknown or broken one."""
    with _IMPORTING:
        entry = get_connector(connection.kind)
        return entry.build(connection.name, connection.options, runtime)


def open_session(
    store: Store,
    connection: ConnectionPlan,
    connection_id: int,
    connector: Connector,
    budgets: Budgets,
    *,
    clock: Clock,
) -> Session:
    """Connect and resolve the scopes. Raises SourceErrors as the connector does."""
    now = clock.now()
    with store.reading() as conn:
        remembered = capability.remembered(conn, connection_id, now)
        row = conn.execute(
            sa.select(schema.connection).where(schema.connection.c.id == connection_id)
        ).one()
    remember = getattr(connector, "remember", None)
    if remember is not None:
        remember(remembered)
    breaker.check(store, connection_id, connection.options, now)
    try:
        identity = connector.connect()
    except CannotAuthenticate as error:
        # What lacks a credential asked nobody.
        if getattr(connector, "request_count", 1):
            breaker.refused(store, connection_id, connection.options, error, now)
        raise
    breaker.accepted(store, connection_id)
    if row.server_id not in (None, identity.server_id):
        raise NotAllowed(
            f"connection {connection.name!r} was {row.server_id} and now answers as "
            f"{identity.server_id}",
            where=connection.name,
            todo="Two servers must not share one connection: give the new one another name.",
        )
    _store_identity(store, connection_id, row, connection, identity, now)
    scopes = tuple(connector.scopes())
    return Session(
        plan=connection,
        id=connection_id,
        connector=connector,
        identity=identity,
        scopes=scopes,
        streams=tuple(connector.streams()),
        budgets=budgets,
        overhead_requests=request_count(connector),
    )


def token_end(plan: ConnectionPlan, identity: Identity) -> datetime | None:
    """When the token ends (UTC): as the vendor tells, else as configured; None: nobody tells.

    A configured day begins at midnight UTC, as days of expiry do at vendors.
    """
    if identity.token_expires_at is not None or plan.token_expires is None:
        return identity.token_expires_at
    return datetime.combine(plan.token_expires, time(), UTC)


def _store_identity(
    store: Store,
    connection_id: int,
    row: Any,
    plan: ConnectionPlan,
    identity: Identity,
    now: datetime,
) -> None:
    values = {
        "server_id": identity.server_id,
        "server_name": identity.server_name,
        "server_version": identity.version,
        "deployment": identity.deployment,
        "base_url": identity.base_url,
        "account_id": identity.account_id,
        "account_name": identity.account_name,
        "account_time_zone": identity.account_time_zone,
        "token_expires_at": token_end(plan, identity),
    }
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    with store.writing() as conn:
        if changed:
            mine = schema.connection.c.id == connection_id
            past.keep(conn, schema.connection, now, mine)
            conn.execute(sa.update(schema.connection).where(mine).values(**changed))
        capability.remember(conn, connection_id, identity.capabilities, now)


def normalizer(
    store: Store,
    connection: ConnectionPlan,
    connection_id: int,
    base_url: str,
    project: str | None,
    scope_id: str | None = None,
) -> Normalizer:
    """What turns payloads of one project (None: of the site) into records, as of now.

    `scope_id`: source id of the scope whose milestones a normalizer may look up by title.
    """
    entry = get_mapping(connection.kind)
    mapping = connection.mapping.for_project(project) if project else connection.mapping
    with store.reading() as conn:
        statuses = read.statuses(conn, connection_id)
        fields = read.fields(conn, connection_id)
        extra: dict[str, Any] = {}
        if entry.needs_milestones:
            held = {} if scope_id is None else read_code.titles(conn, connection_id, scope_id)
            extra["milestones"] = held
        boarded = bool(connection.mapping.boards) or boards.any_told(conn, connection_id)
    lookups: Lookups = entry.build_lookups(
        fields,
        statuses,
        mapping=mapping,
        extra=extra,
        time_zone=connection.time_zone,
        base_url=base_url,
    )
    categories = {one.source_id: _category(mapping, one) for one in statuses}
    return Normalizer(
        entry.normalize, mapping, lookups, categories, extra.get("milestones"), boarded
    )


def _category(mapping: MappingTable, status: Status) -> StatusCategory:
    """What a status means in this project: its own layer of the mapping may say otherwise.

    A board's status means what the board's own layer says.
    """
    if status.source_id.startswith(OF_BOARD):
        return status.category
    rule = mapping.status(status.raw_name, status.source_id, None, status.raw_category)
    return rule.category if rule is not None else status.category


def request_count(connector: Connector) -> int:
    """Requests the connector has made so far, if it counts them."""
    return int(getattr(connector, "request_count", 0))


def explain(error: SourceError) -> str:
    """A source's error as the reason of a certificate: what happened, without addresses."""
    return error.what
