"""GitHub's small entities: states, repositories, milestones, tags, deployments, required checks."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from mappings.code_records import Deployment, Release, RequiredChecks
from mappings.dates import local_date
from mappings.github_issue import label_id, rule_of
from mappings.github_out import (
    Out,
    by_graphql,
    id_of,
    lower,
    milestone_of,
    scope_of,
    why_not,
)
from mappings.records import Milestone, Scope, Status
from mappings.schema import StatusRule
from mappings.values import cut, items, table, text
from mappings.vocabulary import (
    DeploymentState,
    HistoryState,
    MilestoneKind,
    MilestoneState,
    ScopeKind,
    StatusCategory,
)

#: The vendor writes a due day as its midnight here, whoever chose it and wherever.
VENDOR_ZONE = ZoneInfo("America/Los_Angeles")
#: Longest description of a milestone that is kept.
_DESCRIPTION_LIMIT = 1000

_MILESTONE_STATES = {"open": MilestoneState.ACTIVE, "closed": MilestoneState.CLOSED}
_DEPLOYMENT_STATES = {
    "success": DeploymentState.SUCCESS,
    "active": DeploymentState.SUCCESS,
    "failure": DeploymentState.FAILED,
    "error": DeploymentState.FAILED,
    "in_progress": DeploymentState.RUNNING,
    "queued": DeploymentState.PENDING,
    "pending": DeploymentState.PENDING,
    "waiting": DeploymentState.PENDING,
    "inactive": DeploymentState.INACTIVE,
    "abandoned": DeploymentState.INACTIVE,
    "destroyed": DeploymentState.INACTIVE,
}
_ENDED = frozenset({DeploymentState.SUCCESS, DeploymentState.FAILED, DeploymentState.INACTIVE})


def status(raw: dict[str, Any], out: Out) -> None:
    """A state of issues as mapped; `labels` brings the labels that stand for statuses."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("statuses", "a state without an id")
        return
    if id_ == "labels":
        tables = (out.mapping, *out.mapping.projects.values())
        rules: dict[str, StatusRule] = {}
        for one in tables:
            for label, rule in one.status_labels.items():
                rules.setdefault(label, rule)
        for label, rule in rules.items():
            out.records.append(_status(label_id(label), label, "label", rule))
        return
    found = rule_of(id_, out)
    if found is None:
        out.unmapped("status", "State", id_, "in_progress")
    out.records.append(_status(id_, id_, text(raw.get("state")), found))


def _status(id_: str, name: str, category: str | None, rule: StatusRule | None) -> Status:
    return Status(
        source_id=id_,
        raw_name=name,
        raw_category=category,
        category=rule.category if rule else StatusCategory.UNKNOWN,
        waits_for=rule.waits_for if rule else None,
        code_complete=rule.code_complete if rule else False,
    )


def repository(raw: dict[str, Any], out: Out) -> None:
    """A repository."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("repositories", "a repository without an id")
        return
    visibility = text(raw.get("visibility"))
    out.records.append(
        Scope(
            source_id=id_,
            kind=ScopeKind.REPOSITORY,
            key=text(raw.get("full_name")),
            name=text(raw.get("name")),
            raw_type=visibility or ("private" if raw.get("private") is True else "public"),
            archived=raw.get("archived") is True,
            url=text(raw.get("html_url")),
            default_branch=text(raw.get("default_branch")),
        )
    )


def milestone(raw: dict[str, Any], out: Out) -> None:
    """A milestone; its id is that of the repository and its number, which both APIs tell."""
    id_ = milestone_of({**raw, "milestone": raw})
    if not id_:
        out.broken("milestones", "a milestone without a number")
        return
    out.subject = f"milestone:{id_}"
    raw_state = lower(raw.get("state"))
    state = _MILESTONE_STATES.get(raw_state or "", MilestoneState.UNKNOWN)
    if state is MilestoneState.UNKNOWN:
        out.issue(
            "unknown-state",
            "state",
            raw_state,
            f"The state {raw_state!r} of this milestone is unknown to driftline; it counts as "
            "open. Report it to driftline's issue tracker.",
        )
    out.records.append(
        Milestone(
            source_id=id_,
            kind=MilestoneKind.MILESTONE,
            name=text(raw.get("title")) or id_,
            state=state,
            raw_state=raw_state,
            scope_id=scope_of(raw),
            due_date=due_day(raw.get("due_on"), out),
            finished_at=out.moment(raw.get("closed_at"), "closed_at"),
            description=cut(text(raw.get("description")), _DESCRIPTION_LIMIT),
            url=text(raw.get("html_url")),
        )
    )


def due_day(value: Any, out: Out) -> date | None:
    """The calendar day that an instant of `due_on` stands for."""
    return local_date(out.moment(value, "due_on"), VENDOR_ZONE)


def release(raw: dict[str, Any], out: Out) -> None:
    """A tag, with its release if it has one."""
    tag, held = table(raw.get("tag")), table(raw.get("release"))
    name = text(tag.get("name")) or text(held.get("tag_name"))
    if not name:
        out.broken("releases", "a release without a tag")
        return
    out.subject = f"release:{name}"
    out.records.append(
        Release(
            source_id=f"tag:{name}",
            scope_id=scope_of(raw),
            tag=name,
            sha=text(table(tag.get("commit")).get("sha")),
            name=text(held.get("name")),
            release_id=text(held.get("id")),
            is_draft=held.get("draft") is True,
            is_prerelease=held.get("prerelease") is True,
            created_at=out.moment(held.get("created_at"), "created_at"),
            published_at=out.moment(held.get("published_at"), "published_at"),
            url=text(held.get("html_url")),
        )
    )


def deployment(raw: dict[str, Any], out: Out) -> None:
    """A commit put somewhere, in the state that was told last."""
    graphql = by_graphql(raw)
    id_ = id_of(raw)
    if not id_:
        out.broken("deployments", "a deployment without an id")
        return
    out.subject = f"deployment:{id_}"
    latest = table(raw.get("latestStatus" if graphql else "latest_status"))
    raw_state = lower(latest.get("state")) or lower(raw.get("state")) or "pending"
    state = _DEPLOYMENT_STATES.get(raw_state, DeploymentState.UNKNOWN)
    if state is DeploymentState.UNKNOWN:
        out.issue(
            "unknown-state",
            "state",
            raw_state,
            f"The state {raw_state!r} of this deployment is unknown to driftline. Report it to "
            "driftline's issue tracker.",
        )
    told = latest.get("createdAt" if graphql else "created_at")
    out.records.append(
        Deployment(
            source_id=id_,
            scope_id=scope_of(raw),
            sha=text(raw.get("commitOid" if graphql else "sha")),
            ref=text(table(raw.get("ref")).get("name")) if graphql else text(raw.get("ref")),
            environment=text(raw.get("environment")),
            state=state,
            raw_state=raw_state,
            created_at=out.moment(raw.get("createdAt" if graphql else "created_at"), "created_at"),
            finished_at=out.moment(told, "status created_at") if state in _ENDED else None,
            url=text(latest.get("environmentUrl" if graphql else "environment_url")) or None,
        )
    )


def required_checks(raw: dict[str, Any], out: Out) -> None:
    """What merging into a branch needs, from its protection and from rulesets."""
    branch = text(raw.get("branch"))
    if not branch:
        out.broken("required_checks", "required checks without a branch")
        return
    protection, rules = raw.get("protection"), raw.get("rules")
    names: set[str] = set()
    wanted = table(table(table(protection).get("protection")).get("required_status_checks"))
    names.update(found for one in items(wanted.get("contexts")) if (found := text(one)))
    for rule in items(rules):
        if table(rule).get("type") != "required_status_checks":
            continue
        parameters = table(table(rule).get("parameters"))
        for one in items(parameters.get("required_status_checks")):
            context = text(table(one).get("context"))
            if context:
                names.add(context)
    reasons = [why for part in (protection, rules) if (why := why_not(part)) is not None]
    state = HistoryState.COMPLETE
    if reasons:
        state = HistoryState.UNAVAILABLE if len(reasons) == 2 else HistoryState.PARTIAL
    out.records.append(
        RequiredChecks(
            scope_id=scope_of(raw),
            branch=branch,
            state=state,
            names=tuple(sorted(names)),
            reason="; ".join(reasons) or None,
        )
    )
