"""Scope has changed since the baseline."""

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Any

from sync.ledger import agreed, measures
from sync.ledger.destination import DestinationKind, by_destination
from sync.ledger.ledger import EPSILON, Ledger, LineKind
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.scope import plans
from sync.reconcile.detectors.scope.lines import amount, proofs
from sync.reconcile.severity import level
from sync.reconcile.view import Plan, View
from sync.reconcile.words import about_percent, count

ID = "scope.net"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones whose scope grew or shrank beyond the limit."""
    for one in plans.judged(view):
        if isinstance(one, NotChecked):
            yield one
            continue
        plan, ledger = one
        touched = ledger.entered | ledger.left | ledger.resized
        growth = agreed.growth(ledger, {id_: one.since for id_, one in plan.agreed.items()})
        ratio = growth.net
        if ratio is not None:
            ratio += _replanned(view, plan, ledger)
        if ratio is None:
            if touched:
                yield NotChecked(plan.facts.subject, "nothing was planned at its baseline")
            continue
        wider = _widened(len(ledger.planned), thresholds["small_plan"])
        reached = level(
            abs(ratio),
            {
                Severity.MEDIUM: thresholds["net_ratio"] * wider,
                Severity.HIGH: thresholds["high_ratio"] * wider,
            },
            open_at=thresholds["close_at"] if plans.was_open(view, ID, plan) else 1.0,
        )
        if reached is not None and len(touched) >= thresholds["least_items"]:
            yield _found(view, plan, ledger, ratio, reached, thresholds)


def _replanned(view: View, plan: Plan, ledger: Ledger) -> float:
    """What takes a later train, as a share of the plan: a fixed date is held by letting work go."""
    left = {line.item_id for line in ledger.lines if line.kind is LineKind.REMOVED}
    due = plan.facts.due_date
    if not plan.fixed_date or due is None or not left or ledger.baseline <= 0:
        return 0.0
    ends = view.calendar.end_of(due)
    went = by_destination(ledger, view.origins(plan, left), ends, fixed_date=True)
    return went.get(DestinationKind.REPLANNED.value, 0.0) / ledger.baseline


def _widened(planned: int, small: float) -> float:
    """Limits of a small plan are wider by 1/√n: one item more or less is a large share of it."""
    return 1 + 1 / sqrt(planned) if 0 < planned < small else 1.0


def _found(
    view: View,
    plan: Plan,
    ledger: Ledger,
    ratio: float,
    reached: Severity,
    thresholds: Mapping[str, Any],
) -> Found:
    direction = "grew" if ratio > 0 else "shrank"
    # What entered and left again is churn; here it only fills the list.
    hidden = frozenset() if measures.transient_shown(ledger) else ledger.transient
    if plan.percent_allowed:
        change = f"{direction} by {about_percent(ratio)} since its baseline"
    else:
        change = f"has changed since {plans.since(view, ledger)}"
    return Found(
        subject=plan.facts.subject,
        severity=plans.severity(view, plan, reached, thresholds["raise_within"]),
        magnitude=abs(ratio),
        values={
            "milestone": plan.facts.name,
            "change": change,
            "since": plans.since(view, ledger),
            "entered": count(len(ledger.entered), "item"),
            "left": len(ledger.left),
            "resized": len(ledger.resized),
            "before": amount(ledger.baseline, ledger.unit),
            "now": amount(ledger.current, ledger.unit),
            "agreed": _agreed(plan, ledger),
            "held": plans.held(plan),
        },
        evidence=proofs(
            plan,
            ledger,
            [
                line
                for line in ledger.lines
                if line.kind is not LineKind.SPLIT and line.item_id not in hidden
            ],
            view,
        ),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
        channel=plans.channel(plan),
    )


def _agreed(plan: Plan, ledger: Ledger) -> str:
    growth = agreed.growth(ledger, {id_: one.since for id_, one in plan.agreed.items()})
    if growth.agreed <= EPSILON:
        return ""
    return f" What was agreed to is not counted: {amount(growth.agreed, ledger.unit)}."


DETECTOR = Detector(
    id=ID,
    name="Scope has changed since the baseline",
    family="scope",
    needs=plans.NEEDS,
    words=Words(
        title="{milestone}: scope {change}",
        what=(
            "Since {since}, {entered} entered, {left} left and {resized} were re-sized: "
            "from {before} to {now}.{agreed}{held}"
        ),
        so_what="The date was promised for another amount of work than the team has now.",
        who="whoever decides what belongs to {milestone}",
        by_when="before its date is promised again",
        remedy=(
            "Agree which of the changes stay, then set a new baseline, or move items out of "
            "{milestone}."
        ),
        executive=Voice(
            what="The work of {milestone} went from {before} to {now} since {since}.{agreed}{held}",
            remedy="Decide: another date, or less work for this one.",
        ),
        engineer=Voice(
            so_what="The plan you started with is not the plan that counts now.",
            remedy="Look through what entered and left below, and say what cannot be done by then.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "net_ratio": 0.20,
        "high_ratio": 0.40,
        "least_items": 5,
        "small_plan": 25,
        "close_at": 0.8,
        "raise_within": 10,
    },
    explain={
        "net_ratio": "net change of the scope from which it is a finding, as a share of the plan",
        "high_ratio": "net change from which it is high",
        "least_items": "fewest items that entered, left or were re-sized",
        "small_plan": "planned items below which these shares are wider by one over the root of "
        "their number",
        "close_at": "share of the limit below which an open finding closes",
        "raise_within": "working days before its date from which it is one level more",
    },
    detect=detect,
)
