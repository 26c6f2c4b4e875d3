"""What the row and the events of one item tell of it over time; pure.

Most items of a container stand still: what they hold is what their row says, and `still` finds that
out without a track of each of their fields. Tracks are made of those that somebody looks closer at.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from mappings.vocabulary import EventField, HistoryState, ItemType, StatusCategory
from sync.ledger.timeline import Change, ItemHistory, Place, Stay, Still, Track
from sync.store.read import event_order
from sync.store.types import read_instant

_T = TypeVar("_T")
#: Members by value: calling an enumeration for each of a million rows takes its time.
_CATEGORIES = {one.value: one for one in StatusCategory}
_ITEM_TYPES = {one.value: one for one in ItemType}
_COMPLETE = HistoryState.COMPLETE.value
#: Work that is neither over nor called off.
_GOING_ON = frozenset({StatusCategory.TODO, StatusCategory.IN_PROGRESS, StatusCategory.IN_REVIEW})
# Plain texts, as a query gives them.
_STATUS, _POINTS, _PARENT = (
    one.value for one in (EventField.STATUS, EventField.POINTS, EventField.PARENT)
)
#: Before the name of a parent of which no id is told.
_NAMED = "named:"


class Row(NamedTuple):
    """An item as it was read, as far as a ledger asks: values as a query gives them."""

    source_id: str
    key: str
    title: str
    scope_id: str
    item_type: str
    priority: str
    parent_id: str | None
    assignee_id: str | None
    restricted: bool | int
    url: str | None
    #: `read_instant` reads it.
    created_at: datetime | str | None
    history_state: str
    history_reason: str | None
    status_category: str
    raw_status_id: str | None
    estimate_points: float | None
    estimate_field: str | None

    @property
    def category(self) -> StatusCategory:
        """What its status means."""
        return _CATEGORIES[self.status_category]

    @property
    def type(self) -> ItemType:
        """What it is."""
        return _ITEM_TYPES[self.item_type]


#: The same without names: most of a million rows are asked for a few values only.
PlainRow: TypeAlias = tuple[Any, ...]
#: Names the values of a plain row; a constructor takes three times as long.
ROW: Callable[[PlainRow], Row] = partial(tuple.__new__, Row)
_PARENT_ID, _HISTORY, _CATEGORY, _STATUS_ID, _SIZE, _SIZE_FIELD = map(
    Row._fields.index,
    (
        "parent_id",
        "history_state",
        "status_category",
        "raw_status_id",
        "estimate_points",
        "estimate_field",
    ),
)

#: One event as a query gives it: id of its item, its own, field, name of the field at the source
#: (of sizes), instant (in a form whose order is that of time, and which `read_instant` reads),
#: account, ids and texts (of sizes and parents) before and after. Most of a million are only
#: compared, and put together to nothing else.
EventRow: TypeAlias = tuple[
    str,
    str,
    str,
    str | None,
    Any,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
]


class Names:
    """What the ids of one connection mean."""

    def __init__(self, statuses: Mapping[str, StatusCategory], fields: Mapping[str, str]) -> None:
        """`fields`: names of fields."""
        self.statuses, self.fields = statuses, fields
        #: statuses in which work is neither over nor called off.
        self.going_on = frozenset(id_ for id_, one in statuses.items() if one in _GOING_ON)
        self._sized: dict[tuple[str | None, str], bool] = {}

    def is_size(self, id_: str | None, told: str) -> bool:
        """Whether events of the field `told` tell sizes of items whose points field is `id_`."""
        known = self._sized.get((id_, told))
        if known is None:
            wanted = _estimate_field(id_, self.fields.get(id_ or ""), (told,) if id_ else ())
            known = self._sized[id_, told] = wanted in ("", told, told.casefold())
        return known


class Told(ItemHistory):
    """An item as a store tells of it: each of its tracks is made when somebody asks for it."""

    __slots__ = ("events", "names", "row")

    def __init__(
        self, row: PlainRow, events: Sequence[EventRow], names: Names, stays: tuple[Stay, ...]
    ) -> None:
        """`row` with the values of a `Row`, `events` in any order."""
        self.id, self.stays, self.whole = row[0], stays, row[_HISTORY] == _COMPLETE
        self.row, self.events, self.names = row, events, names
        self.still = still(self) if stays else None

    def __getattr__(self, name: str) -> Any:
        """Called for a track that is not there yet: one look at the events makes all three."""
        if name not in _TRACKS:
            raise AttributeError(name)
        row = ROW(self.row)
        told: dict[str, list[EventRow]] = {}
        for one in self.events:
            told.setdefault(one[2], []).append(one)
        mine = told.get(_POINTS)
        self.points = (
            _points_track(row, _in_order(mine), self.names.fields)
            if mine
            else _unchanged(row.estimate_points)
        )
        mine = told.get(_STATUS)
        self.category = (
            _category_track(row, _in_order(mine), self.names.statuses)
            if mine
            else _unchanged(row.category)
        )
        mine = told.get(_PARENT)
        self.parent = _parent_track(row, _in_order(mine)) if mine else _unchanged(row.parent_id)
        return getattr(self, name)


def _in_order(events: list[EventRow]) -> list[EventRow]:
    """By time, those of one instant as the source numbers them."""
    if len(events) > 1:
        events.sort(key=_AT)
        if len(set(map(_AT, events))) < len(events):
            events.sort(key=lambda event: (event[4], event_order(event[1])))
    return events


_TRACKS = frozenset({"points", "category", "parent"})
_AT = itemgetter(4)
#: Made of a tuple as it is: a constructor takes three times as long.
_CHANGE: Callable[[tuple[Any, ...]], Change[Any]] = partial(tuple.__new__, Change)
_STILL: Callable[[tuple[Any, ...]], Still] = partial(tuple.__new__, Still)


def still(told: Told) -> Still | None:
    """Where an item has stood since it last moved; None: only its tracks tell that for certain.

    It is certain where all events were read, and the last one of each field leads to what the row
    holds: then the place is the same told forwards and undone backwards.
    """
    if not told.whole:
        return None
    row, names, stays = told.row, told.names, told.stays
    going = names.going_on
    member, moved = False, stays[0].start
    for stay in stays:
        if not stay.exact or stay.gone_by is not None:
            return None
        last = stay.end
        if last is None:
            member, last = True, stay.start
        if last > moved:
            moved = last
    category, points, going_on = _CATEGORIES[row[_CATEGORY]], row[_SIZE], True
    worked = size_at = member_at = raw = status = size = None
    for _, _, name, raw_field, at, _, old, new, _, text in told.events:
        if name == _STATUS:
            if old not in going or new not in going:
                going_on = False
            if worked is None or at > worked:
                worked, status = at, new
        elif name == _POINTS:
            if size_at is None:
                raw = raw_field
            elif at == size_at or raw_field != raw:
                return None
            if size_at is None or at > size_at:
                size_at, size = at, text
        elif name == _PARENT:
            return None
        elif member_at is None or at > member_at:
            # Of a membership; its stays should tell the same.
            member_at = at
    last_at = member_at
    if size_at is not None:
        if number(size) != points or not names.is_size(row[_SIZE_FIELD], raw or ""):
            return None
        if last_at is None or size_at > last_at:
            last_at = size_at
    is_done = False
    if not going_on or category not in _GOING_ON:
        # Work that only goes on changes no place; what is over or called off has to be told so.
        if category is StatusCategory.UNKNOWN or not _leads(told, category):
            return None
        if worked is not None and (last_at is None or worked > last_at):
            last_at = worked
        is_done = category is StatusCategory.DONE
        if is_done and worked is not None and size_at is not None and size_at > worked:
            return None
    where = _place(member, category, points)
    if row[_PARENT_ID] is not None:
        where = where._replace(parent=row[_PARENT_ID])
    is_told = worked is None or status == row[_STATUS_ID]
    if last_at is not None:
        last = read_instant(last_at)
        if last > moved:
            moved = last
    since = None if worked is None else read_instant(worked)
    return _STILL((moved, since if is_done else None, where, since, category if is_told else None))


def _leads(told: Told, category: StatusCategory) -> bool:
    """Whether the last event of its status led to this category, and not from it to the same."""
    mine = [one for one in told.events if one[2] == _STATUS]
    if not mine:
        return True
    mine.sort(key=_AT)
    if any(one[4] == other[4] for one, other in pairwise(mine)):
        return False
    prior = mine[-2][7] if len(mine) > 1 else mine[-1][6]
    return bool(mine[-1][7] == told.row[_STATUS_ID]) and (
        category is not StatusCategory.DONE
        or told.names.statuses.get(prior or "") is not StatusCategory.DONE
    )


@lru_cache(maxsize=1024)
def _place(member: bool, category: StatusCategory, points: float | None) -> Place:
    """A place that many items share: those without a parent, and not done before the plan."""
    return Place(
        member,
        None,
        cancelled=category is StatusCategory.CANCELLED,
        done_before=False,
        done=category is StatusCategory.DONE,
        points=points,
    )


# Typed, as a status and a parent may be the same text.
@lru_cache(maxsize=4096, typed=True)
def _unchanged(held: _T) -> Track[_T]:
    """A field without a change; most items share theirs with others."""
    return Track((), held)


def _category_track(
    row: Row, mine: Sequence[EventRow], statuses: Mapping[str, StatusCategory]
) -> Track[StatusCategory]:
    unknown = StatusCategory.UNKNOWN
    changes: list[Change[StatusCategory]] = [
        _CHANGE(
            (
                read_instant(at),
                statuses.get(old or "", unknown),
                statuses.get(new or "", unknown),
                id_,
                actor,
            )
        )
        for _, id_, _, _, at, actor, old, new, _, _ in mine
    ]
    held = row.category
    if mine[-1][7] == row.raw_status_id and changes[-1].new is not held:
        # The item's own category knows its resolution and type, which a status id alone does not.
        changes[-1] = changes[-1]._replace(new=held)
    return Track.of(changes, held)


def _points_track(
    row: Row, mine: Sequence[EventRow], names: Mapping[str, str]
) -> Track[float | None]:
    own = names.get(row.estimate_field or "")
    told = _estimate_fields(
        row.estimate_field, own, frozenset([one[3] for one in mine]), mine[-1][3]
    )
    return Track.of(
        [
            _CHANGE((read_instant(at), number(old), number(new), id_, actor))
            for _, id_, _, raw, at, actor, _, _, old, new in mine
            if raw in told
        ],
        row.estimate_points,
    )


@lru_cache(maxsize=256)
def _estimate_fields(
    id_: str | None, name: str | None, told: frozenset[str], last: str
) -> frozenset[str]:
    """Those of the fields `told` that tell an item's size; of one without any, what `last` is."""
    wanted = _estimate_field(id_, name, tuple(told) if id_ else ()) or last.casefold()
    return frozenset(one for one in told if one == wanted or one.casefold() == wanted)


@lru_cache(maxsize=256)
def _estimate_field(id_: str | None, name: str | None, told: tuple[str, ...]) -> str:
    """The estimate field whose events tell an item's size, in small letters.

    `id_` and `name` are of the field that holds its size (None: it has none, and the answer is
    empty), `told` those that events are of.
    """
    if id_ is None:
        return ""
    small = {one.casefold() for one in told}
    for one in (name or "", id_):
        if one.casefold() in small:
            return one.casefold()
    return (id_ if name is None else name).casefold()


def _parent_track(row: Row, mine: Sequence[EventRow]) -> Track[str | None]:
    # One act may tell the same change under two field names, once as a removal: the parent wins.
    by_instant: dict[datetime, Change[str | None]] = {}
    for _, id_, _, _, told_at, actor, old_id, new_id, old_name, new_name in mine:
        at = read_instant(told_at)
        known_one = by_instant.get(at)
        old, new = _parent(old_id, old_name), _parent(new_id, new_name)
        if known_one is not None:
            old, new = _better(known_one.old, old), _better(new, known_one.new)
        by_instant[at] = Change(at, old, new, id_, actor)
    last = max(by_instant)
    if row.parent_id is not None and _is_named(by_instant[last].new):
        # Whoever was named last is who it is now.
        by_instant[last] = by_instant[last]._replace(new=row.parent_id)
    return Track.of(by_instant.values(), row.parent_id)


def _parent(id_: str | None, name: str | None) -> str | None:
    """Id of a parent; a word that is nobody's id where the vendor gives a name alone (GitHub)."""
    return id_ or (f"{_NAMED}{name}" if name else None)


def _better(one: str | None, other: str | None) -> str | None:
    """An id rather than a name, and a name rather than nothing."""
    return (other or one) if one is None or _is_named(one) else one


def _is_named(parent: str | None) -> bool:
    return parent is not None and parent.startswith(_NAMED)


def tells_parents(track: Track[str | None], since: datetime) -> bool:
    """Whether all parents from this instant on are known by their ids."""
    return not any(
        one.at > since and (_is_named(one.old) or _is_named(one.new)) for one in track.changes
    )


@lru_cache(maxsize=1024)
def number(text: str | None) -> float | None:
    """What an event says of a size; None: nothing, or no number."""
    if text is None or not text.strip():
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
