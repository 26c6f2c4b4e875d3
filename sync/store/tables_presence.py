"""The tables that tell what was out of reach when, and why: absences, and the fence around them."""

from sqlalchemy import Column, Index, Table, Text

from sync.store.columns import connection_key, known, metadata
from sync.store.types import Json

#: One row for each time that an item or a change was gone; `known_to`: it was there again.
absence = Table(
    "absence",
    metadata,
    connection_key(),
    #: `work_item` or `change_request`.
    Column("entity_kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    #: one of `connectors.contract.GoneReason`.
    Column("reason", Text, nullable=False),
    #: key it has elsewhere, after a move or transfer.
    Column("to_key", Text),
    #: what the source said, or which setting moved.
    Column("detail", Text),
    *known(),
)

#: Which projects, repositories and boards were read, from when to when.
scope_hold = Table(
    "scope_hold",
    metadata,
    connection_key(),
    Column("scope_kind", Text, primary_key=True),
    Column("scope_id", Text, primary_key=True),
    Column("scope_key", Text, nullable=False),
    #: project that a board belongs to.
    Column("parent_id", Text),
    #: why it is read no more: `configuration`, `archived` or `unlisted`, and the words.
    Column("reason", Text),
    *known(),
    Index(None, "connection_id", "known_to"),
)

#: What the configuration says is to be read: another definition moves the fence.
scope_fence = Table(
    "scope_fence",
    metadata,
    connection_key(),
    #: options that choose what is read, with their values.
    Column("definition", Json, nullable=False),
    *known(),
)
