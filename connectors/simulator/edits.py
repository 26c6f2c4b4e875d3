"""What people do to the company while somebody reads it: one plain function for each deed.

Each takes the world's lock, so it may run in a hook between two requests, writes what the vendor
would and nothing else, and stands in the ledger of truth. `random_edit` draws any legal deed.
"""

import random
from collections.abc import Sequence

from connectors.simulator import edits_code, edits_jira
from connectors.simulator.clock import Clock
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import (
    ChangeRequest,
    Group,
    HostIssue,
    HostMilestone,
    Repository,
    Run,
)
from connectors.simulator.edit_dice import Dice, Draw, System
from connectors.simulator.world import Credential, Issue, Project, Sprint, Version, World

#: All systems that the company uses.
SYSTEMS: tuple[System, ...] = ("jira", "github", "gitlab")


def random_edit(
    world: World,
    clock: Clock,
    rng: random.Random,
    *,
    systems: Sequence[System] = SYSTEMS,
    drastic: bool = False,
    credential: str = "owner",
) -> str:
    """Draw one legal edit, do it at the clock's present, and say what was done, where.

    `drastic`: also what takes a whole scope out of sight or archives it, or gives it back to
    `credential`; after some of these a project or repository may stay closed to that login.
    """
    with world.lock:
        world.now = clock.now()
        chances: list[tuple[System, Draw]] = []
        for system in systems:
            draws = edits_jira.DRAWS if system == "jira" else edits_code.DRAWS
            more = edits_jira.DRASTIC if system == "jira" else edits_code.DRASTIC
            chances += [(system, one) for one in (*draws, *(more if drastic else ()))]
        rng.shuffle(chances)
        who = world.credentials[credential]
        for system, draw in chances:
            done = draw(Dice(world, rng, system, who))
            if done is not None:
                return f"{system}: {done}"
    raise ValueError("there is nothing in this world to edit")


# --- issues -----------------------------------------------------------------------------------


def edit_issue(world: World, issue: Issue | HostIssue, title: str, by: str | None = None) -> None:
    """Give an issue of any system another title."""
    with world.lock:
        if isinstance(issue, Issue):
            world.rename(issue, title, by=by)
        else:
            world.code.retitle(issue, title, by=by)


def delete_issue(world: World, issue: Issue | HostIssue) -> None:
    """Delete it for good; at Jira its sub-tasks too."""
    with world.lock:
        if isinstance(issue, Issue):
            world.delete(issue)
        else:
            world.code.delete_issue(issue)


def move_issue(world: World, issue: Issue, project: Project) -> None:
    """Jira: move it to another project, where it gets another key."""
    with world.lock:
        world.move(issue, project)


def transfer_issue(
    world: World, issue: HostIssue, repo: Repository, by: str | None = None
) -> HostIssue:
    """Transfer (GitHub) or move (GitLab) it: what it becomes there has another id."""
    with world.lock:
        return world.code.transfer(issue, repo, by=by)


def convert_to_discussion(world: World, issue: HostIssue, by: str | None = None) -> None:
    """GitHub: make a discussion of it."""
    with world.lock:
        world.code.discuss(issue, by=by)


def hide_issue(world: World, issue: Issue | HostIssue, who: Credential) -> None:
    """Take one issue out of a login's sight: a security level (Jira), confidentiality (GitLab).

    At GitLab that is every confidential issue, as with the vendor.
    """
    with world.lock:
        if isinstance(issue, Issue):
            world.hide(issue, who)
            return
        world.code.set_confidential(issue, True)
        world.code.access_of(who).sees_confidential = False


def show_issue(world: World, issue: Issue | HostIssue, who: Credential) -> None:
    """Let a login see it again."""
    with world.lock:
        if isinstance(issue, Issue):
            world.unhide(issue, who)
        else:
            world.code.set_confidential(issue, False)


def delete_change(world: World, change: ChangeRequest) -> None:
    """Delete a change request for good: GitLab's owners may, and GitHub's own staff."""
    with world.lock:
        world.code.delete_change(change)


# --- plans ------------------------------------------------------------------------------------


def end_sprint(world: World, sprint: Sprint) -> None:
    """Jira: close a sprint; its items stay listed in it."""
    with world.lock:
        world.close_sprint(sprint, world.now)


def close_milestone(world: World, milestone: Version | HostMilestone) -> None:
    """Release a version, or close a milestone. Its items do not move."""
    with world.lock:
        if isinstance(milestone, Version):
            world.release_version(milestone)
        else:
            world.code.close_milestone(milestone)


# --- code -------------------------------------------------------------------------------------


def force_push(world: World, change: ChangeRequest, by: str | None = None) -> None:
    """Put a change's commits on the base branch as it is now: every sha is another one."""
    with world.lock:
        world.code.rebase(change, by=by)


def rerun_pipeline(world: World, run: Run, conclusion: str = "success") -> None:
    """Run all its jobs again, to the end: a new attempt (GitHub), or jobs retried (GitLab)."""
    with world.lock:
        code, repo = world.code, world.code.repositories[run.repo_id]
        again = code.ci.rerun if repo.host == "github" else code.ci.retry
        plans = [
            JobPlan(one.name, conclusion, 0, one.stage, one.allow_failure)
            for one in run.jobs
            if not one.retried
        ]
        again(repo, run, world.now, plans)


# --- places -----------------------------------------------------------------------------------


def rename(world: World, place: Project | Repository, name: str) -> None:
    """Give a project another key, or a repository another name where it is."""
    with world.lock:
        if isinstance(place, Project):
            world.rename_project(place, name)
        else:
            world.code.rename_repository(place, f"{place.owner}/{name}")


def transfer_repository(world: World, repo: Repository, group: Group) -> None:
    """Put it into another organisation or group; the old path leads there."""
    with world.lock:
        world.code.rename_repository(repo, f"{group.path}/{repo.name}")


def archive(world: World, place: Project | Repository) -> None:
    """Put it away: a Jira project leaves all searches, a repository becomes read-only."""
    with world.lock:
        if isinstance(place, Project):
            world.archive_project(place)
        else:
            world.code.archive_repository(place)


# --- permissions ------------------------------------------------------------------------------


def revoke(world: World, who: Credential, place: Project | Repository) -> None:
    """Take a login's access to one scope away; a public repository becomes private first."""
    with world.lock:
        if isinstance(place, Project):
            world.revoke(who, place)
            return
        place.private = True
        world.code.hide(who, place)


def restore(world: World, who: Credential, place: Project | Repository) -> None:
    """Give a login access to it again."""
    with world.lock:
        if isinstance(place, Project):
            world.restore(who, place)
        else:
            world.code.show(who, place)


def revoke_token(world: World, who: Credential) -> None:
    """Take the whole token back: every server answers 401 from now on."""
    with world.lock:
        world.revoke_token(who)
