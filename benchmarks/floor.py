"""The store floor: a plain program that holds the same data, with nothing to spare.

    python -m benchmarks.floor FILE URL EMAIL TOKEN FILLED TARGET
The same answers are fetched and decoded, each record's payload is encoded, hashed and compressed,
every row is made by straight hand-written code (no mapping, no check, no unknown value, no
contradicting history), and the same rows that the measured load has left in FILLED are written by
plain executemany. It looks nothing up, compares nothing, and keeps no cursor and no certificate.
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
    planned: dict[str, tuple[str | None, set[str]]] = {}
    compress = zstandard.ZstdCompressor(level=3).compress
    cpu, wall = time.process_time(), time.perf_counter()
    for method, path, body in asked:
        answer = session.request(
            method, url + path, data=body or None, headers={"Content-Type": "application/json"}
        )
        found = orjson.loads(answer.content)
        if isinstance(found, dict):
            for record in found.get("issues") or ():
                payload = orjson.dumps(record)
                hashlib.sha256(payload).digest()
                compress(payload)
                if "fields" in record:
                    hashlib.sha256(orjson.dumps(item_row(record))).digest()
                    planned[record["id"]] = plan_of(record["fields"])
            for record in found.get("issueChangeLogs") or ():
                payload = orjson.dumps(record)
                hashlib.sha256(payload).digest()
                compress(payload)
                intervals(planned[record["issueId"]], event_rows(record))
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


def plan_of(f: dict[str, Any]) -> tuple[str | None, set[str]]:
    """(creation, versions and sprints it is in now)."""
    versions = {f"v{one['id']}" for one in f["fixVersions"]}
    return instant(f["created"]), versions | {
        f"s{n['id']}" for n in f.get("customfield_10020") or ()
    }


def intervals(
    plan: tuple[str | None, set[str]], events: list[tuple[Any, ...]]
) -> list[tuple[str, str | None, str | None]]:
    """Since when and until when it was in each, from its events, by straight code."""
    created, now = plan
    changes = []
    for row in events:
        if row[2] == "Fix Version":
            changes.append(
                (row[4], {f"v{row[6]}"} if row[6] else set(), {f"v{row[7]}"} if row[7] else set())
            )
        elif row[2] == "Sprint":
            old = {f"s{one.strip()}" for one in (row[6] or "").split(",") if one.strip()}
            new = {f"s{one.strip()}" for one in (row[7] or "").split(",") if one.strip()}
            changes.append((row[4], old - new, new - old))
    changes.sort(key=lambda one: one[0])
    members = set(now)
    for _, left, entered in reversed(changes):
        members = (members - entered) | left
    since: dict[str, str | None] = dict.fromkeys(members, created)
    out = []
    for at, left, entered in changes:
        out.extend((one, since.pop(one, None), at) for one in left)
        since.update(dict.fromkeys(entered, at))
    out.extend((one, at, None) for one, at in since.items())
    return out


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
