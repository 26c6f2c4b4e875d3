"""Work came back from done."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from mappings.vocabulary import StatusCategory
from sync.ledger import measures
from sync.ledger.ledger import Ledger
from sync.ledger.timeline import moving
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.scope import plans
from sync.reconcile.severity import level, worst
from sync.reconcile.view import Plan, View
from sync.reconcile.words import about_percent, capped, count, day_of, item_evidence, verb

ID = "scope.reopened"

#: An unknown status does not prove that work was taken up again.
_ACTIVE = (StatusCategory.TODO, StatusCategory.IN_PROGRESS, StatusCategory.IN_REVIEW)


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones in which work that was done was taken up again."""
    for one in plans.judged(view):
        if isinstance(one, NotChecked):
            yield one
            continue
        plan, ledger = one
        returned = _returned(plan, ledger)
        rate = measures.reopen_rate(ledger, plan.container.by_item) if returned else None
        if rate is None:
            continue
        open_at = thresholds["close_at"] if plans.was_open(view, ID, plan) else 1.0
        by_rate = None
        if len(returned) >= thresholds["least_items"]:
            by_rate = level(rate, {Severity.MEDIUM: thresholds["rate"]}, open_at=open_at)
        most = max(len(times) for times in returned.values())
        again = Severity.HIGH if most >= thresholds["high_times"] else None
        reached = worst(by_rate, again)
        if reached is not None:
            yield _found(view, plan, ledger, returned, rate, reached, thresholds)


def _returned(plan: Plan, ledger: Ledger) -> dict[str, list[datetime]]:
    """When each item came back from done while it was in the milestone, since the baseline."""
    found: dict[str, list[datetime]] = {}
    for item in moving(plan.container.by_item.values(), ledger.since):
        times = [
            change.at
            for change in item.category.changes
            if ledger.since < change.at <= ledger.at
            and change.old is StatusCategory.DONE
            and change.new in _ACTIVE
            and item.stay_at(change.at) is not None
        ]
        if times:
            found[item.id] = times
    return found


def _found(
    view: View,
    plan: Plan,
    ledger: Ledger,
    returned: Mapping[str, list[datetime]],
    rate: float,
    reached: Severity,
    thresholds: Mapping[str, Any],
) -> Found:
    number = len(returned)
    twice = sum(len(times) >= thresholds["high_times"] for times in returned.values())
    part = f", {about_percent(rate)} of what was done" if plan.percent_allowed else ""
    return Found(
        subject=plan.facts.subject,
        severity=plans.severity(view, plan, reached, thresholds["raise_within"]),
        magnitude=float(sum(map(len, returned.values()))),
        values={
            "milestone": plan.facts.name,
            "items": count(number, "item"),
            "verb": verb(number, "was", "were"),
            "part": part,
            "since": plans.since(view, ledger),
            "twice": _twice(twice),
        },
        evidence=capped(
            [
                item_evidence(
                    plan.container.items[id_],
                    f"taken up again on {', '.join(day_of(at, view.calendar) for at in times)}",
                    at=times[-1],
                )
                for id_, times in sorted(
                    returned.items(), key=lambda pair: (-len(pair[1]), pair[1][0], pair[0])
                )
            ]
        ),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
        channel=plans.channel(plan),
    )


def _twice(number: int) -> str:
    if not number:
        return ""
    return f" {count(number, 'item')} {verb(number, 'has', 'have')} come back more than once."


DETECTOR = Detector(
    id=ID,
    name="Work came back from done",
    family="scope",
    needs=plans.NEEDS,
    words=Words(
        title="{milestone}: {items} {verb} taken up again after being done",
        what="Since {since}, {items} {verb} taken up again after being done{part}.{twice}",
        so_what="What counts as done may not be finished, so what is left is more than it looks.",
        who="whoever says what done means for {milestone}",
        by_when="at the next review",
        remedy=(
            "Look at why these came back: what done means, what was not tested, or a new wish "
            "that deserves its own item."
        ),
        executive=Voice(
            what="Some of what was reported done in {milestone} was not finished: {items}.{twice}",
        ),
        engineer=Voice(
            so_what="The same item comes back until its cause is found.",
            remedy="Write into each item what was missing, and add the test that would tell.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "rate": 0.10,
        "least_items": 2,
        "high_times": 2,
        "close_at": 0.8,
        "raise_within": 10,
    },
    explain={
        "rate": "items taken up again from which it is medium, as a share of those that were done",
        "least_items": "fewest items taken up again for that",
        "high_times": "times that one item came back from which it is high",
        "close_at": "share of the limit below which an open finding closes",
        "raise_within": "working days before its date from which it is one level more",
    },
    detect=detect,
)
