"""Acme Tracker's JSON to normalized records; pure, and never raising on bad data."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, ClassVar

from mappings import out
from mappings.records import (
    Account,
    Field,
    FieldEvent,
    History,
    Lookups,
    Milestone,
    Payload,
    Record,
    Scope,
    Status,
    WorkItem,
)
from mappings.registry import MappingEntry
from mappings.schema import MappingTable, StatusRule
from mappings.values import items, number, table, text
from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    MilestoneKind,
    MilestoneState,
    ScopeKind,
    StatusCategory,
)

_GOAL_STATES = {
    "open": MilestoneState.ACTIVE,
    "reached": MilestoneState.CLOSED,
    "dropped": MilestoneState.ARCHIVED,
}
_FIELDS = {
    "state": EventField.STATUS,
    "goal": EventField.MILESTONE,
    "owner": EventField.ASSIGNEE,
    "size": EventField.POINTS,
    "title": EventField.TITLE,
}
#: Fields whose values are ids of other things.
_BY_ID = frozenset({"state", "goal", "owner"})


class _Out(out.Out):
    """Collects the records of one payload."""

    __slots__ = ()

    vendor: ClassVar[str] = "Acme Tracker"


def normalize(
    stream: str, payload: Payload, mapping: MappingTable, lookups: Lookups
) -> Sequence[Record]:
    """Records of one payload; what is not understood becomes a data issue and `unknown`."""
    make = _STREAMS.get(stream)
    if make is None:
        return ()
    made = _Out(mapping, lookups)
    try:
        raw = json.loads(payload) if isinstance(payload, bytes) else payload
    except ValueError:
        raw = None
    if not isinstance(raw, dict):
        made.broken(stream, "the payload is no JSON object")
    elif not text(raw.get("id")):
        made.broken(stream, "it has no id")
    else:
        make(str(text(raw["id"])), raw, made)
    return made.records


def _state(id_: str, raw: Mapping[str, Any], made: _Out) -> None:
    name, phase = text(raw.get("name")) or id_, text(raw.get("phase"))
    rule = made.mapping.status(name, id_, None, phase)
    category = rule.category if rule else made.mapping.categories.get((phase or "").casefold())
    if category is None:
        made.unmapped("status", "State", name, "in_progress")
    made.records.append(
        Status(
            id_,
            name,
            phase,
            category or StatusCategory.UNKNOWN,
            rule.waits_for if rule else None,
            rule.code_complete if rule else False,
        )
    )


def _project(id_: str, raw: Mapping[str, Any], made: _Out) -> None:
    made.records.append(Scope(id_, ScopeKind.PROJECT, text(raw.get("code")), text(raw.get("name"))))


def _goal(id_: str, raw: Mapping[str, Any], made: _Out) -> None:
    made.subject = f"milestone:{id_}"
    state = text(raw.get("state"))
    made.records.append(
        Milestone(
            source_id=id_,
            kind=MilestoneKind.MILESTONE,
            name=text(raw.get("name")) or id_,
            state=_GOAL_STATES.get(state or "", MilestoneState.UNKNOWN),
            raw_state=state,
            scope_id=text(raw.get("project")),
            start_date=made.day(raw.get("starts"), "starts"),
            due_date=made.day(raw.get("ends"), "ends"),
            url=text(raw.get("link")),
        )
    )


def _ticket(id_: str, raw: Mapping[str, Any], made: _Out) -> None:
    made.subject = f"work_item:{id_}"
    kind, goal = text(raw.get("kind")), text(raw.get("goal"))
    item_type = made.mapping.item_types.get((kind or "").casefold())
    if item_type is None and kind:
        made.unmapped("item_type", "Kind", kind, "task")
    state_id = text(raw.get("state"))
    status = made.lookups.statuses.get(state_id or "")
    rule = _rule(status, kind, made)
    category = rule.category if rule else status.category if status else StatusCategory.UNKNOWN
    made.records.append(
        WorkItem(
            source_id=id_,
            key=text(raw.get("code")) or id_,
            scope_id=text(raw.get("project")) or "",
            item_type=item_type or ItemType.UNKNOWN,
            raw_type=kind,
            status_category=category,
            raw_status=status.raw_name if status else state_id,
            raw_status_id=state_id,
            title=text(raw.get("title")) or "",
            created_at=made.moment(raw.get("created"), "created"),
            updated_at=made.moment(raw.get("changed"), "changed"),
            waits_for=rule.waits_for if rule else None,
            code_complete=rule.code_complete if rule else False,
            estimate_points=number(raw.get("size")),
            estimate_field="size" if raw.get("size") is not None else None,
            due_date=made.day(raw.get("due"), "due"),
            assignee_id=_account(raw.get("owner"), made),
            milestones=((MilestoneKind.MILESTONE, goal),) if goal else (),
            restricted=raw.get("secret") is True,
            url=text(raw.get("link")),
            history=HistoryState.COMPLETE,
        )
    )
    events = tuple(
        event for one in items(raw.get("history")) if (event := _event(id_, table(one), made))
    )
    made.records.append(History(id_, HistoryState.COMPLETE, events))


def _rule(status: Status | None, kind: str | None, made: _Out) -> StatusRule | None:
    if status is None:
        return None
    return made.mapping.status(status.raw_name, status.source_id, kind, status.raw_category)


def _account(raw: Any, made: _Out) -> str | None:
    """The id of an account, which becomes a record once."""
    person = table(raw)
    id_ = text(person.get("id"))
    if id_ and id_ not in made.accounts:
        made.accounts.add(id_)
        made.records.append(Account(id_, text(person.get("name"))))
    return id_


def _event(ticket: str, raw: Mapping[str, Any], made: _Out) -> FieldEvent | None:
    name, id_ = text(raw.get("field")), text(raw.get("id"))
    at = made.moment(raw.get("at"), "history")
    if at is None or not name or not id_:
        return None
    old, new = text(raw.get("old")), text(raw.get("new"))
    by_id = name in _BY_ID
    return FieldEvent(
        work_item_id=ticket,
        source_event_id=id_,
        field=_FIELDS.get(name, EventField.OTHER),
        raw_field=name,
        at=at,
        actor_id=_account(raw.get("who"), made),
        old_ids=(old,) if by_id and old else (),
        new_ids=(new,) if by_id and new else (),
        old_text=None if by_id else old,
        new_text=None if by_id else new,
    )


_STREAMS: dict[str, Callable[[str, Mapping[str, Any], _Out], None]] = {
    "states": _state,
    "projects": _project,
    "milestones": _goal,
    "tickets": _ticket,
}


def build_lookups(
    fields: Iterable[Field],
    statuses: Iterable[Status],
    *,
    mapping: MappingTable,
    extra: Mapping[str, Any],
    time_zone: str,
    base_url: str,
) -> Lookups:
    """The states, as they were read and mapped."""
    return Lookups(
        statuses={one.source_id: one for one in statuses},
        extra=dict(extra),
        time_zone=time_zone,
        base_url=base_url,
    )


ENTRY = MappingEntry(
    "acme", normalize, build_lookups, files("acme_tracker") / "acme.toml", contract=1
)
