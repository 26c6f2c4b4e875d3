"""GitHub's issues: a work item as it stands now, from either API."""

from typing import Any

from mappings import label_rules
from mappings.dates import local_date
from mappings.github_out import (
    Out,
    blocked,
    by_graphql,
    id_of,
    is_private,
    labels_of,
    lower,
    milestone_of,
    name_of,
    nodes,
    scope_of,
)
from mappings.records import WorkItem
from mappings.schema import StatusRule
from mappings.teams import team_of
from mappings.text import identity
from mappings.values import table, text
from mappings.vocabulary import (
    HistoryState,
    ItemType,
    MilestoneKind,
    Priority,
    StatusCategory,
)

#: REST: the address of an issue, of which its key is the end.
_REPOS = "/repos/"


def issue(raw: dict[str, Any], out: Out) -> None:
    """An issue and its people; a pull request among the issues is left to the stream of changes."""
    named = table(raw.get("pull_request"))
    # Servers of old name an empty one in every issue.
    if named.get("url") or named.get("html_url"):
        return
    id_, number = id_of(raw), text(raw.get("number"))
    if not id_ or not number:
        out.broken("issues", "an issue without id or number")
        return
    graphql = by_graphql(raw)
    out.subject = f"work_item:{id_}"
    scope_id, name = scope_of(raw), name_of(raw)
    labels = labels_of(raw, out)
    status_id, raw_status, rule = _status(raw, labels, out)
    resolution = status_id.partition(":")[2] if status_id.startswith("closed:") else None
    created = out.moment(raw.get("createdAt" if graphql else "created_at"), "created_at")
    updated = out.moment(raw.get("updatedAt" if graphql else "updated_at"), "updated_at")
    closed = out.moment(raw.get("closedAt" if graphql else "closed_at"), "closed_at")
    resolved = closed if status_id.startswith("closed") else None
    raw_type, item_type = _item_type(raw, labels, out)
    spoken = label_rules.priority_of(labels, out.mapping)
    milestone = milestone_of(raw)
    digest, tokens = identity(text(raw.get("body")) or None)
    assigned = [out.account(one) for one in nodes(raw.get("assignees"))]
    out.records.append(
        WorkItem(
            source_id=id_,
            key=f"{name}#{number}",
            scope_id=scope_id,
            item_type=item_type,
            raw_type=raw_type,
            status_category=rule.category if rule else StatusCategory.UNKNOWN,
            raw_status=raw_status,
            raw_status_id=status_id,
            title=text(raw.get("title")) or "",
            created_at=created,
            updated_at=updated,
            waits_for=rule.waits_for if rule else None,
            code_complete=rule.code_complete if rule else False,
            resolution=resolution,
            resolved_at=resolved,
            priority=spoken[1] if spoken else Priority.UNKNOWN,
            raw_priority=spoken[0] if spoken else None,
            assignee_id=next((one for one in assigned if one), None),
            reporter_id=out.account(raw.get("author" if graphql else "user")),
            parent_id=_parent(raw),
            team=team_of(
                out.mapping,
                labels=labels,
                project=(scope_id, name),
                # An item keeps the team it was finished in, whatever was reorganised since.
                day=local_date(resolved or updated or created, out.zone),
            ),
            labels=labels,
            milestones=((MilestoneKind.MILESTONE, milestone),) if milestone else (),
            text_hash=digest,
            text_tokens=tokens,
            restricted=is_private(raw),
            url=text(raw.get("url" if graphql else "html_url")),
            history=HistoryState.NOT_FETCHED,
        )
    )
    if "blockedBy" in raw:
        # By REST it comes with the history.
        out.records.append(blocked(id_, nodes(raw["blockedBy"])))


def state_id(state: str | None, reason: str | None) -> str:
    """Id of a state: `open`, `closed`, `closed:completed`."""
    if state != "closed":
        return state or ""
    return f"closed:{reason}" if reason and reason != "reopened" else "closed"


def label_id(label: str) -> str:
    """Id of the status that a label stands for."""
    return f"label:{label}"


def rule_of(status_id: str, out: Out) -> StatusRule | None:
    """What the mapping says of a state; `closed` stands for every reason it does not name."""
    rule = out.mapping.status(None, status_id, None)
    if rule is None and status_id.startswith("closed:"):
        rule = out.mapping.status(None, "closed", None)
    return rule


def _status(
    raw: dict[str, Any], labels: tuple[str, ...], out: Out
) -> tuple[str, str | None, StatusRule | None]:
    """(id, what people call it, rule); a label speaks for an open issue."""
    by_api = "stateReason" if by_graphql(raw) else "state_reason"
    state = lower(raw.get("state"))
    found = state_id(state, lower(raw.get(by_api)))
    if not found:
        out.issue("no-status", "state", None, "The server gave this issue without a state.")
        return "", None, None
    if state == "open":
        spoken = label_rules.status_of(labels, out.mapping)
        if spoken is not None:
            return label_id(spoken[0]), spoken[0], spoken[1]
    rule = rule_of(found, out)
    if rule is None:
        out.unmapped("status", "State", found, "in_progress")
    return found, found, rule


def _item_type(
    raw: dict[str, Any], labels: tuple[str, ...], out: Out
) -> tuple[str | None, ItemType]:
    """The issue's own type, which organisations define; else what its labels say."""
    held = table(raw.get("issueType") if by_graphql(raw) else raw.get("type"))
    name = text(held.get("name"))
    if name is not None:
        found = out.mapping.item_types.get(name.casefold())
        if found is not None:
            return name, found
    spoken = label_rules.type_of(labels, out.mapping)
    if spoken is not None:
        return name or spoken[0], spoken[1]
    if name is not None:
        out.unmapped("item_type", "Issue type", name, "task")
    return name, ItemType.UNKNOWN


def _parent(raw: dict[str, Any]) -> str | None:
    """Id of the parent; REST gives its address only, so `key:owner/name#7`."""
    if by_graphql(raw):
        return id_of(table(raw.get("parent"))) if raw.get("parent") else None
    parent = text(raw.get("parent_issue_url")) or ""
    path, _, number = parent.partition(_REPOS)[2].partition("/issues/")
    return f"key:{path}#{number}" if path and number.isdecimal() else None
