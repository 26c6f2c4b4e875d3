"""Rows of a large company's store: items, their events and memberships, milestones and changes.

Everything follows from the size and the seed, and the rows agree with each other: what an item is
now is what its events made of it, so that every ledger balances.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

#: The present, five years after the first item; and when the store was filled for the first time.
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAYS = 5 * 365
START = NOW - timedelta(days=DAYS)
INSTALLED = 4 * 365
#: The past that is asked for: later than the baseline of every open milestone.
AS_OF = NOW - timedelta(days=10)
#: Field events of an item, in turn: five in the middle.
COUNTS = (3, 4, 5, 6, 7)
#: Different lives of items with so many events, in a large store.
LIVES = 1_000
#: Share of the items, the newest, that is in open milestones; and how many each holds.
OPEN_SHARE, IN_MILESTONE = 0.25, 500
JIRA, GITHUB = 1, 2

_DAY = 86_400
_END = DAYS * _DAY
_DAYS = [(START + timedelta(days=n)).strftime("%Y-%m-%d ") for n in range(DAYS + 400)]
_CLOCK = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.000000" for s in range(_DAY)]
#: What a day of `START` lacks to midnight.
_OFFSET = START.hour * 3600

#: id, name, category of each status.
STATUSES = (
    ("1", "To do", "todo"),
    ("2", "In progress", "in_progress"),
    ("3", "In review", "in_review"),
    ("4", "Done", "done"),
    ("5", "Won't do", "cancelled"),
)
POINTS = "customfield_10016"
#: Which streams are certified, by scope kind.
STREAMS = {
    "project": ("issues", "changelogs", "versions"),
    "board": ("sprints",),
    "repository": ("changes", "change_details"),
}

Rows = Iterator[tuple[Any, ...]]


def stamp(second: int) -> str:
    """An instant as SQLite keeps it; seconds since `START`."""
    day, rest = divmod(second + _OFFSET, _DAY)
    return _DAYS[day] + _CLOCK[rest]


def day(second: int) -> str:
    """A calendar date as SQLite keeps it."""
    return _DAYS[(second + _OFFSET) // _DAY].rstrip()


def known(second: int) -> str:
    """When the hourly reading told of it; what is older than the store came with the first."""
    return stamp(max(INSTALLED * _DAY, min(second // 3600 * 3600 + 3600, _END)))


@dataclass(frozen=True, slots=True)
class Container:
    """A version or sprint; seconds since `START`."""

    id: str
    kind: str
    project: int
    name: str
    start: int
    due: int
    #: over: released, or closed.
    ended: int | None

    @property
    def state(self) -> str:
        """Its state now."""
        if self.ended is None:
            return "active"
        return "released" if self.kind == "version" else "closed"


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything, of a number of items."""

    items: int

    @property
    def projects(self) -> int:
        """Projects, each with a board and a repository."""
        return max(1, self.items // 20_000)

    @property
    def open_each(self) -> int:
        """Open milestones of a project; every fifth is a sprint."""
        return max(1, int(self.items * OPEN_SHARE) // IN_MILESTONE // self.projects)

    @property
    def closed_each(self) -> int:
        """Milestones of a project that are over."""
        return 9 * self.open_each

    @property
    def changes(self) -> int:
        """Change requests of all repositories."""
        return self.items // 10


@dataclass(frozen=True, slots=True)
class Life:
    """What happens to an item, apart from which item it is and when it began."""

    #: (part of its time that is gone by then, field, name of the field, ids and texts before and
    #: after); without these where it enters or leaves a milestone.
    acts: tuple[tuple[float, str, str, tuple[str | None, ...]], ...]
    #: it is in its milestone from the beginning on.
    at_birth: bool
    #: its status at the end, as a place in `STATUSES`, and the acts that began and ended the work.
    status: int
    started: int | None
    done: int | None
    points: int | None
    assignee: str
    is_child: bool
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One item with its life; instants in seconds since `START`."""

    id: str
    number: int
    project: int
    parent: str | None
    life: Life
    home: Container
    #: the milestone it was in first, where its life says so.
    other: Container
    born: int
    #: when its acts happened.
    times: tuple[int, ...]
    gone: int | None


class World:
    """All rows, table by table; items with what belongs to them come in order of their ids."""

    def __init__(self, items: int, seed: int = 5) -> None:
        self.size = Size(items)
        #: seconds between two items, and the second of the present.
        self.step, self.end = (_END - _DAY) / items, _END
        self._seed = seed
        #: (project, is over) -> its milestones by time.
        self.containers = {
            (project, over): tuple(self._containers(project, over))
            for project in range(self.size.projects)
            for over in (False, True)
        }

    def judged(self) -> list[str]:
        """Open milestones as the configuration names them."""
        return [
            f"{project_key(project)}:{one.name}"
            for (project, over), mine in self.containers.items()
            if not over
            for one in mine
        ]

    def every(self) -> Iterator[Container]:
        """All milestones."""
        for mine in self.containers.values():
            yield from mine

    def _containers(self, project: int, over: bool) -> Iterator[Container]:
        number = self.size.closed_each if over else self.size.open_each
        width = int(_END * (1 - OPEN_SHARE)) // number if over else 0
        for n in range(number):
            kind = "sprint" if n % 5 == 4 else "version"
            if over:
                start, due = n * width, (n + 3) * width
            else:
                start, due = _END - (20 + 7 * n) * _DAY, _END + (10 + 9 * n) * _DAY
            id_ = str(10_000 + project * 1_000 + n + (500 if over else 0))
            name = f"{kind} {project + 1}.{n if over else 500 + n}"
            yield Container(id_, kind, project, name, start, due, due + _DAY if over else None)

    # --- items ----------------------------------------------------------------------------

    def items(self) -> Iterator[Item]:
        """Every item with its life, oldest first."""
        rng, size = random.Random(self._seed), self.size
        kinds = min(LIVES, size.items // 20)
        lives = {
            (is_open, number): [_life(rng, is_open, number) for _ in range(kinds)]
            for is_open in (False, True)
            for number in COUNTS
        }
        parents: dict[str, str] = {}
        first_open = int(size.items * (1 - OPEN_SHARE))
        for n in range(size.items):
            is_open, project, born = n >= first_open, n % size.projects, int(n * self.step)
            # One draw for all that is chosen: drawing is what takes the time here.
            drawn = rng.getrandbits(60)
            life = lives[is_open, COUNTS[n % len(COUNTS)]][drawn % kinds]
            drawn //= kinds
            mine = self.containers[project, not is_open]
            place = drawn % len(mine)
            if not is_open:
                place = min(len(mine) - 1, n * len(mine) // first_open + drawn % 3)
            home, other = mine[place], mine[(place + 1 + drawn // 7 % 11) % len(mine)]
            id_ = str(1_000_000_000 + n)
            parent = parents.get(home.id) if life.is_child else None
            if parent is None:
                parents[home.id] = id_
            span = min(_END - 60 - born, (200 if is_open else 90) * _DAY)
            times = tuple([born + int(act[0] * span) for act in life.acts])
            gone = born + span if life.is_gone else None
            yield Item(
                id_, n // size.projects + 1, project, parent, life, home, other, born, times, gone
            )


def _life(rng: random.Random, is_open: bool, number: int) -> Life:
    """A life with so many events, for an item of an open milestone or of one that is over."""
    while True:
        reached = _reached(rng, is_open)
        names = ["enter"] if rng.random() < 0.5 else []
        at_birth = not names
        if names and rng.random() < 0.3:
            names.insert(0, "first")
        if is_open and rng.random() < 0.04:
            names.append("leave")
        work = ["points"] if rng.random() < 0.8 else []
        work += ["assignee", *["status"] * min(reached, 3)]
        if rng.random() < 0.1:
            work.append("points")
        names += work
        if len(names) <= number:
            break
    names += ["labels"] * (number - len(names))
    # Membership keeps its order, and so does the work: the two are mixed.
    keys = sorted(rng.random() for _ in names)
    rng.shuffle(names)
    order = iter(sorted((n for n in names if n in _MEMBERSHIP), key=_MEMBERSHIP.index))
    names = [next(order) if name in _MEMBERSHIP else name for name in names]
    steps = iter([1, 2, 3] if reached < 4 else [1, 2, 4])
    acts: list[tuple[float, str, str, tuple[str | None, ...]]] = []
    status, points, assignee = 0, None, None
    started = done = None
    for place, (name, key) in enumerate(zip(names, keys, strict=True)):
        sides: tuple[str | None, ...] = ()
        if name == "status":
            old, status = status, next(steps)
            sides = tuple(STATUSES[n][k] for k in (0, 1) for n in (old, status))
            started = place if started is None else started
            done = place if status == 3 else None
        elif name == "points":
            before: int | None = points
            points = rng.choice((1, 2, 3, 5, 8, 13))
            sides = (None, None, None if before is None else str(before), str(points))
        elif name == "assignee":
            assignee = f"u{rng.randrange(97)}"
            sides = (None, assignee, None, assignee)
        elif name == "labels":
            sides = (None, None, "", f"label{rng.randrange(40)}")
        acts.append((key, name, _RAW.get(name, name), sides))
    assert assignee is not None
    child, gone = rng.random() < 0.1, rng.random() < 0.002
    return Life(tuple(acts), at_birth, status, started, done, points, assignee, child, gone)


_MEMBERSHIP = ("first", "enter", "leave")
_RAW = {"points": "Story Points"}


def _reached(rng: random.Random, is_open: bool) -> int:
    """Its last status, as a place in `STATUSES`."""
    drawn = rng.random()
    if not is_open:
        return 3 if drawn < 0.94 else 4 if drawn < 0.99 else 1
    return (
        0 if drawn < 0.4 else 1 if drawn < 0.7 else 2 if drawn < 0.8 else 3 if drawn < 0.98 else 4
    )


def project_key(project: int) -> str:
    """Key of a project."""
    return f"P{project + 1}"
