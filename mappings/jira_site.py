"""Jira's small entities: fields, statuses, projects, boards, versions, sprints."""

from typing import Any

from mappings import jira_fields, sprint
from mappings.dates import local_date
from mappings.jira_out import Out
from mappings.records import Field, Milestone, Scope, ScopeEntity, Status
from mappings.text import clean
from mappings.values import cut, table, text
from mappings.vocabulary import MilestoneKind, MilestoneState, ScopeKind, StatusCategory

#: Longest description of a milestone that is kept.
_DESCRIPTION_LIMIT = 1000

_SPRINT_STATES = {
    "future": MilestoneState.FUTURE,
    "active": MilestoneState.ACTIVE,
    "closed": MilestoneState.CLOSED,
}


def field(raw: dict[str, Any], out: Out) -> None:
    """A field's definition, with what it is read for."""
    id_, name = text(raw.get("id")), text(raw.get("name"))
    if not id_:
        out.broken("fields", "a field without an id")
        return
    schema = table(raw.get("schema"))
    custom = text(schema.get("custom"))
    out.records.append(
        Field(
            source_id=id_,
            name=name or id_,
            raw_type=custom or text(schema.get("type")),
            role=jira_fields.role_of(
                id_, name or "", custom, out.mapping.points, out.mapping.flagged
            ),
        )
    )


def status(raw: dict[str, Any], out: Out) -> None:
    """A workflow status as mapped; the vendor's category stands where no line names it."""
    id_ = text(raw.get("id"))
    # In a translated Jira the original name says the same for everybody.
    name, original = text(raw.get("name")), text(raw.get("untranslatedName"))
    if not id_:
        out.broken("statuses", "a status without an id")
        return
    key = text(table(raw.get("statusCategory")).get("key"))
    rule = out.mapping.status(name, id_, None, key)
    if rule is None and original:
        rule = out.mapping.status(original, None, None, key)
    category = rule.category if rule else out.mapping.categories.get((key or "").casefold())
    out.records.append(
        Status(
            source_id=id_,
            raw_name=name or id_,
            raw_category=key,
            category=category or StatusCategory.UNKNOWN,
            waits_for=rule.waits_for if rule else None,
            code_complete=rule.code_complete if rule else False,
        )
    )
    if category is None:
        unmapped_status(out, name or id_)


def unmapped_status(out: Out, name: str) -> None:
    """Note a status that neither the mapping nor the vendor explains."""
    out.unmapped("status", "Status", name, "in_progress")


def project(raw: dict[str, Any], out: Out) -> None:
    """A project."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("projects", "a project without an id")
        return
    key = text(raw.get("key"))
    out.records.append(
        Scope(
            source_id=id_,
            kind=ScopeKind.PROJECT,
            key=key,
            name=text(raw.get("name")),
            raw_type=text(raw.get("projectTypeKey")),
            archived=raw.get("archived") is True,
            url=f"{out.lookups.base_url}/browse/{key}" if key else None,
        )
    )


def board(raw: dict[str, Any], out: Out) -> None:
    """A board and the project it stands in."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("boards", "a board without an id")
        return
    out.records.append(
        Scope(
            source_id=id_,
            kind=ScopeKind.BOARD,
            key=id_,
            name=text(raw.get("name")),
            parent_id=text(table(raw.get("location")).get("projectId")),
            raw_type=text(raw.get("type")),
        )
    )


def version(raw: dict[str, Any], out: Out) -> None:
    """A version of a project; `releaseDate` is its due date, also once it is released."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("versions", "a version without an id")
        return
    out.subject = f"version:{id_}"
    released, archived = raw.get("released") is True, raw.get("archived") is True
    state = MilestoneState.ACTIVE
    if released:
        state = MilestoneState.RELEASED
    elif archived:
        state = MilestoneState.ARCHIVED
    project_id = text(raw.get("projectId"))
    base = out.lookups.base_url
    out.records.append(
        Milestone(
            source_id=id_,
            kind=MilestoneKind.VERSION,
            name=text(raw.get("name")) or id_,
            state=state,
            raw_state="+".join(
                word for word, on in (("released", released), ("archived", archived)) if on
            )
            or "unreleased",
            scope_id=project_id,
            start_date=out.day(raw.get("startDate"), "startDate"),
            due_date=out.day(raw.get("releaseDate"), "releaseDate"),
            description=cut(text(raw.get("description")), _DESCRIPTION_LIMIT),
            url=f"{base}/projects/{project_id}/versions/{id_}" if project_id else None,
        )
    )


def listed_sprint(raw: dict[str, Any], out: Out) -> None:
    """A sprint in the listing of a board, which holds it whatever its home board is."""
    found = sprint.parse(raw)
    if found is None:
        out.broken("sprints", "a sprint without an id")
        return
    made = sprint_of(found, out)
    out.records.append(made)
    board_id = text(raw.get("boardId")) or text(raw.get("originBoardId"))
    if board_id:
        out.records.append(ScopeEntity(board_id, MilestoneKind.SPRINT.value, made.source_id))


def sprint_of(found: dict[str, str | None], out: Out) -> Milestone:
    """The milestone of a sprint's attributes, wherever they were written."""
    id_ = found["id"] or ""
    raw_state = found.get("state")
    state = _SPRINT_STATES.get((raw_state or "").casefold(), MilestoneState.UNKNOWN)
    subject, out.subject = out.subject, f"sprint:{id_}"
    start = out.moment(found.get("startDate"), "sprint startDate")
    end = out.moment(found.get("endDate"), "sprint endDate")
    activated = out.moment(found.get("activatedDate"), "sprint activatedDate")
    completed = out.moment(found.get("completeDate"), "sprint completeDate")
    if raw_state and state is MilestoneState.UNKNOWN:
        out.issue(
            "unknown-state",
            "state",
            raw_state,
            f"The state {raw_state!r} of this sprint is unknown to driftline; it counts as open. "
            "Report it to driftline's issue tracker.",
        )
    out.subject = subject
    begun = activated or (start if state is not MilestoneState.FUTURE else None)
    return Milestone(
        source_id=id_,
        kind=MilestoneKind.SPRINT,
        name=clean(found.get("name") or id_),
        state=state,
        raw_state=raw_state,
        scope_id=found.get("originBoardId") or found.get("rapidViewId") or found.get("boardId"),
        start_date=local_date(start, out.zone),
        due_date=local_date(end, out.zone),
        started_at=begun,
        finished_at=completed,
        planned_start_at=start,
        planned_end_at=end,
        description=cut(text(found.get("goal")), _DESCRIPTION_LIMIT),
    )
