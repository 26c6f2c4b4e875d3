"""What the story plants, against a judge that knows only the world's truth."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import pytest
from support.jira_site import NOW

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.story import GAP, Story
from connectors.simulator.world import Issue, Version, World

SEEDS = range(60)


def played(seed: int) -> tuple[World, Story]:
    world = build(seed, now=NOW)
    story = Story.plan(world, seed)
    story.moves()
    return world, story


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_holds_exactly_what_is_planted(seed: int) -> None:
    """Written from the definitions of the detectors, without looking at how the story plants."""
    world = build(seed, now=NOW)
    story = Story.plan(world, seed)
    before = {one.id: one.due for one in world.versions.values()}
    open_before = {one.id for one in world.alive() if not one.is_done}
    story.moves()
    now = NOW + GAP
    judged = {
        one.id: one
        for one in world.versions.values()
        if f"{world.projects[one.project_id].key}:{one.name}" in story.confirmed
    }
    accepted = {
        one.id
        for one in judged.values()
        if f"{world.projects[one.project_id].key}:{one.name}" in story.accepted
    }
    blind = {
        one.subject.split(":")[1].split("/")[0]
        for one in story.planted
        if one.detector == "data.blind-spot"
    }
    found: set[tuple[str, str, str]] = {
        ("data.blind-spot", f"stream:{key}/versions", "") for key in blind
    }
    for one in judged.values():
        members = _members(world, one)
        open_ = [issue for issue in members if not issue.is_done]
        late = one.due is not None and _working_days(one.due, now.date()) >= 3
        if late and not one.released and open_:
            found.add(("plan.overdue", f"version:{one.id}", ""))
        if one.due != before[one.id]:
            found.add(("plan.due-moved", f"version:{one.id}", ""))
        if one.id in accepted:
            found |= _scope_findings(world, one, now)
    for one in world.versions.values():
        recent = one.due is not None and (now.date() - one.due).days <= 90
        if one.released and recent and any(not i.is_done for i in _members(world, one)):
            found.add(("data.contradiction", f"version:{one.id}", "released-open"))
    found |= _item_findings(world)
    found |= _gap_findings(world, judged.values())
    planted = {(one.detector, one.subject, one.rule) for one in story.planted}
    assert found == planted
    assert len(planted) >= 5
    assert open_before


def _members(world: World, version: Version) -> list[Issue]:
    return [one for one in world.alive() if version.id in one.versions]


def _scope_findings(world: World, one: Version, now: datetime) -> set[tuple[str, str, str]]:
    assert one.start is not None
    assert one.due is not None
    begin = datetime.combine(one.start, datetime.min.time(), NOW.tzinfo)
    ids_then = world.truth_scope("version", one.id, begin + timedelta(days=1))
    ids_now = world.truth_scope("version", one.id, now)
    then = sum(world.issues[id_].points or 0 for id_ in ids_then)
    entered = ids_now - ids_then
    added = sum(world.issues[id_].points or 0 for id_ in entered)
    out = set()
    if added / then >= 0.2 and len(entered) >= 5:
        out.add(("scope.net", f"version:{one.id}", ""))
    end = datetime.combine(one.due, datetime.max.time(), NOW.tzinfo)
    late_from = end - (end - begin) / 4
    late = [id_ for id_ in entered if world.issues[id_].created >= late_from]
    if len(late) >= 2 and sum(world.issues[i].points or 0 for i in late) / then >= 0.05:
        out.add(("scope.late-add", f"version:{one.id}", ""))
    return out


def _item_findings(world: World) -> set[tuple[str, str, str]]:
    out = set()
    children: dict[int, list[Issue]] = {}
    for issue in world.alive():
        if issue.parent_id is not None:
            children.setdefault(issue.parent_id, []).append(issue)
    for id_, mine in children.items():
        parent, open_ = world.issues[id_], [one for one in mine if not one.is_done]
        if parent.is_done and open_:
            out.add(("data.contradiction", f"issue:{id_}", "parent-done-open-children"))
        if not parent.is_done and not open_:
            out.add(("data.contradiction", f"issue:{id_}", "children-done-parent-open"))
    for link in world.link_defs.values():
        source, target = world.issues[link.source], world.issues[link.target]
        if link.kind == "Blocks" and source.is_done and not target.is_done:
            out.add(("data.contradiction", f"issue:{target.id}", "blocked-by-done"))
    return out


def _gap_findings(world: World, judged: Iterable[Version]) -> set[tuple[str, str, str]]:
    parents = {one.parent_id for one in world.alive()}
    open_judged = {one.project_id for one in judged if not one.released}
    out = set()
    for issue in world.alive():
        if issue.category != "indeterminate" or issue.id in parents:
            continue
        unplanned = issue.project_id in open_judged and not any(
            not world.versions[id_].released for id_ in issue.versions
        )
        if issue.assignee is None or unplanned:
            out.add(("data.plan-gap", f"project:{issue.project_id}", ""))
    return out


def _working_days(since: date, until: date) -> int:
    count, day = 0, since
    while day < until:
        day += timedelta(days=1)
        count += day.weekday() < 5
    return count


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
