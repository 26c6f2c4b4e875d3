"""When a reader gets a mail: weekly, and in between only what cannot wait."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sync.reconcile.contract import FindingState
from sync.report.data import ReportData
from sync.report.sources import BLIND_SPOT
from sync.report.wording import zone

#: A source that stays unread is told every day for so long, and then with the weekly mail.
INSISTING = timedelta(days=7)
KINDS = ("weekly", "daily", "changes")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a reader wants mail."""

    #: weekly; daily: on a day on which something moved; changes: with each run that finds so.
    kind: str = "weekly"
    #: of the weekly mail: 0 is Monday.
    day: int = 0
    #: local time from which it may leave.
    at: time = time(6)
    #: IANA; None: that of the report.
    time_zone: str | None = None


def due(
    data: ReportData,
    *,
    now: datetime,
    last_mailed_at: datetime | None,
    schedule: Schedule | None = None,
) -> str | None:
    """Why to mail now (`first`, `weekly`, `daily`, `changes`, `urgent`, `unread`), or None.

    `urgent`: a high finding or a blind spot that the last mail did not know. `unread`: a source
    was not read, and this reader had no mail today; silence must not look like good news. The week
    begins on the schedule's day and hour in the reader's zone; what was missed is made up for on
    the next run.
    """
    wanted = schedule or Schedule()
    if last_mailed_at is None:
        return "first"
    local = now.astimezone(zone(wanted.time_zone or data.time_zone))
    today = local.replace(
        hour=wanted.at.hour, minute=wanted.at.minute, second=0, microsecond=0, fold=0
    )
    week = today - timedelta(days=(local.weekday() - wanted.day) % 7)
    if local < week:
        week -= timedelta(days=7)
    if last_mailed_at < week <= now:
        return "weekly"
    if data.urgent:
        return "urgent"
    day = today if today <= local else today - timedelta(days=1)
    if data.unread and last_mailed_at < day and _insists(data, now):
        return "unread"
    moved = data.changes.any or bool(data.changes.restated)
    if moved and wanted.kind == "changes":
        return "changes"
    if moved and wanted.kind == "daily" and last_mailed_at < day <= now:
        return "daily"
    return None


def is_weekly(reason: str | None) -> bool:
    """Whether a mail for this reason repeats what stands unchanged; one asked for by hand does."""
    return reason in (None, "first", "weekly")


def _insists(data: ReportData, now: datetime) -> bool:
    """Whether some source has been unread for a week at most; unknown counts as that."""
    since: Collection[datetime] = [
        one.first_seen_at
        for one in data.findings
        if one.detector == BLIND_SPOT and one.state is not FindingState.RESOLVED
    ]
    return not since or now - max(since) <= INSISTING
