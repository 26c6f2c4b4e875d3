"""Credentials that were refused are not sent again by run after run: accounts get locked so."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, SecretStr

from connectors.contract import CannotAuthenticate
from sync.store import schema
from sync.store.open import Store

#: Refused runs in a row after which a credential rests.
REFUSALS = 2
#: How long it rests then, unless the server counts refusals: a server may be wrong for a while.
RESTS = timedelta(days=1)


#: Under which name it is kept beside what a server was found to honour.
_NAME = "refused login"


@dataclass(frozen=True, slots=True)
class _Refused:
    """What is kept of a refused credential; nothing that it could be guessed from."""

    #: random, hexadecimal.
    salt: str
    #: 16 bits of a slow hash of the connection's options: whether they are still the same.
    mark: str
    times: int
    #: last refusal, ISO 8601, UTC.
    at: str
    counts: bool


def check(store: Store, connection_id: int, options: BaseModel, now: datetime) -> None:
    """Raise CannotAuthenticate, without a request, for credentials that rest."""
    held = _held(store, connection_id)
    if held is None or held.mark != _mark(options, held.salt):
        return
    at = datetime.fromisoformat(held.at)
    if not held.counts and (held.times < REFUSALS or now - at >= RESTS):
        return
    why = "the server counts refused logins" if held.counts else f"{held.times} times"
    raise CannotAuthenticate(
        f"the server refused these credentials on {at:%Y-%m-%d at %H:%M} UTC ({why}); "
        "they are not sent again",
        todo="Replace them, or run `driftline check` to try them once more.",
        counts=held.counts,
    )


def refused(
    store: Store,
    connection_id: int,
    options: BaseModel,
    error: CannotAuthenticate,
    now: datetime,
) -> None:
    """Note that a server refused the credentials of a connection."""
    before = _held(store, connection_id)
    if before is not None and before.mark != _mark(options, before.salt):
        before = None
    salt = before.salt if before is not None else os.urandom(16).hex()
    held = _Refused(
        salt=salt,
        mark=_mark(options, salt),
        times=1 + (before.times if before is not None else 0),
        at=now.isoformat(),
        counts=error.counts or (before is not None and before.counts),
    )
    with store.writing() as conn:
        _delete(conn, connection_id)
        conn.execute(
            sa.insert(schema.capability).values(
                connection_id=connection_id,
                name=_NAME,
                value=asdict(held),
                detail=error.what,
                observed_at=now,
                # Nothing that a connector may build on: it is over for those who ask for that.
                expires_at=now,
            )
        )


def accepted(store: Store, connection_id: int) -> None:
    """Forget refusals: a login worked. Writes nothing if there were none."""
    if _held(store, connection_id) is not None:
        with store.writing() as conn:
            _delete(conn, connection_id)


def resting(store: Store) -> Mapping[str, int]:
    """Connections whose credentials were refused: name -> id."""
    c = schema.connection.c
    refusals = sa.select(schema.capability.c.connection_id).where(schema.capability.c.name == _NAME)
    with store.reading() as conn:
        rows = conn.execute(sa.select(c.name, c.id).where(c.id.in_(refusals))).all()
    return {row.name: row.id for row in rows}


def _delete(conn: sa.Connection, connection_id: int) -> None:
    conn.execute(sa.delete(schema.capability).where(*_row(connection_id)))


def _held(store: Store, connection_id: int) -> _Refused | None:
    with store.reading() as conn:
        found = conn.execute(sa.select(schema.capability.c.value).where(*_row(connection_id)))
        value = found.scalar()
    return None if value is None else _Refused(**value)


def _row(connection_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    c = schema.capability.c
    return c.connection_id == connection_id, c.name == _NAME


def _mark(options: BaseModel, salt: str) -> str:
    """Sixteen bits: enough to see a change, too few to try passwords against."""
    text = json.dumps(_plain(options.model_dump()), sort_keys=True, default=str)
    return hashlib.scrypt(text.encode(), salt=bytes.fromhex(salt), n=2**12, r=8, p=1, dklen=2).hex()


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        # A key that was replaced is another key.
        seen = value.stat() if value.exists() else None
        return [str(value), seen and (seen.st_size, seen.st_mtime_ns)]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return value
