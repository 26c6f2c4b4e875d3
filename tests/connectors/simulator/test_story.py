"""What the story plants, against a judge that knows only the world's truth."""

from datetime import datetime, timedelta

import pytest
from support import jira_truth
from support.jira_site import NOW

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.story import GAP, Story
from connectors.simulator.world import World

SEEDS = range(60)


def played(seed: int) -> tuple[World, Story]:
    world = build(seed, now=NOW)
    story = Story.plan(world, seed)
    story.moves()
    return world, story


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_holds_exactly_what_is_planted(seed: int) -> None:
    world = build(seed, now=NOW)
    story = Story.plan(world, seed)
    before = {one.id: one.due for one in world.versions.values()}
    open_before = {one.id for one in world.alive() if not one.is_done}
    story.moves()
    planted = {(one.detector, one.subject, one.rule) for one in story.planted}
    assert jira_truth.findings(world, story, before) == planted
    assert len(planted) >= 5
    assert open_before


@pytest.mark.full
@pytest.mark.parametrize("seed", range(12))
def test_in_every_week_something_is_deleted_moved_and_hidden(seed: int) -> None:
    world = build(seed, now=NOW)
    keys = {one.id: one.key for one in world.issues.values()}
    Story.plan(world, seed).moves()
    issues = world.issues.values()
    assert sum(one.deleted for one in issues) == 1
    assert sum(bool(one.hidden_from) for one in issues) == 1
    assert sum(one.id in keys and keys[one.id] != one.key for one in issues) == 1
    assert len(world.knowable(world.credentials["owner"])) < len(world.truth())


@pytest.mark.parametrize("seed", range(20))
def test_what_is_not_planted_stays_far_from_every_threshold(seed: int) -> None:
    world, story = played(seed)
    now = NOW + GAP
    planted = {(one.detector, one.subject) for one in story.planted}
    for one in world.versions.values():
        if f"{world.projects[one.project_id].key}:{one.name}" not in story.confirmed:
            continue
        assert one.start is not None
        assert one.due is not None
        subject = f"version:{one.id}"
        begin = datetime.combine(one.start, datetime.min.time(), NOW.tzinfo) + timedelta(days=1)
        then = world.truth_scope("version", one.id, begin)
        changed = then ^ world.truth_scope("version", one.id, now)
        moved = sum(world.issues[id_].points or 1 for id_ in changed)
        whole = sum(world.issues[id_].points or 1 for id_ in then)
        if ("scope.net", subject) not in planted:
            assert len(changed) <= 3
            assert moved / whole < 0.15
        if not planted & {("scope.net", subject), ("scope.late-add", subject)}:
            assert not changed
        if ("plan.overdue", subject) not in planted:
            assert one.due > now.date()


def test_a_seed_tells_the_same_story_again() -> None:
    first, second = played(5)[1], played(5)[1]
    assert first.planted == second.planted
    assert first.confirmed == second.confirmed


def test_seeds_tell_different_stories() -> None:
    stories = {tuple(sorted(p.detector for p in played(seed)[1].planted)) for seed in range(12)}
    assert len(stories) >= 6


def test_the_clock_moves_only_when_told() -> None:
    clock = Clock(NOW)
    assert clock.now() == NOW
    clock.sleep(90)
    assert clock.now() == NOW + timedelta(seconds=90)
