"""The simulated company's code hosting as JSON of GitLab's REST API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from connectors.simulator.code_things import (
    ChangeRequest,
    Comment,
    Commit,
    CommitStatus,
    Deployment,
    FileEdit,
    Group,
    HostItem,
    HostMilestone,
    Iteration,
    Job,
    PushDef,
    Release,
    Repository,
    Run,
    Tag,
    TestTotals,
)
from connectors.simulator.gitlab_view import IssueNow, View
from connectors.simulator.gitlab_words import (
    GHOST_ID,
    SITE,
    change_state,
    day,
    iteration_state,
    job_status,
    of_git,
    precise,
    run_ref,
    run_source,
    run_status,
    text_id,
    user_id,
    user_login,
    user_state,
)

Json = dict[str, Any]
#: A file with more changed lines than this is named without its lines.
LARGE_FILE = 5000
_MERGE_METHODS = {"fast-forward": "ff", "semi-linear": "rebase_merge"}


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes JSON of what a view sees; `now` is the server's present."""

    view: View
    now: datetime
    #: whether `/approvals` tells when somebody approved (newer servers).
    approval_times: bool = True
    #: whether paid features are there: weights, iterations, approval rules.
    premium: bool = True

    @property
    def today(self) -> date:
        """The server's day."""
        return self.now.date()

    # --- people, groups, projects -------------------------------------------------------------

    def user(self, account_id: str | None) -> Json:
        """An account; one that is gone is the ghost."""
        person = self.view.people.get(account_id) if account_id else None
        if person is None:
            return _user(GHOST_ID, "ghost", "Ghost User", "active")
        return _user(
            user_id(person.account_id), user_login(person), person.name, user_state(person)
        )

    def actor(self, account_id: str | None) -> Json | None:
        """Who did something; None for an account that is gone."""
        return None if account_id is None else self.user(account_id)

    def namespace(self, group: Group) -> Json:
        """A group as a project names it."""
        return {
            "id": group.id,
            "name": group.name,
            "path": group.path.rpartition("/")[2],
            "kind": "group",
            "full_path": group.path,
            "parent_id": group.parent_id,
            "avatar_url": None,
            "web_url": f"{SITE}/groups/{group.path}",
        }

    def group(self, group: Group) -> Json:
        """A group."""
        return {
            **self.namespace(group),
            "full_name": " / ".join(one.name for one in reversed(self.view.lineage(group))),
            "description": "",
            "visibility": "private",
        }

    def project(self, repo: Repository) -> Json:
        """A project."""
        group = self.view.code.groups[repo.group_id]
        url = f"{SITE}/{repo.path}"

        def access(feature: str) -> str:
            return "enabled" if feature in repo.features else "disabled"

        out: Json = {
            "id": repo.id,
            "description": repo.description,
            "name": repo.name,
            "name_with_namespace": f"{group.name} / {repo.name}",
            "path": repo.name,
            "path_with_namespace": repo.path,
            "created_at": precise(repo.created),
            "updated_at": precise(repo.updated),
            "default_branch": None if self.view.is_empty(repo) else repo.default_branch,
            "tag_list": [],
            "topics": [],
            "ssh_url_to_repo": f"git@gitlab.apollo.example.net:{repo.path}.git",
            "http_url_to_repo": f"{url}.git",
            "web_url": url,
            "readme_url": None,
            "forks_count": 0,
            "avatar_url": None,
            "star_count": 0,
            "last_activity_at": precise(repo.updated),
            "namespace": self.namespace(group),
            "empty_repo": self.view.is_empty(repo),
            "archived": repo.archived,
            "visibility": "private" if repo.private else "public",
            "issues_enabled": "issues" in repo.features,
            "merge_requests_enabled": "changes" in repo.features,
            "jobs_enabled": "ci" in repo.features,
            "issues_access_level": access("issues"),
            "repository_access_level": "enabled",
            "merge_requests_access_level": access("changes"),
            "builds_access_level": access("ci"),
            "releases_access_level": access("releases"),
            "environments_access_level": access("deployments"),
            "merge_method": next(
                (_MERGE_METHODS[one] for one in repo.methods if one in _MERGE_METHODS), "merge"
            ),
            "squash_option": "default_off" if "squash" in repo.methods else "never",
            "only_allow_merge_if_pipeline_succeeds": bool(repo.required),
            "open_issues_count": sum(one.state == "open" for one in self.view.code.issues_in(repo)),
            "import_status": "none",
        }
        level = self.view.code.access_of(self.view.who).level
        if level is not None:
            held = {"access_level": level, "notification_level": 3}
            out["permissions"] = {"project_access": held, "group_access": None}
        if repo.fork_of is not None and repo.fork_of in self.view.code.repositories:
            origin = self.view.code.repositories[repo.fork_of]
            out["forked_from_project"] = {"id": origin.id, "path_with_namespace": origin.path}
        return out

    # --- plans --------------------------------------------------------------------------------

    def milestone(self, one: HostMilestone) -> Json:
        """A milestone of a project or group."""
        if one.repo_id is not None:
            owner: Json = {"project_id": one.repo_id}
            url = f"{SITE}/{self.view.code.repositories[one.repo_id].path}"
        else:
            assert one.group_id is not None
            owner = {"group_id": one.group_id}
            url = f"{SITE}/groups/{self.view.code.groups[one.group_id].path}"
        return {
            "id": one.id,
            "iid": one.number,
            **owner,
            "title": one.title,
            "description": one.description,
            "state": "active" if one.is_open else "closed",
            "created_at": precise(one.created),
            "updated_at": precise(one.updated),
            "due_date": day(one.due),
            "start_date": day(one.start),
            "expired": one.due is not None and one.due < self.today,
            "web_url": f"{url}/-/milestones/{one.number}",
        }

    def iteration(self, one: Iteration) -> Json:
        """An iteration of a group."""
        url = f"{SITE}/groups/{self.view.code.groups[one.group_id].path}"
        return {
            "id": one.id,
            "iid": one.number,
            "sequence": one.number,
            "group_id": one.group_id,
            "title": one.title,
            "description": None,
            "state": iteration_state(one, self.today),
            "created_at": precise(one.created),
            "updated_at": precise(one.updated),
            "start_date": day(one.start),
            "due_date": day(one.due),
            "web_url": f"{url}/-/iterations/{one.id}",
        }

    def label(self, repo: Repository, title: str) -> Json:
        """A label."""
        return {
            "id": self.view.code.label_id(repo, title),
            "name": title,
            "color": "#428bca",
            "description": None,
            "text_color": "#FFFFFF",
        }

    def issue(self, held: IssueNow) -> Json:
        """An issue."""
        one = held.issue
        kind = (one.type or "ISSUE").upper()
        moved_to = self.view.moved_to(one)
        out = self._item(one, "issues", "#")
        out |= {
            "state": held.state,
            "updated_at": precise(held.updated),
            "closed_at": precise(held.closed),
            "closed_by": self.user(held.closed_by) if held.closed else None,
            "type": kind,
            "issue_type": kind.lower(),
            "due_date": day(one.due),
            "confidential": one.confidential,
            "merge_requests_count": len(self.view.closers(one)),
            "severity": "UNKNOWN",
            "moved_to_id": None if moved_to is None else moved_to.id,
            "blocking_issues_count": len(self.view.blocked_by(one)),
        }
        if self.premium:
            iteration = self.view.code.iterations.get(one.iteration_id or 0)
            out |= {
                "weight": one.weight,
                "iteration": None if iteration is None else self.iteration(iteration),
                "epic_iid": None,
                "epic": None,
                "health_status": None,
            }
        return out

    def _item(self, one: HostItem, kind: str, sign: str) -> Json:
        """What issues and merge requests have in common."""
        repo = self.view.code.repositories[one.repo_id]
        milestone = self.view.code.milestones.get(one.milestone_id or 0)
        assignees = [self.user(account) for account in one.assignees]
        return {
            "id": one.id,
            "iid": one.number,
            "project_id": one.repo_id,
            "title": one.title,
            "description": one.body,
            "created_at": precise(one.created),
            "updated_at": precise(one.updated),
            "labels": sorted(one.labels),
            "milestone": None if milestone is None else self.milestone(milestone),
            "assignees": assignees,
            "assignee": assignees[0] if assignees else None,
            "author": self.user(one.author),
            "user_notes_count": len(one.comments),
            "upvotes": 0,
            "downvotes": 0,
            "discussion_locked": True if one.locked else None,
            "time_stats": {
                "time_estimate": 0,
                "total_time_spent": 0,
                "human_time_estimate": None,
                "human_total_time_spent": None,
            },
            "task_completion_status": {"count": 0, "completed_count": 0},
            "references": {
                "short": f"{sign}{one.number}",
                "relative": f"{sign}{one.number}",
                "full": f"{repo.path}{sign}{one.number}",
            },
            "web_url": f"{SITE}/{repo.path}/-/{kind}/{one.number}",
        }

    # --- merge requests -----------------------------------------------------------------------

    def change(self, one: ChangeRequest) -> Json:
        """A merge request as a list tells it."""
        out = self._item(one, "merge_requests", "!")
        merged_by = self.user(one.merged_by) if one.merged_at is not None else None
        is_open, is_closed = one.state == "open", one.state == "closed"
        return {
            **out,
            "state": change_state(one),
            "closed_at": precise(one.closed) if is_closed else None,
            "closed_by": self.user(one.closed_by) if is_closed else None,
            "merged_by": merged_by,
            "merge_user": merged_by,
            "merged_at": precise(one.merged_at),
            "target_branch": one.base_branch,
            "source_branch": one.head_branch,
            "reviewers": [self.user(account) for account in one.reviewers],
            "source_project_id": one.head_repo_id,
            "target_project_id": one.repo_id,
            "draft": one.draft,
            "work_in_progress": one.draft,
            "merge_when_pipeline_succeeds": False,
            "merge_status": "cannot_be_merged" if one.conflict else "can_be_merged",
            "detailed_merge_status": self.detailed_merge_status(one),
            "sha": one.head_sha,
            "merge_commit_sha": one.merge_sha,
            "squash_commit_sha": one.squash_sha,
            "should_remove_source_branch": None,
            "force_remove_source_branch": True,
            "prepared_at": precise(one.created),
            "reference": f"!{one.number}",
            "squash": one.squash_sha is not None,
            "squash_on_merge": one.squash_sha is not None,
            "has_conflicts": one.conflict and is_open,
            "blocking_discussions_resolved": True,
        }

    def detailed_merge_status(self, one: ChangeRequest) -> str:
        """Whether it could be merged, in one word."""
        if one.state != "open":
            return "not_open"
        if one.draft:
            return "draft_status"
        return "conflict" if one.conflict else "mergeable"

    def change_detail(self, one: ChangeRequest) -> Json:
        """A merge request asked for alone: with its pipelines."""
        head = self.view.head_pipeline(one)
        return {
            **self.change(one),
            "changes_count": str(len(self.view.code.files_of(one))),
            "diff_refs": {
                "base_sha": one.fork_sha,
                "head_sha": one.head_sha,
                "start_sha": one.base_sha,
            },
            "pipeline": None if head is None else self.pipeline(head),
            "head_pipeline": None if head is None else self.pipeline_detail(head),
            "merge_error": None,
            "user": {"can_merge": False},
        }

    def approvals(self, one: ChangeRequest) -> Json:
        """Who approves it now."""
        held = self.view.approvals(one)
        return {
            "id": one.id,
            "iid": one.number,
            "project_id": one.repo_id,
            "approved": bool(held),
            "approved_by": [
                {"user": self.user(review.author)}
                | ({"approved_at": precise(review.at)} if self.approval_times else {})
                for review in held
            ],
            "user_has_approved": False,
            "user_can_approve": False,
        }

    def reviewer(self, one: ChangeRequest, account: str) -> Json:
        """Somebody asked to review it, and how far that is."""
        said = [review for review in one.reviews if review.author == account]
        words = {"approved": "approved", "changes_requested": "requested_changes"}
        return {
            "user": self.user(account),
            "state": words.get(said[-1].verdict, "reviewed") if said else "unreviewed",
            "created_at": precise(one.created),
        }

    def approval_state(self, one: ChangeRequest) -> Json:
        """The rules of approving."""
        held = self.view.approvals(one)
        users = [self.user(review.author) for review in held]
        return {
            "approval_rules_overwritten": False,
            "rules": [
                {
                    "id": one.repo_id * 10,
                    "name": "All Members",
                    "rule_type": "any_approver",
                    "eligible_approvers": [],
                    "approvals_required": 1,
                    "users": [],
                    "groups": [],
                    "contains_hidden_groups": False,
                    "approved_by": users,
                    "approved": bool(users),
                }
            ],
        }

    def diff(self, one: FileEdit) -> Json:
        """A file of a merge request."""
        is_large = one.additions + one.deletions > LARGE_FILE
        lines = "" if is_large else "-a\n" * one.deletions + "+b\n" * one.additions
        head = f"@@ -1,{one.deletions} +1,{one.additions} @@\n"
        return {
            "old_path": one.old_path or one.path,
            "new_path": one.path,
            "a_mode": "0" if one.change == "added" else "100644",
            "b_mode": "0" if one.change == "removed" else "100644",
            "diff": head + lines if lines else "",
            "collapsed": False,
            "too_large": is_large,
            "new_file": one.change == "added",
            "renamed_file": one.change == "renamed",
            "deleted_file": one.change == "removed",
            "generated_file": False,
        }

    def version(self, change: ChangeRequest, number: int, push: PushDef) -> Json:
        """What a push made of a merge request."""
        return {
            "id": push.id,
            "head_commit_sha": push.after,
            "base_commit_sha": change.fork_sha,
            "start_commit_sha": change.fork_sha,
            "created_at": precise(push.at),
            "merge_request_id": change.id,
            "state": "collected",
            "real_size": str(number),
        }

    def note(self, one: HostItem, comment: Comment, kind: str, *, system: bool) -> Json:
        """Something said, or told by the system."""
        return {
            "id": comment.id,
            "type": None,
            "body": comment.body,
            "author": self.user(comment.author),
            "created_at": precise(comment.at),
            "updated_at": precise(comment.at),
            "system": system,
            "noteable_id": one.id,
            "noteable_type": kind,
            "project_id": one.repo_id,
            "noteable_iid": one.number,
            "resolvable": False,
            "confidential": False,
            "internal": False,
        }

    # --- commits, pipelines -------------------------------------------------------------------

    def commit(self, one: Commit, *, parents: bool = True) -> Json:
        """A commit; a merge request lists its own without their parents."""
        person = self.view.people.get(one.author) if one.author else None
        name = person.name if person else "Ghost User"
        mail = f"{person.login if person else 'ghost'}@example.net"
        repo = self.view.code.repositories[one.repo_id]
        return {
            "id": one.sha,
            "short_id": one.sha[:8],
            "created_at": of_git(one.committed),
            "parent_ids": list(one.parents) if parents else [],
            "title": one.subject,
            "message": one.message,
            "author_name": name,
            "author_email": mail,
            "authored_date": of_git(one.authored),
            "committer_name": name,
            "committer_email": mail,
            "committed_date": of_git(one.committed),
            "trailers": {},
            "web_url": f"{SITE}/{repo.path}/-/commit/{one.sha}",
        }

    def pipeline(self, run: Run) -> Json:
        """A pipeline as a list tells it: without its times and coverage."""
        return {
            "id": run.id,
            "iid": run.number,
            "project_id": run.repo_id,
            "sha": run.sha,
            "ref": run_ref(run, self.view.code.changes.get(run.change_id or 0)),
            "status": run_status(run),
            "source": run_source(run),
            "created_at": precise(run.created),
            "updated_at": precise(run.updated),
            "web_url": self._url(run.repo_id, f"pipelines/{run.id}"),
            "name": None,
        }

    def pipeline_detail(self, run: Run) -> Json:
        """A pipeline asked for alone."""
        last = run.last
        status = run_status(run)
        return {
            **self.pipeline(run),
            "before_sha": "0" * 40,
            "tag": run.kind == "tag",
            "yaml_errors": None,
            "user": self.user(run.actor),
            "started_at": precise(last.started),
            "finished_at": precise(last.finished),
            "committed_at": None,
            "duration": whole_seconds(last.started, last.finished),
            "queued_duration": whole_seconds(last.created, last.started),
            "coverage": percent(coverage(run.jobs)),
            "detailed_status": {
                "icon": f"status_{status}",
                "text": status,
                "label": status,
                "group": status,
                "tooltip": status,
                "has_details": True,
                "details_path": self._url(run.repo_id, f"pipelines/{run.id}").removeprefix(SITE),
            },
        }

    def job(self, job: Job, run: Run) -> Json:
        """A job; that a newer one exists is told by which list it is in."""
        commit = self.view.code.git.get(self.view.code.repositories[run.repo_id], run.sha)
        status = job_status(job)
        out: Json = {
            "id": job.id,
            "status": status,
            "stage": job.stage,
            "name": job.name,
            "ref": run_ref(run, self.view.code.changes.get(run.change_id or 0)),
            "tag": run.kind == "tag",
            "coverage": job.coverage,
            "allow_failure": job.allow_failure,
            "created_at": precise(job.created),
            "started_at": precise(job.started),
            "finished_at": precise(job.finished),
            "erased_at": None,
            "duration": seconds(job.started, job.finished),
            "queued_duration": seconds(job.created, job.started),
            "user": self.user(run.actor),
            "commit": None if commit is None else self.commit(commit),
            "pipeline": _without(self.pipeline(run), "name"),
            "web_url": self._url(run.repo_id, f"jobs/{job.id}"),
            "project": {"ci_job_token_scope_enabled": False},
            "artifacts": _artifacts(job),
            "runner": None,
            "artifacts_expire_at": None,
            "archived": False,
            "tag_list": [],
        }
        if status == "failed":
            timed_out = job.conclusion == "timed_out"
            out["failure_reason"] = job.failure_reason or (
                "job_execution_timeout" if timed_out else "script_failure"
            )
        return out

    def bridge(self, parent: Run, child: Run) -> Json:
        """The job of a pipeline that started another one."""
        status = run_status(child)
        return {
            "id": child.id * 10 + 1,
            "status": status,
            "stage": "deploy",
            "name": child.workflow,
            "ref": run_ref(parent, self.view.code.changes.get(parent.change_id or 0)),
            "tag": parent.kind == "tag",
            "coverage": None,
            "allow_failure": False,
            "created_at": precise(child.created),
            "started_at": precise(child.last.started),
            "finished_at": precise(child.last.finished),
            "duration": seconds(child.last.started, child.last.finished),
            "user": self.user(child.actor),
            "pipeline": _without(self.pipeline(parent), "name"),
            "web_url": self._url(parent.repo_id, f"jobs/{child.id * 10 + 1}"),
            "downstream_pipeline": self.pipeline(child),
        }

    def report_summary(self, run: Run) -> Json:
        """Totals of the tests of a pipeline."""
        found = [(job, job.tests) for job in run.jobs if job.tests is not None and not job.retried]
        whole = total([tests for _, tests in found])
        return {
            "total": {
                "time": whole.seconds,
                "count": whole.total,
                "success": whole.passed,
                "failed": whole.failed,
                "skipped": whole.skipped,
                "error": whole.errors,
                "suite_error": None,
            },
            "test_suites": [
                {**_suite(job.name, tests), "build_ids": [job.id], "suite_error": None}
                for job, tests in found
            ],
        }

    def report(self, run: Run) -> Json:
        """The whole test report of a pipeline, its cases by number."""
        found = [(job, job.tests) for job in run.jobs if job.tests is not None and not job.retried]
        named = _suite("", total([tests for _, tests in found]))
        return {
            **_without(named, "name"),
            "test_suites": [
                {**_suite(job.name, tests), "test_cases": _cases(tests)} for job, tests in found
            ],
        }

    def commit_status(self, one: CommitStatus) -> Json:
        """A status that somebody put on a commit."""
        state = {"failure": "failed", "error": "failed"}.get(one.state, one.state)
        return {
            "id": one.id,
            "sha": one.sha,
            "ref": self.view.code.repositories[one.repo_id].default_branch,
            "status": state,
            "name": one.context,
            "target_url": one.target_url,
            "description": one.description,
            "created_at": precise(one.at),
            "started_at": None,
            "finished_at": precise(one.at) if state != "pending" else None,
            "allow_failure": False,
            "coverage": one.coverage,
            "author": self.user(one.creator),
        }

    # --- releases, deployments ----------------------------------------------------------------

    def tag(self, one: Tag, release: Release | None) -> Json:
        """A tag."""
        commit = self.view.code.git.at(self.view.code.repositories[one.repo_id], one.sha)
        return {
            "name": one.name,
            "message": one.message or "",
            "target": one.sha,
            "commit": self.commit(commit),
            "release": release and {"tag_name": one.name, "description": release.body},
            "protected": False,
            "created_at": precise(one.at) if one.message else None,
        }

    def release(self, one: Release, tag: Tag | None) -> Json:
        """A release."""
        repo = self.view.code.repositories[one.repo_id]
        commit = self.view.code.git.get(repo, tag.sha) if tag is not None else None
        return {
            "name": one.name,
            "tag_name": one.tag,
            "description": one.body,
            "created_at": precise(one.created),
            "released_at": precise(one.published or one.created),
            "upcoming_release": one.published is not None and one.published > self.now,
            "author": self.user(one.author),
            "commit": None if commit is None else self.commit(commit),
            "milestones": [],
            "commit_path": None if commit is None else f"/{repo.path}/-/commit/{commit.sha}",
            "tag_path": f"/{repo.path}/-/tags/{one.tag}",
            "assets": {"count": 0, "sources": [], "links": []},
            "evidences": [],
            "_links": {"self": f"{SITE}/{repo.path}/-/releases/{one.tag}"},
        }

    def deployment(self, one: Deployment) -> Json:
        """A deployment."""
        return {
            "id": one.id,
            "iid": one.number,
            "ref": one.ref,
            "sha": one.sha,
            "created_at": precise(one.created),
            "updated_at": precise(one.updated),
            "status": deployment_status(one),
            "user": self.user(one.actor),
            "environment": {
                "id": text_id(one.environment),
                "name": one.environment,
                "slug": one.environment.lower(),
                "external_url": None,
                "created_at": precise(one.created),
                "updated_at": precise(one.created),
            },
            "deployable": self._deployable(one),
        }

    def _deployable(self, one: Deployment) -> Json | None:
        """The job that put it there, where one did."""
        job = self.view.code.ci.jobs.get(one.job_id or 0)
        return None if job is None else self.job(job, self.view.code.ci.runs[job.run_id])

    def _url(self, repo_id: int, path: str) -> str:
        return f"{SITE}/{self.view.code.repositories[repo_id].path}/-/{path}"


def deployment_status(one: Deployment) -> str:
    """A deployment's state in GitLab's words."""
    words = {"pending": "created", "failure": "failed", "cancelled": "canceled"}
    # What newer deployments replace stays a success here.
    return words.get(one.state, "success" if one.state == "inactive" else one.state)


def seconds(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds between two instants, if both are known."""
    return None if start is None or end is None else (end - start).total_seconds()


def whole_seconds(start: datetime | None, end: datetime | None) -> int | None:
    """The same without its fraction, as pipelines tell it."""
    found = seconds(start, end)
    return None if found is None else int(found)


def coverage(jobs: Sequence[Job]) -> float | None:
    """A pipeline's coverage: the mean of its jobs that tell one."""
    told = [one.coverage for one in jobs if one.coverage is not None and not one.retried]
    return round(sum(told) / len(told), 2) if told else None


def percent(value: float | None) -> str | None:
    """A pipeline tells its coverage as text."""
    return None if value is None else f"{value:.2f}"


def total(parts: Sequence[TestTotals]) -> TestTotals:
    """Totals of several suites."""
    return TestTotals(
        sum(one.total for one in parts),
        sum(one.failed for one in parts),
        sum(one.skipped for one in parts),
        sum(one.errors for one in parts),
        sum(one.seconds for one in parts),
    )


def _suite(name: str, tests: TestTotals) -> Json:
    return {
        "name": name,
        "total_time": tests.seconds,
        "total_count": tests.total,
        "success_count": tests.passed,
        "failed_count": tests.failed,
        "skipped_count": tests.skipped,
        "error_count": tests.errors,
    }


def _cases(tests: TestTotals) -> list[Json]:
    counts = {
        "success": tests.passed,
        "failed": tests.failed,
        "skipped": tests.skipped,
        "error": tests.errors,
    }
    statuses = [status for status, count in counts.items() for _ in range(count)]
    return [
        {"status": status, "name": f"case {number}", "classname": "suite", "execution_time": 0.01}
        for number, status in enumerate(statuses, 1)
    ]


def _user(id_: int, login: str, name: str, state: str) -> Json:
    return {
        "id": id_,
        "username": login,
        "name": name,
        "state": state,
        "locked": False,
        "avatar_url": None,
        "web_url": f"{SITE}/{login}",
    }


def _without(value: Mapping[str, Any], name: str) -> Json:
    return {key: one for key, one in value.items() if key != name}


def _artifacts(job: Job) -> list[Json]:
    """Files that a job left: the report of its tests, if it wrote one."""
    if job.tests is None:
        return []
    return [{"file_type": "junit", "size": 750, "filename": "junit.xml.gz", "file_format": "gzip"}]
