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


def previous_from_payload(payload: Mapping[str, Any]) -> Previous:
    """Read back the JSON form of a report, as the store keeps it.

    Raises KeyError or ValueError for something that is no report.
    """
    trust = payload["trust"]
    return Previous(
        at=datetime.fromisoformat(payload["at"]),
        versions=(trust["config_hash"], trust["mapping_version"], trust["program_version"]),
        word=payload["verdict"]["word"],
        findings={
            one["fingerprint"]: Before(
                Severity(one["severity"]), one["magnitude"], Channel(one["channel"])
            )
            for one in payload["findings"]
        },
    )


def against(
    findings: Iterable[Finding], previous: Previous | None, magnitudes: Mapping[str, float | None]
) -> tuple[Finding, ...]:
    """The findings with their state as seen from the last mailed report.

    Between two mails lie several reconciliations: what was new on Wednesday is still new to the
    reader on Monday.
    """
    if previous is None:
        return tuple(findings)
    return tuple(
        _restated(finding, previous, magnitudes.get(finding.fingerprint)) for finding in findings
    )


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
