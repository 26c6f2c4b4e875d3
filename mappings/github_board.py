"""GitHub's projects: what their fields mean, and what each line says of its issue.

A field is found by id or name. One that was renamed is known by its id: it keeps what it was the
source of as long as no other field has the configured name.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from mappings.dates import calendar
from mappings.github_out import Out, id_of, nodes
from mappings.records import (
    BoardItem,
    BoardMilestones,
    BoardValue,
    Field,
    Milestone,
    Scope,
    Status,
)
from mappings.schema import MappingTable
from mappings.values import items, number, table, text
from mappings.vocabulary import (
    OF_BOARD,
    BoardContent,
    EventField,
    MilestoneKind,
    MilestoneState,
    ScopeKind,
    StatusCategory,
)

#: Configured role -> (what it tells, the vendor's type that such a field must have).
_ROLES = {
    "milestone": (EventField.MILESTONE, "SINGLE_SELECT"),
    "iteration": (EventField.ITERATION, "ITERATION"),
    "due_date": (EventField.DUE_DATE, "DATE"),
    "status": (EventField.STATUS, "SINGLE_SELECT"),
    "estimate": (EventField.POINTS, "NUMBER"),
}
#: Kinds of milestones that a project may give.
_OFFERED = (MilestoneKind.MILESTONE, MilestoneKind.ITERATION)
#: What `raw_type` of a field begins with.
_TYPE = "ProjectV2."
_CONTENTS = {
    "ISSUE": BoardContent.WORK_ITEM,
    "PULL_REQUEST": BoardContent.CHANGE_REQUEST,
    "DRAFT_ISSUE": BoardContent.DRAFT,
}


def fields(raw: dict[str, Any], out: Out) -> None:
    """A project, its fields with what they are the source of, its statuses and milestones."""
    board_id, key = _board(raw)
    if not board_id:
        out.broken("project_fields", "a project without an id")
        return
    out.subject = f"board:{board_id}"
    out.records.append(
        Scope(
            source_id=board_id,
            kind=ScopeKind.BOARD,
            key=key,
            name=text(raw.get("title")) or key,
            raw_type="ProjectV2",
            archived=raw.get("closed") is True,
            url=text(raw.get("url")),
        )
    )
    held = [
        one for one in nodes(raw.get("fields")) if isinstance(one, dict) and text(one.get("id"))
    ]
    roles = _roles(held, key, out)
    listed: dict[MilestoneKind, list[str]] = {
        MilestoneKind.MILESTONE: [],
        MilestoneKind.ITERATION: [],
    }
    for one in held:
        id_ = str(text(one.get("id")))
        role = roles.get(id_)
        out.records.append(
            Field(id_, text(one.get("name")) or id_, f"{_TYPE}{text(one.get('dataType'))}", role)
        )
        made: Iterable[Milestone] = ()
        if role is EventField.STATUS:
            out.records.extend(_statuses(one, id_, key, out))
        elif role is EventField.MILESTONE:
            made = _options(one, id_, board_id, raw)
        elif role is EventField.ITERATION:
            made = _iterations(one, id_, board_id, raw)
        for milestone in made:
            out.records.append(milestone)
            listed[milestone.kind].append(milestone.source_id)
    for kind, ids in listed.items():
        out.records.append(BoardMilestones(board_id, kind, tuple(ids)))


def item(raw: dict[str, Any], out: Out) -> None:
    """A line of a project; drafts and what is hidden stand for no issue."""
    board_id, key = _board(raw)
    id_ = text(raw.get("id"))
    if not id_ or not board_id:
        out.broken("project_items", "an item without an id")
        return
    out.subject = f"board_item:{id_}"
    content = table(raw.get("content"))
    kind = _CONTENTS.get(text(raw.get("type")) or "", BoardContent.HIDDEN)
    content_id = id_of(content) if kind in _NAMED else None
    if kind in _NAMED and not content_id:
        kind = BoardContent.HIDDEN
    known = frozenset(
        (one.role, one.source_id) for one in out.lookups.fields.values() if one.role is not None
    )
    says = kind is BoardContent.WORK_ITEM
    out.records.append(
        BoardItem(
            source_id=id_,
            board_id=board_id,
            content=kind,
            content_id=content_id,
            content_scope_id=text(table(content.get("repository")).get("databaseId")),
            archived=raw.get("isArchived") is True,
            values=tuple(_values(raw, key, out)) if says else (),
            fields=known,
            rank=_rank(out.mapping, key),
        )
    )


_NAMED = frozenset({BoardContent.WORK_ITEM, BoardContent.CHANGE_REQUEST})


def _board(raw: dict[str, Any]) -> tuple[str, str]:
    held = table(raw.get("__project"))
    return text(held.get("id")) or "", text(held.get("key")) or ""


def _rank(mapping: MappingTable, key: str) -> int | None:
    if not mapping.boards_in_order:
        return None
    keys = list(mapping.boards)
    return keys.index(key.casefold()) if key.casefold() in keys else None


def _wanted(mapping: MappingTable, key: str, role: str) -> list[str]:
    names = table(mapping.boards.get(key.casefold())).get(role) or ()
    return [name.casefold() for name in names]


def _place(id_: str, name: str | None, wanted: list[str]) -> int | None:
    """Where a field stands among those that are wanted, by its id, then its name."""
    for word in (id_, name or ""):
        if word.casefold() in wanted:
            return wanted.index(word.casefold())
    return None


def _roles(held: list[dict[str, Any]], key: str, out: Out) -> dict[str, EventField]:
    """Field id -> what it is the source of."""
    found: dict[str, EventField] = {}
    for role, (told, type_) in _ROLES.items():
        wanted = _wanted(out.mapping, key, role)
        if not wanted:
            continue
        named = [
            one
            for one in held
            if _place(str(text(one.get("id"))), text(one.get("name")), wanted) is not None
        ]
        if not named:
            named = _renamed(held, told, role, key, out)
        for one in named:
            id_, name = str(text(one.get("id"))), text(one.get("name"))
            if one.get("dataType") != type_:
                out.issue(
                    f"board-field-type-{role}",
                    role,
                    name,
                    f"Field {name!r} of project {key} is of type {text(one.get('dataType'))} and "
                    f"cannot be the {role}. Name one of type {type_} in `projects`.",
                )
            elif id_ in found:
                out.issue(
                    f"board-field-twice-{role}",
                    role,
                    name,
                    f"Field {name!r} of project {key} cannot be {role} and {found[id_].value} at "
                    "once. Take it out of one of them in `projects`.",
                )
            else:
                found[id_] = told
    return found


def _renamed(
    held: list[dict[str, Any]], told: EventField, role: str, key: str, out: Out
) -> list[dict[str, Any]]:
    """The fields that were the source so far, by id, where none has the configured name."""
    names = out.mapping.boards[key.casefold()][role]
    known = out.lookups.fields
    found = [
        one
        for one in held
        if (before := known.get(str(text(one.get("id"))))) is not None and before.role is told
    ]
    called = ", ".join(repr(name) for name in names)
    if found:
        now = ", ".join(repr(text(one.get("name"))) for one in found)
        todo = f"The field that was the {role} so far is read on; write its present name: {now}."
    else:
        titles = ", ".join(repr(text(one.get("name"))) for one in held)
        todo = f"Until that is corrected no {role} is read there. It has: {titles}."
    out.issue(
        f"board-field-missing-{role}",
        role,
        called,
        f"Project {key} has no field called {called}, which `projects` names as its {role}. {todo}",
    )
    return found


# --- what fields offer ----------------------------------------------------------------------


def _of(field_id: str, value: str) -> str:
    """Id of an option or iteration: the vendor's are unique within their field only."""
    return f"{OF_BOARD}{field_id}:{value}"


def _statuses(one: dict[str, Any], field_id: str, key: str, out: Out) -> Iterator[Status]:
    mapping = out.mapping.for_project(key)
    for option in items(one.get("options")):
        id_, name = text(table(option).get("id")), text(table(option).get("name"))
        if not id_:
            continue
        rule = mapping.status(name, _of(field_id, id_), None)
        if rule is None and name:
            out.unmapped("status", "Status", name, "in_progress")
        yield Status(
            source_id=_of(field_id, id_),
            raw_name=name or id_,
            raw_category="project",
            category=rule.category if rule else StatusCategory.UNKNOWN,
            waits_for=rule.waits_for if rule else None,
            code_complete=rule.code_complete if rule else False,
        )


def _options(
    one: dict[str, Any], field_id: str, board_id: str, raw: dict[str, Any]
) -> Iterator[Milestone]:
    for option in items(one.get("options")):
        id_ = text(table(option).get("id"))
        if id_:
            yield Milestone(
                source_id=_of(field_id, id_),
                kind=MilestoneKind.MILESTONE,
                name=text(table(option).get("name")) or id_,
                state=MilestoneState.ACTIVE,
                raw_state=None,
                scope_id=board_id,
                url=text(raw.get("url")),
            )


def _iterations(
    one: dict[str, Any], field_id: str, board_id: str, raw: dict[str, Any]
) -> Iterator[Milestone]:
    held = table(one.get("configuration"))
    for name, state in (
        ("completedIterations", MilestoneState.CLOSED),
        ("iterations", MilestoneState.ACTIVE),
    ):
        for box in map(table, items(held.get(name))):
            id_ = text(box.get("id"))
            if not id_:
                continue
            start, days = calendar(box.get("startDate")), box.get("duration")
            due = None
            if start is not None and isinstance(days, int) and 0 < days < _LONGEST:
                # The first day counts: a week from Monday ends on Sunday.
                due = start + timedelta(days=days - 1)
            yield Milestone(
                source_id=_of(field_id, id_),
                kind=MilestoneKind.ITERATION,
                name=text(box.get("title")) or id_,
                state=state,
                raw_state=name,
                scope_id=board_id,
                start_date=start,
                due_date=due,
                url=text(raw.get("url")),
            )


#: Days; what is longer is a mistake, and beyond the calendar.
_LONGEST = 3660


# --- what a line says -----------------------------------------------------------------------


def _values(raw: dict[str, Any], key: str, out: Out) -> Iterator[BoardValue]:
    """One value for each role: of several fields the preferred one that says something."""
    best: dict[EventField, tuple[int, BoardValue]] = {}
    for one in map(table, nodes(raw.get("fieldValues"))):
        field_id = text(table(one.get("field")).get("id"))
        known = out.lookups.fields.get(field_id or "")
        if known is None or known.role is None or field_id is None:
            continue
        value = _value(one, known.role, field_id, out)
        if value is None:
            continue
        role = next(name for name, (told, _) in _ROLES.items() if told is known.role)
        place = _place(field_id, known.name, _wanted(out.mapping, key, role))
        rank = len(_wanted(out.mapping, key, role)) if place is None else place
        if known.role not in best or rank < best[known.role][0]:
            best[known.role] = (rank, value)
    for _, value in best.values():
        yield value


def _value(one: dict[str, Any], role: EventField, field_id: str, out: Out) -> BoardValue | None:
    if role is EventField.DUE_DATE:
        day = out.day(one.get("date"), "date of the project")
        return None if day is None else BoardValue(role, field_id, None, day.isoformat(), day)
    if role is EventField.POINTS:
        points = number(one.get("number"))
        return (
            None
            if points is None
            else BoardValue(role, field_id, None, f"{points:g}", None, points)
        )
    wanted = "iterationId" if role is EventField.ITERATION else "optionId"
    id_ = text(one.get(wanted))
    if not id_:
        return None
    name = text(one.get("title" if role is EventField.ITERATION else "name"))
    return BoardValue(role, field_id, value_id=_of(field_id, id_), text=name)
