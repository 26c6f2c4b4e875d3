"""The store floor: the same answers decoded, the same rows written by plain executemany.

    python -m benchmarks.floor FILE URL EMAIL TOKEN FILLED TARGET
The answers are fetched and decoded; then the rows and raw payloads that the measured load left in
FILLED are written, handed over ready. Nothing is made, hashed, compressed, looked up or compared:
that is what the ratio is about, so nothing may be added here to make it smaller.
"""

import pickle
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import requests

from benchmarks.measure import print_measure

#: Rows per transaction, as a page brings them.
CHUNK = 500
TABLES = (
    "raw_record",
    "account",
    "status",
    "field",
    "scope",
    "milestone",
    "milestone_date_event",
    "work_item",
    "work_item_key",
    "field_event",
    "scope_membership",
    "scope_entity",
    "link",
    "change_request",
    "change_request_key",
    "change_part",
    "change_file",
    "review",
    "code_commit",
    "change_commit",
    "push_event",
    "reference",
    "change_link",
    "pipeline_run",
    "check_result",
    "checks_state",
    "release",
    "deployment",
    "required_check",
)


def main() -> None:
    """Measure only fetching, decoding, compressing and writing."""
    file, url, email, token, filled, target = sys.argv[1:7]
    asked = list(pickle.loads(Path(file).read_bytes())["answers"])
    rows, inserts, creates = _rows(filled)
    session = requests.Session()
    session.auth = (email, token)
    database = sqlite3.connect(target, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    for statement in creates:
        database.execute(statement)
    cpu, wall = time.process_time(), time.perf_counter()
    for method, path, body in asked:
        answer = session.request(
            method, url + path, data=body or None, headers={"Content-Type": "application/json"}
        )
        orjson.loads(answer.content)
    for table, held in rows.items():
        for start in range(0, len(held), CHUNK):
            database.execute("BEGIN")
            database.executemany(inserts[table], held[start : start + CHUNK])
            database.execute("COMMIT")
    print_measure(cpu, wall, rows=sum(map(len, rows.values())))


def _rows(filled: str) -> tuple[dict[str, list[Any]], dict[str, str], list[str]]:
    source = sqlite3.connect(filled)
    creates = [
        sql
        for (sql,) in source.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index') "
            "ORDER BY type DESC"
        )
        if not sql.startswith("CREATE TABLE sqlite_")
    ]
    rows, inserts = {}, {}
    for table in TABLES:
        held = source.execute(f"SELECT * FROM {table}").fetchall()
        rows[table] = held
        marks = ", ".join("?" * (len(held[0]) if held else 1))
        inserts[table] = f"INSERT INTO {table} VALUES ({marks})"
    return rows, inserts, creates


if __name__ == "__main__":
    main()
