"""Jira's JSON to normalized records; pure: the same payload gives the same records."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from mappings import jira_fields, sprint
from mappings.dates import calendar, instant, local_date
from mappings.jira_fields import FieldPlan
from mappings.records import (
    Account,
    DataIssue,
    Field,
    FieldEvent,
    History,
    Link,
    Links,
    Lookups,
    Milestone,
    Record,
    Scope,
    ScopeEntity,
    Status,
    WorkItem,
)
from mappings.schema import MappingTable
from mappings.text import clean, identity, plain
from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    LinkKind,
    MilestoneKind,
    MilestoneState,
    Priority,
    ScopeKind,
    StatusCategory,
)

#: Longest text of a field that is kept with an event.
TEXT_LIMIT = 255

_BY_ID = frozenset(
    {
        EventField.STATUS,
        EventField.VERSION,
        EventField.PARENT,
        EventField.ASSIGNEE,
        EventField.PRIORITY,
        EventField.TYPE,
        EventField.RESOLUTION,
        EventField.PROJECT,
    }
)


def normalize(
    stream: str, payload: bytes, mapping: MappingTable, lookups: Lookups
) -> Sequence[Record]:
    """Records of one payload. What is not understood becomes a `DataIssue`; never raises."""
    try:
        raw = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return (_broken(stream, "the payload is not JSON"),)
    make = _STREAMS.get(stream)
    if make is None:
        return ()
    if not isinstance(raw, dict):
        return (_broken(stream, "the payload is not an object"),)
    out = _Out(mapping, lookups)
    make(raw, out)
    return out.records


def build_lookups(
    fields: Iterable[Field],
    statuses: Iterable[Status],
    *,
    mapping: MappingTable,
    extra: dict[str, Any],
    time_zone: str,
    base_url: str,
) -> Lookups:
    """A snapshot of what normalizing consults; `extra["plan"]` is the `FieldPlan`."""
    held = list(fields)
    return Lookups(
        fields={one.source_id: one for one in held},
        statuses={one.source_id: one for one in statuses},
        extra={
            **extra,
            "plan": jira_fields.plan(held, mapping.points),
            "zone": ZoneInfo(time_zone),
        },
        time_zone=time_zone,
        base_url=base_url.rstrip("/"),
    )


class _Out:
    """Records made so far, and what making them needs."""

    __slots__ = ("accounts", "lookups", "mapping", "records", "subject", "zone")

    def __init__(self, mapping: MappingTable, lookups: Lookups) -> None:
        self.mapping, self.lookups = mapping, lookups
        self.records: list[Record] = []
        self.accounts: set[str] = set()
        self.subject = ""
        self.zone: ZoneInfo = lookups.extra.get("zone") or ZoneInfo(lookups.time_zone)

    @property
    def plan(self) -> FieldPlan:
        found: FieldPlan | None = self.lookups.extra.get("plan")
        return found if found is not None else FieldPlan()

    def issue(self, kind: str, field: str, raw: Any, message: str) -> None:
        self.records.append(DataIssue(kind, self.subject, field, _text(raw), message))

    def unmapped(self, table: str, what: str, raw: str, line: str) -> None:
        """One issue per value, not per item, with the line to add."""
        self.records.append(
            DataIssue(
                kind=f"unmapped-{table}",
                subject=f"{table}:{raw}",
                field=table,
                raw_value=raw,
                message=f"{what} {raw!r} has no meaning yet. Add to the mapping file: {line}",
            )
        )

    def moment(self, value: Any, field: str) -> datetime | None:
        if value is None or value == "":
            return None
        found = instant(value)
        if found is None:
            self.issue("bad-date", field, value, f"{field} is no usable instant; it is left empty.")
        return found

    def day(self, value: Any, field: str) -> date | None:
        if value is None or value == "":
            return None
        found = calendar(value)
        if found is None:
            self.issue("bad-date", field, value, f"{field} is no usable date; it is left empty.")
        return found


def _broken(stream: str, why: str) -> DataIssue:
    return DataIssue(
        kind="bad-payload", subject=stream, message=f"A record of {stream} is unusable: {why}."
    )


# --- small entities ---------------------------------------------------------------------------


def _field(raw: dict[str, Any], out: _Out) -> None:
    id_, name = _text(raw.get("id")), _text(raw.get("name"))
    if not id_:
        out.records.append(_broken("fields", "a field without an id"))
        return
    schema = _dict(raw.get("schema"))
    custom = _text(schema.get("custom"))
    out.records.append(
        Field(
            source_id=id_,
            name=name or id_,
            raw_type=custom or _text(schema.get("type")),
            role=jira_fields.role_of(id_, name or "", custom, out.mapping.points),
        )
    )


def _status(raw: dict[str, Any], out: _Out) -> None:
    id_, name = _text(raw.get("id")), _text(raw.get("name"))
    if not id_:
        out.records.append(_broken("statuses", "a status without an id"))
        return
    key = _text(_dict(raw.get("statusCategory")).get("key"))
    rule = out.mapping.status(name, id_, None)
    category = rule.category if rule else out.mapping.categories.get(key or "")
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
        _unmapped_status(out, name or id_)


def _unmapped_status(out: _Out, name: str) -> None:
    out.unmapped("status", "Status", name, f'[status] "{name}" = "in_progress"')


def _project(raw: dict[str, Any], out: _Out) -> None:
    id_ = _text(raw.get("id"))
    if not id_:
        out.records.append(_broken("projects", "a project without an id"))
        return
    key = _text(raw.get("key"))
    out.records.append(
        Scope(
            source_id=id_,
            kind=ScopeKind.PROJECT,
            key=key,
            name=_text(raw.get("name")),
            raw_type=_text(raw.get("projectTypeKey")),
            archived=raw.get("archived") is True,
            url=f"{out.lookups.base_url}/browse/{key}" if key else None,
        )
    )


def _board(raw: dict[str, Any], out: _Out) -> None:
    id_ = _text(raw.get("id"))
    if not id_:
        out.records.append(_broken("boards", "a board without an id"))
        return
    out.records.append(
        Scope(
            source_id=id_,
            kind=ScopeKind.BOARD,
            key=id_,
            name=_text(raw.get("name")),
            parent_id=_text(_dict(raw.get("location")).get("projectId")),
            raw_type=_text(raw.get("type")),
        )
    )


def _version(raw: dict[str, Any], out: _Out) -> None:
    id_ = _text(raw.get("id"))
    if not id_:
        out.records.append(_broken("versions", "a version without an id"))
        return
    out.subject = f"version:{id_}"
    released, archived = raw.get("released") is True, raw.get("archived") is True
    state = MilestoneState.ACTIVE
    if released:
        state = MilestoneState.RELEASED
    elif archived:
        state = MilestoneState.ARCHIVED
    project = _text(raw.get("projectId"))
    out.records.append(
        Milestone(
            source_id=id_,
            kind=MilestoneKind.VERSION,
            name=_text(raw.get("name")) or id_,
            state=state,
            raw_state="+".join(
                word for word, on in (("released", released), ("archived", archived)) if on
            )
            or "unreleased",
            scope_id=project,
            start_date=out.day(raw.get("startDate"), "startDate"),
            due_date=out.day(raw.get("releaseDate"), "releaseDate"),
            description=_cut(_text(raw.get("description"))),
            url=f"{out.lookups.base_url}/projects/{project}/versions/{id_}" if project else None,
        )
    )


_SPRINT_STATES = {
    "future": MilestoneState.FUTURE,
    "active": MilestoneState.ACTIVE,
    "closed": MilestoneState.CLOSED,
}


def _sprint_listed(raw: dict[str, Any], out: _Out) -> None:
    found = sprint.parse(raw)
    if found is None:
        out.records.append(_broken("sprints", "a sprint without an id"))
        return
    made = _sprint(found, out)
    out.records.append(made)
    board = raw.get("boardId") or raw.get("originBoardId")
    if board is not None:
        out.records.append(ScopeEntity(str(board), MilestoneKind.SPRINT.value, made.source_id))


def _sprint(found: dict[str, str | None], out: _Out) -> Milestone:
    id_ = found["id"] or ""
    raw_state = found.get("state")
    state = _SPRINT_STATES.get((raw_state or "").casefold(), MilestoneState.UNKNOWN)
    start = out.moment(found.get("startDate"), "sprint startDate")
    end = out.moment(found.get("endDate"), "sprint endDate")
    activated = out.moment(found.get("activatedDate"), "sprint activatedDate")
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
        finished_at=out.moment(found.get("completeDate"), "sprint completeDate"),
        planned_start_at=start,
        planned_end_at=end,
        description=_cut(_text(found.get("goal"))),
    )


# --- work items -------------------------------------------------------------------------------


def _issue(raw: dict[str, Any], out: _Out) -> None:
    id_, key = _text(raw.get("id")), _text(raw.get("key"))
    fields = raw.get("fields")
    if not id_ or not key or not isinstance(fields, dict):
        out.records.append(_broken("issues", "an issue without id, key or fields"))
        return
    out.subject = f"work_item:{id_}"
    get = fields.get
    mapping, plan = out.mapping, out.plan
    type_name, item_type = _item_type(_dict(get("issuetype")), out)
    status = _dict(get("status"))
    status_id, status_name = _text(status.get("id")), _text(status.get("name"))
    rule = mapping.status(status_name, status_id, type_name)
    category = (
        rule.category
        if rule
        else mapping.categories.get(_text(_dict(status.get("statusCategory")).get("key")) or "")
    )
    if category is None:
        category = StatusCategory.UNKNOWN
        _unmapped_status(out, status_name or status_id or "")
    resolution = _text(_dict(get("resolution")).get("name"))
    if (
        category is StatusCategory.DONE
        and resolution is not None
        and mapping.cancelled.get(resolution.casefold(), False)
    ):
        category = StatusCategory.CANCELLED
    raw_priority, priority = _priority(_dict(get("priority")), out)
    points, points_field = _points(fields, plan, out)
    description = plain(get("description"))
    text_hash, tokens = identity(description)
    labels = tuple(clean(one) for one in _list(get("labels")) if isinstance(one, str))
    components = tuple(_names(get("components")))
    project = _dict(get("project"))
    history = _inline_history(raw, id_, out)
    created = out.moment(get("created"), "created")
    out.records.append(
        WorkItem(
            source_id=id_,
            key=key,
            scope_id=_text(project.get("id")) or "",
            item_type=item_type,
            raw_type=type_name,
            status_category=category,
            raw_status=status_name,
            raw_status_id=status_id,
            title=_text(get("summary")) or "",
            created_at=created,
            updated_at=out.moment(get("updated"), "updated"),
            waits_for=rule.waits_for if rule else None,
            code_complete=rule.code_complete if rule else False,
            resolution=resolution,
            resolved_at=out.moment(get("resolutiondate"), "resolutiondate"),
            priority=priority,
            raw_priority=raw_priority,
            estimate_points=points,
            estimate_seconds=_whole(get("timeoriginalestimate")),
            estimate_field=points_field,
            due_date=out.day(get("duedate"), "duedate"),
            assignee_id=_account(get("assignee"), out),
            reporter_id=_account(get("reporter"), out),
            parent_id=_parent(fields, plan),
            team=_team(fields, labels, components, project, created, out),
            labels=labels,
            components=components,
            milestones=_milestones(fields, plan, out),
            text_hash=text_hash,
            text_tokens=tokens,
            restricted=get("security") is not None,
            url=f"{out.lookups.base_url}/browse/{key}",
            history=history.state if history else HistoryState.NOT_FETCHED,
            history_reason=history.reason if history else None,
        )
    )
    if history is not None:
        out.records.append(history)
    if "issuelinks" in fields:
        out.records.append(Links(id_, _links(get("issuelinks"), id_, out)))


def _item_type(raw: dict[str, Any], out: _Out) -> tuple[str | None, ItemType]:
    name = _text(raw.get("name"))
    if name is None:
        return None, ItemType.UNKNOWN
    found = out.mapping.item_types.get(name.casefold())
    if found is None and raw.get("subtask") is True:
        found = ItemType.SUBTASK
    if found is None and isinstance(raw.get("hierarchyLevel"), int) and raw["hierarchyLevel"] >= 1:
        found = ItemType.EPIC
    if found is None:
        out.unmapped("item_type", "Issue type", name, f'[item_type] "{name}" = "task"')
        return name, ItemType.UNKNOWN
    return name, found


def _priority(raw: dict[str, Any], out: _Out) -> tuple[str | None, Priority]:
    name = _text(raw.get("name"))
    if name is None:
        return None, Priority.UNKNOWN
    found = out.mapping.priorities.get(name.casefold())
    if found is None:
        out.unmapped("priority", "Priority", name, f'[priority] "{name}" = "medium"')
        return name, Priority.UNKNOWN
    return name, found


def _points(fields: dict[str, Any], plan: FieldPlan, out: _Out) -> tuple[float | None, str | None]:
    chosen: tuple[float, str] | None = None
    for id_ in plan.points:
        value = fields.get(id_)
        if value is None:
            continue
        number = _number(value)
        if number is None:
            out.issue("bad-estimate", id_, value, f"{id_} holds no number; it is left empty.")
        elif chosen is None:
            chosen = (number, id_)
        elif chosen[0] != number:
            out.issue(
                "estimate-conflict",
                id_,
                value,
                f"{plan.names.get(chosen[1], chosen[1])} says {chosen[0]:g} and "
                f"{plan.names.get(id_, id_)} says {number:g}; the first is used. Name the right "
                "one first in `[fields] points`.",
            )
    return chosen if chosen is not None else (None, None)


def _parent(fields: dict[str, Any], plan: FieldPlan) -> str | None:
    parent = _dict(fields.get("parent"))
    found = _text(parent.get("id"))
    if found:
        return found
    for id_ in plan.epic:
        # The epic link holds a key on Data Center: an id only where the server gives an object.
        value = fields.get(id_)
        if isinstance(value, dict) and value.get("id"):
            return _text(value["id"])
        if isinstance(value, str) and value:
            return f"key:{value}"
    return None


def _milestones(
    fields: dict[str, Any], plan: FieldPlan, out: _Out
) -> tuple[tuple[MilestoneKind, str], ...]:
    found: dict[tuple[MilestoneKind, str], None] = {}
    for version in _list(fields.get("fixVersions")):
        id_ = _text(_dict(version).get("id"))
        if id_:
            found[MilestoneKind.VERSION, id_] = None
    for field_id in plan.sprint:
        value = fields.get(field_id)
        for one in value if isinstance(value, list) else [value]:
            if one is None:
                continue
            parsed = sprint.parse(one)
            if parsed is None:
                out.issue("bad-sprint", field_id, one, "A sprint of this item has no id.")
                continue
            found[MilestoneKind.SPRINT, parsed["id"] or ""] = None
            if parsed.get("name"):
                out.records.append(_sprint(parsed, out))
    return tuple(sorted(found))


def _team(
    fields: dict[str, Any],
    labels: tuple[str, ...],
    components: tuple[str, ...],
    project: dict[str, Any],
    created: datetime | None,
    out: _Out,
) -> str | None:
    names = _team_names(fields, out.plan)
    day = local_date(created, out.zone)
    for rule in out.mapping.teams:
        if rule.component is not None and rule.component not in components:
            continue
        if rule.label is not None and rule.label not in labels:
            continue
        if rule.project is not None and rule.project != project.get("key"):
            continue
        if rule.field is not None and rule.field not in names:
            continue
        if day is not None and (
            (rule.since is not None and day < rule.since)
            or (rule.until is not None and day > rule.until)
        ):
            continue
        return rule.name
    return names[0] if names else None


def _team_names(fields: dict[str, Any], plan: FieldPlan) -> list[str]:
    found: list[str] = []
    for id_ in plan.team:
        value = fields.get(id_)
        if isinstance(value, str):
            found.append(clean(value))
        elif isinstance(value, dict):
            found.extend(
                clean(str(value[key])) for key in ("name", "title", "id") if value.get(key)
            )
    return found


def _links(value: Any, id_: str, out: _Out) -> tuple[Link, ...]:
    found: list[Link] = []
    for raw in _list(value):
        link = _dict(raw)
        kind_of = _dict(link.get("type"))
        name = _text(kind_of.get("name")) or ""
        outward = _dict(link.get("outwardIssue"))
        other = outward or _dict(link.get("inwardIssue"))
        other_id, link_id = _text(other.get("id")), _text(link.get("id"))
        if not other_id or not link_id:
            continue
        # Both ends declare a link; the outward side is the one the relation is read from.
        from_id, to_id = (id_, other_id) if outward else (other_id, id_)
        kind = out.mapping.links.get(name.casefold())
        if kind is None:
            out.unmapped("link", "Link type", name, f'[link] "{name}" = "relates"')
            kind = LinkKind.UNKNOWN
        to_key = _text(other.get("key")) if outward else None
        found.append(Link(link_id, from_id, to_id, kind, name, to_key))
    return tuple(found)


# --- history ----------------------------------------------------------------------------------


def _inline_history(raw: dict[str, Any], id_: str, out: _Out) -> History | None:
    log = raw.get("changelog")
    if not isinstance(log, dict):
        return None
    histories = _list(log.get("histories"))
    total = log.get("total")
    if not isinstance(total, int) or total != len(histories):
        # Cut by the server, or nobody says: fetched whole in its own stream.
        return None
    return History(id_, HistoryState.COMPLETE, _events(histories, id_, out))


def _changelog(raw: dict[str, Any], out: _Out) -> None:
    id_ = _text(raw.get("issueId"))
    if not id_:
        out.records.append(_broken("changelogs", "a history without an issue id"))
        return
    out.subject = f"history:{id_}"
    complete = raw.get("complete") is True
    out.records.append(
        History(
            work_item_id=id_,
            state=HistoryState.COMPLETE if complete else HistoryState.PARTIAL,
            events=_events(_list(raw.get("histories")), id_, out),
            reason=_text(raw.get("reason")),
        )
    )


def _events(histories: list[Any], item_id: str, out: _Out) -> tuple[FieldEvent, ...]:
    roles = out.plan.roles
    events: list[FieldEvent] = []
    for entry in histories:
        if not isinstance(entry, dict):
            continue
        history_id = _text(entry.get("id"))
        at = instant(entry.get("created"))
        if history_id is None or at is None:
            out.issue(
                "bad-history",
                "created",
                entry.get("created"),
                "A change of this item has no id or no usable time; it is left out.",
            )
            continue
        actor = _account(entry.get("author"), out)
        for index, item in enumerate(_list(entry.get("items"))):
            if not isinstance(item, dict):
                continue
            name = item.get("field")
            raw_field = clean(name) if isinstance(name, str) else "?"
            field_id = item.get("fieldId")
            role = roles.get(field_id) if isinstance(field_id, str) else None
            if role is None:
                role = roles.get(raw_field.casefold(), EventField.OTHER)
            old_ids, new_ids, old_text, new_text = _change(role, item)
            events.append(
                FieldEvent(
                    work_item_id=item_id,
                    source_event_id=f"{history_id}.{index}",
                    field=role,
                    raw_field=raw_field,
                    at=at,
                    actor_id=actor,
                    old_ids=old_ids,
                    new_ids=new_ids,
                    old_text=old_text,
                    new_text=new_text,
                    is_delta=role is EventField.VERSION,
                )
            )
    return tuple(events)


def _change(
    role: EventField, item: dict[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...], str | None, str | None]:
    old, new = item.get("from"), item.get("to")
    old_text, new_text = item.get("fromString"), item.get("toString")
    if role in _BY_ID:
        return _id(old), _id(new), _short(old_text), _short(new_text)
    if role is EventField.SPRINT:
        return _ids(old), _ids(new), _short(old_text), _short(new_text)
    if role is EventField.DESCRIPTION:
        return (), (), _digest(old_text), _digest(new_text)
    if role in (EventField.DUE_DATE, EventField.SECONDS):
        return (), (), _short(old or old_text), _short(new or new_text)
    return (), (), _short(old_text), _short(new_text)


def _digest(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    digest, tokens = identity(value)
    return f"sha256:{digest} tokens:{tokens}"


def _id(value: Any) -> tuple[str, ...]:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        text = clean(str(value)).strip().replace(",", " ")
        return (text,) if text else ()
    return ()


def _ids(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str):
        return _id(value)
    return tuple(one.strip() for one in clean(value).split(",") if one.strip())


def _account(raw: Any, out: _Out) -> str | None:
    """Id of an account, whose record is added once per payload."""
    if not isinstance(raw, dict):
        return None
    id_ = _text(raw.get("accountId") or raw.get("key") or raw.get("name"))
    if not id_:
        return None
    if id_ in out.accounts:
        return id_
    out.accounts.add(id_)
    active = raw.get("active")
    out.records.append(
        Account(
            source_id=id_,
            name=_text(raw.get("displayName")),
            login=_text(raw.get("name")),
            email=_text(raw.get("emailAddress")),
            is_bot=raw.get("accountType") == "app",
            active=active if isinstance(active, bool) else None,
        )
    )
    return id_


# --- values -----------------------------------------------------------------------------------


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return None


def _short(value: Any) -> str | None:
    if value is None:
        return None
    return clean(value if isinstance(value, str) else str(value))[:TEXT_LIMIT]


def _cut(value: str | None) -> str | None:
    return None if value is None else value[: TEXT_LIMIT * 4]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(value: Any) -> Iterable[str]:
    for one in _list(value):
        name = _text(_dict(one).get("name"))
        if name:
            yield name


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        number = float(value)
    elif isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return None
    else:
        return None
    return number if abs(number) < 1e12 else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


_STREAMS: dict[str, Callable[[dict[str, Any], _Out], None]] = {
    "fields": _field,
    "statuses": _status,
    "projects": _project,
    "boards": _board,
    "versions": _version,
    "sprints": _sprint_listed,
    "issues": _issue,
    "changelogs": _changelog,
}
