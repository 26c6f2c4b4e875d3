"""Raw payloads: compressed, hashed, the newest of each record."""

import hashlib
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import zstandard

from sync.store import schema
from sync.store.page import Page, same

_local = threading.local()


class RawLike(Protocol):
    """What is needed of a connector's raw record."""

    @property
    def stream(self) -> str:
        """Stream it came in."""
        ...

    @property
    def source_id(self) -> str:
        """Immutable id."""
        ...

    @property
    def payload(self) -> bytes:
        """JSON as sent."""
        ...

    @property
    def updated_at(self) -> datetime | None:
        """The source's own change instant (UTC), if the record has one."""
        ...

    @property
    def shape(self) -> int:
        """Version of the query."""
        ...


def write(page: Page, scope_id: str, records: Sequence[RawLike]) -> frozenset[str]:
    """Keep the newest payload of each record; ids whose payload is new or differs."""
    by_stream: dict[str, dict[str, RawLike]] = {}
    for record in records:
        mine = by_stream.setdefault(record.stream, {})
        held = mine.get(record.source_id)
        if held is None or not older(record.updated_at, held.updated_at):
            mine[record.source_id] = record
    changed: set[str] = set()
    for stream, mine in by_stream.items():
        changed |= _write_stream(page, scope_id, stream, mine)
    return frozenset(changed)


def _write_stream(
    page: Page, scope_id: str, stream: str, records: dict[str, RawLike]
) -> frozenset[str]:
    # Names of streams are identifiers of connectors; a quote would end the SQL text.
    known = {
        row[0]: row
        for row in page.known(
            schema.raw_record,
            ("source_id", "content_hash", "shape", "updated_at"),
            records,
            f"AND stream = '{stream.replace(chr(39), chr(39) * 2)}'",
        )
    }
    rows = []
    for id_, record in records.items():
        digest = hashlib.sha256(record.payload).digest()[:16]
        held = known.get(id_)
        if held is None:
            page.unseen.add(id_)
        elif (same(held[1], digest) and held[2] == record.shape) or older(
            record.updated_at, held[3]
        ):
            continue
        rows.append(
            (
                page.connection_id,
                stream,
                id_,
                scope_id,
                record.shape,
                compress(record.payload),
                digest,
                page.now,
                record.updated_at,
            )
        )
    data = ("scope_id", "shape", "payload", "content_hash", "fetched_at", "updated_at")
    page.upsert(schema.raw_record, ("connection_id", "stream", "source_id", *data), data, rows)
    return frozenset(row[2] for row in rows)


def older(left: datetime | None, right: datetime | None) -> bool:
    """Whether `left` is known to be before `right`."""
    return left is not None and right is not None and left < right


def compress(payload: bytes) -> bytes:
    """Zstandard frame; a compressor belongs to one thread."""
    compressor = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=3)
    packed: bytes = compressor.compress(payload)
    return packed


def decompress(payload: bytes) -> bytes:
    """The JSON bytes of a stored payload."""
    decompressor = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    unpacked: bytes = decompressor.decompress(payload)
    return unpacked
