"""A store full of changes that landed, with their check results.

python -m benchmarks.verdict_fill STORE CHANGES [SEED]
"""

import gc
import sys
import time

from benchmarks.measure import print_measure
from benchmarks.scope_fill import Write
from benchmarks.verdict_world import GITHUB, GITLAB, World, instant
from sync.store.open import open_store

#: Indexes of these are made when they are full.
LARGE = (
    "change_request", "code_commit", "change_commit", "pipeline_run", "check_result", "checks_state"
)  # fmt: skip
_FIRST = instant(400)
_HASH = b"\0" * 16


def fill(url: str, changes: int, seed: int = 6) -> dict[str, int]:
    """An empty store becomes that of a company with so many changes; rows by table."""
    world, counted = World(changes, seed), dict[str, int]()
    open_store(url).close()
    store = open_store(url)
    raw = store.engine.raw_connection()
    try:
        write = Write(raw.driver_connection, is_file=store.dialect == "sqlite", large=LARGE)
        gc.disable()
        with write.quickly():
            _frame(write, world)
            for repository in world.repositories:
                for rows in world.rows(repository):
                    for table, columns, mine, tail in (
                        ("change_request", CHANGE, rows.changes, _CHANGE_TAIL),
                        ("code_commit", COMMIT, rows.commits, (_FIRST,)),
                        ("change_commit", OWN, rows.own, (_FIRST,)),
                        ("change_part", PART, rows.parts, ("complete", _FIRST)),
                        ("change_file", FILE, rows.files, ("modified", 3, 1, _FIRST)),
                        ("review", REVIEW, rows.reviews, ("approved", _FIRST)),
                        ("push_event", PUSH, rows.pushes, (0, _FIRST)),
                        ("pipeline_run", RUN, rows.runs, (1, _FIRST, _HASH)),
                        ("check_result", RESULT, rows.results, (0, _FIRST)),
                        ("checks_state", STATE, rows.states, ("complete", _FIRST)),
                    ):
                        write(table, columns, ((*row, *tail) for row in mine))
                        counted[table] = counted.get(table, 0) + len(mine)
    finally:
        gc.enable()
        raw.close()
        store.close()
    return counted


CHANGE = (
    "connection_id source_id scope_id number key merged_at created_at base_ref head_sha landed_sha "
    "landed_tree head_tree base_sha_at_merge updated_at title state raw_state is_draft base_known "
    "merge_method labels milestones assignee_ids restricted author_id first_seen_at content_hash"
)
_CHANGE_TAIL = (
    "Keep answers", "merged", "merged", 0, "source", "unknown", "[]", "[]", "[]", 0, "u1", _FIRST,
    _HASH,
)  # fmt: skip
COMMIT = "connection_id scope_id sha tree parents committed_at first_seen_at"
OWN = "connection_id change_request_id sha position known_from"
PART = "connection_id change_request_id part state known_from"
FILE = "connection_id change_request_id path change additions deletions known_from"
REVIEW = (
    "connection_id change_request_id source_id reviewer_id verdict commit_sha at raw_verdict "
    "known_from"
)
PUSH = "connection_id change_request_id source_id at before_sha after_sha is_force known_from"
RUN = (
    "connection_id source_id scope_id kind name sha conclusion created_at finished_at "
    "change_numbers attempt first_seen_at content_hash"
)
RESULT = (
    "connection_id source source_id scope_id sha name conclusion app stage run_id attempt "
    "is_superseded started_at finished_at tests_total allow_failure known_from"
)
STATE = "connection_id scope_id subject_kind subject_id source state known_from"


def _frame(write: Write, world: World) -> None:
    seen = "first_seen_at content_hash"
    write(
        "connection",
        "id name kind first_seen_at mapping_version",
        [(GITHUB, "github", "github", _FIRST, "1"), (GITLAB, "gitlab", "gitlab", _FIRST, "1")],
    )
    write(
        "scope",
        f"connection_id kind source_id key name archived {seen}",
        [
            (one.connection, "repository", one.id, f"acme/{one.place}", str(one.place), 0, _FIRST,
             _HASH)
            for one in world.repositories
        ],
    )  # fmt: skip
    write(
        "account",
        f"connection_id source_id name is_bot {seen}",
        [(host, f"u{n}", f"Person {n}", 0, _FIRST, _HASH) for host in (1, 2) for n in range(9)],
    )
    write(
        "default_branch",
        "connection_id scope_id name known_from",
        [(one.connection, one.id, "main", _FIRST) for one in world.repositories],
    )
    present = instant(0)
    write(
        "sync_run",
        "id started_at finished_at outcome program_version",
        [(1, present, present, "complete", "bench")],
    )
    write(
        "sync_step",
        "id run_id connection_id scope_kind scope_id scope_key stream mode started_at finished_at "
        "outcome requests pages records rows_written unreadable history_gaps fresh_at",
        [
            (n, 1, one.connection, "repository", one.id, f"acme/{one.place}", "runs", "incremental",
             present, present, "complete", 1, 1, 1, 1, 0, 0, present)
            for n, one in enumerate(world.repositories, 1)
            if one.way == "merge"
        ],
    )  # fmt: skip


def main() -> None:
    """Fill once and say how many rows of each kind there are."""
    url, changes = sys.argv[1], int(sys.argv[2])
    cpu, wall = time.process_time(), time.perf_counter()
    print_measure(cpu, wall, rows=fill(url, changes, *map(int, sys.argv[3:])))


if __name__ == "__main__":
    main()
