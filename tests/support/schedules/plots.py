"""Edits of a small company, drawn from dice."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from support.schedules.systems import Company

from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import ChangeRequest, Repository
from connectors.simulator.world import Issue

#: Items that stay in any scope, so that there is always something to read.
KEPT = 3


def edit(company: Company, rng: random.Random) -> str:
    """Let something happen now; says what."""
    with company.world.lock:
        company.world.now = company.clock.now()
        plot = _Jira(company, rng) if company.system.kind == "jira" else _Code(company, rng)
        move = rng.choice(plot.moves)
        move()
        return move.__name__


class _Jira:
    def __init__(self, company: Company, rng: random.Random) -> None:
        self.company, self.rng, self.world = company, rng, company.world
        self.projects = [one for one in self.world.projects.values() if not one.deleted]
        self.moves: tuple[Callable[[], Any], ...] = (
            self.rename,
            self.rename,
            self.transition,
            self.plan,
            self.sprint,
            self.point,
            self.relabel,
            self.assign,
            self.due,
            self.create,
            self.create,
            self.delete,
            self.move,
            self.link,
            self.date_version,
            self.release,
            self.add_version,
            self.hide,
        )

    def issues(self, project: Any = None) -> list[Issue]:
        found = list(self.world.alive())
        return [one for one in found if project is None or one.project_id == project.id]

    @property
    def issue(self) -> Issue:
        return self.rng.choice(self.issues())

    @property
    def project(self) -> Any:
        return self.rng.choice(self.projects)

    def rename(self) -> None:
        self.world.rename(self.issue, f"Title {self.rng.randrange(10**6)}")

    def transition(self) -> None:
        issue = self.issue
        scrum = self.world.projects[issue.project_id].kind == "scrum"
        names = ("To Do", "In Progress", "Done") if scrum else ("Backlog", "Doing", "Finished")
        self.world.transition(issue, self.rng.choice(names))

    def plan(self) -> None:
        issue = self.issue
        mine = [
            one
            for one in self.world.versions.values()
            if one.project_id == issue.project_id and not one.deleted
        ]
        version = self.rng.choice(mine)
        if version.id in issue.versions:
            self.world.remove_from_version(issue, version)
        else:
            self.world.add_to_version(issue, version)

    def sprint(self) -> None:
        sprints = [one for one in self.world.sprints.values() if one.state != "closed"]
        boards = {one.id: one.project_id for one in self.world.boards.values()}
        sprint = self.rng.choice([*sprints, None])
        issue = self.issue
        if sprint is None or boards[sprint.board_id] == issue.project_id:
            self.world.move_to_sprint(issue, sprint)

    def point(self) -> None:
        self.world.set_points(self.issue, self.rng.choice((None, 1.0, 5.0)))

    def relabel(self) -> None:
        self.world.relabel(self.issue, self.rng.sample(["a", "b", "c"], 2))

    def assign(self) -> None:
        self.world.assign(self.issue, self.rng.choice([*self.world.people, None]))

    def due(self) -> None:
        day = self.world.now.date() + timedelta(days=self.rng.randrange(40))
        self.world.set_due(self.issue, self.rng.choice((day, None)))

    def create(self) -> None:
        number = self.rng.randrange(10**6)
        people = list(self.world.people)
        self.world.create_issue(
            self.project, "Task", f"New {number}", reporter=self.rng.choice(people)
        )

    def delete(self) -> None:
        project = self.project
        mine = self.issues(project)
        if len(mine) > KEPT:
            self.world.delete(self.rng.choice(mine))

    def move(self) -> None:
        project, other = self.project, self.project
        mine = self.issues(project)
        if len(mine) > KEPT and other is not project:
            self.world.move(self.rng.choice(mine), other)

    def link(self) -> None:
        one, other = self.issue, self.issue
        if one is not other:
            self.world.link(one, "Blocks", other)

    def date_version(self) -> None:
        mine = [one for one in self.world.versions.values() if not one.deleted]
        day = self.world.now.date() + timedelta(days=self.rng.randrange(1, 60))
        self.world.set_version_dates(self.rng.choice(mine), due=day)

    def release(self) -> None:
        mine = [one for one in self.world.versions.values() if not one.deleted]
        self.world.release_version(self.rng.choice(mine), released=self.rng.random() < 0.5)

    def add_version(self) -> None:
        name = f"Release {self.rng.randrange(10**6)}"
        self.world.add_version(self.project, name, None, None)

    def hide(self) -> None:
        who = self.world.credentials["owner"]
        issue = self.issue
        if who.name in issue.hidden_from:
            self.world.unhide(issue, who)
        elif len(self.issues(self.world.projects[issue.project_id])) > KEPT:
            self.world.hide(issue, who)


class _Code:
    def __init__(self, company: Company, rng: random.Random) -> None:
        self.company, self.rng, self.code = company, rng, company.world.code
        self.repos = self.code.hosted(company.system.kind)  # type: ignore[arg-type]
        self.people = list(company.world.people)
        self.moves: tuple[Callable[[], Any], ...] = (
            self.retitle,
            self.retitle,
            self.turn,
            self.plan,
            self.relabel,
            self.create,
            self.create,
            self.delete,
            self.transfer,
            self.push,
            self.force,
            self.land,
            self.drop,
            self.rename_milestone,
            self.date_milestone,
            self.rename_repository,
            self.again,
            self.review,
            self.tag,
        )

    @property
    def repo(self) -> Repository:
        return self.rng.choice(self.repos)

    @property
    def somebody(self) -> str:
        return self.rng.choice(self.people)

    @property
    def issue(self) -> Any:
        return self.rng.choice([one for repo in self.repos for one in self.code.issues_in(repo)])

    def change(self) -> ChangeRequest | None:
        found = [
            one for repo in self.repos for one in self.code.changes_in(repo) if one.state == "open"
        ]
        return self.rng.choice(found) if found else None

    def retitle(self) -> None:
        self.code.retitle(self.issue, f"Title {self.rng.randrange(10**6)}", by=self.somebody)

    def turn(self) -> None:
        issue = self.issue
        (self.code.close if issue.state == "open" else self.code.reopen)(issue, by=self.somebody)

    def plan(self) -> None:
        issue = self.issue
        mine = self.code.milestones_of(self.code.repositories[issue.repo_id])
        self.code.plan(issue, self.rng.choice([*mine, None]), by=self.somebody)

    def relabel(self) -> None:
        self.code.relabel(self.issue, self.rng.sample(["a", "b", "c"], 2), by=self.somebody)

    def create(self) -> None:
        self.code.create_issue(
            self.repo, f"New {self.rng.randrange(10**6)}", author=self.somebody, labels=["a"]
        )

    def delete(self) -> None:
        repo = self.repo
        if len(self.code.issues_in(repo)) > KEPT:
            self.code.delete_issue(self.rng.choice(self.code.issues_in(repo)))

    def transfer(self) -> None:
        repo, other = self.repo, self.repo
        if repo is not other and len(self.code.issues_in(repo)) > KEPT:
            issue = self.rng.choice(self.code.issues_in(repo))
            self.code.transfer(issue, other, by=self.somebody)

    def push(self) -> None:
        change = self.change()
        if change is not None:
            self.code.push(change, f"More {self.rng.randrange(10**6)}")

    def force(self) -> None:
        change = self.change()
        if change is not None:
            self.code.rebase(change)

    def land(self) -> None:
        change = self.change()
        if change is not None:
            self.code.merge(change, self.rng.choice(("merge", "squash")), by=self.somebody)

    def drop(self) -> None:
        change = self.change()
        if change is not None:
            self.code.close(change, by=self.somebody)

    def rename_milestone(self) -> None:
        mine = self.code.milestones_of(self.repo)
        name = f"Plan {self.rng.randrange(10**6)}"
        self.code.edit_milestone(self.rng.choice(mine), title=name)

    def date_milestone(self) -> None:
        mine = self.code.milestones_of(self.repo)
        day = self.company.world.now.date() + timedelta(days=self.rng.randrange(1, 60))
        self.code.edit_milestone(self.rng.choice(mine), due=day)

    def rename_repository(self) -> None:
        repo = self.repo
        self.code.rename_repository(repo, f"{repo.owner}/r{self.rng.randrange(10**6)}")

    def again(self) -> None:
        repo = self.repo
        # GitHub lets a run start again for 30 days.
        young = self.company.world.now - timedelta(days=29)
        runs = [one for one in self.code.ci.runs_in(repo) if one.jobs and one.created > young]
        if not runs:
            return
        run = self.rng.choice(runs)
        plan = [JobPlan(run.jobs[0].name, self.rng.choice(("success", "failure")))]
        now = self.company.clock.now()
        if self.company.system.kind == "gitlab":
            self.code.ci.retry(repo, run, now, plan)
        else:
            self.code.ci.rerun(repo, run, now, plan)

    def review(self) -> None:
        change = self.change()
        if change is not None:
            self.code.review(change, by=self.somebody, verdict="approved")

    def tag(self) -> None:
        repo = self.repo
        changes = [one for one in self.code.changes_in(repo) if one.landed_sha]
        if changes:
            sha = self.rng.choice(changes).landed_sha
            assert sha is not None
            self.code.tag(repo, f"v{self.rng.randrange(10**6)}", sha)
