"""Column types that hold the same value on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, DateTime, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

#: How an instant is written in SQLite: UTC, fixed width, so that text order is time order.
SQLITE_INSTANT = "%Y-%m-%d %H:%M:%S.%f"

#: JSON document; JSONB on PostgreSQL so that it can be indexed and compared.
Json = JSON().with_variant(JSONB(), "postgresql")


@lru_cache(maxsize=4096)
def to_sqlite(value: datetime) -> str:
    """Text form of an aware instant as the store keeps it in SQLite (UTC, microseconds).

    Raises ValueError for a naive value: its zone would be a guess. Remembers the last ones: every
    row of a page holds the same present.
    """
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} cannot be stored")
        value = value.astimezone(UTC)
    # Years have four digits, so the offset begins at a fixed place.
    return value.isoformat(" ", "microseconds")[:26]


def read_instant(value: Any) -> datetime:
    """The aware UTC instant of a text written by `to_sqlite`, or of what another driver gives."""
    if isinstance(value, str):
        return datetime.fromisoformat(value + "+00:00")
    instant: datetime = value
    return instant.astimezone(UTC)


class Instant(TypeDecorator[datetime]):
    """Aware UTC instant: fixed-width text in SQLite, `timestamptz` in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite: comparisons and `MAX` work on it as they are."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(26))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive values; write UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return to_sqlite(value)
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Always an aware UTC value."""
        return None if value is None else read_instant(value)
