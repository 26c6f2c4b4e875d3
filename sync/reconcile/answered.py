"""Answers, the suppressions file and flapping around one reconciliation: read, laid over, kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from sync.reconcile import answers, answers_kept, findings, flaps, suppressions
from sync.reconcile.answers import Held
from sync.reconcile.contract import (
    Answer,
    AnswerEnd,
    Channel,
    Demotion,
    Detector,
    Finding,
    FindingState,
    Flapping,
    Policy,
)
from sync.reconcile.findings import Run
from sync.reconcile.judge import Outcome
from sync.reconcile.labels import Labels
from sync.reconcile.life import Known
from sync.reconcile.suppressions import Matched, Target
from sync.reconcile.tickets import tickets
from sync.reconcile.view import View

#: An end older than this is no news to any reader of a weekly mail.
_TOLD_FOR = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class Said:
    """What people said until a reconciliation, and what the file changes with it."""

    #: every answer as known at its instant, ended ones too.
    given: tuple[Answer, ...]
    held: Held
    matched: Matched
    #: when findings came back or went away before (UTC).
    flips: Mapping[str, Sequence[datetime]] = field(default_factory=dict)


def said_until(conn: sa.Connection, at: datetime) -> tuple[Answer, ...]:
    """All answers as they were known at an instant (UTC)."""
    return answers.known_at(answers_kept.load(conn), at)


def demoted(
    given: Iterable[Answer], policy: Policy, detectors: Iterable[Detector]
) -> tuple[Demotion, ...]:
    """Detectors that judgements send to the page; what the configuration says goes first."""
    mailed = {one.id for one in detectors if one.channel is Channel.MAILED}
    return tuple(
        one
        for one in answers.demotions(given)
        if one.detector in mailed and one.detector not in policy.channels
    )


def lay(
    view: View,
    given: tuple[Answer, ...],
    outcome: Outcome,
    before: Mapping[str, Known],
    *,
    file: bool,
) -> Said:
    """Answers in force over what was detected.

    `file`: whether the suppressions file counts, and answers may end; not so in looks at the past.
    """
    at = view.known_at
    held = answers.in_force(given, at)
    matched = Matched((), (), ())
    if file:
        matched = suppressions.match(
            view.policy.suppressions,
            _targets(view, outcome, before),
            given,
            today=view.today,
            at=at,
        )
        held = suppressions.replaced(held, matched)
    wanted = {one.ticket for one in held.values() if one.ticket is not None}
    return Said(
        given=given,
        held=Held(view.today, held, tickets(view, wanted), ends=file),
        matched=matched,
        flips=findings.flips(view.conn, at),
    )


def _targets(view: View, outcome: Outcome, before: Mapping[str, Known]) -> list[Target]:
    """Open findings as entries of the file see them."""
    found = [
        Target(
            one.fingerprint,
            one.detector,
            one.subject_label,
            one.milestone_label or _own_milestone(view, one.found.connection_id, one.found.subject),
            one.found.severity,
            one.found.magnitude,
        )
        for one in outcome.seen.values()
    ]
    found.extend(
        Target(
            key,
            one.finding.detector,
            one.finding.subject_label,
            one.finding.milestone_label
            or _own_milestone(view, one.connection_id, one.finding.subject),
            one.finding.severity,
            one.finding.magnitude,
        )
        for key, one in before.items()
        if one.is_open and key not in outcome.seen
    )
    return found


def _own_milestone(view: View, connection_id: int | None, subject: str) -> str | None:
    """The name of a milestone that a finding is about itself."""
    from sync.reconcile.labels import MILESTONES

    if subject.partition(":")[0] not in MILESTONES or connection_id is None:
        return None
    return Labels(view).label(connection_id, subject)


def keep(conn: sa.Connection, run: Run, said: Said, outcome: Outcome) -> None:
    """Store what ended and what the file added."""
    for one, over in outcome.ended:
        answers_kept.end(conn, [one], run.at, over.end, over.reason)
    answers_kept.end(
        conn,
        said.matched.withdrawn,
        run.at,
        AnswerEnd.WITHDRAWN,
        "its entry is not in the suppressions file any more",
    )
    over_now = {one.fingerprint for one, _ in outcome.ended}
    answers_kept.insert(conn, (one for one in said.matched.added))
    # What the file added may be over at once: its ticket was closed before.
    late = [one for one in answers_kept.load(conn) if one.id and one.at == run.at]
    for one, over in outcome.ended:
        if one.id == 0 and one.fingerprint in over_now:
            mine = [held for held in late if held.entry == one.entry]
            answers_kept.end(
                conn,
                [held for held in mine if held.fingerprint == one.fingerprint],
                run.at,
                over.end,
                over.reason,
            )


def ended_lately(
    given: Iterable[Answer], at: datetime, outcome: Outcome | None = None
) -> tuple[Answer, ...]:
    """Answers that ended in the last weeks on their own, newest first."""
    now = (
        [
            replace(one, ended_at=at, end=over.end, ended_reason=over.reason)
            for one, over in outcome.ended
        ]
        if outcome is not None
        else []
    )
    ids = {one.id for one in now if one.id}
    told = (AnswerEnd.LAPSED, AnswerEnd.WOKE)
    found = [
        one
        for one in (*(one for one in given if one.id not in ids), *now)
        if one.end in told and one.ended_at is not None and at - one.ended_at <= _TOLD_FOR
    ]
    return tuple(sorted(found, key=lambda one: (one.ended_at or at, one.fingerprint), reverse=True))


def laid(findings_: Iterable[Finding], said: Said) -> tuple[Finding, ...]:
    """Stored findings with the answers that held when they were stored."""
    found = []
    for one in findings_:
        answer = said.held.by_print.get(one.fingerprint)
        if answer is not None and one.state is not FindingState.RESOLVED:
            ticket = said.held.tickets.get(answer.ticket or "")
            one = replace(one, answer=answers.with_note(answer, ticket))
        found.append(one)
    return tuple(found)


def recalled(view: View, given: tuple[Answer, ...], at: datetime) -> Said:
    """What held at an instant (UTC): what ended with a reconciliation holds no more after it."""
    held = answers.in_force(given, at, today=view.calendar.local_date(at))
    wanted = {one.ticket for one in held.values() if one.ticket is not None}
    return Said(
        given=given,
        held=Held(view.today, held, tickets(view, wanted)),
        matched=Matched((), (), ()),
        flips=findings.flips(view.conn, view.known_at),
    )


def flapping(
    said: Said, at: datetime, known: Mapping[str, Known], outcome: Outcome | None = None
) -> tuple[Flapping, ...]:
    """Findings that keep coming and going, with what this run adds.

    `known`: findings as stored; what is not there now is told with its words.
    """
    moved = {key: list(mine) for key, mine in said.flips.items()}
    for step in outcome.steps if outcome is not None else ():
        resolved = FindingState.RESOLVED
        flips = step.to_state in (resolved, FindingState.REGRESSED) or step.from_state is resolved
        if flips and step.reason in (None, flaps.FLAPS):
            moved.setdefault(step.fingerprint, []).append(at)
    if outcome is not None:
        there = {one.fingerprint for one in (*outcome.shown, *outcome.suppressed)}
    else:
        there = {key for key, one in known.items() if one.is_open}
    return tuple(
        one
        if one.fingerprint in there or one.fingerprint not in known
        else replace(one, finding=known[one.fingerprint].finding)
        for one in flaps.all_flapping(moved, at)
    )
