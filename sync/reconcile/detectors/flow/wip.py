"""More work is begun at once than is agreed, or than is usual."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sync.flow.concentration import FEW_PEOPLE
from sync.flow.measures import percentile
from sync.reconcile import flow_facts
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.flow_facts import Ongoing, Pair, Started
from sync.reconcile.gate import Gate
from sync.reconcile.view import View
from sync.reconcile.words import capped, count

ID = "flow.wip"

_WEEK = timedelta(days=7)


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Projects and teams with more started items than the limit, or than 85 of 100 weeks had.

    Never told of fewer than three people.
    """
    begun = flow_facts.started(view)
    weeks = [view.as_of - n * _WEEK for n in range(1, int(thresholds["weeks"]) + 1)]
    past = flow_facts.ongoing(view, weeks[-1])
    for project in view.projects:
        key = (project.connection_id, project.source_id)
        mine = begun.get(key, ())
        open_at = _open_at(view, project.connection_id, project.subject, thresholds)
        found = _judged(mine, past.get(key, ()), weeks, thresholds, open_at)
        if isinstance(found, str):
            yield NotChecked(project.subject, found, project.connection_id)
        elif found is not None:
            name, owner = project.key, f"the lead of {project.key}"
            yield _found(project.subject, project.connection_id, name, owner, mine, *found)
    yield from _teams(view, begun, past, weeks, thresholds)


def _teams(
    view: View,
    begun: Mapping[Pair, Sequence[Started]],
    past: Mapping[Pair, Sequence[Ongoing]],
    weeks: Sequence[datetime],
    thresholds: Mapping[str, Any],
) -> Iterable[Found | NotChecked]:
    if not any(view.team_rules.values()):
        return
    now = [one for mine in begun.values() for one in mine]
    then = [one for mine in past.values() for one in mine]
    told = view.teams(
        flow_facts.by_connection([*(one.pair for one in now), *(one.pair for one in then)])
    )
    gate = Gate(view)
    for team in sorted({one for one in told.values() if one is not None}):
        mine = [one for one in now if told[one.pair] == team]
        others = [one for one in then if told[one.pair] == team]
        projects = {one.project for one in mine} | {one.project for one in others}
        lacking = [
            reason
            for connection_id, id_ in sorted(projects)
            if (reason := gate.reason(DETECTOR, connection_id, f"project:{id_}")) is not None
        ]
        open_at = _open_at(view, None, f"team:{team}", thresholds)
        found = lacking[0] if lacking else _judged(mine, others, weeks, thresholds, open_at)
        if isinstance(found, str):
            yield NotChecked(f"team:{team}", found)
        elif found is not None:
            yield _found(f"team:{team}", None, team, f"team {team}", mine, *found)


def _open_at(
    view: View, connection_id: int | None, subject: str, thresholds: Mapping[str, Any]
) -> float:
    """Share of the limit above which it is told: an open finding closes later than it opened."""
    return float(thresholds["close_at"]) if view.was_open(ID, connection_id, subject) else 1.0


def _judged(
    now: Sequence[Started],
    past: Sequence[Ongoing],
    weeks: Sequence[datetime],
    thresholds: Mapping[str, Any],
    open_at: float,
) -> tuple[Severity, int, str] | str | None:
    """(how bad, the limit, where it comes from), or why it cannot be told; None: within it."""
    if not now:
        return None
    if len({one.assignee_id for one in past} - {None}) < FEW_PEOPLE:
        return f"fewer than {FEW_PEOPLE} people work there, so nothing is told of them"
    limit, words = int(thresholds["limit"]), "is agreed"
    if not limit:
        if not all(one.flow.whole for one in past):
            return "the history of some of its items is not complete"
        counts = [
            sum((stage := one.flow.at(week)) is not None and stage.is_started for one in past)
            for week in weeks
        ]
        # Weeks before anybody worked there say nothing.
        known = counts[: max((n + 1 for n, number in enumerate(counts) if number), default=0)]
        if len(known) < thresholds["least_weeks"]:
            return f"fewer than {thresholds['least_weeks']} weeks tell what is usual"
        limit = math.ceil(percentile(map(float, known), thresholds["share"]) or 0.0)
        words = f"it had in {round(thresholds['share'] * 100)} of 100 weeks"
    if len(now) <= limit * open_at:
        return None
    many = len(now) > thresholds["medium_times"] * limit
    return (Severity.MEDIUM if many else Severity.LOW, limit, words)


def _found(
    subject: str,
    connection_id: int | None,
    name: str,
    owner: str,
    items: Sequence[Started],
    severity: Severity,
    limit: int,
    words: str,
) -> Found:
    return Found(
        subject=subject,
        severity=severity,
        magnitude=float(len(items)),
        values={
            "where": name,
            "owner": owner,
            "items": count(len(items), "item"),
            "limit": limit,
            "over": "more than" if len(items) > limit else "not clearly fewer than",
            "words": words,
        },
        evidence=capped(
            [one.evidence("in progress", one.flow.started_at) for one in _oldest(items)]
        ),
        connection_id=connection_id,
    )


def _oldest(items: Sequence[Started]) -> list[Started]:
    """Those begun first come first; of unknown start last."""
    return sorted(
        items,
        key=lambda one: (
            one.flow.started_at is None,
            one.flow.started_at.isoformat() if one.flow.started_at else "",
            one.id,
        ),
    )


DETECTOR = Detector(
    id=ID,
    name="More work is begun at once than usual",
    family="flow",
    needs=flow_facts.NEEDS,
    words=Words(
        title="{where}: {items} begun at once",
        what="{items} are in progress in {where}, {over} the {limit} that {words}.",
        so_what="What is begun at once is done later: each item waits for the others.",
        who="{owner}",
        by_when="at the next planning",
        remedy="Finish before you begin: choose what waits, and put it back.",
        executive=Voice(what="In {where} more is begun at once than can be finished soon."),
        engineer=Voice(remedy="Help to finish the oldest of the items below before the next one."),
    ),
    channel=Channel.OFF,
    defaults={
        "limit": 0,
        "share": 0.85,
        "medium_times": 1.5,
        "weeks": 26,
        "least_weeks": 8,
        "close_at": 0.8,
    },
    explain={
        "limit": "most items at once that are agreed; 0: what is usual",
        "share": "share of weeks that had fewer, above which it is more than usual",
        "medium_times": "times the limit above which it is medium",
        "weeks": "weeks that say what is usual",
        "least_weeks": "fewest weeks that say something",
        "close_at": "share of the limit below which an open finding closes",
    },
    detect=detect,
    about="project",
    standing=2,
)
