"""Read one stream of one scope: page and cursor in one transaction, a certificate at the end."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.contract import (
    FeatureOff,
    Mode,
    NotAllowed,
    NotFound,
    Outcome,
    Page,
    ScopeRef,
    SourceError,
    StreamSpec,
    UnexpectedAnswer,
    Window,
)
from connectors.redaction import redact
from sync.engine import board_lines, certificate, checkpoint, listing
from sync.engine.bury import bury
from sync.engine.census import judge
from sync.engine.certificate import Step
from sync.engine.checkpoint import Key, Saved
from sync.engine.commit import (
    Batch,
    Normalizer,
    issues_of_unreadable,
    payloads,
    subject,
    write_records,
)
from sync.engine.context import Context, Problem
from sync.engine.gather import gathered
from sync.engine.lease import Lease
from sync.engine.plan import parameters_hash
from sync.engine.session import Session, explain
from sync.errors import DriftlineError
from sync.store import boards, follow_ups, presence, read, schema
from sync.store.erasure import eraser
from sync.store.writer import Writer

#: A walk takes the long overlap once a day, however long that overlap is.
LONG_EVERY = timedelta(hours=24)
#: What landed so short a while ago may still get a run of its own.
PROVEN_AFTER = timedelta(hours=1)
#: A census is taken once a day, and when it is asked for.
CENSUS_EVERY = timedelta(hours=24)
#: Watched child data is read again after this long, of so many parents of a scope in one run.
WATCH_EVERY, WATCH_AT_MOST = timedelta(hours=1), 100
#: That of parents which did not move for so long is read again this often only.
QUIET_AFTER, QUIET_EVERY = timedelta(days=7), timedelta(hours=24)


@dataclass(slots=True)
class Reading:
    """One stream being read: what is needed, and what has come so far."""

    context: Context
    session: Session
    spec: StreamSpec
    scope: ScopeRef
    lease: Lease
    normalizer: Normalizer
    started_at: datetime
    pages: int = 0
    records: int = 0
    rows: int = 0
    unreadable: int = 0
    newest: datetime | None = None
    #: first reason why it is not complete, if it is not.
    partial: str | None = None
    remote: int | None = None
    local: int | None = None
    #: no whole walk was committed before this one.
    from_nothing: bool = False
    cursor_in: Mapping[str, Any] | None = None
    cursor_out: Mapping[str, Any] | None = None
    requests_before: int = 0
    #: ids of a whole listing, by record kind.
    listed: dict[str, set[str]] = field(default_factory=dict)

    def writer(self, conn: sa.Connection) -> Writer:
        """A writer inside this transaction, after the lease was checked."""
        self.lease.check(conn)
        return Writer(self.context.store, conn, self.session.id, self.context.clock.now())


def read_stream(
    context: Context,
    session: Session,
    spec: StreamSpec,
    scope: ScopeRef,
    lease: Lease,
    normalizer: Normalizer,
) -> Step | None:
    """Read it and certify it. Never raises for trouble of the source.

    None where there is nothing to do (a census that is not due). Raises LostLease when another run
    took the scope.
    """
    reading = Reading(
        context, session, spec, scope, lease, normalizer, started_at=context.clock.now()
    )
    reading.requests_before = thread_requests(session)
    if spec.mode is Mode.CENSUS and not _census_due(reading):
        return None
    context.progress.stream_started(session.plan.name, scope.key, spec.name)
    outcome, reason = Outcome.COMPLETE, None
    try:
        _READERS[spec.mode](reading)
    except (FeatureOff, NotAllowed, NotFound) as error:
        # What a vendor says does not exist here is no failure; a missing permission may be one.
        absent = spec.optional or isinstance(error, FeatureOff)
        outcome = Outcome.UNAVAILABLE if absent else Outcome.FAILED
        reason = explain(error)
        if outcome is Outcome.FAILED:
            _report(reading, error)
    except SourceError as error:
        outcome = Outcome.PARTIAL if reading.pages else Outcome.FAILED
        reason = explain(error)
        _report(reading, error)
    except DriftlineError:
        raise
    except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the other scopes
        outcome, reason = Outcome.FAILED, bug(error)
        context.report(
            Problem(
                what=reason,
                where=f"{session.plan.name} {scope.key} {spec.name}",
                todo="Please report it; the next run tries again.",
                connection=session.plan.name,
                scope=scope.key,
                stream=spec.name,
                exit_code=1,
            )
        )
    if outcome is Outcome.COMPLETE and reading.partial is not None:
        outcome, reason = Outcome.PARTIAL, reading.partial
        context.report(
            Problem(
                what=reading.partial,
                where=f"{session.plan.name} {scope.key} {spec.name}",
                todo="",
                connection=session.plan.name,
                scope=scope.key,
                stream=spec.name,
            )
        )
    step = _certify(reading, outcome, reason)
    context.progress.stream_ended(session.plan.name, scope.key, spec.name, outcome.value, reason)
    return step


def feeds_milestones(spec: StreamSpec) -> bool:
    """Whether a stream brings milestones."""
    return not listing.MILESTONE_KINDS.isdisjoint(spec.feeds)


def bug(error: Exception) -> str:
    """An error that nobody foresaw, in one line without secrets."""
    text = redact(" ".join(str(error).split()))[:300]
    return f"a bug in the connector or in driftline: {type(error).__name__}: {text}"


def failed_step(
    context: Context, session: Session, spec: StreamSpec, scope: ScopeRef, reason: str
) -> Step:
    """The certificate of a stream that could not even be begun; written at once."""
    now = context.clock.now()
    step = Step(
        connection=session.plan.name,
        connection_id=session.id,
        scope_kind=scope.kind,
        scope_id=scope.source_id or scope.key,
        scope_key=scope.key,
        stream=spec.name,
        mode=spec.mode.value,
        started_at=now,
        finished_at=now,
        outcome=Outcome.FAILED,
        reason=reason,
        fresh_at=context.started_at,
    )
    with context.store.writing() as conn:
        certificate.write(conn, context.run_id, step)
    return step


def thread_requests(session: Session) -> int:
    """Requests this thread has made through the connector: a stream is read by one thread."""
    return int(getattr(session.connector, "thread_request_count", 0))


def _report(reading: Reading, error: SourceError) -> None:
    name = reading.session.plan.name
    reading.context.report(
        Problem(
            what=error.what,
            where=error.where or f"{name} {reading.scope.key} {reading.spec.name}",
            todo=error.todo,
            connection=name,
            scope=reading.scope.key,
            stream=reading.spec.name,
        )
    )


def _certify(reading: Reading, outcome: Outcome, reason: str | None) -> Step:
    context, session, scope = reading.context, reading.session, reading.scope
    with context.store.writing() as conn:
        reading.lease.check(conn)
        gaps = 0
        if "history" in reading.spec.feeds:
            gaps = read.history_gaps(conn, session.id, scope.source_id)
        step = Step(
            connection=session.plan.name,
            connection_id=session.id,
            scope_kind=scope.kind,
            scope_id=scope.source_id,
            scope_key=scope.key,
            stream=reading.spec.name,
            mode=reading.spec.mode.value,
            started_at=reading.started_at,
            finished_at=context.clock.now(),
            outcome=outcome,
            reason=reason,
            fresh_at=context.started_at,
            window_from=context.plan.since if reading.from_nothing else None,
            window_to=session.identity.server_time if reading.from_nothing else None,
            cursor_in=reading.cursor_in,
            cursor_out=reading.cursor_out,
            requests=thread_requests(session) - reading.requests_before,
            pages=reading.pages,
            records=reading.records,
            rows_written=reading.rows,
            remote_count=reading.remote,
            local_count=reading.local,
            unreadable=reading.unreadable,
            history_gaps=gaps,
            newest_at=reading.newest,
        )
        certificate.write(conn, context.run_id, step)
        session.budgets.flush(conn)
    return step


def _key(reading: Reading, stream: str | None = None) -> Key:
    session, name = reading.session, stream or reading.spec.name
    since = reading.context.plan.since_label
    return Key(
        session.id,
        reading.scope.kind,
        reading.scope.source_id,
        name,
        parameters_hash(name, session.identity.server_id, since),
    )


def _window(reading: Reading, **changes: Any) -> Window:
    return replace(
        Window(
            run_started_at=reading.session.identity.server_time,
            since=reading.context.plan.since,
            overlap=reading.spec.overlap,
            full=reading.context.full,
            hints=reading.session.plan.hints,
        ),
        **changes,
    )


def _pages(reading: Reading, cursor: Mapping[str, Any] | None, window: Window) -> Iterator[Page]:
    """Pages with their counts kept; stops between pages when the run has to yield."""
    why = reading.context.why_stop()
    if why is not None:
        reading.partial = why
        return
    pages = reading.session.connector.read(reading.spec.name, reading.scope, cursor, window)
    for page in pages:
        reading.pages += 1
        reading.records += len(page.records)
        reading.unreadable += len(page.unreadable)
        for record in page.records:
            if record.updated_at is not None and (
                reading.newest is None or record.updated_at > reading.newest
            ):
                reading.newest = record.updated_at
        yield page
        reading.context.progress.page(
            reading.session.plan.name,
            reading.scope.key,
            reading.spec.name,
            len(page.records),
            page.expected,
        )
        why = reading.context.why_stop()
        if why is not None and not page.committed:
            reading.partial = why
            return


def _write_page(
    reading: Reading,
    conn: sa.Connection,
    writer: Writer,
    page: Page,
    *,
    observed_after: datetime | None = None,
    watched_fields: Collection[str] = (),
) -> Batch:
    stream = reading.spec.name
    page = _erased(conn, reading, page)
    found = reading.normalizer.sort_page(page.records)
    found.subjects.update(subject(stream, one.source_id) for one in page.unreadable)
    found.issues.extend(issues_of_unreadable(stream, page.unreadable))
    writer.raw(reading.scope.source_id, page.records)
    _catch_up(reading, conn, page)
    write_records(
        writer,
        conn,
        reading.session.id,
        stream,
        found,
        reading.normalizer,
        now=reading.context.clock.now(),
        observed_after=observed_after,
        sightings=reading.spec.mode is not Mode.SNAPSHOT,
        watched_fields=watched_fields,
    )
    return found


def _erased(conn: sa.Connection, reading: Reading, page: Page) -> Page:
    """The page without the names of people who are forgotten; asked anew for each page."""
    found = eraser(conn, reading.session.id)
    if found is None:
        return page
    records = []
    for one in page.records:
        payload = found.payload(one.payload)
        if payload is not one.payload:
            one = replace(one, payload=payload, parsed=None)
        records.append(one)
    return replace(page, records=tuple(records))


def _catch_up(reading: Reading, conn: sa.Connection, page: Page) -> None:
    """Child data that came along with its parent was read now: nothing asks for it again."""
    along: dict[str, list[str]] = {}
    for record in page.records:
        if record.stream != reading.spec.name:
            along.setdefault(record.stream, []).append(record.source_id)
    by_state = {one.name for one in reading.session.streams if "history" in one.feeds}
    now = reading.context.clock.now()
    for stream in sorted(along.keys() - by_state):
        follow_ups.catch_up(
            conn,
            reading.session.id,
            of=reading.spec.name,
            stream=stream,
            ids=along[stream],
            now=now,
            read_before=now - WATCH_EVERY,
        )


# --- snapshot -------------------------------------------------------------------------------


def _read_snapshot(reading: Reading) -> None:
    """A whole listing; what it no longer names is gone, but only if it was read to its end."""
    if "board_item" in reading.spec.feeds:
        _read_board(reading)
        return
    context = reading.context
    with context.store.reading() as conn:
        before = _last_complete(conn, reading)
    whole, swept = _list_whole(reading, before)
    if whole and not swept and not reading.unreadable:
        # What goes while pages are read draws another one over their edge: only what two listings
        # do not name is gone.
        whole, swept = _list_whole(reading, before, again=True)
    if whole and reading.unreadable:
        reading.partial = f"{reading.unreadable} records could not be read"
    elif not whole and reading.partial is None:
        raise UnexpectedAnswer("the listing ended before its last page", where=reading.spec.name)


def _list_whole(
    reading: Reading, before: datetime | None, *, again: bool = False
) -> tuple[bool, bool]:
    """Read a listing once: whether it came to its end, and whether what it says was done.

    One that does not name all that is held says nothing until it was read `again`.
    """
    scope, feeds = reading.scope, reading.spec.feeds
    whole, swept, records = False, False, reading.records
    for page in _pages(reading, None, _window(reading)):
        with reading.context.store.writing() as conn:
            writer = reading.writer(conn)
            found = _write_page(reading, conn, writer, page, observed_after=before)
            listing.note(reading.listed, found, scope)
            whole = page.committed
            if whole and not reading.unreadable:
                swept = again or not listing.misses(
                    conn, reading.session.id, scope, feeds, reading.listed
                )
                if swept:
                    listing.sweep(writer, scope, feeds, reading.listed)
            reading.rows += writer.rows
    reading.remote = reading.local = reading.records - records
    return whole, swept


def _read_board(reading: Reading) -> None:
    """All lines of a board, then a look at those that it no longer names."""
    context, session, scope = reading.context, reading.session, reading.scope
    with context.store.reading() as conn:
        watched: frozenset[str] = frozenset()
        if _last_complete(conn, reading) is not None:
            watched = boards.watched_fields(conn, session.id, scope.source_id, context.started_at)
    listed: set[str] = set()
    whole = False
    for page in _pages(reading, None, _window(reading)):
        _write_lines(reading, page, watched)
        listed.update(one.source_id for one in page.records)
        whole = page.committed
    if not whole:
        if reading.partial is None:
            raise UnexpectedAnswer("the listing ended before its last page", where=scope.key)
        return
    with context.store.reading() as conn:
        missed = sorted(boards.present(conn, session.id, scope.source_id) - listed)
    looked = session.connector.look(reading.spec.name, scope, missed) if missed else ()
    alive = tuple(one.record for one in looked if one.record is not None)
    if alive:
        _write_lines(reading, Page(alive), watched)
    with context.store.writing() as conn:
        writer = reading.writer(conn)
        of_left = writer.board_items_left(one.source_id for one in looked if one.reason is not None)
        about, issues = board_lines.not_counted(
            conn, session, reading.spec.name, scope.source_id, scope.key
        )
        writer.data_issues({about}, issues)
        reading.rows += writer.rows
    reading.rows += board_lines.bring_up(context, session, reading.lease, of_left)
    reading.remote = reading.local = len(listed) + len(alive)


def _write_lines(reading: Reading, page: Page, watched: frozenset[str]) -> None:
    with reading.context.store.writing() as conn:
        writer = reading.writer(conn)
        found = _write_page(reading, conn, writer, page, watched_fields=watched)
        reading.rows += writer.rows
    ids = {one.content_id for one in found.board_items if one.content_id is not None}
    reading.rows += board_lines.bring_up(reading.context, reading.session, reading.lease, ids)


def _last_complete(conn: sa.Connection, reading: Reading) -> datetime | None:
    c = schema.sync_step.c
    found: datetime | None = conn.execute(
        sa.select(sa.func.max(c.fresh_at, type_=c.fresh_at.type)).where(
            c.connection_id == reading.session.id,
            c.scope_kind == reading.scope.kind,
            c.scope_id == reading.scope.source_id,
            c.stream == reading.spec.name,
            c.outcome == Outcome.COMPLETE.value,
        )
    ).scalar()
    return found


# --- incremental ----------------------------------------------------------------------------


def _read_incremental(reading: Reading) -> None:
    context, spec = reading.context, reading.spec
    key = _key(reading)
    now = context.clock.now()
    with context.store.reading() as conn:
        saved = checkpoint.trusted(checkpoint.load(conn, key), reading.session.identity.server_time)
    if context.full:
        # Read from nothing; what the last whole walk committed stands until this one is whole.
        saved = replace(saved, progress=None)
    start = None if context.full else saved.start
    reading.cursor_in = start
    reading.from_nothing = context.full or saved.committed is None
    if _proven_unchanged(reading, saved, now):
        reading.cursor_out = saved.committed
        return
    seen = set[str]() if start is None else None
    is_resumed = saved.progress is not None
    saved, whole = _walk(reading, saved, start, seen)
    # A walk that an earlier run began ends at what was so then; this run certifies what is so now.
    if whole and is_resumed:
        saved, whole = _walk(reading, saved, saved.start, None)
    reading.cursor_out = saved.start
    if not whole and reading.partial is None:
        raise UnexpectedAnswer("the walk ended before its last page", where=spec.name)
    if whole and seen is not None:
        reading.remote = reading.local = len(seen)
    if reading.unreadable and reading.partial is None:
        reading.partial = f"{reading.unreadable} records could not be read"


def _walk(
    reading: Reading, saved: Saved, start: Mapping[str, Any] | None, seen: set[str] | None
) -> tuple[Saved, bool]:
    """One walk on from `start`: the checkpoint after it, and whether the walk was whole.

    Ids of what it brings are added to `seen`.
    """
    context, spec, key = reading.context, reading.spec, _key(reading)
    now = context.clock.now()
    is_resumed = saved.progress is not None
    walk_started = reading.session.identity.server_time
    if saved.progress is not None and saved.walk_started_at is not None:
        walk_started = saved.walk_started_at
    # A walk from nothing has every overlap.
    daily = start is None or checkpoint.due(saved.daily_at, now, LONG_EVERY)
    long_overlap = daily and start is not None and saved.committed is not None
    window = _window(
        reading,
        run_started_at=walk_started,
        overlap=max(spec.daily_overlap if long_overlap else spec.overlap, context.plan.overlap),
    )
    whole = False
    for page in gathered(_pages(reading, start, window)):
        if seen is not None:
            seen.update(record.source_id for record in page.records)
        with context.store.writing() as conn:
            writer = reading.writer(conn)
            _write_page(reading, conn, writer, page)
            if page.committed:
                writer.resolve_parents()
                read_daily = now if daily else saved.daily_at
                # A resumed walk keeps the overlap that it was begun with; a first one needs none.
                if is_resumed:
                    read_daily = saved.daily_at if saved.committed is not None else walk_started
                saved = Saved(page.cursor, None, walk_started, read_daily)
            elif page.cursor is not None:
                saved = replace(saved, progress=page.cursor, walk_started_at=walk_started)
            checkpoint.save(conn, key, saved, context.clock.now())
            reading.rows += writer.rows
        whole = whole or page.committed
    return saved, whole


def _proven_unchanged(reading: Reading, saved: Saved, now: datetime) -> bool:
    if saved.progress is not None or saved.committed is None or reading.context.full:
        return False
    if checkpoint.due(saved.daily_at, now, LONG_EVERY):
        return False
    proven = reading.session.unchanged.get(reading.spec.name, frozenset())
    return reading.scope.source_id in proven


def find_unchanged(context: Context, session: Session) -> dict[str, frozenset[str]]:
    """Ask once for all scopes whether an incremental stream has anything new at all."""
    out: dict[str, frozenset[str]] = {}
    if context.full:
        return out
    now = context.clock.now()
    for spec in session.streams:
        if spec.mode is not Mode.INCREMENTAL:
            continue
        cursors: dict[str, Mapping[str, Any]] = {}
        scopes: list[ScopeRef] = []
        with context.store.reading() as conn:
            for scope in session.of_kind(spec.scope_kind):
                if scope.facts.get("error"):
                    continue
                key = Key(
                    session.id,
                    scope.kind,
                    scope.source_id,
                    spec.name,
                    parameters_hash(
                        spec.name, session.identity.server_id, context.plan.since_label
                    ),
                )
                saved = checkpoint.trusted(checkpoint.load(conn, key), session.identity.server_time)
                fresh = not checkpoint.due(saved.daily_at, now, LONG_EVERY)
                if saved.committed is not None and saved.progress is None and fresh:
                    cursors[scope.source_id] = saved.committed
                    scopes.append(scope)
        if scopes:
            window = Window(
                run_started_at=session.identity.server_time,
                since=context.plan.since,
                overlap=spec.overlap,
                hints=session.plan.hints,
            )
            try:
                out[spec.name] = session.connector.unchanged(spec.name, cursors, scopes, window)
            except SourceError:
                # Unsure: every scope is then read by itself, and tells its own trouble.
                out[spec.name] = frozenset()
    return out


# --- follow-up ------------------------------------------------------------------------------


def _read_follow_up(reading: Reading) -> None:
    """Child data that is still to be fetched, then what may have changed without a sign."""
    context, spec = reading.context, reading.spec
    last = ""
    while reading.partial is None:
        with context.store.reading() as conn:
            ids = _pending(reading, conn, limit=spec.batch, after=last)
        if not ids:
            break
        last = ids[-1]
        _read_children(reading, ids)
    left: list[str] = []
    if last:
        with context.store.reading() as conn:
            left = _pending(reading, conn, limit=1, after="")
    if left and reading.partial is None:
        what = "history" if "history" in spec.feeds else f"data of stream {spec.name}"
        reading.partial = f"the {what} of some items could not be read"
    _read_watched(reading)


def _read_children(reading: Reading, ids: Sequence[str]) -> None:
    context, session, spec = reading.context, reading.session, reading.spec
    with context.store.reading() as conn:
        keys = follow_ups.keys(conn, session.id, _parent(reading), ids)
    for page in gathered(_pages(reading, None, _window(reading, ids=tuple(ids), keys=keys))):
        with context.store.writing() as conn:
            writer = reading.writer(conn)
            _write_page(reading, conn, writer, page)
            if "history" not in spec.feeds and page.done_ids:
                now = context.clock.now()
                follow_ups.touch(conn, session.id, spec.name, page.done_ids, now)
            reading.rows += writer.rows


def _read_watched(reading: Reading) -> None:
    """Read again what is unfinished, or finished a short while ago: a bounded number in a run."""
    context, session, spec = reading.context, reading.session, reading.spec
    if spec.watch is None or reading.partial is not None:
        return
    now = context.clock.now()
    with context.store.reading() as conn:
        ids = follow_ups.watched(
            conn,
            session.id,
            reading.scope.source_id,
            parent=_parent(reading),
            stream=spec.name,
            due=follow_ups.Due(
                since=now - spec.watch,
                read_before=now - WATCH_EVERY,
                quiet_since=now - QUIET_AFTER,
                quiet_read_before=now - QUIET_EVERY,
            ),
            limit=WATCH_AT_MOST,
        )
    unreadable = reading.unreadable
    for start in range(0, len(ids), spec.batch):
        if reading.partial is None:
            _read_children(reading, ids[start : start + spec.batch])
    if reading.unreadable > unreadable and reading.partial is None:
        reading.partial = f"the data of stream {spec.name} of some items could not be read again"


def _pending(reading: Reading, conn: sa.Connection, *, limit: int, after: str) -> list[str]:
    """Items whose child data is still to be fetched: by their state, or by what came since."""
    spec, session, scope_id = reading.spec, reading.session, reading.scope.source_id
    if "history" in spec.feeds:
        return read.pending_histories(conn, session.id, scope_id, limit=limit, after=after)
    if "tree_comparison" in spec.feeds:
        return follow_ups.unproven(
            conn,
            session.id,
            scope_id,
            stream=spec.name,
            landed_before=reading.context.clock.now() - PROVEN_AFTER,
            limit=limit,
            after=after,
        )
    return follow_ups.pending(
        conn,
        session.id,
        scope_id,
        parent=_parent(reading),
        of=spec.of or "",
        stream=spec.name,
        limit=limit,
        after=after,
        checks="check" in spec.feeds,
        refused_before=reading.context.clock.now() - QUIET_EVERY,
    )


def _parent(reading: Reading) -> sa.Table:
    """The table of the items that this stream is about."""
    return _table_of(reading, reading.spec.of)


def _table_of(reading: Reading, stream: str | None) -> sa.Table:
    feeds = [one.feeds for one in reading.session.streams if one.name == stream]
    return follow_ups.parent_table(feeds[0] if feeds else ())


# --- census ---------------------------------------------------------------------------------


def _census_due(reading: Reading) -> bool:
    """Once a day after the first whole walk, which is a listing itself; or when asked for."""
    context, spec = reading.context, reading.spec
    key = _key(reading)
    with context.store.reading() as conn:
        walk = checkpoint.load(conn, _key(reading, spec.of))
        mine = checkpoint.load(conn, key)
    if walk.committed is None or walk.progress is not None:
        return False
    if context.census:
        return True
    now = context.clock.now()
    if mine.daily_at is None:
        with context.store.writing() as conn:
            reading.lease.check(conn)
            checkpoint.save(conn, key, Saved(daily_at=now), now)
        return False
    if checkpoint.due(mine.daily_at, now, CENSUS_EVERY) or _failed_last(reading):
        return True
    counts = _open_counts(reading)
    # A census that could not make them equal is not taken again for the same numbers.
    return counts is not None and counts[0] != counts[1] and mine.committed != _told(counts)


def _failed_last(reading: Reading) -> bool:
    """Whether the newest certificate is a failure: it would stand for a day after all is well."""
    c, session = schema.sync_step.c, reading.session
    newest = (
        sa.select(c.outcome)
        .where(
            c.connection_id == session.id,
            c.scope_kind == reading.scope.kind,
            c.scope_id == reading.scope.source_id,
            c.stream == reading.spec.name,
        )
        .order_by(c.id.desc())
        .limit(1)
    )
    with reading.context.store.reading() as conn:
        return conn.execute(newest).scalar() == Outcome.FAILED.value


def _open_counts(reading: Reading) -> tuple[int, int] | None:
    """Open records as the server counts them, and as we do; None where it does not tell."""
    of = reading.spec.of or ""
    told = reading.scope.facts.get("open")
    for names, count in told.items() if isinstance(told, Mapping) else ():
        streams = names.split("+")
        if of in streams and isinstance(count, int):
            tables = [_table_of(reading, name) for name in streams]
            with reading.context.store.reading() as conn:
                ours = sum(
                    presence.open_ones(conn, reading.session.id, table, reading.scope.source_id)
                    for table in tables
                )
            return count, ours
    return None


def _told(counts: tuple[int, int] | None) -> dict[str, list[int]] | None:
    return None if counts is None else {"open": list(counts)}


def _read_census(reading: Reading) -> None:
    context, session, scope = reading.context, reading.session, reading.scope
    everything = _census_ids(reading, since=None)
    if everything is None:
        return
    within = everything
    if context.plan.since is not None:
        limited = _census_ids(reading, since=context.plan.since)
        if limited is None:
            return
        within = limited & everything
    table = _parent(reading)
    with context.store.reading() as conn:
        ours = frozenset(presence.present(conn, session.id, table, scope.source_id))
        buried = frozenset(presence.buried(conn, session.id, table, scope.source_id))
    verdict = judge(
        everything,
        within,
        ours,
        lambda ids: session.connector.look(reading.spec.name, _called(reading, ids), ids),
        buried,
    )
    configured = {one.source_id for one in session.scopes}
    now = context.clock.now()
    of = reading.spec.of or ""
    with context.store.writing() as conn:
        writer = reading.writer(conn)
        gone = {
            id_: fate
            for id_, fate in verdict.gone.items()
            # Where it went it keeps its id, and is read there.
            if not (fate.reason == "moved" and verdict.moved_to.get(id_) in configured)
        }
        bury(writer, conn, session.id, table, gone, reading.normalizer.categories, now)
        if verdict.alive:
            writer.raw(scope.source_id, verdict.alive)
            write_records(
                writer,
                conn,
                session.id,
                of,
                reading.normalizer.sort(of, payloads(verdict.alive)),
                reading.normalizer,
                now=now,
                sightings=True,
            )
            writer.resolve_parents()
        reading.rows += writer.rows
    told = _told(_open_counts(reading))
    with context.store.writing() as conn:
        reading.lease.check(conn)
        checkpoint.save(conn, _key(reading), Saved(told, daily_at=now), now)
    reading.remote, reading.local = verdict.remote_count, verdict.local_count
    reading.unreadable = len(verdict.missing)
    if verdict.missing:
        reading.partial = (
            f"{len(verdict.missing)} items are listed by the server and could not be read"
        )


def _called(reading: Reading, ids: Sequence[str]) -> ScopeRef:
    """The scope with what people call these ids: some hosts show nothing by an id alone."""
    with reading.context.store.reading() as conn:
        keys = follow_ups.keys(conn, reading.session.id, _parent(reading), ids)
    return replace(reading.scope, facts={**reading.scope.facts, "keys": keys})


def _census_ids(reading: Reading, since: datetime | None) -> frozenset[str] | None:
    ids: set[str] = set()
    whole = False
    for page in _pages(reading, None, _window(reading, since=since, full=True)):
        ids.update(record.source_id for record in page.records)
        whole = whole or page.committed
        with reading.context.store.writing() as conn:
            reading.lease.check(conn)
    if not whole:
        if reading.partial is None:
            raise UnexpectedAnswer("the census ended before its last page")
        return None
    return frozenset(ids)


_READERS = {
    Mode.SNAPSHOT: _read_snapshot,
    Mode.INCREMENTAL: _read_incremental,
    Mode.FOLLOW_UP: _read_follow_up,
    Mode.CENSUS: _read_census,
}
