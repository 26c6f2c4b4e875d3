"""What is to be said of what landed, told from what truly ran, by the written rules alone.

Nothing of what is tested is used here. There are two views of one world: the truth holds what was
deleted, and on which content a run worked; what can be known is what the vendor still tells one
who asks for little. Of GitHub's runs for pull requests nobody says afterwards with which base they
were built; GitLab has no trees, and is asked whether two commits are equal only where no test of
its own has ended on what landed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import ChangeRequest, Commit, Job, Repository, Run
from connectors.simulator.landings import TESTS, UNIT

#: Weakest first, as the rules write it.
ORDER = (
    "failed",
    "none",
    "not-run",
    "stale",
    "preview-stale",
    "batched-many",
    "head",
    "preview",
    "batched-one",
    "exact-after",
    "exact",
)
#: How good a match is, best first: what landed, the same content, a preview, the head, an earlier
#: commit, a later state of the branch.
LANDED, EQUAL, PREVIEW, HEAD, EARLIER, LATER = range(6)
_OLD = timedelta(days=7)
#: Of an older commit that came without a change GitHub is not asked what was reported on it.
_ASKED_FOR = timedelta(days=30)
_TOLD_OF_A_RUN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict, the grade of each test, and the marks."""

    verdict: str
    grades: dict[str, str]
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Result:
    """How a test ended on something that matches."""

    level: int
    #: what a success earns.
    earns: str
    #: pass, fail, none, running.
    word: str
    at: datetime
    build: str
    #: of later states of the branch: how many commits after what landed.
    distance: int = 0


@dataclass(frozen=True)
class View:
    """One way to look at a repository."""

    code: CodeWorld
    repo: Repository
    now: datetime
    #: False: as it truly is.
    told: bool = True
    #: runs whose base was seen while their change was open.
    seen: frozenset[int] = frozenset()

    # --- the verdict ------------------------------------------------------------------------

    def of(self, what: ChangeRequest | Commit) -> Said:
        """What is to be said of a change, or of a commit that came without one."""
        return self.of_push(what) if isinstance(what, Commit) else self.of_change(what)

    def of_change(self, change: ChangeRequest) -> Said:
        """What is to be said of a change that landed."""
        paths = [one.path for one in self.code.files_of(change)]
        return self._said(change, paths)

    def of_push(self, commit: Commit) -> Said:
        """What is to be said of a commit that came with no change."""
        return self._said(commit, [one.path for one in commit.files])

    def _said(self, what: ChangeRequest | Commit, paths: Sequence[str]) -> Said:
        wanted = self.wanted(paths)
        grades: dict[str, str] = {}
        marks: set[str] = set()
        for name in sorted(TESTS):
            results = list(self._results(what, name, paths))
            if name in wanted or any(one.level < LATER for one in results):
                grades[name] = _graded(results)
            marks |= self._marks(what, name)
        return Said(self._verdict(what, paths, grades), grades, frozenset(marks))

    def wanted(self, paths: Sequence[str]) -> frozenset[str]:
        """The tests that the rules of this company want for a change of these files."""
        if not self.tests_anything or all(_is_words(one) for one in paths):
            return frozenset()
        return TESTS if any(one.startswith("web/") for one in paths) else frozenset({UNIT})

    @property
    def tests_anything(self) -> bool:
        """Whether any test ever ran here, as far as this view goes."""
        return any(job.name in TESTS for run in self._runs() for job in _jobs(run))

    def _verdict(
        self, what: ChangeRequest | Commit, paths: Sequence[str], grades: dict[str, str]
    ) -> str:
        held = list(grades.values())
        if "failed" in held:
            return "merged_red"
        if all(_is_words(one) for one in paths):
            return "exempt"
        if not self.tests_anything:
            return "no_ci"
        if "running" in held:
            return "unknown"
        if self.told and "none" in held and self._may_have_run(what):
            return "unknown"
        ranks = [ORDER.index(one) for one in held]
        if all(one < ORDER.index("stale") for one in ranks):
            return "not_tested"
        if any(one < ORDER.index("stale") for one in ranks):
            return "partial"
        weakest = ORDER[min(ranks)]
        if weakest == "exact":
            return "tested"
        if weakest in ("exact-after", "batched-one"):
            return "tested_after"
        return "tested_at_head" if weakest in ("preview", "head") else "stale"

    # --- what ran ---------------------------------------------------------------------------

    def _runs(self) -> Iterator[Run]:
        for id_ in self.code.ci.runs_of.get(self.repo.id, ()):
            run = self.code.ci.runs[id_]
            if not (self.told and run.deleted):
                yield run

    def _results(
        self, what: ChangeRequest | Commit, name: str, paths: Sequence[str]
    ) -> Iterator[_Result]:
        landed = self._landed(what)
        for run in self._runs():
            jobs = [job for job in _jobs(run) if job.name == name]
            broken = run.conclusion == "startup_failure" and not run.jobs
            if not jobs and not broken:
                continue
            place = self._place(what, landed, run)
            if place is None:
                continue
            if broken and name in self.wanted(paths):
                # It never came to its tests: that is a failure of each of them.
                yield _Result(place[0], place[1], "fail", run.created, run.sha)
            for job in jobs:
                word = self._word(run, job)
                at = job.started or job.created
                earns = place[1]
                if earns == "exact":
                    merged = landed.committed if isinstance(what, Commit) else what.merged_at
                    in_time = job.finished is not None and merged is not None
                    earns = "exact" if in_time and job.finished <= merged else "exact-after"
                build = f"{run.sha}/{run.built_sha}"
                yield _Result(place[0], earns, word, at, build, self._distance(landed, run, place))

    def _distance(self, landed: Commit, run: Run, place: tuple[int, str]) -> int:
        if place[0] != LATER:
            return 0
        line = self.line()
        return line.index(run.sha) - line.index(landed.sha)

    def _word(self, run: Run, job: Job) -> str:
        if job.status != "completed":
            return "running"
        if job.conclusion in ("failure", "timed_out"):
            return "none" if job.allow_failure else "fail"
        if job.conclusion != "success":
            return "none"
        # Of GitHub's jobs nobody tells how many tests they executed.
        counted = job.tests is not None and self.repo.host == "gitlab"
        return "none" if counted and job.tests.total <= job.tests.skipped else "pass"

    def _landed(self, what: ChangeRequest | Commit) -> Commit:
        if isinstance(what, Commit):
            return what
        assert what.landed_sha is not None
        return self.code.git.at(self.repo, what.landed_sha)

    # --- how well it matches ----------------------------------------------------------------

    def _place(
        self, what: ChangeRequest | Commit, landed: Commit, run: Run
    ) -> tuple[int, str] | None:
        if run.built_sha == landed.sha:
            return LANDED, "exact"
        if isinstance(what, ChangeRequest) and self._is_own(what, run):
            return self._of_change(what, landed, run)
        if self._same(what, landed, run):
            return EQUAL, "exact"
        return self._later(landed, run)

    def _is_own(self, change: ChangeRequest, run: Run) -> bool:
        return run.change_id == change.id or run.sha in (change.head_sha, *change.commits)

    def _of_change(self, change: ChangeRequest, landed: Commit, run: Run) -> tuple[int, str]:
        git = self.code.git
        built = git.at(self.repo, run.built_sha)
        is_merge = run.built_sha not in (change.head_sha, *change.commits) and (
            len(built.parents) == 2
        )
        head = built.parents[1] if is_merge else run.built_sha
        if self._same(change, landed, run):
            return EQUAL, "exact"
        if head != change.head_sha:
            return EARLIER, "stale"
        if not is_merge or not self._knows_base(change, run):
            return HEAD, "head"
        base = self._base(change)
        if built.parents[0] == base:
            return PREVIEW, "preview"
        return self._moved(change, built.parents[0], base, run)

    def _knows_base(self, change: ChangeRequest, run: Run) -> bool:
        if not self.told:
            return True
        if self.repo.host == "github":
            return run.kind == "train" or run.id in self.seen
        return self._asked(change)

    def _same(self, what: ChangeRequest | Commit, landed: Commit, run: Run) -> bool:
        """Whether it built the very content that landed, as far as that can be told."""
        git = self.code.git
        equal = git.at(self.repo, run.built_sha).tree == landed.tree
        if not self.told:
            return equal
        if self.repo.host == "github":
            if run.sha == run.built_sha:
                return equal
            # The run is told under the head: that the head is what landed says that the merge of
            # it with an older base was no other.
            own = isinstance(what, ChangeRequest) and self._is_own(what, run)
            if own and git.at(self.repo, run.sha).tree == landed.tree:
                return equal
            return equal and own and run.id in self.seen
        if not isinstance(what, ChangeRequest) or not self._asked(what):
            return False
        return equal and (self._is_own(what, run) or run.sha == self._restored(what))

    def _restored(self, change: ChangeRequest) -> str | None:
        """GitLab: the commit before what this one says that it takes back."""
        for other in self.code.changes_in(self.repo):
            if f"!{other.number}." in change.body and other.landed_sha is not None:
                parents = self.code.git.at(self.repo, other.landed_sha).parents
                return parents[0] if parents else None
        return None

    def _asked(self, change: ChangeRequest) -> bool:
        """GitLab: whether two commits are compared: no test has ended on what landed."""
        if change.landed_sha == change.head_sha:
            return False
        return not any(
            job.name in TESTS and job.conclusion in ("success", "failure", "timed_out")
            for run in self._runs()
            if run.sha == change.landed_sha
            for job in _jobs(run)
        )

    def _base(self, change: ChangeRequest) -> str | None:
        first = self.code.git.at(self.repo, change.landed[0])
        if change.method == "merge" or change.method == "semi-linear":
            first = self._landed(change)
        return first.parents[0] if first.parents else None

    def _moved(
        self, change: ChangeRequest, old: str, base: str | None, run: Run
    ) -> tuple[int, str]:
        line = self.line()
        if base not in line or old not in line:
            return HEAD, "head"
        began = self.code.git.at(self.repo, old).committed
        assert change.merged_at is not None
        if change.merged_at - began > _OLD:
            return PREVIEW, "preview-stale"
        between = set(line[line.index(old) + 1 : line.index(base) + 1])
        touched = {
            one.path
            for other in self.code.changes_in(self.repo)
            if between & set(other.landed)
            for one in self.code.files_of(other)
        }
        mine = {one.path for one in self.code.files_of(change)}
        packages = {one.rpartition("/")[0] for one in touched}
        if mine & touched or packages & {one.rpartition("/")[0] for one in mine}:
            return PREVIEW, "preview-stale"
        return PREVIEW, "preview"

    def line(self) -> list[str]:
        """The branch from first parent to first parent, oldest first."""
        git = self.code.git
        found: list[str] = []
        sha = git.tip(self.repo, self.repo.default_branch)
        while sha is not None:
            found.append(sha)
            parents = git.at(self.repo, sha).parents
            sha = parents[0] if parents else None
        return found[::-1]

    def _later(self, landed: Commit, run: Run) -> tuple[int, str] | None:
        """A later state of the branch that was tested, with all that it tested first."""
        if run.kind not in ("push", "schedule", "train"):
            return None
        line = self.line()
        if run.sha not in line or landed.sha not in line:
            return None
        mine, there = line.index(landed.sha), line.index(run.sha)
        if there <= mine:
            return None
        tested = {
            line.index(one.sha)
            for one in self._runs()
            if one.sha in line and one.kind in ("push", "schedule", "train")
        }
        before = max((one for one in tested if one < mine), default=-1)
        others = there - before - 1
        return LATER, "batched-one" if others == 1 else "batched-many"

    # --- what else is to be said ------------------------------------------------------------

    def _marks(self, what: ChangeRequest | Commit, name: str) -> set[str]:
        found: set[str] = set()
        if not isinstance(what, ChangeRequest):
            return found
        for run in self._runs():
            if not self._is_own(what, run):
                continue
            jobs = [job for job in _jobs(run) if job.name == name]
            words = {self._word(run, job) for job in jobs}
            if {"pass", "fail"} <= words:
                found.add("flaky")
            if any(job.allow_failure and job.conclusion == "failure" for job in jobs):
                found.add("allowed")
            if run.conclusion == "action_required" and not run.jobs:
                found.add("blocked")
        return found

    def _may_have_run(self, what: ChangeRequest | Commit) -> bool:
        """Whether something is hidden: a run whose number is missing, a push that is too old."""
        is_github = self.repo.host == "github"
        if isinstance(what, Commit) and is_github and self.now - what.committed > _ASKED_FOR:
            return True
        begin = what.created if isinstance(what, ChangeRequest) else what.committed
        merged = what.merged_at if isinstance(what, ChangeRequest) else what.committed
        assert merged is not None
        series: dict[str, list[Run]] = {}
        for run in self._runs():
            name = run.workflow if self.repo.host == "github" else ""
            series.setdefault(name, []).append(run)
        for runs in series.values():
            runs.sort(key=lambda one: one.number)
            for one, following in pairwise(runs):
                missing = following.number - one.number > 1
                if (
                    missing
                    and one.created <= merged + _TOLD_OF_A_RUN
                    and following.created >= begin
                ):
                    return True
        return False


def _graded(results: Sequence[_Result]) -> str:
    """The grade of one test: the best match decides whether it failed."""
    if not results:
        return "none"
    conclusive = [one for one in results if one.word in ("pass", "fail")]
    if not conclusive:
        return "running" if any(one.word == "running" for one in results) else "not-run"
    best = min(one.level for one in conclusive)
    closest = [one for one in conclusive if one.level == best]
    nearest = min(one.distance for one in closest)
    closest = [one for one in closest if one.distance == nearest]
    last = max(closest, key=lambda one: one.at)
    if last.word == "fail":
        return "failed"
    earned = [one.earns for one in conclusive if one.word == "pass" and _stands(one, conclusive)]
    return max(earned, key=ORDER.index)


def _stands(one: _Result, others: Sequence[_Result]) -> bool:
    """Whether the newest word on the same build is a success too."""
    same = [each for each in others if each.build == one.build]
    return max(same, key=lambda each: each.at).word == "pass"


def _jobs(run: Run) -> Iterator[Job]:
    for attempt in run.attempts:
        yield from attempt.jobs


def _is_words(path: str) -> bool:
    return path.endswith(".md")


def contradicts(verdict: str, truth: Said) -> str | None:
    """Why a verdict cannot stand beside the truth; None: it can."""
    passes = {name for name, grade in truth.grades.items() if rank(grade) >= rank("stale")}
    if verdict in ("tested", "tested_after") and not all(
        rank(one) >= rank("batched-one") for one in truth.grades.values()
    ):
        return "it was not tested as it landed"
    if verdict == "tested_at_head" and len(passes) < len(truth.grades):
        return "a test did not pass"
    if verdict in ("not_tested", "no_ci") and passes:
        return f"{', '.join(sorted(passes))} passed"
    if verdict == "merged_red" and "failed" not in truth.grades.values():
        return "no test had failed"
    if verdict == "exempt" and truth.verdict != "exempt":
        return "it is more than documentation"
    return None


def rank(grade: str) -> int:
    """Place of a grade, -1 for what has none."""
    return ORDER.index(grade) if grade in ORDER else -1


#: Words by which OpenSSF Scorecard's check CI-Tests (probe testsRunInCI) knows a test: in the
#: context or address of a status, or in the name of the app of a check.
SCORECARD_WORDS = (
    "appveyor",
    "buildkite",
    "circleci",
    "e2e",
    "github-actions",
    "jenkins",
    "mergeable",
    "packit-as-a-service",
    "semaphoreci",
    "test",
    "travis-ci",
    "flutter-dashboard",
    "Cirrus CI",
    "azure-pipelines",
)


def scorecard(code: CodeWorld, repo: Repository, change: ChangeRequest) -> bool:
    """Whether that rule calls a change tested: one success on its head that has such a word."""

    def known(text: str | None) -> bool:
        return any(word in (text or "").lower() for word in SCORECARD_WORDS)

    head = change.head_sha
    statuses = {one.context: one for one in code.ci.statuses_at(repo, head)}
    if any(
        one.state == "success" and (known(one.context) or known(one.target_url))
        for one in statuses.values()
    ):
        return True
    checks = [
        (job.conclusion, "github-actions")
        for run in code.ci.runs_at(repo, head)
        for job in run.jobs
    ]
    checks += [(one.conclusion, one.app) for one in code.ci.checks_at(repo, head)]
    return any(word == "success" and known(app) for word, app in checks)
