"""A dead man's switch hears how each run went, and cannot spoil one."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.commands import Desk, desk, judged
from support.jira_site import Bench, serving

from connectors.simulator.faults import Fault
from sync.store.open import open_store

SECRET = "f3b1c2d4-ping-address"


@dataclass
class Switch:
    """What asked for what, and what is answered."""

    url: str = ""
    heard: list[str] = field(default_factory=list)
    status: int = 200


@pytest.fixture
def switch() -> Iterator[Switch]:
    made = Switch()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.heard.append(self.path.removeprefix(f"/{SECRET}"))
            self.send_response(made.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}/{SECRET}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with serving(issues=12) as made:
        yield made


@pytest.fixture(scope="module")
def filled(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(bench, tmp_path_factory.mktemp("judged"))


@pytest.fixture
def at(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bench: Bench,
    filled: Path,
    switch: Switch,
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys, bench=bench, store=filled) as made:
        made.write(made.text() + '\n[ping]\nsecret_url_env = "PING"\n')
        monkeypatch.setenv("PING", switch.url)
        yield made


def test_a_run_that_goes_well_says_so(at: Desk, switch: Switch) -> None:
    said = at.type("run", "--quiet", "--no-mail")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert switch.heard == ["/start", ""]


def test_a_source_that_is_down_is_a_failed_run(at: Desk, switch: Switch, bench: Bench) -> None:
    bench.simulator.script.faults.append(Fault("serverInfo", 503, times=None))
    try:
        assert at.type("run", "--quiet", "--no-mail").code == 4
    finally:
        bench.simulator.script.faults.clear()
    assert switch.heard == ["/start", "/fail"]


def test_a_store_that_cannot_be_used_is_one_too(at: Desk, switch: Switch) -> None:
    store = open_store(str(at.directory / "driftline.db"))
    with store.writing() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    assert at.type("run", "--quiet").code == 2
    assert switch.heard == ["/start", "/fail"]


def test_words_are_as_configured(at: Desk, switch: Switch) -> None:
    at.write(at.text() + 'start = ""\nfail = "?status=down"\n')
    assert at.type("run", "--quiet", "--no-mail").code == 0
    assert switch.heard == [""]


@pytest.mark.parametrize("trouble", ["refusing", "gone", "nonsense", "unset"])
def test_a_switch_that_does_not_answer_spoils_nothing(
    at: Desk, switch: Switch, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "refusing":
        switch.status = 500
    elif trouble == "gone":
        monkeypatch.setenv("PING", f"http://127.0.0.1:9/{SECRET}")
    elif trouble == "nonsense":
        monkeypatch.setenv("PING", f"ftp:{SECRET}")
    else:
        monkeypatch.delenv("PING")
    said = at.type("run", "--quiet", "--no-mail")
    assert said.code == 0
    assert len(said.err.splitlines()) == 2
    assert "ping" in said.err
    assert SECRET not in said.err
    assert "Traceback" not in said.err


def test_its_address_does_not_stand_in_the_file(at: Desk) -> None:
    at.write(at.text().replace("secret_url_env", "secret_url"))
    said = at.type("run")
    assert said.code == 2
    assert "ping.secret_url" in said.err
