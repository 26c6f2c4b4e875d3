"""The recipes of docs/analysts.md, tried with the tools that they are for."""

import html
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from support import cases, xlsx
from support.desk import NOW, WORLD, Desk, sit_down
from support.store import postgres_database

from sync.store import schema
from sync.store.open import open_store
from sync.store.transfer import copy

PAGE = Path(__file__).parents[3] / "docs" / "analysts.md"
#: Titles by id: what a spreadsheet would run, what it would cut, what a page would run.
HOSTILE = {
    "1": "=cmd|'/c calc'!A1",
    "2": "+1+1;=2+2",
    "3": "-2+3",
    "4": "@SUM(A1:A9)",
    "5": 'Größe, データ同期 "quoted", …',
    "6": "<script>alert(1)</script>",
}
DONE = datetime(2026, 3, 3, 9, 30, 15, 250_000, tzinfo=UTC)
DUE = date(2026, 3, 31)


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    """A judged store of six items whose titles and keys a spreadsheet would misread."""
    monkeypatch.chdir(tmp_path)
    made = sit_down(tmp_path, capsys)
    w = schema.work_item.c
    with made.store.writing() as conn:
        for id_, title in HOSTILE.items():
            values = {"title": title, "key": f"MAR-{id_}", "due_date": DUE}
            conn.execute(sa.update(schema.work_item).where(w.source_id == id_).values(values))
        conn.execute(sa.update(schema.work_item).where(w.source_id == "6").values(done_at=DONE))
    yield made
    made.store.close()


def test_csv_is_the_same_from_either_database(at: Desk, server: str) -> None:
    _, here, _ = at.say("export", "work_item")
    line = next(one for one in here.splitlines() if "MAR-6" in one)
    assert ",2026-03-31," in line
    assert ",2026-03-03 09:30:15.250," in line
    assert ",2026-01-05 09:00:00," in line
    with postgres_database(server) as url:
        there = open_store(url)
        copy(at.store, there, lambda _: None)
        there.close()
        config = Path("driftline.toml").read_text("utf-8")
        Path("driftline.toml").write_text(f"store = {json.dumps(url)}\n{config}", "utf-8")
        code, told, err = at.say("export", "work_item")
    assert (code, err) == (0, "")
    assert sorted(told.splitlines()) == sorted(here.splitlines())


# --- a spreadsheet --------------------------------------------------------------------------


@pytest.mark.full
def test_a_spreadsheet_reads_dates_numbers_and_texts_and_runs_nothing(at: Desk) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not here: no soffice on the path")
    assert at.say("export", "work_item", "--out", "items.csv")[0] == 0
    (typed,) = re.findall(r"^soffice .*", PAGE.read_text("utf-8"), re.MULTILINE)
    _convert(office, shlex.split(typed)[1:])
    found = {row["work_item_id"]: row for row in xlsx.rows(Path("items.xlsx"))}
    assert set(found) == set(HOSTILE)
    for id_, title in HOSTILE.items():
        row = found[id_]
        shown = re.sub(r"(^|;)(?=[=+\-@])", r"\1'", title)
        assert (row["key"], row["title"]) == (f"MAR-{id_}", shown)
        assert row["due_date"] == datetime(2026, 3, 31, tzinfo=UTC)
        assert isinstance(row["created_at"], datetime)
    assert found["6"]["done_at"] == DONE
    assert found["5"]["done_at"] is None
    assert (found["5"]["estimate_points"], found["5"]["restricted"]) == (3.0, 0.0)
    # What the columns that are called text are protected from.
    _convert(office, [re.sub(r"1,2/2/[\d/]*,", "1,,", one) for one in shlex.split(typed)[1:]])
    (first, *_) = xlsx.rows(Path("items.xlsx"))
    assert isinstance(first["key"], datetime)
    _convert(office, [*shlex.split(typed.replace("xlsx", "pdf"))[1:]])
    assert Path("items.pdf").read_bytes().startswith(b"%PDF-")


def _convert(office: str, words: list[str]) -> None:
    own = f"-env:UserInstallation={Path('office').absolute().as_uri()}"
    subprocess.run([office, own, *words], check=True, capture_output=True, timeout=120)


# --- datasette ------------------------------------------------------------------------------


@pytest.mark.full
def test_datasette_serves_pages_filters_and_json(at: Desk) -> None:
    named = os.environ.get("DRIFTLINE_TEST_DATASETTE") or shutil.which("datasette")
    if named is None:
        pytest.skip("datasette is not here: DRIFTLINE_TEST_DATASETTE names no program")
    assert at.say("db", "backup", "--out", "shown.db")[0] == 0
    (typed,) = re.findall(r"^datasette .*", PAGE.read_text("utf-8"), re.MULTILINE)
    with _served(named, shlex.split(typed)[1:]) as url:
        _, whole = _get(f"{url}/shown.json")
        views = {one["name"] for one in json.loads(whole)["views"]}
        assert {"v_finding", "v_work_item", "v_milestone", "v_forecast"} <= views
        for view in sorted(views):
            assert _get(f"{url}/shown/{view}")[0] == 200, view
        items = f"{url}/shown/v_work_item"
        asked = urlencode({"_shape": "array", "key": "MAR-5"})
        (row,) = json.loads(_get(f"{items}.json?{asked}")[1])
        assert (row["title"], row["due_date"]) == (HOSTILE["5"], "2026-03-31")
        _, page = _get(f"{items}?{urlencode({'key': 'MAR-6'})}")
        assert HOSTILE["6"] not in page
        assert html.escape(HOSTILE["6"]) in page
        findings = json.loads(_get(f"{url}/shown/v_finding.json?_shape=array")[1])
        _, listed = at.say("findings", "list", "--all", "--json")[:2]
        assert {one["fingerprint"] for one in findings} == {
            one["fingerprint"] for one in json.loads(listed)["findings"]
        }
        assert len(findings) > 0
        sql = urlencode({"sql": "DELETE FROM finding"})
        assert _get(f"{url}/shown.json?{sql}")[0] == 400


@contextmanager
def _served(program: str, words: list[str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, *words, "--host", "127.0.0.1", "--port", str(port)]
    with Path("datasette.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 60
            while _get(url)[0] != 200:
                assert process.poll() is None, Path("datasette.log").read_text("utf-8")
                assert time.monotonic() < until
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except URLError as error:
        code = getattr(error, "code", 0)
        if isinstance(error, OSError) and hasattr(error, "close"):
            error.close()
        return code, ""


# --- Grafana --------------------------------------------------------------------------------


def _expanded(sql: str, begin: datetime, end: datetime) -> str:
    """The macros as Grafana's documentation says what it makes of them."""
    seconds = {"d": 86_400, "h": 3600, "m": 60}

    def grouped(found: re.Match[str]) -> str:
        every = int(found[2]) * seconds[found[3]]
        return f'floor(extract(epoch from {found[1]})/{every})*{every} AS "time"'

    def between(found: re.Match[str]) -> str:
        return f"{found[1]} BETWEEN '{begin:%Y-%m-%dT%H:%M:%SZ}' AND '{end:%Y-%m-%dT%H:%M:%SZ}'"

    sql = re.sub(r"\$__timeGroupAlias\(([\w.]+), '(\d+)([dhm])'\)", grouped, sql)
    sql = re.sub(r"\$__timeFilter\(([\w.]+)\)", between, sql)
    sql = re.sub(r"\$__time\(([\w.]+)\)", r'\1 AS "time"', sql)
    assert "$__" not in sql
    return sql


@pytest.mark.postgres
def test_every_panel_of_the_page_runs_with_the_macros_expanded(at: Desk, server: str) -> None:
    text = PAGE.read_text("utf-8").partition("\n## Grafana\n")[2]
    queries = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    foretold = {"milestone": "v1", "on": date(2026, 3, 9), "due": DUE, "open": 4}
    world = {
        **WORLD,
        "items": [
            {"ids": "1-3", "in": ["v1"], "status": "done"},
            {"id": 4, "in": ["v1"], "status": "in_progress", "assignee": ""},
            {"ids": "5-6", "in": ["v1"]},
        ],
        "foretold": [{**foretold, "p50": date(2026, 3, 20), "p85": date(2026, 4, 2)}],
    }
    with at.store.writing() as conn:
        for table in reversed(schema.metadata.sorted_tables):
            if table is not schema.store_info:
                conn.execute(sa.delete(table))
        cases.fill(conn, world)
        for ids, day in ((("1", "2"), DONE), (("3",), DONE - timedelta(days=90))):
            w = schema.work_item
            conn.execute(sa.update(w).where(w.c.source_id.in_(ids)).values(done_at=day))
    at.judge()
    with postgres_database(server) as url:
        there = open_store(url)
        copy(at.store, there, lambda _: None)
        with there.reading() as conn:
            panels: list[list[dict[str, Any]]] = [
                [
                    dict(row._mapping)
                    for row in conn.exec_driver_sql(
                        _expanded(query, NOW - timedelta(days=30), NOW + timedelta(days=1))
                    )
                ]
                for query in queries
            ]
        there.close()
    findings, forecasts, done, stays, verdicts, ages = panels
    assert sum(one["findings"] for one in findings) > 0
    days = {"p50_days": 11, "p85_days": 24, "promised_days": 22}
    assert forecasts == [{"time": date(2026, 3, 9), "metric": "R1", **days}]
    begin = datetime(2026, 3, 3, tzinfo=UTC).timestamp()
    assert done == [{"time": begin, "metric": "no team", "value": 2}]
    # Nothing of these is in this world; that they run is what is tried.
    assert (stays, verdicts) == ([], [])
    assert {one["scope"] for one in ages} == {"APO", "site"}
    assert all(one["hours"] > 0 for one in ages)
