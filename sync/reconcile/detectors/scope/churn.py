"""Much of the plan was replaced, however much of it there is now."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.ledger import measures
from sync.ledger.ledger import Ledger, LineKind
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.scope import plans
from sync.reconcile.detectors.scope.lines import amount, proofs
from sync.reconcile.severity import level, worst
from sync.reconcile.view import Plan, View
from sync.reconcile.words import count

ID = "scope.churn"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones of whose plan much entered, left or was re-sized, whatever the net."""
    for one in plans.judged(view):
        if isinstance(one, NotChecked):
            yield one
            continue
        plan, ledger = one
        moved = {line.item_id for line in ledger.lines if line.kind in _MOVES}
        churn, swap = measures.churn(ledger), measures.swap(ledger)
        if churn is None or swap is None:
            if moved:
                yield NotChecked(plan.facts.subject, "nothing was planned at its baseline")
            continue
        open_at = thresholds["close_at"] if plans.was_open(view, ID, plan) else 1.0
        reached = worst(
            level(
                churn,
                {Severity.MEDIUM: thresholds["churn"], Severity.HIGH: thresholds["high_churn"]},
                open_at=open_at,
            ),
            level(swap, {Severity.MEDIUM: thresholds["swap"]}, open_at=open_at),
        )
        if reached is not None and len(moved) >= thresholds["least_items"]:
            yield _found(view, plan, ledger, churn, swap, reached, thresholds)


_MOVES = (LineKind.ADDED, LineKind.REMOVED, LineKind.REESTIMATED)


def _found(
    view: View,
    plan: Plan,
    ledger: Ledger,
    churn: float,
    swap: float,
    reached: Severity,
    thresholds: Mapping[str, Any],
) -> Found:
    lines = [line for line in ledger.lines if line.kind in _MOVES]
    # Growth alone is what scope.net says; it is told once.
    grew_only = (
        swap + 1e-9 < thresholds["swap"] and churn <= abs(measures.net_known(ledger) or 0.0) + 1e-9
    )
    moved = f"{plans.share(plan, churn)} moved"
    return Found(
        subject=plan.facts.subject,
        severity=plans.severity(view, plan, reached, thresholds["raise_within"]),
        magnitude=churn,
        values={
            "milestone": plan.facts.name,
            "moved": moved,
            "since": plans.since(view, ledger),
            "entered": amount(ledger.added, ledger.unit),
            "left": amount(ledger.removed, ledger.unit),
            "resized": count(
                len({line.item_id for line in lines if line.kind is LineKind.REESTIMATED}), "item"
            ),
            "before": amount(ledger.baseline, ledger.unit),
            "now": amount(ledger.current, ledger.unit),
            "passing": _passing(ledger),
            "held": plans.held(plan),
        },
        evidence=proofs(plan, ledger, lines, view),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
        channel=Channel.DIGEST if grew_only else plans.channel(plan),
    )


def _passing(ledger: Ledger) -> str:
    number = len(ledger.transient)
    return f" {count(number, 'item')} entered and left again." if number else ""


DETECTOR = Detector(
    id=ID,
    name="Much of the plan was replaced",
    family="scope",
    needs=plans.NEEDS,
    words=Words(
        title="{milestone}: {moved} since {since}",
        what=(
            "Since {since}, {entered} entered, {left} left and {resized} were re-sized; "
            "the sum went from {before} to {now}.{passing}{held}"
        ),
        so_what=(
            "Work that was started is dropped and other work begins: a plan of the same size "
            "is still another plan."
        ),
        who="whoever decides what belongs to {milestone}",
        by_when="at the next planning",
        remedy="Agree what {milestone} is for, and let only that enter until its date.",
        executive=Voice(
            what="{milestone} is no longer the plan it was on {since}: {moved}.{held}",
            so_what="What was promised then and what is being built now are different things.",
            remedy="Say again what {milestone} must deliver, and what may wait.",
        ),
        engineer=Voice(
            so_what="Items you began may no longer be in the plan; look before you go on.",
            remedy="Check that what you work on is still in {milestone}; ask where it is not.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "churn": 0.30,
        "high_churn": 0.60,
        "swap": 0.20,
        "least_items": 5,
        "close_at": 0.8,
        "raise_within": 10,
    },
    explain={
        "churn": "what entered, left and was re-sized from which it is medium, as a share of the "
        "plan",
        "high_churn": "share from which it is high",
        "swap": "the smaller of what entered and what left from which it is medium, as a share of "
        "the plan",
        "least_items": "fewest items that entered, left or were re-sized",
        "close_at": "share of the limit below which an open finding closes",
        "raise_within": "working days before its date from which it is one level more",
    },
    detect=detect,
)
