"""Lines of boards, what they say since when, and what of it is laid over work items."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from mappings.records import BoardItem, BoardMilestones, BoardValue
from mappings.vocabulary import BoardContent, EventField
from sync.store import relations, schema, versioned
from sync.store.bulk import hashed, select_ids
from sync.store.page import PRESENCE, Page, same
from sync.store.tables_boards import board_item, board_overlay, board_value
from sync.store.versioned import Children

_ITEM = ("source_id", "board_id", "content", "content_id", "content_scope_id", "archived")
_get_item = attrgetter(*_ITEM)
_VALUE = Children(
    board_value,
    ("board_item_id", "field", "valid_from"),
    (
        "valid_to",
        "from_exact",
        "board_id",
        "work_item_id",
        "field_id",
        "value_id",
        "text",
        "day",
        "points",
        "rank",
    ),
)
_AT = {name: i for i, name in enumerate(_VALUE.data)}
#: What makes two values the same one: an option may be called otherwise meanwhile.
_SAME = tuple(_AT[name] for name in ("work_item_id", "field_id", "value_id", "day", "points"))
_OVERLAY = Children(
    board_overlay,
    ("work_item_id", "field", "board_item_id"),
    ("board_id", "field_id", "value_id", "text", "since", "in_force", "original"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a board said of a work item in one field, for a while; instants in UTC."""

    work_item_id: str
    field: EventField
    board_item_id: str
    board_id: str
    field_id: str
    value_id: str | None
    text: str | None
    day: date | None
    points: float | None
    rank: int | None
    #: the reading that saw it first, and the one that no longer saw it (None: it stands).
    valid_from: datetime
    valid_to: datetime | None
    #: False: it stood there at `valid_from`, and since when is not known.
    from_exact: bool

    @property
    def value(self) -> tuple[str | None, date | None, float | None]:
        """What it says, apart from words."""
        return self.value_id, self.day, self.points


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is laid over a work item in one field."""

    told: Told
    #: False: the item's own state counts.
    in_force: bool
    #: what the item says itself.
    original: str | None


def write_items(
    page: Page, records: Iterable[BoardItem], watched_fields: Collection[str] = ()
) -> frozenset[str]:
    """Lines and what they say; ids of the work items of which something else is said now.

    `watched_fields`: those that an earlier whole reading looked at. What appears in one of them
    came since that reading; in another one it may have stood for long.
    """
    mine = {one.source_id: one for one in records}
    left: frozenset[str] = frozenset()
    if page.is_replay:
        gone = page.known(board_item, ("source_id",), mine, "AND gone_at IS NOT NULL")
        left = frozenset(row[0] for row in gone)
    _write_lines(page, {id_: one for id_, one in mine.items() if id_ not in left})
    held = versioned.held(page, _VALUE, mine, by="board_item_id")
    read: dict[str, dict[versioned.Key, versioned.Row]] = {}
    for key, row in held.items():
        # What nobody reads as this any more: a matter of reading, not of the board.
        if (EventField(key[1]), row.data[_AT["field_id"]]) in mine[key[0]].fields:
            read.setdefault(key[0], {})[key] = row.data
    fresh: dict[versioned.Key, versioned.Row] = {}
    for id_, one in mine.items():
        before = read.get(id_, {})
        if id_ in left or one.content is BoardContent.HIDDEN:
            # What may not be seen now says nothing against what was seen.
            fresh |= before
        else:
            fresh |= _said(page, one, before, watched_fields)
    return _write_values(page, held, fresh)


def write_left(page: Page, ids: Iterable[str]) -> frozenset[str]:
    """Lines that left their boards; ids of the work items of which something else is said now."""
    gone = sorted(ids)
    page.rows += page.update(
        board_item,
        ("gone_at", "gone_reason"),
        ("connection_id", "source_id"),
        [(page.now, "left_scope", page.connection_id, id_) for id_ in gone],
    )
    held = versioned.held(page, _VALUE, gone, by="board_item_id")
    fresh: dict[versioned.Key, versioned.Row] = {}
    for key, row in held.items():
        _end(fresh, key, row.data, page.now)
    return _write_values(page, held, fresh)


def write_milestones(page: Page, records: Iterable[BoardMilestones]) -> None:
    """Which milestones each board gives; one that none gives any more is gone."""
    for one in records:
        relations.write_scope_entities(page, one.board_id, one.kind.value, one.ids)


def write_overlays(page: Page, by_item: Mapping[str, Sequence[Overlay]]) -> None:
    """All that is laid over each of these items."""
    fresh = versioned.rows(
        (
            (id_, one.told.field.value, one.told.board_item_id),
            (
                one.told.board_id,
                one.told.field_id,
                one.told.value_id,
                one.told.text,
                one.told.valid_from,
                one.in_force,
                one.original,
            ),
        )
        for id_, mine in by_item.items()
        for one in mine
    )
    known = versioned.held(page, _OVERLAY, by_item, by="work_item_id")
    versioned.write(page, _OVERLAY, known, fresh, lambda _key, _row: True)


def _write_lines(page: Page, mine: Mapping[str, BoardItem]) -> None:
    known = {
        row[0]: row
        for row in page.known(board_item, ("source_id", "content_hash", "gone_at"), mine)
    }
    rows = []
    for id_, one in mine.items():
        values = list(_get_item(one))
        values[2] = one.content.value
        cleaned, digest = hashed(values)
        row = known.get(id_)
        if row is None or page.is_back(row[2]) or not same(row[1], digest):
            rows.append((page.connection_id, *cleaned, page.now, None, None, digest))
    page.rows += page.upsert(
        board_item, ("connection_id", *_ITEM, *PRESENCE), (*_ITEM[1:], *PRESENCE[1:]), rows
    )


def _said(
    page: Page,
    one: BoardItem,
    before: Mapping[versioned.Key, versioned.Row],
    watched_fields: Collection[str],
) -> dict[versioned.Key, versioned.Row]:
    """All intervals of a line, as they are to be known now."""
    fresh: dict[versioned.Key, versioned.Row] = {}
    values = {value.field: value for value in one.values}
    for key, row in before.items():
        if row[_AT["valid_to"]] is not None:
            fresh[key] = row
            continue
        field = EventField(key[1])
        value = values.get(field)
        now_said = None if value is None else _row(one, value, row[_AT["from_exact"]])
        if now_said is not None and all(now_said[i] == row[i] for i in _SAME):
            fresh[key] = now_said
            del values[field]
        elif not page.is_replay:
            # What is stored tells nothing new: read otherwise, it never was as it was read before.
            _end(fresh, key, row, page.now)
    for field, value in values.items():
        exact = value.field_id in watched_fields
        fresh[one.source_id, field.value, page.now] = _row(one, value, exact)
    return versioned.rows(fresh.items())


def _row(one: BoardItem, value: BoardValue, exact: bool) -> versioned.Row:
    return (
        None,
        exact,
        one.board_id,
        one.content_id,
        value.field_id,
        value.value_id,
        value.text,
        value.day,
        value.points,
        one.rank,
    )


def _end(
    fresh: dict[versioned.Key, versioned.Row],
    key: versioned.Key,
    row: versioned.Row,
    now: datetime,
) -> None:
    """An interval that is over; one that began with this reading never was."""
    if row[_AT["valid_to"]] is not None:
        fresh[key] = row
    elif key[2] < now:
        fresh[key] = (now, *row[1:])


def _write_values(
    page: Page,
    held: Mapping[versioned.Key, versioned.Held],
    fresh: Mapping[versioned.Key, versioned.Row],
) -> frozenset[str]:
    item = _AT["work_item_id"]
    touched = {
        row[item] for key, row in fresh.items() if key not in held or held[key].data != row
    } | {row.data[item] for key, row in held.items() if fresh.get(key) != row.data}
    versioned.write(page, _VALUE, held, fresh, lambda _key, _row: True)
    return frozenset(touched)


# --- reading --------------------------------------------------------------------------------


def any_told(conn: sa.Connection, connection_id: int) -> bool:
    """Whether a board says, or is laid over, anything of this connection."""
    return any(
        conn.execute(
            sa.select(sa.literal(1))
            .select_from(table)
            .where(table.c.connection_id == connection_id, table.c.known_to.is_(None))
            .limit(1)
        ).first()
        is not None
        for table in (board_value, board_overlay)
    )


def told(
    conn: sa.Connection, connection_id: int, ids: Collection[str]
) -> dict[str, tuple[Told, ...]]:
    """What boards said of each work item, as known now, in order of time."""
    found: dict[str, list[Told]] = {}
    for row in select_ids(
        conn,
        board_value,
        (*_VALUE.key, *_VALUE.data),
        connection_id,
        "work_item_id",
        ids,
        "AND known_to IS NULL",
    ):
        said = dict(zip((*_VALUE.key, *_VALUE.data), row, strict=True))
        one = Told(**{**said, "field": EventField(said["field"])})
        found.setdefault(one.work_item_id, []).append(one)
    order = attrgetter("valid_from", "field", "board_item_id")
    return {id_: tuple(sorted(mine, key=order)) for id_, mine in found.items()}


def originals(
    conn: sa.Connection, connection_id: int, ids: Collection[str], field: EventField
) -> dict[str, str | None]:
    """What items say themselves in a field over which something is laid."""
    rows = select_ids(
        conn,
        board_overlay,
        ("work_item_id", "original"),
        connection_id,
        "work_item_id",
        ids,
        f"AND known_to IS NULL AND field = '{field.value}'",
    )
    return {row[0]: row[1] for row in rows}


def laid(
    conn: sa.Connection, connection_id: int, ids: Collection[str]
) -> dict[str, set[tuple[Any, ...]]]:
    """What is laid over each item: (field, line, value id, text, since)."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for row in select_ids(
        conn,
        board_overlay,
        ("work_item_id", "field", "board_item_id", "value_id", "text", "since"),
        connection_id,
        "work_item_id",
        ids,
        "AND known_to IS NULL",
    ):
        found.setdefault(row[0], set()).add(tuple(row[1:]))
    return found


def present(conn: sa.Connection, connection_id: int, board_id: str) -> frozenset[str]:
    """Ids of the lines of a board."""
    c = board_item.c
    return frozenset(
        conn.execute(
            sa.select(c.source_id).where(
                c.connection_id == connection_id, c.board_id == board_id, c.gone_at.is_(None)
            )
        ).scalars()
    )


def counts(
    conn: sa.Connection, connection_id: int, board_id: str, scopes: Collection[str]
) -> tuple[int, int, int]:
    """(drafts, hidden lines, issues of repositories that are not `scopes`) of a board."""
    c = board_item.c
    rows = conn.execute(
        sa.select(c.content, c.content_scope_id, sa.func.count())
        .where(c.connection_id == connection_id, c.board_id == board_id, c.gone_at.is_(None))
        .group_by(c.content, c.content_scope_id)
    ).all()
    drafts = sum(row[2] for row in rows if row[0] == BoardContent.DRAFT.value)
    hidden = sum(row[2] for row in rows if row[0] == BoardContent.HIDDEN.value)
    elsewhere = sum(
        row[2] for row in rows if row[0] == BoardContent.WORK_ITEM.value and row[1] not in scopes
    )
    return drafts, hidden, elsewhere


def of_others(
    conn: sa.Connection, connection_id: int, keys: Collection[str]
) -> dict[str, frozenset[str]]:
    """Boards with lines that are called by none of these keys (folded): id -> ids of its lines."""
    c, s = board_item.c, schema.scope.c
    rows = conn.execute(
        sa.select(c.board_id, c.source_id, s.key)
        .join(
            schema.scope,
            sa.and_(
                s.connection_id == c.connection_id, s.kind == "board", s.source_id == c.board_id
            ),
        )
        .where(c.connection_id == connection_id, c.gone_at.is_(None))
    )
    found: dict[str, set[str]] = {}
    for board_id, line_id, key in rows:
        if (key or "").casefold() not in keys:
            found.setdefault(board_id, set()).add(line_id)
    return {board_id: frozenset(ids) for board_id, ids in found.items()}


def watched_fields(
    conn: sa.Connection, connection_id: int, board_id: str, before: datetime
) -> frozenset[str]:
    """Fields of a board in which something was seen before an instant (UTC)."""
    c = board_value.c
    return frozenset(
        conn.execute(
            sa.select(c.field_id)
            .distinct()
            .where(c.connection_id == connection_id, c.board_id == board_id)
            .where(c.known_from < before, c.known_to.is_(None))
        ).scalars()
    )
