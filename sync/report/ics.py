"""The report as a calendar (iCalendar, RFC 5545): promised days, and tentative forecasts."""

import hashlib
from collections.abc import Iterator
from datetime import date

from sync.report.data import MilestoneRow, ReportData

#: Open milestones that get days, those due first.
MILESTONES = 100
#: Longest line, bytes without its end.
_LINE = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def render(data: ReportData) -> str:
    """The calendar. A date that is not known has no event; a forecast is tentative."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//driftline//report//EN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(data.program)}",
    ]
    for row in [one for one in data.milestones if one.state.is_open][:MILESTONES]:
        lines += _events(row, data)
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _events(row: MilestoneRow, data: ReportData) -> Iterator[str]:
    proven = "" if row.forecast_proven else ", unproven"
    days: tuple[tuple[str, date | None, str, str], ...] = (
        ("promised", row.due_date, "promised day", "CONFIRMED"),
        ("p50", row.p50, f"forecast P50{proven}", "TENTATIVE"),
        ("p85", row.p85, f"forecast P85{proven}", "TENTATIVE"),
    )
    for name, day, words, status in days:
        if day is None:
            continue
        told = row.due if name == "promised" else row.forecast
        yield "BEGIN:VEVENT"
        yield f"UID:{_identity(row, data, name)}"
        yield f"DTSTAMP:{data.at:%Y%m%dT%H%M%SZ}"
        # A later report takes the place of an earlier one.
        yield f"SEQUENCE:{data.run_id}"
        yield f"DTSTART;VALUE=DATE:{day.isoformat().replace('-', '')}"
        yield f"SUMMARY:{_text(f'{row.label}: {words}')}"
        yield f"DESCRIPTION:{_text(told)}"
        yield f"STATUS:{status}"
        yield "TRANSP:TRANSPARENT"
        if row.url:
            yield f"URL:{row.url}"
        yield "END:VEVENT"


def _identity(row: MilestoneRow, data: ReportData, name: str) -> str:
    """The same in every report, whatever the milestone is called by then."""
    seed = "\n".join((data.program, row.connection, row.kind.value, row.source_id, name))
    return f"{hashlib.sha256(seed.encode()).hexdigest()[:32]}@driftline"


def _text(text: str) -> str:
    return text.translate(_ESCAPES)


def _folded(line: str) -> str:
    """A long line goes on in the next, after a blank; no letter is cut in two."""
    pieces: list[str] = []
    piece, size = "", 0
    for char in line:
        width = len(char.encode())
        # From the second piece on the blank counts.
        if size + width > _LINE - (1 if pieces else 0):
            pieces.append(piece)
            piece, size = "", 0
        piece += char
        size += width
    return "\r\n ".join([*pieces, piece])
