"""Which findings the truth of simulated repositories holds, told without looking at their plots.

Written from the definitions of the detectors, over what the company knows and no API tells: that a
change is taken back, for one, is seen in the content of the branch and not in anybody's words.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from support.jira_truth import Finding, working_days

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_later import later_commits, others_tested_with, tested_later
from connectors.simulator.code_things import (
    ChangeRequest,
    HostIssue,
    HostMilestone,
    Job,
    Repository,
)
from connectors.simulator.story import GAP
from connectors.simulator.story_code import TESTS, CodeStory
from connectors.simulator.world import STATUS_BY_ID, Issue, World

#: How long a change that landed is looked at, and how long both sides of a contradiction stand.
RECENT, SETTLED = timedelta(days=30), timedelta(hours=24)
#: How long ago a milestone may have been closed that nobody judges.
CLOSED_LATELY = timedelta(days=90)
#: Names of checks that are tests in this company.

_KEY = re.compile(r"\b[A-Z]{3}-\d+\b")


def findings(world: World, story: CodeStory, due_before: Mapping[int, date | None]) -> set[Finding]:
    """What must be found in the repositories, and between them and Jira, now.

    `due_before`: the dates of the hosts' milestones at the first reading.
    """
    truth = _Truth(world)
    found = set(truth.tests()) | set(truth.items()) | set(truth.host_issues())
    found |= set(truth.unplanned(story.judged)) | set(truth.dates(story.judged, due_before))
    found |= set(truth.closed_milestones()) | set(truth.mirrors())
    found |= set(truth.written_later()) | set(truth.sized_later())
    return found | set(_program(world, story))


def shares(world: World, story: CodeStory) -> dict[str, tuple[str, int, int]]:
    """By name of a judged plan: how findings know it, what landed in it, and what beside it."""
    return _Truth(world).shares(story.judged)


def ages(world: World) -> dict[str, int]:
    """Working days since the last change for an item landed, where the item is still open."""
    truth = _Truth(world)
    found: dict[str, int] = {}
    for change in world.code.changes.values():
        for id_ in truth.works_on(change):
            issue = world.issues[id_]
            if change.merged_at is None or issue.is_done or truth.waits(issue):
                continue
            age = working_days(change.merged_at.date(), world.now.date())
            found[f"issue:{id_}"] = min(age, found.get(f"issue:{id_}", age))
    return found


def blind(world: World, story: CodeStory) -> set[Finding]:
    """Listings of repositories that the server stops giving."""
    return {
        ("data.blind-spot", f"stream:{repo.path}/{stream}", "")
        for repo in world.code.repositories.values()
        for stream in ("milestones", "releases", "deployments")
        if any(
            re.search(one.matching, f"GET /repositories/{repo.id}/{stream}") for one in story.faults
        )
    }


@dataclass
class _Truth:
    world: World

    @property
    def code(self) -> CodeWorld:
        return self.world.code

    @property
    def settled(self) -> datetime:
        return self.world.now - SETTLED

    # --- tests ------------------------------------------------------------------------------

    def tests(self) -> Iterator[Finding]:
        for repo in self.code.repositories.values():
            landed = [
                one
                for one in self.code.changes_in(repo)
                if one.merged_at is not None and one.merged_at > self.world.now - RECENT
            ]
            runs_tests = any(
                job.name in TESTS for run in self.code.ci.runs_in(repo) for job in run.jobs
            )
            for change in landed:
                word = self.tested(repo, change)
                if word == "yes" and tested_later(self.code, repo, change, TESTS):
                    if others_tested_with(self.code, repo, change, TESTS) > 1:
                        yield ("test.stale", f"repository:{repo.id}", "")
                elif word == "red":
                    # Of what a later run of several changes failed, nobody is accused.
                    if not tested_later(self.code, repo, change, TESTS):
                        yield ("test.merged-red", f"change:{change.id}", "")
                elif word == "no" and runs_tests:
                    yield ("test.not-tested", f"change:{change.id}", "")
                elif word == "no":
                    yield ("test.not-tested", f"repository:{repo.id}", "no-ci")

    def tested(self, repo: Repository, change: ChangeRequest) -> str:
        """`red`, `yes`, `no`, `exempt` or `unknown`."""
        words: set[str] = set()
        names: dict[str, list[str]] = {}
        for sha in self.commits(repo, change):
            for name, jobs in self.jobs_at(repo, sha).items():
                names.setdefault(name, []).append(_outcome(jobs, on_github=repo.host == "github"))
        if tested_later(self.code, repo, change, TESTS):
            for sha in later_commits(self.code, repo, change):
                for name, jobs in self.jobs_at(repo, sha).items():
                    names.setdefault(name, []).append(
                        _outcome(jobs, on_github=repo.host == "github")
                    )
        for told in names.values():
            # The commits come closest first: the first that says something decides.
            words.add(next((one for one in told if one in ("red", "yes")), told[0]))
        for word in ("red", "unknown", "yes"):
            if word in words:
                return word
        docs = all(one.path.endswith(".md") for one in self.code.files_of(change))
        return "exempt" if docs else "no"

    def commits(self, repo: Repository, change: ChangeRequest) -> list[str]:
        """What landed, then what has the very same content, then its head, then the rest."""
        git = self.code.git
        assert change.landed_sha is not None
        tree = git.at(repo, change.landed_sha).tree
        built = [run.sha for run in self.code.ci.runs_in(repo) if run.change_id == change.id]
        own = [change.head_sha, *reversed(change.commits), *reversed(built)]
        equal = [sha for sha in own if git.at(repo, sha).tree == tree]
        return list(dict.fromkeys([change.landed_sha, *equal, *own]))

    def jobs_at(self, repo: Repository, sha: str) -> dict[str, list[Job]]:
        found: dict[str, list[Job]] = {}
        for run in self.code.ci.runs_at(repo, sha):
            for attempt in run.attempts:
                for job in attempt.jobs:
                    if job.name in TESTS:
                        found.setdefault(job.name, []).append(job)
        return found

    # --- scope ------------------------------------------------------------------------------

    def unplanned(self, judged: Collection[str]) -> Iterator[Finding]:
        for subject, belongs, others in self.shares(judged).values():
            if others >= 3 and others / (belongs + others) >= 0.2:
                yield ("scope.unplanned", subject, "")

    def shares(self, judged: Collection[str]) -> dict[str, tuple[str, int, int]]:
        """By judged open plan: what landed in it, and what landed beside it for no plan at all."""
        found: dict[str, tuple[str, int, int]] = {}
        for version in self.world.versions.values():
            name = f"{self.world.projects[version.project_id].key}:{version.name}"
            if name not in judged or version.released or version.start is None:
                continue
            begin = datetime.combine(version.start, time.min, self.world.now.tzinfo)
            repos = {
                one.repo_id
                for one in self.code.changes.values()
                if any(version.id in self.world.issues[id_].versions for id_ in self.works_on(one))
            }
            plan = f"version:{version.id}"
            found[name] = (plan, *self.landed_beside(plan, begin, repos))
        for repo, one in self.milestones(judged):
            begin = self.world.now - GAP
            if one.start is not None:
                begin = datetime.combine(one.start, time.min, self.world.now.tzinfo)
            if one.is_open:
                name = f"{repo.path}:{one.title}"
                counted = self.landed_beside(f"milestone:{one.id}", begin, {repo.id})
                found[name] = (milestone_subject(repo, one), *counted)
        return found

    def landed_beside(self, plan: str, since: datetime, repos: Collection[int]) -> tuple[int, int]:
        """(changes of people in the plan, those in no plan at all) that landed since then."""
        belongs = others = 0
        for change in self.code.changes.values():
            landed = change.merged_at is not None and change.merged_at > since
            author = self.world.people[change.author or ""]
            if not landed or change.repo_id not in repos or author.bot:
                continue
            plans = self.plans(change)
            belongs += plan in plans
            others += not plans
        return belongs, others

    def dates(
        self, judged: Collection[str], before: Mapping[int, date | None]
    ) -> Iterator[Finding]:
        """Dates of the hosts' milestones that have passed, or moved."""
        for repo, one in self.milestones(judged):
            mine = [issue for issue in self.code.issues_in(repo) if issue.milestone_id == one.id]
            late = one.due is not None and working_days(one.due, self.world.now.date()) >= 3
            if one.is_open and late and any(issue.state == "open" for issue in mine):
                yield ("plan.overdue", milestone_subject(repo, one), "")
            if one.is_open and one.due != before.get(one.id, one.due):
                yield ("plan.due-moved", milestone_subject(repo, one), "")

    def milestones(self, judged: Collection[str]) -> Iterator[tuple[Repository, HostMilestone]]:
        for repo in self.code.repositories.values():
            for one in self.code.milestones_of(repo):
                if f"{repo.path}:{one.title}" in judged:
                    yield repo, one

    def plans(self, change: ChangeRequest) -> set[str]:
        """Versions, sprints and milestones that hold it, or an item that it works on."""
        found = {f"milestone:{change.milestone_id}"} if change.milestone_id else set()
        for id_ in self.works_on(change):
            issue = self.world.issues[id_]
            parent = self.world.issues.get(issue.parent_id or 0)
            for one in (issue, parent):
                if one is not None:
                    found |= {f"version:{held}" for held in one.versions}
                    found |= {f"sprint:{held}" for held in one.sprints}
        closed = (self.code.issues[id_].milestone_id for id_ in change.closes)
        return found | {f"milestone:{one}" for one in closed if one is not None}

    def closed_milestones(self) -> Iterator[Finding]:
        """Closed in the last 90 days and holding an open issue; GitLab tells no day of closing."""
        for repo in self.code.repositories.values():
            for one in self.code.milestones_of(repo):
                closed = one.closed
                if repo.host != "github" or closed is None:
                    continue
                if not self.world.now - CLOSED_LATELY <= closed <= self.settled:
                    continue
                held = [x for x in self.code.issues.values() if x.milestone_id == one.id]
                parents = {x.parent_id for x in held if not x.deleted}
                if any(
                    x.closed is None and not x.deleted and x.id not in parents
                    for x in held
                    if x.created <= self.settled
                ):
                    yield ("data.contradiction", milestone_subject(repo, one), "released-open")

    # --- items ------------------------------------------------------------------------------

    def items(self) -> Iterator[Finding]:
        parents = {one.parent_id for one in self.world.alive()}
        works: dict[int, list[ChangeRequest]] = {}
        for change in self.code.changes.values():
            for id_ in self.works_on(change):
                works.setdefault(id_, []).append(change)
        for id_, mine in works.items():
            issue = self.world.issues[id_]
            if issue.deleted or id_ in parents:
                continue
            rule = self.contradicts(issue, mine)
            if rule is not None:
                yield ("data.contradiction", f"issue:{id_}", rule)

    def works_on(self, change: ChangeRequest) -> set[int]:
        """Items that people named in its title; taking work back is no work on an item."""
        if change.title.count('Revert "') % 2:
            return set()
        return {
            self.world.by_key[key] for key in _KEY.findall(change.title) if key in self.world.by_key
        }

    def contradicts(self, issue: Issue, mine: list[ChangeRequest]) -> str | None:
        since = issue.history[-1].at if issue.history else issue.created
        for entry in reversed(issue.history):
            if any(item["fieldId"] == "status" for item in entry.items):
                since = entry.at
                break
        if since > self.settled:
            return None
        if issue.is_done:
            if issue.resolution != "Done":
                return None
            return self.done_without(mine) or self.done_elsewhere(mine)
        if issue.category == "new":
            going = (one.state == "open" and one.created <= self.settled for one in mine)
            return "todo-started" if any(going) else None
        if self.waits(issue) or not all(
            one.merged_at is not None and self.stands(one) for one in mine
        ):
            return None
        last = max([since, *(one.merged_at for one in mine if one.merged_at is not None)])
        old = working_days(last.date(), self.world.now.date()) > 10
        return "open-merged" if old else None

    def waits(self, issue: Issue) -> bool:
        """Whether its status is that of a review."""
        return STATUS_BY_ID[issue.status_id].name == "In Review"

    def host_issues(self) -> Iterator[Finding]:
        for issue in self.code.issues.values():
            mine = [one for one in self.code.changes.values() if issue.id in one.closes]
            if issue.deleted or not mine or not _completed(issue, self.settled):
                continue
            rule = self.done_without(mine)
            if rule is not None:
                yield ("data.contradiction", f"issue:{issue.id}", rule)

    def done_without(self, mine: Iterable[ChangeRequest]) -> str | None:
        """What finished work lacks, if anything."""
        merged = [one for one in mine if one.merged_at is not None]
        standing = [one for one in merged if self.stands(one)]
        open_ = [one for one in mine if one.state == "open" and one.created <= self.settled]
        branches = {(one.repo_id, one.base_branch) for one in standing}
        if any(not standing or (one.repo_id, one.base_branch) in branches for one in open_):
            return "done-unmerged"
        if merged and not standing:
            return "done-reverted"
        given_up = [one for one in mine if one.state == "closed"]
        return "done-closed" if given_up and not merged and not open_ else None

    def done_elsewhere(self, mine: Iterable[ChangeRequest]) -> str | None:
        """Whether all of it lies on branches that nobody has brought back, and few work on."""
        landed = [one for one in mine if one.merged_at is not None and self.stands(one)]
        if not landed or any(one.merged_at > self.settled for one in landed if one.merged_at):
            return None
        return "done-elsewhere" if all(self.is_aside(one) for one in landed) else None

    def is_aside(self, change: ChangeRequest) -> bool:
        repo, git = self.code.repositories[change.repo_id], self.code.git
        name = change.base_branch
        others = [
            one
            for one in self.code.changes_in(repo)
            if one.base_branch == name and one.merged_at is not None
        ]
        if name == repo.default_branch or name.startswith("release") or len(others) >= 5:
            return False
        # What it did is nowhere on the default branch.
        assert change.landed_sha is not None
        patch = git.patch(repo, git.at(repo, change.landed_sha))
        return not any(
            git.patch(repo, git.at(repo, one.landed_sha)) == patch
            for one in self.code.changes_in(repo)
            if one.landed_sha is not None and one.base_branch == repo.default_branch
        )

    def written_later(self) -> Iterator[Finding]:
        """Items that somebody wrote when the changes that name them had landed."""
        works: dict[int, list[ChangeRequest]] = {}
        for change in self.code.changes.values():
            for id_ in self.works_on(change):
                works.setdefault(id_, []).append(change)
        for id_, mine in works.items():
            issue = self.world.issues[id_]
            before = issue.created - timedelta(hours=1)
            if issue.deleted or issue.created > self.settled:
                continue
            if all(one.merged_at is not None and one.merged_at < before for one in mine):
                yield ("data.contradiction", f"project:{issue.project_id}", "created-after-merge")

    def sized_later(self) -> Iterator[Finding]:
        """Estimates of finished items that changed more than a day after the end."""
        for issue in self.world.alive():
            if not issue.is_done or issue.resolution != "Done":
                continue
            ended: datetime | None = None
            for entry in issue.history:
                for item in entry.items:
                    if item["fieldId"] == "status":
                        ended = entry.at
                    again = item["field"] == "Story Points" and item["fromString"]
                    if again and ended is not None and ended + SETTLED < entry.at <= self.settled:
                        project = f"project:{issue.project_id}"
                        yield ("data.contradiction", project, "estimate-after-done")

    def mirrors(self) -> Iterator[Finding]:
        """Issues of hosts that are named by the key of one item, and that item."""
        copies: dict[tuple[int, str], list[HostIssue]] = {}
        for one in self.code.issues.values():
            key = _KEY.match(one.title.lstrip("[("))
            if key is not None and key[0] in self.world.by_key and not one.deleted:
                host = self.code.repositories[one.repo_id].host
                copies.setdefault((self.world.by_key[key[0]], host), []).append(one)
        for (id_, _), mine in copies.items():
            issue = self.world.issues[id_]
            if len(mine) != 1 or issue.deleted or self.waits(issue):
                continue
            done = issue.is_done and issue.resolution == "Done"
            if done != (mine[0].state == "closed"):
                yield ("data.contradiction", f"issue:{id_}", "mirror-state")

    def stands(self, change: ChangeRequest) -> bool:
        """Whether what it did is in the branch: done once more than undone."""
        repo, git = self.code.repositories[change.repo_id], self.code.git
        assert change.landed_sha is not None
        patch = git.patch(repo, git.at(repo, change.landed_sha))
        same = [
            one
            for one in self.code.changes_in(repo)
            if one.landed_sha is not None
            and one.base_branch == change.base_branch
            and git.patch(repo, git.at(repo, one.landed_sha)) == patch
        ]
        return len(same) % 2 == 1


def milestone_subject(repo: Repository, one: HostMilestone) -> str:
    """GitHub counts milestones in each repository."""
    return f"milestone:{repo.id}:{one.number}" if repo.host == "github" else f"milestone:{one.id}"


def _outcome(jobs: list[Job], *, on_github: bool) -> str:
    """What the newest of the jobs that ended says: red, yes, nothing; unknown: none has ended."""
    ended = [one for one in jobs if one.status == "completed"]
    if not ended:
        return "unknown"
    last = max(ended, key=lambda one: (one.started or one.created, one.attempt, one.id))
    if last.conclusion == "success":
        # Of GitHub's jobs nobody tells how many tests they ran.
        executed = on_github or last.tests is None or last.tests.total > last.tests.skipped
        return "yes" if executed else "nothing"
    return "red" if last.conclusion == "failure" and not last.allow_failure else "nothing"


def _completed(issue: HostIssue, settled: datetime) -> bool:
    return issue.closed is not None and issue.closed <= settled and issue.reason == "completed"


def _program(world: World, story: CodeStory) -> Iterator[Finding]:
    """Whether the parts that a person has linked agree."""
    dates, open_ = set(), set()
    for part in story.program:
        due, is_open = _part(world, part.system, part.place, part.name)
        open_.add(is_open)
        if is_open:
            dates.add(due)
    if len(dates) > 1:
        yield ("data.contradiction", "program:Release 3.2", "program-dates")
    if len(open_) > 1:
        yield ("data.contradiction", "program:Release 3.2", "program-states")


def _part(world: World, system: str, place: str, name: str) -> tuple[object, bool]:
    if system == "jira":
        project = next(one for one in world.projects.values() if one.key == place)
        version = world.version_named(name, project)
        return version.due, not version.released
    repo = next(
        one
        for one in world.code.repositories.values()
        if one.host == system and place in (one.path, *one.former_paths)
    )
    milestone = next(one for one in world.code.milestones_of(repo) if one.title == name)
    return milestone.due, milestone.is_open
