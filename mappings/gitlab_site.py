"""GitLab's small entities: states, projects, milestones, iterations."""

from typing import Any

from mappings.gitlab_issue import label_id
from mappings.gitlab_out import Out, gid
from mappings.records import Milestone, Scope, Status
from mappings.schema import StatusRule
from mappings.values import cut, table, text, whole
from mappings.vocabulary import MilestoneKind, MilestoneState, ScopeKind, StatusCategory

#: Longest description of a milestone that is kept.
_DESCRIPTION_LIMIT = 1000

_MILESTONE_STATES = {"active": MilestoneState.ACTIVE, "closed": MilestoneState.CLOSED}
#: By number (REST) and by name (GraphQL).
_ITERATION_STATES = {
    "1": MilestoneState.FUTURE,
    "upcoming": MilestoneState.FUTURE,
    "2": MilestoneState.ACTIVE,
    "current": MilestoneState.ACTIVE,
    "opened": MilestoneState.ACTIVE,
    "3": MilestoneState.CLOSED,
    "closed": MilestoneState.CLOSED,
}


def status(raw: dict[str, Any], out: Out) -> None:
    """A state of issues as mapped; `labels` brings the labels that stand for statuses."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("statuses", "a state without a name")
        return
    if id_ == "labels":
        rules: dict[str, StatusRule] = {}
        for one in (out.mapping, *out.mapping.projects.values()):
            for label, spoken in one.status_labels.items():
                rules.setdefault(label, spoken)
        out.records.extend(
            _status(label_id(label), label, "label", spoken) for label, spoken in rules.items()
        )
        return
    rule = out.mapping.status(id_, id_, None)
    if rule is None:
        out.unmapped("status", "State", id_, "in_progress")
    out.records.append(_status(id_, text(raw.get("name")) or id_, None, rule))


def _status(id_: str, name: str, category: str | None, rule: StatusRule | None) -> Status:
    return Status(
        source_id=id_,
        raw_name=name,
        raw_category=category,
        category=rule.category if rule else StatusCategory.UNKNOWN,
        waits_for=rule.waits_for if rule else None,
        code_complete=rule.code_complete if rule else False,
    )


def project(raw: dict[str, Any], out: Out) -> None:
    """A project."""
    id_ = gid(raw.get("id"))
    if not id_:
        out.broken("projects", "a project without an id")
        return
    out.records.append(
        Scope(
            source_id=id_,
            kind=ScopeKind.PROJECT,
            key=text(raw.get("path_with_namespace")),
            name=text(raw.get("name")),
            raw_type=text(raw.get("visibility")),
            archived=raw.get("archived") is True,
            url=text(raw.get("web_url")),
            default_branch=text(raw.get("default_branch")),
        )
    )


def milestone(raw: dict[str, Any], out: Out) -> None:
    """A milestone of a project or of a group; both count in one series of ids."""
    id_ = gid(raw.get("id"))
    if not id_:
        out.broken("milestones", "a milestone without an id")
        return
    out.subject = f"milestone:{id_}"
    raw_state = text(raw.get("state"))
    out.records.append(
        Milestone(
            source_id=id_,
            kind=MilestoneKind.MILESTONE,
            name=text(raw.get("title")) or id_,
            state=_state(raw_state, _MILESTONE_STATES, out),
            raw_state=raw_state,
            scope_id=_home(raw),
            start_date=out.day(raw.get("start_date"), "start_date"),
            due_date=out.day(raw.get("due_date"), "due_date"),
            description=cut(text(raw.get("description")), _DESCRIPTION_LIMIT),
            url=text(raw.get("web_url")),
        )
    )


def iteration(raw: dict[str, Any], out: Out) -> None:
    """An iteration; those of automatic cadences have no title, only dates."""
    id_ = gid(raw.get("id"))
    if not id_:
        out.broken("iterations", "an iteration without an id")
        return
    out.subject = f"iteration:{id_}"
    raw_state = text(raw.get("state"))
    start = out.day(raw.get("start_date"), "start_date")
    due = out.day(raw.get("due_date"), "due_date")
    dates = f"{start} to {due}" if start and due else None
    number = whole(raw.get("sequence"))
    out.records.append(
        Milestone(
            source_id=id_,
            kind=MilestoneKind.ITERATION,
            name=text(raw.get("title")) or dates or (f"Iteration {number}" if number else id_),
            state=_state(raw_state, _ITERATION_STATES, out),
            raw_state=raw_state,
            scope_id=_home(raw),
            start_date=start,
            due_date=due,
            description=cut(text(raw.get("description")), _DESCRIPTION_LIMIT),
            url=text(raw.get("web_url")),
        )
    )


def _home(raw: dict[str, Any]) -> str | None:
    """Id of the project; a group counts in a series of its own and is marked as one."""
    project_id = gid(raw.get("project_id"))
    if project_id:
        return project_id
    group = gid(raw.get("group_id")) or gid(table(raw.get("group")).get("id"))
    return f"group:{group}" if group else None


def _state(raw: str | None, known: dict[str, MilestoneState], out: Out) -> MilestoneState:
    found = known.get((raw or "").lower(), MilestoneState.UNKNOWN)
    if raw and found is MilestoneState.UNKNOWN:
        out.issue(
            "unknown-state",
            "state",
            raw,
            f"The state {raw!r} is unknown to driftline; it counts as open. Report it to "
            "driftline's issue tracker.",
        )
    return found
