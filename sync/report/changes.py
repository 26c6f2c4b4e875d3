"""What moved since the report before: states against the reconciliation, or the last mail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sync.reconcile.contract import Channel, Finding, FindingState, Severity

#: A finding whose magnitude grew by this factor is worse, although its level is the same.
WORSE_FACTOR = 1.25

#: Most telling first.
STATE_ORDER = (
    FindingState.NEW,
    FindingState.REGRESSED,
    FindingState.WORSENED,
    FindingState.ONGOING,
    FindingState.ALREADY_THERE,
    FindingState.IMPROVED,
    FindingState.NOT_CHECKED,
    FindingState.SUPPRESSED,
    FindingState.RESOLVED,
)
CHANGED = frozenset(
    {
        FindingState.NEW,
        FindingState.REGRESSED,
        FindingState.WORSENED,
        FindingState.IMPROVED,
    }
)


@dataclass(frozen=True, slots=True)
class Before:
    """A finding as the report before showed it."""

    severity: Severity
    magnitude: float | None
    channel: Channel


@dataclass(frozen=True, slots=True)
class Previous:
    """The last report that was mailed: what a reader already knows."""

    at: datetime
    #: configuration, mapping and program version it was made under.
    versions: tuple[str, str, str]
    findings: Mapping[str, Before]
    #: the word of its verdict.
    word: str | None = None
    #: number of its reconciliation.
    run_id: int = 0


def previous_from_payload(payload: Mapping[str, Any]) -> Previous:
    """Read back the JSON form of a report, as the store keeps it.

    Raises KeyError or ValueError for something that is no report.
    """
    trust = payload["trust"]
    return Previous(
        at=datetime.fromisoformat(payload["at"]),
        versions=(trust["config_hash"], trust["mapping_version"], trust["program_version"]),
        word=payload["verdict"]["word"],
        run_id=payload["run_id"],
        findings={
            one["fingerprint"]: Before(
                Severity(one["severity"]), one["magnitude"], Channel(one["channel"])
            )
            for one in payload["findings"]
            if _was_told(one, payload["previous_at"])
        },
    )


def _was_told(item: Mapping[str, Any], previous_at: str | None) -> bool:
    """Whether a finding was told as what it is: one that could not be looked at may be unknown."""
    if item["state"] != FindingState.NOT_CHECKED.value or previous_at is None:
        return True
    return datetime.fromisoformat(item["first_seen_at"]) <= datetime.fromisoformat(previous_at)


def against(
    findings: Iterable[Finding],
    previous: Previous | None,
    magnitudes: Mapping[str, float | None],
    silent: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """The findings with their state as seen from the last mailed report.

    Between two mails lie several reconciliations: what was new on Wednesday is still new to the
    reader on Monday. `silent`: what moved since then because of us alone, which is no news.
    """
    if previous is None:
        return tuple(findings)
    return tuple(
        _quiet(finding, previous)
        if finding.fingerprint in silent
        else _restated(finding, previous, magnitudes.get(finding.fingerprint))
        for finding in findings
    )


def _quiet(finding: Finding, previous: Previous) -> Finding:
    """A finding that is told as standing, however it came to be."""
    if finding.state is FindingState.NOT_CHECKED:
        return finding
    if finding.fingerprint in previous.findings:
        return replace(finding, state=FindingState.ONGOING)
    return replace(finding, state=FindingState.ALREADY_THERE)


def _restated(finding: Finding, previous: Previous, magnitude: float | None) -> Finding:
    if finding.state in (FindingState.NOT_CHECKED, FindingState.ALREADY_THERE):
        return finding
    before = previous.findings.get(finding.fingerprint)
    if before is None:
        if finding.state == FindingState.REGRESSED:
            return finding
        known = finding.state == FindingState.ONGOING and finding.first_seen_at <= previous.at
        return finding if known else replace(finding, state=FindingState.NEW)
    state = FindingState.ONGOING
    if finding.severity.rank > before.severity.rank:
        state = FindingState.WORSENED
    elif finding.severity.rank < before.severity.rank:
        state = FindingState.IMPROVED
    elif before.magnitude and magnitude and magnitude >= WORSE_FACTOR * before.magnitude > 0:
        state = FindingState.WORSENED
    return replace(finding, state=state, previous_severity=before.severity)
