"""GitLab's issues: a work item as it stands now, from either API."""

import re
from typing import Any
from urllib.parse import urlsplit

from mappings import label_rules
from mappings.dates import local_date
from mappings.gitlab_out import Out, blocked, get, gid, is_private, rows
from mappings.records import WorkItem
from mappings.schema import StatusRule
from mappings.teams import team_of
from mappings.text import clean, identity, plain
from mappings.values import items, number, table, text, whole
from mappings.vocabulary import (
    HistoryState,
    ItemType,
    MilestoneKind,
    Priority,
    StatusCategory,
)

#: An issue's own page below its project's.
_PAGE = re.compile(r"^(.*?)/(?:-/)?(?:issues|work_items)/\d+$")
#: The only field that estimates in points.
_WEIGHT = "weight"
#: Begins the id of a status that a label stands for.
LABEL = "label:"
#: Where an issue went that was moved: it lives on in another project, this one was not done.
_MOVED = "moved"


def issue(raw: dict[str, Any], out: Out) -> None:
    """An issue and its people."""
    id_, iid = gid(raw.get("id")), text(raw.get("iid"))
    if not id_ or not iid:
        out.broken("issues", "an issue without id or number")
        return
    out.subject = f"work_item:{id_}"
    key = f"{project_path(raw, out)}#{iid}"
    labels = labels_of(raw, out)
    closed = text(raw.get("state")) == "closed"
    # GraphQL leaves out where it went if this token cannot see that, and says `moved` all the same.
    target = gid(raw.get("moved_to_id")) or gid(table(raw.get("movedTo")).get("id"))
    moved = target is not None or raw.get("moved") is True
    raw_status_id, rule, category = _status(raw, labels, moved, out)
    resolved = out.moment(get(raw, "closed_at", "closedAt"), "closed_at") if closed else None
    updated = out.moment(get(raw, "updated_at", "updatedAt"), "updated_at")
    created = out.moment(get(raw, "created_at", "createdAt"), "created_at")
    raw_type, item_type = _item_type(raw, labels, out)
    raw_priority, priority = _priority(raw, labels, out)
    points = number(raw.get(_WEIGHT))
    scope_id = gid(get(raw, "project_id", "projectId")) or ""
    digest, tokens = identity(plain(raw.get("description")))
    estimate = whole(
        table(raw.get("time_stats")).get("time_estimate")
        if "time_stats" in raw
        else raw.get("timeEstimate")
    )
    assigned = [out.account(one) for one in people(raw)]
    out.records.append(
        WorkItem(
            source_id=id_,
            key=key,
            scope_id=scope_id,
            item_type=item_type,
            raw_type=raw_type,
            status_category=category,
            raw_status=raw_status_id.removeprefix(LABEL) if raw_status_id else None,
            raw_status_id=raw_status_id,
            title=text(raw.get("title")) or "",
            created_at=created,
            updated_at=updated,
            waits_for=rule.waits_for if rule else None,
            code_complete=rule.code_complete if rule else False,
            resolution=_MOVED if closed and moved else None,
            resolved_at=resolved,
            priority=priority,
            raw_priority=raw_priority,
            estimate_points=points,
            # GitLab writes 0 where nobody has estimated.
            estimate_seconds=estimate or None,
            estimate_field=None if points is None else _WEIGHT,
            due_date=out.day(get(raw, "due_date", "dueDate"), "due_date"),
            assignee_id=next((one for one in assigned if one), None),
            reporter_id=out.account(raw.get("author")),
            team=team_of(
                out.mapping,
                labels=labels,
                project=(scope_id, project_path(raw, out)),
                # An item keeps the team it was finished in, whatever was reorganised since.
                day=local_date(resolved or updated or created, out.zone),
            ),
            labels=labels,
            milestones=_milestones(raw),
            text_hash=digest,
            text_tokens=tokens,
            restricted=raw.get("confidential") is True or is_private(raw),
            url=text(get(raw, "web_url", "webUrl")),
            history=HistoryState.NOT_FETCHED,
        )
    )
    blockers = rows(raw.get("blockedByIssues"))
    if blockers is not None:
        out.records.append(blocked(id_, blockers))


def project_path(raw: dict[str, Any], out: Out) -> str:
    """`group/project`, as the server names it now."""
    told = text(get(raw, "project_path", "projectPath"))
    if told:
        return told
    full = text(table(raw.get("references")).get("full"))
    if full:
        return re.split(r"[#!]", full)[0]
    page = text(get(raw, "web_url", "webUrl")) or ""
    found = _PAGE.match(page) or re.match(r"^(.*?)/(?:-/)?merge_requests/\d+$", page)
    if found is None:
        return gid(get(raw, "project_id", "projectId")) or ""
    base = out.lookups.base_url
    if base and found[1].startswith(f"{base}/"):
        return found[1][len(base) + 1 :]
    return urlsplit(found[1]).path.strip("/")


def labels_of(raw: dict[str, Any], out: Out) -> tuple[str, ...]:
    """Names of the labels in order; REST gives texts or objects, GraphQL a connection."""
    held = raw.get("labels")
    found = items(table(held).get("nodes")) if isinstance(held, dict) else items(held)
    ignored = out.mapping.ignored_labels
    names = {
        clean(name)
        for one in found
        if (name := one if isinstance(one, str) else text(get(table(one), "name", "title")))
    }
    return tuple(sorted(name for name in names if name.casefold() not in ignored))


def people(raw: dict[str, Any]) -> list[Any]:
    """Those assigned; older servers know one only."""
    held = raw.get("assignees")
    found = items(table(held).get("nodes")) if isinstance(held, dict) else items(held)
    return found or ([raw["assignee"]] if raw.get("assignee") else [])


def _status(
    raw: dict[str, Any], labels: tuple[str, ...], moved: bool, out: Out
) -> tuple[str | None, StatusRule | None, StatusCategory]:
    """Id of the status, the rule, and the category; a label speaks for an open issue."""
    state = text(raw.get("state"))
    if not state:
        out.issue("no-status", "state", None, "The server gave this issue without a state.")
        return None, None, StatusCategory.UNKNOWN
    rule = out.mapping.status(state, state, None)
    if rule is None:
        out.unmapped("status", "State", state, "in_progress")
    category = rule.category if rule else StatusCategory.UNKNOWN
    spoken = label_rules.status_of(labels, out.mapping)
    if category is StatusCategory.DONE:
        dropped = spoken is not None and spoken[1].category is StatusCategory.CANCELLED
        return state, rule, StatusCategory.CANCELLED if moved or dropped else category
    if spoken is not None:
        return label_id(spoken[0]), spoken[1], spoken[1].category
    return state, rule, category


def label_id(label: str) -> str:
    """Id of the status that a label stands for."""
    return f"{LABEL}{label}"


def _item_type(
    raw: dict[str, Any], labels: tuple[str, ...], out: Out
) -> tuple[str | None, ItemType]:
    """A label says more than the type, which is `issue` for nearly everything."""
    told = text(get(raw, "issue_type", "type"))
    name = told.lower() if told else None
    spoken = label_rules.type_of(labels, out.mapping)
    if spoken is not None:
        return name, spoken[1]
    if name is None:
        return None, ItemType.UNKNOWN
    found = out.mapping.item_types.get(name)
    if found is None:
        out.unmapped("item_type", "Issue type", name, "task")
        return name, ItemType.UNKNOWN
    return name, found


def _priority(
    raw: dict[str, Any], labels: tuple[str, ...], out: Out
) -> tuple[str | None, Priority]:
    spoken = label_rules.priority_of(labels, out.mapping)
    if spoken is not None:
        return spoken
    severity = (text(raw.get("severity")) or "unknown").lower()
    if severity == "unknown":
        return None, Priority.UNKNOWN
    found = out.mapping.priorities.get(severity)
    if found is None:
        out.unmapped("priority", "Severity", severity, "medium")
        return severity, Priority.UNKNOWN
    return severity, found


def _milestones(raw: dict[str, Any]) -> tuple[tuple[MilestoneKind, str], ...]:
    found = []
    for name, kind in (
        ("milestone", MilestoneKind.MILESTONE),
        ("iteration", MilestoneKind.ITERATION),
    ):
        id_ = gid(table(raw.get(name)).get("id"))
        if id_:
            found.append((kind, id_))
    return tuple(sorted(found))
