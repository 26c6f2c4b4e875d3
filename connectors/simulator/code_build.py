"""Repositories of both hosts whose changes do the work that the company's Jira plans.

It has its own dice and adds nobody to the company, so that Jira stays as it is. Every change lives
its life step by step, and the steps of all come in order of time, as branches need.
"""

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import (
    ChangeRequest,
    Commit,
    FileEdit,
    Group,
    Host,
    HostIssue,
    HostMilestone,
    Method,
    Repository,
    TestTotals,
)
from connectors.simulator.world import Issue, World, days

#: How long ago the oldest repository began.
AGE_DAYS = 200
_NAMES = "shop-web shop-api billing search mobile infra docs-site reports".split()
_FILES = (
    "src/app.py",
    "src/api/orders.py",
    "src/api/prices.py",
    "src/store/models.py",
    "tests/test_orders.py",
    "tests/test_prices.py",
    "web/menu.ts",
    "deploy/values.yaml",
)
_CHORES = ("Tidy the imports", "Bump the base image", "Describe the release steps", "Sort the list")
_COMMON_TOTAL = 420

#: A life goes on at the instant that it yields, and not at all after the present.
Life = Iterator[datetime]


@dataclass(slots=True)
class _Site:
    """A repository with its habits."""

    repo: Repository
    rng: random.Random
    #: how its changes land.
    method: Method
    has_ci: bool
    #: previews of the merge are built as commits of their own (GitLab).
    merge_results: bool = False
    #: changes land through a merge queue (GitHub).
    queues: bool = False
    milestones: list[HostMilestone] = field(default_factory=list)


def build_code(
    world: World,
    seed: int,
    *,
    repositories: int = 4,
    changes_per_repository: int = 40,
    issues_per_repository: int = 12,
    chores_per_repository: int | None = None,
    hosts: Sequence[Host] = ("github", "gitlab"),
    customs: int = 0,
    also: Callable[["Lives"], None] | None = None,
) -> CodeWorld:
    """Fill `world.code`: repositories take turns among `hosts`.

    The last of more than three runs no CI. Chores that no issue asked for make up the number of
    changes, or are as many as is said. `customs` (0 to 2) turns the ways in which changes land
    over the repositories. `also` adds lives of its own to those that go on.
    """
    code = world.code
    begun = world.now - days(AGE_DAYS)
    groups = {host: code.add_group(host, "apollo", "Apollo") for host in hosts}
    homes = dict(groups)
    if "gitlab" in groups:
        homes["gitlab"] = code.add_group("gitlab", "apollo/platform", "Platform", groups["gitlab"])
    sites = []
    for i in range(repositories):
        host = hosts[i % len(hosts)]
        name = _NAMES[i % len(_NAMES)] + (f"-{i // len(_NAMES)}" if i >= len(_NAMES) else "")
        repo = code.add_repository(homes[host], name, at=begun)
        has_ci = repositories <= 3 or i < repositories - 1
        sites.append(_settle(code, seed, repo, i // 2 + customs, has_ci=has_ci))
    if "gitlab" in groups:
        _plan_group(code, groups["gitlab"])
    lives = Lives()
    projects = list(world.projects.values())
    for i, site in enumerate(sites):
        work: list[Issue] = []
        if projects:
            rank, place = divmod(i, len(projects))
            sharers = len(range(place, repositories, len(projects)))
            work = _work(world, projects[place].id)[rank::sharers]
        _populate(
            code, site, lives, work, changes_per_repository, issues_per_repository,
            chores_per_repository,
        )  # fmt: skip
    if also is not None:
        also(lives)
    lives.run(until=world.now)
    return code


class Lives:
    """Everything that goes on at once, in order of time."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Life]] = []
        self._order = count()

    def add(self, life: Life) -> None:
        """Begin one; its first instant is when."""
        self._wait(life)

    def run(self, until: datetime) -> None:
        """Let all go on until they end or reach the present."""
        while self._waiting and self._waiting[0][0] <= until:
            _, _, life = heappop(self._waiting)
            self._wait(life)

    def keep(self, some: Collection[Life]) -> None:
        """Let all others end where they are."""
        self._waiting = [one for one in self._waiting if one[2] in some]
        heapify(self._waiting)

    def _wait(self, life: Life) -> None:
        at = next(life, None)
        if at is not None:
            heappush(self._waiting, (at, next(self._order), life))


def _settle(code: CodeWorld, seed: int, repo: Repository, custom: int, *, has_ci: bool) -> _Site:
    """The first commit, milestones and habits of a repository."""
    rng = random.Random(f"{seed}/code/{repo.host}/{repo.path}")
    today = code.now.date()
    github = repo.host == "github"
    methods: tuple[Method, ...] = (
        ("squash", "merge", "rebase")
        if github
        else (
            "squash",
            "fast-forward",
            "merge",
        )
    )
    method = methods[custom % 3]
    if not github:
        repo.methods = ("fast-forward",) if method == "fast-forward" else ("merge",)
    site = _Site(repo, rng, method, has_ci, merge_results=not github and method == "merge")
    site.queues = github and method == "merge" and has_ci
    people = code.company.humans()
    code.commit(repo, "Begin", author=people[0], at=repo.created)
    for title, due in (("3.1", -100), ("3.2", 28), ("3.3", 90)):
        made = code.add_milestone(
            repo,
            title,
            due=today + days(due),
            at=repo.created + days(20),
            creator=people[0],
            start=None if github else today + days(due - 60),
        )
        site.milestones.append(made)
    code.close_milestone(site.milestones[0], at=code.now - days(99))
    if has_ci and github:
        code.require_checks(repo, repo.default_branch, ("unit tests",))
    return site


def _plan_group(code: CodeWorld, group: Group) -> None:
    today = code.now.date()
    code.add_milestone(
        group,
        "Spring launch",
        start=today - days(30),
        due=today + days(45),
        at=code.now - days(60),
    )
    for i in range(-3, 3):
        code.add_iteration(group, today + days(14 * i - 4), today + days(14 * i + 9))


def _work(world: World, project_id: int) -> list[Issue]:
    """Items of a project that were worked on, newest first."""
    found = [
        world.issues[id_]
        for id_ in world.by_project[project_id]
        if world.issues[id_].type != "Epic"
        and world.issues[id_].category in ("done", "indeterminate")
    ]
    return sorted(found, key=lambda one: (one.resolved or world.now, one.id), reverse=True)


def _populate(
    code: CodeWorld,
    site: _Site,
    lives: Lives,
    work: Sequence[Issue],
    changes: int,
    issues: int,
    chores: int | None,
) -> None:
    rng, now = site.rng, code.now
    planned = work[: changes * 3 // 5]
    for one in planned:
        if one.resolved is not None:
            opened = one.resolved - days(rng.uniform(1.2, 3))
            lives.add(_jira_change(code, site, one, opened, one.resolved))
        else:
            lives.add(_jira_change(code, site, one, now - days(rng.uniform(0.2, 1.5)), None))
    for _ in range(issues):
        at = now - days(rng.uniform(2, AGE_DAYS - 30))
        lives.add(_host_issue(code, site, lives, at))
    if chores is None:
        chores = max(0, changes - len(planned) - issues // 2)
    for i in range(chores):
        # The last two are still open.
        at = now - days(rng.uniform(0.3, 1.5) if i < 2 else rng.uniform(4, AGE_DAYS - 30))
        lives.add(_chore(code, site, at, keeps_open=i < 2))
    if site.has_ci:
        for week in range(8):
            lives.add(_nightly(code, site, now - days(7 * week + 1.1)))
    for i, age in enumerate((120, 60, 12)):
        lives.add(_release(code, site, f"v3.{i}", now - days(age)))


# --- lives ----------------------------------------------------------------------------------------


def _jira_change(
    code: CodeWorld, site: _Site, work: Issue, opened: datetime, done: datetime | None
) -> Life:
    """The work on one item of Jira: merged shortly before the item was resolved, or open."""
    author = work.assignee or code.company.humans()[0]
    words = work.summary.split(" (", 1)[0]
    return _change(
        code,
        site,
        opened,
        done - timedelta(hours=2) if done else None,
        branch=f"{'fix' if work.type == 'Bug' else 'feature'}/{work.key}-{_slug(words)}",
        title=f"{work.key} {words}",
        body=f"{words}.\n\nSee {work.key}.",
        author=author,
        message=f"{work.key}: ",
    )


def _host_issue(code: CodeWorld, site: _Site, lives: Lives, at: datetime) -> Life:
    """An issue of the host's own tracker; most get a change that closes them."""
    rng, repo = site.rng, site.repo
    people = code.company.humans()
    yield at
    author = rng.choice(people)
    values = (
        {"weight": rng.choice((1, 2, 3)), "type": "ISSUE"}
        if repo.host == "gitlab"
        else {"type": rng.choice((None, "Bug", "Feature"))}
    )
    issue = code.create_issue(
        repo,
        f"{rng.choice(('Slow', 'Wrong', 'Missing'))} {rng.choice(('total', 'menu', 'date'))}",
        author=author,
        at=at,
        body="It should not be like that.",
        labels=rng.sample(["bug", "ui", "backend"], rng.randint(0, 2)),
        **values,
    )
    at += timedelta(hours=rng.uniform(2, 20))
    yield at
    code.plan(issue, rng.choice(site.milestones[1:]), at=at, by=author)
    code.assign(issue, [rng.choice(people)], at=at, by=author)
    fate = rng.random()
    at += days(rng.uniform(0.5, 9))
    yield at
    if fate < 0.5:
        lives.add(_fix(code, site, issue, at))
    elif fate < 0.6:
        code.close(issue, at=at, by=author, reason="not_planned")
    elif fate < 0.7:
        code.relabel(issue, [*issue.labels, "later"], at=at, by=author)
        code.plan(issue, site.milestones[2], at=at, by=author)


def _fix(code: CodeWorld, site: _Site, issue: HostIssue, at: datetime) -> Life:
    author = issue.assignees[0]
    title = f"Fix {issue.title.lower()}"
    return _change(
        code,
        site,
        at,
        at + days(site.rng.uniform(0.6, 3)),
        branch=f"{issue.number}-{_slug(issue.title)}",
        title=title,
        body=f"{title}.\n\nCloses #{issue.number}",
        author=author,
        message="",
        closes=issue,
    )


def _chore(code: CodeWorld, site: _Site, at: datetime, *, keeps_open: bool) -> Life:
    """A change that no issue asked for, sometimes by a robot, sometimes given up."""
    rng = site.rng
    what = rng.choice(_CHORES)
    bots = [one.account_id for one in code.company.people.values() if one.bot]
    robot = bool(bots) and what.startswith("Bump")
    ends = None if keeps_open else at + days(rng.uniform(0.3, 2))
    return _change(
        code,
        site,
        at,
        ends,
        branch=f"chore/{_slug(what)}-{rng.randrange(10**6)}",
        title=what,
        body="",
        author=bots[0] if robot else rng.choice(code.company.humans()),
        message="",
        gives_up=not keeps_open and rng.random() < 0.08,
        files=[FileEdit("docs/release.md")] if what.startswith("Describe") else None,
    )


def _change(
    code: CodeWorld,
    site: _Site,
    opened: datetime,
    ends: datetime | None,
    *,
    branch: str,
    title: str,
    body: str,
    author: str,
    message: str,
    closes: HostIssue | None = None,
    gives_up: bool = False,
    files: Sequence[FileEdit] | None = None,
) -> Life:
    """A change from its first push to its end, with CI for every head."""
    rng, repo = site.rng, site.repo
    others = [one for one in code.company.humans() if one != author]
    end = ends or code.now + days(1)
    yield opened
    texts = [(message + text, files or _edits(rng)) for text in _messages(rng, title)]
    change = code.open_change(
        repo,
        title,
        branch,
        texts,
        author=author,
        at=opened,
        body=body,
        closes=[closes.id] if closes else [],
        milestone_id=site.milestones[1].id if rng.random() < 0.3 else None,
    )
    _test(code, site, change, opened + timedelta(minutes=1), good=rng.random() < 0.8)
    at = opened + (end - opened) * 0.3
    yield at
    reviewer = rng.choice(others)
    code.request_review(change, reviewer, at=at)
    pushes = rng.randint(0, 2)
    for n in range(pushes):
        at = opened + (end - opened) * (0.4 + 0.2 * n)
        yield at
        code.push(change, message + "Address review", files or _edits(rng), at=at, by=author)
        _test(code, site, change, at + timedelta(minutes=1), good=rng.random() < 0.9)
    at = opened + (end - opened) * 0.9
    yield at
    if rng.random() < 0.15 or (site.method == "fast-forward" and not gives_up):
        code.rebase(change, at=at, by=author)
        _test(code, site, change, at + timedelta(minutes=1), good=True)
    elif change.commits and site.has_ci:
        _settle_red(code, site, change, at)
    at += timedelta(minutes=20)
    yield at
    if rng.random() < 0.9:
        code.review(change, reviewer, "approved", at=at)
    queued = None
    if site.queues and not gives_up:
        at = end - timedelta(minutes=12)
        yield at
        queued = _queue(code, site, change, at, by=reviewer)
    yield end
    if gives_up:
        code.close(change, at=end, by=author)
        return
    if site.method == "fast-forward" and code.git.tip(repo, change.base_branch) != change.fork_sha:
        code.rebase(change, at=end, by=author)
    if queued is not None and code.git.tip(repo, change.base_branch) != queued.parents[0]:
        # Another one landed in between.
        code.dequeue(change, at=end, by=reviewer)
        queued = None
    code.merge(change, site.method, at=end, by=reviewer, queued=queued)
    if site.has_ci and change.landed_sha is not None:
        begin = end + timedelta(minutes=1)
        code.ci.run(
            repo,
            "push",
            change.landed_sha,
            repo.default_branch,
            begin,
            _jobs(rng, repo, True),
            actor=reviewer,
            until=code.now,
        )


def _nightly(code: CodeWorld, site: _Site, at: datetime) -> Life:
    """A run that nobody asked for, on the default branch as it is."""
    repo = site.repo
    yield at
    tip = code.git.tip(repo, repo.default_branch)
    if tip is not None:
        jobs = [JobPlan("e2e tests", seconds=1500, tests=TestTotals(60))]
        code.ci.run(
            repo, "schedule", tip, repo.default_branch, at, jobs, workflow="Nightly", until=code.now
        )


def _release(code: CodeWorld, site: _Site, tag: str, at: datetime) -> Life:
    """A tag with its release, brought to the customers an hour later."""
    repo = site.repo
    yield at
    tip = code.git.tip(repo, repo.default_branch)
    if tip is None:
        return
    by = code.company.humans()[0]
    code.tag(repo, tag, tip, at=at)
    code.release(repo, tag, f"Release {tag[1:]}", author=by, at=at)
    at += timedelta(hours=1)
    yield at
    code.deploy(repo, tip, "production", at=at, by=by)


# --- tests ----------------------------------------------------------------------------------------


def _test(code: CodeWorld, site: _Site, change: ChangeRequest, at: datetime, *, good: bool) -> None:
    """CI of the head of a change as its host does it."""
    if not site.has_ci or change.state != "open":
        return
    repo, rng = site.repo, site.rng
    jobs = _jobs(rng, repo, good)
    preview = code.preview(change, at=at)
    if preview is None:
        return
    if repo.host == "github":
        code.ci.run(
            repo,
            "change",
            change.head_sha,
            change.head_branch,
            at,
            jobs,
            change=change,
            built_sha=preview.sha,
            actor=change.author,
            until=code.now,
        )
        code.ci.check(repo, change.head_sha, "licence", "licence-bot", at, "success")
        code.ci.set_status(
            repo,
            change.head_sha,
            "coverage/project",
            "success",
            at + timedelta(seconds=30),
            creator=None,
            description=f"{rng.uniform(70, 90):.1f}% (+0.1%)",
        )
    elif site.merge_results:
        code.ci.run(
            repo,
            "merge-result",
            preview.sha,
            change.head_branch,
            at,
            jobs,
            change=change,
            actor=change.author,
            until=code.now,
        )
    else:
        code.ci.run(
            repo,
            "change",
            change.head_sha,
            change.head_branch,
            at,
            jobs,
            change=change,
            actor=change.author,
            until=code.now,
        )


def _queue(code: CodeWorld, site: _Site, change: ChangeRequest, at: datetime, *, by: str) -> Commit:
    """Its place in the merge queue, with the run that decides about it."""
    made = code.queue(change, at=at, by=by)
    code.ci.run(
        site.repo,
        "train",
        made.sha,
        f"{change.base_branch}/pr-{change.number}-{made.parents[0]}",
        at + timedelta(seconds=20),
        [JobPlan("lint", seconds=40), JobPlan("unit tests", tests=TestTotals(_COMMON_TOTAL))],
        change=change,
        actor=by,
        until=code.now,
    )
    return made


def _settle_red(code: CodeWorld, site: _Site, change: ChangeRequest, at: datetime) -> None:
    """Run again what failed on the head: this time it passes."""
    repo = site.repo
    runs = [
        one for one in code.ci.runs_of.get(repo.id, ()) if code.ci.runs[one].change_id == change.id
    ]
    if not runs:
        return
    run = code.ci.runs[runs[-1]]
    if run.conclusion == "failure":
        plan = [JobPlan("unit tests", tests=TestTotals(_COMMON_TOTAL))]
        (code.ci.rerun if repo.host == "github" else code.ci.retry)(
            repo, run, at, plan, until=code.now
        )


def _jobs(rng: random.Random, repo: Repository, good: bool) -> list[JobPlan]:
    total = TestTotals(_COMMON_TOTAL, failed=0 if good else 3, skipped=4)
    return [
        JobPlan("lint", seconds=40, stage="check"),
        JobPlan(
            "unit tests",
            "success" if good else "failure",
            rng.uniform(120, 400),
            "test",
            coverage=round(rng.uniform(70, 90), 1) if repo.host == "gitlab" else None,
            tests=total,
        ),
        JobPlan(
            "integration tests",
            "success",
            rng.uniform(200, 900),
            "test",
            allow_failure=True,
            tests=TestTotals(45),
        ),
    ]


# --- texts ----------------------------------------------------------------------------------------


def _messages(rng: random.Random, title: str) -> list[str]:
    extra = ("Add tests", "Handle the empty case", "Rename for clarity")
    return [title.rpartition(": ")[2], *rng.sample(extra, rng.randint(0, 2))]


def _edits(rng: random.Random) -> list[FileEdit]:
    return [
        FileEdit(
            path,
            rng.choice(("modified", "modified", "added")),
            rng.randint(1, 60),
            rng.randint(0, 20),
        )
        for path in sorted(rng.sample(_FILES, rng.randint(1, 3)))
    ]


def _slug(text: str) -> str:
    words = "".join(c.lower() if c.isascii() and c.isalnum() else " " for c in text).split()
    return "-".join(words[:4]) or "work"
