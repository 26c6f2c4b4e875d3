"""A quarter of would-be mails, from what the store knew on each day; nothing is written.

Each day is judged as a run of that day would have judged it, after the days before it, by today's
rules. What was learnt later is not asked, so it changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from sync.reconcile import answers_kept, findings, registry
from sync.reconcile.contract import Channel, Finding, FindingState, Policy, Reconciliation
from sync.reconcile.findings import Run
from sync.reconcile.life import Known, order
from sync.reconcile.registry import Catalogue
from sync.reconcile.reproduce import judged
from sync.reconcile.runner import fence_moves, restated
from sync.reconcile.since import Since, sorted_out
from sync.report import json_, schedule
from sync.report.build import build
from sync.report.changes import Previous, previous_from_payload
from sync.report.recipients import Recipient
from sync.report.wording import zone
from sync.store import past, schema
from sync.store.open import Store

#: A reading that ends before this local hour waits for a later one of the same day.
_MORNING = schedule.Schedule().at.hour


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that would have left; the instant in UTC."""

    at: datetime
    recipient: str
    #: first, weekly, daily, changes, urgent, unread.
    why: str
    subject: str
    new: int
    worse: int
    resolved: int


@dataclass(slots=True)
class Tally:
    """What one detector did in the time that is rehearsed."""

    #: findings that were there on some day, and those of them that were mailed.
    found: int = 0
    mailed: int = 0
    #: findings that some mail called new.
    told: int = 0
    #: of these, over within the days asked for though nobody had answered them.
    resolved_alone: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would have been mailed."""

    #: instants of the first and the last run; None: the store knows nothing of that time.
    first: datetime | None
    last: datetime | None
    days: int
    #: days in between on which nothing was read.
    days_without_run: int
    mails: tuple[Mail, ...]
    #: detector -> what it did, by name.
    detectors: dict[str, Tally]


@dataclass(slots=True)
class _Alarm:
    detector: str
    told_at: datetime
    over_at: datetime | None = None


@dataclass(slots=True)
class _Reader:
    """What one recipient knows on the day that is rehearsed."""

    recipient: Recipient
    last_at: datetime | None = None
    previous: Previous | None = None
    steps: list[tuple[str, str, str | None]] = field(default_factory=list)
    restated: list[str] = field(default_factory=list)
    agreed: list[str] = field(default_factory=list)


def rehearse(
    store: Store,
    policy: Policy,
    recipients: Sequence[Recipient],
    *,
    since: datetime,
    until: datetime,
    alone_within: timedelta,
    tell: Callable[[datetime], None] = lambda _: None,
    detectors: Catalogue | None = None,
) -> Rehearsal:
    """The mails of the days between two instants (UTC), as if everything were approved.

    One run is taken for each local day on which something was read: the first that ended in the
    morning or later. `alone_within`: an alarm that is over so soon, and that nobody answered,
    resolved itself. `tell` hears of each day. Raises UsageError where the store no longer knows
    what it knew then.
    """
    known = registry.catalogue() if detectors is None else detectors
    registry.check_policy(policy, known)
    readers = [_Reader(one) for one in recipients]
    mails: list[Mail] = []
    tallies: dict[str, Tally] = {}
    seen: dict[str, set[str]] = {"found": set(), "mailed": set()}
    alarms: dict[str, _Alarm] = {}
    before: dict[str, Known] = {}
    previous: Run | None = None
    with store.reading() as conn:
        days = _days(conn, policy, since, until)
        answered = {one.fingerprint: one.at for one in reversed(answers_kept.load(conn))}
        for number, at in enumerate(days, 1):
            tell(at)
            run = _run(conn, policy, number, at)
            reasons = restated(previous, run, fence_moves(conn, previous, run))
            result, outcome = judged(
                conn, policy, known, run, previous, before, reasons, in_a_row=True
            )
            result = replace(result, run_id=number)
            before = findings.carried(before, outcome.seen_rows, outcome.unseen_rows)
            previous = run
            _count(result, seen, tallies)
            steps = [(one.fingerprint, one.to_state.value, one.reason) for one in outcome.steps]
            for fingerprint, state, _ in steps:
                alarm = alarms.get(fingerprint)
                if alarm is not None and state == FindingState.RESOLVED.value:
                    alarm.over_at = alarm.over_at or at
            for reader in readers:
                reader.steps += steps
                reader.restated += result.restated
                reader.agreed += result.agreed
                mail = _mail(reader, result, before, alarms)
                if mail is not None:
                    mails.append(mail)
    for fingerprint, alarm in alarms.items():
        tally = tallies.setdefault(alarm.detector, Tally())
        tally.told += 1
        over, answer = alarm.over_at, answered.get(fingerprint)
        if over is None or over - alarm.told_at > alone_within:
            continue
        # What somebody said later was no reason for it to end.
        tally.resolved_alone += answer is None or answer > over
    whole = (_local_day(policy, days[-1]) - _local_day(policy, days[0])).days + 1 if days else 0
    return Rehearsal(
        first=days[0] if days else None,
        last=days[-1] if days else None,
        days=len(days),
        days_without_run=whole - len(days),
        mails=tuple(mails),
        detectors=dict(sorted(tallies.items())),
    )


def _mail(
    reader: _Reader,
    result: Reconciliation,
    held: dict[str, Known],
    alarms: dict[str, _Alarm],
) -> Mail | None:
    """What this reader would have got on that day."""
    who = reader.recipient
    story = None
    if reader.previous is not None:
        silent, over = sorted_out(reader.steps)
        story = Since(
            resolved=tuple(sorted(_gone(held, over), key=order)),
            silent=silent,
            restated=tuple(dict.fromkeys(reader.restated)),
            agreed=tuple(dict.fromkeys(reader.agreed)),
        )
    data = build(
        result,
        audience=who.audience,
        previous=reader.previous,
        for_owner=who.is_owner,
        reader=who,
        story=story,
    )
    why = schedule.due(data, now=result.at, last_mailed_at=reader.last_at, schedule=who.schedule)
    if why is None:
        return None
    if data.kind != "inventory":
        for item in data.findings:
            if item.state is FindingState.NEW and item.channel is Channel.MAILED:
                alarms.setdefault(item.fingerprint, _Alarm(item.detector, result.at))
    reader.last_at, reader.previous = result.at, previous_from_payload(json_.document(data))
    reader.steps, reader.restated, reader.agreed = [], [], []
    changes = data.changes
    return Mail(
        result.at,
        who.address,
        why,
        data.subject,
        changes.new + changes.back,
        changes.worse,
        changes.resolved,
    )


def _gone(held: dict[str, Known], over: Sequence[str]) -> Iterator[Finding]:
    for fingerprint in over:
        if fingerprint in held and held[fingerprint].finding.state is FindingState.RESOLVED:
            yield held[fingerprint].finding


def _count(result: Reconciliation, seen: dict[str, set[str]], tallies: dict[str, Tally]) -> None:
    for one in result.findings:
        tally = tallies.setdefault(one.detector, Tally())
        if one.channel is Channel.OFF:
            continue
        if one.fingerprint not in seen["found"]:
            seen["found"].add(one.fingerprint)
            tally.found += 1
        if one.channel is Channel.MAILED and one.fingerprint not in seen["mailed"]:
            seen["mailed"].add(one.fingerprint)
            tally.mailed += 1


def _run(conn: sa.Connection, policy: Policy, number: int, at: datetime) -> Run:
    return Run(
        id=number,
        at=at,
        as_of=at,
        config_hash=policy.config_hash,
        mapping_version=_mapping_at(conn, at),
        program_version=policy.program_version,
        coverage={},
    )


def _mapping_at(conn: sa.Connection, at: datetime) -> str:
    """Under which mappings the rows stood then, all connections in one text."""
    c = past.at(schema.connection, at).c
    rows = conn.execute(sa.select(c.name, c.mapping_version).order_by(c.name))
    return " ".join(f"{row.name}={row.mapping_version or '-'}" for row in rows)


def _days(conn: sa.Connection, policy: Policy, since: datetime, until: datetime) -> list[datetime]:
    """When the run of each local day ended, oldest first."""
    c = schema.sync_run.c
    ended = conn.execute(
        sa.select(c.finished_at)
        .where(c.finished_at.is_not(None), c.finished_at > since, c.finished_at <= until)
        .order_by(c.finished_at)
    ).scalars()
    local = zone(policy.time_zone)
    chosen: dict[object, datetime] = {}
    for at in ended:
        here = at.astimezone(local)
        held = chosen.get(here.date())
        if held is None or held.astimezone(local).hour < _MORNING:
            chosen[here.date()] = at
    return sorted(chosen.values())


def _local_day(policy: Policy, at: datetime) -> datetime:
    here = at.astimezone(zone(policy.time_zone))
    return here.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
