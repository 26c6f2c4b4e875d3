"""The store floor: a plain program that holds the same data, with nothing to spare.

    python -m benchmarks.floor FILE URL EMAIL TOKEN FILLED TARGET
The same answers are fetched and decoded, each record's payload is encoded and compressed, rows are
made by straight hand-written code (no mapping, no check, no unknown value), and the same rows that
the measured load has left in FILLED are written by plain executemany, a page at a time. It hashes
no row, looks nothing up, compares nothing, derives no membership and keeps no cursor.
"""

import hashlib
import pickle
import sqlite3
import sys
import time
from datetime import UTC, datetime
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
            for record in found.get("issues") or ():
                compress(orjson.dumps(record))
                if "fields" in record:
                    item_row(record)
            for record in found.get("issueChangeLogs") or ():
                compress(orjson.dumps(record))
                event_rows(record)
    for table, held in rows.items():
        for start in range(0, len(held), CHUNK):
            database.execute("BEGIN")
            database.executemany(inserts[table], held[start : start + CHUNK])
            database.execute("COMMIT")
    print_measure(cpu, wall, rows=sum(map(len, rows.values())))


def instant(text: str | None) -> str | None:
    """The instant as the store writes it."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]


def item_row(issue: dict[str, Any]) -> tuple[Any, ...]:
    """A work item's columns, by straight code."""
    f = issue["fields"]
    words = [
        part["text"]
        for paragraph in (f["description"] or {}).get("content") or ()
        for part in paragraph.get("content") or ()
        if "text" in part
    ]
    tokens = " ".join(words).split()
    sprints = [one["id"] for one in f.get("customfield_10020") or ()]
    return (
        issue["id"],
        issue["key"],
        f["project"]["id"],
        f["issuetype"]["name"],
        f["status"]["id"],
        f["status"]["name"],
        f["status"]["statusCategory"]["key"],
        f["summary"],
        (f["resolution"] or {}).get("name"),
        instant(f["resolutiondate"]),
        f["priority"]["name"],
        f.get("customfield_10016"),
        f["duedate"],
        (f["assignee"] or {}).get("accountId"),
        (f["reporter"] or {}).get("accountId"),
        (f.get("parent") or {}).get("id"),
        orjson.dumps(f["labels"]).decode(),
        orjson.dumps([one["name"] for one in f["components"]]).decode(),
        orjson.dumps([[one["id"] for one in f["fixVersions"]], sprints]).decode(),
        hashlib.sha256(" ".join(tokens).encode()).hexdigest(),
        len(tokens),
        instant(f["created"]),
        instant(f["updated"]),
        [(one["id"], one["type"]["name"]) for one in f["issuelinks"]],
    )


def event_rows(log: dict[str, Any]) -> list[tuple[Any, ...]]:
    """An item's events, by straight code."""
    rows = []
    for entry in log["changeHistories"]:
        at = instant(entry["created"])
        author = (entry.get("author") or {}).get("accountId")
        for n, one in enumerate(entry["items"]):
            rows.append(
                (
                    log["issueId"],
                    f"{entry['id']}.{n}",
                    one["field"],
                    one.get("fieldId"),
                    at,
                    author,
                    one["from"],
                    one["to"],
                    one["fromString"],
                    one["toString"],
                )
            )
    return rows


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
