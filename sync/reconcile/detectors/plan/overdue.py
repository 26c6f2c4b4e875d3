"""The date has passed and work is open."""

from collections.abc import Iterable, Mapping
from typing import Any

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
from sync.reconcile.view import View
from sync.reconcile.words import capped, count, day, item_evidence

ID = "plan.overdue"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones whose date passed some working days ago."""
    late = [
        one
        for one in view.judged
        if one.state.is_open and one.due_date is not None and one.due_date < view.today
    ]
    for plan in view.plans(late):
        due = plan.facts.due_date
        assert due is not None
        if plan.facts.unseen:
            yield NotChecked(plan.facts.subject, "its date was not known to us at that time")
            continue
        days = view.calendar.between(due, view.today)
        items = plan.open_items
        if days < thresholds["from_days"] or not items:
            continue
        total = len(plan.leaves)
        yield Found(
            subject=plan.facts.subject,
            severity=Severity.HIGH if days > thresholds["high_over_days"] else Severity.MEDIUM,
            # Days pass by themselves: it is worse when the level rises or more work is open.
            magnitude=len(items),
            values={
                "milestone": plan.facts.name,
                "due": day(due),
                "days": count(days, "working day"),
                "open": count(len(items), "item"),
                "verb": "is" if len(items) == 1 else "are",
                "total": total,
            },
            evidence=(
                Evidence(
                    f"{plan.facts.name} was due on {day(due)} and is not closed",
                    plan.facts.url,
                    view.calendar.end_of(due),
                    plan.facts.subject,
                ),
                *capped([item_evidence(item, "still open") for item in items]),
            ),
            connection_id=plan.facts.connection_id,
            milestone=(plan.facts.kind, plan.facts.source_id),
        )


DETECTOR = Detector(
    id=ID,
    name="The date has passed and work is open",
    family="plan",
    needs={
        "jira": ("issues", "changelogs", "versions", "sprints"),
        "github": ("issues", "histories", "milestones"),
        "gitlab": ("issues", "histories", "milestones", "iterations"),
    },
    words=Words(
        title="{milestone} is {days} past its date with {open} open",
        what="{milestone} was due on {due}. {open} of {total} {verb} still open.",
        so_what="Whoever relies on this date is waiting, or no longer believes in dates.",
        who="the owner of {milestone}",
        by_when="now",
        remedy="Set a date that can hold, close {milestone}, or move the open items out of it.",
        executive=Voice(
            what="{milestone} was promised for {due} and is not finished: {open} of {total} open.",
            remedy="Ask for a date that can hold, or for what can be left out.",
        ),
        engineer=Voice(
            remedy="Say for each open item below when it will be done, or that it can wait.",
        ),
    ),
    channel=Channel.MAILED,
    defaults={"from_days": 3, "high_over_days": 5},
    explain={
        "from_days": "working days past the date from which it is a finding",
        "high_over_days": "working days past the date above which it is high",
    },
    detect=detect,
)
