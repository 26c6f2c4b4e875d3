"""Work entered in the last quarter of the planned time."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.ledger.ledger import Ledger, Line, LineKind
from sync.ledger.measures import late_from
from sync.ledger.origin import OriginKind, origin
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.scope import plans
from sync.reconcile.detectors.scope.lines import amount, proofs
from sync.reconcile.view import Plan, View
from sync.reconcile.words import count, day, day_of

ID = "scope.late-add"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones that took in work late and still hold it."""
    dated = [one for one in view.judged if one.due_date is not None]
    for one in plans.judged(view, dated):
        if isinstance(one, NotChecked):
            yield one
            continue
        plan, ledger = one
        late = _late(view, plan, ledger, thresholds["last_part"])
        if not late:
            continue
        if ledger.baseline <= 0:
            yield NotChecked(plan.facts.subject, "nothing was planned at its baseline")
            continue
        added = sum(line.amount for line in late)
        share = added / ledger.baseline
        items = {line.item_id for line in late}
        limit = thresholds["least_share"]
        if plans.was_open(view, ID, plan):
            limit *= thresholds["close_at"]
        if len(items) >= thresholds["least_items"] and share + 1e-9 >= limit:
            yield _found(view, plan, ledger, late, added, share)


def _late(view: View, plan: Plan, ledger: Ledger, part: float) -> list[Line]:
    assert plan.facts.due_date is not None
    due = view.calendar.end_of(plan.facts.due_date)
    if due <= ledger.since:
        return []
    begins, entered = late_from(ledger.since, due, part), ledger.entered
    return [
        line
        for line in ledger.lines
        if line.kind is LineKind.ADDED
        and line.reason == "entered"
        and line.item_id in entered
        and begins <= line.at < due
    ]


def _found(
    view: View, plan: Plan, ledger: Ledger, late: list[Line], added: float, share: float
) -> Found:
    assert plan.facts.due_date is not None
    facts = view.origins(plan, {line.item_id for line in late})
    due = view.calendar.end_of(plan.facts.due_date)
    new = sum(
        line.amount
        for line in late
        if origin(line, facts[line.item_id], ledger, due) is OriginKind.NEW
    )
    mostly_new = new > added / 2
    return Found(
        subject=plan.facts.subject,
        # The date is always near: that alone makes it no worse.
        severity=Severity.HIGH if mostly_new and not plan.mass else Severity.MEDIUM,
        magnitude=share,
        values={
            "milestone": plan.facts.name,
            "items": count(len({line.item_id for line in late}), "item"),
            "added": amount(added, ledger.unit),
            "planned": amount(ledger.baseline, ledger.unit),
            "due": day(plan.facts.due_date),
            "first": day_of(late[0].at, view.calendar),
            "mostly": "Most of it is new work." if mostly_new else "Less than half is new work.",
        },
        evidence=proofs(plan, ledger, late, view),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
        channel=plans.channel(plan),
    )


DETECTOR = Detector(
    id=ID,
    name="Work entered late",
    family="scope",
    needs=plans.NEEDS,
    words=Words(
        title="{milestone}: {items} entered shortly before its date",
        what=(
            "{items} ({added}) entered since {first}; {planned} were planned and the date is "
            "{due}. {mostly}"
        ),
        so_what="Late work is tested least, and the plan made no room for it.",
        who="whoever decides what belongs to {milestone}",
        by_when="before {due}",
        remedy="Move what can wait to a later milestone, or agree on a later date.",
        executive=Voice(
            what="{items} entered {milestone} shortly before its date, {due}. {mostly}",
            so_what="What enters last is tested least, and puts the date at risk.",
        ),
        engineer=Voice(
            remedy="Say now which of these cannot be built and tested before {due}.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={"last_part": 0.25, "least_items": 2, "least_share": 0.05, "close_at": 0.8},
    explain={
        "last_part": "last part of the time between baseline and date that counts as late",
        "least_items": "fewest items that entered late",
        "least_share": "smallest size of what entered late, as a share of the plan",
        "close_at": "share of the limit below which an open finding closes",
    },
    detect=detect,
)
