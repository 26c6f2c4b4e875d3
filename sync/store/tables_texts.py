"""The table of what descriptions said: hashes and counts, version by version, never the words."""

from sqlalchemy import JSON, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from sync.store.columns import connection_key, known, metadata
from sync.store.types import Instant

#: As `types.Json`, and no value is NULL.
_Items = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

#: One version of an item's description. Only items of judged milestones have any.
item_text = Table(
    "item_text",
    metadata,
    connection_key(),
    Column("work_item_id", Text, primary_key=True),
    #: since when it said so (UTC), at the latest.
    Column("valid_from", Instant, primary_key=True),
    *known(),
    #: source: its history tells the instant; observed: it was read like this.
    Column("origin", Text, nullable=False),
    #: as in work_item; NULL for an empty text.
    Column("text_hash", Text),
    #: count of all its tokens.
    Column("tokens", Integer, nullable=False),
    #: 32-bit hashes of its distinct tokens, sorted, four bytes each, the lowest byte first.
    Column("sketch", LargeBinary, nullable=False),
    #: hashes of its acceptance items, sorted; NULL: no part of it is marked as such.
    Column("acceptance", _Items),
    #: its lines as JSON, compressed with zstandard; NULL unless the configuration keeps them.
    Column("lines", LargeBinary),
    sqlite_with_rowid=False,
)
