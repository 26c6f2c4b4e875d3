"""The example of a third-party package: built as a wheel, found by its entry points, tested."""

import importlib
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from support import pages
from support.checkout import ROOT

from connectors import registry as connectors
from mappings import registry as mappings
from mappings.load import load
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import RunResult, sync
from sync.engine.verification import Verification
from sync.engine.verify import verify
from sync.reconcile import registry as detectors
from sync.reconcile.contract import Policy
from sync.reconcile.runner import reconcile
from sync.store.open import Store, memory_store

EXAMPLE = ROOT / "examples" / "acme-tracker"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as others would install it."""
    work = tmp_path_factory.mktemp("acme")
    ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", ".*_cache")
    shutil.copytree(EXAMPLE, work / "source", ignore=ignored)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", work / "dist"]
    done = subprocess.run([*command, work / "source"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = (work / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing but the installed package."""
    target = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if it were installed beside driftline, in this process."""
    monkeypatch.syspath_prepend(str(site))
    yield
    for name in [one for one in sys.modules if one.partition(".")[0] == "acme_tracker"]:
        del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture(scope="module")
def server() -> Iterator[ModuleType]:
    """The example's own server."""
    spec = importlib.util.spec_from_file_location(
        "acme_server", EXAMPLE / "tests" / "acme_server.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def run(site: Path, *command: object, cwd: Path = EXAMPLE) -> subprocess.CompletedProcess[str]:
    """A Python of its own, with the package and driftline and without a network."""
    path = os.pathsep.join([str(site), str(ROOT)])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=280,
    )


def test_the_wheel_holds_the_package_its_words_and_its_entry_points(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        points = archive.read("acme_tracker-0.1.0.dist-info/entry_points.txt").decode()
    assert {one for one in names if not one.startswith("acme_tracker-")} == {
        f"acme_tracker/{name}"
        for name in (
            "__init__.py",
            "acme.toml",
            "connector.py",
            "detectors.py",
            "mapping.py",
            "py.typed",
            "tracker.py",
        )
    }
    for kind in ("connectors", "mappings", "detectors"):
        assert f"[driftline.{kind}]\nacme = acme_tracker." in points


@pytest.mark.full
def test_driftline_lists_it_beside_its_own(site: Path, tmp_path: Path) -> None:
    done = run(site, "-m", "sync.cli.main", "connectors", "list", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert {one["name"] for one in listed["connectors"]} >= {"acme", "jira"}
    assert [one["name"] for one in listed["detectors"]] == ["acme.unowned"]
    assert all(one["usable"] for one in listed["connectors"] + listed["detectors"])


@pytest.mark.full
def test_it_lists_what_the_tutorials_say(site: Path, tmp_path: Path) -> None:
    shown = [
        (block.told("listed"), block.text)
        for page in pages.pages()
        for block in page.blocks
        if block.told("listed")
    ]
    assert [command for command, _ in shown] == [["driftline connectors list"]] * 2
    done = run(site, "-m", "sync.cli.main", "connectors", "list", cwd=tmp_path)
    for _, text in shown:
        assert text in done.stdout


def test_naming_it_does_not_import_what_reads_it(site: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from connectors.registry import get; get('acme').streams(); "
        "assert 'acme_tracker.tracker' not in sys.modules; assert 'requests' not in sys.modules"
    )
    done = run(site, "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


class Clock:
    """The tracker's own clock."""

    def __init__(self, tracker: Any) -> None:
        self.tracker = tracker

    def now(self) -> datetime:
        now: datetime = self.tracker.now
        return now

    def sleep(self, seconds: float) -> None:
        self.tracker.now += timedelta(seconds=seconds)


def read(store: Store, tracker: Any, url: str, token: str, *, census: bool = False) -> RunResult:
    """One run of the engine with the connection as a configuration would make it."""
    entry = connectors.get("acme")
    options = entry.options(url=url, token=token, page_size=7)
    table = load([mappings.get("acme").defaults])
    plan = Plan((ConnectionPlan("acme", "acme", options, table),), workers=2)
    clock = Clock(tracker)
    return sync(store, plan, clock=clock, sleep=clock.sleep, census=census)


@pytest.mark.full
@pytest.mark.usefixtures("installed")
def test_a_third_partys_data_is_verified_by_its_census_and_its_looks(server: ModuleType) -> None:
    tracker, store = server.filled(), memory_store()
    with server.serving(tracker) as url:
        read(store, tracker, url, server.TOKEN)
        tracker.now += timedelta(hours=1)
        found = check(store, tracker, url, server.TOKEN)
        assert (found.found, found.problems) == ((), ())
        counted = [one for one in found.checked if one.stream == "tickets"]
        assert [(one.there, one.here, one.compared) for one in counted] == [(20, 20, 20)] * 2
        with store.writing() as conn:
            conn.execute(sa.text("UPDATE work_item SET title = 'x' WHERE source_id = 'p1t00'"))
        tracker.delete("p2t07")
        kinds = {
            (one.source_id, one.kind.value, one.field)
            for one in check(store, tracker, url, server.TOKEN).found
        }
        assert kinds == {("p1t00", "wrong", "title"), ("p2t07", "gone", "")}


def check(store: Store, tracker: Any, url: str, token: str) -> Verification:
    """All of it held against the tracker."""
    options = connectors.get("acme").options(url=url, token=token, page_size=7)
    table = load([mappings.get("acme").defaults])
    plan = Plan((ConnectionPlan("acme", "acme", options, table),), workers=2)
    clock = Clock(tracker)
    return verify(store, plan, clock=clock, sleep=clock.sleep, sample=100, seed=1)


def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    with store.reading() as conn:
        return [tuple(row) for row in conn.execute(sa.text(query))]


@pytest.mark.full
@pytest.mark.usefixtures("installed")
def test_from_the_tracker_to_a_finding_through_the_real_engine(server: ModuleType) -> None:
    tracker, store = server.filled(), memory_store()
    with server.serving(tracker) as url:
        first = read(store, tracker, url, server.TOKEN)
        assert {step.outcome.value for step in first.steps} == {"complete"}
        assert rows(store, "SELECT project_key, COUNT(*) FROM v_work_item GROUP BY 1") == [
            ("DESK", 20),
            ("SHOP", 20),
        ]
        # Between two runs: some work is planned, done, and deleted.
        tracker.now += timedelta(days=1)
        for id_ in ("p1t00", "p1t01", "p1t02"):
            tracker.change(id_, "goal", "gp1")
        tracker.change("p1t02", "state", "s4")
        tracker.delete("p2t07")
        again = read(store, tracker, url, server.TOKEN, census=True)
        assert {step.outcome.value for step in again.steps} == {"complete"}
    held = "SELECT key, status_category, raw_status FROM v_work_item WHERE work_item_id = 'p1t02'"
    assert rows(store, held) == [("SHOP-3", "done", "Done")]
    gone = "SELECT work_item_id, gone_reason FROM v_work_item WHERE gone_at IS NOT NULL"
    assert rows(store, gone) == [("p2t07", "deleted")]
    members = "SELECT work_item_id, cause FROM v_membership WHERE milestone_id = 'gp1' ORDER BY 1"
    assert rows(store, members) == [("p1t00", "event"), ("p1t01", "event"), ("p1t02", "event")]

    tracker.now = datetime(2026, 3, 18, 8, tzinfo=tracker.now.tzinfo)
    with server.serving(tracker) as url:
        read(store, tracker, url, server.TOKEN)
    policy = Policy(judge=("SHOP:Release 1",))
    assert "acme.unowned" in detectors.detectors()
    result = reconcile(store, policy, clock=Clock(tracker))
    (found,) = [one for one in result.findings if one.detector == "acme.unowned"]
    assert found.severity.value == "high"
    assert found.title == "Release 1 ends on 2026-03-20 with 2 tickets of nobody's"
    assert [one.text for one in found.evidence] == [
        "SHOP-1 Ticket p1t00: nobody's",
        "SHOP-2 Ticket p1t01: nobody's",
    ]
    # Detectors of driftline judge it too: they know by its streams what it brings.
    tracker.now = datetime(2026, 3, 27, 8, tzinfo=tracker.now.tzinfo)
    with server.serving(tracker) as url:
        read(store, tracker, url, server.TOKEN)
    result = reconcile(store, policy, clock=Clock(tracker))
    (late,) = [one for one in result.findings if one.detector == "plan.overdue"]
    assert late.title == "Release 1 is 5 working days past its date with 2 items open"
    # It has no code, and too short a history for a forecast.
    silent = {"test.not-tested", "test.merged-red", "plan.forecast-late", "plan.forecast-shift"}
    assert {id_ for id_, _, _ in result.not_checked} <= silent
    store.close()


@pytest.mark.full
@pytest.mark.usefixtures("installed")
def test_an_unchanged_tracker_costs_a_few_requests_and_writes_nothing(server: ModuleType) -> None:
    tracker, store = server.filled(), memory_store()
    with server.serving(tracker) as url:
        read(store, tracker, url, server.TOKEN)
        tracker.now += timedelta(days=2)
        read(store, tracker, url, server.TOKEN)
        tracker.now += timedelta(hours=2)
        quiet = read(store, tracker, url, server.TOKEN)
    assert (quiet.outcome.value, quiet.rows_written) == ("complete", 0)
    assert quiet.requests <= 8
    store.close()


CONFIGURATION = """
name = "Apollo"

[connections.tracker]
kind = "acme"
url = "{url}"
token_env = "ACME_TOKEN"
projects = ["SHOP"]
"""


@pytest.mark.full
def test_from_a_configuration_through_the_commands(
    site: Path, server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", server.TOKEN)
    tracker = server.filled()
    with server.serving(tracker) as url:
        (tmp_path / "driftline.toml").write_text(CONFIGURATION.format(url=url), encoding="utf-8")
        done = run(site, "-m", "sync.cli.main", "sync", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        shown = run(site, "-m", "sync.cli.main", "mapping", "show", cwd=tmp_path)
    assert "acme.toml" in shown.stdout
    with sqlite3.connect(tmp_path / "driftline.db") as conn:
        query = "SELECT COUNT(*), MIN(status_category), MAX(connection) FROM v_work_item"
        assert conn.execute(query).fetchall() == [(20, "todo", "tracker")]
    conn.close()


@pytest.mark.full
def test_a_wrong_option_is_told_with_its_name(site: Path, tmp_path: Path) -> None:
    text = CONFIGURATION.format(url="https://acme.example.net") + "page_sise = 3\n"
    (tmp_path / "driftline.toml").write_text(text, encoding="utf-8")
    done = run(site, "-m", "sync.cli.main", "sync", cwd=tmp_path)
    assert done.returncode == 2
    assert "page_sise" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.full
def test_its_own_tests_pass(site: Path) -> None:
    done = run(
        site,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
        *("--disable-socket", "--allow-hosts=127.0.0.1,localhost,::1", "--allow-unix-socket"),
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "passed" in done.stdout
    assert "failed" not in done.stdout


@pytest.mark.full
def test_its_types_hold(site: Path, tmp_path: Path) -> None:
    options = ("--strict", "--cache-dir", tmp_path, "-p", "acme_tracker")
    done = run(site, "-m", "mypy", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
