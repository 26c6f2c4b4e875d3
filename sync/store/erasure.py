"""What a person is called is taken out of payloads, by hashes that tell nobody what it was."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa

from sync.store import schema
from sync.store.tables_forgotten import forgotten

#: What stands in the place of a name.
ERASED = "erased person"
_KEY = "forget_key"


@dataclass(frozen=True, slots=True)
class Eraser:
    """Finds what is not to be kept in the texts of one connection."""

    key: bytes
    hashes: frozenset[str]

    def payload(self, payload: bytes) -> bytes:
        """The JSON with such names replaced; the same bytes where there is none."""
        try:
            document = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return payload
        found = self.value(document)
        return payload if found is document else orjson.dumps(found)

    def value(self, value: Any) -> Any:
        """The same of a decoded document; itself where nothing in it is replaced."""
        if isinstance(value, str):
            return ERASED if self.is_name(value) else value
        if isinstance(value, list):
            items = [self.value(one) for one in value]
            return value if all(a is b for a, b in zip(items, value, strict=True)) else items
        if isinstance(value, dict):
            turned = {name: self.value(one) for name, one in value.items()}
            return value if all(turned[name] is value[name] for name in value) else turned
        return value

    def is_name(self, text: str) -> bool:
        """Whether it is what somebody was called who is forgotten."""
        return _hash(self.key, text) in self.hashes


def eraser(conn: sa.Connection, connection_id: int) -> Eraser | None:
    """What is to be taken out of this connection's payloads; None: nobody is forgotten there."""
    rows = conn.execute(
        sa.select(forgotten.c.hashes).where(forgotten.c.connection_id == connection_id)
    ).all()
    if not rows:
        return None
    return Eraser(_key(conn), frozenset(one for row in rows for one in row.hashes))


def hashes_of(conn: sa.Connection, words: Iterable[str]) -> list[str]:
    """Keyed hashes of these names; the key is made with the first ones."""
    key = _key(conn)
    return sorted({_hash(key, word) for word in words})


def _key(conn: sa.Connection) -> bytes:
    c = schema.store_info.c
    held = conn.execute(sa.select(c.value).where(c.name == _KEY)).scalar()
    if held is None:
        held = secrets.token_hex(32)
        conn.execute(sa.insert(schema.store_info).values(name=_KEY, value=held))
    return bytes.fromhex(held)


@lru_cache(maxsize=50_000)
def _hash(key: bytes, text: str) -> str:
    raw = text.casefold().encode("utf-8", "replace")
    return hashlib.blake2b(raw, key=key, digest_size=12).hexdigest()
