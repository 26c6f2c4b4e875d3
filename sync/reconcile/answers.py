"""What an answer does to a finding, when it ends, and where the finding is told; pure.

An answer never outlives its end, and nothing is dropped: every open finding has one place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from sync.errors import UsageError
from sync.reconcile.contract import (
    Answer,
    AnswerEnd,
    AnswerKind,
    Demotion,
    Finding,
    FindingState,
    Severity,
)
from sync.reconcile.life import WORSE
from sync.reconcile.words import day

#: Days an acceptance holds if nobody says how long, and the longest that may be said.
DEFAULT_DAYS = 30
LONGEST_DAYS = 180
#: From so many judgements on, a detector that fewer than this share of them call useful is told in
#: the page only.
LEAST_JUDGEMENTS = 30
LEAST_USEFUL = 0.8
#: It says what was not read: it is told whatever was answered.
BLIND_SPOT = "data.blind-spot"
#: What a judgement of the family of each kind says; a snooze says nothing.
_USEFUL = {
    AnswerKind.ACKNOWLEDGE: True,
    AnswerKind.ACCEPT: True,
    AnswerKind.AGREE: True,
    AnswerKind.NOT_USEFUL: False,
}
#: Why an answer ends where the world moved the finding.
GOT_WORSE = "it got worse"
#: These hold a finding back, each in its own manner.
QUIET = frozenset({AnswerKind.SNOOZE, AnswerKind.ACCEPT, AnswerKind.NOT_USEFUL})


class Place(StrEnum):
    """Where a report tells an open finding."""

    #: as any other: on top, among what changed, still open, or in the page.
    TOLD = "told"
    #: in one line, with who took it.
    SHORT = "short"
    SNOOZED = "snoozed"
    ACCEPTED = "accepted"
    NOT_USEFUL = "not_useful"
    #: counted: another finding says why, or it has not stood long enough.
    HELD_BACK = "held_back"


_PLACES = {
    AnswerKind.SNOOZE: Place.SNOOZED,
    AnswerKind.ACCEPT: Place.ACCEPTED,
    AnswerKind.NOT_USEFUL: Place.NOT_USEFUL,
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is known of an item that an answer waits for."""

    closed: bool
    #: why it cannot be told; None: it can.
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """That an answer ends, how, and why in words."""

    end: AnswerEnd
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """Answers in force when a reconciliation begins, and what their ends rest on."""

    #: the day of the reconciliation in the policy's zone.
    today: date
    by_print: Mapping[str, Answer] = field(default_factory=dict)
    tickets: Mapping[str, Ticket] = field(default_factory=dict)
    #: whether this reconciliation ends answers; a look at the past ends none but by their day.
    ends: bool = True


def in_force(
    answers: Iterable[Answer], at: datetime, *, today: date | None = None
) -> dict[str, Answer]:
    """The answer to each finding that held at an instant; agreement holds nothing back.

    `today`: the day of it, where no reconciliation is there to end what is over.
    """
    found: dict[str, Answer] = {}
    for one in sorted(answers, key=lambda one: (one.at, one.id)):
        stands = one.at <= at and (one.ended_at is None or one.ended_at > at)
        if today is not None and one.until is not None and one.until < today:
            stands = False
        if stands and one.kind is not AnswerKind.AGREE:
            found[one.fingerprint] = one
    return found


def known_at(answers: Iterable[Answer], at: datetime) -> tuple[Answer, ...]:
    """Answers as they were known at an instant: what came later is undone."""
    return tuple(
        replace(one, ended_at=None, end=None, ended_reason=None, ended_by=None)
        if one.ended_at is not None and one.ended_at > at
        else one
        for one in answers
        if one.at <= at
    )


def ended(
    answer: Answer,
    *,
    today: date,
    state: FindingState,
    severity: Severity,
    magnitude: float,
    ticket: Ticket | None = None,
) -> Ended | None:
    """Whether and why an answer ends now; None: it holds.

    `state`, `severity`, `magnitude`: the finding as this reconciliation sees it.
    """
    if answer.until is not None and today > answer.until:
        what = "the time of its snooze" if answer.kind is AnswerKind.SNOOZE else "its time"
        return Ended(AnswerEnd.LAPSED, f"{what} ended on {day(answer.until)}")
    if answer.ticket is not None and ticket is not None and ticket.closed:
        return Ended(AnswerEnd.LAPSED, f"{answer.ticket} is closed")
    if state is FindingState.RESOLVED:
        lasts = answer.kind in QUIET and answer.until is not None
        if lasts or answer.kind is AnswerKind.NOT_USEFUL:
            return None
        return Ended(AnswerEnd.RESOLVED, "the finding was resolved")
    if state is FindingState.NOT_CHECKED or not answer.until_worse:
        return None
    if is_worse(answer, severity, magnitude):
        return Ended(AnswerEnd.WOKE, GOT_WORSE)
    return None


def is_worse(answer: Answer, severity: Severity, magnitude: float) -> bool:
    """Whether a finding is worse than it was when it was answered."""
    if severity.rank != answer.severity.rank:
        return severity.rank > answer.severity.rank
    return magnitude > answer.magnitude and magnitude >= answer.magnitude * WORSE


def with_note(answer: Answer, ticket: Ticket | None) -> Answer:
    """The answer, saying where its ticket cannot be looked at."""
    if answer.ticket is None or ticket is None or ticket.unknown is None:
        return answer
    return replace(answer, note=f"{answer.ticket} cannot be checked: {ticket.unknown}")


def place(finding: Finding) -> Place:
    """Where a report tells an open finding."""
    if finding.state is FindingState.SUPPRESSED:
        return Place.HELD_BACK
    answer = finding.answer
    if answer is None or answer.kind is AnswerKind.AGREE:
        return Place.TOLD
    if answer.kind is AnswerKind.ACKNOWLEDGE:
        # That somebody took it keeps no bad news from anybody.
        worse = finding.state in (FindingState.WORSENED, FindingState.REGRESSED)
        return Place.TOLD if worse else Place.SHORT
    return Place.SHORT if finding.detector == BLIND_SPOT else _PLACES[answer.kind]


def is_quiet(finding: Finding) -> bool:
    """Whether an answer keeps a finding from being told."""
    return place(finding) in (Place.SNOOZED, Place.ACCEPTED, Place.NOT_USEFUL)


@dataclass(frozen=True, slots=True)
class Precision:
    """How many judgements of a detector's findings call them useful; nobody is named or counted."""

    detector: str
    useful: int
    judged: int

    @property
    def share(self) -> float:
        """Useful ones of all, 0 to 1."""
        return self.useful / self.judged

    @property
    def is_low(self) -> bool:
        """Whether there are enough judgements, and too few of them call it useful."""
        return self.judged >= LEAST_JUDGEMENTS and self.share < LEAST_USEFUL


def _judgements(answers: Iterable[Answer]) -> list[Answer]:
    """Answers that judge, oldest first: by a person, of one finding, and not taken back."""
    return sorted(
        (
            one
            for one in answers
            if one.kind in _USEFUL and one.source != "file" and one.end is not AnswerEnd.WITHDRAWN
        ),
        key=lambda one: (one.at, one.id),
    )


def precision(answers: Iterable[Answer]) -> tuple[Precision, ...]:
    """Precision per detector. What somebody last said of a finding counts, once."""
    last: dict[tuple[str, str], Answer] = {}
    for one in _judgements(answers):
        last[one.fingerprint, one.author] = one
    told: dict[str, list[bool]] = {}
    for one in last.values():
        told.setdefault(one.detector, []).append(_USEFUL[one.kind])
    return tuple(Precision(name, sum(said), len(said)) for name, said in sorted(told.items()))


def demotions(answers: Iterable[Answer]) -> tuple[Demotion, ...]:
    """Detectors that fall back to the page, with the judgement since when they do."""
    given = _judgements(answers)
    found = []
    for final in precision(given):
        if not final.is_low or final.detector == BLIND_SPOT:
            continue
        mine = [one for one in given if one.detector == final.detector]
        since = mine[-1].at
        # Back from the last judgement for as long as it was so.
        for end in range(len(mine), 0, -1):
            told = precision(mine[:end])
            if not told or not told[0].is_low:
                break
            since = mine[end - 1].at
        found.append(Demotion(final.detector, final.useful, final.judged, since))
    return tuple(found)


def until_day(
    kind: AnswerKind, until: date | None, today: date, *, where: str = "--until"
) -> date | None:
    """The last day of an answer, completed and checked.

    Raises UsageError for a day that is over, or further away than an answer may hold.
    """
    if until is None:
        return today + timedelta(days=DEFAULT_DAYS) if kind is AnswerKind.ACCEPT else None
    if until < today:
        raise UsageError(
            f"{until.isoformat()} is over", where=where, todo="Name today or a later day."
        )
    last = today + timedelta(days=LONGEST_DAYS)
    if until > last:
        raise UsageError(
            f"{until.isoformat()} is more than {LONGEST_DAYS} days away",
            where=where,
            todo=f"Name a day up to {last.isoformat()}; answer again when it is over.",
        )
    return until
