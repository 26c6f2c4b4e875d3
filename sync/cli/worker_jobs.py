"""What workers do, as jobs of Procrastinate: queue a round, read a server, judge what was read.

Jobs only say what to do. What is done is what `sync` and `run` do, in this process; leases, budgets
and certificates are rows of the store, so that a job may be done twice and nothing is twice.
"""

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import procrastinate
import psycopg
import sqlalchemy as sa
from procrastinate import exceptions
from procrastinate.jobs import Job, Status
from procrastinate.schema import SchemaManager
from procrastinate.tasks import Task
from sqlalchemy.engine import URL

from connectors.contract import Outcome
from sync.cli.app import App
from sync.cli.worker_groups import Group, groups
from sync.config.settings import Settings
from sync.errors import ConfigError, StoreError
from sync.store import queue, schema

if TYPE_CHECKING:
    from sync.engine.run import RunResult

#: A worker says so often that it lives, and is taken for dead after so long without a word, s.
BEAT_SECONDS = 10.0
DEAD_SECONDS = 30.0
#: How often a worker looks for jobs that are due and for jobs of the dead, seconds.
LOOK_SECONDS = 2.0
#: What somebody else holds is tried again after so long, so many times: longer than a lease lives.
_BUSY_SECONDS = 45.0
_BUSY_TRIES = 10
_BUSY = 75
#: Key of the advisory lock of who takes up jobs of the dead ("driv").
_REVIVING = 0x64726976
_READ, _JUDGE, _ROUND = "driftline.read", "driftline.judge", "driftline.round"


class Worker:
    """One process; it does one job at a time, which reads several scopes side by side."""

    def __init__(self, app: App, settings: Settings, address: URL, name: str | None) -> None:
        """`address` is that of the store; `name` marks what this worker prints."""
        self._app, self._settings, self._address = app, settings, address
        self._name = name or f"{socket.gethostname()} {os.getpid()}"
        self._codes: set[int] = set()
        self._is_stopping = threading.Event()
        #: set when the reading under way is to yield.
        self._yield = threading.Event()
        self._queue = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=address.set(drivername="postgresql").render_as_string(False),
                kwargs={"options": self._options(), "application_name": "driftline worker"},
                min_size=1,
                max_size=4,
            )
        )
        self._read_task: Task[Any, Any, Any] = self._queue.task(name=_READ)(self._read_job)
        self._judge_task: Task[Any, Any, Any] = self._queue.task(name=_JUDGE)(self._judge_job)
        self._round_task: Task[Any, Any, Any] = self._queue.task(
            name=_ROUND, queueing_lock="round"
        )(self._round_job)

    def work(self, *, once: bool) -> frozenset[int]:
        """Do jobs until told to stop; `once`: queue a round, and end when nothing is left to do.

        Gives the exit codes that apply to a round; none where it was told to stop. Raises
        ConfigError for a schedule that is none, StoreErrors.
        """
        if not once:
            self._keep_schedule()
        if not self._app.debug:
            # What goes wrong is told in one line, here; of itself it would print tracebacks.
            for library in ("procrastinate", "psycopg.pool"):
                logging.getLogger(library).setLevel(logging.CRITICAL + 1)
        store = self._app.store(self._settings, create=True)
        try:
            queue.prepare(store, SchemaManager.get_schema(), procrastinate.__version__)
        finally:
            store.close()
        try:
            asyncio.run(self._work(once=once))
        except (exceptions.ConnectorException, psycopg.Error) as error:
            raise self._lost() from error
        is_told = once and not self._is_stopping.is_set()
        return frozenset(self._codes) if is_told else frozenset()

    # --- the loop ---------------------------------------------------------------------------

    async def _work(self, *, once: bool) -> None:
        async with self._queue.open_async():
            if once:
                await self._put(self._round_task, {}, waiting="round")
            working = asyncio.create_task(
                self._queue.run_worker_async(
                    name=self._name,
                    concurrency=1,
                    fetch_job_polling_interval=LOOK_SECONDS,
                    update_heartbeat_interval=BEAT_SECONDS,
                    stalled_worker_timeout=DEAD_SECONDS,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    worker_middleware=[self._telling],
                )
            )
            with self._stopped_by_signals(working):
                watching = asyncio.create_task(self._watch(working, once=once))
                try:
                    # It ends by being cancelled, after the job under way, or by itself when the
                    # database is gone.
                    with suppress(asyncio.CancelledError):
                        await working
                finally:
                    watching.cancel()
                    with suppress(asyncio.CancelledError):
                        await watching
            if not self._is_stopping.is_set() and (not once or await self._left()):
                raise self._lost()

    async def _watch(self, working: "asyncio.Task[None]", *, once: bool) -> None:
        """Take up what dead workers had begun; `once`: end when nothing is left."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._revive()
                is_done = once and not await self._left()
            except (exceptions.ConnectorException, psycopg.Error):
                # The worker itself notices, and ends.
                continue
            if is_done:
                working.cancel()
                return

    async def _revive(self) -> None:
        """Put jobs of workers that died back into the queue; one worker at a time looks."""
        manager = self._queue.job_manager
        connector = self._queue.connector
        assert isinstance(connector, procrastinate.PsycopgConnector)
        async with connector.pool.connection() as conn, conn.transaction():
            turn = await conn.execute("SELECT pg_try_advisory_xact_lock(%s) AS mine", (_REVIVING,))
            if not (await turn.fetchone())[0]:  # type: ignore[index] # one row, always
                return
            for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_SECONDS):
                self._app.note(f"{self._name}: taking up what a lost worker had begun")
                try:
                    await manager.retry_job(job)
                except exceptions.UniqueViolation:
                    # The same is queued once more already.
                    await manager.finish_job(job, Status.FAILED, delete_job=True)

    @contextmanager
    def _stopped_by_signals(self, working: "asyncio.Task[None]") -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if not self._is_stopping.is_set():
                self._is_stopping.set()
                self._yield.set()
                working.cancel()

        def heard(*_: Any) -> None:
            loop.call_soon_threadsafe(stop)

        before = {one: signal.signal(one, heard) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    async def _left(self, *tasks: str) -> list[Job]:
        """Jobs that wait or are being done, by any worker; of these tasks, or of all."""
        found: list[Job] = []
        for status in (Status.TODO, Status.DOING):
            found += await self._queue.job_manager.list_jobs_async(status=status.value)
        return [one for one in found if not tasks or one.task_name in tasks]

    async def _put(
        self,
        task: Task[Any, Any, Any],
        arguments: dict[str, Any],
        *,
        waiting: str,
        lock: str | None = None,
        after: float = 0.0,
    ) -> None:
        """Queue a job, unless the same one (`waiting`) waits already; one of a `lock` at a time."""
        how: dict[str, Any] = {"schedule_in": {"seconds": after}} if after else {}
        with suppress(exceptions.AlreadyEnqueued):
            await task.configure(lock=lock, queueing_lock=waiting, **how).defer_async(**arguments)

    async def _telling(self, job: Callable[[], Awaitable[Any]], *_: Any) -> Any:
        """What goes wrong in a job itself is told in one line, like all trouble."""
        try:
            return await job()
        except Exception as error:
            # Told here, since the queue's own log is off; raised, so that the job counts as failed.
            self._trouble(error)
            raise

    # --- the jobs ---------------------------------------------------------------------------

    async def _round_job(self, timestamp: int | None = None) -> None:
        """Queue a reading of each server, and the judging that comes after them."""
        found = await asyncio.to_thread(lambda: groups(self._app.settings()))
        since = self._app.clock.now().isoformat()
        for one in found:
            await self._put_reading(since, one)
        await self._put_judging(since)

    async def _read_job(
        self, since: str, lock: str, connections: list[str], tries: int = 0
    ) -> None:
        """Read these connections for a while; what is left is queued again before this one ends."""
        group = Group(lock, tuple(connections))
        outcome = await asyncio.to_thread(self._read, group, datetime.fromisoformat(since))
        if outcome == "yielded":
            await self._put_reading(since, group)
        elif outcome == "busy" and tries < _BUSY_TRIES:
            await self._put_reading(since, group, after=_BUSY_SECONDS, tries=tries + 1)

    async def _judge_job(self, since: str) -> None:
        """Judge and tell, once every reading of the round that began at `since` is done.

        Readings of later rounds may go on: else, with a short schedule, nothing were ever judged.
        """
        began = datetime.fromisoformat(since)
        left = await self._left(_READ)
        is_early = any(
            datetime.fromisoformat(str(one.task_kwargs["since"])) <= began for one in left
        )
        if is_early or self._is_stopping.is_set():
            await self._put_judging(since, after=LOOK_SECONDS)
            return
        await asyncio.to_thread(self._judge, began)

    async def _put_judging(self, since: str, after: float = 0.0) -> None:
        await self._put(
            self._judge_task, {"since": since}, waiting=f"judge {since}", lock="judge", after=after
        )

    async def _put_reading(
        self, since: str, group: Group, after: float = 0.0, tries: int = 0
    ) -> None:
        arguments = {
            "since": since,
            "lock": group.lock,
            "connections": list(group.connections),
            "tries": tries,
        }
        await self._put(
            self._read_task,
            arguments,
            waiting=f"read {group.lock}",
            lock=group.lock,
            after=after,
        )

    def _read(self, group: Group, since: datetime) -> str:
        """The same reading as that of `sync`; "yielded", "busy" or "done".

        `since`: when the round began that it belongs to.
        """
        from sync.cli.sync_ import read, show

        try:
            result = read(
                self._app,
                among=group.connections,
                quiet=True,
                time_box_seconds=self._settings.root.worker.time_box_minutes * 60,
                stop=self._yield,
            )
        except Exception as error:  # noqa: BLE001  # told in one line; others are read
            return "busy" if self._trouble(error) == _BUSY else "done"
        show(self._app, result, as_json=False)
        self._app.note(f"{self._name}: {', '.join(group.connections)}: {result.outcome.value}")
        is_whole = result.outcome is Outcome.COMPLETE
        if self._is_stopping.is_set() and not is_whole:
            return "yielded"
        # Where a time box was used up for nothing, the next would be, too.
        if result.yielded and self._got_on(result, since):
            return "yielded"
        if _BUSY in result.exit_codes:
            return "busy"
        self._codes |= result.exit_codes
        return "done"

    def _got_on(self, result: "RunResult", since: datetime) -> bool:
        """Whether a reading that yielded did more than read once more what its round had read.

        Short lists are read at the beginning of each; where they alone fill a time box, no number
        of them comes to an end.
        """
        c = schema.sync_step.c
        whole = sa.select(c.connection_id, c.scope_kind, c.scope_id, c.stream).where(
            c.finished_at >= since, c.run_id < result.run_id, c.outcome == "complete"
        )
        mine = sa.select(
            c.connection_id, c.scope_kind, c.scope_id, c.stream, c.outcome, c.records
        ).where(c.run_id == result.run_id)
        store = self._app.store(self._settings)
        try:
            with store.reading() as conn:
                before = {tuple(row) for row in conn.execute(whole)}
                steps = [tuple(row) for row in conn.execute(mine)]
        finally:
            store.close()
        return any(
            tuple(stream) not in before if outcome == "complete" else records > 0
            for *stream, outcome, records in steps
        )

    def _judge(self, since: datetime) -> None:
        """The same as `run` does after it has read."""
        from sync.cli.ping import watched
        from sync.cli.run import tell

        try:
            with watched(self._app, self._settings) as codes:
                codes |= self._reading_codes(since)
                told = tell(self._app, codes, no_mail=False, fail_on=None)
            self._codes |= codes
        except Exception as error:  # noqa: BLE001  # told in one line; the next round judges again
            self._trouble(error)
            return
        self._app.note(f"{self._name}: judged. Page: {told.page}")

    def _reading_codes(self, since: datetime) -> frozenset[int]:
        """4 if a stream's newest step of this round is not complete, whoever read it."""
        c = schema.sync_step.c
        newest = (
            sa.select(sa.func.max(c.id))
            .where(c.finished_at >= since)
            .group_by(c.connection_id, c.scope_kind, c.scope_id, c.stream)
        )
        store = self._app.store(self._settings)
        try:
            with store.reading() as conn:
                outcomes = set(conn.execute(sa.select(c.outcome).where(c.id.in_(newest))).scalars())
        finally:
            store.close()
        return frozenset({4}) if outcomes & {"partial", "failed"} else frozenset()

    # --- the rest ---------------------------------------------------------------------------

    def _keep_schedule(self) -> None:
        told = self._settings.root.worker.schedule
        self._queue.periodic(cron=told)(self._round_task)
        try:
            for one in self._queue.periodic_registry.periodic_tasks.values():
                one.croniter  # noqa: B018  # reads the line
        except (ValueError, KeyError) as error:
            raise ConfigError(
                f"{told!r} is no line of cron",
                where=self._settings.where("worker", "schedule"),
                todo='Write minute, hour, day, month and weekday: "15 6 * * *"; or "@daily".',
            ) from error

    def _options(self) -> str:
        wanted = self._address.query.get("options", "")
        told = wanted if isinstance(wanted, str) else " ".join(wanted)
        return f"{told} -c search_path={queue.SCHEMA} -c timezone=UTC".strip()

    def _trouble(self, error: Exception) -> int:
        from sync.cli.trouble import explain

        text, code = explain(error)
        self._app.trouble(text)
        self._codes.add(code)
        return code

    def _lost(self) -> StoreError:
        from sync.store.address import shown

        return StoreError(
            "the database does not answer any more",
            where=shown(self._address),
            todo="Start the worker again; what it had begun is taken up.",
        )
