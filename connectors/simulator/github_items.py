"""Issues and pull requests of the simulated company as JSON of GitHub's REST API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.simulator.code import CodeWorld, Item
from connectors.simulator.code_things import (
    ChangeRequest,
    Comment,
    Commit,
    HostEvent,
    HostIssue,
    Repository,
    ReviewDef,
)
from connectors.simulator.github_ids import instant, node_id
from connectors.simulator.github_shapes import Json, Shapes

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


@dataclass(frozen=True, slots=True)
class Items:
    """Makes JSON of issues, pull requests and what happened to them."""

    shapes: Shapes

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.shapes.code

    def issue(self, one: Item) -> Json:
        """An issue, or a pull request as the issue that it is, too."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.shapes.api(repo)}/issues/{one.number}"
        pull = isinstance(one, ChangeRequest)
        noun = "pull" if pull else "issues"
        number = one.issue_id if isinstance(one, ChangeRequest) else one.id
        page = f"{self.shapes.page_of(repo)}/{noun}/{one.number}"
        found = {
            "url": url,
            "repository_url": self.shapes.api(repo),
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
            "closed_by": self.shapes.person(one.closed_by),
        }
        if isinstance(one, ChangeRequest):
            pulled = f"{self.shapes.api(repo)}/pulls/{one.number}"
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
        people = [
            found for name in one.assignees if (found := self.shapes.person(name)) is not None
        ]
        milestone = self.code.milestones.get(one.milestone_id or 0)
        return {
            "number": one.number,
            "title": one.title,
            "user": self.shapes.person(one.author),
            "labels": [self.shapes.label(repo, name) for name in one.labels],
            "state": "open" if one.state == "open" else "closed",
            "assignee": people[0] if people else None,
            "assignees": people,
            "milestone": self.shapes.milestone(milestone) if milestone else None,
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
        return f"{self.shapes.api(repo)}/issues/{parent.number}"

    def pull(self, one: ChangeRequest) -> Json:
        """A pull request as listings tell it."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.shapes.api(repo)}/pulls/{one.number}"
        issue = f"{self.shapes.api(repo)}/issues/{one.number}"
        page = f"{self.shapes.page_of(repo)}/pull/{one.number}"
        statuses = f"{self.shapes.api(repo)}/statuses/{one.head_sha}"
        links = {
            "self": url,
            "html": page,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{url}/comments",
            "review_comment": f"{self.shapes.api(repo)}/pulls/comments{{/number}}",
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
                found for name in one.reviewers if (found := self.shapes.person(name)) is not None
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
            "user": self.shapes.owner(home),
            "repo": self.shapes.full_repository(repo) if repo else None,
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
            "merged_by": self.shapes.person(one.merged_by),
            "comments": len(one.comments),
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": len(one.commits),
            "additions": sum(edit.additions for edit in files),
            "deletions": sum(edit.deletions for edit in files),
            "changed_files": len(files),
        }

    def review(self, one: ChangeRequest, review: ReviewDef) -> Json:
        """A review."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.shapes.api(repo)}/pulls/{one.number}"
        page = f"{self.shapes.page_of(repo)}/pull/{one.number}#pullrequestreview-{review.id}"
        found: Json = {
            "id": review.id,
            "node_id": node_id("PRR", review.id),
            "user": self.shapes.person(review.author),
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
            "url": f"{self.shapes.api(repo)}/issues/events/{event.id}",
            "actor": self.shapes.person(event.actor),
            "event": name,
            "commit_id": commit,
            "commit_url": f"{self.shapes.api(repo)}/commits/{commit}" if commit else None,
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
                    "assignee": self.shapes.person(detail["account"]),
                    "assigner": self.shapes.person(event.actor),
                }
            case "renamed":
                return {"rename": {"from": detail["old"], "to": detail["new"]}}
            case "review_requested":
                return {
                    "review_requester": self.shapes.person(event.actor),
                    "requested_reviewer": self.shapes.person(detail["account"]),
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
            "repository": self.shapes.repository(repo),
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
            "actor": self.shapes.person(event.actor),
            "created_at": at,
            "updated_at": at,
            "source": {"type": "issue", "issue": self.issue(change)},
            "event": "cross-referenced",
        }

    def _commented(self, item: Item, one: Comment) -> Json:
        repo = self.code.repositories[item.repo_id]
        url = f"{self.shapes.api(repo)}/issues/comments/{one.id}"
        at = instant(one.at)
        page = f"{self.shapes.page_of(repo)}/issues/{item.number}#issuecomment-{one.id}"
        return {
            "event": "commented",
            "actor": self.shapes.person(one.author),
            "id": one.id,
            "node_id": node_id("IC", one.id),
            "url": url,
            "html_url": page,
            "user": self.shapes.person(one.author),
            "created_at": at,
            "updated_at": at,
            "issue_url": f"{self.shapes.api(repo)}/issues/{item.number}",
            "author_association": "MEMBER",
            "body": one.body,
        }

    def _committed(self, one: Commit) -> Json:
        shaped = self.shapes.commit(one)
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
