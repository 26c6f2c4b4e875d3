"""A Data Center look-alike by others: no `id >`, no order, no histories in a search."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import requests
from support.jira_site import Run, read_everything, records, window

from connectors.contract import Runtime
from connectors.jira.connector import JiraConnector
from connectors.jira.options import JiraOptions

pytest.importorskip("jira820", reason="the look-alike is installed for development only")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("jira820") / "log.txt"
    keep = {k: v for k, v in os.environ.items() if not k.startswith("JIRA820_")}
    program = (
        "import uvicorn; from jira820.config import load_config; from jira820.server import "
        "make_app; uvicorn.run(make_app(config=load_config()), host='127.0.0.1', port=0)"
    )
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**keep, "JIRA820_DATE": "2026-03-02"},
        )
        try:
            yield _address(process, log)
        finally:
            process.terminate()
            process.wait(20)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(300):
        found = re.search(r"running on (http://127\.0\.0\.1:\d+)", log.read_text("utf-8"))
        if found:
            return found[1]
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.1)
    raise AssertionError(log.read_text("utf-8"))


@pytest.fixture(scope="module")
def first(address: str) -> Run:
    return read_everything(connector(address), skip=frozenset())


def connector(address: str) -> JiraConnector:
    options = JiraOptions(url=address, token="any-token-will-do", projects=["JIRA820"])
    runtime = Runtime(now=lambda: datetime.now(UTC), sleep=lambda seconds: None)
    return JiraConnector("look-alike", options, runtime)


@pytest.mark.full
def test_every_issue_and_its_history_arrive(address: str, first: Run) -> None:
    run = first
    told = {one.name: one.value for one in run.identity.capabilities}
    assert (run.identity.deployment, told) == (
        "datacenter",
        {"epoch_ms_jql": False, "id_clause": False},
    )
    everything = requests.get(
        f"{address}/rest/api/2/search", params={"jql": "", "maxResults": 100000}, timeout=30
    ).json()["issues"]
    truth = {one["id"]: one["key"] for one in everything}
    assert len(truth) > 300
    assert sorted(run.ids("issues")) == sorted(truth)
    assert set(run.ids("census")) == set(truth)
    (pages,) = [pages for (_, name), pages in run.pages.items() if name == "issues"]
    entries = 0
    for record in records(pages):
        payload = orjson.loads(record.payload)
        assert payload["key"] == truth[record.source_id]
        log = payload["changelog"]
        assert len(log["histories"]) == log["total"]
        entries += log["total"]
    assert entries > 100
    assert run.ids("versions")
    assert run.ids("sprints")


@pytest.mark.full
def test_a_second_reading_from_the_cursor_loses_nothing(address: str, first: Run) -> None:
    key = next(iter(first.cursors()))
    issue = first.ids("issues")[5]
    found = {
        record.source_id: orjson.loads(record.payload)["key"]
        for (_, name), pages in first.pages.items()
        if name == "issues"
        for record in records(pages)
    }
    changed = requests.put(
        f"{address}/rest/api/2/issue/{found[issue]}",
        json={"fields": {"summary": "Another name"}},
        timeout=30,
    )
    assert changed.status_code < 300
    site = connector(address)
    identity = site.connect()
    scope = next(one for one in site.scopes() if one.source_id == key)
    asked = window(identity)
    cursor = dict(first.cursors()[key])
    # The look-alike lives on its own day: the bound is set before it.
    cursor["since"] = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
    again = list(site.read("issues", scope, cursor, asked))
    assert issue in {one.source_id for one in records(again)}
    assert again[-1].committed
