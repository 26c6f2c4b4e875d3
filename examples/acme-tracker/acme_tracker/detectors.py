"""Judgements that Acme Tracker brings along."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Words,
)
from sync.reconcile.view import View


def unowned(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open goals that end soon and hold open work of nobody's."""
    for plan in view.plans([one for one in view.judged if one.state.is_open]):
        goal = plan.facts
        if view.connections[goal.connection_id][1] != "acme" or goal.due_date is None:
            continue
        days = view.calendar.between(view.today, goal.due_date)
        lost = [one for one in plan.open_items if one.assignee_id is None]
        if goal.due_date < view.today or days > thresholds["within_days"] or not lost:
            continue
        number = f"{len(lost)} ticket{'s' if len(lost) > 1 else ''}"
        yield Found(
            subject=goal.subject,
            severity=Severity.HIGH if days <= thresholds["high_within_days"] else Severity.MEDIUM,
            magnitude=len(lost),
            values={"goal": goal.name, "number": number, "due": goal.due_date.isoformat()},
            evidence=tuple(
                Evidence(
                    f"{one.key} {one.title}: nobody's",
                    one.url,
                    source=one.subject,
                    restricted=one.restricted,
                )
                for one in lost
            ),
            connection_id=goal.connection_id,
            milestone=(goal.kind, goal.source_id),
        )


DETECTORS = (
    Detector(
        id="acme.unowned",
        name="Work that is due soon belongs to nobody",
        family="acme",
        needs={"acme": ("tickets", "milestones")},
        words=Words(
            title="{goal} ends on {due} with {number} of nobody's",
            what="{number} of {goal} are open and belong to nobody; it ends on {due}.",
            so_what="What nobody has taken up will not be done by then.",
            who="the owner of {goal}",
            by_when="the next stand-up",
            remedy="Give each of them an owner, or move it out of {goal}.",
        ),
        channel=Channel.DIGEST,
        defaults={"within_days": 10, "high_within_days": 3},
        explain={
            "within_days": "working days before the end of a goal from which it is a finding",
            "high_within_days": "working days before the end from which it is high",
        },
        detect=unowned,
        contract=1,
    ),
)
