"""A repository in which changes land in every way that matters to the question "was it tested?".

Each plot lets one or a few changes land, one after the other, among plain ones that show what is
usual there. What truly ran on which content stands in `CodeWorld.ci` and `CodeWorld.git`; nothing
here says what anybody should make of it.

Its rules: `unit tests` run for every change that is more than documentation, `ui tests` for those
below `web/`. `lint`, the licence check, the scanner and the preview of the site are no tests.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import (
    ChangeRequest,
    Commit,
    FileEdit,
    Host,
    Method,
    Repository,
    Run,
    TestTotals,
)

UNIT, UI, LINT = "unit tests", "ui tests", "lint"
#: Names of the checks that are tests here.
TESTS = frozenset({UNIT, UI})
_TOTAL = 120
#: Plain changes between two plots.
BETWEEN = 4


@dataclass(slots=True)
class Landings:
    """One repository, and the instant that it has reached."""

    code: CodeWorld
    repo: Repository
    rng: random.Random
    at: datetime
    #: how plain changes land.
    method: Method = "merge"
    #: GitLab: merges are built as commits of their own.
    merge_results: bool = False
    #: what landed is tested again.
    trunk_ci: bool = False
    #: (what was played, what it let land: changes and pushes).
    played: list[tuple[str, list[ChangeRequest | Commit]]] = field(default_factory=list)
    _count: int = 0

    @property
    def is_github(self) -> bool:
        """Whose dialect it speaks."""
        return self.repo.host == "github"

    def later(self, minutes: float) -> datetime:
        """Let time pass here."""
        self.at += timedelta(minutes=minutes)
        return self.at

    # --- what plots are made of -------------------------------------------------------------

    def open(
        self, name: str, paths: Sequence[str] | None = None, *, bot: bool = False, **more: object
    ) -> ChangeRequest:
        """A new change of one commit."""
        self._count += 1
        people = self.code.company.humans()
        robots = [one.account_id for one in self.code.company.people.values() if one.bot]
        author = robots[0] if bot and robots else self.rng.choice(people)
        files = [FileEdit(path) for path in paths or self.paths()]
        change = self.code.open_change(
            self.repo,
            f"{name.capitalize()} {self._count}",
            f"work/{self._count}-{name.replace(' ', '-')}",
            [(f"{name.capitalize()} {self._count}", files)],
            author=author,
            at=self.later(3),
            **more,  # type: ignore[arg-type]  # values of a change request
        )
        # A push without a word in its own: every push is told apart by its time.
        self.later(1)
        return change

    def paths(self, folder: str = "src") -> list[str]:
        """Files of one folder."""
        parts = 2 if folder == "web" else 6
        return [f"{folder}/part{self.rng.randrange(parts)}/file{self.rng.randrange(9)}.py"]

    def jobs(self, change: ChangeRequest | None = None, **plans: JobPlan | None) -> list[JobPlan]:
        """What the rules let run, all of it good; `unit`, `ui`: another plan, or none at all."""
        files = self.code.files_of(change) if change is not None else []
        wanted = {"unit": JobPlan(UNIT, tests=TestTotals(_TOTAL))}
        if any(one.path.startswith("web/") for one in files):
            wanted["ui"] = JobPlan(UI, tests=TestTotals(30))
        wanted.update({name: plan for name, plan in plans.items() if plan is not None})
        kept = [plan for name, plan in wanted.items() if plans.get(name, plan) is not None]
        return [JobPlan(LINT, seconds=40, stage="check"), *kept]

    def check(
        self,
        change: ChangeRequest,
        jobs: Sequence[JobPlan] | None = None,
        *,
        until: datetime | None = None,
        workflow: str = "CI",
    ) -> Run:
        """CI of a head as its host does it, to its end or as it stands at `until`."""
        plans = self.jobs(change) if jobs is None else jobs
        preview = self.code.preview(change, at=self.at)
        assert preview is not None, "what cannot be merged is not built"
        kind, sha, built = "change", change.head_sha, None
        if self.is_github:
            built = preview.sha
        elif self.merge_results:
            kind, sha = "merge-result", preview.sha
        run = self.code.ci.run(
            self.repo,
            kind,  # type: ignore[arg-type]  # one of the kinds
            sha,
            change.head_branch,
            self.later(1),
            plans,
            workflow=workflow,
            change=change,
            built_sha=built,
            actor=change.author,
            until=until,
        )
        if self.is_github:
            self.scan(change)
        self.later(15)
        return run

    def scan(self, change: ChangeRequest) -> None:
        """What apps report on a head, whatever it is worth."""
        self.code.ci.check(
            self.repo, change.head_sha, "CodeQL", "github-advanced-security", self.at, "success"
        )
        self.code.ci.set_status(self.repo, change.head_sha, "licence/cla", "success", self.at)

    def land(
        self, change: ChangeRequest, method: Method | None = None, *, queued: Commit | None = None
    ) -> None:
        """Merge it."""
        by = self.rng.choice([one for one in self.code.company.humans() if one != change.author])
        how = method or self.method
        if how == "fast-forward" and self.code.git.tip(self.repo, "main") != change.fork_sha:
            raise AssertionError("the branch has moved on")
        self.code.merge(change, how, at=self.later(2), by=by, queued=queued)
        self.later(1)
        if self.trunk_ci:
            self.trunk(self.jobs(change))

    def trunk(
        self,
        jobs: Sequence[JobPlan] | None = None,
        *,
        until: datetime | None = None,
        kind: str = "push",
        workflow: str = "CI",
    ) -> Run:
        """A run on the default branch as it is."""
        tip = self.code.git.tip(self.repo, self.repo.default_branch)
        assert tip is not None
        run = self.code.ci.run(
            self.repo,
            kind,  # type: ignore[arg-type]  # one of the kinds
            tip,
            self.repo.default_branch,
            self.later(1),
            self.jobs() if jobs is None else jobs,
            workflow=workflow,
            until=until,
        )
        self.later(20)
        return run

    def plain(self, count: int = 1, folder: str = "src") -> None:
        """Changes as they should be."""
        for _ in range(count):
            change = self.open("plain work", self.paths(folder))
            self.check(change)
            self.land(change)
            self.later(40)

    def play(self, name: str, plot: "Plot") -> None:
        """One plot, and what it let land."""
        self.played.append((name, list(plot(self))))
        self.later(60)


Plot = Callable[[Landings], Iterable[ChangeRequest | Commit]]


def begin(
    code: CodeWorld, host: Host, name: str, seed: int, *, at: datetime, **habits: object
) -> Landings:
    """An empty repository with its first commit; `habits` as `Landings` has them."""
    group = next((one for one in code.groups.values() if one.host == host), None)
    home = group or code.add_group(host, "apollo", "Apollo")
    repo = code.add_repository(home, name, at=at)
    if host == "gitlab":
        method = habits.get("method", "merge")
        repo.methods = ("fast-forward",) if method == "fast-forward" else ("merge", "squash")
    site = Landings(code, repo, random.Random(f"{seed}/{host}/{name}"), at, **habits)  # type: ignore[arg-type]  # as said
    code.commit(repo, "Begin", author=code.company.humans()[0], at=site.later(5))
    return site


def failing(name: str = UNIT, word: str = "failure") -> JobPlan:
    """A test that does not pass."""
    return JobPlan(name, word, tests=TestTotals(_TOTAL, failed=3) if word == "failure" else None)
