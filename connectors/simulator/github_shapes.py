"""The simulated company's code hosting as JSON of GitHub's REST API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.simulator.code import CodeWorld, Item
from connectors.simulator.code_things import (
    Attempt,
    ChangeRequest,
    Comment,
    Commit,
    CommitStatus,
    Deployment,
    FileEdit,
    HostEvent,
    HostIssue,
    HostMilestone,
    Job,
    Release,
    Repository,
    ReviewDef,
    Run,
    Tag,
)
from connectors.simulator.github_checks import (
    ACTIONS,
    EVENTS,
    Check,
    Suite,
    checks_at,
    of_job,
)
from connectors.simulator.github_ids import due_on, instant, node_id
from connectors.simulator.github_nodes import SITE, check_url
from connectors.simulator.world import Person, World

Json = dict[str, Any]
_SHA = "{/sha}"
#: Addresses that a repository names: field -> rest of the path.
_REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": f"/git/blobs{_SHA}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": f"/commits{_SHA}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": f"/git/commits{_SHA}",
    "git_refs_url": f"/git/refs{_SHA}",
    "git_tags_url": f"/git/tags{_SHA}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": f"/git/trees{_SHA}",
}
_USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
#: Names of events, by the kind of the company's.
EVENT_NAMES = {
    "closed": "closed",
    "reopened": "reopened",
    "milestoned": "milestoned",
    "demilestoned": "demilestoned",
    "labeled": "labeled",
    "unlabeled": "unlabeled",
    "assigned": "assigned",
    "unassigned": "unassigned",
    "renamed": "renamed",
    "connected": "connected",
    "disconnected": "disconnected",
    "transferred": "transferred",
    "converted": "converted_to_discussion",
    "parented": "parent_issue_added",
    "unparented": "parent_issue_removed",
    "blocked": "blocked_by_added",
    "force_pushed": "head_ref_force_pushed",
    "readied": "ready_for_review",
    "drafted": "convert_to_draft",
    "review_requested": "review_requested",
    "merged": "merged",
    "retargeted": "base_ref_changed",
    "queued": "added_to_merge_queue",
    "dequeued": "removed_from_merge_queue",
}
_RUN_STATUS = {"running": "in_progress"}
#: Names of deployment states that REST has others for.
DEPLOYMENT_STATES = {"running": "in_progress", "cancelled": "error"}


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes JSON of things; `root` is the address of the API."""

    world: World
    root: str
    #: what was made for this answer already, by name and id.
    _made: dict[tuple[str, int], Json] = field(default_factory=dict)

    def _once(self, name: str, id_: int, make: Callable[[], Json]) -> Json:
        found = self._made.get((name, id_))
        if found is None:
            found = self._made[name, id_] = make()
        return found

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.world.code

    def api(self, repo: Repository) -> str:
        """Address of a repository."""
        return f"{self.root}/repos/{repo.path}"

    def page_of(self, repo: Repository) -> str:
        """Where people look at it."""
        return f"{SITE}/{repo.path}"

    # --- people -----------------------------------------------------------------------------

    def person(self, account_id: str | None) -> Json | None:
        """An account; None for one that is gone."""
        found = self.world.people.get(account_id) if account_id else None
        return self.account(found) if found is not None else None

    def account(self, one: Person) -> Json:
        """An account that is there."""
        number = self.code.user_id(one.account_id)
        return self._once("account", number, lambda: self._person(one, number))

    def _person(self, one: Person, number: int) -> Json:
        login = f"{one.login}[bot]" if one.bot else one.login
        kind = "Bot" if one.bot else "User"
        page = f"{SITE}/apps/{one.login}" if one.bot else f"{SITE}/{one.login}"
        return self._account(login, number, kind, page)

    def owner(self, repo: Repository) -> Json:
        """The organisation of a repository."""
        group = self.code.groups[repo.group_id]
        return self._account(group.path, group.id, "Organization", f"{SITE}/{group.path}")

    def _account(self, login: str, number: int, kind: str, page: str) -> Json:
        url = f"{self.root}/users/{login}"
        return {
            "login": login,
            "id": number,
            "node_id": node_id("O" if kind == "Organization" else "U", number),
            "avatar_url": f"{SITE}/avatars/u/{number}",
            "gravatar_id": "",
            "url": url,
            "html_url": page,
            **{name: url + rest for name, rest in _USER_URLS.items()},
            "type": kind,
            "user_view_type": "public",
            "site_admin": False,
        }

    def me(self, one: Person) -> Json:
        """The account that asks."""
        made = instant(self.code.now)
        return {
            **self.account(one),
            "name": one.name,
            **dict.fromkeys(("company", "blog", "location", "email", "hireable", "bio")),
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": made,
            "updated_at": made,
        }

    # --- repositories -----------------------------------------------------------------------

    def repository(self, repo: Repository) -> Json:
        """As other things name it."""
        url = self.api(repo)
        return {
            "id": repo.id,
            "node_id": node_id("R", repo.id),
            "name": repo.name,
            "full_name": repo.path,
            "private": repo.private,
            "owner": self.owner(repo),
            "html_url": self.page_of(repo),
            "description": repo.description,
            "fork": repo.fork_of is not None,
            "url": url,
            **{name: url + rest for name, rest in _REPOSITORY_URLS.items()},
        }

    def full_repository(self, repo: Repository) -> Json:
        """As it is told when asked for itself."""
        return self._once("repository", repo.id, lambda: self._full_repository(repo))

    def _full_repository(self, repo: Repository) -> Json:
        page = self.page_of(repo)
        open_ones = sum(
            one.state == "open" for one in (*self.code.issues_in(repo), *self.code.changes_in(repo))
        )
        counts = dict.fromkeys(
            "forks forks_count stargazers_count watchers watchers_count network_count"
            " subscribers_count size".split(),
            0,
        )
        return {
            **self.repository(repo),
            "clone_url": f"{page}.git",
            "git_url": f"git://github.example.net/{repo.path}.git",
            "ssh_url": f"git@github.example.net:{repo.path}.git",
            "svn_url": page,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "default_branch": repo.default_branch,
            "created_at": instant(repo.created),
            "updated_at": instant(repo.updated),
            "pushed_at": instant(repo.updated),
            "has_issues": "issues" in repo.features,
            "has_projects": True,
            "has_wiki": False,
            "has_pages": False,
            "has_downloads": True,
            "has_discussions": False,
            "archived": repo.archived,
            "disabled": False,
            "visibility": "private" if repo.private else "public",
            "open_issues": open_ones,
            "open_issues_count": open_ones,
            "allow_merge_commit": "merge" in repo.methods,
            "allow_squash_merge": "squash" in repo.methods,
            "allow_rebase_merge": "rebase" in repo.methods,
            "permissions": {
                "admin": False,
                "maintain": False,
                "push": False,
                "triage": False,
                "pull": True,
            },
            **counts,
        }

    def milestone(self, one: HostMilestone) -> Json:
        """A milestone."""
        return self._once("milestone", one.id, lambda: self._milestone(one))

    def _milestone(self, one: HostMilestone) -> Json:
        repo = self.code.repositories[one.repo_id or 0]
        url = f"{self.api(repo)}/milestones/{one.number}"
        items = [
            item
            for item in (*self.code.issues_in(repo), *self.code.changes_in(repo))
            if item.milestone_id == one.id
        ]
        still = sum(item.state == "open" for item in items)
        return {
            "url": url,
            "html_url": f"{self.page_of(repo)}/milestone/{one.number}",
            "labels_url": f"{url}/labels",
            "id": one.id,
            "node_id": node_id("MI", one.id),
            "number": one.number,
            "title": one.title,
            "description": one.description or None,
            "creator": self.person(one.creator),
            "open_issues": still,
            "closed_issues": len(items) - still,
            "state": "open" if one.is_open else "closed",
            "created_at": instant(one.created),
            "updated_at": instant(one.updated),
            "due_on": due_on(one.due),
            "closed_at": instant(one.closed),
        }

    def label(self, repo: Repository, name: str) -> Json:
        """A label."""
        number = self.code.label_id(repo, name)
        return {
            "id": number,
            "node_id": node_id("LA", number),
            "url": f"{self.api(repo)}/labels/{name}",
            "name": name,
            "color": "ededed",
            "default": False,
            "description": None,
        }

    # --- issues and pull requests -----------------------------------------------------------

    def issue(self, one: Item) -> Json:
        """An issue, or a pull request as the issue that it is, too."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/issues/{one.number}"
        pull = isinstance(one, ChangeRequest)
        noun = "pull" if pull else "issues"
        number = one.issue_id if isinstance(one, ChangeRequest) else one.id
        page = f"{self.page_of(repo)}/{noun}/{one.number}"
        found = {
            "url": url,
            "repository_url": self.api(repo),
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "timeline_url": f"{url}/timeline",
            "html_url": page,
            "id": number,
            "node_id": node_id("PR", one.id) if pull else node_id("I", one.id),
            **self._item(one, repo),
            "locked": one.locked,
            "active_lock_reason": None,
            "comments": len(one.comments),
            "author_association": "MEMBER",
            "performed_via_github_app": None,
            "closed_by": self.person(one.closed_by),
        }
        if isinstance(one, ChangeRequest):
            pulled = f"{self.api(repo)}/pulls/{one.number}"
            return found | {
                "state_reason": None,
                "draft": one.draft,
                "pull_request": {
                    "url": pulled,
                    "html_url": page,
                    "diff_url": f"{page}.diff",
                    "patch_url": f"{page}.patch",
                    "merged_at": instant(one.merged_at),
                },
            }
        children = self.code.children(one)
        done = sum(child.state == "closed" for child in children)
        return found | {
            "state_reason": one.reason,
            "type": self.issue_type(one.type),
            "parent_issue_url": self._parent_url(one),
            "sub_issues_summary": {
                "total": len(children),
                "completed": done,
                "percent_completed": 100 * done // len(children) if children else 0,
            },
            "issue_dependencies_summary": {
                "blocked_by": len(one.blocked_by),
                "blocking": 0,
                "total_blocked_by": len(one.blocked_by),
                "total_blocking": 0,
            },
        }

    def _item(self, one: Item, repo: Repository) -> Json:
        people = [found for name in one.assignees if (found := self.person(name)) is not None]
        milestone = self.code.milestones.get(one.milestone_id or 0)
        return {
            "number": one.number,
            "title": one.title,
            "user": self.person(one.author),
            "labels": [self.label(repo, name) for name in one.labels],
            "state": "open" if one.state == "open" else "closed",
            "assignee": people[0] if people else None,
            "assignees": people,
            "milestone": self.milestone(milestone) if milestone else None,
            "created_at": instant(one.created),
            "updated_at": instant(one.updated),
            "closed_at": instant(one.closed),
            "body": one.body or None,
        }

    def issue_type(self, name: str | None) -> Json | None:
        """A type of issues."""
        if name is None:
            return None
        number = sum(name.encode())
        return {
            "id": number,
            "node_id": node_id("IT", number),
            "name": name,
            "description": None,
            "color": "gray",
        }

    def _parent_url(self, one: HostIssue) -> str | None:
        parent = self.code.issues.get(one.parent_id or 0)
        if parent is None:
            return None
        repo = self.code.repositories[parent.repo_id]
        return f"{self.api(repo)}/issues/{parent.number}"

    def pull(self, one: ChangeRequest) -> Json:
        """A pull request as listings tell it."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/pulls/{one.number}"
        issue = f"{self.api(repo)}/issues/{one.number}"
        page = f"{self.page_of(repo)}/pull/{one.number}"
        statuses = f"{self.api(repo)}/statuses/{one.head_sha}"
        links = {
            "self": url,
            "html": page,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{url}/comments",
            "review_comment": f"{self.api(repo)}/pulls/comments{{/number}}",
            "commits": f"{url}/commits",
            "statuses": statuses,
        }
        preview = self.code.preview(one) if one.state == "open" else None
        return {
            "url": url,
            "id": one.id,
            "node_id": node_id("PR", one.id),
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "issue_url": issue,
            **self._item(one, repo),
            "locked": one.locked,
            "active_lock_reason": None,
            "merged_at": instant(one.merged_at),
            # Of an open one: the commit that the vendor made to try the merge.
            "merge_commit_sha": one.merge_sha or (preview.sha if preview else None),
            "requested_reviewers": [
                found for name in one.reviewers if (found := self.person(name)) is not None
            ],
            "requested_teams": [],
            "draft": one.draft,
            "commits_url": links["commits"],
            "review_comments_url": links["review_comments"],
            "review_comment_url": links["review_comment"],
            "comments_url": links["comments"],
            "statuses_url": statuses,
            "head": self._end(one, one.head_repo_id, one.head_branch, one.head_sha),
            "base": self._end(one, one.repo_id, one.base_branch, one.base_sha),
            "_links": {name: {"href": link} for name, link in links.items()},
            "author_association": "MEMBER",
            "auto_merge": None,
        }

    def _end(self, one: ChangeRequest, repo_id: int | None, ref: str, sha: str) -> Json:
        repo = self.code.repositories.get(repo_id or 0)
        home = repo or self.code.repositories[one.repo_id]
        return {
            "label": f"{home.owner}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": self.owner(home),
            "repo": self.full_repository(repo) if repo else None,
        }

    def full_pull(self, one: ChangeRequest) -> Json:
        """A pull request as it is told when asked for itself."""
        files = self.code.files_of(one)
        state = "dirty" if one.conflict else "draft" if one.draft else "clean"
        return {
            **self.pull(one),
            "merged": one.state == "merged",
            "mergeable": None if one.state != "open" else not one.conflict,
            "rebaseable": None if one.state != "open" else not one.conflict,
            "mergeable_state": "unknown" if one.state != "open" else state,
            "merged_by": self.person(one.merged_by),
            "comments": len(one.comments),
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": len(one.commits),
            "additions": sum(edit.additions for edit in files),
            "deletions": sum(edit.deletions for edit in files),
            "changed_files": len(files),
        }

    def pull_reference(self, one: ChangeRequest) -> Json:
        """A pull request as runs name it."""
        repo = self.code.repositories[one.repo_id]
        url = self.api(repo)
        inner = {"id": repo.id, "url": url, "name": repo.name}
        return {
            "id": one.id,
            "number": one.number,
            "url": f"{url}/pulls/{one.number}",
            "head": {"ref": one.head_branch, "sha": one.head_sha, "repo": inner},
            "base": {"ref": one.base_branch, "sha": one.base_sha, "repo": inner},
        }

    def review(self, one: ChangeRequest, review: ReviewDef) -> Json:
        """A review."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/pulls/{one.number}"
        page = f"{self.page_of(repo)}/pull/{one.number}#pullrequestreview-{review.id}"
        found: Json = {
            "id": review.id,
            "node_id": node_id("PRR", review.id),
            "user": self.person(review.author),
            "body": review.body,
            "state": review.verdict.upper(),
            "html_url": page,
            "pull_request_url": url,
            "_links": {"html": {"href": page}, "pull_request": {"href": url}},
            "author_association": "MEMBER",
            "commit_id": review.sha,
        }
        if review.verdict != "pending":
            found["submitted_at"] = instant(review.at)
        return found

    def tells(self, event: HostEvent) -> bool:
        """Whether this API has an event for it."""
        return event.kind == "typed" or event.kind in EVENT_NAMES

    def event(self, item: Item, event: HostEvent, *, issue: bool = False) -> Json | None:
        """An event of an issue or pull request; None: this API tells nothing of it."""
        detail = event.detail
        if not self.tells(event):
            return None
        name = self._type_event(detail) if event.kind == "typed" else EVENT_NAMES[event.kind]
        repo = self.code.repositories[item.repo_id]
        sha = {"merged": "sha", "force_pushed": "after"}.get(event.kind, "commit")
        commit = detail.get(sha)
        found: Json = {
            "id": event.id,
            "node_id": node_id("EV", event.id),
            "url": f"{self.api(repo)}/issues/events/{event.id}",
            "actor": self.person(event.actor),
            "event": name,
            "commit_id": commit,
            "commit_url": f"{self.api(repo)}/commits/{commit}" if commit else None,
            "created_at": instant(event.at),
            "performed_via_github_app": None,
            **self._event_part(item, event),
        }
        if issue:
            found["issue"] = self.issue(item)
        return found

    def _type_event(self, detail: Mapping[str, Any]) -> str:
        if detail["old"] is None:
            return "issue_type_added"
        return "issue_type_removed" if detail["new"] is None else "issue_type_changed"

    def _event_part(self, item: Item, event: HostEvent) -> Json:
        detail = event.detail
        match event.kind:
            case "labeled" | "unlabeled":
                return {"label": {"name": detail["name"], "color": "ededed"}}
            case "milestoned" | "demilestoned":
                return {"milestone": {"title": detail["title"]}}
            case "assigned" | "unassigned":
                return {
                    "assignee": self.person(detail["account"]),
                    "assigner": self.person(event.actor),
                }
            case "renamed":
                return {"rename": {"from": detail["old"], "to": detail["new"]}}
            case "review_requested":
                return {
                    "review_requester": self.person(event.actor),
                    "requested_reviewer": self.person(detail["account"]),
                }
            case "closed" | "reopened" if isinstance(item, HostIssue):
                return {"state_reason": detail.get("reason")}
            case "typed":
                told = detail["new"] or detail["old"]
                part: Json = {"issue_type": self.issue_type(told)}
                if detail["new"] and detail["old"]:
                    part["prev_issue_type"] = self.issue_type(detail["old"])
                return part
            case "parented" | "unparented":
                return {"parent_issue": self._issue_reference(detail["issue"])}
            case "blocked":
                return {"blocked_by": self._issue_reference(detail["issue"])}
        return {}

    def _issue_reference(self, id_: int) -> Json | None:
        """An issue as events name it: without its id."""
        one = self.code.issues.get(id_)
        if one is None or one.deleted:
            return None
        repo = self.code.repositories[one.repo_id]
        type_ = self.issue_type(one.type)
        kept = ("id", "node_id", "name", "color")
        return {
            "number": one.number,
            "title": one.title,
            "state": one.state,
            "state_reason": one.reason,
            "repository": self.repository(repo),
            "issue_type": type_ and {name: type_[name] for name in kept},
        }

    def timeline(self, item: Item) -> list[Json]:
        """Everything that is told of an issue or pull request, oldest first."""
        repo = self.code.repositories[item.repo_id]
        found: list[tuple[datetime, Json]] = []
        for event in item.events:
            made = self.event(item, event)
            if made is not None:
                found.append((event.at, made))
            elif event.kind == "referenced":
                found.append((event.at, self._reference(event)))
        found += [(one.at, self._commented(item, one)) for one in item.comments]
        if isinstance(item, ChangeRequest):
            for sha in item.commits[:250]:
                commit = self.code.git.at(repo, sha)
                found.append((commit.committed, self._committed(commit)))
            for review in item.reviews:
                made = {**self.review(item, review), "event": "reviewed"}
                found.append((review.at, made))
        return [made for _, made in sorted(found, key=lambda one: one[0])]

    def _reference(self, event: HostEvent) -> Json:
        change = self.code.changes[event.detail["change"]]
        at = instant(event.at)
        return {
            "actor": self.person(event.actor),
            "created_at": at,
            "updated_at": at,
            "source": {"type": "issue", "issue": self.issue(change)},
            "event": "cross-referenced",
        }

    def _commented(self, item: Item, one: Comment) -> Json:
        repo = self.code.repositories[item.repo_id]
        url = f"{self.api(repo)}/issues/comments/{one.id}"
        at = instant(one.at)
        page = f"{self.page_of(repo)}/issues/{item.number}#issuecomment-{one.id}"
        return {
            "event": "commented",
            "actor": self.person(one.author),
            "id": one.id,
            "node_id": node_id("IC", one.id),
            "url": url,
            "html_url": page,
            "user": self.person(one.author),
            "created_at": at,
            "updated_at": at,
            "issue_url": f"{self.api(repo)}/issues/{item.number}",
            "author_association": "MEMBER",
            "body": one.body,
        }

    def _committed(self, one: Commit) -> Json:
        shaped = self.commit(one)
        inner = shaped["commit"]
        return {
            "event": "committed",
            "sha": one.sha,
            "node_id": shaped["node_id"],
            "url": inner["url"],
            "html_url": shaped["html_url"],
            "author": inner["author"],
            "committer": inner["committer"],
            "tree": inner["tree"],
            "message": one.message,
            "parents": shaped["parents"],
            "verification": inner["verification"],
        }

    # --- commits ----------------------------------------------------------------------------

    def commit(self, one: Commit, *, files: bool = False) -> Json:
        """A commit; with its files when asked for itself."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/commits/{one.sha}"
        tree = f"{self.api(repo)}/git/trees/{one.tree}"
        verification = {"verified": False, "reason": "unsigned"}
        found: Json = {
            "sha": one.sha,
            "node_id": f"C_{one.repo_id}_{one.sha}",
            "commit": {
                "author": {**self._signature(one.author), "date": instant(one.authored)},
                "committer": {**self._signature(one.author), "date": instant(one.committed)},
                "message": one.message,
                "tree": {"sha": one.tree, "url": tree},
                "url": f"{self.api(repo)}/git/commits/{one.sha}",
                "comment_count": 0,
                "verification": {
                    **verification,
                    "signature": None,
                    "payload": None,
                    "verified_at": None,
                },
            },
            "url": url,
            "html_url": f"{self.page_of(repo)}/commit/{one.sha}",
            "comments_url": f"{url}/comments",
            "author": self.person(one.author),
            "committer": self.person(one.author),
            "parents": [
                {
                    "sha": sha,
                    "url": f"{self.api(repo)}/commits/{sha}",
                    "html_url": f"{self.page_of(repo)}/commit/{sha}",
                }
                for sha in one.parents
            ],
        }
        if files:
            edits = one.files[:300]
            found["files"] = [self.file(repo, one.sha, edit) for edit in edits]
            added = sum(edit.additions for edit in one.files)
            removed = sum(edit.deletions for edit in one.files)
            found["stats"] = {"additions": added, "deletions": removed, "total": added + removed}
        return found

    def _signature(self, account_id: str | None) -> Json:
        found = self.world.people.get(account_id or "")
        name = found.name if found else "Somebody"
        login = found.login if found else "somebody"
        return {"name": name, "email": f"{login}@example.net"}

    def file(self, repo: Repository, sha: str, one: FileEdit) -> Json:
        """A changed file."""
        found: Json = {
            "sha": f"{hash_of(one.path)}",
            "filename": one.path,
            "status": one.change,
            "additions": one.additions,
            "deletions": one.deletions,
            "changes": one.additions + one.deletions,
            "blob_url": f"{self.page_of(repo)}/blob/{sha}/{one.path}",
            "raw_url": f"{self.page_of(repo)}/raw/{sha}/{one.path}",
            "contents_url": f"{self.api(repo)}/contents/{one.path}?ref={sha}",
        }
        if one.old_path:
            found["previous_filename"] = one.old_path
        return found

    # --- runs and checks --------------------------------------------------------------------

    def run(self, run: Run, attempt: Attempt | None = None, *, pulls: bool = True) -> Json:
        """A workflow run, at its newest attempt or at a former one."""
        repo = self.code.repositories[run.repo_id]
        at = attempt or run.last
        url = f"{self.api(repo)}/actions/runs/{run.id}"
        commit = self.code.git.at(repo, run.sha)
        change = self.code.changes.get(run.change_id or 0)
        # The vendor forgets which pull requests a run was for once they are no longer open.
        named = change is not None and change.state == "open" and change.head_sha == run.sha
        queue = run.kind == "train"
        workflow = f"{self.api(repo)}/actions/workflows/{run.workflow_id}"
        before = f"{url}/attempts/{at.number - 1}" if at.number > 1 else None
        return {
            "id": run.id,
            "name": run.workflow,
            "node_id": node_id("WFR", run.id),
            "check_suite_id": run.suite_id,
            "check_suite_node_id": node_id("CS", run.suite_id),
            "head_branch": f"gh-readonly-queue/{run.ref}" if queue else run.ref,
            "head_sha": run.sha,
            "path": f".github/workflows/{run.workflow.lower()}.yml",
            "run_number": run.number,
            "run_attempt": at.number,
            "event": EVENTS[run.kind],
            "display_title": commit.subject,
            "status": _RUN_STATUS.get(at.status, at.status),
            "conclusion": at.conclusion,
            "workflow_id": run.workflow_id,
            "url": url,
            "html_url": f"{self.page_of(repo)}/actions/runs/{run.id}",
            "pull_requests": [self.pull_reference(change)] if pulls and change and named else [],
            "created_at": instant(run.created),
            "updated_at": instant(run.updated if at is run.last else at.finished or run.updated),
            "actor": self.person(run.actor) or self.owner(repo),
            "triggering_actor": self.person(run.actor) or self.owner(repo),
            "run_started_at": instant(at.started or at.created),
            "jobs_url": f"{url}/jobs",
            "logs_url": f"{url}/logs",
            "check_suite_url": f"{self.api(repo)}/check-suites/{run.suite_id}",
            "artifacts_url": f"{url}/artifacts",
            "cancel_url": f"{url}/cancel",
            "rerun_url": f"{url}/rerun",
            "previous_attempt_url": before,
            "workflow_url": workflow,
            "head_commit": self._simple_commit(commit),
            "repository": self.repository(repo),
            "head_repository": self.repository(repo),
        }

    def _simple_commit(self, one: Commit) -> Json:
        who = self._signature(one.author)
        return {
            "id": one.sha,
            "tree_id": one.tree,
            "message": one.message,
            "timestamp": instant(one.committed),
            "author": who,
            "committer": who,
        }

    def job(self, run: Run, job: Job) -> Json:
        """A job of a run."""
        repo = self.code.repositories[run.repo_id]
        check = of_job(repo, run, job)
        url = f"{self.api(repo)}/actions"
        return {
            "id": job.id,
            "run_id": run.id,
            "run_url": f"{url}/runs/{run.id}",
            "run_attempt": job.attempt,
            "node_id": node_id("CR", job.id),
            "head_sha": run.sha,
            "url": f"{url}/jobs/{job.id}",
            "html_url": check_url(check),
            "status": check.status,
            "conclusion": job.conclusion,
            "created_at": instant(job.created),
            "started_at": instant(job.started or job.created),
            "completed_at": instant(job.finished),
            "name": job.name,
            "steps": [],
            "check_run_url": f"{self.api(repo)}/check-runs/{job.id}",
            "labels": ["ubuntu-latest"],
            "runner_id": None,
            "runner_name": None,
            "runner_group_id": None,
            "runner_group_name": None,
            "workflow_name": run.workflow,
            "head_branch": run.ref,
        }

    def workflow(self, run: Run) -> Json:
        """The workflow of a run."""
        repo = self.code.repositories[run.repo_id]
        begun = instant(repo.created)
        path = f".github/workflows/{run.workflow.lower()}.yml"
        return {
            "id": run.workflow_id,
            "node_id": node_id("W", run.workflow_id),
            "name": run.workflow,
            "path": path,
            "state": "active",
            "created_at": begun,
            "updated_at": begun,
            "url": f"{self.api(repo)}/actions/workflows/{run.workflow_id}",
            "html_url": f"{self.page_of(repo)}/blob/{repo.default_branch}/{path}",
            "badge_url": f"{self.page_of(repo)}/workflows/{run.workflow}/badge.svg",
        }

    def check(self, one: Check) -> Json:
        """A check run."""
        url = f"{self.api(one.repo)}/check-runs/{one.id}"
        held = self.code.ci.checks.get(one.id)
        return {
            "id": one.id,
            "name": one.name,
            "node_id": node_id("CR", one.id),
            "head_sha": one.sha,
            "external_id": "",
            "url": url,
            "html_url": check_url(one),
            "details_url": check_url(one),
            "status": one.status,
            "conclusion": one.conclusion,
            "started_at": instant(one.started),
            "completed_at": instant(one.finished),
            "output": {
                "title": held.title if held else None,
                "summary": held.summary if held else None,
                "text": None,
                "annotations_count": 0,
                "annotations_url": f"{url}/annotations",
            },
            "check_suite": {"id": one.suite_id},
            "app": self.app(one.repo, one.app),
            "pull_requests": [],
        }

    def suite(self, one: Suite) -> Json:
        """A check suite."""
        url = f"{self.api(one.repo)}/check-suites/{one.id}"
        newest = {found.id for found in checks_at(self.code, one.repo, one.sha)}
        return {
            "id": one.id,
            "node_id": node_id("CS", one.id),
            "head_branch": one.run.ref if one.run else None,
            "head_sha": one.sha,
            "status": one.status,
            "conclusion": one.conclusion,
            "url": url,
            "before": None,
            "after": one.sha,
            "pull_requests": [],
            "app": self.app(one.repo, one.app),
            "created_at": instant(one.created),
            "updated_at": instant(one.updated),
            "head_commit": self._simple_commit(self.code.git.at(one.repo, one.sha)),
            "repository": self.repository(one.repo),
            "latest_check_runs_count": sum(check.id in newest for check in one.checks),
            "check_runs_url": f"{url}/check-runs",
        }

    def app(self, repo: Repository, slug: str) -> Json:
        """An app that reports checks."""
        number = 15368 if slug == ACTIONS else 20000 + sum(slug.encode())
        begun = instant(repo.created)
        return {
            "id": number,
            "slug": slug,
            "node_id": node_id("A", number),
            "owner": self.owner(repo),
            "name": slug.replace("-", " ").title(),
            "description": None,
            "external_url": f"{SITE}/apps/{slug}/about",
            "html_url": f"{SITE}/apps/{slug}",
            "created_at": begun,
            "updated_at": begun,
            "permissions": {"checks": "write"},
            "events": [],
        }

    def status(self, one: CommitStatus) -> Json:
        """A status of a commit."""
        repo = self.code.repositories[one.repo_id]
        return {
            "url": f"{self.api(repo)}/statuses/{one.sha}",
            "avatar_url": None,
            "id": one.id,
            "node_id": node_id("SC", one.id),
            "state": one.state,
            "description": one.description,
            "target_url": one.target_url,
            "context": one.context,
            "created_at": instant(one.at),
            "updated_at": instant(one.at),
            "creator": self.person(one.creator),
        }

    # --- releases, tags, deployments, rules -------------------------------------------------

    def release(self, one: Release) -> Json:
        """A release."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/releases/{one.id}"
        return {
            "url": url,
            "html_url": f"{self.page_of(repo)}/releases/tag/{one.tag}",
            "assets_url": f"{url}/assets",
            "upload_url": f"{url}/assets{{?name,label}}",
            "tarball_url": f"{self.api(repo)}/tarball/{one.tag}",
            "zipball_url": f"{self.api(repo)}/zipball/{one.tag}",
            "id": one.id,
            "node_id": node_id("RE", one.id),
            "tag_name": one.tag,
            "target_commitish": repo.default_branch,
            "name": one.name,
            "body": one.body or None,
            "draft": one.draft,
            "prerelease": one.prerelease,
            "created_at": instant(one.created),
            "published_at": instant(one.published),
            "author": self.person(one.author) or self.owner(repo),
            "assets": [],
        }

    def tag(self, one: Tag) -> Json:
        """A tag."""
        repo = self.code.repositories[one.repo_id]
        return {
            "name": one.name,
            "commit": {"sha": one.sha, "url": f"{self.api(repo)}/commits/{one.sha}"},
            "zipball_url": f"{self.api(repo)}/zipball/refs/tags/{one.name}",
            "tarball_url": f"{self.api(repo)}/tarball/refs/tags/{one.name}",
            "node_id": f"REF_{repo.id}_{one.name}",
        }

    def deployment(self, one: Deployment) -> Json:
        """A deployment; what became of it is told apart."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/deployments/{one.id}"
        return {
            "url": url,
            "id": one.id,
            "node_id": node_id("DE", one.id),
            "sha": one.sha,
            "ref": one.ref,
            "task": "deploy",
            "payload": {},
            "original_environment": one.environment,
            "environment": one.environment,
            "description": None,
            "creator": self.person(one.actor),
            "created_at": instant(one.created),
            "updated_at": instant(one.updated),
            "statuses_url": f"{url}/statuses",
            "repository_url": self.api(repo),
            "transient_environment": False,
            "production_environment": one.environment == "production",
        }

    def deployment_states(self, one: Deployment) -> list[Json]:
        """What became of a deployment, newest first."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/deployments/{one.id}"
        return [
            {
                "url": f"{url}/statuses/{id_}",
                "id": id_,
                "node_id": node_id("DES", id_),
                "state": DEPLOYMENT_STATES.get(state, state),
                "creator": self.person(one.actor),
                "description": "",
                "environment": one.environment,
                "target_url": "",
                "created_at": instant(at),
                "updated_at": instant(at),
                "deployment_url": url,
                "repository_url": self.api(repo),
                "environment_url": "",
                "log_url": "",
            }
            for id_, at, state in reversed(one.states)
        ]

    def rules(self, repo: Repository, branch: str) -> list[Json]:
        """Rules of the rulesets that hold for a branch."""
        names = repo.required.get(branch)
        if not names:
            return []
        return [
            {
                "type": "required_status_checks",
                "ruleset_source_type": "Repository",
                "ruleset_source": repo.path,
                "ruleset_id": repo.id,
                "parameters": {
                    "required_status_checks": [{"context": name} for name in names],
                    "strict_required_status_checks_policy": False,
                },
            }
        ]

    def branch(self, repo: Repository, name: str, sha: str, *, classic: bool) -> Json:
        """A branch; `classic`: what it requires is told here, too."""
        url = f"{self.api(repo)}/branches/{name}"
        return {
            **self.branch_name(repo, name, classic=classic),
            "commit": self.commit(self.code.git.at(repo, sha)),
            "_links": {"self": url, "html": f"{self.page_of(repo)}/tree/{name}"},
            "protection_url": f"{url}/protection",
        }

    def branch_name(self, repo: Repository, name: str, *, classic: bool) -> Json:
        """A branch as listings tell it."""
        sha = self.code.git.tip(repo, name)
        names = list(repo.required.get(name, ())) if classic else []
        return {
            "name": name,
            "commit": {"sha": sha, "url": f"{self.api(repo)}/commits/{sha}"},
            "protected": bool(repo.required.get(name)),
            "protection": {
                "enabled": bool(names),
                "required_status_checks": {
                    "enforcement_level": "non_admins" if names else "off",
                    "contexts": names,
                    "checks": [{"context": one, "app_id": None} for one in names],
                },
            },
        }

    def protection(self, repo: Repository, branch: str) -> Json:
        """The classic protection of a branch."""
        url = f"{self.api(repo)}/branches/{branch}/protection"
        names = repo.required[branch]
        return {
            "url": url,
            "required_status_checks": {
                "url": f"{url}/required_status_checks",
                "strict": False,
                "contexts": list(names),
                "contexts_url": f"{url}/required_status_checks/contexts",
                "checks": [{"context": name, "app_id": None} for name in names],
            },
            "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": False},
        }


def hash_of(path: str) -> str:
    """Forty hexadecimal digits that stand for a file's content."""
    return f"{int.from_bytes(path.encode(), 'big') % 16**40:040x}"
