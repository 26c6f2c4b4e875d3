"""The date has passed and work is open, or nothing has happened for weeks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.ledger.timeline import ItemHistory
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
from sync.reconcile.view import Plan, View
from sync.reconcile.words import capped, count, day, day_of, item_evidence, verb
from sync.store import schema
from sync.store.tables_code import change_request
from sync.store.tables_judged import change_link

ID = "plan.overdue"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones whose date passed some working days ago, or that fell silent."""
    for plan in view.plans([one for one in view.judged if one.state.is_open]):
        due = plan.facts.due_date
        if due is not None and due < view.today and plan.facts.unseen:
            yield NotChecked(plan.facts.subject, "its date was not known to us at that time")
            continue
        if not plan.open_items:
            continue
        days = view.calendar.between(due, view.today) if due is not None else 0
        if days >= thresholds["from_days"]:
            yield _past(view, plan, days, thresholds)
        elif _has_begun(plan):
            last = _last_sign(view, plan)
            if last is not None:
                quiet = view.calendar.between(view.calendar.local_date(last), view.today)
                if quiet >= thresholds["silent_days"]:
                    yield _silent(view, plan, last, quiet)


def _past(view: View, plan: Plan, days: int, thresholds: Mapping[str, Any]) -> Found:
    facts, due, items = plan.facts, plan.facts.due_date, plan.open_items
    assert due is not None
    number = count(len(items), "item")
    past = count(days, "working day")
    return Found(
        subject=facts.subject,
        severity=Severity.HIGH if days > thresholds["high_over_days"] else Severity.MEDIUM,
        # Days pass by themselves: it is worse when the level rises or more work is open.
        magnitude=len(items),
        values={
            "milestone": facts.name,
            "title": f"{facts.name} is {past} past its date with {number} open",
            "what": (
                f"{facts.name} was due on {day(due)}. {number} of {len(plan.leaves)} "
                f"{verb(len(items), 'is', 'are')} still open."
            ),
            "so_what": "Whoever relies on this date is waiting, or no longer believes in dates.",
            "by_when": "now",
            "remedy": (
                f"Set a date that can hold, close {facts.name}, or move the open items out of it."
            ),
        },
        evidence=(
            Evidence(
                f"{facts.name} was due on {day(due)} and is not closed",
                facts.url,
                view.calendar.end_of(due),
                facts.subject,
            ),
            *capped([item_evidence(item, "still open") for item in items]),
        ),
        connection_id=facts.connection_id,
        milestone=(facts.kind, facts.source_id),
    )


def _silent(view: View, plan: Plan, last: datetime, quiet: int) -> Found:
    facts, items = plan.facts, plan.open_items
    number, days = count(len(items), "open item"), count(quiet, "working day")
    return Found(
        subject=facts.subject,
        severity=Severity.MEDIUM,
        magnitude=len(items),
        values={
            "milestone": facts.name,
            "title": f"{facts.name}: nothing has happened for {days}",
            "what": (
                f"{facts.name} has {number}, and nothing was seen to happen in it since "
                f"{day_of(last, view.calendar)}."
            ),
            "so_what": "Either nobody works on it, or nobody writes down what is done.",
            "by_when": "at the next meeting",
            "remedy": f"Ask whether {facts.name} is still wanted; close it or say when it goes on.",
        },
        evidence=(
            Evidence(
                f"{facts.name}: last seen to move on {day_of(last, view.calendar)}",
                facts.url,
                last,
                facts.subject,
            ),
            *capped([item_evidence(item, "open") for item in items]),
        ),
        connection_id=facts.connection_id,
        rule="silent",
        milestone=(facts.kind, facts.source_id),
    )


def _has_begun(plan: Plan) -> bool:
    """Whether somebody was seen to work on it: what was not begun yet is quiet by right.

    A status alone is no proof: a host calls every issue open that nobody has closed.
    """
    return any(item.category.changes for item in plan.container.histories if item.id in plan.leaves)


def _last_sign(view: View, plan: Plan) -> datetime | None:
    """The last instant (UTC) at which anything of it was seen to move; None: it may be later.

    An item that changed after the view's instant was overwritten: what it was before is not known.
    """
    ids = [item.id for item in plan.container.histories]
    connection_id = plan.facts.connection_id
    found = [at for item in plan.container.histories for at in _instants(item) if at <= view.as_of]
    for (at,) in view.select(schema.work_item, ("updated_at",), connection_id, ids):
        if at is not None:
            if at > view.as_of:
                return None
            found.append(at)
    found.extend(_of_changes(view, connection_id, ids))
    return max(found, default=None)


def _instants(item: ItemHistory) -> set[datetime]:
    return {*item.instants(), *item.category.ats}


def _of_changes(view: View, connection_id: int, ids: Sequence[str]) -> list[datetime]:
    """When changes that speak of these items last moved."""
    c, r = change_link.c, change_request.c
    found: list[datetime] = []
    for start in range(0, len(ids), 500):
        rows = view.conn.execute(
            sa.select(sa.func.max(r.updated_at, type_=r.updated_at.type))
            .join(
                change_link,
                sa.and_(r.connection_id == c.from_connection_id, r.source_id == c.from_id),
            )
            .where(
                c.to_connection_id == connection_id,
                c.to_kind == "work_item",
                c.to_id.in_(ids[start : start + 500]),
                c.first_seen_at <= view.known_at,
            )
        )
        found.extend(at for at in rows.scalars() if at is not None)
    return found


DETECTOR = Detector(
    id=ID,
    name="The date has passed and work is open, or it fell silent",
    family="plan",
    needs={
        "jira": ("issues", "changelogs", "versions", "sprints"),
        "github": ("issues", "histories", "milestones"),
        "gitlab": ("issues", "histories", "milestones", "iterations"),
    },
    words=Words(
        title="{title}",
        what="{what}",
        so_what="{so_what}",
        who="the owner of {milestone}",
        by_when="{by_when}",
        remedy="{remedy}",
        executive=Voice(
            what="{title}.",
            remedy="Ask for a date that can hold, or whether all of it is still wanted.",
        ),
        engineer=Voice(
            remedy="Say for each open item below when it will be done, or that it can wait.",
        ),
    ),
    channel=Channel.MAILED,
    defaults={"from_days": 3, "high_over_days": 5, "silent_days": 15},
    explain={
        "from_days": "working days past the date from which it is a finding",
        "high_over_days": "working days past the date above which it is high",
        "silent_days": "working days without any sign of life from which it is called silent",
    },
    detect=detect,
    rules={
        "": "The date has passed and work is open",
        "silent": "The date has not passed, and nothing has happened for weeks in what was begun",
    },
)
