"""The report's lists as CSV (RFC 4180): one table each, with columns that stay.

UTF-8 without a byte order mark. What is not known is an empty cell, never a zero.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from sync.report.clean import cell
from sync.report.data import Item, LedgerRow, MilestoneRow, ReportData
from sync.report.rendering import TABLES
from sync.report.text import destination_words, origin_words

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column: its name, what it holds, and its value in a row."""

    name: str
    meaning: str
    value: Callable[[Row], Any]


FINDINGS: tuple[Column[Item], ...] = (
    Column("fingerprint", "stable identity", lambda row: row.fingerprint),
    Column("detector", "what found it", lambda row: row.detector),
    Column("rule", "rule inside the detector, if it has several", lambda row: row.rule),
    Column("severity", "low, medium, high, critical", lambda row: row.severity.value),
    Column(
        "previous_severity",
        "severity before, where it was there",
        lambda row: row.previous_severity.value if row.previous_severity else None,
    ),
    Column("state", "where it is in its life", lambda row: row.state.value),
    Column("channel", "mailed or digest", lambda row: row.channel.value),
    Column("connection", "connection it is about", lambda row: row.connection),
    Column("subject", "what it is about", lambda row: row.subject_label),
    Column("milestone", "milestone it is about", lambda row: row.milestone),
    Column("title", "the finding in one line", lambda row: row.title),
    Column("what", "what was seen", lambda row: row.what),
    Column("so_what", "why it matters", lambda row: row.so_what),
    Column("who", "who can act", lambda row: row.who),
    Column("by_when", "until when", lambda row: row.by_when),
    Column("remedy", "what to do", lambda row: row.remedy),
    Column("magnitude", "grows when it gets worse", lambda row: row.magnitude),
    Column("age_days", "whole days, where evidence tells it", lambda row: _age(row)),
    Column("first_seen_at", "first seen (UTC)", lambda row: row.first_seen_at),
    Column("last_seen_at", "last seen (UTC)", lambda row: row.last_seen_at),
    Column("resolved_at", "when it was gone (UTC)", lambda row: row.resolved_at),
    Column("evidence", "pieces of evidence that this reader may see", lambda r: len(r.evidence)),
    Column("hidden_evidence", "pieces about restricted items", lambda row: row.hidden_evidence),
    Column("url", "best place to look", lambda row: row.url),
    Column("owner", "person or team whose it is", lambda row: row.owner),
    Column("impact_days", "days by which a promised date moves", lambda row: row.impact_days),
    Column("impact", "the same in words", lambda row: row.impact),
    Column("flips", "how often it came and went lately", lambda row: row.flips),
    Column("answer", "what a person answered", lambda r: r.answer.kind.value if r.answer else None),
    Column("answered_by", "who answered", lambda r: r.answer.author if r.answer else None),
    Column("answer_until", "last day it holds", lambda r: r.answer.until if r.answer else None),
    Column("answer_reason", "why", lambda row: row.answer.reason if row.answer else None),
)
MILESTONES: tuple[Column[MilestoneRow], ...] = (
    Column("milestone", "name as the report tells it", lambda row: row.label),
    Column("connection", "connection it is read from", lambda row: row.connection),
    Column("project", "key of its project", lambda row: row.project_key),
    Column("kind", "version, sprint, milestone, …", lambda row: row.kind.value),
    Column("source_id", "identity in its source", lambda row: row.source_id),
    Column("state", "future, active, closed, …", lambda row: row.state.value),
    Column("start_date", "first day", lambda row: row.start_date),
    Column("due_date", "promised day", lambda row: row.due_date),
    Column(
        "former_due_dates",
        "promised days before, oldest first, with blanks between",
        lambda row: " ".join(one.isoformat() for one in row.former_due_dates),
    ),
    Column("days_past_due", "calendar days with open work", lambda row: row.days_past_due),
    Column("done_items", "done items", lambda row: row.done_items),
    Column("total_items", "all items", lambda row: row.total_items),
    Column("unestimated_items", "items without a size", lambda row: row.unestimated_items),
    Column("p50", "day by which half of the runs are done", lambda row: row.p50),
    Column("p85", "day by which 85 % of the runs are done", lambda row: row.p85),
    Column("percent_on_time", "in steps of five", lambda row: row.percent_on_time),
    Column("forecast_proven", "whether past forecasts held", lambda row: row.forecast_proven),
    Column("forecast", "the same in words, or why there is none", lambda row: row.forecast),
    Column("net_ratio", "net change of scope by baseline", lambda row: row.net_ratio),
    Column("scope", "change of scope in words", lambda row: row.scope),
    Column("withheld", "why numbers are withheld", lambda row: row.withheld),
    Column("percent_tested", "of changed lines, at least at the head", lambda r: r.percent_tested),
    Column("percent_ready", "of changed lines, as they landed", lambda row: row.percent_ready),
    Column("tested", "the same in words", lambda row: row.tested),
    Column("url", "its page", lambda row: row.url),
    Column("churn_ratio", "all change of scope by baseline", lambda row: row.churn_ratio),
    Column("trend", "where the forecast goes", lambda row: row.trend),
    Column("trend_days", "days later than a week ago", lambda row: row.trend_days),
)
LEDGER: tuple[Column[LedgerRow], ...] = (
    Column("milestone", "name as the report tells it", lambda row: row.milestone),
    Column("connection", "connection it is read from", lambda row: row.connection),
    Column("unit", "what sizes are counted in", lambda row: row.unit),
    Column("since", "where the count begins", lambda row: row.since),
    Column("confirmed", "whether a person confirmed the baseline", lambda row: row.confirmed),
    Column("baseline", "size at the baseline", lambda row: row.baseline),
    Column("added", "size that entered", lambda row: row.added),
    Column("removed", "size that left", lambda row: row.removed),
    Column("reestimated", "change by new sizes", lambda row: row.reestimated),
    Column("late_sized", "size given late", lambda row: row.late_sized),
    Column("current", "size now", lambda row: row.current),
    Column("entered_items", "items that entered", lambda row: row.entered_items),
    Column("left_items", "items that left", lambda row: row.left_items),
    Column("origins", "what entered by origin", lambda row: origin_words(row)),
    Column("agreed", "size that entered and was agreed to", lambda row: row.agreed),
    Column("unagreed", "size that entered and was not", lambda row: row.unagreed),
    Column("destinations", "what became of what left", lambda row: destination_words(row)),
)


def render(data: ReportData, table: str = TABLES[0]) -> str:
    """One table of the report, with a header. Raises KeyError for no table."""
    tables: dict[str, Callable[[], str]] = {
        "findings": lambda: _written(FINDINGS, data.findings),
        "milestones": lambda: _written(MILESTONES, data.milestones),
        "ledger": lambda: _written(LEDGER, data.ledgers),
        "resolved": lambda: _written(FINDINGS, data.resolved),
    }
    return tables[table]()


def _written(columns: Sequence[Column[Row]], rows: Iterable[Row]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([_shown(column.value(row)) for column in columns])
    return buffer.getvalue()


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    # A number below zero is no formula.
    return cell(value) if isinstance(value, str) else repr(value)


def _age(row: Item) -> int | None:
    return row.age_days if row.age_known else None
