"""`driftline status` in front of stores in every condition."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import Desk, desk

from connectors.simulator.faults import Fault, too_many


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        yield made


def test_status_tells_age_completeness_and_gaps(at: Desk) -> None:
    """B31: a pause outlives the run that met it and is told; nothing unknown is called fine."""
    project = next(iter(at.bench.world.projects.values()))
    assert at.type("sync", "-q").code == 0
    at.bench.clock.sleep(2 * 3600)
    said = at.type("status")
    assert said.code == 0
    assert said.out.startswith("Complete for what these tokens can see, as of 2 hours ago.\n")
    assert f"  {project.name} (jira APO): complete as of 2 hours ago; deletions not" in said.out
    # A day later a limit ends the run; what was read before stays known, and its age is told.
    at.bench.clock.sleep(24 * 3600)
    at.bench.simulator.script.faults.append(too_many("search/jql", 3600, times=None))
    assert at.type("sync", "-q", "--max-wait", "10m").code == 4
    at.write(at.text().replace('time_zone = "UTC"', 'time_zone = "Europe/Berlin"'))
    said = at.type("status")
    assert "scopes complete" in said.out.splitlines()[0]
    assert "is not known" in said.out.splitlines()[0]
    (line,) = [one for one in said.out.splitlines() if "(jira APO)" in one]
    assert "complete only as of 26 hours ago" in line
    assert "paused until 12:" in line
    assert "(Europe/Berlin): the limit of requests is reached" in line
    found = at.type("status", "--json").json
    assert found["schema_version"] == 1
    (scope,) = [
        one for one in found["scopes"] if one["key"] == "APO" and one["scope_kind"] == "project"
    ]
    assert scope["state"] == "partial"
    assert scope["paused"]["reason"].startswith("the limit of requests is reached")
    assert scope["sentence"] in line
    assert {one["connection"]: one["paused"] is not None for one in found["connections"]} == {
        "jira": True
    }
    # After a while the pause is over, whether or not anything was read.
    at.bench.clock.sleep(2 * 3600)
    assert "paused" not in at.type("status").out


def test_a_configured_source_that_was_never_read_is_named(at: Desk) -> None:
    assert at.type("sync", "-q").code == 0
    extra = (
        '[connections.code]\nkind = "github"\ntoken_env = "JIRA_TOKEN"\nrepositories = ["a/b"]\n'
    )
    at.write(at.text().replace("[milestones]", f"{extra}\n[milestones]"))
    said = at.type("status")
    assert "never read: code." in said.out.splitlines()[0]
    assert "  code: never read; run `driftline sync`" in said.out
    found = {one["connection"]: one for one in at.type("status", "--json").json["connections"]}
    assert (found["code"]["kind"], found["code"]["read_at"]) == ("github", None)


@pytest.mark.full
def test_a_first_run_that_got_nowhere_is_unknown(at: Desk) -> None:
    at.bench.simulator.script.faults.append(Fault("serverInfo", 503, times=None))
    assert at.type("sync", "-q").code == 4
    said = at.type("status")
    assert said.out.startswith("0 of 1 scope complete.")
    assert "completeness unknown" in said.out


@pytest.mark.full
def test_a_project_that_is_configured_no_more_is_left_out(at: Desk) -> None:
    assert at.type("sync", "-q").code == 0
    at.write(at.text().replace('["APO"]', '["APO", "NOPE"]'))
    assert at.type("sync", "-q").code == 4
    assert "jira NOPE: completeness unknown" in at.type("status").out
    at.write(at.text().replace('["APO", "NOPE"]', '["APO"]'))
    at.bench.clock.sleep(60)
    assert at.type("sync", "-q").code == 0
    said = at.type("status")
    assert "NOPE" not in said.out
    assert said.out.startswith("Complete for")


@pytest.mark.full
def test_streams_are_listed_when_asked_for(at: Desk) -> None:
    assert at.type("sync", "-q").code == 0
    assert "jira APO issues: complete" not in at.type("status").out
    assert "jira APO issues: complete, " in at.type("status", "--streams").out
    told = json.loads(at.type("status", "--streams", "--json").out)
    # What others build on; a field that goes away or means something else raises schema_version.
    assert set(told) == {
        *("schema_version", "kind", "exit_code", "exit_codes", "summary", "connections", "scopes"),
        *("run", "requests", "rows_written", "streams", "leases", "work_items", "data_issues"),
        "mails",
    }
    assert set(told["scopes"][0]) == {
        *("connection", "scope_kind", "key", "name", "state", "complete_as_of"),
        *("deletions_proved_at", "proves_deletions", "paused", "gaps", "not_offered", "sentence"),
    }
