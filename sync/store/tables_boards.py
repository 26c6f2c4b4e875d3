"""The tables of boards that say more of an issue than the issue does, and of what is laid over it.

A board's vendor keeps no history: rows of values begin and end with our own readings.
"""

from sqlalchemy import Boolean, Column, Date, Float, Index, Integer, Table, Text

from sync.store.columns import connection_key, known, metadata, presence
from sync.store.types import Instant

#: Lines of boards, also those that stand for nothing that is read.
board_item = Table(
    "board_item",
    metadata,
    connection_key(),
    Column("source_id", Text, primary_key=True),
    Column("board_id", Text, nullable=False),
    #: work_item, change_request, draft, hidden.
    Column("content", Text, nullable=False),
    Column("content_id", Text),
    #: source id of the repository or project of that.
    Column("content_scope_id", Text),
    Column("archived", Boolean, nullable=False),
    *presence(),
    Index(None, "connection_id", "board_id"),
)

#: What lines of boards say of work items, as we saw it: one row per interval.
board_value = Table(
    "board_value",
    metadata,
    connection_key(),
    Column("board_item_id", Text, primary_key=True),
    #: what the field is the source of: one of `EventField`.
    Column("field", Text, primary_key=True),
    #: the reading that saw it first.
    Column("valid_from", Instant, primary_key=True),
    *known(),
    #: the reading that no longer saw it.
    Column("valid_to", Instant),
    #: false: it stood there at `valid_from`, and since when is not known.
    Column("from_exact", Boolean, nullable=False),
    Column("board_id", Text, nullable=False),
    Column("work_item_id", Text, nullable=False),
    #: id of the board's field.
    Column("field_id", Text, nullable=False),
    #: id of a status or milestone.
    Column("value_id", Text),
    #: as people read it.
    Column("text", Text),
    Column("day", Date),
    Column("points", Float),
    #: place of the board among those that may contradict each other.
    Column("rank", Integer),
    Index(None, "connection_id", "work_item_id"),
    Index(None, "connection_id", "board_id"),
)

#: What of it is laid over a work item, and what the item says itself.
board_overlay = Table(
    "board_overlay",
    metadata,
    connection_key(),
    Column("work_item_id", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("board_item_id", Text, primary_key=True),
    *known(),
    Column("board_id", Text, nullable=False),
    Column("field_id", Text, nullable=False),
    Column("value_id", Text),
    Column("text", Text),
    #: since when we see it.
    Column("since", Instant, nullable=False),
    #: false: the item's own state counts, it is done or cancelled.
    Column("in_force", Boolean, nullable=False),
    #: what the item says itself, in the source's words.
    Column("original", Text),
)
