"""One reconciliation: run the detectors over a view, judge the findings' lives, keep them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from sync.clock import Clock
from sync.errors import StoreError, UsageError
from sync.ledger import baseline as baselines
from sync.ledger.milestones import Key
from sync.reconcile import answered, findings, forecasts_kept, life, registry
from sync.reconcile.assemble import Judged, assemble
from sync.reconcile.contract import Policy, Reconciliation
from sync.reconcile.derive import derive
from sync.reconcile.findings import Run
from sync.reconcile.judge import Outcome, detect, judge_lives
from sync.reconcile.registry import Catalogue
from sync.reconcile.view import View
from sync.store import schema, tables_presence
from sync.store.open import Store


def reconcile(
    store: Store,
    policy: Policy,
    *,
    clock: Clock,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    milestone: str | None = None,
    record: bool = True,
    detectors: Catalogue | None = None,
) -> Reconciliation:
    """Judge the store and keep what became of each finding.

    `as_of` and `known_at` (UTC) in the past, a single `milestone`, or `record=False` read only:
    neither findings nor baselines are touched. Raises ConfigError for a threshold or detector that
    is not there, UsageError for an unknown milestone or an instant to come.
    """
    now = clock.now()
    if (as_of is not None and as_of > now) or (known_at is not None and known_at > now):
        raise UsageError("an instant to come cannot be judged", todo="Name a day that has come.")
    present = as_of is None and known_at is None
    whole = present and milestone is None
    known = registry.catalogue() if detectors is None else detectors
    registry.check_policy(policy, known)
    if record and whole:
        derive(store, policy, now)
    with store.reading() as conn:
        given = answered.said_until(conn, known_at or now)
        demoted = answered.demoted(given, policy, known.detectors)
        policy = replace(policy, demoted=frozenset(one.detector for one in demoted))
        last = next(iter(findings.last_runs(conn, 1, until=known_at)), None)
        # A look at the past, or at one milestone, has no life to go on with.
        before = findings.known(conn) if whole else {}
        view = View(
            conn,
            policy,
            as_of or now,
            known_at or now,
            present=present,
            open_before=frozenset(
                (one.finding.detector, one.connection_id, one.finding.subject, one.finding.rule)
                for one in before.values()
                if one.is_open
            ),
            only=milestone,
        )
        if milestone is not None and view.program_called(milestone) is None:
            baselines.the_one(view.milestones, milestone)
        run = Run(
            id=0,
            # A look at what was known then says the same whenever it is taken.
            at=known_at or now,
            as_of=view.as_of,
            config_hash=policy.config_hash,
            mapping_version=mapping_version(conn),
            program_version=policy.program_version,
            coverage={},
        )
        reasons = restated(last, run, fence_moves(conn, last, run)) if whole else ()
        agreed = agreements(view, last, run) if whole else {}
        outcome = Outcome()
        detect(view, known, outcome)
        said = answered.lay(view, given, outcome, before, file=whole)
        judge_lives(
            view,
            known,
            outcome,
            before,
            first=last is None or not whole,
            restated=bool(reasons),
            agreed=agreed.keys(),
            answered=said.held,
            flips=said.flips,
        )
        coverage = outcome.coverage()
        if said.matched.lines:
            coverage[findings.TOLD] = {"state": "told", "lines": list(said.matched.lines)}
        run = replace(run, coverage=coverage)
        result = assemble(
            view,
            Judged(
                run=run,
                previous=last,
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
        kept = forecasts_kept.to_keep(view) if record and whole else None
        suggested = [
            (plan.baseline, plan.container)
            for plan in view.plans()
            if plan.baseline is not None and plan.baseline.id is None
        ]
    if not (record and whole):
        return result
    with store.writing() as conn:
        run = findings.insert_run(conn, run)
        held = baselines.stored(conn, None, now)
        for baseline, container in suggested:
            if baseline.key not in held:
                baselines.keep(conn, baseline, container)
        findings.save_seen(conn, run, outcome.seen_rows)
        findings.save_unseen(conn, run, outcome.unseen_rows)
        findings.insert_steps(conn, run, outcome.steps)
        answered.keep(conn, run, said, outcome)
        if kept is not None:
            forecasts_kept.keep(conn, kept, now)
    return replace(result, run_id=run.id)


def load_last(
    store: Store, policy: Policy, *, answers_at: datetime | None = None
) -> Reconciliation:
    """The newest reconciliation again, without a new one: the same facts as they were known then.

    `answers_at` (UTC): with what people answered until then, and not until it was made. Raises
    StoreError where there is none.
    """
    with store.reading() as conn:
        runs = findings.last_runs(conn, 2)
        if not runs:
            raise StoreError(
                "nothing was reconciled yet",
                where=store.url_shown,
                todo="Run `driftline reconcile` first.",
            )
        before = runs[1] if len(runs) > 1 else None
        return recorded(conn, policy, runs[0], before, answers_at=answers_at)


def recorded(
    conn: sa.Connection,
    policy: Policy,
    run: Run,
    previous: Run | None,
    *,
    answers_at: datetime | None = None,
) -> Reconciliation:
    """What a reconciliation said, once more: its findings, and the facts as it knew them."""
    policy = replace(policy, config_hash=run.config_hash, program_version=run.program_version)
    view = View(conn, policy, run.as_of, run.at, present=not _moved_since(conn, run))
    known = findings.known_after(conn, run)
    held = known.values()
    given = answered.said_until(conn, answers_at or run.at)
    said = answered.recalled(view, given, answers_at or run.at)
    reasons = restated(previous, run, fence_moves(conn, previous, run))
    silent = findings.silent(conn, run)
    return assemble(
        view,
        Judged(
            run=run,
            previous=previous,
            findings=answered.laid(
                sorted(
                    (one.finding for one in held if one.is_open and not one.finding.suppressed),
                    key=life.order,
                ),
                said,
            ),
            suppressed=answered.laid(
                sorted((one.finding for one in held if one.finding.suppressed), key=life.order),
                said,
            ),
            resolved=tuple(
                sorted(
                    (
                        one.finding
                        for one in held
                        if one.finding.resolved_at == run.at
                        and one.finding.fingerprint not in silent
                    ),
                    key=life.order,
                )
            ),
            not_checked=run.listed,
            restated=reasons,
            agreed=tuple(agreements(view, previous, run).values()),
            ended_answers=answered.ended_lately(given, run.at),
            flapping=answered.flapping(said, run.at, known),
            demoted=answered.demoted(given, policy, registry.catalogue().detectors),
        ),
    )


def restated(last: Run | None, run: Run, moves: Sequence[str] = ()) -> tuple[str, ...]:
    """Why numbers may have moved because of us since the last run; nothing after none.

    `moves`: what is read now and was not before, or the other way round.
    """
    if last is None:
        return ()
    found = []
    if last.config_hash != run.config_hash:
        found.append("the configuration changed")
    if last.mapping_version != run.mapping_version:
        found.append("the mapping changed")
    if last.program_version != run.program_version:
        found.append(
            f"driftline {last.program_version or 'of before'} became {run.program_version}"
        )
    return (*found, *moves)


def fence_moves(conn: sa.Connection, last: Run | None, run: Run) -> tuple[str, ...]:
    """Projects, repositories and boards that came to what is read, or left it, since the last run.

    Those of a connection's first run are no move: nothing of it was judged before.
    """
    if last is None:
        return ()
    h, c = tables_presence.scope_hold.c, schema.connection.c
    first = (
        sa.select(h.connection_id, sa.func.min(h.known_from, type_=h.known_from.type).label("at"))
        .group_by(h.connection_id)
        .subquery()
    )
    rows = conn.execute(
        sa.select(c.name, h.scope_kind, h.scope_key, h.reason, h.known_from, h.known_to)
        .join(schema.connection, c.id == h.connection_id)
        .join(first, first.c.connection_id == h.connection_id)
        .where(
            sa.or_(
                sa.and_(h.known_from > last.at, h.known_from <= run.at, h.known_from > first.c.at),
                sa.and_(h.known_to > last.at, h.known_to <= run.at),
            )
        )
        .order_by(c.name, h.scope_kind, h.scope_key)
    )
    found: list[str] = []
    for row in rows:
        place = f"{row.scope_kind} {row.scope_key} of {row.name}"
        if row.known_to is not None and last.at < row.known_to <= run.at:
            _, _, why = (row.reason or "").partition(": ")
            found.append(f"{place} is no longer read ({why})" if why else f"{place} left")
        else:
            found.append(f"{place} is read now, too")
    return tuple(found)


def agreements(view: View, last: Run | None, run: Run) -> dict[Key, str]:
    """Judged milestones whose baseline a person accepted since the last run, in words.

    Percentages that were held appear with it: that is no news of the world.
    """
    if last is None:
        return {}
    made = baselines.stored(view.conn, {one.key for one in view.judged}, run.at)
    return {
        one.key: f"somebody agreed to the plan of {one.line}"
        for one in view.judged
        if any(held.accepted and held.created_at > last.at for held in made.get(one.key, ()))
    }


def mapping_version(conn: sa.Connection) -> str:
    """Under which mappings the stored rows stand, all connections in one text."""
    c = schema.connection.c
    rows = conn.execute(sa.select(c.name, c.mapping_version).order_by(c.name))
    return " ".join(f"{row.name}={row.mapping_version or '-'}" for row in rows)


def _moved_since(conn: sa.Connection, run: Run) -> bool:
    """Whether a sync, or another mapping, wrote source data after this reconciliation."""
    if mapping_version(conn) != run.mapping_version:
        return True
    c = schema.sync_run.c
    return bool(
        conn.execute(
            sa.select(
                sa.exists().where(
                    sa.or_(c.finished_at > run.at, c.finished_at.is_(None)),
                    sa.or_(c.rows_written > 0, c.finished_at.is_(None)),
                )
            )
        ).scalar()
    )
