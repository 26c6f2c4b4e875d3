"""With a safety switched off, a schedule fails that passes with it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.schedules.play import LAG, Play, Schedule, staged

from connectors.contract import Gone, GoneReason
from connectors.jira import paging
from connectors.simulator.faults import Fault, Hook
from sync.engine import census, checkpoint, stream
from sync.engine.checkpoint import Saved
from sync.engine.lease import Lease

# --- the safeties, switched off ---------------------------------------------------------------


def newest_is_cursor(patch: pytest.MonkeyPatch) -> None:
    """The next run starts at the newest stamp that was seen, not at the beginning of this run."""
    real = stream._pages

    def pages(reading: Any, *rest: Any) -> Iterator[Any]:
        for page in real(reading, *rest):
            if page.committed and page.cursor and reading.newest and "since" in page.cursor:
                newest = int(reading.newest.timestamp() * 1000)
                page = replace(page, cursor={**page.cursor, "since": newest, "seen": None})
            yield page

    patch.setattr(stream, "_pages", pages)


def short_page_is_last(patch: pytest.MonkeyPatch) -> None:
    """A page with fewer rows than were asked for ends a walk."""
    real = paging.by_token

    def by_token(site: Any, question: Any) -> Iterator[Any]:
        for found in real(site, question):
            if len(found.issues) < question.page_size:
                yield replace(found, last=True)
                return
            yield found

    patch.setattr(paging, "by_token", by_token)


def absence_is_deletion(patch: pytest.MonkeyPatch) -> None:
    """What a listing does not name is deleted, without a look at it."""

    def looks(ids: Any, look: Any) -> list[Gone]:
        return [Gone(id_, GoneReason.DELETED) for id_ in ids]

    patch.setattr(census, "_looks", looks)


def no_overlap(patch: pytest.MonkeyPatch) -> None:
    """A walk begins exactly where the last one did."""
    real = stream._window

    def window(reading: Any, **changes: Any) -> Any:
        return replace(real(reading, **changes), overlap=timedelta(0))

    patch.setattr(stream, "_window", window)


def no_fencing(patch: pytest.MonkeyPatch) -> None:
    """Who lost a lease goes on writing."""
    patch.setattr(Lease, "check", lambda *_: None)


def cursor_before_rows(patch: pytest.MonkeyPatch) -> None:
    """How far a walk came is stored before the rows of the page."""
    real = stream._pages

    def pages(reading: Any, *rest: Any) -> Iterator[Any]:
        for page in real(reading, *rest):
            if reading.spec.name == "issues" and page.cursor is not None:
                key, now = stream._key(reading), reading.context.clock.now()
                saved = (
                    Saved(page.cursor)
                    if page.committed
                    else Saved(progress=page.cursor, walk_started_at=now)
                )
                with reading.context.store.writing() as conn:
                    checkpoint.save(conn, key, saved, now)
            yield page

    patch.setattr(stream, "_pages", pages)


# --- the schedules that find out ----------------------------------------------------------------


def edited_behind_a_slow_walk(play: Play) -> None:
    """An item is edited after it was read, a later one much later and before it is read."""
    world, company = play.company.world, play.company
    first, last = min(world.issues), max(world.issues)

    def slow() -> None:
        company.later(timedelta(minutes=1))
        world.rename(world.issues[first], "Edited behind the walk")
        play.remember()
        company.later(timedelta(minutes=45))
        world.rename(world.issues[last], "Edited before it")
        play.remember()

    company.simulator.script.hooks.append(Hook("search", slow, skip=3))
    play.run()
    company.later(timedelta(minutes=11))
    play.run()


def short_pages(play: Play) -> None:
    """The server sends smaller pages than it is asked for."""
    play.company.simulator.script.faults.append(Fault("search", manner="short", times=None))
    play.run()


def moved_away(play: Play) -> None:
    """An item goes to a project that nobody asked for."""
    world = play.company.world
    play.run()
    play.company.later(timedelta(hours=1))
    world.move(world.issues[max(world.issues)], world.add_project("OUT", "Elsewhere", "kanban"))
    play.remember()
    play.run(census=True)
    play.calm()


def found_late(play: Play) -> None:
    """The search does not find yet what was edited two minutes before a run."""
    world = play.company.world
    play.run()
    play.company.later(timedelta(hours=2))
    # Else all would be proven quiet, and the cursor would stay.
    world.rename(world.issues[max(world.issues)], "Edited before")
    play.company.later(timedelta(minutes=10))
    world.rename(world.issues[min(world.issues)], "Edited just now")
    play.remember()
    play.company.later(timedelta(minutes=2))
    play.run()
    play.company.later(timedelta(minutes=30))
    play.run()


def woken_up(play: Play) -> None:
    """A run sleeps with a listing in its hand while another one reads what was edited meanwhile."""
    world, company = play.company.world, play.company
    version = next(iter(world.versions.values()))

    def sleep() -> None:
        version.name = "Renamed meanwhile"
        play.lapse()

    company.simulator.script.hooks.append(Hook("version", sleep, after=True))
    play.run()


def killed_between(play: Play) -> None:
    """A run is killed while it writes the rows of its second page."""
    play.run(kill=2, matching='FROM "work_item" WHERE connection_id')
    assert play.report.kills == 1
    play.company.later(timedelta(minutes=11))
    play.run()


MUTANTS: tuple[tuple[Callable[..., None], Callable[[Play], None], Schedule], ...] = (
    (newest_is_cursor, edited_behind_a_slow_walk, Schedule("jira-dc", 1)),
    (short_page_is_last, short_pages, Schedule("jira-cloud", 1)),
    (absence_is_deletion, moved_away, Schedule("jira-cloud", 1)),
    (no_overlap, found_late, Schedule("jira-cloud", 1)),
    (no_fencing, woken_up, Schedule("jira-cloud", 1)),
    (cursor_before_rows, killed_between, Schedule("jira-dc", 1)),
)
#: Those that every run of the tests proves.
ALWAYS = frozenset({"no_overlap", "cursor_before_rows"})


@contextmanager
def told(play: Play) -> Iterator[None]:
    """A failure with what happened before it."""
    try:
        yield
    except AssertionError as error:
        error.add_note("\n".join(play.report.log))
        raise


@pytest.mark.parametrize(
    ("mutant", "plot", "schedule"),
    [
        pytest.param(
            *one,
            id=one[0].__name__,
            marks=() if one[0].__name__ in ALWAYS else pytest.mark.full,
        )
        for one in MUTANTS
    ],
)
def test_a_safety_switched_off_is_found_out(
    mutant: Callable[..., None],
    plot: Callable[[Play], None],
    schedule: Schedule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lag = LAG if plot is found_late else timedelta(0)
    with staged(schedule, str(tmp_path / "whole.db"), lag=lag) as play, told(play):
        plot(play)
    with staged(schedule, str(tmp_path / "mutant.db"), lag=lag) as play:
        mutant(monkeypatch)
        with pytest.raises(AssertionError):
            plot(play)
