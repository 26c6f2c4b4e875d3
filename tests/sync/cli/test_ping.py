"""A dead man's switch hears how a run went and cannot spoil one; a monitor reads it in a file."""

import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from support.commands import Desk, desk, judged
from support.company import Company, company
from support.company import Desk as Seat
from support.jira_site import Bench, serving
from support.nursery import Child, Ended, Nursery

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
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
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


def test_a_server_that_is_not_there_is_one_too(at: Desk, switch: Switch) -> None:
    at.write(at.text().replace(at.url, "http://127.0.0.1:9"))
    said = at.type("run", "--quiet", "--no-mail")
    assert (said.code, said.out) == (4, "")
    assert said.err.count("http://127.0.0.1:9") == len(said.err.splitlines()) == 1
    assert switch.heard == ["/start", "/fail"]


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (RuntimeError("no such thing"), 1, "driftline has a bug: RuntimeError: no such thing."),
        (KeyboardInterrupt(), 130, "stopped; what was read is stored"),
    ],
    ids=["bug", "keyboard"],
)
def test_what_nobody_expected_is_a_failed_run(
    at: Desk,
    switch: Switch,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    told: str,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("sync.cli.run.tell", broken)
    said = at.type("run", "--quiet", "--no-mail")
    assert (said.code, said.out) == (code, "")
    assert said.err.strip().startswith(told)
    assert said.err.strip().count("\n") == 0
    assert switch.heard == ["/start", "/fail"]


def test_drift_that_was_asked_about_is_no_failed_run(at: Desk, switch: Switch) -> None:
    said = at.type("run", "--quiet", "--no-mail", "--fail-on", "low")
    assert (said.code, said.out, said.err) == (3, "", "")
    assert switch.heard == ["/start", ""]


@pytest.mark.parametrize(
    ("codes", "heard"),
    [({75}, ["/start"]), ({75, 3}, ["/start"]), ({75, 4}, ["/start", "/fail"])],
    ids=["busy", "busy with drift", "busy and a source is down"],
)
def test_who_is_busy_tells_of_other_trouble_only(
    at: Desk,
    switch: Switch,
    monkeypatch: pytest.MonkeyPatch,
    codes: set[int],
    heard: list[str],
) -> None:
    def busy(_: object, found: set[int], **__: object) -> None:
        found |= codes

    monkeypatch.setattr("sync.cli.run._run", busy)
    assert at.type("run", "--quiet").code == 75
    assert switch.heard == heard


@pytest.fixture
def fresh(
    processes: Nursery, tmp_path: Path, switch: Switch
) -> Iterator[tuple[Company, Callable[[str], Seat]]]:
    """A company, and desks that tell the switch; processes that can be killed sit there."""
    (tmp_path / "ping").write_text(switch.url, encoding="utf-8")
    (tmp_path / "ping").chmod(0o600)
    with company(tmp_path, processes, issues=6, changes=2) as them:

        def sit(name: str) -> Seat:
            made = them.desk(name, store=str(tmp_path / "shared.db"))
            with (made.directory / "driftline.toml").open("a", encoding="utf-8") as file:
                file.write('\n[ping]\nsecret_url_file = "../ping"\n')
            return made

        yield them, sit


def test_a_first_run_into_a_fresh_store_says_nothing(
    fresh: tuple[Company, Callable[[str], Seat]], switch: Switch
) -> None:
    ended = fresh[1]("one").type("run", "--quiet", "--no-mail")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert switch.heard == ["/start", ""]


def test_a_run_that_is_killed_has_begun_and_never_ends(
    fresh: tuple[Company, Callable[[str], Seat]], switch: Switch
) -> None:
    them, sit = fresh
    started: list[Child] = []
    is_known = threading.Event()

    def kill() -> None:
        is_known.wait(10)
        started[0].signal(signal.SIGKILL)

    them.at_request(8, kill)
    started.append(sit("one").start("run", "--quiet", "--no-mail"))
    is_known.set()
    assert started[0].wait().killed
    assert switch.heard == ["/start"]


@pytest.mark.full
def test_a_run_that_finds_another_at_work_leaves_the_word_to_it(
    fresh: tuple[Company, Callable[[str], Seat]], switch: Switch
) -> None:
    them, sit = fresh
    first, second = sit("one"), sit("two")
    busy: list[Ended] = []
    them.at_request(
        0, lambda: busy.append(second.type("run", "--quiet", "--no-mail")), matching="/versions"
    )
    ended = first.type("run", "--quiet", "--no-mail")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert (busy[0].code, busy[0].out) == (75, "")
    assert "is reading it until" in busy[0].err
    # The second one begins, and says nothing of its end.
    assert switch.heard == ["/start", "/start", ""]


def test_a_monitor_reads_of_a_failed_run_that_its_sources_were_not_read(
    at: Desk, bench: Bench
) -> None:
    at.write(at.text() + '\n[report]\nformats = ["openmetrics"]\n')
    read = []
    for status in (None, 503):
        faults = [] if status is None else [Fault("serverInfo", status, times=None)]
        bench.simulator.script.faults.extend(faults)
        try:
            code = at.type("run", "--quiet", "--no-mail").code
        finally:
            bench.simulator.script.faults.clear()
        text = (at.directory / "reports" / "report.prom").read_text("utf-8")
        found = {one.name: one.samples for one in text_string_to_metric_families(text)}
        (unread,) = found["driftline_sources_unread"]
        read.append((code, unread.value > 0))
    assert read == [(0, False), (4, True)]
    # No part of a file is there for a collector that reads *.prom.
    assert [one.name for one in at.directory.glob("reports/*.prom")] == ["report.prom"]


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
