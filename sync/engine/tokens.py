"""When the tokens of connections end, as far as anybody told; reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.store import past, schema

#: A token that ends within so many days is worth a word.
WARN_DAYS = 14


@dataclass(frozen=True, slots=True)
class TokenEnd:
    """A connection whose token has ended or soon will."""

    connection: str
    #: instant from which it is refused (UTC).
    at: datetime
    #: whole days left; negative once it has ended.
    days: int

    @property
    def sentence(self) -> str:
        """What a person is told, without a full stop."""
        if self.days < 0:
            when = f"has ended on {self.at:%Y-%m-%d}"
        elif self.days == 0:
            when = f"ends within a day, at {self.at:%Y-%m-%d %H:%M} UTC"
        else:
            noun = "day" if self.days == 1 else "days"
            when = f"ends in {self.days} {noun}, on {self.at:%Y-%m-%d}"
        return f"The token of {self.connection} {when}: make a new one, or nothing of it is read"


def ending(
    conn: sa.Connection,
    now: datetime,
    only: Collection[str] = (),
    *,
    known_at: datetime | None = None,
) -> tuple[TokenEnd, ...]:
    """Connections whose token ends within 14 days of `now` (UTC), the first to end first.

    `only`: names of connections to look at; none: all. `known_at` (UTC): as it was known then;
    None: now. A token whose end nobody told is not named.
    """
    c = past.at(schema.connection, known_at).c
    rows = conn.execute(
        sa.select(c.name, c.token_expires_at)
        .where(c.token_expires_at.is_not(None))
        .order_by(c.token_expires_at, c.name)
    )
    found = (
        TokenEnd(row.name, row.token_expires_at, (row.token_expires_at - now).days) for row in rows
    )
    return tuple(
        one for one in found if one.days <= WARN_DAYS and (not only or one.connection in only)
    )
