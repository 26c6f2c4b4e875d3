"""A large store, written by executemany (SQLite) or COPY (PostgreSQL).

python -m benchmarks.scope_fill STORE ITEMS [SEED]
"""

import gc
import random
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from benchmarks.measure import print_measure
from benchmarks.scope_world import (
    GITHUB,
    INSTALLED,
    JIRA,
    POINTS,
    STATUSES,
    STREAMS,
    Container,
    Item,
    World,
    day,
    known,
    project_key,
    stamp,
)
from sync.store import schema
from sync.store.bulk import quoted
from sync.store.open import open_store

#: Items whose rows are written at once.
CHUNK = 20_000
#: Indexes of these are made when they are full.
LARGE = ("work_item", "scope_membership", "change_request")
_DAY = 86_400
_HASH = b"\0" * 16
_SITE = "https://tracker.example.com"

WORK_ITEM = (
    "connection_id source_id key scope_id item_type raw_type status_category raw_status "
    "raw_status_id code_complete resolved_at priority title estimate_points estimate_field "
    "assignee_id parent_id labels components milestones restricted url created_at updated_at "
    "started_at done_at history_state first_seen_at gone_at gone_reason content_hash"
).split()
EVENT = (
    "connection_id work_item_id source_event_id known_from field raw_field at actor_id old_ids "
    "new_ids old_text new_text is_delta origin"
).split()
MEMBERSHIP = (
    "connection_id member_kind member_id milestone_kind milestone_id valid_from known_from "
    "valid_to from_exact cause source_event_id end_cause end_event_id"
).split()
CHANGE = (
    "connection_id source_id scope_id number key title state raw_state is_draft created_at "
    "updated_at closed_at merged_at author_id base_ref merge_method additions deletions labels "
    "milestones assignee_ids restricted url first_seen_at content_hash"
).split()
CHANGE_LINK = (
    "from_connection_id from_id to_connection_id to_kind to_id kind method first_seen_at "
    "confidence evidence ambiguous"
).split()


def fill(url: str, items: int, seed: int = 5) -> World:
    """An empty store becomes that of a company with so many items."""
    world = World(items, seed)
    # Made by one that is closed again: the file must be nobody's else.
    open_store(url).close()
    store = open_store(url)
    raw = store.engine.raw_connection()
    try:
        write = Write(raw.driver_connection, is_file=store.dialect == "sqlite")
        # Millions of rows, none of them in a circle.
        gc.disable()
        with write.quickly():
            _frame(write, world)
            _items(write, world)
            _changes(write, world, seed)
    finally:
        gc.enable()
        raw.close()
        store.close()
    return world


class Write:
    """Rows into tables, in the form that SQLite keeps; PostgreSQL reads the same texts."""

    def __init__(self, driver: Any, *, is_file: bool, large: Collection[str] = LARGE) -> None:
        """Indexes of the tables `large` are made when they are full."""
        self._driver = driver
        self._is_file = is_file
        self._large = large

    @contextmanager
    def quickly(self) -> Iterator[None]:
        """Without what a crash would need; large indexes are made at the end."""
        if not self._is_file:
            self._driver.execute("SET TIME ZONE 'UTC'")
            yield
            self._driver.commit()
            self._driver.autocommit = True
            self._driver.execute("ANALYZE")
            return
        do = self._driver.execute
        do("PRAGMA journal_mode = OFF")
        do("PRAGMA synchronous = OFF")
        do("PRAGMA cache_size = -200000")
        indexes = [
            (name, sql)
            for name, table, sql in do(
                "SELECT name, tbl_name, sql FROM sqlite_master "
                "WHERE type = 'index' AND sql IS NOT NULL"
            )
            if table in self._large
        ]
        for name, _ in indexes:
            do(f"DROP INDEX {quoted(name)}")
        do("BEGIN")
        yield
        do("COMMIT")
        for _, sql in indexes:
            do(sql)
        do("PRAGMA journal_mode = WAL")

    def __call__(
        self, table: str, columns: str | Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Add rows, in the order of the columns."""
        names = columns.split() if isinstance(columns, str) else columns
        unknown = set(names) - set(schema.metadata.tables[table].c.keys())
        assert not unknown, f"{table} has no column {sorted(unknown)}"
        named = ", ".join(map(quoted, names))
        if self._is_file:
            marks = ", ".join("?" * len(names))
            self._driver.executemany(
                f"INSERT INTO {quoted(table)} ({named}) VALUES ({marks})", rows
            )
            return
        with self._driver.cursor().copy(f"COPY {quoted(table)} ({named}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _frame(write: Write, world: World) -> None:
    """Connections, projects, boards, repositories, statuses, milestones, and what was read."""
    first = known(0)
    present = stamp(world.end)
    seen = "first_seen_at content_hash"
    write(
        "connection",
        "id name kind first_seen_at mapping_version",
        [(JIRA, "jira", "jira", first, "1"), (GITHUB, "github", "github", first, "1")],
    )
    scopes, steps, step = [], [], 0
    for project in range(world.size.projects):
        key = project_key(project)
        scopes += [
            (JIRA, "project", str(project), key, f"Project {key}", None, 0, first, _HASH),
            (JIRA, "board", f"b{project}", key, f"Board {key}", str(project), 0, first, _HASH),
            (GITHUB, "repository", str(project), f"acme/{key}", key, None, 0, first, _HASH),
        ]
        for connection, kind, id_, label, *_ in scopes[-3:]:
            for stream in STREAMS[kind]:
                step += 1
                steps.append(
                    (step, 1, connection, kind, id_, label, stream, "incremental", present,
                     present, "complete", 1, 1, 1, 1, 0, 0, present)
                )  # fmt: skip
    write("scope", f"connection_id kind source_id key name parent_id archived {seen}", scopes)
    write(
        "sync_run",
        "id started_at finished_at outcome program_version",
        [(1, present, present, "complete", "bench")],
    )
    write(
        "sync_step",
        "id run_id connection_id scope_kind scope_id scope_key stream mode started_at finished_at "
        "outcome requests pages records rows_written unreadable history_gaps fresh_at",
        steps,
    )
    write(
        "account",
        f"connection_id source_id name is_bot {seen}",
        [
            (connection, f"u{n}", f"Person {n}", int(n >= 90), first, _HASH)
            for connection in (JIRA, GITHUB)
            for n in range(97)
        ],
    )
    write(
        "status",
        f"connection_id source_id raw_name category code_complete {seen}",
        [(JIRA, id_, name, category, 0, first, _HASH) for id_, name, category in STATUSES],
    )
    write(
        "field",
        f"connection_id source_id name role {seen}",
        [(JIRA, POINTS, "Story Points", "points", first, _HASH)],
    )
    _milestones(write, world)


def _milestones(write: Write, world: World) -> None:
    rows, events = [], []
    for one in world.every():
        sprint = one.kind == "sprint"
        scope = f"b{one.project}" if sprint else str(one.project)
        first, start, due = known(one.start), day(one.start), day(one.due)
        started = stamp(one.start) if sprint else None
        finished = stamp(one.ended) if sprint and one.ended is not None else None
        rows.append(
            (JIRA, one.kind, one.id, one.name, one.state, scope, None if sprint else start, due,
             started, finished, f"{_SITE}/{one.id}", first, _HASH)
        )  # fmt: skip
        moved = int(one.id) % 4 == 0
        values = {
            "name": one.name,
            "state": "active",
            "due_date": day(one.due - 20 * _DAY) if moved else due,
            "start_date": None if sprint else start,
            "started_at": started and f"{started}+00:00",
        }
        told: list[tuple[Any, ...]] = [
            (name, first, None, value, 1, None) for name, value in values.items() if value
        ]
        over = one.ended is not None and one.ended > INSTALLED * _DAY
        if moved and one.start + 5 * _DAY > INSTALLED * _DAY:
            later = known(one.start + 5 * _DAY)
            told.append(("due_date", later, values["due_date"], due, 0, first))
        elif moved:
            told = [(*row[:3], due, *row[4:]) if row[0] == "due_date" else row for row in told]
        if over:
            assert one.ended is not None
            told.append(("state", known(one.ended), "active", one.state, 0, first))
        elif one.ended is not None:
            told = [(*row[:3], one.state, *row[4:]) if row[0] == "state" else row for row in told]
        if finished and over:
            assert one.ended is not None
            told.append(("finished_at", known(one.ended), None, f"{finished}+00:00", 0, first))
        events += [
            (JIRA, one.kind, one.id, name, at, old, new, is_first, after, at, "observed")
            for name, at, old, new, is_first, after in told
        ]
    write(
        "milestone",
        "connection_id kind source_id name state scope_id start_date due_date started_at "
        "finished_at url first_seen_at content_hash",
        rows,
    )
    write(
        "milestone_date_event",
        "connection_id milestone_kind milestone_id field known_from old new is_first "
        "observed_after observed_at origin",
        events,
    )
    write(
        "baseline",
        "id connection_id milestone_kind milestone_id name at rule accepted is_partial author "
        "due_date created_at",
        [
            (n, JIRA, one.kind, one.id, "agreed", stamp(one.start), "explicit", 1, 0, "A planner",
             day(one.due), known(one.start))
            for n, one in enumerate(world.every(), 1)
        ],
    )  # fmt: skip


def _items(write: Write, world: World) -> None:
    stream = world.items()
    while chunk := list(islice(stream, CHUNK)):
        rows, events, stays, links = [], [], [], []
        for one in chunk:
            told, held = _lived(one)
            rows.append(_row(one, held))
            events += told
            stays += held
            if one.number % 20 == 1 and one.number > 1:
                other = str(int(one.id) - world.size.projects)
                kind = ("blocks", "relates", "splits")[one.number // 20 % 3]
                links.append(
                    (JIRA, one.id, f"l{one.id}", stamp(one.born), other, one.id, kind, kind, "", 1)
                )
        write("work_item", WORK_ITEM, rows)
        write("field_event", EVENT, events)
        write("scope_membership", MEMBERSHIP, stays)
        write(
            "link",
            "connection_id declared_by source_id first_seen_at from_id to_id kind raw_kind method "
            "confidence",
            links,
        )


def _lived(one: Item) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Its events, and its stays in milestones."""
    id_, home, kind = one.id, one.home, one.home.kind
    actor = f"u{one.number % 97}"
    events: list[tuple[Any, ...]] = []
    stays: list[tuple[Any, ...]] = []

    def enter(where: Container, at: int, event: str | None) -> None:
        cause = "created" if event is None else "event"
        begun = (JIRA, "work_item", id_, kind, where.id, stamp(at), known(at))
        stays.append((*begun, None, 1, cause, event, None, None))

    def leave(at: int, cause: str, event: str | None) -> None:
        if stays and stays[-1][7] is None:
            stays[-1] = (*stays[-1][:7], stamp(at), *stays[-1][8:11], cause, event)

    now = None
    if one.life.at_birth:
        now = home
        enter(home, one.born, None)
    for place, ((_, name, raw, sides), at) in enumerate(zip(one.life.acts, one.times, strict=True)):
        event = f"{id_}{place}.0"
        if not sides:
            before, now = now, None if name == "leave" else home if name == "enter" else one.other
            if before is not None:
                leave(at, "event", event)
            if now is not None:
                enter(now, at, event)
            name, raw = kind, "Sprint" if kind == "sprint" else "Fix Version"
            sides = (
                before.id if before else None,
                now.id if now else None,
                before.name if before else None,
                now.name if now else None,
            )
        told = stamp(at)
        events.append((JIRA, id_, event, known(at), name, raw, told, actor, *sides, 0, "source"))
    if one.gone is not None:
        leave(one.gone, "deleted", None)
    return events, stays


def _row(one: Item, stays: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    life = one.life
    status, name, category = STATUSES[life.status]
    done = None if life.done is None else stamp(one.times[life.done])
    last = stays[-1] if stays and stays[-1][11] != "event" else None
    return (
        JIRA,
        one.id,
        f"{project_key(one.project)}-{one.number}",
        str(one.project),
        "subtask" if one.parent else "defect" if one.number % 5 == 0 else "task",
        "Sub-task" if one.parent else "Task",
        category,
        name,
        status,
        0,
        done,
        "expedite" if one.number % 50 == 0 else "medium",
        f"Let the service of {one.number % 97} keep its answers for readers",
        life.points,
        None if life.points is None else POINTS,
        life.assignee,
        one.parent,
        "[]",
        "[]",
        "[]" if last is None else f'[["{last[3]}","{last[4]}"]]',
        0,
        f"{_SITE}/browse/{one.id}",
        stamp(one.born),
        stamp(one.times[-1]),
        None if life.started is None else stamp(one.times[life.started]),
        done,
        "complete",
        known(one.born),
        None if one.gone is None else known(one.gone),
        None if one.gone is None else "deleted",
        _HASH,
    )


def _changes(write: Write, world: World, seed: int) -> None:
    """One change for every tenth item; most say which item they are for."""
    rng = random.Random(seed)
    size = world.size
    rows, links = [], []
    for n in range(size.changes):
        item = n * 10 + rng.randrange(10)
        project, born = item % size.projects, int(item * world.step) + 3600
        id_ = str(5_000_000 + n)
        ends = min(born + rng.randrange(_DAY, 40 * _DAY), world.end)
        is_open = ends == world.end
        state = "open" if is_open else "merged" if rng.random() < 0.95 else "closed"
        end = None if is_open else stamp(ends)
        label = f"acme/{project_key(project)}"
        rows.append(
            (GITHUB, id_, str(project), n + 1, f"{label}#{n + 1}", f"Keep answers of {n % 97}",
             state, state, 0, stamp(born), stamp(ends), end, end if state == "merged" else None,
             f"u{n % 97}", "main", "squash", 10 + n % 90, n % 40, "[]", "[]", "[]", 0,
             f"https://code.example.com/{label}/pull/{n + 1}", known(born), _HASH)
        )  # fmt: skip
        if rng.random() < 0.85:
            links.append(
                (GITHUB, id_, JIRA, "work_item", str(1_000_000_000 + item), "implements", "title",
                 known(born), 0.9, f"{project_key(project)}-{item // size.projects + 1}", 0)
            )  # fmt: skip
    write("change_request", CHANGE, rows)
    write("change_link", CHANGE_LINK, links)


def main() -> None:
    """Fill one store, and tell how long it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    fill(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:4]))
    print_measure(cpu, wall)


if __name__ == "__main__":
    main()
