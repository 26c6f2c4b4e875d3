"""GitLab's tags, releases and deployments."""

from typing import Any

from mappings.code_records import Deployment, Release, RequiredChecks
from mappings.gitlab_out import Out, gid, rows, why_not
from mappings.values import table, text
from mappings.vocabulary import WHOLE_PIPELINE, DeploymentState, HistoryState

_DEPLOYMENT_STATES = {
    "created": DeploymentState.PENDING,
    "blocked": DeploymentState.PENDING,
    "running": DeploymentState.RUNNING,
    "success": DeploymentState.SUCCESS,
    "failed": DeploymentState.FAILED,
    "canceled": DeploymentState.CANCELLED,
    "skipped": DeploymentState.CANCELLED,
}


def release(raw: dict[str, Any], out: Out) -> None:
    """A tag, with its release where there is one; a release may be announced before its tag."""
    tag, told = table(raw.get("tag")), table(raw.get("release"))
    name = text(tag.get("name")) or text(told.get("tag_name"))
    scope_id = gid(raw.get("project_id"))
    if not name or not scope_id:
        out.broken("releases", "a tag without a name or a project")
        return
    out.subject = f"release:{name}"
    # `target` of a tag may name the tag itself and not a commit.
    commit = table(tag.get("commit")) or table(told.get("commit"))
    out.records.append(
        Release(
            source_id=f"tag:{name}",
            scope_id=scope_id,
            tag=name,
            sha=text(commit.get("id")),
            name=text(told.get("name")),
            is_prerelease=told.get("upcoming_release") is True,
            created_at=out.moment(
                told.get("created_at") or tag.get("created_at") or commit.get("created_at"),
                "created_at",
            ),
            published_at=out.moment(told.get("released_at"), "released_at"),
            url=text(table(told.get("_links")).get("self")),
        )
    )


def required_checks(raw: dict[str, Any], out: Out) -> None:
    """What merging into the default branch needs: a whole pipeline, and checks from outside."""
    branch = text(raw.get("branch"))
    if not branch:
        out.broken("required_checks", "required checks without a branch")
        return
    pipeline, outside = raw.get("pipeline"), rows(raw.get("outside"))
    names = [WHOLE_PIPELINE] if pipeline is True else []
    for one in outside or ():
        branches = [text(each.get("name")) for each in rows(one.get("protected_branches")) or ()]
        name = text(one.get("name"))
        if name and (not branches or branch in branches):
            names.append(name)
    reasons = []
    if not isinstance(pipeline, bool):
        reasons.append("the server does not tell whether pipelines must succeed")
    if outside is None:
        reasons.append(why_not(raw.get("outside")))
    states = (HistoryState.COMPLETE, HistoryState.PARTIAL, HistoryState.UNAVAILABLE)
    out.records.append(
        RequiredChecks(
            scope_id=gid(raw.get("project_id")) or "",
            branch=branch,
            state=states[len(reasons)],
            names=tuple(sorted(set(names))),
            reason="; ".join(reasons) or None,
        )
    )


def deployment(raw: dict[str, Any], out: Out) -> None:
    """A commit put into an environment."""
    id_, scope_id = gid(raw.get("id")), gid(raw.get("project_id"))
    if not id_ or not scope_id:
        out.broken("deployments", "a deployment without an id or a project")
        return
    out.subject = f"deployment:{id_}"
    raw_state = text(raw.get("status"))
    state = _DEPLOYMENT_STATES.get(raw_state or "", DeploymentState.UNKNOWN)
    if state is DeploymentState.UNKNOWN:
        out.issue(
            "unknown-state",
            "status",
            raw_state,
            f"The status {raw_state!r} of this deployment is unknown to driftline. Report it to "
            "driftline's issue tracker.",
        )
    out.records.append(
        Deployment(
            source_id=id_,
            scope_id=scope_id,
            sha=text(raw.get("sha")),
            ref=text(raw.get("ref")),
            environment=text(table(raw.get("environment")).get("name")),
            state=state,
            raw_state=raw_state,
            created_at=out.moment(raw.get("created_at"), "created_at"),
            finished_at=out.moment(table(raw.get("deployable")).get("finished_at"), "finished_at"),
        )
    )
