"""What people do while somebody reads: legal, drawn from a seed, kept in the ledger of truth."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors.simulator import edits, edits_code, edits_jira
from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.code_things import Repository
from connectors.simulator.edit_dice import Dice, Draw, System
from connectors.simulator.world import World

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def company(seed: int = 3) -> World:
    world = build(seed, now=NOW, projects=2, issues_per_project=12)
    build_code(world, seed, repositories=4, changes_per_repository=6, issues_per_repository=6)
    return world


def played(seed: int, count: int, *, drastic: bool = False) -> tuple[World, list[str]]:
    world, clock, rng = company(), Clock(NOW), random.Random(seed)
    said = []
    for _ in range(count):
        clock.advance(timedelta(minutes=7))
        said.append(edits.random_edit(world, clock, rng, drastic=drastic))
    return world, said


def test_a_seed_gives_the_same_edits_again() -> None:
    assert played(5, 80, drastic=True)[1] == played(5, 80, drastic=True)[1]
    assert played(5, 80)[1] != played(6, 80)[1]


def test_every_system_gets_its_share_and_the_present_is_the_clocks() -> None:
    world, said = played(1, 200)
    shares = Counter(one.partition(":")[0] for one in said)
    assert min(shares[one] for one in edits.SYSTEMS) > 30
    assert world.now == NOW + timedelta(minutes=7 * 200)
    newest = max(one.at for one in (*world.truth(), *world.code.truth()))
    assert newest <= world.now


def test_only_the_systems_that_are_named_are_edited() -> None:
    world, clock, rng = company(), Clock(NOW), random.Random(2)
    before = world.truth()
    said = {edits.random_edit(world, clock, rng, systems=("github",))[:8] for _ in range(40)}
    assert said == {"github: "}
    assert world.truth() == before


def test_every_edit_can_be_drawn_somewhere() -> None:
    world, rng = company(), random.Random(1)
    who = world.credentials["owner"]
    at_hosts = (*edits_code.DRAWS, *edits_code.DRASTIC)
    drawn: dict[System, tuple[Draw, ...]] = {
        "jira": (*edits_jira.DRAWS, *edits_jira.DRASTIC),
        "github": at_hosts,
        "gitlab": at_hosts,
    }
    never = {(system, one.__name__) for system, draws in drawn.items() for one in draws}
    for _ in range(30):
        world.now += timedelta(minutes=9)
        for system, draws in drawn.items():
            for one in draws:
                if one(Dice(world, rng, system, who)) is not None:
                    never.discard((system, one.__name__))
    # What only the other host knows; and there is one organisation at GitHub.
    assert never == {
        ("gitlab", "_discuss"),
        ("gitlab", "_parent"),
        *(("github", one) for one in ("_weigh", "_due", "_iterate", "_hush", "_hand_over")),
    }


def test_without_drastic_edits_everything_stays_in_sight() -> None:
    world, _ = played(4, 300)
    who = world.credentials["owner"]
    assert all(world.project_listed(who, one) for one in world.projects.values())
    assert all(world.code.visible(who, one) for one in world.code.repositories.values())


def first_issue(world: World) -> int:
    return next(one.id for one in world.alive())


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        (lambda w: edits.delete_issue(w, w.issues[first_issue(w)]), "issue.deleted"),
        (
            lambda w: edits.hide_issue(w, w.issues[first_issue(w)], w.credentials["owner"]),
            "issue.hidden",
        ),
        (lambda w: edits.end_sprint(w, next(iter(w.sprints.values()))), "sprint.closed"),
        (lambda w: edits.close_milestone(w, next(iter(w.versions.values()))), "version.released"),
        (lambda w: edits.rename(w, next(iter(w.projects.values())), "NEW"), "project.renamed"),
        (lambda w: edits.archive(w, next(iter(w.projects.values()))), "project.archived"),
        (
            lambda w: edits.revoke(w, w.credentials["owner"], next(iter(w.projects.values()))),
            "access.revoked",
        ),
        (lambda w: edits.revoke_token(w, w.credentials["owner"]), "credential.revoked"),
    ],
)
def test_what_leaves_no_trace_in_the_answers_stands_in_the_ledger(
    deed: Callable[[World], None], what: str
) -> None:
    world = company()
    deed(world)
    assert world.unrecorded[-1].what == what
    assert what not in {one.what for one in world.knowable(world.credentials["owner"])}


def hosted(world: World, host: System) -> Repository:
    return world.code.hosted(host)[0]  # type: ignore[arg-type] # a host


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_deeds_at_a_host(host: System) -> None:
    world = company()
    code, repo = world.code, hosted(world, host)
    issue, other = code.issues_in(repo)[0], code.hosted(repo.host)[1]
    made = edits.transfer_issue(world, issue, other)
    assert (issue.transferred_to, made.repo_id) == (made.id, other.id)
    change = next(one for one in code.changes_in(repo) if one.state == "open")
    before = change.head_sha
    edits.force_push(world, change)
    assert change.head_sha != before
    assert change.pushes[-1].forced
    run = next(one for one in code.ci.runs_in(repo) if one.jobs)
    count = len(run.attempts), len(run.jobs)
    edits.rerun_pipeline(world, run, "failure")
    again = len(run.attempts), len(run.jobs)
    assert again == ((count[0] + 1, count[1]) if host == "github" else (count[0], 2 * count[1]))
    assert run.conclusion == "failure"
    former = repo.path
    edits.rename(world, repo, "other-name")
    assert code.repository_at(repo.host, former) is repo
    edits.close_milestone(world, code.milestones_of(repo)[1])
    edits.archive(world, repo)
    edits.revoke(world, world.credentials["owner"], repo)
    assert [one.what for one in code.unrecorded[-4:]] == [
        "repository.renamed",
        "milestone.closed",
        "repository.archived",
        "access.revoked",
    ]
    assert not code.visible(world.credentials["owner"], repo)
    edits.restore(world, world.credentials["owner"], repo)
    assert code.visible(world.credentials["owner"], repo)


def test_a_project_of_jira_is_found_by_its_former_key_and_its_issues_are_called_anew() -> None:
    world = company()
    project = next(iter(world.projects.values()))
    issue = world.issues[world.by_project[project.id][0]]
    before, moved = issue.key, issue.updated
    edits.rename(world, project, "NEW")
    assert issue.key == f"NEW-{before.partition('-')[2]}"
    assert world.by_key[before] == world.by_key[issue.key] == issue.id
    assert issue.updated == moved
    assert project.is_called("APO")


def test_an_issue_that_is_hidden_at_gitlab_is_confidential() -> None:
    world = company()
    who, repo = world.credentials["owner"], hosted(world, "gitlab")
    issue = world.code.issues_in(repo)[0]
    edits.hide_issue(world, issue, who)
    subjects = {one.subject for one in world.code.knowable(who)}
    assert f"host-issue:{issue.id}" not in subjects
    edits.show_issue(world, issue, who)
    assert f"host-issue:{issue.id}" in {one.subject for one in world.code.knowable(who)}
