"""The store floor: the least that must be done to hold the same bytes in the same tables.

    python -m benchmarks.floor FILE URL EMAIL TOKEN FILLED TARGET
The same answers are fetched and decoded, each record's payload is encoded and compressed, and the
same rows are written by plain executemany, a page at a time. The rows come from FILLED, a store
that the measured load has filled: nothing is normalized, hashed, looked up or compared, which is
what the ratio is about.
"""

import pickle
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import requests
import zstandard

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
    compress = zstandard.ZstdCompressor(level=3).compress
    cpu, wall = time.process_time(), time.perf_counter()
    for method, path, body in asked:
        answer = session.request(
            method, url + path, data=body or None, headers={"Content-Type": "application/json"}
        )
        found = orjson.loads(answer.content)
        if isinstance(found, dict):
            for record in found.get("issues") or found.get("issueChangeLogs") or ():
                compress(orjson.dumps(record))
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
