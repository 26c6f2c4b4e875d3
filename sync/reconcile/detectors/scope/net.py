"""Scope has changed since the baseline."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.ledger.ledger import Ledger, LineKind
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Words
from sync.reconcile.detectors.scope.lines import amount, not_judged, proofs
from sync.reconcile.view import Plan, View
from sync.reconcile.words import about_percent, count, day_of

ID = "scope.net"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones whose scope grew or shrank beyond the limit."""
    for plan in view.plans():
        if not plan.facts.state.is_open:
            continue
        reason = not_judged(plan)
        if reason is not None or plan.ledger is None:
            yield NotChecked(plan.facts.subject, reason or "it has no baseline")
            continue
        ledger = plan.ledger
        touched = ledger.entered | ledger.left | ledger.resized
        ratio = ledger.net_ratio
        if ratio is None:
            if touched:
                yield NotChecked(plan.facts.subject, "nothing was planned at its baseline")
            continue
        limit = thresholds["net_ratio"]
        if view.was_open(ID, plan.facts.connection_id, plan.facts.subject):
            limit *= thresholds["close_at"]
        if abs(ratio) + 1e-9 < limit or len(touched) < thresholds["least_items"]:
            continue
        yield _found(view, plan, ledger, ratio, thresholds)


def _found(
    view: View, plan: Plan, ledger: Ledger, ratio: float, thresholds: Mapping[str, Any]
) -> Found:
    high = abs(ratio) + 1e-9 >= thresholds["high_ratio"] and not plan.mass
    direction = "grew" if ratio > 0 else "shrank"
    shown = [line for line in ledger.lines if line.item_id not in ledger.transient]
    if plan.percent_allowed:
        change = f"{direction} by {about_percent(ratio)} since its baseline"
    else:
        change = f"has changed since {day_of(ledger.since, view.calendar)}"
    return Found(
        subject=plan.facts.subject,
        severity=Severity.HIGH if high else Severity.MEDIUM,
        magnitude=abs(ratio),
        values={
            "milestone": plan.facts.name,
            "change": change,
            "since": day_of(ledger.since, view.calendar),
            "entered": count(len(ledger.entered), "item"),
            "left": len(ledger.left),
            "resized": len(ledger.resized),
            "before": amount(ledger.baseline, ledger.unit),
            "now": amount(ledger.current, ledger.unit),
            "held": _held(plan),
        },
        evidence=proofs(
            plan, ledger, [line for line in shown if line.kind is not LineKind.SPLIT], view
        ),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
    )


def _held(plan: Plan) -> str:
    if plan.mass:
        number = sum(len(one.items) for one in plan.mass)
        return (
            f" {count(number, 'item')} changed in one go: "
            "percentages wait until somebody confirms that this was meant."
        )
    if plan.baseline is not None and not plan.baseline.accepted:
        return " Nobody has agreed to a baseline yet, so this is a change since then, no judgement."
    return ""


DETECTOR = Detector(
    id=ID,
    name="Scope has changed since the baseline",
    family="scope",
    needs={
        "jira": ("issues", "changelogs", "versions", "sprints"),
        "github": ("issues", "histories", "milestones"),
        "gitlab": ("issues", "histories", "milestones", "iterations"),
    },
    words=Words(
        title="{milestone}: scope {change}",
        what=(
            "Since {since}, {entered} entered, {left} left and {resized} were re-sized: "
            "from {before} to {now}.{held}"
        ),
        so_what="The date was promised for another amount of work than the team has now.",
        who="whoever decides what belongs to {milestone}",
        by_when="before its date is promised again",
        remedy=(
            "Agree which of the changes stay, then set a new baseline, or move items out of "
            "{milestone}."
        ),
    ),
    channel=Channel.DIGEST,
    defaults={"net_ratio": 0.20, "high_ratio": 0.40, "least_items": 5, "close_at": 0.8},
    explain={
        "net_ratio": "net change of the scope from which it is a finding, as a share of the plan",
        "high_ratio": "net change from which it is high",
        "least_items": "fewest items that entered, left or were re-sized",
        "close_at": "share of the limit below which an open finding closes",
    },
    detect=detect,
)
