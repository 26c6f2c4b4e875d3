"""A report of the past once more: as it was said then, or judged anew and called restated."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from sync.errors import UsageError
from sync.reconcile import answered, findings, life, registry
from sync.reconcile.assemble import Judged, assemble
from sync.reconcile.contract import Policy, Reconciliation
from sync.reconcile.findings import Run
from sync.reconcile.judge import Outcome, detect, judge_lives
from sync.reconcile.life import Known
from sync.reconcile.registry import Catalogue
from sync.reconcile.runner import (
    agreements,
    fence_moves,
    mapping_version,
    recorded,
    restated,
)
from sync.reconcile.view import View
from sync.store.open import Store


def reproduce(
    store: Store,
    policy: Policy,
    *,
    as_of: datetime,
    known_at: datetime,
    detectors: Catalogue | None = None,
) -> Reconciliation:
    """What the newest reconciliation by `known_at` said; nothing is written.

    The same facts, findings and words under the configuration, mapping and program of then. Where
    one of them is another now, the facts of then are judged by today's rules and the result says
    that it is restated, and why. An `as_of` before that reconciliation was never reported: it is
    judged here, and no finding of it is called new. Instants in UTC. Raises UsageError where
    nothing was reconciled by then.
    """
    known = registry.catalogue() if detectors is None else detectors
    registry.check_policy(policy, known)
    with store.reading() as conn:
        runs = findings.last_runs(conn, 2, until=known_at)
        if not runs:
            raise UsageError(
                "nothing was reconciled by then",
                where=f"{known_at:%Y-%m-%d %H:%M} UTC",
                todo="Name a later day, or run `driftline reconcile` first.",
            )
        run, previous = runs[0], runs[1] if len(runs) > 1 else None
        if as_of < run.as_of:
            return _looked_back(conn, policy, known, as_of, known_at)
        reasons = changed_since(conn, policy, run)
        if not reasons:
            return recorded(conn, policy, run, previous)
        reasons += restated(previous, run, fence_moves(conn, previous, run))
        before = findings.known_after(conn, previous) if previous is not None else {}
        return judged(conn, policy, known, run, previous, before, tuple(dict.fromkeys(reasons)))[0]


def changed_since(conn: sa.Connection, policy: Policy, run: Run) -> tuple[str, ...]:
    """Why today's rules may judge otherwise than that reconciliation did; empty: they are its."""
    found = []
    if run.config_hash != policy.config_hash:
        found.append("the configuration is another one than it was then")
    if run.mapping_version != mapping_version(conn):
        found.append("the mapping is another one now; items are told as they were mapped then")
    if run.program_version != policy.program_version:
        then = run.program_version or "of before"
        found.append(f"it was made by driftline {then} and is told by {policy.program_version}")
    return tuple(found)


def _looked_back(
    conn: sa.Connection, policy: Policy, known: Catalogue, as_of: datetime, known_at: datetime
) -> Reconciliation:
    """An instant that was never reported as such, judged by what was known at another one."""
    previous = next(iter(findings.last_runs(conn, 1, until=as_of)), None)
    reasons = changed_since(conn, policy, previous) if previous is not None else ()
    run = Run(
        id=0,
        at=known_at,
        as_of=as_of,
        config_hash="",
        mapping_version="",
        program_version="",
        coverage={},
    )
    return judged(conn, policy, known, run, previous, {}, reasons)[0]


def judged(
    conn: sa.Connection,
    policy: Policy,
    known: Catalogue,
    run: Run,
    previous: Run | None,
    before: Mapping[str, Known],
    reasons: tuple[str, ...],
    *,
    in_a_row: bool = False,
) -> tuple[Reconciliation, Outcome]:
    """The facts as they were known at `run`, judged after `previous` and what it left `before`.

    `in_a_row`: every reconciliation is made like this one, so plans that a person agreed to since
    the one before are told as such. Nothing is written.
    """
    run = replace(
        run,
        config_hash=policy.config_hash,
        mapping_version=mapping_version(conn),
        program_version=policy.program_version,
    )
    given = answered.said_until(conn, run.at)
    demoted = answered.demoted(given, policy, known.detectors)
    policy = replace(policy, demoted=frozenset(one.detector for one in demoted))
    view = View(
        conn,
        policy,
        run.as_of,
        run.at,
        present=False,
        open_before=frozenset(
            (one.finding.detector, one.connection_id, one.finding.subject, one.finding.rule)
            for one in before.values()
            if one.is_open
        ),
    )
    outcome = Outcome()
    detect(view, known, outcome)
    said = answered.lay(view, given, outcome, before, file=False)
    agreed = agreements(view, previous, run) if in_a_row else {}
    judge_lives(
        view,
        known,
        outcome,
        before,
        first=previous is None or (not before and not in_a_row),
        restated=bool(reasons),
        agreed=agreed.keys(),
        answered=said.held,
        flips=said.flips,
    )
    result = assemble(
        view,
        Judged(
            run=run,
            previous=previous,
            findings=tuple(sorted(outcome.shown, key=life.order)),
            resolved=tuple(sorted(outcome.resolved, key=life.order)),
            suppressed=tuple(sorted(outcome.suppressed, key=life.order)),
            not_checked=outcome.listed(),
            restated=reasons,
            agreed=tuple(agreed.values()),
            ended_answers=answered.ended_lately(given, run.at, outcome),
            flapping=answered.flapping(said, run.at, before, outcome),
            demoted=demoted,
        ),
    )
    return result, outcome
