"""What an item was at an instant, told from its events or undone from what it is now; pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from mappings.vocabulary import StatusCategory

T = TypeVar("T")
# Named tuples: of a million items, frozen dataclasses take several times as long to make.


class Change(NamedTuple, Generic[T]):
    """One event of one field: value before and after. Equal where these are, whoever told it."""

    at: datetime
    old: T
    new: T
    #: id of the event at its source, and account that made it, where they are known.
    event_id: str | None = None
    actor_id: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Change) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:3])


class Track(NamedTuple, Generic[T]):
    """A field over time: its changes in order of time, and the value held at the end."""

    changes: tuple[Change[T], ...]
    held: T
    ats: tuple[datetime, ...] = ()
    #: changes that do not begin where the one before ended: (value after that one, change).
    torn: tuple[tuple[T, Change[T]], ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Track) and self[:2] == other[:2]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:2])

    @staticmethod
    def of(changes: Iterable[Change[T]], held: T) -> "Track[T]":
        """Changes are put in order of time; those of one instant keep theirs.

        Of consecutive changes from the same to the same value the first stands: sources tell one
        change twice, and taken twice it could not be undone.
        """
        told = list(changes)
        if len(told) == 1:
            return _TRACK((tuple(told), held, (told[0].at,), ()))
        told.sort(key=_AT)
        ordered: list[Change[T]] = []
        torn: list[tuple[T, Change[T]]] = []
        last = None
        for change in told:
            if last is not None:
                is_same = last.old == change.old and last.new == change.new
                if is_same and change.old != change.new:
                    continue
                if last.new != change.old:
                    torn.append((last.new, change))
            ordered.append(change)
            last = change
        return Track(tuple(ordered), held, tuple(map(_AT, ordered)), tuple(torn))

    @property
    def sound(self) -> bool:
        """Whether told and undone are the same at every instant: no event is missing."""
        if not self.changes:
            return not self.torn
        return not self.torn and self.changes[-1].new == self.held

    def before(self, at: datetime) -> T:
        """The value told just before this instant."""
        count = bisect_left(self.ats, at)
        if count:
            return self.changes[count - 1].new
        return self.changes[0].old if self.changes else self.held

    def change_at(self, at: datetime) -> Change[T] | None:
        """The last change of this very instant, if any."""
        count = bisect_right(self.ats, at)
        return self.changes[count - 1] if count and self.ats[count - 1] == at else None

    def told(self, at: datetime) -> T:
        """The value at `at` as the events tell it, read forwards."""
        if not self.ats:
            return self.held
        count = bisect_right(self.ats, at)
        if count:
            return self.changes[count - 1].new
        return self.changes[0].old

    def undone(self, at: datetime) -> T:
        """The value at `at` found by undoing later events from the value held."""
        count = bisect_right(self.ats, at)
        return self.changes[count].old if count < len(self.changes) else self.held

    def since(self, at: datetime) -> datetime | None:
        """Since when the value told at `at` has been so; None: since before the first event."""
        count = bisect_right(self.ats, at)
        if not count:
            return None
        value = self.changes[count - 1].new
        for i in range(count - 1, -1, -1):
            change = self.changes[i]
            before = self.changes[i - 1].new if i else change.old
            if before != value:
                return change.at
        return None


_AT = attrgetter("at")
#: Made of a tuple as it is: a constructor takes three times as long.
_TRACK: Callable[[tuple[Any, ...]], Track[Any]] = partial(tuple.__new__, Track)


class Stay(NamedTuple):
    """One interval of an item in the container, from `start` up to but not with `end`.

    Equal where interval, cause and exactness are, whoever told it.
    """

    start: datetime
    #: None: still there.
    end: datetime | None = None
    #: why it ended: event, inferred, or the reason why the item is gone.
    end_cause: str | None = None
    #: False: it was there at `start`, and since when is not known.
    exact: bool = True
    #: ids of the events that began and ended it, and the accounts that made them, where known.
    event_id: str | None = None
    actor_id: str | None = None
    end_event_id: str | None = None
    end_actor_id: str | None = None
    #: of an end that no event tells: the last instant (UTC) at which it certainly held, and the
    #: reading (UTC) that no longer found it.
    held_until: datetime | None = None
    gone_by: datetime | None = None
    #: of a begin that a reading dates: the last instant (UTC) at which it had certainly not begun.
    absent_until: datetime | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stay) and self[:4] == other[:4]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:4])

    def is_vague(self, at: datetime) -> bool:
        """Whether it ended unseen, and perhaps before this instant, perhaps after it."""
        if self.held_until is None or self.gone_by is None:
            return False
        return self.held_until < at < self.gone_by

    def holds(self, at: datetime) -> bool:
        """Whether the item is in at this instant."""
        return self.start <= at and (self.end is None or at < self.end)


class ItemHistory:
    """All that decides an item's place in the scope of one container; nothing of it changes."""

    __slots__ = ("category", "id", "parent", "points", "stays", "still", "whole")

    id: str
    stays: tuple[Stay, ...]
    points: Track[float | None]
    category: Track[StatusCategory]
    parent: Track[str | None]
    #: False: a part of its events could not be read, so what was before the first one is unknown.
    whole: bool
    #: where it has stood since it last moved; None: only its tracks tell that.
    still: "Still | None"

    def __init__(
        self,
        id: str,
        stays: tuple[Stay, ...],
        points: Track[float | None],
        category: Track[StatusCategory],
        parent: Track[str | None],
        whole: bool = True,
    ) -> None:
        """An item whose tracks are there already."""
        self.id, self.stays, self.whole, self.still = id, stays, whole, None
        self.points, self.category, self.parent = points, category, parent

    def _replace(self, **changes: Any) -> "ItemHistory":
        """The same with other values of these fields, as of a named tuple."""
        return ItemHistory(**{name: getattr(self, name) for name in _FIELDS} | changes)

    def _key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in _FIELDS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemHistory) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"ItemHistory{self._key()!r}"

    def rests(self, at: datetime) -> bool:
        """Whether its place is certainly the same from this instant (UTC) on."""
        return self.still is not None and self.still.moved <= at

    @property
    def unknown_before(self) -> datetime | None:
        """Before this instant (UTC) its place is not known; None: it always is."""
        unsure = [stay.start for stay in self.stays if not stay.exact]
        if not unsure and self.whole:
            return None
        if not self.whole:
            seen = [*self.points.ats[:1], *self.category.ats[:1], *self.parent.ats[:1]]
            unsure.append(min([*seen, *(stay.start for stay in self.stays)]))
        return max(unsure, default=None)

    def is_torn(self, after: datetime, until: datetime, *, sized: bool) -> bool:
        """Whether an event is missing between two others, the later of them in this time.

        The lines of the ledger would name the wrong changes, even where their sum is right.
        `sized`: the estimate counts as well.
        """
        if not (self.points.torn or self.parent.torn or self.category.torn):
            return False
        if not any(s.start <= until and (s.end is None or s.end > after) for s in self.stays):
            return False
        found = [change.at for _, change in self.points.torn if sized]
        found += [change.at for _, change in self.parent.torn]
        for before, change in self.category.torn:
            if _WEIGHTS[before] is not _WEIGHTS[change.old]:
                found.append(change.at)
        return any(after < at <= until for at in found)

    def stay_at(self, at: datetime) -> Stay | None:
        """The interval that holds it at this instant, if any."""
        for stay in self.stays:
            if stay.start <= at and (stay.end is None or at < stay.end):
                return stay
        return None

    def instants(self) -> set[datetime]:
        """Every instant at which its place may change; work that only goes on changes none."""
        found = {*self.points.ats, *self.parent.ats}
        for change in self.category.changes:
            if _WEIGHTS[change.old] is not _WEIGHTS[change.new]:
                found.add(change.at)
        for stay in self.stays:
            found.add(stay.start)
            if stay.end is not None:
                found.add(stay.end)
        return found


_Item = TypeVar("_Item", bound=ItemHistory)


def moving(items: Iterable[_Item], at: datetime) -> list[_Item]:
    """Those that do not certainly rest from this instant (UTC) on."""
    return [one for one in items if (rest := one.still) is None or rest.moved > at]


_FIELDS = ("id", "stays", "points", "category", "parent", "whole")


#: What a status means for the scope: done, cancelled, or neither (None).
_WEIGHTS = {
    one: one if one in (StatusCategory.DONE, StatusCategory.CANCELLED) else None
    for one in StatusCategory
}


class Place(NamedTuple):
    """Where one item stands at one instant, apart from whether it is a leaf."""

    member: bool
    parent: str | None
    cancelled: bool
    #: done since before the baseline: not part of the plan's open work.
    done_before: bool
    done: bool
    #: size in points, frozen at completion; None: not estimated.
    points: float | None


_PLACE: Callable[[tuple[Any, ...]], Place] = partial(tuple.__new__, Place)


class Still(NamedTuple):
    """Where an item has stood since it last moved: the same told forwards and undone backwards."""

    #: its place in the container is the same from this instant (UTC) on.
    moved: datetime
    #: since when it has been done; None: it is not, or always was.
    done_since: datetime | None
    #: for a plan that was made before it was done.
    place: Place
    #: when its status last changed, and what it has meant since; None: it never did; only its
    #: track tells.
    worked: datetime | None
    category: StatusCategory | None

    def of_plan(self, since: datetime) -> Place:
        """Its place for a plan made at `since`."""
        if self.place.done and (self.done_since is None or self.done_since <= since):
            return _done_before(self.place)
        return self.place


@lru_cache(maxsize=1024)
def _done_before(one: Place) -> Place:
    return one._replace(done_before=True)


#: An item that is not there.
ABSENT = Place(
    member=False, parent=None, cancelled=False, done_before=False, done=False, points=None
)


def place(item: ItemHistory, at: datetime, since: datetime, *, undone: bool = False) -> Place:
    """Where the item stands at `at`, for a plan made at `since`.

    `undone`: judged backwards from what is held now, to check what the events tell.
    """
    still = item.still
    if still is not None and still.moved <= at:
        return still.of_plan(since)
    sizes, categories, parents = item.points, item.category, item.parent
    # Whatever has all its events is the same told forwards, which is faster.
    if undone and sizes.sound and categories.sound and parents.sound:
        undone = False
    category, parent, points = categories.held, parents.held, sizes.held
    if categories.ats:
        category = categories.undone(at) if undone else categories.told(at)
    if parents.ats:
        parent = parents.undone(at) if undone else parents.told(at)
    done = category is StatusCategory.DONE
    done_since = categories.since(at) if done else None
    if sizes.ats:
        # Work done is sized as it was when it was done; later edits are not scope.
        measured = done_since or at
        points = sizes.undone(measured) if undone else sizes.told(measured)
    member = False
    for stay in item.stays:
        if stay.start <= at and (stay.end is None or at < stay.end):
            member = True
            break
    return _PLACE(
        (
            member,
            parent,
            category is StatusCategory.CANCELLED,
            done and (done_since is None or done_since <= since),
            done,
            points,
        )
    )


def parents_within(places: Iterable[tuple[str, Place]]) -> dict[str, int]:
    """How many other members of the container name each id as their parent."""
    counts: dict[str, int] = {}
    for id_, one in places:
        parent = one.parent
        if parent is not None and one.member and parent != id_:
            counts[parent] = counts.get(parent, 0) + 1
    return counts


def in_scope(
    items: Iterable[ItemHistory], at: datetime, since: datetime, *, undone: bool = False
) -> dict[str, Place]:
    """Leaf items in the container at `at`, without cancelled ones and those done before `since`."""
    return leaves_in_scope({item.id: place(item, at, since, undone=undone) for item in items})


def leaves_in_scope(places: Mapping[str, Place]) -> dict[str, Place]:
    """The same of items that stand in these places."""
    counts = parents_within(places.items())
    return {
        id_: one
        for id_, one in places.items()
        if one.member and not one.cancelled and not one.done_before and id_ not in counts
    }


def counted(one: Place, *, is_leaf: bool) -> bool:
    """Whether an item in this place is part of the scope."""
    return one.member and is_leaf and not one.cancelled and not one.done_before
