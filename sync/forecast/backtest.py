"""The backtest: what our forecasts would have said of finished milestones, scored; pure.

Rolling origin (drift-spec 2.5.4): whatever a forecast learns from others comes from milestones of
which the outcome was certain before its own instant.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import count

import numpy as np
from numpy.typing import NDArray

from mappings.vocabulary import MilestoneKind
from sync.forecast import baselines, recalibrate, replay, team_weeks
from sync.forecast.baselines import Known, Said
from sync.forecast.inputs import Learned, Prior
from sync.forecast.outcome import Outcome
from sync.forecast.rates import prior
from sync.forecast.recalibrate import Fallen, Judged
from sync.forecast.replay import Instants, Subject, Trial, Weeks
from sync.forecast.scores import Scored, pinball_at
from sync.forecast.standing import P85, Against, Standing, against, standing
from sync.ledger import baseline as plans
from sync.ledger.milestones import Key
from sync.ledger.working_days import WorkCalendar

Ends = NDArray[np.float64]
#: From as many finished milestones of its own project or board on, those of others are left out.
OWN = 5


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a model says: working days to the end in each of its runs, or why it says nothing."""

    ends: Ends | None
    #: probability of being on time; None: no date is promised.
    p: float | None = None
    abstained: str | None = None
    #: whether nothing was open.
    empty: bool = False
    #: so many working days, and more, stand for "never".
    never: float = baselines.CAP


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of other milestones at an instant."""

    #: of those that were finished before.
    prior: Prior
    #: of its team in the weeks before it began, newest first.
    team_weekly: tuple[float, ...]


#: A trial and what was known of others -> a forecast.
Predict = Callable[[Trial, Past], Predicted]
#: The two settings between which outcomes decide.
STOPS = "arrivals stop at the promised date"
GOES_ON = "arrivals go on"
#: Settings are chosen among so many milestones at least; before, the first one holds.
CHOICE_MILESTONES = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One forecast and what came of it."""

    key: Key
    name: str
    at: datetime
    share: float | None
    remaining: int
    abstained: str | None
    #: name of the settings that had been best until then.
    setting: str
    #: as it would have been sent: the best settings until then, recalibrated.
    sent: Scored
    #: as the runs of the first settings say.
    plain: Scored
    #: the probability sent beside the outcome against the first date promised.
    against_original: Scored
    others: Mapping[str, Scored | None]
    closed_with_leftovers: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What was replayed, and what was not, by reason."""

    milestones: int = 0
    finished: int = 0
    #: its promised date has passed, so that it is late, but when it ends is not known.
    late_open: int = 0
    #: open, and nothing is known of how they end.
    censored: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    abstained: Mapping[str, int] = field(default_factory=dict)
    closed_with_leftovers: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """All of one backtest."""

    rows: tuple[Row, ...]
    counts: Counts
    others: tuple[Against, ...]
    standing: Standing
    #: what all outcomes together teach, by kind: for forecasts to come.
    lessons: Mapping[MilestoneKind, Learned]

    @property
    def scored(self) -> list[Scored]:
        """Forecasts as sent."""
        return [one.sent for one in self.rows if one.abstained is None]

    @property
    def plain(self) -> list[Scored]:
        """The same without what earlier outcomes teach."""
        return [one.plain for one in self.rows if one.abstained is None]

    @property
    def original(self) -> list[Scored]:
        """Probabilities beside the first date promised."""
        return [one.against_original for one in self.rows if one.abstained is None]


def run(
    subjects: Sequence[Subject],
    settings: Mapping[str, Predict],
    calendar: WorkCalendar,
    now: datetime,
    *,
    instants: Instants | None = None,
    since: datetime | None = None,
    only: Collection[Key] | None = None,
    left_out: Mapping[str, int] | None = None,
) -> Result:
    """Forecast every milestone at every instant and score what is known of its end.

    `settings`: variants of the model by name; the first holds until another one was better.
    `since` (UTC): no instant before is scored. `only`: these are scored, all are learned from.
    `left_out`: milestones that could not be replayed, by reason.
    """
    found = [
        one
        for mine in subjects
        for one in replay.trials(mine, instants or Instants(), calendar, now)
    ]
    found.sort(key=lambda one: (one.at, one.subject.key))
    of_home: dict[_Home, list[tuple[Subject, team_weeks.Days]]] = {}
    for mine in subjects:
        of_home.setdefault(_home(mine), []).append((mine, team_weeks.first_done(mine, calendar)))
    pools = _Pools(subjects, calendar)
    memory = _Memory(list(settings))
    rows: list[Row] = []
    for one in found:
        memory.learn(one.at)
        mates = [mate for mate in of_home[_home(one.subject)] if mate[0].begin < one.subject.begin]
        history = Past(
            pools.prior(one),
            team_weeks.before(calendar.local_date(one.subject.begin), mates, calendar, one.at),
        )
        row, mark = _forecast(one, settings, history, memory, calendar, now)
        if (since is None or one.at >= since) and (only is None or row.key in only):
            rows.append(row)
        memory.hold(mark)
    memory.learn(now)
    spoken = [row for row in rows if row.abstained is None]
    ours = [row.sent for row in spoken]
    others = against(ours, {name: [row.others[name] for row in spoken] for name in baselines.ALL})
    return Result(
        tuple(rows),
        _counts(
            [one for one in subjects if only is None or one.key in only],
            rows,
            calendar,
            now,
            left_out or {},
        ),
        others,
        standing(ours, others),
        {kind: memory.lesson(kind) for kind in sorted({one.key[1] for one in subjects})},
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What later forecasts may learn from one, once its outcome was certain."""

    trial: Trial
    known_at: datetime | None
    actual: float | None
    #: that it was late is certain once its date has passed.
    judged_at: datetime | None
    on_time: bool | None
    #: of each variant that said something: its dates, how far the outcome lay from them, and its
    #: probability with what became of it.
    scored: Mapping[str, Scored]
    fallen: Mapping[str, Fallen]
    judged: Mapping[str, Judged]


def certain_at(mark: _Told) -> tuple[datetime | None, datetime | None]:
    """Since when its end, and whether it was on time, may be learned from (UTC)."""
    return mark.known_at, mark.judged_at


class _Memory:
    """What may be learned from forecasts of which the end is certain; instants only go forward."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._turns = count()
        self._waiting: list[tuple[datetime, int, bool, _Told]] = []
        self._lost: dict[tuple[str, MilestoneKind], float] = {}
        self._compared: dict[MilestoneKind, set[Key]] = {}
        self._fallen: dict[tuple[str, MilestoneKind], list[Fallen]] = {}
        self._judged: dict[tuple[str, MilestoneKind], list[Judged]] = {}
        self._days: dict[_Alike, list[float]] = {}
        self._on_time: dict[_Alike, list[bool]] = {}

    def hold(self, mark: _Told) -> None:
        """Keep a forecast until its end is certain."""
        for is_end, at in zip((True, False), certain_at(mark), strict=True):
            if at is not None:
                heapq.heappush(self._waiting, (at, next(self._turns), is_end, mark))

    def learn(self, at: datetime) -> None:
        """Take in what has become certain by an instant (UTC)."""
        while self._waiting and self._waiting[0][0] <= at:
            _, _, is_end, mark = heapq.heappop(self._waiting)
            kind = mark.trial.subject.key[1]
            alike = (mark.trial.share, kind)
            if not is_end:
                if mark.on_time is not None:
                    self._on_time.setdefault(alike, []).append(mark.on_time)
                    for name, judged in mark.judged.items():
                        self._judged.setdefault((name, kind), []).append(judged)
                continue
            if mark.actual is None:
                continue
            self._days.setdefault(alike, []).append(mark.actual)
            for name, fallen in mark.fallen.items():
                self._fallen.setdefault((name, kind), []).append(fallen)
            if len(mark.scored) == len(self.names):
                self._compared.setdefault(kind, set()).add(mark.trial.subject.key)
                for name, scored in mark.scored.items():
                    lost = self._lost.get((name, kind), 0.0)
                    self._lost[name, kind] = lost + pinball_at(P85)(scored)

    def chosen(self, kind: MilestoneKind) -> str:
        """The variant whose 85 % dates lost least; the first one until enough is known."""
        if len(self._compared.get(kind, ())) < CHOICE_MILESTONES:
            return self.names[0]
        return min(self.names, key=lambda name: self._lost[name, kind])

    def lesson(self, kind: MilestoneKind) -> Learned:
        """What outcomes of this kind teach by now."""
        name = self.chosen(kind)
        return recalibrate.lesson(
            self._fallen.get((name, kind), ()),
            self._judged.get((name, kind), ()),
            name != GOES_ON,
        )

    def before(self, name: str, kind: MilestoneKind) -> float | None:
        """How often milestones of this kind were on time, as far as that is certain."""
        return recalibrate.before(
            [one for one in self._judged.get((name, kind), ()) if not one.empty]
        )

    def days(self, one: Trial) -> list[float]:
        """How long others took from the same share of their plan on."""
        return list(self._days.get((one.share, one.subject.key[1]), ()))

    def on_time(self, one: Trial) -> list[bool]:
        """Whether others were on time."""
        return list(self._on_time.get((one.share, one.subject.key[1]), ()))


class _Pools:
    """What finished milestones let one expect of the next."""

    def __init__(self, subjects: Sequence[Subject], calendar: WorkCalendar) -> None:
        self._subjects, self._calendar = subjects, calendar
        self._lives: dict[Key, tuple[int, ...]] = {}
        self._priors: dict[tuple[Key, ...], Prior] = {}

    def prior(self, one: Trial) -> Prior:
        """Of those that ended before: of its own project or board, once there are a few."""
        finished = replay.finished_before(self._subjects, one.at)
        own = [other for other in finished if _home(other) == _home(one.subject)]
        kind = one.subject.key[1]
        some = own if len(own) >= OWN else [other for other in finished if other.key[1] is kind]
        keys = tuple(other.key for other in some)
        if keys not in self._priors:
            self._priors[keys] = prior([self._life(other) for other in some])
        return self._priors[keys]

    def _life(self, one: Subject) -> tuple[int, ...]:
        if one.key not in self._lives:
            assert one.outcome is not None
            ended = replay.trial(one, one.outcome.at)
            self._lives[one.key] = weeks_of(ended, self._calendar).completions
        return self._lives[one.key]


def _forecast(
    one: Trial,
    settings: Mapping[str, Predict],
    history: Past,
    memory: _Memory,
    calendar: WorkCalendar,
    now: datetime,
) -> tuple[Row, _Told]:
    today = as_of_day(one.at, calendar)
    due = None if one.due is None else float(calendar.between(today, one.due))
    weeks = weeks_of(one, calendar)
    said = {name: predict(one, history) for name, predict in settings.items()}
    kind = one.subject.key[1]
    setting, learned = memory.chosen(kind), memory.lesson(kind)
    predicted, first_said = said[setting], next(iter(said.values()))
    sent = _sent(predicted, learned)
    ended = one.subject.outcome
    actual = None
    if ended is not None:
        actual = float(calendar.between(today, calendar.local_date(ended.at)))
    on_time = kept(ended, one, calendar, now)
    known = Known(
        weeks.remaining,
        weeks.completions,
        weeks.arrivals,
        due,
        memory.days(one),
        memory.on_time(one),
        seed(one),
    )
    key = one.subject.key
    dates = {
        name: recalibrate.read_off(its.ends) for name, its in said.items() if its.ends is not None
    }
    ours = {} if sent.ends is None else recalibrate.read_off(sent.ends)
    fallen = {
        name: recalibrate.fallen(key, days, actual)
        for name, days in dates.items()
        if actual is not None and not said[name].empty
    }
    judged_ = {
        name: Judged(key, its.p, memory.before(name, kind), on_time, its.empty)
        for name, its in said.items()
        if its.p is not None and on_time is not None
    }
    first = _against_original(one, predicted, sent, learned, ended, calendar, now)
    row = Row(
        key=key,
        name=one.facts.line,
        at=one.at,
        share=one.share,
        remaining=weeks.remaining,
        abstained=sent.abstained,
        setting=setting,
        sent=Scored(key, ours, actual, sent.p, on_time),
        plain=Scored(key, dates.get(next(iter(said)), {}), actual, first_said.p, on_time),
        against_original=first,
        others={
            name: _scored(key, say(known), actual, on_time) for name, say in baselines.ALL.items()
        },
        closed_with_leftovers=ended is not None and ended.closed_with_leftovers,
    )
    certain = None if ended is None else ended.known_at
    judged = certain
    if on_time is False and one.due is not None:
        judged = calendar.end_of(one.due)
    scored = {name: Scored(key, mine, actual) for name, mine in dates.items()}
    return row, _Told(one, certain, actual, judged, on_time, scored, fallen, judged_)


def _sent(said: Predicted, learned: Learned) -> Predicted:
    """What is made of the runs before it is sent."""
    if said.ends is None:
        return said
    p = said.p
    return replace(
        said,
        ends=recalibrate.stretched(said.ends, learned, said.never),
        p=None if p is None else recalibrate.probability(p, learned, empty=said.empty),
    )


def as_of_day(at: datetime, calendar: WorkCalendar) -> date:
    """The day that ends at an instant."""
    return calendar.local_date(at - timedelta(microseconds=1))


def _scored(
    key: Key, said: Said | None, actual: float | None, on_time: bool | None
) -> Scored | None:
    return None if said is None else Scored(key, said.days, actual, said.p, on_time)


def kept(ended: Outcome | None, one: Trial, calendar: WorkCalendar, now: datetime) -> bool | None:
    """Whether the date promised at the trial's instant was kept; None: no date, or not known."""
    if one.due is None:
        return None
    end = calendar.end_of(one.due)
    if ended is not None:
        return ended.at < end
    return False if now >= end else None


def _against_original(
    one: Trial,
    plain: Predicted,
    sent: Predicted,
    learned: Learned,
    ended: Outcome | None,
    calendar: WorkCalendar,
    now: datetime,
) -> Scored:
    """The probability of the first date, beside whether it was kept."""
    key = one.subject.key
    if one.original is None:
        return Scored(key)
    days = calendar.between(as_of_day(one.at, calendar), one.original)
    end = calendar.end_of(one.original)
    on_time = None
    if ended is not None:
        on_time = ended.at < end
    elif now >= end:
        on_time = False
    p = sent.p
    if one.original != one.due and plain.ends is not None:
        share = float((plain.ends <= days).mean())
        p = recalibrate.probability(share, learned, empty=plain.empty) if days >= 0 else share
    return Scored(key, {}, None, p, on_time)


def weeks_of(one: Trial, calendar: WorkCalendar) -> Weeks:
    """How its container went up to the trial's instant."""
    plan = plans.suggest(one.facts, one.container, calendar, one.at)
    begin = one.subject.begin
    return replay.weeks(one.container, begin, begin if plan is None else plan.at, one.at)


#: Connection, kind, and project or board: milestones of one home are of one team.
_Home = tuple[int, MilestoneKind, str | None]
#: Share of the plan (None: a Monday) and kind: forecasts that climatology compares.
_Alike = tuple[float | None, MilestoneKind]


def _home(one: Subject) -> _Home:
    return one.key[0], one.key[1], one.facts.scope_id


def seed(one: Trial) -> int:
    """The same milestone and day draw the same numbers on every machine."""
    connection, kind, id_ = one.subject.key
    text = f"{connection}:{kind.value}:{id_}:{one.at.date().isoformat()}"
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


def _counts(
    subjects: Sequence[Subject],
    rows: Sequence[Row],
    calendar: WorkCalendar,
    now: datetime,
    left_out: Mapping[str, int],
) -> Counts:
    still = [one for one in subjects if one.outcome is None]
    late = [
        one
        for one in still
        if one.facts.due_date is not None and calendar.end_of(one.facts.due_date) <= now
    ]
    flagged = {row.key for row in rows if row.closed_with_leftovers}
    return Counts(
        milestones=len(subjects),
        finished=len(subjects) - len(still),
        late_open=len(late),
        censored=len(still) - len(late),
        left_out=dict(left_out),
        abstained=Counter(row.abstained for row in rows if row.abstained is not None),
        closed_with_leftovers=len(flagged),
    )
