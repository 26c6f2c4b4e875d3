"""A report of then, made again when the world, the store and we have moved on."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.commands import ISSUES, Desk, desk
from support.commands import judged as judged_store
from support.jira_site import Bench, serving
from support.store import contents

from sync.store.open import Store, open_store

FORMS = ("text", "html", "json")
#: Tables that looking back must leave alone.
JUDGED = (
    "finding",
    "finding_event",
    "finding_past",
    "report",
    "outbox",
    "reconcile_run",
    "baseline",
)


@pytest.fixture
def at(
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    with serving(issues=25) as bench, desk(tmp_path, monkeypatch, capsys, bench=bench) as made:
        made.write(f'store = "{store_url}"\n' + made.text())
        yield made


def judged(at: Desk) -> str:
    """Read and judge the world; the instant of it."""
    assert at.type("-q", "sync").code in (0, 4)
    assert at.type("-q", "reconcile").code == 0
    now: datetime = at.bench.clock.now()
    return now.isoformat()


def reports(at: Desk, *words: str) -> dict[str, str]:
    """The report in each form."""
    found = {}
    for form in FORMS:
        said = at.type("report", "--format", form, *words)
        assert said.code == 0, said.err
        found[form] = said.out
    return found


def later(at: Desk, **by: float) -> None:
    at.bench.clock.advance(timedelta(**by))
    at.bench.world.now = at.bench.clock.now()


def move(at: Desk, day: int) -> None:
    """Much happens to the items, the version, the project and the people."""
    world = at.bench.world
    project = next(one for one in world.projects.values() if one.key == "APO")
    version = world.version_named("Release 3.2", project)
    mine = sorted(
        (one for one in world.alive() if version.id in one.versions), key=lambda one: one.id
    )
    first, second, third, *_ = mine
    world.rename(first, f"Called otherwise on day {day}")
    world.transition(second, "Done")
    world.set_points(third, 13.0)
    world.prioritise(first, "Highest")
    world.relabel(second, ["later"])
    world.remove_from_version(third, version)
    for one in sorted(world.alive(), key=lambda one: one.id):
        if version.id not in one.versions:
            world.add_to_version(one, version)
            world.assign(one, None)
            break
    world.set_version_dates(version, due=(version.due or date(2026, 3, 20)) + timedelta(days=20))
    world.delete(mine[3])


def held(at: Desk) -> Store:
    """The desk's store."""
    return open_store(at.text().splitlines()[0].split('"')[1])


def rows(at: Desk) -> dict[str, Any]:
    """What was judged and sent, and what was agreed."""
    with closing(held(at)) as store:
        return {name: found for name, found in contents(store).items() if name in JUDGED}


@pytest.mark.full
@pytest.mark.full_on_postgres
def test_a_report_of_then_is_equal_byte_for_byte(at: Desk) -> None:
    first = judged(at)
    then = reports(at)
    later(at, days=5)
    move(at, 5)
    second = judged(at)
    afterwards = reports(at)
    assert afterwards["json"] != then["json"]
    later(at, minutes=1)
    assert at.type("baseline", "accept", "APO:Release 3.2").code == 0
    later(at, days=9)
    move(at, 14)
    judged(at)
    before = rows(at)
    assert before["finding_past"]
    assert reports(at, "--known-at", first) == then
    assert reports(at, "--known-at", first, "--as-of", first) == then
    assert reports(at, "--known-at", second) == afterwards
    # A day means its end: the newest reconciliation of that day.
    assert reports(at, "--known-at", second[:10]) == afterwards

    # An instant between two reports was never reported, and is told the same whenever it is asked.
    between = (at.bench.clock.now() - timedelta(days=11)).isoformat()
    looked = reports(at, "--as-of", between, "--known-at", second)
    facts = json.loads(looked["json"])
    assert datetime.fromisoformat(facts["as_of"]).isoformat() == between
    assert {one["state"] for one in facts["findings"]} <= {"already_there", "not_checked"}
    later(at, days=1)
    assert reports(at, "--as-of", between, "--known-at", second) == looked

    # Other rules judge the facts of then anew, and say so.
    at.write(at.text() + '\n[detectors."plan.overdue"]\nfrom_days = 4\n')
    again = json.loads(reports(at, "--known-at", second)["json"])
    assert again["changes"]["restated"][0].startswith("the configuration is another one")
    assert again["at"] == json.loads(afterwards["json"])["at"]
    assert (again["changes"]["new"], again["changes"]["resolved"]) == (0, 0)
    for form in ("text", "html"):
        assert "estated" in reports(at, "--known-at", second)[form]
    # Neither clock touches what was judged, agreed or sent.
    assert rows(at) == before


@pytest.mark.full
@pytest.mark.full_on_postgres
def test_another_mapping_leaves_what_was_read_under_the_one_before(at: Desk) -> None:
    first = judged(at)
    then = reports(at)
    facts = json.loads(then["json"])
    later(at, hours=1)
    mapping = at.directory / "other.toml"
    mapping.write_text('[status]\n"Done" = "in_progress"\n', encoding="utf-8")
    at.write(at.text().replace('kind = "jira"', 'kind = "jira"\nmapping = "other.toml"'))
    assert at.type("-q", "remap").code == 0
    later(at, hours=1)
    judged(at)
    now = json.loads(reports(at)["json"])
    again = json.loads(reports(at, "--known-at", first)["json"])
    (told,), (remapped,), (reread,) = (one["milestones"] for one in (facts, now, again))
    assert remapped["done_items"] != told["done_items"]
    assert reread == told
    assert any("as they were mapped then" in one for one in again["changes"]["restated"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("report", "--known-at", "2020-01-01"), "nothing was reconciled by then"),
        (("report", "--as-of", "2999-01-01"), "to come"),
        (("report", "--known-at", "soon"), "is no date"),
        (("report", "--email", "--known-at", "2026-01-01"), "is not mailed"),
    ],
)
def test_what_cannot_be_told_is_one_clear_error(
    words: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bench_held: tuple[Bench, Path],
) -> None:
    bench, store = bench_held
    with desk(tmp_path, monkeypatch, capsys, bench=bench, store=store) as made:
        said = made.type(*words)
    assert said.code == 2
    assert said.out == ""
    assert says in said.err
    assert "Traceback" not in said.err


@pytest.fixture(scope="module")
def bench_held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, Path]]:
    with serving(issues=ISSUES) as bench:
        yield bench, judged_store(bench, tmp_path_factory.mktemp("held"))
