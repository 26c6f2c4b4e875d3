"""Estimates of planned work grew after the start."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.ledger import measures
from sync.ledger.ledger import EPSILON, Ledger
from sync.ledger.timeline import ABSENT
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.scope import plans
from sync.reconcile.severity import level
from sync.reconcile.view import Plan, View
from sync.reconcile.words import about_percent, capped, count, item_evidence, size, verb

ID = "scope.reestimate"

#: (item id, points when planned, points now).
_Growth = tuple[str, float, float]


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones whose planned items were estimated higher than when planned."""
    for one in plans.judged(view):
        if isinstance(one, NotChecked):
            yield one
            continue
        plan, ledger = one
        grown = _grown(plan, ledger)
        inflation = measures.inflation(ledger, plan.container.by_item)
        ratio = inflation.ratio if inflation is not None else 0.0
        open_at = thresholds["close_at"] if plans.was_open(view, ID, plan) else 1.0
        reached = level(
            ratio,
            {Severity.MEDIUM: thresholds["growth"], Severity.HIGH: thresholds["high_growth"]},
            open_at=open_at,
        )
        large = [one for one in grown if _is_large(one, thresholds)]
        if reached is not None or large:
            yield _found(view, plan, ledger, grown, large, ratio, reached, thresholds)


def _grown(plan: Plan, ledger: Ledger) -> list[_Growth]:
    """Planned items still in whose estimate grew before they were done, the most first."""
    found = []
    for id_ in ledger.planned & ledger.present:
        if ledger.before.get(id_) is ledger.now.get(id_, ABSENT):
            continue
        item = plan.container.history(id_)
        before, now = ledger.was(item).points, ledger.stands(item).points
        if before is not None and now is not None and now > before + EPSILON:
            found.append((id_, before, now))
    return sorted(found, key=lambda one: (one[1] - one[2], one[0]))


def _is_large(one: _Growth, thresholds: Mapping[str, Any]) -> bool:
    _, before, now = one
    more, times = thresholds["item_points"], thresholds["item_times"]
    return bool(now - before >= more and now >= before * times)


def _found(
    view: View,
    plan: Plan,
    ledger: Ledger,
    grown: list[_Growth],
    large: list[_Growth],
    ratio: float,
    reached: Severity | None,
    thresholds: Mapping[str, Any],
) -> Found:
    shown = grown if reached is not None else large
    more = sum(now - before for _, before, now in shown)
    if reached is not None and plan.percent_allowed:
        change = f"estimates of planned work grew by {about_percent(ratio)}"
    else:
        change = f"{count(len(shown), 'planned item')} {verb(len(shown), 'was', 'were')} "
        change += "estimated higher"
    return Found(
        subject=plan.facts.subject,
        severity=plans.severity(view, plan, reached or Severity.LOW, thresholds["raise_within"]),
        magnitude=max(ratio, 0.0) if reached is not None else more,
        values={
            "milestone": plan.facts.name,
            "change": change,
            "since": plans.since(view, ledger),
            "items": count(len(shown), "planned item"),
            "verb": verb(len(shown), "was", "were"),
            "more": f"{size(more)} {'point' if more == 1 else 'points'}",
            "large": _large(large),
            "held": plans.held(plan),
        },
        evidence=capped(
            [
                item_evidence(
                    plan.container.items[id_],
                    f"planned with {_points(before)}, now {_points(now)}",
                )
                for id_, before, now in shown
            ]
        ),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
        channel=plans.channel(plan) if reached is not None else Channel.DIGEST,
    )


def _points(number: float) -> str:
    return f"{size(number)} {'point' if number == 1 else 'points'}"


def _large(large: list[_Growth]) -> str:
    if not large:
        return ""
    return f" {count(len(large), 'item')} at least doubled."


DETECTOR = Detector(
    id=ID,
    name="Estimates of planned work grew",
    family="scope",
    needs=plans.NEEDS,
    words=Words(
        title="{milestone}: {change}",
        what=(
            "{items} {verb} estimated {more} higher in all than when planned on {since}, before "
            "being done.{large}{held}"
        ),
        so_what="The work is larger than the date allowed for, though nothing entered.",
        who="whoever decides what belongs to {milestone}",
        by_when="at the next planning",
        remedy="Find out what was learnt about these items, and cut them down or move the date.",
        executive=Voice(
            what="Work planned for {milestone} turned out larger than estimated: {change}.{held}",
            so_what="The date was promised for less work than this has become.",
        ),
        engineer=Voice(
            remedy=(
                "Write into the item what made it larger; split off what {milestone} does not need."
            ),
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "growth": 0.15,
        "high_growth": 0.30,
        "item_times": 2,
        "item_points": 5,
        "close_at": 0.8,
        "raise_within": 10,
    },
    explain={
        "growth": "growth of the estimates of planned items still in from which it is medium",
        "high_growth": "growth from which it is high",
        "item_times": "times its planned estimate from which a single item is low",
        "item_points": "points more than planned from which a single item is low",
        "close_at": "share of the limit below which an open finding closes",
        "raise_within": "working days before its date from which it is one level more",
    },
    detect=detect,
)
