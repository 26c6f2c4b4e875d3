"""As much arrives as is done."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mappings.vocabulary import StatusCategory
from sync.ledger.ledger import Ledger, LineKind
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.detectors.plan import foreseen
from sync.reconcile.detectors.scope import plans
from sync.reconcile.forecasts import MilestoneForecast, forecasts
from sync.reconcile.severity import adjusted
from sync.reconcile.view import Plan, View
from sync.reconcile.words import capped, count, day_of, item_evidence

ID = "plan.diverging"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones into which as much came in some weeks as was done in them."""
    for one in plans.judged(view):
        if isinstance(one, NotChecked):
            yield one
            continue
        plan, ledger = one
        since = view.as_of - timedelta(weeks=thresholds["weeks"])
        if ledger.counted_from > since:
            # A plan is filled in its first weeks; that is no growth.
            continue
        arrived, done = _arrived(ledger, since), _done(plan, since, view.as_of)
        held = view.was_open(ID, plan.facts.connection_id, plan.facts.subject)
        needed = len(done) * (thresholds["close_at"] if held else 1.0)
        if len(arrived) < thresholds["least_items"] or len(arrived) < needed:
            continue
        if plan.open_items:
            yield _found(view, plan, arrived, len(done), since, thresholds)


def _arrived(ledger: Ledger, since: datetime) -> dict[str, datetime]:
    """Items that came into the scope since then, and when."""
    return {
        line.item_id: line.at
        for line in ledger.lines
        if line.kind is LineKind.ADDED and line.at > since
    }


def _done(plan: Plan, since: datetime, until: datetime) -> list[str]:
    """Leaf items of the milestone that were done in this time, and still are."""
    found = []
    for item in plan.container.histories:
        if item.id in plan.leaves and plan.leaves[item.id].done:
            at = item.category.since(until)
            if item.category.told(until) is StatusCategory.DONE and at is not None and at > since:
                found.append(item.id)
    return found


def _found(
    view: View,
    plan: Plan,
    arrived: Mapping[str, datetime],
    done: int,
    since: datetime,
    thresholds: Mapping[str, Any],
) -> Found:
    facts = plan.facts
    forecast: MilestoneForecast | None = forecasts(view).get(facts.key)
    told = forecast is not None and forecast.silent is None
    never = told and forecast is not None and not forecast.made.converges
    severity = adjusted(
        Severity.HIGH if never else Severity.MEDIUM,
        facts.due_date,
        view.today,
        view.calendar,
        on_time=forecast.made.p_on_time if told and forecast is not None else None,
    )
    return Found(
        subject=facts.subject,
        severity=severity,
        magnitude=float(len(arrived) - done + 1),
        values={
            "milestone": facts.name,
            "arrived": count(len(arrived), "item"),
            "done": count(done, "item"),
            "weeks": count(int(thresholds["weeks"]), "week"),
            "open": count(len(plan.open_items), "item"),
            "never": " At this pace it is not done within two years." if never else "",
        },
        evidence=capped(
            [
                Evidence(
                    f"{facts.name}: {count(len(arrived), 'item')} came in and "
                    f"{count(done, 'item')} were done since {day_of(since, view.calendar)}",
                    facts.url,
                    source=facts.subject,
                ),
                *(
                    item_evidence(
                        plan.container.items[id_],
                        f"came in on {day_of(at, view.calendar)}",
                        at=at,
                    )
                    for id_, at in sorted(arrived.items(), key=lambda pair: (pair[1], pair[0]))
                    if id_ in plan.container.items
                ),
            ]
        ),
        connection_id=facts.connection_id,
        milestone=(facts.kind, facts.source_id),
    )


DETECTOR = Detector(
    id=ID,
    name="As much arrives as is done",
    family="plan",
    needs=foreseen.NEEDS,
    words=Words(
        title="{milestone}: {arrived} came in while {done} were done",
        what="In {weeks} {arrived} came in and {done} were done; {open} are open.{never}",
        so_what="As long as that goes on, no date holds, whatever is promised.",
        who="whoever decides what enters {milestone}",
        by_when="before anything else enters",
        remedy="Close {milestone} for new items, or give what comes in a milestone of its own.",
        executive=Voice(
            what="{milestone} grows as fast as it is worked off.{never}",
            remedy="Decide what {milestone} is for, and what comes later.",
        ),
        engineer=Voice(
            remedy="Put what you find on the way into a later milestone unless this one needs it.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={"weeks": 4, "least_items": 3, "close_at": 0.8},
    explain={
        "weeks": "weeks that are looked at; younger plans are not",
        "least_items": "fewest items that must have come in",
        "close_at": "an open finding closes once less than this share of what was done came in",
    },
    detect=detect,
)
