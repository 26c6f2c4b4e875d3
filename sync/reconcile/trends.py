"""How milestones of one kind and place went, one after the other: what is noise and what is not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings.vocabulary import StatusCategory
from sync.flow.measures import cycle_time, percentile, wait_share
from sync.flow.people import HIDDEN, may_be_told
from sync.flow.trends import Point, Series, series
from sync.flow.work_time import WorkTime
from sync.forecast.dates import history
from sync.ledger import baseline as baselines
from sync.ledger.baseline import ledger_of
from sync.ledger.ledger import Unit
from sync.ledger.measures import delivered_as_planned, reopen_rate
from sync.ledger.milestones import Key, MilestoneFacts
from sync.reconcile.ended import ended
from sync.reconcile.view import Plan, View
from sync.reconcile.work import flows_of, persons, tells_waiting

#: The newest finished milestones that limits rest on.
MOST = 24


@dataclass(frozen=True, slots=True)
class Group:
    """Finished milestones of one kind and place, and their numbers, oldest first."""

    connection: str
    kind: str
    #: project of versions, board of sprints.
    place: str
    milestones: tuple[str, ...]
    series: tuple[Series, ...]


#: name -> unit, and the bounds that the number cannot leave.
_SERIES: dict[str, tuple[str, float | None, float | None]] = {
    "planned": ("items", 0.0, None),
    "entered": ("items", 0.0, None),
    "delivered as planned": ("share", 0.0, 1.0),
    "slip of the date": ("working days", None, None),
    "cycle time, median": ("working days", 0.0, None),
    "wait share, median": ("share", 0.0, 1.0),
    "reopened": ("share", 0.0, 1.0),
}


def trends(view: View, *, only: str | None = None) -> tuple[Group, ...]:
    """Finished milestones by kind and place, the newest `MOST` of each.

    `only`: key of a project; milestones of others are left out.
    """
    asked = [
        one
        for one in view.milestones.values()
        if not one.state.is_open
        and (only is None or (one.project_key or "").casefold() == only.casefold())
    ]
    ends = {key: one.at for key, one in ended(view, asked).items() if one.at is not None}
    groups: dict[tuple[str, str, str], list[MilestoneFacts]] = {}
    for facts in asked:
        if facts.key in ends and ends[facts.key] <= view.as_of:
            place = facts.project_key or facts.scope_id or ""
            groups.setdefault((facts.connection, facts.kind.value, place), []).append(facts)
    found = []
    for (connection, kind, place), mine in sorted(groups.items()):
        ordered = sorted(mine, key=lambda one: (ends[one.key], one.source_id))[-MOST:]
        values = _values(view, ordered, ends)
        found.append(
            Group(
                connection,
                kind,
                place,
                tuple(one.name for one in ordered),
                tuple(
                    series(
                        name,
                        unit,
                        [
                            Point(facts.name, *told[name])
                            for facts, told in zip(ordered, values, strict=True)
                        ],
                        least=least,
                        most=most,
                    )
                    for name, (unit, least, most) in _SERIES.items()
                ),
            )
        )
    return tuple(found)


#: A value, or why there is none.
_Told = tuple[float | None, str | None]


def _values(
    view: View, milestones: Sequence[MilestoneFacts], ends: Mapping[Key, datetime]
) -> list[dict[str, _Told]]:
    plans = view.plans(milestones)
    made = baselines.stored(view.conn, {one.key for one in milestones}, view.known_at)
    return [_of(view, plan, made.get(plan.facts.key, ()), ends[plan.facts.key]) for plan in plans]


def _of(
    view: View, plan: Plan, made: Sequence[baselines.Baseline], end: datetime
) -> dict[str, _Told]:
    return {
        **_scope(view, plan, made, end),
        "slip of the date": _slip(view, plan.facts, end),
        **_flow(view, plan, end),
    }


def _scope(
    view: View, plan: Plan, made: Sequence[baselines.Baseline], end: datetime
) -> dict[str, _Told]:
    names = ("planned", "entered", "delivered as planned", "reopened")
    first = min(made, key=lambda one: one.at, default=plan.baseline)
    if first is None or first.at >= end:
        return dict.fromkeys(names, (None, "it has no baseline"))
    gaps = plan.container.gaps(view.calendar.add(first.at, view.policy.grace_days))
    if gaps:
        return dict.fromkeys(names, (None, gaps[0]))
    ledger = ledger_of(
        plan.container,
        first,
        view.calendar,
        grace_days=view.policy.grace_days,
        at=end,
        unit=Unit.ITEMS,
    )
    if not ledger.balanced:
        return dict.fromkeys(names, (None, "its lines do not add up"))
    items = plan.container.by_item
    due = first.due_date or plan.facts.due_date
    delivered: _Told = (None, "nobody agreed to its baseline")
    if first.accepted:
        by = view.calendar.end_of(due) if due is not None else None
        delivered = _known(delivered_as_planned(ledger, items, by), "it had no date")
    return {
        "planned": (ledger.baseline, None),
        "entered": (ledger.added, None),
        "delivered as planned": delivered,
        "reopened": _known(reopen_rate(ledger, items), "nothing was done in it"),
    }


def _known(value: float | None, why: str) -> _Told:
    return (value, None if value is not None else why)


def _slip(view: View, facts: MilestoneFacts, end: datetime) -> _Told:
    """Working days from the date first promised to the real end; below 0: earlier."""
    dates = history(facts, view.calendar, view.as_of)
    if dates is None:
        return (None, "no date was seen")
    days = view.calendar.between(dates.original, view.calendar.local_date(end))
    return (float(days), None)


def _flow(view: View, plan: Plan, end: datetime) -> dict[str, _Told]:
    """Cycle time and wait share of the items that were done in it."""
    names = ("cycle time, median", "wait share, median")
    connection_id = plan.facts.connection_id
    done = [
        id_
        for id_, one in plan.container.by_item.items()
        if one.category.told(end) is StatusCategory.DONE and one.stay_at(_before(end)) is not None
    ]
    if not done:
        return dict.fromkeys(names, (None, "nothing was done in it"))
    people = persons(view, {(connection_id, plan.container.items[id_].assignee_id) for id_ in done})
    whose = (people.get((connection_id, plan.container.items[id_].assignee_id)) for id_ in done)
    if not may_be_told(whose):
        return dict.fromkeys(names, (None, HIDDEN))
    time = WorkTime.of(view.calendar)
    flows = list(flows_of(view, ((connection_id, id_) for id_ in done)).values())
    cycles = [cycle_time(one.cycle, time) for one in flows if one.cycle is not None]
    shares: Iterable[float] = ()
    if tells_waiting(view, connection_id):
        shares = [
            share
            for one in flows
            if one.whole and (share := wait_share(one.spans, end, time)) is not None
        ]
    return {
        names[0]: _known(percentile(cycles, 0.5), "when work began is not known"),
        names[1]: _known(percentile(shares, 0.5), "no status says that work waits"),
    }


def _before(end: datetime) -> datetime:
    """Right before the end: what was moved out to close it had been in it."""
    return end - timedelta(microseconds=1)
