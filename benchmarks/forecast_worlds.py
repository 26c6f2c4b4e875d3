"""Made-up teams of which it is known how they work: milestones from known generators; seeded.

Each team works on one milestone after the other. What differs between the worlds is how it works
and what comes on top; promised dates are set by somebody who knows the team's mean pace and hopes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zlib import crc32

import numpy as np

from mappings.vocabulary import (
    HistoryState,
    ItemType,
    MilestoneKind,
    MilestoneState,
    Priority,
    StatusCategory,
)
from sync.forecast.replay import Subject, subject
from sync.ledger.load import Container, ItemFacts
from sync.ledger.milestones import MilestoneFacts, Observed
from sync.ledger.timeline import Change, ItemHistory, Stay, Track
from sync.ledger.working_days import WorkCalendar

#: A Monday.
BEGIN = date(2020, 1, 6)
#: After the end of every life.
END = datetime(2040, 1, 1, tzinfo=UTC)
CALENDAR = WorkCalendar()
#: Weeks between the begins of two milestones of a team.
STAGGER = 3
#: Weekly work of a steady team is a negative binomial with this k (over-dispersed).
DISPERSION = 3.0
#: Nobody goes on for longer.
LONGEST = 520


@dataclass(slots=True)
class Life:
    """One milestone while it is made up: days after its begin."""

    rng: np.random.Generator
    #: items a week that the team does on average.
    pace: float
    planned: int
    #: weeks that somebody expects.
    expected: float
    #: the first so many items are epics that nobody has broken down.
    epics: int = 0
    open: list[int] = field(default_factory=list)
    #: by number: entered, done, parent.
    entered: list[float] = field(default_factory=list)
    done: dict[int, float] = field(default_factory=dict)
    parent: dict[int, int] = field(default_factory=dict)

    def enter(self, at: float, parent: int | None = None) -> int:
        """One more item; its number."""
        number = len(self.entered)
        self.entered.append(at)
        self.open.append(number)
        if parent is not None:
            self.parent[number] = parent
        return number


#: What a world does at the end of a day with so many items done; may add items.
Grow = Callable[[Life, float, int], None]
#: How fast a team is on a day, of its mean pace.
Pace = Callable[[Life, float], float]


@dataclass(frozen=True, slots=True)
class World:
    """A way to work, in words and as functions."""

    name: str
    words: str
    pace: Pace
    grow: Grow
    #: part of the planned items that are epics, of which nothing is broken down yet.
    epics: float = 0.0


def _steady(life: Life, day: float) -> float:
    return 1.0


def _stop_and_go(life: Life, day: float) -> float:
    return 1.8 if int(day // 21) % 2 == 0 else 0.2


def _team_change(life: Life, day: float) -> float:
    return 1.0 if day < life.expected * 7 * 0.5 else 0.5


def _nothing(life: Life, day: float, done: int) -> None:
    pass


def _growing(life: Life, day: float, done: int) -> None:
    """0.4 items for each one done, fading as the end comes near."""
    left = min(1.0, 1.2 * len(life.open) / life.planned)
    for _ in range(int(life.rng.poisson(0.4 * left * done))):
        life.enter(day + 0.01)


def _steady_arrivals(life: Life, day: float, done: int) -> None:
    """New work at 30 % of the team's pace until 80 % of the planned time."""
    if day < life.expected * 7 * 0.8 and day % 7 < 5:
        for _ in range(int(life.rng.poisson(0.3 * life.pace / 5))):
            life.enter(day + 0.01)


def _broken_down(life: Life, day: float, done: int) -> None:
    """An epic is broken down when its turn comes, into three to six items."""
    epics = life.epics
    begun = set(life.parent.values())
    plain = [one for one in life.open if one >= epics]
    waiting = [one for one in range(epics) if one in life.open and one not in begun]
    if len(plain) < life.pace and waiting:
        epic = waiting[0]
        for _ in range(int(life.rng.integers(3, 7))):
            life.enter(day + 0.01, epic)


WORLDS = (
    World("steady", "one pace, nothing comes on top", _steady, _nothing),
    World("growing", "0.4 items arrive for each one done, fading", _steady, _growing),
    World("steady arrivals", "work arrives until 80 % of the plan", _steady, _steady_arrivals),
    World("stop and go", "three weeks fast, three weeks nearly nothing", _stop_and_go, _nothing),
    World("team change", "half the pace from the middle of the plan", _team_change, _nothing),
    World(
        "half broken down",
        "half of the epics count as one item until they become three to six",
        _steady,
        _broken_down,
        # Of eleven items two are epics, where those of the other half have four or five each.
        epics=2 / 11,
    ),
    World(
        "hardly broken down",
        "of what is planned every second item is such an epic",
        _steady,
        _broken_down,
        epics=0.5,
    ),
)


def team(world: World, milestones: int, seed: int) -> list[Subject]:
    """All milestones of one team; the same seed makes the same lives."""
    found = []
    for number in range(milestones):
        rng = np.random.default_rng((seed, crc32(world.name.encode()), number))
        begin = BEGIN + timedelta(weeks=STAGGER * number)
        life, promised = _lived(world, rng)
        facts, container = _told(world, number, life, begin, promised)
        made = subject(facts, container, CALENDAR, END)
        assert made is not None
        found.append(made)
    return found


def _lived(world: World, rng: np.random.Generator) -> tuple[Life, int]:
    """One life, and how many days after its begin it was promised."""
    planned = int(rng.integers(12, 71))
    pace = float(rng.gamma(16, 4.0 / 16))
    epics = int(planned * world.epics)
    life = Life(rng, pace, planned, planned / pace, epics)
    for _ in range(planned):
        life.enter(0.0)
    promised = max(7, round(life.expected * 7 * float(rng.uniform(0.8, 1.8))))
    busy = 1.0
    for day in range(LONGEST * 7):
        if day % 7 == 0:
            busy = float(rng.gamma(DISPERSION, 1 / DISPERSION))
        if day % 7 >= 5:
            continue
        done = 0
        wanted = int(rng.poisson(life.pace / 5 * busy * world.pace(life, float(day))))
        for _ in range(wanted):
            # An epic that is not broken down yet, or not done, is nobody's work.
            ready = [one for one in life.open if one >= epics]
            if not ready:
                break
            life.done[ready[0]] = day + 0.4
            life.open.remove(ready[0])
            done += 1
        for epic in [one for one in life.open if one < epics]:
            below = [one for one, parent in life.parent.items() if parent == epic]
            if below and all(one in life.done for one in below):
                life.done[epic] = day + 0.45
                life.open.remove(epic)
        world.grow(life, float(day) + 0.5, done)
        if not life.open:
            break
    return life, promised


def _told(
    world: World, number: int, life: Life, begin: date, promised: int
) -> tuple[MilestoneFacts, Container]:
    """The life as the store would tell it."""
    due = begin + timedelta(days=promised)
    start = CALENDAR.start_of(begin)
    facts = MilestoneFacts(
        connection_id=1,
        connection="made-up",
        kind=MilestoneKind.MILESTONE,
        source_id=f"{world.name}-{number}",
        name=f"{world.name} {number}",
        state=MilestoneState.ACTIVE,
        scope_id=world.name,
        project_key=None,
        start_date=begin,
        due_date=due,
        started_at=None,
        finished_at=None,
        url=None,
        first_seen_at=start,
        observed=tuple(
            Observed(name, None, day.isoformat(), True, None, start)
            for name, day in (("start_date", begin), ("due_date", due))
        ),
    )
    histories = {one.id: one for one in _histories(life, start)}
    named = {one.id: _item(one) for one in histories.values()}
    return facts, Container(facts, named, histories)


def _histories(life: Life, start: datetime) -> Iterator[ItemHistory]:
    todo, done = StatusCategory.TODO, StatusCategory.DONE
    for number, entered in enumerate(life.entered):
        at = life.done.get(number)
        ended = () if at is None else (Change(start + timedelta(days=at), todo, done),)
        parent = life.parent.get(number)
        yield ItemHistory(
            f"{number:04}",
            (Stay(start + timedelta(days=entered)),),
            Track.of((), None),
            Track.of(ended, todo if at is None else done),
            Track.of((), None if parent is None else f"{parent:04}"),
        )


def _item(one: ItemHistory) -> ItemFacts:
    return ItemFacts(
        connection_id=1,
        id=one.id,
        key=one.id,
        title=one.id,
        scope_id="made-up",
        item_type=ItemType.TASK,
        priority=Priority.MEDIUM,
        parent_id=one.parent.held,
        assignee_id=None,
        restricted=False,
        url=None,
        created_at=one.stays[0].start,
        history_state=HistoryState.COMPLETE,
        history_reason=None,
    )
