"""Teams as nodes, and what goes between them: waiting, hand-offs, shared milestones; pure.

Of a team of fewer than three people no number is told, nor one between it and another: a node
stands there with its name alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sync.flow.measures import handoffs
from sync.flow.people import Person, may_be_told
from sync.flow.spread import Spread, spread

#: (connection id, item id).
Item = tuple[int, str]


@dataclass(frozen=True, slots=True)
class TeamItem:
    """An item as the map sees it."""

    id: Item
    #: teams that it belonged to, in order of time, the last one now; None: nothing told a team.
    teams: tuple[str | None, ...]
    #: who works on it; None: nobody is named.
    person: Person | None
    is_open: bool
    is_started: bool

    @property
    def team(self) -> str | None:
        """Its team now."""
        return self.teams[-1] if self.teams else None


@dataclass(frozen=True, slots=True)
class Blocking:
    """An open item that another open one waits for."""

    blocker: Item
    blocked: Item
    #: working days since we know of it, at least; None: nothing tells since when.
    days: float | None


@dataclass(frozen=True, slots=True)
class Team:
    """A node; None: not told, for there are fewer than three people in it."""

    name: str
    open_items: int | None
    started: int | None
    #: its open items on the map that wait for another team, and those of others that wait for it.
    waiting: int | None
    holding_up: int | None
    #: how often its items changed their team until they came to it.
    handoffs: Spread | None

    @property
    def hidden(self) -> bool:
        """Whether its numbers are held back."""
        return self.open_items is None


@dataclass(frozen=True, slots=True)
class Between:
    """What one team waits for from another, or hands to it."""

    first: str
    second: str
    #: None: held back.
    number: int | None
    #: of waiting: working days since we know of it.
    days: Spread | None = None


@dataclass(frozen=True, slots=True)
class Spreading:
    """How many teams have open items in a milestone."""

    milestone: str
    teams: tuple[str, ...]
    #: open items of which nothing tells the team.
    without_team: int


@dataclass(frozen=True, slots=True)
class TeamMap:
    """The whole map; everything in a fixed order."""

    teams: tuple[Team, ...]
    #: `first` holds `second` up.
    blocking: tuple[Between, ...]
    #: items that went from `first` to `second`.
    handed: tuple[Between, ...]
    spreads: tuple[Spreading, ...]
    #: open items of which nothing tells the team.
    without_team: int


def team_map(
    items: Iterable[TeamItem],
    blockings: Iterable[Blocking],
    milestones: Mapping[str, Iterable[Item]],
) -> TeamMap:
    """The map of these items.

    `blockings` between open items; `milestones`: ids of the open items in each, by its name.
    """
    held = {one.id: one for one in items}
    by_team: dict[str, list[TeamItem]] = {}
    for one in held.values():
        if one.team is not None:
            by_team.setdefault(one.team, []).append(one)
    told = {name for name, mine in by_team.items() if may_be_told(one.person for one in mine)}
    across = _across(held, blockings)
    waiting = Counter(held[one.blocked].team for one in _once(across, "blocked"))
    holding = Counter(held[one.blocker].team for one in _once(across, "blocker"))
    return TeamMap(
        teams=tuple(
            _team(name, mine, waiting[name], holding[name], told=name in told)
            for name, mine in sorted(by_team.items())
        ),
        blocking=_blocking(held, across, told),
        handed=_handed(held.values(), told),
        spreads=tuple(
            _spread(name, [held[id_] for id_ in ids if id_ in held])
            for name, ids in milestones.items()
        ),
        without_team=sum(one.is_open and one.team is None for one in held.values()),
    )


def _across(held: Mapping[Item, TeamItem], blockings: Iterable[Blocking]) -> list[Blocking]:
    """Those between two teams, in a fixed order."""
    found = []
    for one in blockings:
        ends = (held.get(one.blocker), held.get(one.blocked))
        teams = [None if end is None else end.team for end in ends]
        if None not in teams and teams[0] != teams[1]:
            found.append(one)
    return sorted(found, key=lambda one: (one.blocker, one.blocked))


def _once(across: Iterable[Blocking], end: str) -> Iterable[Blocking]:
    """One for each item at this end."""
    return {getattr(one, end): one for one in across}.values()


def _team(name: str, mine: Sequence[TeamItem], waiting: int, holding: int, *, told: bool) -> Team:
    if not told:
        return Team(name, None, None, None, None, None)
    return Team(
        name,
        sum(one.is_open for one in mine),
        sum(one.is_started for one in mine),
        waiting,
        holding,
        spread(float(handoffs(one.teams)) for one in mine),
    )


def _blocking(
    held: Mapping[Item, TeamItem], across: Iterable[Blocking], told: Iterable[str]
) -> tuple[Between, ...]:
    pairs: dict[tuple[str, str], list[float | None]] = {}
    for one in across:
        first, second = held[one.blocker].team, held[one.blocked].team
        pairs.setdefault((str(first), str(second)), []).append(one.days)
    shown = set(told)
    return tuple(
        Between(first, second, len(days), spread(one for one in days if one is not None))
        if {first, second} <= shown
        else Between(first, second, None)
        for (first, second), days in sorted(pairs.items())
    )


def _handed(items: Iterable[TeamItem], told: Iterable[str]) -> tuple[Between, ...]:
    pairs: Counter[tuple[str, str]] = Counter()
    for one in items:
        named = [team for team in one.teams if team is not None]
        pairs.update((before, after) for before, after in pairwise(named) if before != after)
    shown = set(told)
    return tuple(
        Between(first, second, number if {first, second} <= shown else None)
        for (first, second), number in sorted(pairs.items())
    )


def _spread(name: str, items: Sequence[TeamItem]) -> Spreading:
    here = [one for one in items if one.is_open]
    teams = {one.team for one in here if one.team is not None}
    return Spreading(name, tuple(sorted(teams)), sum(one.team is None for one in here))
