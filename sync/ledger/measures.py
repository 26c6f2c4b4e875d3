"""What a ledger says in numbers: drift, churn, swap, creep and what was delivered; pure.

Every formula is one of drift-spec 1.3, under its letter. `None` means that it has no answer, which
is not zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings.vocabulary import StatusCategory
from sync.ledger.ledger import EPSILON, REMAINING_WORK, Ledger, Line, LineKind, Unit, size_of
from sync.ledger.milestones import MilestoneFacts
from sync.ledger.timeline import ItemHistory, Place, place
from sync.ledger.working_days import WorkCalendar

#: Days of a month, and how long a container must last for growth by month to mean something.
MONTH = 30.4
CREEP_FROM = timedelta(days=28)
#: The end of the planned time in which what enters is late.
LATE_PART = 0.25
#: Transient items are listed from this share of the scope on.
TRANSIENT_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Inflation:
    """How estimates of planned items grew."""

    #: ι: growth as a share of their size when planned.
    ratio: float
    #: share of these items whose estimate changed.
    touched: float


@dataclass(frozen=True, slots=True)
class Measures:
    """All measures of one ledger, in its unit; ratios are shares, not percent."""

    #: δ, and δ without `no_drift`, which is the one to show.
    net: float | None
    net_known: float | None
    #: ν, σ.
    churn: float | None
    swap: float | None
    #: κ, per month.
    creep: float | None
    #: λ.
    late_added: float | None
    #: ι.
    inflation: Inflation | None
    #: π; before the due date, so far.
    delivered: float | None
    #: size of what is in scope and not done, and of what is done.
    remaining: float
    done: float
    #: reopened by completed, in items.
    reopened: float | None
    #: g.
    growth: float | None
    #: items in scope without an estimate; they are 0 in no percentage.
    unestimated: int
    #: False: a part of the history is not known, and these numbers are a bound at most.
    certain: bool


def measure(
    ledger: Ledger, items: Mapping[str, ItemHistory], due: datetime | None = None
) -> Measures:
    """All of them. `items`: histories by id; `due` (UTC): the end of the planned time."""
    places = present_places(ledger, items)
    done = sum(size_of(one, ledger.unit) for one in places.values() if one.done)
    return Measures(
        net=ledger.net_ratio,
        net_known=net_known(ledger),
        churn=churn(ledger),
        swap=swap(ledger),
        creep=monthly_creep(ledger),
        late_added=late_add_share(ledger, due),
        inflation=inflation(ledger, items),
        delivered=delivered_as_planned(ledger, items, due),
        remaining=remaining(ledger, places),
        done=done,
        reopened=reopen_rate(ledger, items),
        growth=growth_ratio(ledger, done),
        unestimated=unestimated(places.values()),
        certain=not ledger.unsure,
    )


def present_places(ledger: Ledger, items: Mapping[str, ItemHistory]) -> dict[str, Place]:
    """Where the items in scope at the end of the ledger stand."""
    return {id_: ledger.stands(items[id_]) for id_ in sorted(ledger.present)}


def net_known(ledger: Ledger) -> float | None:
    """δ without what is no drift: see `no_drift`."""
    return _of_plan(ledger, ledger.current - ledger.baseline - no_drift(ledger))


def no_drift(ledger: Ledger) -> float:
    """L of planned items, which were not planned as nothing, and edits to what is left."""
    return sum(
        line.amount
        for line in ledger.lines
        if (line.kind is LineKind.LATE_SIZED and line.item_id in ledger.planned)
        or line.reason == REMAINING_WORK
    )


def churn(ledger: Ledger) -> float | None:
    """ν = (A + R + |E|₁) / W(t_b): how much moved, in whatever direction (1.3; NASA SWE-200)."""
    edits = sum(
        abs(line.amount)
        for line in ledger.lines
        if line.kind is LineKind.REESTIMATED and line.reason != REMAINING_WORK
    )
    return _of_plan(ledger, ledger.added + ledger.removed + edits)


def swap(ledger: Ledger) -> float | None:
    """σ = min(A, R) / W(t_b): the part of the plan that was replaced, not grown (1.3)."""
    return _of_plan(ledger, min(ledger.added, ledger.removed))


def monthly_creep(ledger: Ledger) -> float | None:
    """κ = (W(t) / W(t_b)) ^ (30.4 / days) − 1, from 28 days on (1.3; Kulk & Verhoef 2008)."""
    lasted = ledger.at - ledger.since
    if lasted < CREEP_FROM or ledger.baseline <= EPSILON:
        return None
    power = MONTH / (lasted / timedelta(days=1))
    return float((ledger.current / ledger.baseline) ** power - 1)


def late_from(since: datetime, due: datetime, part: float = LATE_PART) -> datetime:
    """From when on (UTC) what enters is late: the last part of the time from `since` to `due`."""
    return due - (due - since) * part


def late_add_share(ledger: Ledger, due: datetime | None, part: float = LATE_PART) -> float | None:
    """λ = A entered in the last quarter of the planned time / A (1.3)."""
    if due is None or due <= ledger.since or ledger.added <= EPSILON:
        return None
    return sum(line.amount for line in late_lines(ledger, due, part)) / ledger.added


def late_lines(ledger: Ledger, due: datetime, part: float = LATE_PART) -> tuple[Line, ...]:
    """What entered in the last part of the planned time; empty where it ended before it began."""
    begins = late_from(ledger.since, due, part)
    return tuple(
        line
        for line in ledger.lines
        if line.kind is LineKind.ADDED and begins <= line.at < due and due > ledger.since
    )


def inflation(ledger: Ledger, items: Mapping[str, ItemHistory]) -> Inflation | None:
    """ι over planned items that are still in and were estimated when planned (1.3).

    None in items, and where no such item is left.
    """
    if ledger.unit is Unit.ITEMS:
        return None
    sizes = estimates(ledger, items).values()
    planned = sum(before for before, _ in sizes)
    if planned <= EPSILON:
        return None
    grown = sum(now - before for before, now in sizes)
    touched = sum(1 for before, now in sizes if abs(now - before) > EPSILON)
    return Inflation(grown / planned, touched / len(sizes))


def estimates(ledger: Ledger, items: Mapping[str, ItemHistory]) -> dict[str, tuple[float, float]]:
    """Points when planned and now, of planned items that are still in and had an estimate then.

    An estimate taken away is left out: unknown is not nothing.
    """
    found: dict[str, tuple[float, float]] = {}
    for id_ in sorted(ledger.planned & ledger.present):
        before, now = ledger.was(items[id_]).points, ledger.stands(items[id_]).points
        if before is not None and now is not None:
            found[id_] = (before, now)
    return found


def delivered_as_planned(
    ledger: Ledger, items: Mapping[str, ItemHistory], due: datetime | None
) -> float | None:
    """π = Σ of planned items done by `due` at their planned size / W(t_b): say and do (1.3).

    Done elsewhere is not delivered here. Before the due date it is what is delivered so far.
    """
    if due is None:
        return None
    by = min(due, ledger.at)
    sizes = 0.0
    for id_ in ledger.planned:
        then = place(items[id_], by, ledger.since)
        if then.done and then.member:
            sizes += size_of(ledger.was(items[id_]), ledger.unit)
    return _of_plan(ledger, sizes)


def remaining(ledger: Ledger, places: Mapping[str, Place]) -> float:
    """W − Done: the size of what is in scope and not done (1.3)."""
    return sum(size_of(one, ledger.unit) for one in places.values() if not one.done)


def reopen_rate(ledger: Ledger, items: Mapping[str, ItemHistory]) -> float | None:
    """Reopened / completed, in items that were in the container when that happened (1.3).

    Work reopened that was completed before counts as completed too. None: nothing was completed.
    """
    completed = _turned(ledger, items, to_done=True).keys()
    reopened = reopenings(ledger, items).keys()
    return len(reopened) / len(completed | reopened) if completed | reopened else None


def reopenings(ledger: Ledger, items: Mapping[str, ItemHistory]) -> dict[str, int]:
    """How often each item was taken up again after it was done, since the baseline, while in."""
    return _turned(ledger, items, to_done=False)


def _turned(ledger: Ledger, items: Mapping[str, ItemHistory], *, to_done: bool) -> dict[str, int]:
    found: dict[str, int] = {}
    for id_, item in items.items():
        for change in item.category.changes:
            before, after = change.old is StatusCategory.DONE, change.new is StatusCategory.DONE
            turned = (after and not before) if to_done else (before and change.new in _ACTIVE)
            inside = ledger.since < change.at <= ledger.at
            if turned and inside and item.stay_at(change.at) is not None:
                found[id_] = found.get(id_, 0) + 1
    return found


#: An unknown status does not prove that work was taken up again.
_ACTIVE = (StatusCategory.TODO, StatusCategory.IN_PROGRESS, StatusCategory.IN_REVIEW)


def growth_ratio(ledger: Ledger, done: float) -> float | None:
    """Growth g = max(A − R, 0) / completed, for forecasts; None while nothing is done (1.3)."""
    return max(ledger.added - ledger.removed, 0.0) / done if done > EPSILON else None


def unestimated(places: Iterable[Place]) -> int:
    """How many of these items have no estimate."""
    return sum(1 for one in places if one.points is None)


def transient_shown(ledger: Ledger) -> bool:
    """Whether items that entered and left again are worth a line each: over 5 % of W(t) (1.4)."""
    passing = ledger.transient
    gone = sum(
        line.amount
        for line in ledger.lines
        if line.kind is LineKind.ADDED and line.item_id in passing
    )
    return gone > TRANSIENT_SHARE * ledger.current + EPSILON


def done_elsewhere(ledger: Ledger, items: Mapping[str, ItemHistory]) -> frozenset[str]:
    """Items that were planned or entered here and were done while they were not here (1.4).

    Their work is counted where it was done.
    """
    ours = ledger.planned | {line.item_id for line in ledger.lines if line.kind is LineKind.ADDED}
    found: set[str] = set()
    for id_ in ours - ledger.present:
        item = items[id_]
        if item.category.told(ledger.at) is not StatusCategory.DONE:
            continue
        since = item.category.since(ledger.at)
        if since is not None and since > ledger.since and item.stay_at(since) is None:
            found.add(id_)
    return frozenset(found)


def reopened_after(
    items: Sequence[ItemHistory], finished_at: datetime, at: datetime
) -> frozenset[str]:
    """Items done in this container when it was finished and taken up again by `at` (1.4).

    The work belongs to the container that holds it then; here it is a note.
    """
    return frozenset(
        item.id
        for item in items
        if item.stay_at(finished_at) is not None
        and item.category.told(finished_at) is StatusCategory.DONE
        and any(
            finished_at < change.at <= at
            and change.old is StatusCategory.DONE
            and change.new in _ACTIVE
            for change in item.category.changes
        )
    )


def days_late(facts: MilestoneFacts, calendar: WorkCalendar) -> int | None:
    """Working days between the planned and the real start of a sprint; negative: early (1.4)."""
    if facts.start_date is None or facts.started_at is None:
        return None
    return calendar.between(facts.start_date, calendar.local_date(facts.started_at))


def _of_plan(ledger: Ledger, size: float) -> float | None:
    return size / ledger.baseline if ledger.baseline > EPSILON else None
