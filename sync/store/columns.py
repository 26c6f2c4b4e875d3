"""What every file of tables shares: the catalogue, the key, and how presence is told."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, Text

from sync.store.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Serial primary key; SQLite needs INTEGER for its rowid alias.
Serial = BigInteger().with_variant(Integer(), "sqlite")


def connection_key(name: str = "connection_id") -> Column[int]:
    """The connection, as first part of the primary key."""
    return Column(name, Integer, ForeignKey("connection.id"), primary_key=True)


def presence() -> list[Column[Any]]:
    """When we first saw an entity, and since when and why it is no longer there."""
    return [
        Column("first_seen_at", Instant, nullable=False),
        Column("gone_at", Instant),
        Column("gone_reason", Text),
        #: hash of the normalized row: an equal one is not written again.
        Column("content_hash", LargeBinary, nullable=False),
    ]


def known() -> tuple[Column[Any], Column[Any]]:
    """Since when and until when we knew a row; the first is the last part of the primary key."""
    return (Column("known_from", Instant, primary_key=True), Column("known_to", Instant))
