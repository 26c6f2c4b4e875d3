"""What goes wrong on purpose in the company's repositories, beside the plots in its Jira.

As there, the plan is drawn from the seed. Some of it lies before the first reading, some between
the readings; everything else in the repositories is ordinary life that no detector may find.
"""

import random
from dataclasses import dataclass, replace
from datetime import timedelta

from connectors.simulator.code_build import Lives, build_code
from connectors.simulator.code_later import others_tested_with, tested_later
from connectors.simulator.code_things import Repository
from connectors.simulator.faults import Fault
from connectors.simulator.story import GAP, Planted, Story
from connectors.simulator.story_contradictions import CONTRADICTIONS
from connectors.simulator.story_flow import FLOW
from connectors.simulator.story_harmless import HARMLESS
from connectors.simulator.story_milestones import due_moved, in_time, overdue, subject
from connectors.simulator.story_plots import PLOTS, unplanned
from connectors.simulator.story_scene import Scene
from connectors.simulator.story_work import GREEN, Work, ending
from connectors.simulator.world import Project, World, days

#: Of each repository, before the story adds its own.
CHANGES, ISSUES, CHORES = 26, 8, 3
#: Repositories that run tests; a fourth one does not.
TESTED = 3
#: Names of the checks that are tests.
TESTS = frozenset({"unit tests", "integration tests", "e2e tests"})
PROGRAM, HOSTED = "Release 3.2", "3.2"


@dataclass(frozen=True, slots=True)
class Part:
    """A milestone of one system, as a part of a program milestone."""

    #: jira, github, gitlab.
    system: str
    #: project key, or path of a repository.
    place: str
    name: str


class CodeStory:
    """The plots in the repositories of a company whose Jira has a story already."""

    def __init__(self, world: World, story: Story, seed: int) -> None:
        """Build the repositories up to the first reading, with what the plots need there."""
        self.world, self.story = world, story
        self.rng = random.Random(f"{seed}/story/code")
        self._apart = random.Random(f"{seed}/story/contradictions")
        self._still = random.Random(f"{seed}/story/flow")
        #: a repository of which the server stops giving the releases.
        self.blind: Repository | None = None
        #: a project, and the repository of its work in which much lands that nobody planned.
        self.unplanned: tuple[Project, Repository] | None = None
        #: repositories whose tests a person confirms.
        self.confirmed: list[Repository] = []
        #: parts of the one program milestone, if somebody has linked any.
        self.program: list[Part] = []
        self.scene = Scene(world, self.rng, (), Lives())
        build_code(
            world,
            seed,
            repositories=self.rng.choice((TESTED, TESTED + 1)),
            changes_per_repository=CHANGES,
            issues_per_repository=ISSUES,
            chores_per_repository=CHORES,
            customs=self.rng.randrange(3),
            also=self._draw,
        )
        self.scene.lives.keep(self.scene.begun)

    @property
    def planted(self) -> list[Planted]:
        """All that must be found after the second reading, in Jira and in the repositories."""
        held = [one for one in self.scene.planted if self._holds(one)]
        gone = [one for one in self.scene.planted if one not in held]
        return [*self.story.planted, *held, *self._in_batches(gone)]

    def _in_batches(self, gone: list[Planted]) -> list[Planted]:
        """What a later run tested together with others: no proof of each alone."""
        code = self.world.code
        changes = [code.changes[int(one.subject.partition(":")[2])] for one in gone]
        repositories = {
            change.repo_id
            for change in changes
            if others_tested_with(code, code.repositories[change.repo_id], change, TESTS) > 1
        }
        return [Planted("test.stale", f"repository:{id_}") for id_ in sorted(repositories)]

    def _holds(self, one: Planted) -> bool:
        """Whether life went on so that it is still there: a later run of the branch tests, too."""
        kind, _, id_ = one.subject.partition(":")
        if one.detector != "test.not-tested" or kind != "change":
            return True
        code = self.world.code
        change = code.changes[int(id_)]
        return not tested_later(code, code.repositories[change.repo_id], change, TESTS)

    @property
    def judged(self) -> list[str]:
        """Milestones that a person has confirmed, in Jira and in the repositories."""
        return [*self.story.confirmed, *self.scene.judged]

    @property
    def faults(self) -> list[Fault]:
        """Server faults from the second reading on."""
        if self.blind is None:
            return self.story.faults
        path = rf"GET /repositories/{self.blind.id}/releases$"
        return [*self.story.faults, Fault(path, status=500, times=None)]

    def moves(self) -> None:
        """The week between the readings, in Jira and in the repositories; time has passed."""
        with self.world.lock:
            self.story.week()
            self._follow()
            for life in self.scene.week:
                self.scene.lives.add(life)
            self.scene.lives.run(until=self.world.now + GAP)
            self.world.now += GAP
            if self.unplanned is not None:
                self._plant_unplanned(*self.unplanned)
            self._plant_closed()
            if self.blind is not None:
                stream = f"stream:{self.blind.path}/releases"
                self.scene.plant("data.blind-spot", stream, note="server trouble")

    def _draw(self, lives: Lives) -> None:
        every = list(self.world.code.repositories.values())
        scene = self.scene = Scene(self.world, self.rng, every[:TESTED], lives)
        for plot in self.rng.sample(PLOTS, self.rng.randint(4, len(PLOTS))):
            plot(scene)
        for plot in self.rng.sample(HARMLESS, self.rng.randint(6, len(HARMLESS))):
            plot(scene)
        apart = replace(scene, rng=self._apart)
        for plot in apart.rng.sample(CONTRADICTIONS, apart.rng.randint(1, len(CONTRADICTIONS) - 1)):
            plot(apart)
        still = replace(scene, rng=self._still)
        for plot in still.rng.sample(FLOW, still.rng.randint(2, len(FLOW))):
            plot(still)
        for repo in every[:TESTED]:
            # What is in a private repository is told to its owner only, and a demo is to be read.
            repo.private = False
        for repo in every[TESTED:]:
            scene.plant("test.not-tested", f"repository:{repo.id}", "no-ci")
        for plan in (overdue, due_moved, in_time):
            if self.rng.random() < 0.4:
                plan(scene, self.rng.choice(scene.repositories[:2]))
        if self.rng.random() < 0.4:
            place = self.rng.randrange(2)
            repo = scene.repositories[place]
            self.unplanned = (list(self.world.projects.values())[place], repo)
            unplanned(scene, repo)
        self.confirmed = [one for one in scene.repositories if self.rng.random() < 0.5]
        if self.rng.random() < 0.6:
            self._link_milestones()
        if self.rng.random() < 0.3:
            self.blind = scene.aside

    def _plant_unplanned(self, project: Project, repo: Repository) -> None:
        """It stands beside each judged release whose work lands in the same repository."""
        words = {one.title.partition(" ")[0] for one in self.world.code.changes_in(repo)}
        for version in self.world.versions.values():
            judged = f"{project.key}:{version.name}" in self.story.confirmed
            worked_on = any(
                version.id in one.versions and one.key in words for one in self.world.alive()
            )
            if version.project_id == project.id and judged and worked_on:
                self.scene.plant("scope.unplanned", f"version:{version.id}")
        for milestone in self.world.code.milestones_of(repo):
            if f"{repo.path}:{milestone.title}" in self.scene.judged:
                self.scene.plant("scope.unplanned", subject(repo, milestone))

    def _plant_closed(self) -> None:
        """A milestone that was closed lately holds open issues; GitLab tells no day of closing."""
        code = self.world.code
        open_in = {one.milestone_id for one in code.issues.values() if one.state == "open"}
        for repo in code.hosted("github"):
            for one in code.milestones_of(repo):
                lately = one.closed is not None and one.closed >= self.world.now - days(90)
                if lately and one.id in open_in:
                    self.scene.plant("data.contradiction", subject(repo, one), "released-open")

    def _link_milestones(self) -> None:
        """One milestone over several systems; its parts agree, or one of them stands apart."""
        scene, code = self.scene, self.world.code
        some = self.rng.sample(list(scene.repositories), 2)
        self.program = [
            Part("jira", scene.project().key, PROGRAM),
            *(Part(one.host, one.path, HOSTED) for one in some),
        ]
        milestone = next(one for one in code.milestones_of(some[0]) if one.title == HOSTED)
        assert milestone.due is not None
        at, fate = self.world.now - days(5), self.rng.random()
        if fate < 0.35:
            later = milestone.due + days(self.rng.randint(3, 15))
            code.edit_milestone(milestone, due=later, at=at)
            scene.plant("data.contradiction", f"program:{PROGRAM}", "program-dates")
        elif fate < 0.7:
            code.close_milestone(milestone, at=at)
            scene.plant("data.contradiction", f"program:{PROGRAM}", "program-states")

    def _follow(self) -> None:
        """What is finished in Jira in this week landed shortly before."""
        code = self.world.code
        done = {
            one.key: one.resolved
            for one in self.world.alive()
            if one.resolved is not None and one.resolved > self.world.now
        }
        for change in list(code.changes.values()):
            end = done.get(change.title.partition(" ")[0])
            if change.state != "open" or end is None:
                continue
            repo = code.repositories[change.repo_id]
            jobs = GREEN if repo in self.scene.repositories else None
            work = Work(
                repo, change.title, change.head_branch, change.author or "", change.created,
                end - timedelta(hours=2), head=jobs, landed=jobs,
            )  # fmt: skip
            self.scene.week.append(ending(code, work, change))
