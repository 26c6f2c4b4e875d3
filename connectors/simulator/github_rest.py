"""GitHub's REST API: which address answers what, in pages, in the vendor's order."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlencode

from connectors.simulator.code import CodeWorld, Item
from connectors.simulator.code_things import ChangeRequest, HostIssue, Repository, Run
from connectors.simulator.github_checks import EVENTS, checks_at, statuses_now, suites_at
from connectors.simulator.github_ids import instant, parse_instant
from connectors.simulator.github_items import Items
from connectors.simulator.github_runs import Runs
from connectors.simulator.github_shapes import Shapes
from connectors.simulator.http import Request, Response, json_response
from connectors.simulator.world import Credential

#: Rows of a page when nobody says how many, and at most.
PAGE, FULL_PAGE = 30, 100
#: The vendor shows no more of these, however many there are.
MOST_COMMITS, MOST_FILES, MOST_RUNS, MOST_SUITES = 250, 3000, 1000, 1000
DOCS = "https://docs.example.net/rest"


class Problem(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """`message` is the vendor's sentence."""
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})

    def response(self) -> Response:
        """What is sent."""
        body = {
            "message": self.message,
            "documentation_url": DOCS,
            "status": str(self.status),
        }
        found = json_response(body, self.status)
        return Response(found.status, found.body, self.headers)


class Elsewhere(Exception):
    """The thing has moved: the answer names the address, without the query."""

    def __init__(self, url: str) -> None:
        """`url`: where it is now."""
        super().__init__(url)
        self.url = url

    def response(self) -> Response:
        """What is sent."""
        body = {"message": "Moved Permanently", "url": self.url, "documentation_url": DOCS}
        found = json_response(body, 301)
        return Response(301, found.body, {"Location": self.url})


@dataclass(frozen=True, slots=True)
class Scene:
    """One request and who asks."""

    shapes: Shapes
    who: Credential
    request: Request
    #: required checks are told by rulesets; else by the classic protection of branches.
    rulesets: bool = True
    #: an App's installation asks: it is no user.
    by_app: bool = False

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.shapes.code

    @property
    def items(self) -> Items:
        """Shapes of issues and pull requests."""
        return Items(self.shapes)

    @property
    def runs(self) -> Runs:
        """Shapes of runs and checks."""
        return Runs(self.shapes)

    def need(self, permission: str) -> None:
        """Refuse if the token lacks it."""
        if permission in self.code.access_of(self.who).lacking:
            raise Problem(
                403,
                "Resource not accessible by personal access token",
                {"X-Accepted-GitHub-Permissions": f"{_PERMISSIONS[permission]}=read"},
            )

    def sees(self, repo: Repository | None) -> Repository:
        """The repository; a private one that the login does not see is not there."""
        if repo is None or repo.host != "github" or not self.code.visible(self.who, repo):
            raise Problem(404, "Not Found")
        if repo.private and repo.group_id in self.code.access_of(self.who).unauthorised:
            group = self.code.groups[repo.group_id].path
            raise Problem(
                403,
                "Resource protected by organization SAML enforcement. You must grant your"
                " Personal Access token access to this organization.",
                {
                    "X-GitHub-SSO": "required; url=https://github.example.net/orgs/"
                    f"{group}/sso?authorization_request=A1"
                },
            )
        return repo

    def at(self, name: str) -> datetime | None:
        """An instant of the query."""
        text = self.request.one(name)
        if not text:
            return None
        try:
            return parse_instant(text)
        except ValueError:
            raise Problem(422, f"Validation Failed: {name}") from None

    def pages(self, repo: Repository, rest: str, rows: Sequence[Any]) -> "Cut":
        """The page of `rows` that is asked for, and its Link header."""
        size = _whole(self.request.one("per_page"), PAGE, FULL_PAGE)
        number = _whole(self.request.one("page"), 1, 10**6)
        last = max(1, -(-len(rows) // size))
        named = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
        if number <= 1:
            named.pop("first"), named.pop("prev")
        if number >= last:
            named.pop("next"), named.pop("last")
        base = f"{self.shapes.root}/repositories/{repo.id}/{rest}"
        kept = [(key, value) for key, values in self.request.query.items() for value in values]
        links = [
            f"<{base}?{urlencode([*(p for p in kept if p[0] != 'page'), ('page', place)])}>;"
            f' rel="{name}"'
            for name, place in named.items()
        ]
        start = (number - 1) * size
        return Cut(rows[start : start + size], {"Link": ", ".join(links)} if links else {})


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of one page, and the headers that go with it."""

    rows: Sequence[Any]
    headers: Mapping[str, str]

    def send(self, make: Callable[[Any], Any]) -> Response:
        """As a list."""
        found = json_response([make(one) for one in self.rows])
        return Response(200, found.body, self.headers)

    def send_as(self, name: str, total: int, make: Callable[[Any], Any], **more: Any) -> Response:
        """As an object that holds the list under a name, and how many there are."""
        rows = [make(one) for one in self.rows]
        found = json_response({"total_count": total, name: rows, **more})
        return Response(200, found.body, self.headers)


#: What the vendor calls the permissions.
_PERMISSIONS = {
    "issues": "issues",
    "changes": "pull_requests",
    "contents": "contents",
    "checks": "checks",
    "statuses": "statuses",
    "ci": "actions",
    "administration": "administration",
    "deployments": "deployments",
}


def _whole(text: str, default: int, most: int) -> int:
    return min(most, int(text)) if text.isdigit() and int(text) > 0 else default


def answer(scene: Scene, path: str) -> Response:
    """The answer to a GET of `path` below the API's address.

    Raises Problem and Elsewhere.
    """
    if scene.by_app:
        if path == "installation/repositories":
            return _repositories(scene, None, name="repositories")
        if path == "user" or path.startswith("user/"):
            raise Problem(403, "Resource not accessible by integration")
    if path == "user":
        me = scene.shapes.world.people[scene.who.account_id]
        return json_response(scene.shapes.me(me))
    if path in ("user/repos", "repositories"):
        return _repositories(scene, None)
    if found := re.fullmatch(r"orgs/([^/]+)/repos", path):
        return _repositories(scene, found[1])
    if found := re.fullmatch(r"repositories/(\d+)(?:/(.*))?", path):
        repo = scene.sees(scene.code.repositories.get(int(found[1])))
        return _inside(scene, repo, found[2] or "")
    if found := re.fullmatch(r"repos/([^/]+/[^/]+)(?:/(.*))?", path):
        repo = scene.sees(scene.code.repository_at("github", found[1]))
        rest = found[2] or ""
        if repo.path.lower() != found[1].lower():
            raise Elsewhere(f"{scene.shapes.root}/repositories/{repo.id}" + (rest and f"/{rest}"))
        return _inside(scene, repo, rest)
    raise Problem(404, "Not Found")


def _repositories(scene: Scene, owner: str | None, name: str | None = None) -> Response:
    """Those that are seen, of all or of one owner; under a `name` with their count, or bare."""
    access = scene.code.access_of(scene.who)
    visible = [
        one
        for one in scene.code.hosted("github")
        if scene.code.visible(scene.who, one) and owner in (None, one.owner)
    ]
    if owner is not None and not visible:
        raise Problem(404, "Not Found")
    found = [one for one in visible if one.group_id not in access.unauthorised]
    size = _whole(scene.request.one("per_page"), PAGE, FULL_PAGE)
    start = (_whole(scene.request.one("page"), 1, 10**6) - 1) * size
    rows = [scene.shapes.full_repository(one) for one in found[start : start + size]]
    response = json_response({"total_count": len(found), name: rows} if name else rows)
    if len(found) == len(visible):
        return response
    kept_back = ",".join(str(one) for one in sorted(access.unauthorised))
    headers = {"X-GitHub-SSO": f"partial-results; organizations={kept_back}"}
    return Response(200, response.body, headers)


def _inside(scene: Scene, repo: Repository, rest: str) -> Response:
    if not rest:
        return json_response(scene.shapes.full_repository(repo))
    for pattern, permission, run in _ROUTES:
        found = pattern.fullmatch(rest)
        if found is not None:
            if permission:
                scene.need(permission)
            return run(scene, repo, rest, *map(unquote, found.groups()))
    raise Problem(404, "Not Found")


# --- issues ---------------------------------------------------------------------------------------


def _issues(scene: Scene, repo: Repository, rest: str) -> Response:
    if "issues" not in repo.features:
        raise Problem(410, "Issues has been disabled in this repository.")
    one = scene.request.one
    since = scene.at("since")
    labels = {name for name in one("labels").split(",") if name}
    milestone = one("milestone")
    items: list[Item] = [*scene.code.issues_in(repo), *scene.code.changes_in(repo)]
    found = [
        item
        for item in items
        if _in_state(item, one("state", "open"))
        and (since is None or item.updated >= since)
        and labels <= set(item.labels)
        and _in_milestone(scene, item, milestone)
    ]
    return scene.pages(repo, rest, _sorted(found, scene)).send(scene.items.issue)


def _in_state(item: Item, wanted: str) -> bool:
    return wanted == "all" or (item.state == "open") is (wanted == "open")


def _in_milestone(scene: Scene, item: Item, wanted: str) -> bool:
    if not wanted:
        return True
    held = scene.code.milestones.get(item.milestone_id or 0)
    if wanted in ("*", "none"):
        return (held is None) is (wanted == "none")
    return held is not None and str(held.number) == wanted


def _sorted(items: list[Any], scene: Scene) -> list[Any]:
    """In the order that is asked for; newest first otherwise."""
    by = scene.request.one("sort", "created")
    down = scene.request.one("direction", "desc") != "asc"

    def key(one: Any) -> tuple[Any, int]:
        if by == "updated":
            return one.updated, one.number
        if by in ("comments", "popularity"):
            return len(one.comments), one.number
        return one.created, one.number

    return sorted(items, key=key, reverse=down)


def _item(scene: Scene, repo: Repository, number: str, *, part: bool = False) -> Item:
    """The issue or pull request of a number; `part`: something of it is asked for."""
    change = scene.code.change_numbered(repo, int(number))
    if change is not None:
        return change
    issue = scene.code.issue_numbered(repo, int(number))
    if issue is not None and issue.transferred_to is not None and not part:
        moved = scene.code.issues[issue.transferred_to]
        home = scene.sees(scene.code.repositories[moved.repo_id])
        raise Elsewhere(f"{scene.shapes.root}/repositories/{home.id}/issues/{moved.number}")
    if issue is None or issue.transferred_to is not None:
        raise Problem(404, "Not Found")
    if issue.deleted:
        raise Problem(410, "This issue was deleted")
    if "issues" not in repo.features:
        raise Problem(410, "Issues has been disabled in this repository.")
    return issue


def _issue(scene: Scene, repo: Repository, _: str, number: str) -> Response:
    return json_response(scene.items.issue(_item(scene, repo, number)))


def _events(scene: Scene, repo: Repository, rest: str, number: str) -> Response:
    item = _item(scene, repo, number, part=True)
    shaped = [scene.items.event(item, event) for event in item.events]
    return scene.pages(repo, rest, [one for one in shaped if one]).send(lambda one: one)


def _all_events(scene: Scene, repo: Repository, rest: str) -> Response:
    items: list[Item] = [*scene.code.issues_in(repo), *scene.code.changes_in(repo)]
    every = sorted(
        ((event, item) for item in items for event in item.events if scene.items.tells(event)),
        key=lambda one: one[0].id,
        reverse=True,
    )
    return scene.pages(repo, rest, every).send(
        lambda one: scene.items.event(one[1], one[0], issue=True)
    )


def _timeline(scene: Scene, repo: Repository, rest: str, number: str) -> Response:
    item = _item(scene, repo, number, part=True)
    return scene.pages(repo, rest, scene.items.timeline(item)).send(lambda one: one)


def _only_issue(scene: Scene, repo: Repository, number: str) -> HostIssue:
    found = _item(scene, repo, number, part=True)
    if not isinstance(found, HostIssue):
        raise Problem(404, "Not Found")
    return found


def _sub_issues(scene: Scene, repo: Repository, rest: str, number: str) -> Response:
    found = scene.code.children(_only_issue(scene, repo, number))
    return scene.pages(repo, rest, found).send(scene.items.issue)


def _blocked_by(scene: Scene, repo: Repository, rest: str, number: str) -> Response:
    found = [
        scene.code.issues[id_]
        for id_ in _only_issue(scene, repo, number).blocked_by
        if not scene.code.issues[id_].deleted
    ]
    return scene.pages(repo, rest, found).send(scene.items.issue)


def _milestones(scene: Scene, repo: Repository, rest: str) -> Response:
    if "issues" not in repo.features:
        raise Problem(404, "Not Found")
    wanted = scene.request.one("state", "open")
    found = [
        one
        for one in scene.code.milestones_of(repo)
        if wanted == "all" or one.is_open is (wanted == "open")
    ]
    down = scene.request.one("direction", "asc") == "desc"
    # Without a date they come last, whatever the direction.
    dated = sorted((m for m in found if m.due), key=lambda m: (m.due, m.number), reverse=down)
    rows = [*dated, *(m for m in found if not m.due)]
    return scene.pages(repo, rest, rows).send(scene.shapes.milestone)


def _labels(scene: Scene, repo: Repository, rest: str) -> Response:
    names = {
        name
        for item in (*scene.code.issues_in(repo), *scene.code.changes_in(repo))
        for name in item.labels
    }
    rows = sorted(names)
    return scene.pages(repo, rest, rows).send(lambda name: scene.shapes.label(repo, name))


# --- pull requests --------------------------------------------------------------------------------


def _pulls(scene: Scene, repo: Repository, rest: str) -> Response:
    one = scene.request.one
    head, base = one("head"), one("base")
    found = [
        change
        for change in scene.code.changes_in(repo)
        if _in_state(change, one("state", "open"))
        and (not base or change.base_branch == base)
        and (not head or f"{repo.owner}:{change.head_branch}" == head)
    ]
    by = "asc" if one("sort", "created") != "created" and not one("direction") else ""
    rows = _sorted(found, scene)
    return scene.pages(repo, rest, rows[::-1] if by else rows).send(scene.items.pull)


def _change(scene: Scene, repo: Repository, number: str) -> ChangeRequest:
    found = scene.code.change_numbered(repo, int(number))
    if found is None:
        raise Problem(404, "Not Found")
    return found


def _pull(scene: Scene, repo: Repository, _: str, number: str) -> Response:
    return json_response(scene.items.full_pull(_change(scene, repo, number)))


def _reviews(scene: Scene, repo: Repository, rest: str, number: str) -> Response:
    change = _change(scene, repo, number)
    rows = scene.pages(repo, rest, change.reviews)
    return rows.send(lambda review: scene.items.review(change, review))


def _pull_commits(scene: Scene, repo: Repository, rest: str, number: str) -> Response:
    shas = _change(scene, repo, number).commits[:MOST_COMMITS]
    rows = scene.pages(repo, rest, [scene.code.git.at(repo, sha) for sha in shas])
    return rows.send(scene.shapes.commit)


def _pull_files(scene: Scene, repo: Repository, rest: str, number: str) -> Response:
    change = _change(scene, repo, number)
    rows = scene.pages(repo, rest, scene.code.files_of(change)[:MOST_FILES])
    return rows.send(lambda edit: scene.shapes.file(repo, change.head_sha, edit))


# --- commits, checks, statuses --------------------------------------------------------------------


def _resolved(scene: Scene, repo: Repository, ref: str) -> str:
    """The sha of a commit, branch or tag."""
    if scene.code.is_empty(repo):
        raise Problem(409, "Git Repository is empty.")
    if scene.code.git.get(repo, ref) is not None:
        return ref
    name = ref.removeprefix("heads/").removeprefix("tags/")
    tag = scene.code.tags.get((repo.id, name))
    found = scene.code.git.tip(repo, name) or (tag.sha if tag else None)
    if found is None:
        raise Problem(422, f"No commit found for SHA: {ref}")
    return found


def _commits(scene: Scene, repo: Repository, rest: str) -> Response:
    sha = _resolved(scene, repo, scene.request.one("sha") or repo.default_branch)
    since, until = scene.at("since"), scene.at("until")
    rows = [
        one
        for one in scene.code.git.reached(repo, sha)
        if (since is None or one.committed >= since) and (until is None or one.committed <= until)
    ]
    return scene.pages(repo, rest, rows).send(scene.shapes.commit)


def _commit(scene: Scene, repo: Repository, _: str, ref: str) -> Response:
    sha = _resolved(scene, repo, ref)
    return json_response(scene.shapes.commit(scene.code.git.at(repo, sha), files=True))


def _check_runs(scene: Scene, repo: Repository, rest: str, ref: str) -> Response:
    one = scene.request.one
    every = one("filter", "latest") == "all"
    sha = _resolved(scene, repo, ref)
    latest = {suite.id for suite in suites_at(scene.code, repo, sha)[-MOST_SUITES:]}
    found = [
        check
        for check in checks_at(scene.code, repo, sha, every=every)
        if check.suite_id in latest
        and one("check_name", check.name) == check.name
        and one("status", check.status) == check.status
    ]
    rows = scene.pages(repo, rest, found)
    return rows.send_as("check_runs", len(found), scene.runs.check)


def _check_suites(scene: Scene, repo: Repository, rest: str, ref: str) -> Response:
    found = suites_at(scene.code, repo, _resolved(scene, repo, ref))
    rows = scene.pages(repo, rest, found)
    return rows.send_as("check_suites", len(found), scene.runs.suite)


def _statuses(scene: Scene, repo: Repository, rest: str, ref: str) -> Response:
    found = scene.code.ci.statuses_at(repo, _resolved(scene, repo, ref))
    return scene.pages(repo, rest, found[::-1]).send(scene.runs.status)


def _status(scene: Scene, repo: Repository, rest: str, ref: str) -> Response:
    sha = _resolved(scene, repo, ref)
    found = statuses_now(scene.code, repo, sha)
    states = {one.state for one in found}
    state = "failure" if states & {"failure", "error"} else "success"
    if not found or "pending" in states:
        state = "pending" if state == "success" else state
    url = f"{scene.shapes.api(repo)}/commits/{sha}"
    rows = scene.pages(repo, rest, found)
    return rows.send_as(
        "statuses",
        len(found),
        lambda one: {**scene.runs.status(one), "required": None},
        state=state,
        sha=sha,
        repository=scene.shapes.repository(repo),
        commit_url=url,
        url=f"{url}/status",
    )


# --- runs -----------------------------------------------------------------------------------------

#: Parameters that make the listing of runs end after a thousand.
_FILTERS = ("actor", "branch", "event", "status", "created", "check_suite_id", "head_sha")


def _runs(scene: Scene, repo: Repository, rest: str) -> Response:
    held = scene.code.ci.runs_in(repo)[::-1] if "ci" in repo.features else []
    found = [run for run in held if _wanted(scene, run)]
    total = len(found)
    if any(scene.request.one(name) for name in _FILTERS):
        found = found[:MOST_RUNS]
    pulls = scene.request.one("exclude_pull_requests") != "true"
    rows = scene.pages(repo, rest, found)
    return rows.send_as("workflow_runs", total, lambda run: scene.runs.run(run, pulls=pulls))


def _wanted(scene: Scene, run: Run) -> bool:
    one = scene.request.one
    told = {
        "branch": run.ref,
        "event": EVENTS[run.kind],
        "head_sha": run.sha,
        "check_suite_id": str(run.suite_id),
    }
    if any(one(name) and one(name) != value for name, value in told.items()):
        return False
    state = {"running": "in_progress"}.get(run.status, run.status)
    if one("status") and one("status") not in (state, run.conclusion):
        return False
    return not one("created") or _within(one("created"), run.created)


def _within(text: str, at: datetime) -> bool:
    """Whether an instant is in a range as searches write it: `a..b`, `>=a`, `<a`, a day."""
    at = at.replace(microsecond=0)
    for sign in (">=", "<=", ">", "<"):
        if text.startswith(sign):
            edge = _edge(text.removeprefix(sign))
            return {">=": at >= edge, "<=": at <= edge, ">": at > edge, "<": at < edge}[sign]
    low, dots, high = text.partition("..")
    if not dots:
        return (instant(at) or "").startswith(text)
    after = low == "*" or at >= _edge(low)
    return after and (high == "*" or at <= _edge(high))


def _edge(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise Problem(422, "Validation Failed: created") from None


def _one_run(scene: Scene, repo: Repository, id_: str) -> Run:
    found = scene.code.ci.runs.get(int(id_))
    if found is None or found.deleted or found.repo_id != repo.id:
        raise Problem(404, "Not Found")
    return found


def _run(scene: Scene, repo: Repository, _: str, id_: str) -> Response:
    return json_response(scene.runs.run(_one_run(scene, repo, id_)))


def _attempt(scene: Scene, repo: Repository, _: str, id_: str, number: str) -> Response:
    run = _one_run(scene, repo, id_)
    if not 1 <= int(number) <= len(run.attempts):
        raise Problem(404, "Not Found")
    return json_response(scene.runs.run(run, run.attempts[int(number) - 1]))


def _jobs(scene: Scene, repo: Repository, rest: str, id_: str) -> Response:
    run = _one_run(scene, repo, id_)
    every = scene.request.one("filter", "latest") == "all"
    found = [job for attempt in run.attempts for job in attempt.jobs] if every else run.jobs
    rows = scene.pages(repo, rest, found)
    return rows.send_as("jobs", len(found), lambda job: scene.runs.job(run, job))


def _attempt_jobs(scene: Scene, repo: Repository, rest: str, id_: str, number: str) -> Response:
    run = _one_run(scene, repo, id_)
    if not 1 <= int(number) <= len(run.attempts):
        raise Problem(404, "Not Found")
    found = run.attempts[int(number) - 1].jobs
    rows = scene.pages(repo, rest, found)
    return rows.send_as("jobs", len(found), lambda job: scene.runs.job(run, job))


def _workflows(scene: Scene, repo: Repository, rest: str) -> Response:
    found = {run.workflow_id: run for run in scene.code.ci.runs_in(repo)}
    rows = scene.pages(repo, rest, list(found.values()))
    return rows.send_as("workflows", len(found), scene.runs.workflow)


# --- releases, deployments, rules -----------------------------------------------------------------


def _releases(scene: Scene, repo: Repository, rest: str) -> Response:
    # Drafts are seen by those who may write.
    found = [
        one for one in scene.code.releases.values() if one.repo_id == repo.id and not one.draft
    ]
    return scene.pages(repo, rest, found[::-1]).send(scene.shapes.release)


def _tags(scene: Scene, repo: Repository, rest: str) -> Response:
    found = [tag for tag in scene.code.tags.values() if tag.repo_id == repo.id]
    rows = sorted(found, key=lambda tag: tag.name, reverse=True)
    return scene.pages(repo, rest, rows).send(scene.shapes.tag)


def _deployments(scene: Scene, repo: Repository, rest: str) -> Response:
    one = scene.request.one
    found = [
        made
        for made in scene.code.deployments.values()
        if made.repo_id == repo.id
        and one("environment", made.environment) == made.environment
        and one("sha", made.sha) == made.sha
    ]
    return scene.pages(repo, rest, found[::-1]).send(scene.shapes.deployment)


def _deployment_states(scene: Scene, repo: Repository, rest: str, id_: str) -> Response:
    found = scene.code.deployments.get(int(id_))
    if found is None or found.repo_id != repo.id:
        raise Problem(404, "Not Found")
    return scene.pages(repo, rest, scene.shapes.deployment_states(found)).send(lambda one: one)


def _rules(scene: Scene, repo: Repository, rest: str, branch: str) -> Response:
    found = scene.shapes.rules(repo, branch) if scene.rulesets else []
    return scene.pages(repo, rest, found).send(lambda one: one)


def _protection(scene: Scene, repo: Repository, _: str, branch: str) -> Response:
    if scene.rulesets or not repo.required.get(branch):
        raise Problem(404, "Branch not protected")
    return json_response(scene.shapes.protection(repo, branch))


def _branch(scene: Scene, repo: Repository, _: str, name: str) -> Response:
    sha = scene.code.git.tip(repo, name)
    if sha is None:
        raise Problem(404, "Branch not found")
    return json_response(scene.shapes.branch(repo, name, sha, classic=not scene.rulesets))


def _branches(scene: Scene, repo: Repository, rest: str) -> Response:
    names = scene.code.git.branches(repo)
    return scene.pages(repo, rest, names).send(
        lambda name: scene.shapes.branch_name(repo, name, classic=not scene.rulesets)
    )


_Run = Callable[..., Response]


def _route(pattern: str, permission: str | None, run: _Run) -> tuple[re.Pattern[str], Any, _Run]:
    return re.compile(pattern), permission, run


_REF = r"commits/(.+?)"
_ROUTES = (
    _route("issues", "issues", _issues),
    _route("issues/events", "issues", _all_events),
    _route(r"issues/(\d+)", "issues", _issue),
    _route(r"issues/(\d+)/events", "issues", _events),
    _route(r"issues/(\d+)/timeline", "issues", _timeline),
    _route(r"issues/(\d+)/sub_issues", "issues", _sub_issues),
    _route(r"issues/(\d+)/dependencies/blocked_by", "issues", _blocked_by),
    _route("milestones", "issues", _milestones),
    _route("labels", "issues", _labels),
    _route("pulls", "changes", _pulls),
    _route(r"pulls/(\d+)", "changes", _pull),
    _route(r"pulls/(\d+)/reviews", "changes", _reviews),
    _route(r"pulls/(\d+)/commits", "changes", _pull_commits),
    _route(r"pulls/(\d+)/files", "changes", _pull_files),
    _route("commits", "contents", _commits),
    _route(f"{_REF}/check-runs", "checks", _check_runs),
    _route(f"{_REF}/check-suites", "checks", _check_suites),
    _route(f"{_REF}/statuses", "statuses", _statuses),
    _route(f"{_REF}/status", "statuses", _status),
    _route(r"commits/(.+)", "contents", _commit),
    _route("actions/runs", "ci", _runs),
    _route(r"actions/runs/(\d+)", "ci", _run),
    _route(r"actions/runs/(\d+)/jobs", "ci", _jobs),
    _route(r"actions/runs/(\d+)/attempts/(\d+)", "ci", _attempt),
    _route(r"actions/runs/(\d+)/attempts/(\d+)/jobs", "ci", _attempt_jobs),
    _route("actions/workflows", "ci", _workflows),
    _route("releases", "contents", _releases),
    _route("tags", "contents", _tags),
    _route("deployments", "deployments", _deployments),
    _route(r"deployments/(\d+)/statuses", "deployments", _deployment_states),
    _route(r"rules/branches/(.+)", None, _rules),
    _route(r"branches/(.+)/protection", "administration", _protection),
    _route("branches", "contents", _branches),
    _route(r"branches/(.+)", "contents", _branch),
)
