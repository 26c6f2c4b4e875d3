"""The table of people who are not to be known by name."""

from sqlalchemy import Column, Table, Text

from sync.store.columns import connection_key, metadata
from sync.store.types import Instant, Json

#: Accounts whose name, login and address are not kept, whatever the source still tells.
forgotten = Table(
    "forgotten",
    metadata,
    connection_key(),
    Column("account_id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    #: keyed hashes of what is not kept, hexadecimal: whoever has not the key cannot guess.
    Column("hashes", Json, nullable=False),
)
