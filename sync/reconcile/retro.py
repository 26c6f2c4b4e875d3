"""The retrospective of one milestone: what was promised, what came, where it lay, what was told.

Plain data out of a view at the milestone's end, or at the asked instant while it runs. It draws
together what `scope`, `receipt`, verdicts and findings say; it judges nothing anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.flow import histories as flow
from sync.flow.delays import Delay, delays
from sync.flow.people import HIDDEN, may_be_told
from sync.flow.stages import ItemFlow
from sync.flow.work_time import WorkTime
from sync.forecast.outcome import Outcome, outcome
from sync.forecast.store import Said
from sync.ledger.ledger import Ledger, LineKind
from sync.ledger.measures import delivered_as_planned
from sync.ledger.milestones import MilestoneFacts
from sync.ledger.timeline import place
from sync.reconcile.contract import TestedSummary
from sync.reconcile.ended import Ended, How
from sync.reconcile.evidence_of import contents, summary
from sync.reconcile.receipt import Receipt
from sync.reconcile.stood import Stood, findings_of
from sync.reconcile.story import ScopeStory, Since, tell
from sync.reconcile.view import Plan, View
from sync.reconcile.words import count, day_of, verb
from sync.reconcile.work import persons, tells_waiting
from sync.store import schema


@dataclass(frozen=True, slots=True)
class SayDo:
    """What was committed to in a baseline, and what of it was delivered, in items."""

    planned: int
    #: planned items done by the promised date, and by the end; None: no date was promised.
    done_by_due: int | None
    done: int
    #: planned items that are in it and open at the end, and that are in it no more.
    open: int
    left: int
    #: items that entered and were done.
    done_beyond: int
    #: what was done of the plan by its date, as a share of its size in the leading unit; None:
    #: nobody agreed to the baseline, or no date was promised.
    share: float | None


@dataclass(frozen=True, slots=True)
class Origin:
    """What entered, or left, for one cause."""

    name: str
    items: float
    points: float


@dataclass(frozen=True, slots=True)
class Lay:
    """An item that lay in a wait state; a restricted one has no words."""

    key: str | None
    title: str | None
    url: str | None
    days: float


@dataclass(frozen=True, slots=True)
class WaitState:
    """A wait state and the items that lay in it longest."""

    delay: Delay
    longest: tuple[Lay, ...]


@dataclass(frozen=True, slots=True)
class Retro:
    """The pack."""

    facts: MilestoneFacts
    #: it is open: what is told is so far.
    running: bool
    #: what tells its end, where it is not.
    ended: How
    #: the instant at which it is told (UTC): its end, or the one asked for.
    as_of: datetime
    known_at: datetime
    #: when it was really done, or closed; None: not yet.
    outcome: Outcome | None
    story: ScopeStory
    receipt: Receipt
    say_do: SayDo | None
    entered: tuple[Origin, ...]
    left: tuple[Origin, ...]
    #: the last forecast of each week, oldest first.
    forecasts: tuple[Said, ...]
    waits: tuple[WaitState, ...]
    #: why nothing is told of it; None: it is, and none in `waits` says that nothing waited.
    waits_untold: str | None
    #: first come, first.
    findings: tuple[Stood, ...]
    tested: TestedSummary | None
    #: what was not known, in sentences.
    unknown: tuple[str, ...]


def retro(
    view: View, facts: MilestoneFacts, promised: Receipt, *, end: Ended | None, until: datetime
) -> Retro:
    """The pack of one milestone at the view's instant.

    `promised`: its receipt at `until` (UTC), up to which findings are told. `end`: when it ended;
    None: it still was open then.
    """
    (plan,) = view.plans([facts])
    story = tell(view, facts)
    closed = None if end is None else end.at
    came = outcome(plan.container.histories, closed, until)
    (content,) = contents(view, [plan])
    items = _flows(view, plan, story)
    found = findings_of(view, plan, until)
    time = WorkTime.of(view.calendar)
    untold = _waits_untold(view, plan, items)
    spans = {} if untold is not None else _spans(view, plan, story)
    waits = delays(items.values(), spans, time)
    tested = summary(view, content.pieces)
    return Retro(
        facts=facts,
        running=end is None,
        ended=How.UNKNOWN if end is None else end.how,
        as_of=view.as_of,
        known_at=view.known_at,
        outcome=came,
        story=story,
        receipt=promised,
        say_do=_say_do(view, plan, story),
        entered=_by_cause(story, LineKind.ADDED),
        left=_by_cause(story, LineKind.REMOVED),
        forecasts=_weekly(promised.forecasts),
        waits=tuple(_wait(plan, one) for one in waits),
        waits_untold=untold,
        findings=found,
        tested=tested,
        unknown=(
            *_no_end(end, view),
            *_unknown(view, plan, story, promised, items, tested),
        ),
    )


# --- say and do -------------------------------------------------------------------------------


def _say_do(view: View, plan: Plan, story: ScopeStory) -> SayDo | None:
    since = story.original or story.current
    if since is None or story.withheld is not None:
        return None
    ledger = since.items.ledger
    due = since.baseline.due_date or plan.facts.due_date
    by = view.calendar.end_of(due) if due is not None else None
    items = plan.container.by_item
    done = {id_ for id_ in ledger.planned if _delivered(plan, id_, ledger, ledger.at)}
    still = ledger.planned & ledger.present
    return SayDo(
        planned=len(ledger.planned),
        done_by_due=None
        if by is None
        else sum(_delivered(plan, id_, ledger, min(by, ledger.at)) for id_ in ledger.planned),
        done=len(done),
        open=len(still - done),
        left=len(ledger.planned - still - done),
        done_beyond=sum(ledger.stands(items[id_]).done for id_ in ledger.present - ledger.planned),
        share=_share(story, since, plan, by),
    )


def _delivered(plan: Plan, id_: str, ledger: Ledger, at: datetime) -> bool:
    where = place(plan.container.by_item[id_], at, ledger.since)
    return where.done and where.member


def _share(story: ScopeStory, since: Since, plan: Plan, by: datetime | None) -> float | None:
    if not since.baseline.accepted or story.mass:
        return None
    return delivered_as_planned(story.leading(since).ledger, plan.container.by_item, by)


def _by_cause(story: ScopeStory, kind: LineKind) -> tuple[Origin, ...]:
    """What came or went since the baseline, by cause, most items first."""
    if story.withheld is not None:
        return ()
    sums: dict[str, tuple[float, float]] = {}
    for line in story.lines:
        if line.kind is kind:
            items, points = sums.get(line.origin or line.reason, (0.0, 0.0))
            sums[line.origin or line.reason] = (items + line.items, points + line.points)
    found = [Origin(name, abs(items), abs(points)) for name, (items, points) in sums.items()]
    return tuple(sorted(found, key=lambda one: (-one.items, -one.points, one.name)))


def _weekly(said: Iterable[Said]) -> tuple[Said, ...]:
    """The last forecast of each week."""
    weeks: dict[tuple[int, int], Said] = {}
    for one in said:
        weeks[one.as_of.isocalendar()[:2]] = one
    return tuple(weeks.values())


# --- where it lay -----------------------------------------------------------------------------


def _flows(view: View, plan: Plan, story: ScopeStory) -> dict[str, ItemFlow]:
    return flow.read(
        view.conn,
        plan.facts.connection_id,
        list(_spans(view, plan, story)),
        as_of=view.as_of,
        known_at=view.known_at,
        rows_at=view.rows_at,
    )


def _spans(view: View, plan: Plan, story: ScopeStory) -> dict[str, tuple[datetime, datetime]]:
    """From when to when each item was in its scope, since the baseline."""
    if story.current is None:
        return {}
    begin = story.current.baseline.at
    ledger = story.current.items.ledger
    ids = ledger.planned | ledger.present | {line.item_id for line in ledger.lines}
    found = {}
    for id_ in sorted(ids):
        stays = plan.container.by_item[id_].stays
        first = min((max(one.start, begin) for one in stays), default=begin)
        last = max((min(one.end or view.as_of, view.as_of) for one in stays), default=begin)
        if first < last:
            found[id_] = (first, last)
    return found


def _waits_untold(view: View, plan: Plan, items: Iterable[str]) -> str | None:
    connection_id = plan.facts.connection_id
    if not tells_waiting(view, connection_id):
        return "no status says that work waits"
    accounts = [(connection_id, plan.container.items[id_].assignee_id) for id_ in items]
    people = persons(view, set(accounts))
    if accounts and not may_be_told(people.get(one) for one in accounts):
        return HIDDEN
    return None


def _wait(plan: Plan, delay: Delay) -> WaitState:
    longest = []
    for id_, days in delay.longest:
        item = plan.container.items[id_]
        hidden = item.restricted
        longest.append(
            Lay(
                None if hidden else item.key,
                None if hidden else item.title,
                None if hidden else item.url,
                days,
            )
        )
    return WaitState(delay, tuple(longest))


# --- what was not known -----------------------------------------------------------------------


def _no_end(end: Ended | None, view: View) -> Iterable[str]:
    if end is not None and end.at is None:
        now = day_of(view.as_of, view.calendar)
        yield f"When it ended its source does not tell: this is how it stands on {now}."


def _unknown(
    view: View,
    plan: Plan,
    story: ScopeStory,
    promised: Receipt,
    items: Mapping[str, ItemFlow],
    tested: TestedSummary | None,
) -> Iterable[str]:
    calendar = view.calendar
    begin = story.current.baseline.at if story.current is not None else None
    if story.withheld is not None:
        yield f"No sums of the scope are told: {story.withheld}."
    for gap in story.gaps:
        if gap not in (story.withheld or ""):
            yield f"Not known: {gap}."
    if story.current is not None and not (story.original or story.current).baseline.accepted:
        yield "Nobody agreed to the baseline, so no share of the plan is told."
    if not promised.promises:
        yield "No promised date was ever seen."
    elif begin is not None and plan.facts.first_seen_at > begin:
        seen = day_of(plan.facts.first_seen_at, calendar)
        yield f"Whether its date moved before {seen}, when it was first read, is not known."
    if not promised.forecasts:
        yield "No forecast of it was stored while it ran."
    cut = sum(not one.whole for one in items.values())
    if cut:
        yield (
            f"The history of {count(cut, 'item')} is incomplete: how long "
            f"{verb(cut, 'it', 'they')} waited may be wrong."
        )
    if not tells_waiting(view, plan.facts.connection_id):
        yield "No status says that work waits, so how long it waited is not known."
    if tested is None:
        yield "Nothing that landed is linked to its items, so what was tested is not known."
    else:
        if tested.share is None:
            yield f"What was tested is not told: {tested.words}."
        if tested.unknown_changes:
            number = tested.unknown_changes
            yield (
                f"Whether {count(number, 'change')} {verb(number, 'was', 'were')} tested is "
                "not known."
            )
    first = view.conn.execute(sa.select(sa.func.min(schema.reconcile_run.c.at))).scalar()
    if first is None:
        yield "Nothing was reconciled yet, so no finding is known."
    elif begin is not None and first > begin:
        yield f"Findings are known from {day_of(first, calendar)} on, when driftline began to look."
