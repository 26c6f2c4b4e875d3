"""Certificates in words: what was read, how completely, and what is not known."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sync.reconcile.contract import Certificate, Finding, FindingState, Reconciliation
from sync.report.clean import clean
from sync.report.data import SourceRow
from sync.report.wording import count, listing, moment

BLIND_SPOT = "data.blind-spot"
_COMPLETE = "complete for what this token can see"
#: Worst last; an outcome we do not know counts as failed. `unavailable` is an optional stream.
_RANK = {"complete": 0, "unavailable": 0, "partial": 1, "failed": 2}

#: Scopes named in one line; what is beyond is counted.
_NAMED = 8


def source_rows(certificates: Iterable[Certificate]) -> tuple[SourceRow, ...]:
    """One row per connection and scope, in their order by name."""
    by_scope: dict[tuple[str, str], list[Certificate]] = {}
    for certificate in certificates:
        by_scope.setdefault((certificate.connection, certificate.scope), []).append(certificate)
    return tuple(_row(*key, sorted(of, key=_by_stream)) for key, of in sorted(by_scope.items()))


def source_lines(rows: Iterable[SourceRow], time_zone: ZoneInfo) -> tuple[str, ...]:
    """Sources in words, those that say the same in one line; what is not complete first."""
    same: dict[tuple[bool, str, str, str], list[str]] = {}
    for row in rows:
        read = f", read {moment(row.fresh_at, time_zone)}" if row.fresh_at else ""
        key = (row.outcome == "complete", row.connection, row.statement, read)
        same.setdefault(key, []).append(row.scope)
    lines = []
    for (_, connection, statement, read), scopes in sorted(same.items()):
        names = scopes[:_NAMED]
        more = f" and {len(scopes) - _NAMED:,} more" if len(scopes) > _NAMED else ""
        lines.append(f"{connection} / {', '.join(names)}{more}: {statement}{read}")
    return tuple(lines)


def gaps(certificates: Iterable[Certificate]) -> tuple[str, ...]:
    """One sentence per stream that is not whole."""
    return tuple(
        sentence for one in sorted(certificates, key=_by_place) for sentence in _sentences(one)
    )


def unread(reconciliation: Reconciliation) -> tuple[int, int]:
    """How many scopes were not read at all, and how many only partly or not lately."""
    levels: dict[tuple[str, str], set[int]] = {}
    for certificate in reconciliation.certificates:
        # What is optional and not there says nothing about the rest.
        if certificate.outcome != "unavailable":
            key = (certificate.connection, certificate.scope)
            levels.setdefault(key, set()).add(_RANK.get(certificate.outcome, 2))
    for finding in reconciliation.findings:
        if is_blind_spot(finding) and finding.subject.startswith("stream:"):
            parts = finding.subject.removeprefix("stream:").split("/")
            key = (parts[0], "/".join(parts[1:-1]))
            levels.setdefault(key, set()).add(1)
    # A blind spot on a stream that failed is the same trouble, not a partly read stream.
    failed = sum(1 for found in levels.values() if max(found) == 2 and 0 not in found)
    return failed, sum(1 for found in levels.values() if max(found) > 0) - failed


def unread_words(failed: int, partly: int) -> str:
    """`1 source unread, 2 partly read`; empty when everything was read."""
    if failed and partly:
        return f"{count(failed, 'source')} unread, {partly} partly read"
    if failed:
        return f"{count(failed, 'source')} unread"
    return f"{count(partly, 'source')} partly read" if partly else ""


def is_blind_spot(finding: Finding) -> bool:
    """Whether the finding is an open blind spot."""
    return finding.detector == BLIND_SPOT and finding.state != FindingState.RESOLVED


def oldest(certificates: Iterable[Certificate]) -> datetime | None:
    """The oldest complete reading; a broken one makes nothing fresh. None if there is none."""
    return min(
        (one.fresh_at for one in certificates if one.fresh_at and one.outcome == "complete"),
        default=None,
    )


def _by_stream(certificate: Certificate) -> str:
    return certificate.stream


def _by_place(certificate: Certificate) -> tuple[str, str, str]:
    return certificate.connection, certificate.scope, certificate.stream


def _row(connection: str, scope: str, certificates: list[Certificate]) -> SourceRow:
    worst = max(certificates, key=lambda one: _RANK.get(one.outcome, 2))
    outcome = worst.outcome if _RANK.get(worst.outcome, 2) else "complete"
    if outcome == "complete" and all(one.outcome == "unavailable" for one in certificates):
        outcome = "unavailable"
    bad = [clean(one.stream, 80) for one in certificates if _RANK.get(one.outcome, 2)]
    absent = [clean(one.stream, 80) for one in certificates if one.outcome == "unavailable"]
    if bad:
        statement = f"not complete: {listing(bad)}"
    elif outcome == "unavailable":
        statement = "not available"
    else:
        statement = _COMPLETE
        if absent:
            statement += f"; not available: {listing(absent)}"
    return SourceRow(
        connection=clean(connection, 120),
        scope=clean(scope, 120),
        outcome=clean(outcome, 40),
        statement=statement,
        fresh_at=oldest(certificates) if outcome == "complete" else None,
        streams=len(certificates),
        unreadable=sum(one.unreadable for one in certificates),
        history_gaps=sum(one.history_gaps for one in certificates),
    )


def _sentences(one: Certificate) -> Iterable[str]:
    where = clean(f"{one.connection} / {one.scope} / {one.stream}", 200)
    if one.outcome != "complete":
        reason = clean(one.reason or "no reason given", 300)
        word = {"unavailable": "not available", "partial": "read in part"}.get(
            one.outcome, "not read"
        )
        yield f"{where}: {word} ({reason})"
    held, remote = one.local_count, one.remote_count
    if held is not None and remote is not None and held != remote:
        yield f"{where}: {held:,} held, the server counts {remote:,}"
    if one.unreadable:
        yield f"{where}: {count(one.unreadable, 'record')} could not be read"
    if one.history_gaps:
        yield f"{where}: {count(one.history_gaps, 'item')} without complete history"
