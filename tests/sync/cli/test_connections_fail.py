"""Connections that fail, end to end: nothing is lost, nothing is called gone, and it is told."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.commands import Said
from support.hosts import NOW

from connectors.simulator import edits
from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.faults import Hook
from connectors.simulator.server import Simulator
from connectors.simulator.world import World
from sync.cli.app import App
from sync.cli.main import main
from sync.store.open import open_store

CONFIG = """\
name = "Apollo"

[connections.jira]
kind = "jira"
url = "{jira}"
email = "owner@example.net"
token_env = "OWNER_TOKEN"
projects = ["APO", "BEE"]

[connections.hub]
kind = "github"
url = "{github}"
token_env = "ROBOT_TOKEN"
repositories = [{hub}]

[connections.lab]
kind = "gitlab"
url = "{gitlab}"
token_env = "OWNER_TOKEN"
projects = [{lab}]
"""
#: A port on which nobody listens.
NOBODY = "http://127.0.0.1:1"


@dataclass
class Company:
    """Three systems, a directory, and the commands a person types."""

    simulator: Simulator
    world: World
    clock: Clock

    def __post_init__(self) -> None:
        """The robot is another login: its token may be taken back alone."""
        owner = self.world.credentials["owner"]
        self.robot = replace(owner, name="robot", token="robots-own-token-0001", email="")
        self.world.add_credential(self.robot)

    def text(self, **urls: str) -> str:
        """driftline.toml."""
        named = {
            name: ", ".join(f'"{one.path}"' for one in self.world.code.hosted(kind))  # type: ignore[arg-type]
            for name, kind in (("hub", "github"), ("lab", "gitlab"))
        }
        servers = {kind: self.simulator.url(kind) for kind in ("github", "gitlab")}
        servers["jira"] = self.simulator.url("jira-cloud")
        return CONFIG.format(**{**servers, **named, **urls})


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    clock = Clock(NOW)
    world = build(7, now=NOW, projects=2, issues_per_project=4)
    build_code(world, 7, repositories=2, changes_per_repository=1, issues_per_repository=1)
    with Simulator(world, clock) as simulator:
        yield Company(simulator, world, clock)


@pytest.fixture(scope="module")
def read_before(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which everything was read and judged once."""
    directory = tmp_path_factory.mktemp("before")
    config = directory / "driftline.toml"
    config.write_text(f'store = "driftline.db"\n{company.text()}', encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        tokens(patched, company)
        app = App(clock=company.clock, sleep=company.clock.sleep)
        assert main(["--config", str(config), "-q", "sync"], app=app) == 0
        assert main(["--config", str(config), "-q", "reconcile"], app=app) == 0
    return directory / "driftline.db"


def tokens(monkeypatch: pytest.MonkeyPatch, company: Company) -> None:
    monkeypatch.setenv("OWNER_TOKEN", company.world.credentials["owner"].token)
    monkeypatch.setenv("ROBOT_TOKEN", company.robot.token)


@dataclass
class Desk:
    """One person's directory in front of the company."""

    company: Company
    directory: Path
    capsys: pytest.CaptureFixture[str]

    def write(self, text: str) -> None:
        (self.directory / "driftline.toml").write_text(text, encoding="utf-8")

    def type(self, *words: str) -> Said:
        self.capsys.readouterr()
        clock = self.company.clock
        code = main(list(words), app=App(clock=clock, sleep=clock.sleep))
        captured = self.capsys.readouterr()
        assert "Traceback" not in captured.err
        for secret in (self.company.robot, self.company.world.credentials["owner"]):
            assert secret.token not in captured.err + captured.out
        return Said(code, captured.out, captured.err)

    def later(self, hours: float) -> None:
        self.company.clock.sleep(hours * 3600)
        self.company.world.now = self.company.clock.now()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        store = open_store(str(self.directory / "driftline.db"))
        try:
            with store.reading() as conn:
                return [tuple(row) for row in conn.execute(sa.text(query))]
        finally:
            store.close()

    def outcomes(self) -> dict[str, set[str]]:
        """Outcomes of the last run by connection and scope."""
        found: dict[str, set[str]] = {}
        for connection, scope, outcome in self.rows(
            "SELECT c.name, s.scope_key, s.outcome FROM sync_step s "
            "JOIN connection c ON c.id = s.connection_id "
            "WHERE s.run_id = (SELECT max(id) FROM sync_run)"
        ):
            found.setdefault(f"{connection} {scope}", set()).add(outcome)
        return found

    def gone(self) -> list[tuple[Any, ...]]:
        """What was called gone."""
        return self.rows(
            "SELECT key, gone_reason FROM work_item WHERE gone_at IS NOT NULL UNION "
            "SELECT key, gone_reason FROM change_request WHERE gone_at IS NOT NULL UNION "
            "SELECT name, gone_reason FROM milestone WHERE gone_at IS NOT NULL"
        )

    def report(self) -> dict[str, Any]:
        """The report of now, as data."""
        return self.type("report", "--format", "json").json


@pytest.fixture
def desk(
    company: Company,
    read_before: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    tokens(monkeypatch, company)
    shutil.copyfile(read_before, tmp_path / "driftline.db")
    made = Desk(company, tmp_path, capsys)
    made.write(company.text())
    company.robot.revoked = False
    company.simulator.script.clear()
    yield made
    company.simulator.script.clear()


WHOLE = {"complete", "unavailable"}


def told(report: dict[str, Any], *words: str) -> None:
    """The report says what was not checked, and why."""
    text = json.dumps([report["not_checked"], report["trust"]])
    for word in words:
        assert word in text, text


@pytest.mark.full
def test_a_wrong_configuration_is_2_and_nobody_is_asked(desk: Desk) -> None:
    right = desk.company.text()
    wrong = [
        right.replace("projects", "projcts", 1),
        right.replace('kind = "github"', 'kind = "githup"'),
        right.replace("[connections.hub]", "[connections.jira]"),
        right.replace('token_env = "ROBOT_TOKEN"', 'token_env = "NO_SUCH_VARIABLE"'),
        right.replace('name = "Apollo"', 'name = "Apollo"\ntime_zone = "Mars/Base"'),
        right.replace('name = "Apollo"', 'name = "Apollo"\n[sync]\nworkers = 0'),
        right.replace('kind = "gitlab"', 'kind = "gitlab"\nmapping = "nowhere.toml"'),
        right.replace('kind = "gitlab"', 'kind = "gitlab"\napi = "soap"'),
        f'{right}\n[detectors."scope.nat"]\n',
        right[: len(right) // 2] + "= =",
    ]
    before = len(desk.company.simulator.log)
    for text in wrong:
        desk.write(text)
        for command in ("sync", "run", "check"):
            said = desk.type(command)
            assert said.code == 2, (text, said)
            assert said.err.strip()
    assert len(desk.company.simulator.log) == before
    assert desk.gone() == []


@pytest.mark.full
def test_permission_lost_on_one_place_of_each_system(desk: Desk) -> None:
    company = desk.company
    owner, robot = company.world.credentials["owner"], company.robot
    bee = next(one for one in company.world.projects.values() if one.key == "BEE")
    hub, lab = company.world.code.hosted("github")[0], company.world.code.hosted("gitlab")[0]
    lost = ((owner, bee), (robot, hub), (owner, lab))
    desk.later(hours=30)
    for who, place in lost:
        edits.revoke(company.world, who, place)
    try:
        assert desk.type("run").code == 4
        report = desk.report()
    finally:
        for who, place in lost:
            edits.restore(company.world, who, place)
    names = {"jira BEE", "jira BEE board", f"hub {hub.path}", f"lab {lab.path}"}
    outcomes = desk.outcomes()
    assert {name for name, found in outcomes.items() if "failed" in found} == names
    assert all(found <= WHOLE for name, found in outcomes.items() if name not in names)
    assert len(outcomes) > len(names) + 3
    assert desk.gone() == []
    told(report, "BEE", hub.path, lab.path, "could not be read")
    # With the permission back, the next run is whole.
    desk.later(hours=1)
    assert desk.type("run", "-q").code == 0
    assert desk.gone() == []


@pytest.mark.full
def test_a_token_that_is_revoked_in_the_middle_of_a_run(desk: Desk) -> None:
    company = desk.company
    desk.later(hours=30)
    company.simulator.script.hooks.append(
        Hook("graphql$", lambda: edits.revoke_token(company.world, company.robot), skip=4)
    )
    said = desk.type("run")
    assert said.code == 4
    assert "refuses the credentials" in said.err
    outcomes = desk.outcomes()
    hub = [found for name, found in outcomes.items() if name.startswith("hub ")]
    assert any({"failed", "partial"} & found for found in hub)
    assert all(found <= WHOLE for name, found in outcomes.items() if not name.startswith("hub "))
    assert desk.gone() == []
    told(desk.report(), "refuses the credentials")


@pytest.mark.full
def test_a_dead_server_costs_only_what_it_holds(desk: Desk) -> None:
    desk.write(desk.company.text(gitlab=NOBODY))
    desk.later(hours=30)
    assert desk.type("run").code == 4
    outcomes = desk.outcomes()
    assert all(found == {"failed"} for name, found in outcomes.items() if name.startswith("lab "))
    assert all(found <= WHOLE for name, found in outcomes.items() if not name.startswith("lab "))
    assert desk.gone() == []
    told(desk.report(), "lab")
