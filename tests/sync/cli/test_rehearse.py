"""`driftline rehearse`: mails of the past as they would have been, by what was known then."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.commands import CONFIG, ISSUES, Desk, desk
from support.jira_site import Bench, serving

from connectors.simulator.faults import Fault
from sync.cli.app import App
from sync.cli.main import main
from sync.report.kept import kept
from sync.store.open import open_store
from sync.store.transfer import copy

#: Days that are played, the first of them a Monday.
DAYS = 9
#: After this one a rehearsal is kept, to be held against one of the whole time.
SNAPSHOT = 5


@dataclass
class Played:
    """A store after some days of cron, and what was mailed."""

    bench: Bench
    file: Path
    #: (day, subject) of every mail.
    mailed: list[tuple[date, str]]
    #: what a rehearsal said after the day SNAPSHOT, and until when it went.
    then: dict[str, Any]
    until: str


def config(bench: Bench) -> str:
    text = CONFIG.format(url=bench.simulator.url(bench.dialect), email="owner@example.net")
    return text.replace('to = ["tpm@example.net", "leads@example.net"]', 'to = ["tpm@example.net"]')


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    directory = tmp_path_factory.mktemp("played")
    with serving(issues=ISSUES) as bench, pytest.MonkeyPatch.context() as patched:
        patched.setenv("JIRA_TOKEN", bench.world.credentials["owner"].token)
        (directory / "driftline.toml").write_text(config(bench), encoding="utf-8")
        patched.chdir(directory)
        world = bench.world
        (project,) = world.projects.values()
        version = world.version_named("Release 3.2", project)
        faults = bench.simulator.script.faults

        def type_(*words: str) -> int:
            return main([*words, "-q"], app=App(clock=bench.clock, sleep=bench.clock.sleep))

        then: dict[str, Any] = {}
        until = ""
        for day in range(DAYS):
            if day == 2:
                assert version.due is not None
                world.set_version_dates(version, due=version.due + timedelta(days=90))
            if day == 4:
                faults.append(Fault(r"/rest/api/\d/search", status=500, times=None))
            if day == 5:
                faults.clear()
            type_("run")
            if day == SNAPSHOT:
                until = bench.clock.now().isoformat()
                then = rehearsed(bench, directory)
            bench.clock.advance(timedelta(days=1))
            world.now = bench.clock.now()
            for issue in sorted(world.alive(), key=lambda one: one.id)[day : day + 2]:
                world.rename(issue, f"Reworded on day {day}")
        store = open_store(str(directory / "driftline.db"), read_only=True)
        mailed = [(one.created_at.date(), one.subject) for one in reversed(kept(store))]
        store.close()
        yield Played(bench, directory / "driftline.db", mailed, then, until)


def rehearsed(bench: Bench, directory: Path) -> dict[str, Any]:
    """What `rehearse --json` says in a directory, asked from Python for its whole answer."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        app = App(clock=bench.clock, sleep=bench.clock.sleep)
        words = [
            "--config",
            str(directory / "driftline.toml"),
            "rehearse",
            "--weeks",
            "2",
            "--json",
        ]
        assert main(words, app=app) == 0
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@pytest.fixture
def at(
    played: Played,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys, bench=played.bench, store=played.file) as made:
        made.write(config(played.bench))
        yield made


def content(path: Path) -> str:
    store = open_store(str(path), read_only=True)
    try:
        with store.reading() as conn:
            raw = conn.connection.dbapi_connection
            return hashlib.sha256("\n".join(raw.iterdump()).encode()).hexdigest()
    finally:
        store.close()


def test_it_tells_the_mails_that_really_left(at: Desk, played: Played) -> None:
    said = at.type("rehearse", "--weeks", "2", "--json")
    assert said.code == 0
    mails = [(one["at"][:10], one["subject"]) for one in said.json["mails"]]
    assert mails == [(day.isoformat(), subject) for day, subject in played.mailed]
    assert [one["why"] for one in said.json["mails"]] == ["first", "urgent", "urgent", "weekly"]
    assert (said.json["days"], said.json["days_without_run"]) == (DAYS, 0)


@pytest.mark.full
def test_an_alarm_that_nobody_answered_and_that_is_over_resolved_itself(at: Desk) -> None:
    told = at.type("rehearse", "--weeks", "2", "--json").json["detectors"]
    assert told["data.blind-spot"]["told"] == told["data.blind-spot"]["resolved_alone"] > 0
    assert told["plan.due-moved"] == {"found": 1, "mailed": 1, "told": 1, "resolved_alone": 0}


@pytest.mark.full
def test_it_says_the_same_twice_and_writes_nothing(at: Desk) -> None:
    before = content(at.directory / "driftline.db")
    first, again = (at.type("rehearse", "--weeks", "2") for _ in range(2))
    assert first.out == again.out
    assert "9 days with a run from 2026-03-02 to 2026-03-10, 0 without." in first.out
    assert "tpm@example.net: 4 mails (1 first, 2 urgent, 1 weekly)" in first.out
    assert content(at.directory / "driftline.db") == before
    assert not (at.directory / "reports").exists()


def test_what_was_learnt_later_changes_nothing(at: Desk, played: Played) -> None:
    now = at.type("rehearse", "--weeks", "2", "--until", played.until, "--json").json
    assert now == played.then
    assert len(now["mails"]) == 3


@pytest.mark.full
def test_another_configuration_leads_to_other_mails(at: Desk) -> None:
    calm = at.text() + '\n[detectors."plan.due-moved"]\nchannel = "digest"\n'
    (at.directory / "new.toml").write_text(calm, encoding="utf-8")
    told = at.type("rehearse", "--weeks", "2", "--config", "new.toml", "--json").json
    assert [one["why"] for one in told["mails"]] == ["first", "urgent", "weekly"]
    assert told["detectors"]["plan.due-moved"]["mailed"] == 0
    # The store is what it was for the configuration that is in force.
    assert len(at.type("rehearse", "--weeks", "2", "--json").json["mails"]) == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--weeks", "0"), "--weeks"),
        (("--until", "someday"), "--until: 'someday' is no date"),
        (("--until", "2030-01-01"), "an instant to come"),
    ],
)
def test_bad_input_is_one_error(at: Desk, words: tuple[str, ...], says: str) -> None:
    said = at.type("rehearse", *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


@pytest.mark.full
def test_a_time_of_which_nothing_is_known_is_said_to_be_that(at: Desk) -> None:
    said = at.type("rehearse", "--until", "2025-01-01")
    assert said.code == 0
    assert "The store knows nothing of that time" in said.out


@pytest.mark.full
def test_a_store_is_needed(at: Desk) -> None:
    shutil.rmtree(at.directory / "driftline.db", ignore_errors=True)
    (at.directory / "driftline.db").unlink()
    said = at.type("rehearse")
    assert said.code == 1
    assert "there is no store yet" in said.err


@pytest.mark.full
@pytest.mark.postgres
def test_a_server_tells_the_same(at: Desk, played: Played, postgres_url: str) -> None:
    source, target = open_store(str(at.directory / "driftline.db")), open_store(postgres_url)
    copy(source, target, lambda _: None)
    source.close()
    target.close()
    here = at.type("rehearse", "--weeks", "2", "--json").json
    at.write(f'store = "{postgres_url}"\n{at.text()}')
    assert at.type("rehearse", "--weeks", "2", "--json").json == here
