"""GitLab's REST API, version 4, in front of the simulated company."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

from connectors.simulator import gitlab_history as history
from connectors.simulator.code_things import ChangeRequest, Commit, Group, Repository, Run
from connectors.simulator.gitlab_git import between, log, resolve, trunk
from connectors.simulator.gitlab_paging import by_keyset, by_offset
from connectors.simulator.gitlab_shapes import Json, Shapes, deployment_status
from connectors.simulator.gitlab_view import IssueNow, View
from connectors.simulator.gitlab_words import (
    change_state,
    day,
    precise,
    run_ref,
    run_source,
    run_status,
    user_id,
)
from connectors.simulator.http import Request, Response, json_response

#: First part of a path below a project -> the feature it belongs to.
_FEATURES = {
    "issues": "issues",
    "merge_requests": "changes",
    "pipelines": "ci",
    "jobs": "ci",
    "releases": "releases",
    "deployments": "deployments",
}
_ORDERS = {"created_at": "created", "updated_at": "updated", "id": "id"}


class Refused(Exception):
    """An answer that ends a request at once."""

    def __init__(self, status: int, body: Any, **headers: str) -> None:
        """`body` is JSON; `_` in names of headers stands for `-`."""
        self.response = json_response(body, status, **headers)
        super().__init__(str(body))


def missing(what: str) -> Refused:
    """It is not there, or not for this login."""
    return Refused(404, {"message": f"404 {what}Not Found"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is like, as far as REST tells."""

    prefix: str
    version: str
    premium: bool
    #: whether issues can be paged by key (newer servers).
    keyset_issues: bool
    token_expires: date | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """One request and everything needed to answer it."""

    settings: Settings
    view: View
    shapes: Shapes
    request: Request

    def answer(self) -> Response:
        """The answer to a path below `api/v4`."""
        path = self.request.path.strip("/").removeprefix("api/v4").strip("/")
        try:
            for pattern, show in _ROUTES:
                match = re.fullmatch(pattern, path)
                if match is None:
                    continue
                if self.request.method != "GET":
                    raise Refused(405, {"error": "405 Not Allowed"})
                return show(self, *(unquote(one) for one in match.groups()))
        except Refused as refused:
            return refused.response
        return json_response({"error": "404 Not Found"}, 404)

    # --- asking -------------------------------------------------------------------------------

    def word(self, name: str, allowed: Sequence[str], default: str) -> str:
        """A parameter that has a few values."""
        found = self.request.one(name) or default
        if found not in allowed:
            raise Refused(400, {"error": f"{name} does not have a valid value"})
        return found

    def instant(self, name: str) -> datetime | None:
        """A parameter that is an instant; a plus that was not escaped is a space and no zone."""
        text = self.request.one(name)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise Refused(400, {"error": f"{name} is invalid"}) from None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found

    def yes(self, name: str, default: bool = False) -> bool:
        """A parameter that is true or false."""
        text = self.request.one(name)
        return default if not text else text.lower() in ("true", "1", "yes")

    def listed(self, rows: Sequence[Any], show: Callable[[Any], Any]) -> Response:
        """A page of rows."""
        return by_offset(self.request, self.settings.prefix, rows, show)

    def plain(self, rows: Sequence[Json]) -> Response:
        """A page of rows that are JSON already."""
        return self.listed(rows, lambda one: one)

    def descending(self) -> bool:
        """Whether the newest comes first."""
        return self.word("sort", ("asc", "desc"), "desc") == "desc"

    # --- the server and who asks --------------------------------------------------------------

    def version(self) -> Response:
        """The server's version."""
        return json_response({"version": self.settings.version, "revision": "1a2b3c4d"})

    def metadata(self) -> Response:
        """The server's version and edition."""
        return json_response(
            {
                "version": self.settings.version,
                "revision": "1a2b3c4d",
                "kas": {"enabled": False, "externalUrl": None, "version": None},
                "enterprise": self.settings.premium,
            }
        )

    def me(self) -> Response:
        """Who asks."""
        who = self.view.who
        return json_response(
            {
                **self.shapes.user(who.account_id),
                "email": who.email,
                "is_admin": False,
                "bot": False,
                "two_factor_enabled": True,
            }
        )

    def token(self) -> Response:
        """The token that is used."""
        return json_response(
            {
                "id": 1,
                "name": "driftline",
                "revoked": False,
                "created_at": "2026-01-01T00:00:00.000Z",
                "scopes": list(self.settings.scopes),
                "user_id": user_id(self.view.who.account_id),
                "active": True,
                "expires_at": day(self.settings.token_expires),
            }
        )

    # --- projects and groups --------------------------------------------------------------------

    def projects(self) -> Response:
        """Every project that the login sees."""
        found = self.view.projects()
        if self.request.one("pagination") == "keyset":
            self.word("order_by", ("id",), "id")
            return by_keyset(
                self.request,
                self.settings.prefix,
                found,
                lambda one: (one.id,),
                self.shapes.project,
                descending=self.descending(),
            )
        return self.listed(found, self.shapes.project)

    def project(self, name: str) -> Response:
        """A project."""
        return json_response(self.shapes.project(self.repo(name)))

    def repo(self, name: str, part: str = "") -> Repository:
        """A project that the login may see, with the feature that `part` belongs to.

        A former path answers with a redirection to the id.
        """
        found = self.view.project(name)
        if found is None:
            raise missing("Project ")
        if not name.isdecimal() and name.lower() != found.path.lower():
            rest = self.request.path.partition("/projects/")[2].partition("/")[2]
            to = f"{self.request.origin}/{self.settings.prefix}/api/v4/projects/{found.id}"
            raise Refused(301, {"message": "Moved"}, Location=f"{to}/{rest}".rstrip("/"))
        feature = _FEATURES.get(part)
        if feature is not None and feature not in found.features:
            raise Refused(403, {"message": "403 Forbidden"})
        needed = "contents" if part == "repository" else feature
        if needed in self.view.code.access_of(self.view.who).lacking:
            raise Refused(403, {"message": "403 Forbidden"})
        return found

    def group_named(self, name: str) -> Group:
        """A group."""
        found = self.view.group(name)
        if found is None:
            raise missing("Group ")
        return found

    def group(self, name: str) -> Response:
        """A group."""
        return json_response(self.shapes.group(self.group_named(name)))

    def group_projects(self, name: str) -> Response:
        """The projects of a group."""
        group = self.group_named(name)
        inner = self.yes("include_subgroups")
        found = [
            one
            for one in self.view.projects()
            if one.group_id == group.id or (inner and one.path.startswith(f"{group.path}/"))
        ]
        return self.listed(found, self.shapes.project)

    def members(self, name: str) -> Response:
        """Who takes part in a project."""
        repo = self.repo(name)
        found = [
            {
                **self.shapes.user(one.account_id),
                "access_level": 30,
                "created_at": precise(repo.created),
                "expires_at": None,
                "membership_state": "active",
            }
            for one in self.view.people.values()
        ]
        return self.plain(found)

    # --- plans --------------------------------------------------------------------------------

    def milestones(self, name: str) -> Response:
        """Milestones of a project."""
        return self._milestones(self.repo(name))

    def group_milestones(self, name: str) -> Response:
        """Milestones of a group."""
        return self._milestones(self.group_named(name))

    def _milestones(self, owner: Repository | Group) -> Response:
        wanted = self.word("state", ("active", "closed", ""), "")
        above = self.yes("include_ancestors") or self.yes("include_parent_milestones")
        since = self.instant("updated_after")
        found = [
            one
            for one in self.view.milestones(owner, ancestors=above)
            if (not wanted or (wanted == "active") is one.is_open)
            and (since is None or one.updated >= since)
        ]
        return self.listed(found, self.shapes.milestone)

    def milestone(self, name: str, id_: str) -> Response:
        """One milestone of a project."""
        return self._milestone(self.repo(name), id_)

    def group_milestone(self, name: str, id_: str) -> Response:
        """One milestone of a group."""
        return self._milestone(self.group_named(name), id_)

    def _milestone(self, owner: Repository | Group, id_: str) -> Response:
        for one in self.view.milestones(owner):
            if str(one.id) == id_:
                return json_response(self.shapes.milestone(one))
        raise missing("")

    def iterations(self, name: str) -> Response:
        """Iterations that issues of a project can be in."""
        return self._iterations(self.view.groups_of(self.repo(name))[0])

    def group_iterations(self, name: str) -> Response:
        """Iterations of a group."""
        return self._iterations(self.group_named(name))

    def _iterations(self, group: Group) -> Response:
        self._paid()
        above = self.yes("include_ancestors", True)
        return self.listed(self.view.iterations(group, ancestors=above), self.shapes.iteration)

    def _paid(self) -> None:
        if not self.settings.premium:
            raise missing("")

    # --- issues -------------------------------------------------------------------------------

    def issues(self, name: str) -> Response:
        """Issues of a project."""
        repo = self.repo(name, "issues")
        order = _ORDERS[self.word("order_by", tuple(_ORDERS), "created_at")]
        wanted = self.word("state", ("opened", "closed", "all"), "all")
        since, before = self.instant("updated_after"), self.instant("updated_before")
        born = self.instant("created_after")
        iids = set(self.request.query.get("iids[]", ()))
        found = [
            one
            for one in self.view.issues(repo, order)
            if (wanted in ("all", one.state))
            and (since is None or one.updated >= since)
            and (before is None or one.updated <= before)
            and (born is None or one.created >= born)
            and (not iids or str(one.issue.number) in iids)
        ]
        if self.request.one("pagination") == "keyset" and self.settings.keyset_issues:
            return by_keyset(
                self.request,
                self.settings.prefix,
                found,
                lambda one: (getattr(one, order), one.id),
                self.shapes.issue,
                descending=self.descending(),
            )
        if self.descending():
            found.reverse()
        return self.listed(found, self.shapes.issue)

    def _issue(self, name: str, number: str) -> IssueNow:
        found = self.view.issue(self.repo(name, "issues"), _whole(number))
        if found is None:
            raise missing("")
        return found

    def issue(self, name: str, number: str) -> Response:
        """An issue."""
        return json_response(self.shapes.issue(self._issue(name, number)))

    def issue_events(self, name: str, number: str, kind: str) -> Response:
        """What is kept of an issue's past."""
        issue = self._issue(name, number).issue
        if kind in ("iteration", "weight"):
            self._paid()
        return self.plain(_EVENTS[kind](self.shapes, issue))

    def issue_notes(self, name: str, number: str) -> Response:
        """What was said in an issue."""
        issue = self._issue(name, number).issue
        return self._notes(issue, "Issue")

    def _notes(self, item: Any, kind: str) -> Response:
        rows = history.notes(self.shapes, item)
        if self.descending():
            rows.reverse()
        return self.listed(
            rows,
            lambda row: self.shapes.note(item, row[0], kind, system=row[1] is not None),
        )

    def issue_links(self, name: str, number: str) -> Response:
        """Issues that an issue is linked with; those that the login may not see are left out."""
        issue = self._issue(name, number).issue
        pairs = [(id_, "is_blocked_by") for id_ in issue.blocked_by]
        pairs += [(one.id, "blocks") for one in self.view.blocked_by(issue)]
        found = []
        for id_, kind in pairs:
            other = self.view.issue_of(id_)
            if other is not None:
                low, high = sorted((issue.id, id_))
                found.append(
                    {
                        **self.shapes.issue(other),
                        "issue_link_id": low * 1_000_003 % 900_000_007 + high,
                        # Only a paid tier knows which of two issues waits for the other.
                        "link_type": kind if self.settings.premium else "relates_to",
                        "link_created_at": precise(other.created),
                        "link_updated_at": precise(other.created),
                    }
                )
        return json_response(found)

    def closed_by(self, name: str, number: str) -> Response:
        """Merge requests that close an issue."""
        issue = self._issue(name, number).issue
        return self.listed(self.view.closers(issue), self.shapes.change)

    def related(self, name: str, number: str) -> Response:
        """Merge requests that close or mention an issue."""
        issue = self._issue(name, number).issue
        repo = self.view.code.repositories[issue.repo_id]
        found = [
            one
            for one in self.view.changes(repo)
            if issue.id in one.closes or issue.id in one.mentions
        ]
        return self.listed(found, self.shapes.change)

    # --- merge requests -----------------------------------------------------------------------

    def changes(self, name: str) -> Response:
        """Merge requests of a project."""
        repo = self.repo(name, "merge_requests")
        order = _ORDERS[self.word("order_by", ("created_at", "updated_at"), "created_at")]
        wanted = self.word("state", ("opened", "closed", "locked", "merged", "all"), "all")
        since, before = self.instant("updated_after"), self.instant("updated_before")
        born = self.instant("created_after")
        iids = set(self.request.query.get("iids[]", ()))
        found = [
            one
            for one in self.view.changes(repo, order)
            if (wanted in ("all", change_state(one)))
            and (since is None or one.updated >= since)
            and (before is None or one.updated <= before)
            and (born is None or one.created >= born)
            and (not iids or str(one.number) in iids)
        ]
        if self.descending():
            found.reverse()
        return self.listed(found, self.shapes.change)

    def _change(self, name: str, number: str) -> ChangeRequest:
        repo = self.repo(name, "merge_requests")
        found = self.view.code.change_numbered(repo, _whole(number))
        if found is None:
            raise missing("")
        return found

    def change(self, name: str, number: str) -> Response:
        """A merge request."""
        return json_response(self.shapes.change_detail(self._change(name, number)))

    def change_events(self, name: str, number: str, kind: str) -> Response:
        """What is kept of a merge request's past."""
        return self.plain(_EVENTS[kind](self.shapes, self._change(name, number)))

    def change_notes(self, name: str, number: str) -> Response:
        """What was said in a merge request."""
        return self._notes(self._change(name, number), "MergeRequest")

    def change_commits(self, name: str, number: str) -> Response:
        """Its commits, newest first."""
        change = self._change(name, number)
        repo = self.view.code.repositories[change.repo_id]
        found = [self.view.code.git.at(repo, sha) for sha in reversed(change.commits)]
        return self.listed(found, lambda one: self.shapes.commit(one, parents=False))

    def diffs(self, name: str, number: str) -> Response:
        """Its files."""
        files = self.view.code.files_of(self._change(name, number))
        return self.listed(files, self.shapes.diff)

    def versions(self, name: str, number: str) -> Response:
        """What each push made of it, newest first."""
        change = self._change(name, number)
        count = len(self.view.code.files_of(change))
        rows = self.view.pushes(change)
        return self.listed(rows, lambda one: self.shapes.version(change, count, one))

    def approvals(self, name: str, number: str) -> Response:
        """Who approves it."""
        return json_response(self.shapes.approvals(self._change(name, number)))

    def reviewers(self, name: str, number: str) -> Response:
        """Who was asked to review it, and how far that is."""
        change = self._change(name, number)
        return self.plain([self.shapes.reviewer(change, one) for one in change.reviewers])

    def approval_state(self, name: str, number: str) -> Response:
        """The rules of approving it."""
        self._paid()
        return json_response(self.shapes.approval_state(self._change(name, number)))

    def external_status_checks(self, name: str) -> Response:
        """Checks of services outside that merging waits for: this company has none."""
        self.repo(name)
        self._paid()
        return self.listed((), lambda one: one)

    def closes(self, name: str, number: str) -> Response:
        """Issues that it closes; those of a tracker elsewhere have a key and no number."""
        change = self._change(name, number)
        found = [
            self.shapes.issue(held)
            for id_ in change.closes
            if (held := self.view.issue_of(id_)) is not None
        ]
        found += (
            {"id": key, "title": self.view.world.issues[self.view.world.by_key[key]].summary}
            for key in closing_keys(change)
            if key in self.view.world.by_key
        )
        return self.plain(found)

    def change_pipelines(self, name: str, number: str) -> Response:
        """Its pipelines, newest first."""
        return self.listed(self.view.change_runs(self._change(name, number)), self.shapes.pipeline)

    # --- pipelines and jobs -------------------------------------------------------------------

    def pipelines(self, name: str) -> Response:
        """Pipelines of a project; child pipelines only where their source is asked for."""
        repo = self.repo(name, "pipelines")
        source = self.request.one("source")
        order = self.word("order_by", ("id", "updated_at", "status", "ref"), "id")
        since, before = self.instant("updated_after"), self.instant("updated_before")
        sha, ref, status = (self.request.one(one) for one in ("sha", "ref", "status"))
        rows = self.view.runs(
            repo, "updated" if order == "updated_at" else "id", child=source == "parent_pipeline"
        )
        found = [
            one
            for one in rows
            if (since is None or one.updated > since)
            and (before is None or one.updated < before)
            and source in ("", run_source(one))
            and sha in ("", one.sha)
            and ref in ("", run_ref(one, self.view.code.changes.get(one.change_id or 0)))
            and status in ("", run_status(one))
        ]
        if self.descending():
            found.reverse()
        return self.listed(found, self.shapes.pipeline)

    def _run(self, name: str, id_: str) -> Run:
        found = self.view.run(self.repo(name, "pipelines"), _whole(id_))
        if found is None:
            raise missing("")
        return found

    def pipeline(self, name: str, id_: str) -> Response:
        """A pipeline."""
        return json_response(self.shapes.pipeline_detail(self._run(name, id_)))

    def pipeline_jobs(self, name: str, id_: str) -> Response:
        """Its jobs, newest first; those that were tried again only if asked for."""
        run, every = self._run(name, id_), self.yes("include_retried")
        found = [one for one in reversed(run.jobs) if every or not one.retried]
        return self.listed(found, lambda one: self.shapes.job(one, run))

    def bridges(self, name: str, id_: str) -> Response:
        """Its jobs that started other pipelines."""
        run = self._run(name, id_)
        return self.listed(self.view.children(run), lambda one: self.shapes.bridge(run, one))

    def report_summary(self, name: str, id_: str) -> Response:
        """Totals of its tests."""
        return json_response(self.shapes.report_summary(self._run(name, id_)))

    def report(self, name: str, id_: str) -> Response:
        """Its tests, one by one."""
        return json_response(self.shapes.report(self._run(name, id_)))

    def jobs(self, name: str) -> Response:
        """Every job of a project, newest first; by key only beyond the first pages."""
        repo = self.repo(name, "jobs")
        rows = self.view.jobs(repo)

        def show(pair: Any) -> Json:
            return self.shapes.job(*pair)

        if self.request.one("pagination") != "keyset":
            return self.listed(rows[::-1], show)
        if self.request.one("order_by", "id") != "id" or not self.descending():
            raise Refused(
                405, {"error": "Keyset pagination is not yet available for this type of request"}
            )
        return by_keyset(
            self.request,
            self.settings.prefix,
            rows,
            lambda pair: (pair[0].id,),
            show,
            descending=True,
        )

    def job(self, name: str, id_: str) -> Response:
        """A job."""
        repo = self.repo(name, "jobs")
        found = self.view.code.ci.jobs.get(_whole(id_))
        run = None if found is None else self.view.run(repo, found.run_id)
        if found is None or run is None:
            raise missing("")
        return json_response(self.shapes.job(found, run))

    # --- repository ---------------------------------------------------------------------------

    def _commit(self, repo: Repository, ref: str) -> Commit:
        found = resolve(self.view.code, repo, ref)
        if found is None:
            raise missing("Commit ")
        return found

    def commits(self, name: str) -> Response:
        """Commits of a branch, newest first. It tells no total."""
        repo = self.repo(name, "repository")
        if self.view.is_empty(repo):
            return self.plain([])
        start = self._commit(repo, self.request.one("ref_name") or repo.default_branch)
        since, until = self.instant("since"), self.instant("until")
        walk = trunk if self.yes("first_parent") else log
        found = [
            one
            for one in walk(self.view.code, repo, start)
            if (since is None or one.committed >= since)
            and (until is None or one.committed <= until)
        ]
        answer = self.listed(found, self.shapes.commit)
        kept = {
            key: value
            for key, value in answer.headers.items()
            if key not in ("X-Total", "X-Total-Pages")
        }
        return Response(answer.status, answer.body, kept)

    def commit(self, name: str, sha: str) -> Response:
        """A commit."""
        return json_response(self.shapes.commit(self._commit(self.repo(name, "repository"), sha)))

    def commit_statuses(self, name: str, sha: str) -> Response:
        """Statuses that others put on a commit."""
        repo = self.repo(name, "repository")
        commit = self._commit(repo, sha)
        rows = self.view.code.ci.statuses_at(repo, commit.sha)
        if not self.yes("all"):
            rows = list({one.context: one for one in rows}.values())
        return self.listed(rows, self.shapes.commit_status)

    def commit_changes(self, name: str, sha: str) -> Response:
        """Merge requests that brought or hold a commit."""
        repo = self.repo(name, "merge_requests")
        commit = self._commit(repo, sha)
        found = [
            one
            for one in self.view.changes(repo)
            if commit.sha in one.commits or commit.sha in one.landed
        ]
        return self.listed(found, self.shapes.change)

    def compare(self, name: str) -> Response:
        """How two commits differ."""
        repo = self.repo(name, "repository")
        old, new = (self._commit(repo, self.request.one(one)) for one in ("from", "to"))
        added, files = between(self.view.code, repo, old, new, straight=self.yes("straight"))
        return json_response(
            {
                "commit": self.shapes.commit(added[0]) if added else None,
                "commits": [self.shapes.commit(one) for one in reversed(added)],
                "diffs": [self.shapes.diff(one) for one in files],
                "compare_timeout": False,
                "compare_same_ref": old.sha == new.sha,
                "web_url": None,
            }
        )

    def tags(self, name: str) -> Response:
        """Tags, newest first."""
        repo = self.repo(name, "repository")
        rows = [one for (id_, _), one in self.view.code.tags.items() if id_ == repo.id]
        rows.sort(key=lambda one: (one.at, one.name), reverse=True)
        named = {one.tag: one for one in self.view.releases(repo)}
        return self.listed(rows, lambda one: self.shapes.tag(one, named.get(one.name)))

    def branches(self, name: str) -> Response:
        """Branches."""
        repo = self.repo(name, "repository")
        git = self.view.code.git

        def show(branch: str) -> Json:
            tip = git.get(repo, git.tip(repo, branch))
            return {
                "name": branch,
                "commit": None if tip is None else self.shapes.commit(tip),
                "merged": False,
                "protected": branch in repo.required or branch == repo.default_branch,
                "default": branch == repo.default_branch,
            }

        return self.listed(git.branches(repo), show)

    def releases(self, name: str) -> Response:
        """Releases, newest first unless told otherwise."""
        repo = self.repo(name, "releases")
        rows = self.view.releases(repo)
        if not self.descending():
            rows.reverse()
        tags = self.view.code.tags
        return self.listed(rows, lambda one: self.shapes.release(one, tags.get((repo.id, one.tag))))

    def release(self, name: str, tag: str) -> Response:
        """The release of a tag."""
        repo = self.repo(name, "releases")
        for one in self.view.releases(repo):
            if one.tag == tag:
                held = self.view.code.tags.get((repo.id, tag))
                return json_response(self.shapes.release(one, held))
        raise missing("")

    def deployments(self, name: str) -> Response:
        """Deployments of a project."""
        repo = self.repo(name, "deployments")
        order = _ORDERS[self.word("order_by", tuple(_ORDERS), "id")]
        since = self.instant("updated_after")
        if since is not None and order != "updated":
            raise Refused(
                400, {"message": "`updated_at` filter and `updated_at` sorting must be paired"}
            )
        environment, status = self.request.one("environment"), self.request.one("status")
        found = [
            one
            for one in self.view.code.deployments.values()
            if one.repo_id == repo.id
            and (since is None or one.updated > since)
            and environment in ("", one.environment)
            and status in ("", deployment_status(one))
        ]
        newest = self.word("sort", ("asc", "desc"), "asc") == "desc"
        found.sort(key=lambda one: (getattr(one, order), one.id), reverse=newest)
        return self.listed(found, self.shapes.deployment)


def closing_keys(change: ChangeRequest) -> list[str]:
    """Keys of another tracker that the text says are closed, in order."""
    found = re.findall(
        r"(?i:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)"
        r":?\s+([A-Z][A-Z0-9_]+-\d+)",
        f"{change.title}\n{change.body}",
    )
    return list(dict.fromkeys(found))


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0


_EVENTS: dict[str, Callable[[Shapes, Any], list[Json]]] = {
    "state": history.state_events,
    "label": history.label_events,
    "milestone": history.milestone_events,
    "iteration": history.iteration_events,
    "weight": history.weight_events,
}
Show = Callable[..., Response]
_P, _G = r"projects/([^/]+)", r"groups/([^/]+)"
_I, _M = rf"{_P}/issues/([^/]+)", rf"{_P}/merge_requests/([^/]+)"
_R = rf"{_P}/repository"
_ROUTES: tuple[tuple[str, Show], ...] = (
    ("version", Rest.version),
    ("metadata", Rest.metadata),
    ("user", Rest.me),
    ("personal_access_tokens/self", Rest.token),
    ("projects", Rest.projects),
    (_P, Rest.project),
    (_G, Rest.group),
    (rf"{_G}/projects", Rest.group_projects),
    (rf"{_G}/milestones", Rest.group_milestones),
    (rf"{_G}/milestones/(\d+)", Rest.group_milestone),
    (rf"{_G}/iterations", Rest.group_iterations),
    (rf"{_P}/members(?:/all)?", Rest.members),
    (rf"{_P}/milestones", Rest.milestones),
    (rf"{_P}/milestones/(\d+)", Rest.milestone),
    (rf"{_P}/iterations", Rest.iterations),
    (rf"{_P}/issues", Rest.issues),
    (_I, Rest.issue),
    (rf"{_I}/resource_(state|label|milestone|iteration|weight)_events", Rest.issue_events),
    (rf"{_I}/notes", Rest.issue_notes),
    (rf"{_I}/links", Rest.issue_links),
    (rf"{_I}/closed_by", Rest.closed_by),
    (rf"{_I}/related_merge_requests", Rest.related),
    (rf"{_P}/merge_requests", Rest.changes),
    (_M, Rest.change),
    (rf"{_M}/resource_(state|label|milestone)_events", Rest.change_events),
    (rf"{_M}/notes", Rest.change_notes),
    (rf"{_M}/commits", Rest.change_commits),
    (rf"{_M}/diffs", Rest.diffs),
    (rf"{_M}/versions", Rest.versions),
    (rf"{_M}/approvals", Rest.approvals),
    (rf"{_M}/reviewers", Rest.reviewers),
    (rf"{_M}/approval_state", Rest.approval_state),
    (rf"{_M}/closes_issues", Rest.closes),
    (rf"{_M}/pipelines", Rest.change_pipelines),
    (rf"{_P}/pipelines", Rest.pipelines),
    (rf"{_P}/pipelines/(\d+)", Rest.pipeline),
    (rf"{_P}/pipelines/(\d+)/jobs", Rest.pipeline_jobs),
    (rf"{_P}/pipelines/(\d+)/bridges", Rest.bridges),
    (rf"{_P}/pipelines/(\d+)/test_report_summary", Rest.report_summary),
    (rf"{_P}/pipelines/(\d+)/test_report", Rest.report),
    (rf"{_P}/jobs", Rest.jobs),
    (rf"{_P}/jobs/(\d+)", Rest.job),
    (rf"{_R}/commits", Rest.commits),
    (rf"{_R}/commits/([^/]+)", Rest.commit),
    (rf"{_R}/commits/([^/]+)/statuses", Rest.commit_statuses),
    (rf"{_R}/commits/([^/]+)/merge_requests", Rest.commit_changes),
    (rf"{_R}/compare", Rest.compare),
    (rf"{_R}/tags", Rest.tags),
    (rf"{_R}/branches", Rest.branches),
    (rf"{_P}/external_status_checks", Rest.external_status_checks),
    (rf"{_P}/releases", Rest.releases),
    (rf"{_P}/releases/([^/]+)", Rest.release),
    (rf"{_P}/deployments", Rest.deployments),
)
