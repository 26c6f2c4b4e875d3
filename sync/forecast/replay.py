"""Finished milestones at instants that have passed: what was known then, and what came; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from mappings.vocabulary import MilestoneState, StatusCategory
from sync.forecast import past
from sync.forecast.outcome import Outcome, outcome
from sync.ledger import baseline as baselines
from sync.ledger.load import Container
from sync.ledger.milestones import Key, MilestoneFacts
from sync.ledger.timeline import Stay, in_scope
from sync.ledger.working_days import WorkCalendar

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Instants:
    """When a milestone is forecast again, at the end of a day: by shares of its plan, or weekly."""

    #: 0..1 of the time from begin to the first promised date; of its life where none was promised.
    shares: tuple[float, ...] = (0.25, 0.50, 0.75)
    #: as each Monday begins.
    mondays: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """One milestone with its whole life, as known now."""

    facts: MilestoneFacts
    container: Container
    outcome: Outcome | None
    #: first instant of its plan (UTC).
    begin: datetime
    late: past.Late = past.NONE

    @property
    def key(self) -> Key:
        """Its identity."""
        return self.facts.key


@dataclass(frozen=True, slots=True)
class Trial:
    """One forecast to make: what was known of a milestone at an instant."""

    subject: Subject
    at: datetime
    #: share of the plan, or None for a Monday.
    share: float | None
    facts: MilestoneFacts
    container: Container
    #: first date ever promised, as known at the instant.
    original: date | None

    @property
    def due(self) -> date | None:
        """The date promised at the instant."""
        return self.facts.due_date


def subject(
    facts: MilestoneFacts,
    container: Container,
    calendar: WorkCalendar,
    now: datetime,
    *,
    late: past.Late = past.NONE,
    final: bool = False,
) -> Subject | None:
    """The milestone with how it ended; None: nothing was ever in it.

    `final`: who is in it now was in it from its creation on, and nothing else ever will be.
    """
    if final:
        container = as_archived(container)
    entered = [stay.start for one in container.histories for stay in one.stays]
    if not entered:
        return None
    begin = _begin(facts, calendar) or min(entered)
    plan = baselines.suggest(facts, container, calendar, now)
    since = begin if plan is None else max(begin, plan.at)
    ended = outcome(
        container.histories, closed_at(facts), now, since=None if final else since, final=final
    )
    return Subject(facts, container, ended, begin, late)


def as_archived(container: Container) -> Container:
    """Members of the end, each in it from its creation on."""
    kept = {}
    for id_, one in container.by_item.items():
        if one.stays and one.stays[-1].end is None:
            created = container.items[id_].created_at
            start = one.stays[0].start if created is None else created
            kept[id_] = one._replace(stays=(Stay(start),))
    return replace(container, by_item=kept, items={id_: container.items[id_] for id_ in kept})


def closed_at(facts: MilestoneFacts) -> datetime | None:
    """When it was closed (UTC): as its source dates it, else the reading that found it closed."""
    if facts.finished_at is not None:
        return facts.finished_at
    told = [one for one in facts.observed if one.field == "state"]
    closed = [one for one in told if one.new == MilestoneState.CLOSED.value]
    if not closed or told[-1].new != MilestoneState.CLOSED.value or closed[-1].is_first:
        return None
    return closed[-1].observed_at


def trials(
    subject: Subject, instants: Instants, calendar: WorkCalendar, now: datetime
) -> Iterator[Trial]:
    """The milestone at each instant before it ended, oldest first."""
    end = now if subject.outcome is None else min(now, subject.outcome.at)
    for at, share in _instants(subject, instants, calendar, now):
        if subject.begin <= at < end:
            yield trial(subject, at, share)


def trial(subject: Subject, at: datetime, share: float | None = None) -> Trial:
    """The milestone as it could be known at one instant (UTC)."""
    return Trial(
        subject,
        at,
        share,
        facts_at(subject.facts, at),
        past.at(subject.container, at, subject.late),
        original(subject.facts, at),
    )


def facts_at(facts: MilestoneFacts, at: datetime) -> MilestoneFacts:
    """A milestone as it was known at an instant: dates that nobody had read yet are none."""
    observed = tuple(one for one in facts.observed if one.observed_at <= at)
    held = {one.field: one.new for one in observed}
    finished = facts.finished_at if facts.finished_at and facts.finished_at <= at else None
    state = held.get("state")
    return replace(
        facts,
        name=held.get("name") or facts.name,
        state=MilestoneState(state) if state else MilestoneState.ACTIVE,
        start_date=_date(held.get("start_date")),
        due_date=_date(held.get("due_date")),
        started_at=facts.started_at if facts.started_at and facts.started_at <= at else None,
        finished_at=finished,
        observed=observed,
        unseen=facts.first_seen_at > at,
    )


def original(facts: MilestoneFacts, at: datetime) -> date | None:
    """The first date that was promised, as far as it was known at an instant."""
    dates = [
        _date(one.new)
        for one in facts.observed
        if one.field == "due_date" and one.observed_at <= at and one.new
    ]
    return dates[0] if dates else None


@dataclass(frozen=True, slots=True)
class Weeks:
    """Whole weeks up to an instant, oldest first, and what is still open."""

    remaining: int
    completions: tuple[int, ...]
    #: what entered after the plan was made, less what left.
    arrivals: tuple[int, ...]


def weeks(container: Container, since: datetime, plan: datetime, at: datetime) -> Weeks:
    """How a container went, week by week back from `at` to `since` (UTC).

    An item counts as completed once, when it was last done: reopened and closed again it is still
    one item. `plan`: what was in it then did not arrive.
    """
    number = max(0, int((at - since) / WEEK))
    done, came = [0] * number, [0] * number
    scope = in_scope(container.histories, at, since - timedelta(microseconds=1))
    for id_, one in scope.items():
        told = container.by_item[id_].category.since(at) if one.done else None
        if told is not None:
            _count(done, told, at, 1)
    for item in container.histories:
        for stay in item.stays:
            if stay.start > plan:
                _count(came, stay.start, at, 1)
            if stay.end is not None and stay.end > plan and _open(item.category.before(stay.end)):
                _count(came, stay.end, at, -1)
        if item.id not in scope and item.category.told(at) is StatusCategory.CANCELLED:
            cancelled = item.category.since(at)
            if cancelled is not None and cancelled > plan and item.stay_at(cancelled) is not None:
                _count(came, cancelled, at, -1)
    remaining = sum(1 for one in scope.values() if not one.done)
    return Weeks(remaining, tuple(done), tuple(came))


def _open(category: StatusCategory) -> bool:
    return category not in (StatusCategory.DONE, StatusCategory.CANCELLED)


def _count(into: list[int], when: datetime, at: datetime, number: int) -> None:
    back = int((at - when) / WEEK)
    if 0 <= back < len(into):
        into[len(into) - 1 - back] += number


def _begin(facts: MilestoneFacts, calendar: WorkCalendar) -> datetime | None:
    if facts.started_at is not None:
        return facts.started_at
    return None if facts.start_date is None else calendar.start_of(facts.start_date)


def _instants(
    subject: Subject, instants: Instants, calendar: WorkCalendar, now: datetime
) -> Iterator[tuple[datetime, float | None]]:
    if instants.mondays:
        day = calendar.local_date(subject.begin)
        day += timedelta(days=-day.weekday() % 7)
        while (at := calendar.start_of(day)) < now:
            yield at, None
            day += timedelta(days=7)
        return
    promised = original(subject.facts, now)
    end = None if promised is None else calendar.end_of(promised)
    if end is None or end <= subject.begin:
        end = None if subject.outcome is None else subject.outcome.at
    if end is None:
        return
    for share in instants.shares:
        day = calendar.local_date(subject.begin + (end - subject.begin) * share)
        yield calendar.end_of(day), share


def _date(text: str | None) -> date | None:
    return None if not text else date.fromisoformat(text)


def finished_before(subjects: Sequence[Subject], at: datetime) -> list[Subject]:
    """Milestones of which the outcome was certain at an instant (UTC)."""
    return [one for one in subjects if one.outcome is not None and one.outcome.known_at <= at]
