"""The tables of what people agreed to: growth of a scope, and changes of many items at once."""

from sqlalchemy import Column, Integer, Table, Text

from sync.store.columns import connection_key, metadata
from sync.store.types import Instant

#: Growth that somebody agreed to. A row is never taken away: it is withdrawn.
scope_agreement = Table(
    "scope_agreement",
    metadata,
    connection_key(),
    Column("milestone_kind", Text, primary_key=True),
    Column("milestone_id", Text, primary_key=True),
    #: `work_item`, or `label`: all items from when they got it.
    Column("subject_kind", Text, primary_key=True),
    #: id of the item, or the label as the source writes it.
    Column("subject", Text, primary_key=True),
    #: when it was told to us (UTC), which is when we knew it.
    Column("recorded_at", Instant, primary_key=True),
    #: since when it holds (UTC). A label holds on each item from when it was put there.
    Column("agreed_at", Instant, nullable=False),
    Column("agreed_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    #: where the agreement can be read.
    Column("link", Text),
    #: NULL: it stands.
    Column("withdrawn_at", Instant),
    Column("withdrawn_by", Text),
    Column("withdrawn_reason", Text),
)

#: A change of many items at once that somebody looked at and meant.
mass_edit_confirmation = Table(
    "mass_edit_confirmation",
    metadata,
    connection_key(),
    Column("milestone_kind", Text, primary_key=True),
    Column("milestone_id", Text, primary_key=True),
    #: the field that changed, or `presence`.
    Column("field", Text, primary_key=True),
    #: its first and last change (UTC).
    Column("first_at", Instant, primary_key=True),
    Column("last_at", Instant, primary_key=True),
    #: how many items it changed, as it was shown.
    Column("items", Integer, nullable=False),
    Column("confirmed_at", Instant, nullable=False),
    Column("confirmed_by", Text, nullable=False),
    Column("reason", Text),
)
