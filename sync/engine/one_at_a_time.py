"""Stays of an item that is in one milestone at a time, from events that may not say in which; pure.

GitHub's events name a title, which may have become another one since or that of another milestone;
GitLab's name nothing of what was deleted. What the two ends of a stay and the present say together
is more than one event says: of an item that was put somewhere last and is in milestone 3, it was 3.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Protocol

from sync.store.rows import NAMELESS, MembershipRow


class Move(Protocol):
    """An event: what it took the item out of, what it put it into, perhaps without a name."""

    @property
    def event_id(self) -> str:
        """Id of the event."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def old_ids(self) -> frozenset[str]:
        """What it was taken out of."""

    @property
    def new_ids(self) -> frozenset[str]:
        """What it was put into."""

    @property
    def takes(self) -> bool:
        """Whether it was taken out of something."""

    @property
    def gives(self) -> bool:
        """Whether it was put into something."""

    @property
    def is_guess(self) -> bool:
        """Whether its ids were concluded from a title."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One stay between two events."""

    #: None: in something that is no more and that nobody asks about.
    id: str | None
    #: None: it was there before the first event.
    begin: Move | None
    #: None: it goes on, or ended without an event.
    end: Move | None


def segments(
    moves: Sequence[Move],
    current: frozenset[str],
    known: Iterable[MembershipRow],
    *,
    whole: bool = True,
) -> list[Segment]:
    """The stays, oldest first; `moves` in order of time.

    `known`: rows held now. Who read an event while its title was unmistakable knows more than the
    event says today. `whole`: the moves lead to `current`; if not, some may have been read by
    nobody, and what the item is in now says nothing of the last one that was.
    """
    names = _names(known)
    found: list[Segment] = []
    begin: Move | None = None
    inside = _was_inside(moves)
    for move in _in_turn(moves, inside=inside):
        if inside and (move.takes or (move.gives and not _same(begin, move))):
            told = move if move.takes else None
            found.append(Segment(_named(begin, told, names), begin, move))
            inside = False
        if move.gives and not inside:
            begin, inside = move, True
        elif move.takes and not move.gives:
            begin = None
    if inside:
        named = _named(begin, None, names)
        here = next(iter(current)) if len(current) == 1 else None
        unsure = named is None or named == NAMELESS or (begin is not None and begin.is_guess)
        if here is not None and unsure:
            named = here if whole or named == here else _once(begin, names)
        found.append(Segment(named, begin, None))
    return found


def _was_inside(moves: Sequence[Move]) -> bool:
    """Whether it was in something before the first event."""
    first = [move for move in moves if move.at == moves[0].at]
    given = {id_ for move in first for id_ in move.new_ids}
    return any(move.takes and not move.old_ids & given for move in first) or (
        len(first) == 1 and first[0].takes
    )


def _in_turn(moves: Sequence[Move], *, inside: bool) -> Iterator[Move]:
    """Events of one instant in the order in which they make sense: out of one, then into one."""
    for _, group in groupby(moves, key=lambda move: move.at):
        mine = list(group)
        if len(mine) == 2 and mine[0].takes != mine[1].takes and mine[0].gives != mine[1].gives:
            mine.sort(key=lambda move: move.takes is not inside)
        for move in mine:
            inside = move.gives
            yield move


def _same(begin: Move | None, move: Move) -> bool:
    """Whether an event says again what the one before it said."""
    return begin is not None and begin.new_ids == move.new_ids and bool(move.new_ids)


def _names(known: Iterable[MembershipRow]) -> Mapping[str, str]:
    """What events were known to mean, by their ids."""
    found: dict[str, str] = {}
    for row in known:
        if row.milestone_id == NAMELESS:
            continue
        if row.cause == "event" and row.source_event_id is not None:
            found[row.source_event_id] = row.milestone_id
        if row.end_event_id is not None:
            found[row.end_event_id] = row.milestone_id
    return found


def _once(begin: Move | None, names: Mapping[str, str]) -> str:
    """What an event was known to mean, if it was."""
    return NAMELESS if begin is None else names.get(begin.event_id, NAMELESS)


def _named(begin: Move | None, end: Move | None, names: Mapping[str, str]) -> str | None:
    """Which milestone a stay was in: `end` took it out of it."""
    told: list[tuple[str, bool]] = []
    if end is not None and len(end.old_ids) == 1:
        told.append((next(iter(end.old_ids)), end.is_guess))
    if begin is not None and len(begin.new_ids) == 1:
        told.append((next(iter(begin.new_ids)), begin.is_guess))
    if len({id_ for id_, _ in told}) == 1:
        return told[0][0]
    sure = [id_ for id_, is_guess in told if not is_guess]
    if sure:
        return sure[0]
    for one in (begin, end):
        if one is not None and one.event_id in names:
            return names[one.event_id]
    both = [one for one in (begin, end) if one is not None]
    return NAMELESS if any(one.is_guess for one in both) else None
