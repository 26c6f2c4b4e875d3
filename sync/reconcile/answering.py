"""A person answers findings: checked, and kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from sync.errors import UsageError
from sync.reconcile import answers, answers_kept, findings
from sync.reconcile.answers import Precision
from sync.reconcile.contract import Answer, AnswerEnd, AnswerKind, Finding, FindingState
from sync.reconcile.life import Known
from sync.store.open import Store

#: Shortest beginning of a fingerprint that an answer may be given by.
SHORTEST = 4
#: Longest reason that is kept, characters.
LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Given:
    """What a person says."""

    kind: AnswerKind
    author: str
    reason: str | None = None
    until: date | None = None
    until_worse: bool = False
    ticket: str | None = None
    source: str = "command"
    #: which mail says it.
    entry: str | None = None


class Resolved(UsageError):
    """The finding is resolved: there is nothing to answer."""


#: Title of a finding, and what was answered to it.
Done = list[tuple[str, Answer]]


def answer(
    store: Store, prefixes: Sequence[str], given: Given, *, now: datetime, time_zone: str
) -> Done:
    """Keep one answer to each of these findings, or none at all.

    `time_zone`: IANA zone of its last day. Raises UsageError for what cannot be answered so.
    """
    today = now.astimezone(ZoneInfo(time_zone)).date()
    checked = check(given, today)
    with store.writing() as conn:
        found = [_open_one(conn, prefix) for prefix in prefixes]
        # One that was named twice is answered once.
        once = {one.fingerprint: one for one in found}
        done = [(one.title, answer_to(one, checked, now)) for one in once.values()]
        for _, one in done:
            if one.kind is AnswerKind.NOT_USEFUL and one.detector == answers.BLIND_SPOT:
                raise UsageError(
                    "a blind spot says what was not read, and is told whatever is answered",
                    where=one.fingerprint,
                    todo="Restore the reading, or accept it for a time.",
                )
        answers_kept.insert(conn, (one for _, one in done))
    return done


def check(given: Given, today: date) -> Given:
    """The answer completed. Raises UsageError where it lacks what it needs."""
    until = answers.until_day(given.kind, given.until, today)
    reason = " ".join(given.reason.split())[:LONGEST_REASON] if given.reason else None
    if given.kind is AnswerKind.ACCEPT and not reason:
        raise UsageError(
            "an acceptance needs a reason", where="--reason", todo="Say why it may stay as it is."
        )
    ends = until is not None or given.until_worse or given.ticket
    if given.kind is AnswerKind.SNOOZE and not ends:
        raise UsageError(
            "a snooze needs an end",
            where="--until",
            todo="Add --until DATE, --until-worse or --ticket KEY.",
        )
    return replace(given, until=until, reason=reason)


def answer_to(finding: Finding, given: Given, now: datetime) -> Answer:
    """The answer to one finding as it stands."""
    return Answer(
        fingerprint=finding.fingerprint,
        detector=finding.detector,
        kind=given.kind,
        author=given.author,
        at=now,
        severity=finding.severity,
        magnitude=finding.magnitude,
        reason=given.reason,
        until=given.until,
        until_worse=given.until_worse,
        ticket=given.ticket,
        source=given.source,
        entry=given.entry,
    )


def withdraw(
    store: Store, prefixes: Sequence[str], *, author: str, reason: str | None, now: datetime
) -> Done:
    """Take back the answers that hold to these findings.

    Raises UsageError where a finding has none, or where the suppressions file says it.
    """
    with store.writing() as conn:
        given = answers_kept.load(conn)
        held = answers.in_force(given, now)
        done: Done = []
        for prefix in prefixes:
            finding = one_called(conn, prefix).finding
            mine = held.get(finding.fingerprint)
            agreed = [
                one
                for one in given
                if one.fingerprint == finding.fingerprint
                and one.kind is AnswerKind.AGREE
                and one.author == author
                and one.ended_at is None
            ]
            taken = [mine] if mine is not None else agreed
            if not taken:
                raise UsageError(
                    "nobody answered it, or what was answered has ended",
                    where=prefix,
                    todo="Run `driftline explain FINGERPRINT` to see its answers.",
                )
            if mine is not None and mine.source == "file":
                raise UsageError(
                    "the suppressions file says it",
                    where=prefix,
                    todo="Take its entry out of the file.",
                )
            why = reason or "taken back"
            answers_kept.end(conn, taken, now, AnswerEnd.WITHDRAWN, why, author)
            done.extend(
                (
                    finding.title,
                    replace(
                        one,
                        ended_at=now,
                        end=AnswerEnd.WITHDRAWN,
                        ended_reason=why,
                        ended_by=author,
                    ),
                )
                for one in taken
            )
    return done


def precision(store: Store, at: datetime) -> tuple[Precision, ...]:
    """Precision per detector over what was answered until an instant (UTC)."""
    with store.reading() as conn:
        return answers.precision(answers.known_at(answers_kept.load(conn), at))


def _open_one(conn: sa.Connection, prefix: str) -> Finding:
    finding = one_called(conn, prefix).finding
    if finding.state is FindingState.RESOLVED:
        raise Resolved(
            "this finding is resolved; there is nothing to answer",
            where=prefix,
            todo="Run `driftline findings list` to see what is open.",
        )
    return finding


def one_called(conn: sa.Connection, prefix: str) -> Known:
    """The finding whose fingerprint begins so. Raises UsageError where none or several do."""
    wanted = prefix.strip().lower()
    if len(wanted) < SHORTEST:
        raise UsageError(
            f"an answer needs at least {SHORTEST} characters of a fingerprint",
            where=prefix,
            todo="Run `driftline findings list` to see them.",
        )
    known = findings.known(conn)
    matches = [key for key in known if key.startswith(wanted)]
    if not matches:
        raise UsageError(
            "no finding has this fingerprint",
            where=prefix,
            todo="Run `driftline findings list` to see them.",
        )
    if len(matches) > 1:
        raise UsageError(
            f"{len(matches)} findings begin like this",
            where=prefix,
            todo=f"Write one more character of: {', '.join(matches[:5])}.",
        )
    return known[matches[0]]
