"""`driftline explain FINGERPRINT`: from a finding back to the events, the mapping and the rule."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.commands import Desk, desk

MAPPING = '[status]\n# Work that waits for a reader.\n"In Progress" = "in_progress"\n'


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        world = made.bench.world
        (project,) = world.projects.values()
        version = world.version_named("Release 3.2", project)
        for one in world.alive():
            if version.id in one.versions and one.category == "new":
                world.transition(one, "In Progress")
        version.released = True
        made.write(
            made.text()
            + '\n[mapping]\norganisation = "mapping.toml"\n'
            + '\n[detectors."data.contradiction"]\nsettled_hours = 0\n'
        )
        (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
        assert made.type("sync", "-q").code == 0
        made.bench.clock.advance(timedelta(days=1))
        world.now = made.bench.clock.now()
        assert version.due is not None
        world.set_version_dates(version, due=version.due + timedelta(days=120))
        assert made.type("sync", "-q").code == 0
        assert made.type("reconcile", "-q").code == 0
        yield made


def fingerprint(at: Desk, detector: str) -> str:
    listed = at.type("findings", "list", "--json").json["findings"]
    return str(next(one["fingerprint"] for one in listed if one["detector"] == detector))


def test_a_status_is_traced_to_its_event_and_to_the_line_of_the_mapping(at: Desk) -> None:
    said = at.type("explain", fingerprint(at, "data.contradiction"), "--json")
    assert said.code == 0
    rule = said.json["rule"]
    assert rule["detector"] == "data.contradiction"
    # The value that is in force, not the detector's own.
    assert rule["thresholds"]["settled_hours"]["value"] == 0
    items = [one for one in said.json["comes_from"] if one["source"].startswith("issue:")]
    traced = next(one for one in items if one["called"])
    status = next(one for one in traced["mapping"] if one["kind"] == "status")
    assert (status["raw"], status["read_as"]) == ("In Progress", "in_progress")
    assert status["where"].endswith("mapping.toml:3")
    event = next(one for one in traced["events"] if one["field"] == "status")
    assert event["new"] == "In Progress"
    assert event["source_event_id"].split(".")[0] in event["sent"]
    assert "In Progress" in event["sent"]
    key = traced["called"].split()[0]
    assert any(f'"key":"{key}"' in one["excerpt"] for one in traced["sent"])


def test_a_date_without_history_is_told_as_seen(at: Desk) -> None:
    said = at.type("explain", fingerprint(at, "data.contradiction"))
    assert "Rule:" in said.out
    assert "; the source keeps no history of it" in said.out
    assert "read 2026-03-03 08:00 UTC (versions):" in said.out


def test_names_of_people_and_secrets_stay_out(at: Desk) -> None:
    shown = at.type("explain", fingerprint(at, "data.contradiction"), "--json").out
    world = at.bench.world
    assert at.token not in shown
    for person in world.people.values():
        assert person.account_id not in shown
        assert person.name not in shown


def test_nothing_is_told_of_a_restricted_item(at: Desk) -> None:
    print_ = fingerprint(at, "data.contradiction")
    said = at.type("explain", print_, "--json").json["comes_from"]
    first = next(one for one in said if one["source"].startswith("issue:") and one["called"])
    issue = at.bench.world.issues[int(first["source"].partition(":")[2])]
    at.bench.world.restrict(issue, True)
    at.bench.clock.advance(timedelta(hours=1))
    at.bench.world.now = at.bench.clock.now()
    at.type("sync", "-q", "--full")
    at.type("reconcile", "-q")
    told = at.type("explain", print_)
    assert issue.summary not in told.out.partition("Comes from:")[2]
    assert "restricted item (jira, issue:" in told.out
