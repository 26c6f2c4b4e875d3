"""When a report is mailed: weekly on a Monday morning, in between only for what cannot wait."""

from datetime import datetime, timedelta

from sync.report.data import ReportData
from sync.report.wording import zone

#: Local hour from which the Monday mail may leave.
MORNING = 6


def due(data: ReportData, *, now: datetime, last_mailed_at: datetime | None) -> str | None:
    """Why to mail now (`first`, `weekly`, `urgent`), or None.

    `urgent`: a high finding or a blind spot that the last mail did not know. The week begins on
    Monday at MORNING in the report's time zone; a missed Monday is made up for on the next run.
    """
    if last_mailed_at is None:
        return "first"
    if data.urgent:
        return "urgent"
    local = now.astimezone(zone(data.time_zone))
    monday = (local - timedelta(days=local.weekday())).replace(
        hour=MORNING, minute=0, second=0, microsecond=0
    )
    if local < monday:
        monday -= timedelta(days=7)
    return "weekly" if last_mailed_at < monday <= now else None
