"""Raw payloads: compressed, hashed, the newest of each record."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

import sqlalchemy as sa
import zstandard

from sync.store import schema
from sync.store.page import Page, same

#: Zstandard's level, and the size of a dictionary, bytes.
LEVEL, DICTIONARY_SIZE = 3, 32 * 1024
#: Payloads of one page from which a dictionary is made, and the pieces it is made of, bytes: to
#: name their lengths takes a third of the time that a search for the best ones does, and on issues
#: of real companies and their histories it packs as well or better.
SAMPLES, PIECE, SHORTEST = 100, 1000, 8

_local = threading.local()


class Packer(Protocol):
    """What is used of zstandard's compressor, which comes without types."""

    def compress(self, payload: bytes, /) -> bytes:
        """One frame."""
        ...


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
    packer = _packer(page, stream, records)
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
                packer.compress(record.payload),
                digest,
                page.now,
                record.updated_at,
            )
        )
    data = ("scope_id", "shape", "payload", "content_hash", "fetched_at", "updated_at")
    page.upsert(schema.raw_record, ("connection_id", "stream", "source_id", *data), data, rows)
    return frozenset(row[2] for row in rows)


def packed(payload: bytes) -> bytes:
    """A payload as it is stored where no dictionary is at hand."""
    return _plain().compress(payload)


def older(left: datetime | None, right: datetime | None) -> bool:
    """Whether `left` is known to be before `right`."""
    return left is not None and right is not None and left < right


def _packer(page: Page, stream: str, records: Mapping[str, RawLike]) -> Packer:
    """A compressor for this stream's payloads; the first large page makes its dictionary.

    What a stream's payloads have in common is most of them: with a dictionary they take less than
    half the space and half the time. The table is asked in each transaction, since one that was
    rolled back took its dictionary along.
    """
    table = schema.raw_dictionary
    held = page.known(table, ("dictionary_id", "content_hash"), (stream,), id_column="stream")
    if held:
        number, digest = min(held)
        return _compressor(page, stream, number, bytes(digest))
    samples: list[bytes | bytearray | memoryview] = [
        one.payload for one in islice(records.values(), SAMPLES)
    ]
    if len(samples) < SAMPLES or sum(map(len, samples)) < 2 * DICTIONARY_SIZE:
        return _plain()
    try:
        made = zstandard.train_dictionary(DICTIONARY_SIZE, samples, k=PIECE, d=SHORTEST)
    except zstandard.ZstdError:
        # Payloads with nothing in common.
        return _plain()
    contents = made.as_bytes()
    digest = hashlib.sha256(contents).digest()[:16]
    page.conn.execute(
        sa.insert(table).values(
            connection_id=page.connection_id,
            stream=stream,
            dictionary_id=made.dict_id(),
            content_hash=digest,
            dictionary=contents,
        )
    )
    packer = _compressors()[digest] = zstandard.ZstdCompressor(level=LEVEL, dict_data=made)
    return packer


def _compressors() -> dict[bytes | None, Packer]:
    """This thread's compressors by the digest of their dictionary: none may be shared."""
    held: dict[bytes | None, Packer] | None = getattr(_local, "compressors", None)
    if held is None:
        held = _local.compressors = {}
    return held


def _plain() -> Packer:
    mine = _compressors()
    if None not in mine:
        mine[None] = zstandard.ZstdCompressor(level=LEVEL)
    return mine[None]


def _compressor(page: Page, stream: str, dictionary_id: int, digest: bytes) -> Packer:
    mine = _compressors()
    if digest not in mine:
        t = schema.raw_dictionary.c
        contents = page.conn.execute(
            sa.select(t.dictionary).where(
                t.connection_id == page.connection_id,
                t.stream == stream,
                t.dictionary_id == dictionary_id,
            )
        ).scalar_one()
        mine[digest] = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=zstandard.ZstdCompressionDict(bytes(contents))
        )
    return mine[digest]


class Unpacker:
    """Reads stored payloads of one stream; for one thread."""

    def __init__(self, conn: sa.Connection, connection_id: int, stream: str) -> None:
        """Loads the stream's dictionaries."""
        t = schema.raw_dictionary.c
        self._by_id: dict[int, Any] = {0: zstandard.ZstdDecompressor()}
        for row in conn.execute(
            sa.select(t.dictionary_id, t.dictionary).where(
                t.connection_id == connection_id, t.stream == stream
            )
        ):
            held = zstandard.ZstdCompressionDict(bytes(row.dictionary))
            self._by_id[row.dictionary_id] = zstandard.ZstdDecompressor(dict_data=held)

    def json(self, payload: bytes) -> bytes:
        """The JSON bytes of a stored payload. Raises KeyError if its dictionary is missing."""
        number = zstandard.get_frame_parameters(payload).dict_id
        unpacked: bytes = self._by_id[number].decompress(payload)
        return unpacked
