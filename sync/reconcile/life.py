"""The life of a finding: identity, evidence, and what became of it since the last time; pure.

Fingerprints rest on identity only, never on text, numbers or dates: rewording revives nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Finding,
    FindingState,
    Found,
)

#: From this growth of its number on a finding is worse, and by its inverse better.
WORSE = 1.25

#: What is said of a finding, and the audiences that may hear it in other words.
PARTS = ("title", "what", "so_what", "who", "by_when", "remedy")
AUDIENCES = ("executive", "engineer")

_OVER = (FindingState.RESOLVED,)
#: Why the end of a finding is no news.
_UNTOLD = "it was held back from its first day to its last"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a detector found in this run, with identity and words."""

    fingerprint: str
    detector: str
    found: Found
    connection: str | None
    channel: Channel
    words: Mapping[str, str]
    evidence_hash: str
    subject_label: str
    milestone_label: str | None
    #: words of other audiences, where they differ: {audience: {part: text}}.
    voices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: person or team whose it is, where that is known.
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A finding as the run before left it."""

    finding: Finding
    #: number it is compared with: the one of its last change of state.
    anchor: float
    evidence_hash: str
    connection_id: int | None
    milestone: tuple[str, str] | None
    #: words and labels as stored.
    words: Mapping[str, Any]
    #: whether it was ever shown: what was held back from its first day on was not.
    told: bool = True

    @property
    def is_open(self) -> bool:
        """Whether it was there, or could not be looked at."""
        return self.finding.state not in _OVER


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a finding in this run."""

    state: FindingState
    anchor: float
    #: because of us and not of the world: told once, as restated, and not as a change.
    silent: bool = False
    reason: str | None = None
    #: why it is held back, if it is; and whether it was shown before.
    suppressed: str | None = None
    told: bool = True
    #: runs in a row in which it was there and not told; 0: nothing waits.
    stood: int = 0
    #: whether it had been resolved before that.
    back: bool = False


def fingerprint(detector: str, connection: str | None, found: Found) -> str:
    """Identity of a finding, 16 hex digits."""
    milestone = None
    if found.milestone is not None:
        own = f"{found.milestone[0].value}:{found.milestone[1]}"
        milestone = own if own != found.subject else None
    text = json.dumps([detector, connection, milestone, found.subject, found.rule])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def evidence_hash(evidence: tuple[Evidence, ...]) -> str:
    """Tells an unchanged proof from an updated one, 16 hex digits."""
    text = json.dumps([[one.text, one.source] for one in evidence])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def words(detector: Detector, found: Found) -> dict[str, str]:
    """The detector's templates filled with what was found.

    Raises KeyError where a template names a value the detector did not give.
    """
    return {name: getattr(detector.words, name).format_map(found.values) for name in PARTS}


def voices(detector: Detector, found: Found) -> dict[str, dict[str, str]]:
    """What other audiences read in place of `words`: {audience: {part: text}}.

    Raises KeyError where a template names a value the detector did not give.
    """
    heard: dict[str, dict[str, str]] = {}
    for audience in AUDIENCES:
        voice = getattr(detector.words, audience)
        own = {
            name: template.format_map(found.values)
            for name in PARTS
            if (template := getattr(voice, name)) is not None
        }
        if own:
            heard[audience] = own
    return heard


def spoken(finding: Finding, audience: str) -> Finding:
    """The finding in the words of one audience, and no others."""
    if not finding.voices:
        return finding
    own: Mapping[str, Any] = finding.voices.get(audience, {})
    return replace(finding, voices={}, **own)


def seen_again(seen: Seen, known: Known | None, *, first: bool, restated: bool) -> Verdict:
    """State of a finding that is there now.

    `first`: the first reconciliation, which tells an inventory. `restated`: numbers moved because
    of configuration, mapping or program.
    """
    number = seen.found.magnitude
    # What was held back ever since is news when it is held back no more.
    if known is None or not known.told:
        if first or restated:
            return Verdict(FindingState.ALREADY_THERE, number, silent=restated and not first)
        return Verdict(FindingState.NEW, number)
    before = known.finding
    if before.state is FindingState.RESOLVED or known.words.get("back"):
        if restated:
            return Verdict(FindingState.ONGOING, number, silent=True)
        return Verdict(FindingState.REGRESSED, number)
    rank, was = seen.found.severity.rank, before.severity.rank
    if rank > was or (rank == was and number >= known.anchor * WORSE and number > known.anchor):
        state = FindingState.WORSENED
    elif rank < was or (number <= known.anchor / WORSE and number < known.anchor):
        state = FindingState.IMPROVED
    else:
        return Verdict(FindingState.ONGOING, known.anchor)
    if restated:
        return Verdict(FindingState.ONGOING, number, silent=True)
    return Verdict(state, number)


def held_back(seen: Seen, known: Known | None, reason: str) -> Verdict:
    """State of a finding that is there and that another one explains."""
    told = known is not None and known.told
    anchor = known.anchor if known is not None and known.is_open else seen.found.magnitude
    return Verdict(FindingState.SUPPRESSED, anchor, reason=reason, suppressed=reason, told=told)


def not_stood(seen: Seen, known: Known | None, needed: int) -> Verdict | None:
    """State of a finding that has to be there in more runs before it is told; None: it is told.

    Only what is new, or came back, waits: what was told stays told.
    """
    stood = int(known.words.get("stood", 0)) if known is not None else 0
    waits = known is not None and known.finding.state is FindingState.SUPPRESSED and stood > 0
    over = known is not None and known.finding.state is FindingState.RESOLVED
    if known is not None and not waits and not over:
        return None
    stood = stood + 1 if waits else 1
    if stood >= needed:
        return None
    told = known is not None and known.told
    back = told and (over or (known is not None and bool(known.words.get("back"))))
    reason = f"it was there in {stood} of the {needed} runs after which it is told"
    return Verdict(
        FindingState.SUPPRESSED,
        seen.found.magnitude,
        reason=reason,
        suppressed=reason,
        told=told,
        stood=stood,
        back=back,
    )


def not_seen(
    known: Known, *, unchecked: str | None, withdrawn: str | None, restated: bool
) -> Verdict:
    """State of an open finding that is not there now.

    `unchecked`: why its data is not covered, if so. `withdrawn`: why it is no longer asked for.
    """
    if withdrawn is not None:
        return Verdict(FindingState.RESOLVED, known.anchor, silent=True, reason=withdrawn)
    if unchecked is not None:
        return Verdict(FindingState.NOT_CHECKED, known.anchor, reason=unchecked)
    if not known.told:
        return Verdict(FindingState.RESOLVED, known.anchor, silent=True, reason=_UNTOLD, told=False)
    return Verdict(FindingState.RESOLVED, known.anchor, silent=restated)


def as_finding(seen: Seen, verdict: Verdict, known: Known | None, now: datetime) -> Finding:
    """The finding as a report shows it."""
    found = seen.found
    was_open = known is not None and known.is_open
    return Finding(
        fingerprint=seen.fingerprint,
        detector=seen.detector,
        rule=found.rule,
        subject=found.subject,
        subject_label=seen.subject_label,
        severity=found.severity,
        state=verdict.state,
        channel=seen.channel,
        magnitude=found.magnitude,
        title=seen.words["title"],
        what=seen.words["what"],
        so_what=seen.words["so_what"],
        who=seen.words["who"],
        by_when=seen.words["by_when"],
        remedy=seen.words["remedy"],
        evidence=found.evidence,
        first_seen_at=known.finding.first_seen_at if known is not None else now,
        last_seen_at=now,
        connection=seen.connection,
        milestone_label=seen.milestone_label,
        resolved_at=None,
        previous_severity=known.finding.severity if known is not None and was_open else None,
        voices=seen.voices,
        suppressed=verdict.suppressed,
        owner=seen.owner,
    )


def order(finding: Finding) -> tuple[Any, ...]:
    """Worst first, mailed before digest, then by identity."""
    return (
        -finding.severity.rank,
        finding.channel is not Channel.MAILED,
        finding.detector,
        finding.subject,
        finding.rule,
    )
