"""Runs, jobs and checks of the simulated company as JSON of GitHub's REST API."""

from dataclasses import dataclass

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import Attempt, Commit, CommitStatus, Job, Repository, Run
from connectors.simulator.github_checks import ACTIONS, EVENTS, Check, Suite, checks_at, of_job
from connectors.simulator.github_ids import instant, node_id
from connectors.simulator.github_scene import SITE, check_url
from connectors.simulator.github_shapes import Json, Shapes

_RUN_STATUS = {"running": "in_progress"}


@dataclass(frozen=True, slots=True)
class Runs:
    """Makes JSON of what was run, and of checks and statuses."""

    shapes: Shapes

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.shapes.code

    def run(self, run: Run, attempt: Attempt | None = None, *, pulls: bool = True) -> Json:
        """A workflow run, at its newest attempt or at a former one."""
        repo = self.code.repositories[run.repo_id]
        at = attempt or run.last
        url = f"{self.shapes.api(repo)}/actions/runs/{run.id}"
        commit = self.code.git.at(repo, run.sha)
        change = self.code.changes.get(run.change_id or 0)
        # The vendor forgets which pull requests a run was for once they are no longer open.
        named = change is not None and change.state == "open" and change.head_sha == run.sha
        queue = run.kind == "train"
        workflow = f"{self.shapes.api(repo)}/actions/workflows/{run.workflow_id}"
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
            "html_url": f"{self.shapes.page_of(repo)}/actions/runs/{run.id}",
            "pull_requests": [self.shapes.pull_reference(change)]
            if pulls and change and named
            else [],
            "created_at": instant(run.created),
            "updated_at": instant(run.updated if at is run.last else at.finished or run.updated),
            "actor": self.shapes.person(run.actor) or self.shapes.owner(repo),
            "triggering_actor": self.shapes.person(run.actor) or self.shapes.owner(repo),
            "run_started_at": instant(at.started or at.created),
            "jobs_url": f"{url}/jobs",
            "logs_url": f"{url}/logs",
            "check_suite_url": f"{self.shapes.api(repo)}/check-suites/{run.suite_id}",
            "artifacts_url": f"{url}/artifacts",
            "cancel_url": f"{url}/cancel",
            "rerun_url": f"{url}/rerun",
            "previous_attempt_url": before,
            "workflow_url": workflow,
            "head_commit": self._simple_commit(commit),
            "repository": self.shapes.repository(repo),
            "head_repository": self.shapes.repository(repo),
        }

    def _simple_commit(self, one: Commit) -> Json:
        who = self.shapes.signature(one.author)
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
        url = f"{self.shapes.api(repo)}/actions"
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
            "check_run_url": f"{self.shapes.api(repo)}/check-runs/{job.id}",
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
            "url": f"{self.shapes.api(repo)}/actions/workflows/{run.workflow_id}",
            "html_url": f"{self.shapes.page_of(repo)}/blob/{repo.default_branch}/{path}",
            "badge_url": f"{self.shapes.page_of(repo)}/workflows/{run.workflow}/badge.svg",
        }

    def check(self, one: Check) -> Json:
        """A check run."""
        url = f"{self.shapes.api(one.repo)}/check-runs/{one.id}"
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
        url = f"{self.shapes.api(one.repo)}/check-suites/{one.id}"
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
            "repository": self.shapes.repository(one.repo),
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
            "owner": self.shapes.owner(repo),
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
            "url": f"{self.shapes.api(repo)}/statuses/{one.sha}",
            "avatar_url": None,
            "id": one.id,
            "node_id": node_id("SC", one.id),
            "state": one.state,
            "description": one.description,
            "target_url": one.target_url,
            "context": one.context,
            "created_at": instant(one.at),
            "updated_at": instant(one.at),
            "creator": self.shapes.person(one.creator),
        }
