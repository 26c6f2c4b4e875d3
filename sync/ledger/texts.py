"""What descriptions said when: versions as hashes and counts, noted from the stored payloads.

Noted for items of judged milestones only, and before they are judged: the newest payload is all
that is kept of an item, so the text at a baseline must have been noted by then.
"""

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from sys import byteorder
from typing import Any

import orjson
import sqlalchemy as sa
import zstandard

from mappings.contents import Contents
from mappings.registry import UnknownMapping
from mappings.registry import get as get_mapping
from mappings.texts import Reader, Version
from mappings.vocabulary import HistoryState
from sync.store import read, schema
from sync.store.bulk import select_ids
from sync.store.tables_texts import item_text

#: An item, by connection id and its own.
Pair = tuple[int, str]

_SOURCE, _OBSERVED = "source", "observed"
#: Payloads unpacked at a time.
_PAGE = 500
_DATA = ("origin", "text_hash", "tokens", "sketch", "acceptance", "lines")
_COLUMNS = ("work_item_id", "valid_from", "known_from", "known_to", *_DATA)


@dataclass(frozen=True, slots=True)
class Text:
    """One version of a description, as the store holds it."""

    #: since when it said so (UTC), at the latest.
    valid_from: datetime
    #: since when we know that (UTC).
    known_from: datetime
    #: its history tells the instant.
    told: bool
    #: hash that the item bears while this is its newest version.
    text_hash: str | None
    #: its lines are empty unless the configuration keeps them.
    contents: Contents


def at(texts: Sequence[Text], instant: datetime) -> Text | None:
    """The version that held at an instant, of versions in order; None: what it said is unknown."""
    held = [one for one in texts if one.valid_from <= instant]
    return held[-1] if held else None


def load(
    conn: sa.Connection, ids: Mapping[int, Collection[str]], known_at: datetime
) -> dict[Pair, tuple[Text, ...]]:
    """Versions of these items as known at an instant (UTC), oldest first."""
    found: dict[Pair, list[Text]] = {}
    for connection_id, wanted in ids.items():
        for one in select_ids(conn, item_text, _COLUMNS, connection_id, "work_item_id", wanted):
            if one[2] <= known_at and (one[3] is None or one[3] > known_at):
                found.setdefault((connection_id, one[0]), []).append(_text(one))
    return {
        pair: tuple(sorted(mine, key=lambda text: text.valid_from)) for pair, mine in found.items()
    }


def row(connection_id: int, item_id: str, text: Text) -> dict[str, Any]:
    """The version as a row of its table."""
    one = text.contents
    return {
        "connection_id": connection_id,
        "work_item_id": item_id,
        "valid_from": text.valid_from,
        "known_from": text.known_from,
        "known_to": None,
        "origin": _SOURCE if text.told else _OBSERVED,
        "text_hash": text.text_hash,
        "tokens": one.tokens,
        "sketch": _packed(one.sketch),
        "acceptance": None if one.acceptance is None else list(one.acceptance),
        "lines": _squeezed(one.lines) if one.lines else None,
    }


def refresh(
    conn: sa.Connection,
    now: datetime,
    ids: Mapping[int, Collection[str]],
    *,
    keep_lines: bool = False,
) -> int:
    """Note what these items' descriptions say and said; rows written.

    `now` in UTC. Items that say what they said cost one look at their row. `keep_lines` stores
    their lines too, but never those of a restricted item.
    """
    kinds = dict(conn.execute(sa.select(schema.connection.c.id, schema.connection.c.kind)).all())
    return sum(
        _refresh(conn, now, connection_id, kinds[connection_id], wanted, keep_lines)
        for connection_id, wanted in ids.items()
        if wanted
    )


@dataclass(frozen=True, slots=True)
class _Item:
    """What an item's row says of its text."""

    text_hash: str | None
    restricted: bool
    whole: bool


def _refresh(
    conn: sa.Connection,
    now: datetime,
    connection_id: int,
    kind: str,
    ids: Collection[str],
    keep_lines: bool,
) -> int:
    reader = _reader(kind)
    if reader is None:
        return 0
    items = _stale(conn, connection_id, ids)
    if not items:
        return 0
    known = {pair[1]: mine for pair, mine in load(conn, {connection_id: items}, now).items()}
    writer = _Writer(connection_id, now)
    for part in _parts(sorted(items)):
        histories = {
            id_: payload
            for id_, _, payload in read.raw_of(conn, connection_id, "changelogs", part)
            if items[id_].whole
        }
        for id_, _, payload in read.raw_of(conn, connection_id, "issues", part):
            item = items[id_]
            versions = reader(_json(payload), _json(histories.get(id_)))
            kept = keep_lines and not item.restricted
            fresh = _texts(versions, item.text_hash, now, keep_lines=kept)
            writer.differ(id_, known.get(id_, ()), fresh)
    return writer.write(conn)


def _reader(kind: str) -> Reader | None:
    try:
        return get_mapping(kind).texts
    except UnknownMapping:
        return None


def _stale(conn: sa.Connection, connection_id: int, ids: Collection[str]) -> dict[str, _Item]:
    """Items whose text may have changed since it was noted."""
    noted: dict[str, tuple[datetime, str, str | None]] = {}
    for id_, *newest in select_ids(
        conn,
        item_text,
        ("work_item_id", "valid_from", "origin", "text_hash"),
        connection_id,
        "work_item_id",
        ids,
        "AND known_to IS NULL",
    ):
        if id_ not in noted or newest[0] > noted[id_][0]:
            noted[id_] = (newest[0], newest[1], newest[2])
    edited: dict[str, datetime] = {}
    for id_, instant in select_ids(
        conn,
        schema.field_event,
        ("work_item_id", "at"),
        connection_id,
        "work_item_id",
        ids,
        "AND field = 'description' AND known_to IS NULL",
    ):
        edited[id_] = max(instant, edited.get(id_, instant))
    found: dict[str, _Item] = {}
    columns = ("source_id", "text_hash", "restricted", "history_state")
    for id_, text_hash, restricted, state in select_ids(
        conn, schema.work_item, columns, connection_id, "source_id", ids
    ):
        whole = state == HistoryState.COMPLETE.value
        if id_ in noted:
            since, origin, known_hash = noted[id_]
            # Until its history is whole again, what it told stands.
            if origin == _SOURCE and not whole:
                continue
            # What was only read is told once its history came.
            told_more = id_ in edited and (edited[id_] > since or origin == _OBSERVED)
            if known_hash == text_hash and not told_more:
                continue
        found[id_] = _Item(text_hash, bool(restricted), whole)
    return found


def _texts(
    versions: Sequence[Version], text_hash: str | None, now: datetime, *, keep_lines: bool
) -> list[Text]:
    """Versions as they are stored; the newest bears the hash of the item."""
    found = []
    for version in versions:
        contents = version.contents if keep_lines else replace(version.contents, lines=())
        since = min(version.at or now, now)
        found.append(Text(since, now, version.told, None, contents))
    if found:
        found[-1] = replace(found[-1], text_hash=text_hash)
    return found


class _Writer:
    """Gathers what differs; a row that changed is closed and inserted again."""

    def __init__(self, connection_id: int, now: datetime) -> None:
        self.connection_id, self.now = connection_id, now
        self.closed: list[dict[str, Any]] = []
        self.replaced: list[dict[str, Any]] = []
        self.added: list[dict[str, Any]] = []

    def differ(self, id_: str, known: Sequence[Text], fresh: Sequence[Text]) -> None:
        """What came for one item against what is known of it."""
        if not fresh:
            return
        held = {one.valid_from: one for one in known}
        wanted = {one.valid_from: one for one in fresh}
        if not fresh[-1].told and known:
            # One reading tells one version and nothing against earlier ones.
            newest, one = known[-1], fresh[-1]
            same = _same(newest, one)
            since = newest.valid_from if same else max(one.valid_from, newest.valid_from)
            wanted = {**held, since: replace(one, valid_from=since, told=same and newest.told)}
        for since, old in held.items():
            new = wanted.get(since)
            if new is None or not _same(old, new) or _moved_hash(old, new):
                self._close(id_, old)
        for since, new in wanted.items():
            before = held.get(since)
            if before is None or not _same(before, new) or _moved_hash(before, new):
                self._add(id_, new)

    def _close(self, id_: str, text: Text) -> None:
        key = {"b_id": id_, "b_since": text.valid_from, "b_known": text.known_from}
        # Noted twice at one instant: the later word is what was known then.
        (self.closed if text.known_from < self.now else self.replaced).append(key)

    def _add(self, id_: str, text: Text) -> None:
        self.added.append(row(self.connection_id, id_, replace(text, known_from=self.now)))

    def write(self, conn: sa.Connection) -> int:
        """Rows closed and inserted."""
        t = item_text
        held = sa.and_(
            t.c.connection_id == self.connection_id,
            t.c.work_item_id == sa.bindparam("b_id"),
            t.c.valid_from == sa.bindparam("b_since"),
            t.c.known_from == sa.bindparam("b_known"),
        )
        if self.closed:
            conn.execute(sa.update(t).where(held).values(known_to=self.now), self.closed)
        if self.replaced:
            conn.execute(sa.delete(t).where(held), self.replaced)
        if self.added:
            conn.execute(sa.insert(t), self.added)
        return len(self.closed) + len(self.replaced) + len(self.added)


def _same(old: Text, new: Text) -> bool:
    """Whether two versions say the same. Lines are not kept for ever: they decide nothing."""
    return replace(old.contents, lines=()) == replace(new.contents, lines=())


def _moved_hash(old: Text, new: Text) -> bool:
    """Whether an equal text bears another hash: its form changed, or it is the newest again."""
    return (new.text_hash is not None and old.text_hash != new.text_hash) or old.told != new.told


def _text(held: Sequence[Any]) -> Text:
    _, since, known_from, _, origin, text_hash, tokens, sketch, acceptance, lines = held
    return Text(
        since,
        known_from,
        origin == _SOURCE,
        text_hash,
        Contents(
            tokens=tokens,
            sketch=_unpacked(bytes(sketch)),
            acceptance=None if acceptance is None else tuple(acceptance),
            lines=() if lines is None else _unsqueezed(bytes(lines)),
        ),
    )


def _packed(numbers: Iterable[int]) -> bytes:
    packed = array("I", numbers)
    if byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpacked(data: bytes) -> tuple[int, ...]:
    numbers = array("I")
    numbers.frombytes(data)
    if byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


def _squeezed(lines: Sequence[str]) -> bytes:
    squeezed: bytes = zstandard.ZstdCompressor().compress(orjson.dumps(lines))
    return squeezed


def _unsqueezed(data: bytes) -> tuple[str, ...]:
    lines: list[str] = orjson.loads(zstandard.ZstdDecompressor().decompress(data))
    return tuple(lines)


def _json(payload: bytes | None) -> Any:
    return None if payload is None else orjson.loads(payload)


def _parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for first in range(0, len(ids), _PAGE):
        yield ids[first : first + _PAGE]
