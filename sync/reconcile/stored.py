"""Findings as they stand in the store, with what people answered, chosen by a reader."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sync.errors import UsageError
from sync.reconcile import answers, answers_kept, findings
from sync.reconcile.answers import Place
from sync.reconcile.contract import AnswerKind, Finding, FindingState, Severity
from sync.reconcile.life import order
from sync.store.open import Store

#: What an answered finding is called where states are listed.
_ANSWERED = {
    AnswerKind.ACKNOWLEDGE: "acknowledged",
    AnswerKind.SNOOZE: "snoozed",
    AnswerKind.ACCEPT: "accepted",
    AnswerKind.NOT_USEFUL: "not_useful",
}
STATES = (
    *(state.value for state in FindingState),
    *_ANSWERED.values(),
    "open",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings are listed; None: whatever it is."""

    resolved: bool = False
    #: id of a detector, or the family before its point.
    detector: str | None = None
    milestone: str | None = None
    #: one of STATES.
    state: str | None = None
    severity: str | None = None
    answered: bool | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A finding, and its state as it is listed: what people answered goes first."""

    finding: Finding
    shown: str


def state_called(text: str | None) -> str | None:
    """A state by its name. Raises UsageError for one that there is not."""
    name = None if text is None else text.strip().lower().replace("-", "_")
    if name == "held_back":
        return FindingState.SUPPRESSED.value
    if name is not None and name not in STATES:
        raise UsageError(
            f"there is no state {text!r}",
            where="--state",
            todo=f"Write one of: {', '.join(sorted((*STATES, 'held_back')))}.",
        )
    return name


def state_shown(finding: Finding) -> str:
    """The state of an open finding as it is listed: what people answered goes first."""
    told = answers.place(finding) in (Place.TOLD, Place.HELD_BACK)
    if told or finding.answer is None:
        return finding.state.value
    return _ANSWERED[finding.answer.kind]


def lines(store: Store, wanted: Wanted, *, at: datetime, time_zone: str) -> tuple[Line, ...]:
    """Stored findings that are wanted, worst first, with what holds of answers at `at` (UTC).

    `time_zone`: IANA zone of their last days.
    """
    today = at.astimezone(ZoneInfo(time_zone)).date()
    with store.reading() as conn:
        known = findings.known(conn).values()
        held = answers.in_force(answers_kept.load(conn), at, today=today)
    found = []
    for one in sorted((one.finding for one in known), key=order):
        over = one.state is FindingState.RESOLVED
        line = replace(one, answer=None if over else held.get(one.fingerprint))
        shown = one.state.value if over else state_shown(line)
        if _is_wanted(line, shown, wanted):
            found.append(Line(line, shown))
    return tuple(found)


def _is_wanted(one: Finding, shown: str, wanted: Wanted) -> bool:
    over = one.state is FindingState.RESOLVED
    asked_over = wanted.resolved or wanted.state == FindingState.RESOLVED.value
    detector = wanted.detector
    called = (one.milestone_label or one.subject_label).casefold()
    return (
        (not over or asked_over)
        and (
            detector is None or one.detector == detector or one.detector.startswith(detector + ".")
        )
        and (wanted.milestone is None or called == wanted.milestone.strip().casefold())
        and (
            wanted.state is None
            or (wanted.state == "open" and not over)
            or wanted.state in (shown, one.state.value)
        )
        and (wanted.severity is None or one.severity.rank >= Severity(wanted.severity).rank)
        and (wanted.answered is None or wanted.answered == (one.answer is not None))
    )
