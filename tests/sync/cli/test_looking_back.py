"""Commands that read facts tell them as they were known, and as they were."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.commands import Desk, desk
from support.jira_site import serving


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with serving(issues=8) as bench, desk(tmp_path, monkeypatch, capsys, bench=bench) as made:
        yield made


@pytest.mark.full
def test_each_command_tells_what_was_known_then(at: Desk) -> None:
    assert at.type("-q", "sync").code in (0, 4)
    first = at.bench.clock.now().isoformat()
    world = at.bench.world
    project = next(one for one in world.projects.values() if one.key == "APO")
    version = world.version_named("Release 3.2", project)
    one, gone = sorted(world.alive(), key=lambda held: held.id)[:2]
    title = one.summary
    asked = (
        ("explain", one.key, "--json"),
        ("milestones", "list", "--all", "--json"),
        ("baseline", "list", "--json"),
        ("export", "work_item"),
        ("export", "milestone", "--format", "jsonl"),
    )

    def told_at(*clock: str) -> list[list[str]]:
        # A view has no order of its own.
        return [sorted(at.type(*words, *clock).out.splitlines()) for words in asked]

    then = told_at()

    at.bench.clock.advance(timedelta(days=3))
    world.now = at.bench.clock.now()
    world.rename(one, "Another title")
    world.set_version_dates(version, due=date(2027, 1, 1))
    world.delete(gone)
    assert at.type("-q", "sync", "--census").code in (0, 4)
    assert at.type("baseline", "set", "APO:Release 3.2").code == 0
    assert all(before != after for before, after in zip(then, told_at(), strict=True))

    assert told_at("--known-at", first) == then
    # By what is known now, the title of then is the one before the event.
    (told,) = at.type("explain", one.key, "--as-of", first, "--json").json["items"]
    assert told["title"] == title
    (told,) = at.type("explain", one.key, "--as-of", "2000-01-01", "--json").json["items"]
    assert told["state"] == "not there yet"


def test_what_has_no_past_says_so(at: Desk) -> None:
    assert at.type("-q", "sync").code in (0, 4)
    for words, says in (
        (("export", "finding", "--known-at", "2026-01-01"), "only the present is kept"),
        (("explain", "3f9a0c", "--known-at", "2026-01-01"), "whole life"),
        (("milestones", "list", "--as-of", "2999-01-01"), "to come"),
        (("baseline", "list", "--known-at", "when?"), "is no date"),
    ):
        said = at.type(*words)
        assert (said.code, said.out) == (2, "")
        assert says in said.err
