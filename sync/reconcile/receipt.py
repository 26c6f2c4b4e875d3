"""What was promised for one milestone, how often it moved, and what its scope did in between."""

from dataclasses import dataclass
from datetime import date, datetime

from sync.forecast.dates import DateHistory, history
from sync.forecast.store import Said, said
from sync.ledger import agreements as agreed
from sync.ledger import baseline as baselines
from sync.ledger.agreements import Agreement
from sync.ledger.baseline import Baseline, ledger_of
from sync.ledger.ledger import Ledger, Unit
from sync.ledger.milestones import MilestoneFacts
from sync.reconcile.detectors.scope import net
from sync.reconcile.gate import Gate
from sync.reconcile.view import Plan, View, leaves_at


@dataclass(frozen=True, slots=True)
class Between:
    """What the scope did while one date was promised, in items and in points."""

    since: datetime
    until: datetime
    items: Ledger
    points: Ledger


@dataclass(frozen=True, slots=True)
class Promise:
    """One date as it was promised; instants in UTC.

    No source tells who moved the date of a milestone, or when: only our readings do.
    """

    #: None: the date was taken away.
    due_date: date | None
    #: it was there when we first looked: since when is not known.
    is_first: bool
    #: it changed after this reading …
    seen_after: datetime | None
    #: … and not after this one.
    seen_at: datetime
    #: None: the scope of that time is not told.
    scope: Between | None
    #: items done and in scope at the end of that date, once it has passed.
    done: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class StateChange:
    """A state the milestone was seen in."""

    state: str
    seen_after: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything that was promised for one milestone, as known at the view's instants."""

    facts: MilestoneFacts
    as_of: datetime
    known_at: datetime
    promises: tuple[Promise, ...]
    states: tuple[StateChange, ...]
    #: oldest first; the first is the original one.
    baselines: tuple[Baseline, ...]
    agreements: tuple[Agreement, ...]
    #: key of each agreed item by its id; None: readers may not see it.
    keys: dict[str, str | None]
    #: why the scope is not told, if so.
    withheld: str | None
    #: how its date moved; None: no date was seen.
    dates: DateHistory | None = None
    #: what was forecast, oldest first, as it was stored on the day.
    forecasts: tuple[Said, ...] = ()

    def forecasts_of(self, promise: Promise) -> tuple[Said, ...]:
        """Forecasts that were measured against this promised date while it stood."""
        later = [one.seen_at for one in self.promises if one.seen_at > promise.seen_at]
        until = min(later, default=None)
        return tuple(
            one
            for one in self.forecasts
            if one.due == promise.due_date
            and one.known_from >= promise.seen_at
            and (until is None or one.known_from < until)
        )


def receipt(view: View, facts: MilestoneFacts) -> Receipt:
    """The receipt of one milestone."""
    (plan,) = view.plans([facts])
    reason = plan.withheld or Gate(view).reason(net.DETECTOR, facts.connection_id, facts.subject)
    made = baselines.stored(view.conn, {facts.key}, view.known_at).get(facts.key, ())
    told = agreed.stored(view.conn, {facts.key}, view.known_at).get(facts.key, ())
    ids = {facts.connection_id: [one.subject for one in told]}
    first = plan.original or plan.baseline
    return Receipt(
        facts=facts,
        as_of=view.as_of,
        known_at=view.known_at,
        promises=_promises(view, plan, sound=reason is None),
        states=tuple(
            StateChange(one.new or "unknown", one.observed_after, one.observed_at)
            for one in facts.observed
            if one.field == "state" and not one.is_first
        ),
        baselines=made or (() if plan.baseline is None else (plan.baseline,)),
        agreements=told,
        keys={
            id_: None if item.restricted else item.key
            for (_, id_), item in view.item_facts(ids).items()
        },
        withheld=reason,
        dates=history(
            facts,
            view.calendar,
            view.as_of,
            since=first.at if first is not None else None,
        ),
        forecasts=tuple(
            one
            for one in said(view.conn, {facts.key}, view.known_at).get(facts.key, ())
            if one.as_of <= view.today
        ),
    )


def _promises(view: View, plan: Plan, *, sound: bool) -> tuple[Promise, ...]:
    seen = [one for one in plan.facts.observed if one.field == "due_date"]
    found = []
    for n, one in enumerate(seen):
        until = seen[n + 1].observed_at if n + 1 < len(seen) else view.as_of
        due = date.fromisoformat(one.new[:10]) if one.new else None
        if due is None and one.is_first:
            # No date was there: nothing was promised, and nothing taken away.
            continue
        done = total = None
        if due is not None and view.calendar.end_of(due) <= view.as_of and not plan.facts.unseen:
            leaves = leaves_at(plan.container, view.calendar.end_of(due))
            done, total = sum(leaf.done for leaf in leaves.values()), len(leaves)
        found.append(
            Promise(
                due_date=due,
                is_first=one.is_first,
                seen_after=one.observed_after,
                seen_at=one.observed_at,
                scope=_between(view, plan, one.observed_at, until) if sound else None,
                done=done if sound else None,
                total=total if sound else None,
            )
        )
    return tuple(found)


def _between(view: View, plan: Plan, since: datetime, until: datetime) -> Between | None:
    """None where the plan was made later, and for no time at all."""
    baseline = plan.baseline
    if baseline is None or until <= max(since, baseline.at):
        return None

    def ledger(unit: Unit) -> Ledger:
        return ledger_of(
            plan.container,
            baseline,
            view.calendar,
            grace_days=view.policy.grace_days,
            at=until,
            unit=unit,
            counted_from=since,
        )

    items = ledger(Unit.ITEMS)
    return Between(items.counted_from, items.at, items, ledger(Unit.POINTS))
