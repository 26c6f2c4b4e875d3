"""The world: what each change leaves behind, and what can still be known of it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.jira_site import NOW

from connectors.simulator.build import LONG_HISTORY, build
from connectors.simulator.world import Issue, Project, World, days


@pytest.fixture
def world() -> World:
    return build(3, now=NOW, projects=2, issues_per_project=30)


def open_item(world: World, project: Project) -> Issue:
    return next(
        one
        for one in world.alive()
        if one.project_id == project.id and one.category == "new" and one.versions
    )


def last(issue: Issue) -> list[tuple[str, object, object]]:
    return [(one["field"], one["fromString"], one["toString"]) for one in issue.history[-1].items]


def test_a_seed_makes_the_same_company_again() -> None:
    first, second = (build(5, now=NOW, issues_per_project=30) for _ in range(2))
    assert first.issues == second.issues
    assert first.versions == second.versions
    assert first.sprints == second.sprints
    assert build(6, now=NOW, issues_per_project=30).issues != first.issues


def test_the_company_has_what_real_sites_have() -> None:
    world = build(1, now=NOW)
    issues = list(world.alive())
    assert {one.type for one in issues} == {"Epic", "Story", "Task", "Bug", "Sub-task"}
    assert {world.link_defs[i].kind for one in issues for i in one.links} == {
        "Blocks",
        "Cloners",
        "Duplicate",
        "Relates",
    }
    assert max(len(one.history) for one in issues) > LONG_HISTORY > 40
    assert {one.state for one in world.sprints.values()} == {"closed", "active", "future"}
    assert {one.kind for one in world.boards.values()} == {"scrum", "kanban"}
    assert any(one.reporter is None for one in issues)
    assert any(entry.author is None for one in issues for entry in one.history)
    assert any(one.bot for one in world.people.values())
    assert any(not one.active for one in world.people.values())
    assert any(one.restricted for one in issues)
    assert any(not one.summary.isascii() for one in issues)
    assert any(len(one.versions) > 1 for one in issues)
    former = set(world.by_key) - {one.key for one in world.issues.values()}
    assert former, "one item was moved and answers to its old key"


def test_the_size_is_as_asked_and_four_in_five_leaves_of_scrum_are_estimated() -> None:
    world = build(1, now=NOW, projects=4, issues_per_project=100)
    assert len(world.projects) == 4
    parents = {one.parent_id for one in world.alive()}
    for project in world.projects.values():
        mine = [one for one in world.alive() if one.project_id == project.id]
        assert 100 <= len(mine) <= 110
        leaves = [one for one in mine if one.id not in parents]
        sized = sum(one.points is not None for one in leaves)
        if project.kind == "scrum":
            assert sized >= 0.9 * len(leaves)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_happens_before_its_time_or_after_now(seed: int) -> None:
    world = build(seed, now=NOW)
    for issue in world.issues.values():
        times = [entry.at for entry in issue.history]
        assert times == sorted(times)
        assert all(issue.created <= at <= NOW for at in times)
        assert issue.updated == max([issue.created, *times])
        assert len({entry.id for entry in issue.history}) == len(times)


def test_a_change_moves_updated_and_says_who(world: World) -> None:
    project = next(iter(world.projects.values()))
    issue = open_item(world, project)
    world.now += timedelta(hours=3)
    world.rename(issue, "Another title", by="5b10a0003")
    assert issue.updated == world.now
    assert issue.history[-1].author == "5b10a0003"
    assert last(issue)[0][0::2] == ("summary", "Another title")


def test_a_late_told_change_stands_in_order_and_moves_nothing_back(world: World) -> None:
    issue = open_item(world, next(iter(world.projects.values())))
    world.rename(issue, "now")
    world.relabel(issue, ["earlier"], at=world.now - timedelta(seconds=1))
    assert issue.updated == world.now
    assert [one.items[0]["field"] for one in issue.history[-2:]] == ["labels", "summary"]


def test_finishing_sets_a_resolution_and_reopening_takes_it_away(world: World) -> None:
    issue = open_item(world, next(iter(world.projects.values())))
    world.transition(issue, "Done")
    assert (issue.resolution, issue.resolved) == ("Done", world.now)
    assert last(issue)[1] == ("resolution", None, "Done")
    world.transition(issue, "In Progress")
    assert (issue.resolution, issue.resolved) == (None, None)
    assert last(issue)[1] == ("resolution", "Done", None)


def test_a_move_takes_it_out_of_its_plans_and_into_the_other_workflow(world: World) -> None:
    scrum, kanban = world.projects.values()
    issue = open_item(world, scrum)
    version = world.versions[issue.versions[0]]
    before = issue.key
    world.now += timedelta(hours=1)
    world.move(issue, kanban)
    assert (issue.versions, issue.sprints) == ([], [])
    assert issue.key.startswith(f"{kanban.key}-")
    assert world.by_key[before] == world.by_key[issue.key] == issue.id
    assert ("project", scrum.name, kanban.name) in last(issue)
    assert ("status", "To Do", "Backlog") in last(issue)
    assert ("Fix Version", version.name, None) in last(issue)
    assert last(issue)[-1] == ("Key", before, issue.key)
    then = world.now - timedelta(minutes=1)
    assert issue.id in world.truth_scope("version", version.id, then)
    assert issue.id not in world.truth_scope("version", version.id, world.now)


def test_what_was_deleted_is_true_and_not_knowable(world: World) -> None:
    owner = world.credentials["owner"]
    issue = open_item(world, next(iter(world.projects.values())))
    version = issue.versions[0]
    before = world.now
    world.now += timedelta(hours=1)
    world.delete(issue)
    assert issue.id in world.truth_scope("version", version, before)
    assert issue.id not in world.truth_scope("version", version, world.now)
    assert issue.id not in world.knowable_scope(owner, "version", version, before)
    assert f"issue:{issue.id}" in {one.subject for one in world.truth()}
    assert f"issue:{issue.id}" not in {one.subject for one in world.knowable(owner)}


def test_a_parent_takes_its_sub_tasks_along(world: World) -> None:
    child = next(one for one in world.alive() if one.type == "Sub-task")
    assert child.parent_id is not None
    world.delete(world.issues[child.parent_id])
    assert child.deleted


def test_what_is_hidden_is_true_and_not_knowable_until_shown(world: World) -> None:
    owner = world.credentials["owner"]
    issue = open_item(world, next(iter(world.projects.values())))
    version = issue.versions[0]
    updated = issue.updated
    world.hide(issue, owner)
    assert issue.updated == updated
    assert issue.id in world.truth_scope("version", version, NOW)
    assert issue.id not in world.knowable_scope(owner, "version", version, NOW)
    world.unhide(issue, owner)
    assert issue.id in world.knowable_scope(owner, "version", version, NOW)


def test_access_to_a_project_comes_and_goes(world: World) -> None:
    owner = world.credentials["owner"]
    project = next(iter(world.projects.values()))
    issue = open_item(world, project)
    world.revoke(owner, project)
    assert not world.project_visible(owner, project)
    assert not world.visible(owner, issue)
    world.restore(owner, project)
    assert world.visible(owner, issue)
    world.archive_project(project)
    assert world.project_visible(owner, project)
    assert not world.project_listed(owner, project)
    world.delete_project(project)
    assert not world.project_visible(owner, project)


def test_a_moved_date_is_true_and_leaves_no_trace(world: World) -> None:
    version = next(iter(world.versions.values()))
    before = (version.start, version.due)
    known = len(world.knowable(world.credentials["owner"]))
    world.set_version_dates(version, due=date(2026, 12, 24))
    assert (version.start, version.due) == (before[0], date(2026, 12, 24))
    told = [one for one in world.truth() if one.what == "version.dates"]
    assert [(one.subject, one.detail["old"]) for one in told] == [(f"version:{version.id}", before)]
    assert len(world.knowable(world.credentials["owner"])) == known


def test_a_deleted_version_leaves_its_items(world: World) -> None:
    issue = open_item(world, next(iter(world.projects.values())))
    version = world.versions[issue.versions[0]]
    world.delete_version(version)
    assert version.id not in issue.versions
    assert last(issue) == [("Fix Version", version.name, None)]


def test_a_sprint_keeps_what_was_in_it_when_it_closed(world: World) -> None:
    project = next(iter(world.projects.values()))
    active = next(one for one in world.sprints.values() if one.state == "active")
    future = next(one for one in world.sprints.values() if one.state == "future")
    issue = open_item(world, project)
    world.move_to_sprint(issue, active)
    world.close_sprint(active, world.now)
    world.now += timedelta(hours=1)
    world.move_to_sprint(issue, future)
    assert issue.sprints[-2:] == [active.id, future.id]
    item = issue.history[-1].items[0]
    assert item["to"] == f"{active.id}, {future.id}"
    assert item["toString"] == f"{active.name}, {future.name}"


def test_both_ends_of_a_link_tell_of_it(world: World) -> None:
    first, second = list(world.alive())[:2]
    made = world.link(first, "Blocks", second)
    assert last(first) == [("Link", None, f"This issue blocks {second.key}")]
    assert last(second) == [("Link", None, f"This issue is blocked by {first.key}")]
    world.unlink(made)
    assert made.id not in {*first.links, *second.links}


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "other"]), st.integers(1, 40)), max_size=12
    )
)
def test_the_scope_at_any_hour_is_what_was_done_until_then(changes: list[tuple[str, int]]) -> None:
    world = World(NOW)
    project = world.add_project("APO", "Apollo", "scrum")
    version = world.add_version(project, "1.0")
    issue = world.create_issue(project, "Story", "One", at=NOW)
    member, seen = False, [False]
    for what, hours in changes:
        world.now += timedelta(hours=hours)
        seen += [member] * (hours - 1)
        if what == "add":
            world.add_to_version(issue, version)
            member = True
        elif what == "remove":
            world.remove_from_version(issue, version)
            member = False
        else:
            world.rename(issue, f"At {world.now}")
        seen.append(member)
    for hour, expected in enumerate(seen):
        at = NOW + timedelta(hours=hour)
        assert (issue.id in world.truth_scope("version", version.id, at)) is expected


def test_a_large_company_keeps_its_order_by_any_key(world: World) -> None:
    project = next(iter(world.projects.values()))
    issue = open_item(world, project)
    world.in_order(project.id, "updated")
    world.rename(issue, "moved to the end", at=NOW + days(1))
    assert world.in_order(project.id, "updated")[-1] == (NOW + days(1), issue.id)
    assert [id_ for _, id_ in world.in_order(project.id, "id")] == sorted(
        world.by_project[project.id]
    )
