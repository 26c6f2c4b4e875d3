"""Delivered shares of real sprints, forecast at 30, 50 and 80 % of their time; outside the store.

One row is the state of a sprint at that share. Target: the points in it then (to do, in progress,
done). The file tells how much the delivery at the end differs from that, so the delivered share is
1 + vel_diff / target; it may be above 1, as work still enters. The model is asked how many items
are done by the planned end, in items of the row's mean size, and the share that 85 % of the runs
reach is held against what was delivered.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sync.forecast import recalibrate
from sync.forecast.inputs import DEFAULTS, Inputs, Prior
from sync.forecast.model import Change, abstention, seed, simulate
from sync.forecast.rates import prior
from sync.forecast.scores import LEVELS, Scored
from sync.ledger.working_days import WorkCalendar

SETS = ("apache", "spring")
SHARES = (30, 50, 80)
STATES = ("todo", "inprogress", "done")
#: Runs of each question; nothing is asked beyond the end of a sprint.
QUICK = replace(DEFAULTS, runs=200)
#: As many items beyond those in the sprint are asked for.
BEYOND = 10
#: A Monday; the rows tell no dates.
BEGIN = date(2020, 1, 6)
CALENDAR = WorkCalendar()
NO_GROWTH = Change(grows=False)
#: Weights between which earlier sprints decide.
WEIGHTS = np.linspace(0.0, 1.0, 11)
CLIMATOLOGY = "climatology of the board"
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """A sprint at a share of its time."""

    data: str
    board: str
    sprint: int
    share: float
    days: int
    target: float
    items: int
    done_items: int
    done: float
    delivered: float

    @property
    def key(self) -> tuple[str, str, int]:
        """Which sprint it is."""
        return self.data, self.board, self.sprint


def rows(folder: Path) -> tuple[list[Row], dict[str, int]]:
    """All rows that can be scored, and how many cannot, by reason."""
    found: list[Row] = []
    left: Counter[str] = Counter()
    for data in SETS:
        for share in SHARES:
            name = folder / f"{data}_iteration_{share}.csv"
            with name.open(encoding="utf-8", newline="") as opened:
                for one in csv.DictReader(opened):
                    target = sum(float(one[f"vel_{state}"]) for state in STATES)
                    days = int(float(one["planday"]))
                    if target <= 0:
                        left["target not positive"] += 1
                    elif days <= 0:
                        left["no planned days"] += 1
                    elif not sum(int(float(one[f"no_issue{at}"])) for at in STATES):
                        left["points without items"] += 1
                    else:
                        found.append(_row(data, share, one, target, days))
    return found, dict(left)


def _row(data: str, share: int, one: Mapping[str, str], target: float, days: int) -> Row:
    counts = {state: int(float(one[f"no_issue{state}"])) for state in STATES}
    return Row(
        data,
        one["boardid"],
        int(one["sprintid"]),
        share / 100,
        days,
        target,
        sum(counts.values()),
        counts["done"],
        float(one["vel_done"]),
        (target + float(one["vel_diff"])) / target,
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """Ours and the simple ones in the same order; None: it said nothing."""

    ours: list[Scored]
    plain: list[Scored]
    others: dict[str, list[Scored | None]]
    abstained: int


def run(found: Sequence[Row]) -> dict[float, Scores]:
    """Forecast every row from itself and from earlier sprints of its board, by share."""
    return {share / 100: _at(share / 100, found) for share in SHARES}


def _at(share: float, found: Sequence[Row]) -> Scores:
    boards: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        if row.share == share:
            boards.setdefault((row.data, row.board), []).append(row)
    made = Scores([], [], {name: [] for name in OTHERS}, 0)
    abstained = 0
    for board in boards.values():
        board.sort(key=lambda row: row.sprint)
        past: list[_Past] = []
        for number, row in enumerate(board):
            earlier = board[:number]
            shares = _shares(row, earlier)
            if shares is None:
                abstained += 1
                continue
            runs = recalibrate.read_off(-shares)
            ours = {level: at + _late(past, level) for level, at in runs.items()}
            others = {name: say(row, earlier) for name, say in OTHERS.items()}
            theirs = others[CLIMATOLOGY]
            sent = dict(ours)
            if theirs is not None:
                for level in LEVELS:
                    weight = _weight(past, level)
                    sent[level] = weight * ours[level] - (1 - weight) * theirs[level]
            made.plain.append(_scored(row, runs))
            made.ours.append(_scored(row, sent))
            past.append(_Past(-row.delivered, runs, ours, theirs))
            for name, said in others.items():
                made.others[name].append(
                    None if said is None else _scored(row, {at: -said[at] for at in LEVELS})
                )
    return replace(made, abstained=abstained)


@dataclass(frozen=True, slots=True)
class _Past:
    """An earlier sprint of the board; shares with their sign turned, as in `_scored`."""

    actual: float
    runs: Mapping[float, float]
    #: recalibrated, before it was drawn towards the others.
    ours: Mapping[float, float]
    #: what earlier sprints delivered, not turned; None: there was none.
    theirs: Mapping[float, float] | None


def _late(past: Sequence[_Past], level: float) -> float:
    """How far outcomes lay beyond this level, as `recalibrate` does with days."""
    number = len(past)
    if number < recalibrate.LEAST_MILESTONES:
        return 0.0
    trust = number / (number + recalibrate.SHRINK)
    cut = min(1.0, level * (number + 1) / number)
    return trust * float(np.quantile([one.actual - one.runs[level] for one in past], cut))


def _weight(past: Sequence[_Past], level: float) -> float:
    """How much ours counts beside what earlier sprints delivered.

    Half, and by and by what would have lost least before.
    """
    told = [(one, one.theirs) for one in past if one.theirs is not None]
    if not told:
        return 0.5
    ours = np.asarray([one.ours[level] for one, _ in told])
    theirs = np.asarray([-others[level] for _, others in told])
    late = np.asarray([one.actual for one, _ in told]) - (
        WEIGHTS[:, None] * ours + (1 - WEIGHTS[:, None]) * theirs
    )
    lost = np.where(late >= 0, level * late, (level - 1) * late).mean(axis=1)
    best = float(WEIGHTS[lost.argmin()])
    return (len(told) * best + recalibrate.SHRINK * 0.5) / (len(told) + recalibrate.SHRINK)


def _scored(row: Row, days: Mapping[float, float]) -> Scored:
    """Shares with their sign turned: that of 85 % is reached or passed by 85 % of outcomes."""
    return Scored(row.key, days, -row.delivered)


def _shares(row: Row, earlier: Sequence[Row]) -> Shares | None:
    """Delivered share in each run; None: too little is known."""
    weeks = [list(_weeks(one)) for one in reversed(earlier)]
    elapsed = round(row.days * row.share)
    as_of = BEGIN + timedelta(days=elapsed - 1)
    due = BEGIN + timedelta(days=row.days - 1)
    worked = CALENDAR.between(BEGIN - timedelta(days=1), as_of) / 5
    number = max(1, round(worked))
    inputs = Inputs(
        key=f"{row.data}:{row.board}:{row.sprint}",
        as_of=as_of,
        due=due,
        open_items=row.items - row.done_items,
        baseline_items=row.items,
        weekly_done=(row.done_items / number,) * number,
        team_weekly=tuple(done for one in weeks for done in one)[: 26 - number],
        past_shares=(worked / number,) * number,
        completed=float(row.done_items),
        calendar=CALENDAR,
        daily=True,
    )
    if abstention(inputs, QUICK) is not None:
        return None
    known = prior(weeks)
    reached = _how_many(inputs, known, row.items - row.done_items + BEYOND)
    size = row.target / row.items
    return np.asarray((row.done + reached * size) / row.target)


def _how_many(inputs: Inputs, known: Prior, most: int) -> Shares:
    """Items done by the due date in each run: the same runs decide for any number of them.

    So much can still be done; work that arrives after it counts as far as the model expects it.
    """
    span = (inputs.due - inputs.as_of).days if inputs.due else 0
    settings = replace(QUICK, cap_weeks=span // 7 + 2)
    done = np.zeros(QUICK.runs)
    growth = 0.0
    before = 0
    for number in _numbers(most):
        asked = replace(inputs, open_items=number)
        made = simulate(asked, known, settings, change=NO_GROWTH)
        growth = made.growth or 0.0
        reached = (made.ends <= span) & (made.ends < made.cap)
        done = np.where(reached, number, done)
        # Between two numbers that were asked for: their middle.
        done += (before == done) * (number - before - 1) / 2
        before = number
        if not reached.any():
            break
    return np.minimum(done, inputs.open_items + growth * done)


def _numbers(most: int) -> list[int]:
    """Numbers of items to ask for: every one of the first ten, then in steps of a seventh."""
    found = list(range(1, min(10, most) + 1))
    while found[-1] < most:
        found.append(min(most, max(found[-1] + 1, round(found[-1] * 8 / 7))))
    return found


def _weeks(row: Row) -> Iterator[float]:
    """Items done a week in a finished sprint, evenly."""
    items = row.delivered * row.items
    number = max(1, round(row.days / 7))
    for _ in range(number):
        yield max(0.0, items) / number


def _plan(row: Row, earlier: Sequence[Row]) -> dict[float, float] | None:
    return dict.fromkeys(LEVELS, 1.0)


def _pace(row: Row, earlier: Sequence[Row]) -> dict[float, float] | None:
    return dict.fromkeys(LEVELS, row.done / row.target / row.share)


def _climatology(row: Row, earlier: Sequence[Row]) -> dict[float, float] | None:
    if not earlier:
        return None
    past = [one.delivered for one in earlier]
    return {level: float(np.quantile(past, 1 - level)) for level in LEVELS}


def _monte_carlo(row: Row, earlier: Sequence[Row]) -> dict[float, float] | None:
    """Weeks of earlier sprints drawn again, up to what is open now."""
    past = [done for one in earlier for done in _weeks(one)][-26:]
    if not past or not sum(past):
        return None
    rng = np.random.default_rng(seed(Inputs(f"{row.key}", BEGIN, None, 0, 0)))
    left = row.days * (1 - row.share) / 7
    whole = int(left)
    drawn = rng.choice(np.asarray(past), size=(2_000, whole + 1))
    done = drawn[:, :whole].sum(axis=1) + drawn[:, whole] * (left - whole)
    done = np.minimum(done, row.items - row.done_items)
    share = (row.done + done * row.target / row.items) / row.target
    return {level: float(np.quantile(share, 1 - level)) for level in LEVELS}


OTHERS = {
    "the plan as it is": _plan,
    "pace so far": _pace,
    CLIMATOLOGY: _climatology,
    "Monte Carlo, scope frozen": _monte_carlo,
}
