"""Jira's issues: a work item as it stands now, its people, sprints, links and inline history."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from mappings import jira_history, sprint
from mappings.dates import local_date
from mappings.jira_fields import MEMORY, FieldPlan
from mappings.jira_out import Out
from mappings.jira_site import sprint_of, unmapped_status
from mappings.records import Link, Links, Milestone, WorkItem
from mappings.schema import LinkRule, StatusRule
from mappings.teams import team_of
from mappings.text import clean, identity, plain
from mappings.values import items, names, number, table, text, whole
from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    LinkKind,
    MilestoneKind,
    Priority,
    StatusCategory,
)

_NO_LINK = LinkRule(LinkKind.UNKNOWN)


def issue(raw: dict[str, Any], out: Out) -> None:
    """An issue with what comes along in it."""
    id_, key = text(raw.get("id")), text(raw.get("key"))
    fields = raw.get("fields")
    if not id_ or not key or not isinstance(fields, dict):
        out.broken("issues", "an issue without id, key or fields")
        return
    out.subject = f"work_item:{id_}"
    get = fields.get
    type_name, item_type = _item_type(table(get("issuetype")), out)
    status = table(get("status"))
    rule, category = _status(status, type_name, out)
    resolution = text(table(get("resolution")).get("name"))
    if category is StatusCategory.DONE and _cancelled(table(get("resolution")), out):
        category = StatusCategory.CANCELLED
    raw_priority, priority = _priority(table(get("priority")), out)
    points, points_field = _points(fields, out)
    text_hash, tokens = identity(plain(get("description")))
    ignored = out.mapping.ignored_labels
    labels = tuple(
        clean(one)
        for one in items(get("labels"))
        if isinstance(one, str) and not (ignored and one.casefold() in ignored)
    )
    components = tuple(names(get("components")))
    project = table(get("project"))
    resolved = out.moment(get("resolutiondate"), "resolutiondate")
    updated = out.moment(get("updated"), "updated")
    created = out.moment(get("created"), "created")
    history = jira_history.inline(raw, id_, out)
    called = _team_names(fields, out.plan)
    item = WorkItem(
        source_id=id_,
        key=key,
        scope_id=text(project.get("id")) or "",
        item_type=item_type,
        raw_type=type_name,
        status_category=category,
        raw_status=text(status.get("name")),
        raw_status_id=text(status.get("id")),
        title=text(get("summary")) or "",
        created_at=created,
        updated_at=updated,
        waits_for=rule.waits_for if rule else None,
        code_complete=rule.code_complete if rule else False,
        resolution=resolution,
        resolved_at=resolved,
        priority=priority,
        raw_priority=raw_priority,
        estimate_points=points,
        estimate_seconds=whole(get("timeoriginalestimate")),
        estimate_field=points_field,
        due_date=out.day(get("duedate"), "duedate"),
        assignee_id=out.account(get("assignee")),
        reporter_id=out.account(get("reporter")),
        parent_id=_parent(fields, out.plan),
        team=_team(
            called,
            labels,
            components,
            project,
            # An item keeps the team it was finished in, whatever was reorganised since.
            resolved or updated or created,
            out,
        ),
        labels=labels,
        components=components,
        milestones=_milestones(fields, out),
        text_hash=text_hash,
        text_tokens=tokens,
        restricted=get("security") is not None,
        url=f"{out.lookups.base_url}/browse/{key}",
        history=HistoryState.NOT_FETCHED if history is None else history.state,
        raw_teams=called,
    )
    if history is not None:
        former = {
            event.old_text: None
            for event in history.events
            if event.field is EventField.KEY and event.old_text and event.old_text != key
        }
        if former:
            item = replace(item, former_keys=tuple(former))
    out.records.append(item)
    if history is not None:
        out.records.append(history)
    if "issuelinks" in fields:
        out.records.append(Links(id_, _links(get("issuelinks"), id_, out)))


def _item_type(raw: dict[str, Any], out: Out) -> tuple[str | None, ItemType]:
    name, id_ = text(raw.get("name")), text(raw.get("id"))
    if name is None:
        out.issue("no-type", "issuetype", None, "This item has no type. Give it one in Jira.")
        return None, ItemType.UNKNOWN
    known = out.mapping.item_types
    found = known.get(id_ or "") or known.get(name.casefold())
    # A task inside another item, whatever it is called ("Technical task").
    if raw.get("subtask") is True and found in (None, ItemType.TASK):
        found = ItemType.SUBTASK
    level = raw.get("hierarchyLevel")
    if found is None and isinstance(level, int) and level >= 1:
        found = ItemType.EPIC
    if found is None:
        out.unmapped("item_type", "Issue type", name, "task")
        return name, ItemType.UNKNOWN
    return name, found


def _status(
    raw: dict[str, Any], type_name: str | None, out: Out
) -> tuple[StatusRule | None, StatusCategory]:
    """The mapping wins; else the vendor's own category; else it is unknown, and said so."""
    id_, name = text(raw.get("id")), text(raw.get("name"))
    if not id_ and not name:
        out.issue("no-status", "status", None, "The server gave this item without a status.")
        return None, StatusCategory.UNKNOWN
    vendor = text(table(raw.get("statusCategory")).get("key"))
    rule = out.mapping.status(name, id_, type_name, vendor)
    if rule is not None:
        return rule, rule.category
    category = out.mapping.categories.get((vendor or "").casefold())
    if category is None:
        unmapped_status(out, name or id_ or "")
        return None, StatusCategory.UNKNOWN
    return None, category


def _cancelled(resolution: dict[str, Any], out: Out) -> bool:
    """Whether the resolution says that the item was dropped; without a line it counts as done."""
    name = text(resolution.get("name"))
    known = out.mapping.cancelled
    for one in (text(resolution.get("id")), name):
        found = known.get(one.casefold()) if one else None
        if found is not None:
            return found
    if name:
        out.unmapped("resolution", "Resolution", name, "done")
    return False


def _priority(raw: dict[str, Any], out: Out) -> tuple[str | None, Priority]:
    name, id_ = text(raw.get("name")), text(raw.get("id"))
    if name is None:
        return None, Priority.UNKNOWN
    known = out.mapping.priorities
    found = known.get(id_ or "") or known.get(name.casefold())
    if found is None:
        out.unmapped("priority", "Priority", name, "medium")
        return name, Priority.UNKNOWN
    return name, found


def _points(fields: dict[str, Any], out: Out) -> tuple[float | None, str | None]:
    """The first estimate field that holds a number, in the mapping's order of preference."""
    chosen: tuple[float, str] | None = None
    called = out.plan.names
    for id_ in out.plan.points:
        value = fields.get(id_)
        if value is None:
            continue
        found = number(value)
        if found is None:
            out.issue(
                "bad-estimate",
                id_,
                value,
                f"{called.get(id_, id_)} holds no number and is left empty. Correct it in Jira, or "
                "take the field out of `[fields] points`.",
            )
        elif chosen is None:
            chosen = (found, id_)
        elif chosen[0] != found:
            out.issue(
                "estimate-conflict",
                id_,
                value,
                f"{called.get(chosen[1], chosen[1])} says {chosen[0]:g} and "
                f"{called.get(id_, id_)} says {found:g}; the first is used. Name the right one "
                "first in `[fields] points`.",
            )
    return (None, None) if chosen is None else chosen


def _parent(fields: dict[str, Any], plan: FieldPlan) -> str | None:
    """Id of the parent or epic; `key:ABC-1` where the server gives a key only."""
    for name in ("parent", *plan.epic):
        value = fields.get(name)
        if isinstance(value, dict):
            id_, key = text(value.get("id")), text(value.get("key"))
            if id_:
                return id_
            if key:
                return f"key:{key}"
        elif isinstance(value, str) and value:
            # The epic link of Data Center holds a key.
            return f"key:{clean(value)}"
    # Answers of the boards' API carry the epic under a name of its own.
    epic = fields.get("epic")
    return text(epic.get("id")) if isinstance(epic, dict) else None


def _milestones(fields: dict[str, Any], out: Out) -> tuple[tuple[MilestoneKind, str], ...]:
    """Versions it is planned for now, and every sprint it is or was listed in."""
    found: dict[tuple[MilestoneKind, str], None] = {}
    for version in items(fields.get("fixVersions")):
        id_ = text(table(version).get("id"))
        if id_:
            found[MilestoneKind.VERSION, id_] = None
    for field_id in out.plan.sprint:
        value = fields.get(field_id)
        if value is None:
            continue
        for one in value if isinstance(value, list) else (value,):
            if one is None:
                continue
            id_, mentioned = _sprint(field_id, one, out)
            if id_ is not None:
                found[MilestoneKind.SPRINT, id_] = None
            if mentioned is not None:
                out.records.append(mentioned)
    return tuple(sorted(found))


def _sprint(field_id: str, value: Any, out: Out) -> tuple[str | None, Milestone | None]:
    """Id of a mentioned sprint, and what the mention says of it.

    Thousands of issues mention the same sprints in the same words: each is read once.
    """
    written = value if isinstance(value, str) else repr(value)
    held = out.plan.mentions.get(written)
    if held is not None:
        return held
    parsed = sprint.parse(value)
    if parsed is None:
        out.issue(
            "bad-sprint",
            field_id,
            value,
            "A sprint of this item has no id and is left out. Look at the item in Jira.",
        )
        return None, None
    before = len(out.records)
    made = sprint_of(parsed, out) if parsed.get("name") else None
    id_ = parsed["id"] or ""
    if len(out.records) == before and len(out.plan.mentions) < MEMORY:
        out.plan.mentions[written] = (id_, made)
    return id_, made


def _team(
    called: tuple[str, ...],
    labels: tuple[str, ...],
    components: tuple[str, ...],
    project: dict[str, Any],
    at: datetime | None,
    out: Out,
) -> str | None:
    """The first rule in force that matches; else what the vendor's team field says."""
    return team_of(
        out.mapping,
        components=components,
        labels=labels,
        called=called,
        project=[one for name in ("key", "id") if (one := text(project.get(name)))],
        day=local_date(at, out.zone) if out.mapping.teams else None,
    )


def _team_names(fields: dict[str, Any], plan: FieldPlan) -> tuple[str, ...]:
    """Names and ids in the team fields, the most readable of each first."""
    if not plan.team:
        return ()
    found: list[str] = []
    for id_ in plan.team:
        value = fields.get(id_)
        if value is None:
            continue
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, dict):
                keys = ("name", "title", "value", "id")
                found.extend(name for key in keys if (name := text(one.get(key))))
            elif name := text(one):
                found.append(name)
    return tuple(found)


def _links(value: Any, id_: str, out: Out) -> tuple[Link, ...]:
    found: list[Link] = []
    for raw in items(value):
        link = table(raw)
        name = text(table(link.get("type")).get("name"))
        outward = table(link.get("outwardIssue"))
        other = outward or table(link.get("inwardIssue"))
        other_id, link_id = text(other.get("id")), text(link.get("id"))
        if not other_id or not link_id or not name:
            out.issue(
                "bad-link",
                "issuelinks",
                link_id,
                "A link of this item lacks its id, its type or its other end (it may be hidden "
                "from this account) and is left out.",
            )
            continue
        rule = out.mapping.links.get(name.casefold())
        if rule is None:
            out.unmapped("link", "Link type", name, "relates")
            rule = _NO_LINK
        # Both ends declare a link; the outward side is the one the relation is read from.
        forward = bool(outward) is not rule.reverse
        from_id, to_id = (id_, other_id) if forward else (other_id, id_)
        to_key = text(other.get("key")) if forward else None
        found.append(Link(link_id, from_id, to_id, rule.kind, name, to_key))
    return tuple(found)


def remote_links(raw: dict[str, Any], out: Out) -> None:
    """Web links of an item; where they lead is kept, not what stands there."""
    id_ = text(raw.get("issueId"))
    if not id_:
        out.broken("remote_links", "links without an issue id")
        return
    found: list[Link] = []
    for one in raw.get("links") or ():
        if not isinstance(one, dict):
            continue
        target = one.get("object")
        url = text(target.get("url")) if isinstance(target, dict) else None
        link_id = text(one.get("globalId")) or text(one.get("id"))
        if url and link_id:
            said = text(one.get("relationship")) or "web link"
            found.append(Link(link_id, id_, url, LinkKind.MENTIONS, said, method="remote_link"))
    out.records.append(Links(id_, tuple(found), method="remote_link"))
