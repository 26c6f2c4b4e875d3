"""One sync run over all configured connections: bounded, resumable, each scope on its own."""

import gc
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.contract import Outcome, ScopeRef, SourceError, TooManyRequests
from sync.clock import Clock
from sync.engine import certificate, checkpoint, runtime
from sync.engine import lease as leases
from sync.engine.budget import Budgets, budget_key
from sync.engine.certificate import Step
from sync.engine.checkpoint import Key, Saved
from sync.engine.commit import Normalizer
from sync.engine.context import Context, Problem
from sync.engine.holder import holding, run_of
from sync.engine.lease import Lease
from sync.engine.leave import settle
from sync.engine.once import leave_out_twins
from sync.engine.plan import ConnectionPlan, Plan, in_order
from sync.engine.progress import Progress, Quiet
from sync.engine.remap import remap_connection, remap_histories, set_mapping_version
from sync.engine.runtime import Held
from sync.engine.session import (
    Session,
    build,
    connection_row,
    explain,
    normalizer,
    open_session,
    request_count,
)
from sync.engine.stream import bug, failed_step, feeds_milestones, find_unchanged, read_stream
from sync.engine.tokens import TokenEnd, ending
from sync.engine.turns import longest_waiting_first
from sync.errors import DriftlineError, ScopeHeld, StoreBusy, StoreError
from sync.store import read, schema
from sync.store.bulk import hashed
from sync.store.open import Store

#: Under which name it is kept for which titles of milestones a scope's histories were normalized.
_TITLES = "titles of milestones"


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did."""

    run_id: int
    outcome: Outcome
    steps: tuple[Step, ...]
    requests: int
    rows_written: int
    problems: tuple[Problem, ...]
    #: connections of this run whose token ends soon.
    ending_tokens: tuple[TokenEnd, ...] = ()
    #: it left something for the next run because its time box was used up or it was told to stop.
    yielded: bool = False

    @property
    def exit_codes(self) -> frozenset[int]:
        """All codes that apply (design section 6); empty when all is fine."""
        return frozenset(problem.exit_code for problem in self.problems)


def sync(
    store: Store,
    plan: Plan,
    *,
    clock: Clock,
    progress: Progress | None = None,
    full: bool = False,
    census: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    stop: threading.Event | None = None,
) -> RunResult:
    """Read what moved in every scope and certify each stream.

    Once `stop` is set, by another thread, pages under way are stored and no other is begun.
    Trouble of a source ends up in `problems`; one failing scope stops no other. Raises StoreErrors
    and, after the running pages were stored, KeyboardInterrupt.
    """
    started = clock.now()
    progress = progress or Quiet()
    with store.writing() as conn:
        _bury_dead_runs(conn, clock)
        run_id = _begin(conn, started, plan.program_version)
    with holding(run_id) as holder:
        box = plan.time_box_seconds
        context = Context(
            store=store,
            plan=plan,
            clock=clock,
            run_id=run_id,
            holder=holder,
            progress=progress,
            held=Held(store),
            started_at=started,
            full=full,
            census=census,
            deadline=started + timedelta(seconds=box) if box is not None else None,
            stop=stop or threading.Event(),
        )
        return _read_all(_Run(context, sleep))


def _read_all(run: "_Run") -> RunResult:
    context = run.context
    interrupted: KeyboardInterrupt | None = None
    with _fewer_collections(), context.store.bulk() if _is_first(context.store) else nullcontext():
        try:
            run.all()
        except KeyboardInterrupt as error:
            interrupted = error
        except BaseException as error:
            run.break_off(error)
            raise
    result = run.finish()
    context.progress.run_ended()
    if interrupted is not None:
        raise interrupted
    return result


def _is_first(store: Store) -> bool:
    """Whether nothing was ever read whole: a first load writes much at once."""
    c = schema.sync_run.c
    with store.reading() as conn:
        return conn.execute(sa.select(c.id).where(c.outcome == "complete").limit(1)).first() is None


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """A page is some hundred thousand short-lived objects without cycles.

    The collector counts what lives: only cycles that pile up over many pages reach this threshold.
    """
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Run:
    """Workers and what they gather."""

    def __init__(self, context: Context, sleep: Callable[[float], None]) -> None:
        self.context = context
        self.sleep = sleep
        self.steps: list[Step] = []
        self.sessions: list[Session] = []
        #: rows written by normalizing stored payloads again, side by side.
        self.remapped_rows: list[int] = []
        #: rows that changed because something else is to be read than before.
        self.fence_rows: list[int] = []
        self.requests = 0

    def all(self) -> None:
        """Connect to every source, then read all scopes side by side."""
        plan = self.context.plan
        with ThreadPoolExecutor(max_workers=max(1, plan.workers)) as pool:
            try:
                opened = [pool.submit(self._open, one) for one in plan.connections]
                _wait(opened)
                sessions = [s for s in (future.result() for future in opened) if s is not None]
                leave_out_twins(sessions)
                self.context.progress.run_started(sum(len(s.scopes) for s in sessions))
                waiting = longest_waiting_first(self.context.store, sessions)
                # A board says something of items: it is read after them.
                for late in (False, True):
                    _wait(
                        [
                            pool.submit(self._scope, session, scope)
                            for session, scope in waiting
                            if scope.kind != "site" and _says_of_items(session, scope) is late
                        ]
                    )
            except BaseException as error:
                # Pages under way are stored; nothing new is begun.
                self.context.stop.set()
                if isinstance(error, StoreError):
                    # What waits would only run into the same trouble.
                    pool.shutdown(wait=False, cancel_futures=True)
                raise
            finally:
                for session in self.sessions:
                    self.requests += request_count(session.connector)

    def _sleep(self, seconds: float) -> None:
        """Wait for a limit, as long as the run goes on. Raises TooManyRequests when it does not."""
        context = self.context
        until = context.clock.now() + timedelta(seconds=seconds)
        if context.deadline is not None and until > context.deadline:
            raise TooManyRequests(
                f"a limit lasts until {until:%Y-%m-%d %H:%M} UTC, beyond the run's time box",
                todo="The next run goes on; nothing is lost.",
                until=until,
            )
        if self.sleep is time.sleep:
            context.stop.wait(seconds)
        else:
            self.sleep(seconds)
        if context.stop.is_set():
            raise TooManyRequests("the run was interrupted while it waited for a limit")

    def _open(self, connection: ConnectionPlan) -> Session | None:
        context = self.context
        key = budget_key(connection.options)
        connection_id = connection_row(context.store, connection, key, context.clock.now())
        if connection.unusable:
            error = SourceError(connection.unusable, where=connection.name)
            self._cannot_open(connection, connection_id, error)
            return None
        budgets = Budgets(context.store, key, context.clock, context.plan.reserve)
        lent = runtime.make(
            connection,
            context.plan,
            clock=context.clock,
            sleep=self._sleep,
            progress=context.progress,
            budgets=budgets,
            held=context.held,
        )
        connector = build(connection, lent)
        try:
            session = open_session(
                context.store,
                connection,
                connection_id,
                connector,
                budgets,
                clock=context.clock,
            )
        except SourceError as error:
            self.requests += request_count(connector)
            connector.close()
            self._cannot_open(connection, connection_id, error)
            return None
        except DriftlineError:
            connector.close()
            raise
        except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the others
            self.requests += request_count(connector)
            connector.close()
            told = SourceError(bug(error), where=connection.name, todo="Please report it.")
            self._cannot_open(connection, connection_id, told, exit_code=1)
            return None
        self.sessions.append(session)
        self.fence_rows.append(settle(context, session))
        for scope in session.of_kind("site"):
            self._scope(session, scope)
        try:
            self._apply_mapping(session)
        except DriftlineError:
            raise
        except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the others
            self._cannot_normalize(connection.name, "", error)
        session.unchanged = find_unchanged(context, session)
        return session

    def _cannot_open(
        self,
        connection: ConnectionPlan,
        connection_id: int,
        error: SourceError,
        exit_code: int = 4,
    ) -> None:
        context = self.context
        context.report(
            Problem(
                error.what,
                error.where or connection.name,
                error.todo,
                connection.name,
                exit_code=exit_code,
            )
        )
        c = schema.sync_step.c
        # A scope may have had other names: what it was called last counts.
        newest = (
            sa.select(sa.func.max(c.id))
            .where(c.connection_id == connection_id)
            .group_by(c.scope_kind, c.scope_id, c.stream)
        )
        with context.store.reading() as conn:
            known = conn.execute(
                sa.select(c.scope_kind, c.scope_id, c.scope_key, c.stream, c.mode)
                .where(c.id.in_(newest))
                .order_by(c.id)
            ).all()
        now = context.clock.now()
        with context.store.writing() as conn:
            for row in known or (None,):
                step = Step(
                    connection=connection.name,
                    connection_id=connection_id,
                    scope_kind=row.scope_kind if row else "site",
                    scope_id=row.scope_id if row else "site",
                    scope_key=row.scope_key if row else "site",
                    stream=row.stream if row else "connect",
                    mode=row.mode if row else "snapshot",
                    started_at=now,
                    finished_at=now,
                    outcome=Outcome.FAILED,
                    reason=explain(error),
                    fresh_at=context.started_at,
                )
                certificate.write(conn, context.run_id, step)
                self.steps.append(step)

    def _apply_mapping(self, session: Session) -> None:
        """Rows stand under the present mapping and lookups before anything is added to them."""
        context, version = self.context, session.plan.mapping.version
        c = schema.connection.c
        with context.store.reading() as conn:
            held = conn.execute(
                sa.select(c.mapping_version, c.lookups_hash).where(c.id == session.id)
            ).one()
            lookups = read.lookups_hash(conn, session.id)
        if held.mapping_version is None:
            with context.store.writing() as conn:
                set_mapping_version(conn, session.id, version)
        elif tuple(held) != (version, lookups):
            _, rows = remap_connection(
                context.store,
                session.plan,
                session.id,
                session.identity.base_url,
                clock=context.clock,
            )
            self.remapped_rows.append(rows)

    def _scope(self, session: Session, scope: ScopeRef) -> None:
        """Read all streams of one scope; trouble ends here."""
        context = self.context
        specs = in_order([spec for spec in session.streams if spec.scope_kind == scope.kind])
        error = scope.facts.get("error")
        if error:
            context.report(Problem(str(error), session.plan.name, "", session.plan.name, scope.key))
            self.steps.extend(
                failed_step(context, session, spec, scope, str(error)) for spec in specs
            )
            return
        try:
            held = leases.acquire(
                context.store,
                session.id,
                scope.kind,
                scope.source_id,
                holder=context.holder,
                seconds=context.plan.lease_seconds,
                clock=context.clock,
            )
        except ScopeHeld as busy:
            self._busy(session, scope, busy)
            return
        context.held.set(held)
        try:
            self._refuse_former_name(session, scope, held)
            project = scope.key if scope.kind not in ("site", "board") else None
            maker: Normalizer | None = None
            for spec in specs:
                if maker is None or scope.kind in ("site", "board"):
                    maker = self._normalizer(session, scope, project)
                step = read_stream(context, session, spec, scope, held, maker)
                if step is None:
                    continue
                self.steps.append(step)
                if scope.kind == "board":
                    self._note_lookups(session, step)
                elif maker.milestones is not None and feeds_milestones(spec):
                    if step.rows_written:
                        maker = self._normalizer(session, scope, project)
                    self._follow_titles(session, scope, held, maker)
        except ScopeHeld as busy:
            self._busy(session, scope, busy)
        except StoreBusy:
            # Locked: the lease lapses by itself.
            raise
        except StoreError:
            # What went wrong first is what must be told.
            with suppress(StoreError):
                self._give_back(held)
            raise
        except BaseException:
            self._give_back(held)
            raise
        else:
            self._give_back(held)
        finally:
            context.held.set(None)

    def _refuse_former_name(self, session: Session, scope: ScopeRef, held: Lease) -> None:
        """Raises ScopeHeld if a later run read the scope under another name than ours."""
        context = self.context
        with context.store.reading() as conn:
            later = certificate.renamed_since(
                conn, context.run_id, session.id, scope.kind, scope.source_id, scope.key
            )
        if later is not None:
            self._give_back(held)
            raise ScopeHeld(
                f"run {later}, which began later, read it under another name",
                where=f"{scope.kind} {scope.source_id}",
                todo="Nothing was written here; what that run certified stands.",
            )

    def _note_lookups(self, session: Session, step: Step) -> None:
        """A board's fields changed, and all its lines were normalized under them as they are."""
        if "board_item" not in _feeds(session, step) or step.outcome is not Outcome.COMPLETE:
            return
        c = schema.connection.c
        with self.context.store.writing() as conn:
            lookups = read.lookups_hash(conn, session.id)
            conn.execute(
                sa.update(schema.connection)
                .where(c.id == session.id, c.mapping_version == session.plan.mapping.version)
                .where(c.lookups_hash != lookups)
                .values(lookups_hash=lookups)
            )

    def _give_back(self, held: Lease) -> None:
        with self.context.store.writing() as conn:
            held.release(conn)

    def _normalizer(self, session: Session, scope: ScopeRef, project: str | None) -> Normalizer:
        return normalizer(
            self.context.store,
            session.plan,
            session.id,
            session.identity.base_url,
            project,
            scope.source_id if project else None,
        )

    def _follow_titles(
        self, session: Session, scope: ScopeRef, held: Lease, maker: Normalizer
    ) -> None:
        """Normalize histories again when the milestones that they name by title changed.

        For which titles that was done is stored, so that a crash before it forgets nothing.
        """
        context = self.context
        titles = {"titles": hashed([maker.milestones])[1].hex()}
        key = Key(session.id, scope.kind, scope.source_id, _TITLES, "")
        with context.store.reading() as conn:
            if checkpoint.load(conn, key).committed == titles:
                return
        try:
            rows = remap_histories(
                context.store,
                session.plan,
                session.id,
                session.identity.base_url,
                scope_id=scope.source_id,
                clock=context.clock,
            )
        except DriftlineError:
            raise
        except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the others
            self._cannot_normalize(session.plan.name, scope.key, error)
            return
        self.remapped_rows.append(rows)
        with context.store.writing() as conn:
            held.check(conn)
            checkpoint.save(conn, key, Saved(titles), context.clock.now())

    def _cannot_normalize(self, connection: str, scope: str, error: Exception) -> None:
        """Stored payloads stay as they were normalized before; what is read goes on."""
        where = " ".join(part for part in (connection, scope) if part)
        self.context.report(
            Problem(
                bug(error),
                f"{where}, normalizing stored payloads again",
                "Please report it; the next run tries again.",
                connection,
                scope,
                exit_code=1,
            )
        )

    def _busy(self, session: Session, scope: ScopeRef, busy: ScopeHeld) -> None:
        self.context.report(
            Problem(
                what=busy.what,
                where=f"{session.plan.name} {scope.key}",
                todo=busy.todo,
                connection=session.plan.name,
                scope=scope.key,
                exit_code=75,
            )
        )

    def break_off(self, error: BaseException) -> None:
        """Close connectors, and store why the run ended if the store still takes it."""
        context = self.context
        for session in self.sessions:
            session.connector.close()
        if isinstance(error, StoreBusy):
            return
        reason = str(error) if isinstance(error, DriftlineError) else type(error).__name__
        with suppress(DriftlineError), context.store.writing() as conn:
            conn.execute(
                sa.update(schema.sync_run)
                .where(schema.sync_run.c.id == context.run_id)
                .values(
                    finished_at=context.clock.now(),
                    outcome=Outcome.FAILED.value,
                    reason=reason,
                    requests=self.requests,
                )
            )

    def finish(self) -> RunResult:
        """Close connectors, store the outcome."""
        context = self.context
        for session in self.sessions:
            session.connector.close()
        rows = sum((*self.remapped_rows, *self.fence_rows))
        rows += sum(step.rows_written for step in self.steps)
        outcome = _outcome(self.steps, context.problems)
        reason = "; ".join(f"{problem.where}: {problem.what}" for problem in context.problems)
        with context.store.writing() as conn:
            for session in self.sessions:
                session.budgets.flush(conn)
            conn.execute(
                sa.update(schema.sync_run)
                .where(schema.sync_run.c.id == context.run_id)
                .values(
                    finished_at=context.clock.now(),
                    outcome=outcome.value,
                    reason=reason or None,
                    requests=self.requests,
                    rows_written=rows,
                )
            )
        names = {one.name for one in context.plan.connections}
        with context.store.reading() as conn:
            endings = ending(conn, context.clock.now(), names)
        return RunResult(
            run_id=context.run_id,
            outcome=outcome,
            steps=tuple(self.steps),
            requests=self.requests,
            rows_written=rows,
            problems=tuple(context.problems),
            ending_tokens=endings,
            yielded=context.why_stop() is not None
            and any(step.outcome is Outcome.PARTIAL for step in self.steps),
        )


def _outcome(steps: Iterable[Step], problems: Iterable[Problem]) -> Outcome:
    outcomes = {step.outcome for step in steps} - {Outcome.UNAVAILABLE}
    troubled = any(True for _ in problems) or Outcome.FAILED in outcomes
    if not troubled and Outcome.PARTIAL not in outcomes:
        return Outcome.COMPLETE
    if outcomes & {Outcome.COMPLETE, Outcome.PARTIAL}:
        return Outcome.PARTIAL
    return Outcome.FAILED


def _says_of_items(session: Session, scope: ScopeRef) -> bool:
    """Whether a scope is a board whose lines say something of items of other scopes."""
    return any(
        "board_item" in spec.feeds for spec in session.streams if spec.scope_kind == scope.kind
    )


def _feeds(session: Session, step: Step) -> tuple[str, ...]:
    return next(spec.feeds for spec in session.streams if spec.name == step.stream)


def _wait(futures: Iterable[Future[Any]]) -> None:
    """Wait in short breaths, so that an interrupt is heard at once. Raises what one of them did."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
        for one in done:
            one.result()


def _begin(conn: sa.Connection, now: datetime, version: str) -> int:
    result = conn.execute(
        sa.insert(schema.sync_run)
        .values(started_at=now, outcome="running", program_version=version)
        .returning(schema.sync_run.c.id)
    )
    return int(result.scalar_one())


def _bury_dead_runs(conn: sa.Connection, clock: Clock) -> None:
    """A run that holds no living lease and never finished was killed: say so."""
    alive = {run_of(holder) for holder in leases.living(conn, clock)}
    running = conn.execute(
        sa.select(schema.sync_run.c.id).where(schema.sync_run.c.outcome == "running")
    ).scalars()
    for id_ in set(running) - alive:
        conn.execute(
            sa.update(schema.sync_run)
            .where(schema.sync_run.c.id == id_)
            .values(outcome="failed", reason="ended without finishing")
        )
