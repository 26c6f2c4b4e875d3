"""What plots and look-alikes in the repositories have at hand: people, items, work and time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_build import Life, Lives
from connectors.simulator.code_things import ChangeRequest, Repository
from connectors.simulator.story import Planted
from connectors.simulator.story_work import Steps, Work, live
from connectors.simulator.world import Issue, Project, World, days

_TOPICS = ("gift cards", "returns", "bulk edit", "dark mode", "rate limits", "address check")
_VERBS = ("Show", "Keep", "Count", "Round", "Export")


@dataclass(slots=True)
class Scene:
    """The company at the first reading, and what is to go on in it."""

    world: World
    rng: random.Random
    #: those that run tests.
    repositories: Sequence[Repository]
    #: lives that the story has a hand in; they go on after the first reading.
    lives: Lives
    begun: list[Life] = field(default_factory=list)
    #: lives that begin after the first reading.
    week: list[Life] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    #: milestones of repositories that a person has confirmed: `PATH:name`.
    judged: list[str] = field(default_factory=list)

    @property
    def code(self) -> CodeWorld:
        """The repositories."""
        return self.world.code

    @property
    def now(self) -> datetime:
        """The present."""
        return self.world.now

    def plant(self, detector: str, subject: str, rule: str = "", note: str = "") -> None:
        """Tell what must be found."""
        self.planted.append(Planted(detector, subject, rule, note))

    def begin(self, life: Life) -> None:
        """Let a life begin among those of the built repositories."""
        self.begun.append(life)
        self.lives.add(life)

    def ago(self, least: float, most: float) -> datetime:
        """Some moment before the first reading, so many days ago."""
        return self.now - days(self.rng.uniform(least, most))

    def later(self, least: float, most: float) -> datetime:
        """Some moment after the first reading, in so many days."""
        return self.now + days(self.rng.uniform(least, most))

    # --- who and where ----------------------------------------------------------------------

    def somewhere(self) -> Repository:
        """A repository that runs tests."""
        return self.rng.choice(self.repositories)

    @property
    def aside(self) -> Repository:
        """A repository whose project has no judged milestone."""
        return self.repositories[-1]

    @property
    def gitlab(self) -> Repository:
        """A project of GitLab."""
        return next(one for one in self.repositories if one.host == "gitlab")

    def somebody(self) -> str:
        """A person's account."""
        return self.rng.choice(self.world.humans())

    def project(self) -> Project:
        """A project with a review."""
        return self.rng.choice([p for p in self.world.projects.values() if p.kind == "scrum"])

    def topic(self) -> str:
        """Something that people work on."""
        return self.rng.choice(_TOPICS)

    # --- items and the work on them ---------------------------------------------------------

    def item(self, begun: datetime | None = None, words: str | None = None) -> Issue:
        """A planned item of Jira that somebody is at work on since `begun`."""
        project = self.project()
        since = begun or self.ago(8, 12)
        issue = self.world.create_issue(
            project,
            "Story",
            words or f"{self.rng.choice(_VERBS)} {self.topic()}",
            at=since - days(15),
            reporter=self.somebody(),
            assignee=self.somebody(),
            points=self.rng.choice((2.0, 3.0, 5.0)),
            versions=[self.world.version_named("Release 3.3", project).id],
        )
        self.world.transition(issue, "In Progress", at=since)
        return issue

    def work(self, issue: Issue, opened: datetime, ends: datetime | None, **told: Any) -> Work:
        """The work on an item of Jira, named as people here name it; `told` says what differs."""
        plain = Work(
            repo=self.somewhere(),
            title=f"{issue.key} {issue.summary}",
            branch=f"feature/{issue.key}",
            author=issue.assignee or self.somebody(),
            opened=opened,
            ends=ends,
            body=f"{issue.summary}.\n\nSee {issue.key}.",
            messages=(f"{issue.key}: {issue.summary}",),
        )
        return replace(plain, **told)

    def of_this_week(
        self, *, words: str | None = None, took: timedelta = timedelta(days=1), **told: Any
    ) -> Steps:
        """A change for an item that is finished a little later, all of it after the first reading.

        `took`: from its first push to its end.
        """
        issue, landed = self.item(words=words), self.later(1.5, 5)
        self.week.append(self.finish(issue, landed + timedelta(hours=3)))
        return live(self.code, self.work(issue, landed - took, landed, **told))

    def finished(self, issue: Issue, **told: Any) -> Steps:
        """A change that landed before the first reading, and its item finished soon after."""
        landed = self.ago(3, 6)
        change = yield from live(self.code, self.work(issue, landed - days(2), landed, **told))
        yield from self.finish(issue, landed + timedelta(hours=3))
        return change

    def finish(self, issue: Issue, at: datetime) -> Life:
        """Move an item to review, and then to done at `at`."""
        yield at - timedelta(minutes=90)
        self.world.transition(issue, "In Review", at=at - timedelta(minutes=90))
        yield at
        self.world.transition(issue, "Done", at=at)

    def take_back(self, change: ChangeRequest, at: datetime) -> Steps:
        """Revert what landed, the way the host's button does it."""
        repo = self.code.repositories[change.repo_id]
        github = repo.host == "github"
        title = f'Revert "{change.title}"'
        return live(
            self.code,
            Work(
                repo=repo,
                title=title,
                branch=f"revert-{change.number if github else (change.landed_sha or '')[:8]}"
                + (f"-{change.head_branch}" if github else ""),
                author=self.somebody(),
                opened=at - timedelta(hours=4),
                ends=at,
                body=f"Reverts {repo.path}#{change.number}"
                if github
                else f"This reverts merge request !{change.number}",
                messages=(f"{title}\n\nThis reverts commit {change.landed_sha}.",),
                undo=change,
            ),
        )
