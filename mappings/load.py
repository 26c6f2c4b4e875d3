"""Read layered mapping files: built-in < organisation < connection < project < issue type."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from mappings.layers import At, Layer, MappingError, read, suggest
from mappings.schema import LinkRule, MappingTable, Origin, StatusRule, TeamRule, with_version
from mappings.vocabulary import ItemType, LinkKind, Priority, StatusCategory, WaitsFor

__all__ = ["MappingError", "load"]

_TOP = (
    "status_category",
    "status",
    "item_type",
    "priority",
    "status_label",
    "type_label",
    "priority_label",
    "resolution",
    "link",
    "fields",
    "labels",
    "team",
    "issue_type",
    "project",
)
_FIELDS = ("points", "team", "flagged")
_CONDITIONS = ("component", "label", "field", "project")
_TEAM_KEYS = ("name", *_CONDITIONS, "since", "until")
_STATUS_KEYS = ("category", "waits_for", "code_complete", "if_category")

_Member = TypeVar("_Member", bound=StrEnum)


def load(layers: Sequence[Path | Traversable], *, project: str | None = None) -> MappingTable:
    """The effective mapping of these files, later ones over earlier ones.

    A project's tables win over what any file says for all projects. With `project` (a key or an id)
    the table that holds for it. Raises MappingError for a file that is missing, not TOML, or says
    something unknown.
    """
    held = [read(one) for one in layers]
    table = MappingTable()
    for layer in held:
        table = _apply(table, layer.data, layer, ())
    projects: dict[str, MappingTable] = {}
    for layer in held:
        for key, inner in _table(layer.data, "project", layer, ()).items():
            at: At = ("project", key)
            if isinstance(inner, dict) and "project" in inner:
                raise layer.error((*at, "project"), "a project cannot hold projects")
            base = projects.get(key.casefold(), table)
            projects[key.casefold()] = _apply(base, inner, layer, at)
    table = with_version(replace(table, projects=projects))
    return table if project is None else table.for_project(project)


def _apply(table: MappingTable, data: Any, layer: Layer, at: At) -> MappingTable:
    if not isinstance(data, Mapping):
        raise layer.error(at, "must be a table")
    for key in data:
        if key not in _TOP:
            raise layer.error((*at, key), "unknown key", suggest(key, _TOP))
    origins = dict(table.origins)

    project = str(at[1]) if at else None

    def note(*path: str) -> None:
        line = layer.line((*at, *path))
        origins[tuple(part.casefold() for part in path)] = Origin(
            layer.file, line, path[-1], project, layer.built_in
        )

    def closed(name: str, kind: type[_Member], held: Mapping[str, _Member]) -> dict[str, _Member]:
        out = dict(held)
        for key, value in _table(data, name, layer, at).items():
            out[key.casefold()] = _member(kind, value, layer, (*at, name, key))
            note(name, key)
        return out

    def rules(name: str, held: Mapping[str, StatusRule]) -> dict[str, StatusRule]:
        out = dict(held)
        for key, value in _table(data, name, layer, at).items():
            out[key.casefold()] = _status(value, layer, (*at, name, key))
            note(name, key)
        return out

    cancelled = dict(table.cancelled)
    for key, value in _table(data, "resolution", layer, at).items():
        if value not in ("done", "cancelled"):
            raise layer.error((*at, "resolution", key), 'must be "done" or "cancelled"')
        cancelled[key.casefold()] = value == "cancelled"
        note("resolution", key)
    links = dict(table.links)
    for key, value in _table(data, "link", layer, at).items():
        links[key.casefold()] = _link(value, layer, (*at, "link", key))
        note("link", key)
    by_type = {key: dict(inner) for key, inner in table.by_type.items()}
    for type_name, inner in _table(data, "issue_type", layer, at).items():
        path: At = (*at, "issue_type", type_name)
        if not isinstance(inner, dict) or set(inner) - {"status"}:
            raise layer.error(path, "may hold `status` tables only")
        mine = by_type.setdefault(type_name.casefold(), {})
        for key, value in _table(inner, "status", layer, path).items():
            mine[key.casefold()] = _status(value, layer, (*path, "status", key))
            note("issue_type", type_name, "status", key)
    lists = {
        "points": table.points,
        "team": table.team_fields,
        "flagged": table.flagged,
    }
    for key, value in _table(data, "fields", layer, at).items():
        if key not in _FIELDS:
            raise layer.error((*at, "fields", key), "unknown key", suggest(key, _FIELDS))
        lists[key] = _texts(value, layer, (*at, "fields", key))
        note("fields", key)
    ignored = table.ignored_labels
    for key, value in _table(data, "labels", layer, at).items():
        if key != "ignore":
            raise layer.error((*at, "labels", key), "unknown key", suggest(key, ("ignore",)))
        ignored = frozenset(
            one.casefold() for one in _texts(value, layer, (*at, "labels", "ignore"))
        )
        note("labels", "ignore")
    teams = table.teams
    if "team" in data:
        found = _teams(data["team"], layer, at)
        # The nearest layer is asked first, so that its rules win.
        teams = (*found, *teams)
        for i, rule in enumerate(found):
            line = layer.line((*at, "team", i))
            origins[rule.path] = Origin(layer.file, line, rule.name, project, layer.built_in)
    return replace(
        table,
        statuses=rules("status", table.statuses),
        categories=closed("status_category", StatusCategory, table.categories),
        item_types=closed("item_type", ItemType, table.item_types),
        priorities=closed("priority", Priority, table.priorities),
        status_labels=rules("status_label", table.status_labels),
        type_labels=closed("type_label", ItemType, table.type_labels),
        priority_labels=closed("priority_label", Priority, table.priority_labels),
        cancelled=cancelled,
        links=links,
        points=lists["points"],
        team_fields=lists["team"],
        flagged=lists["flagged"],
        ignored_labels=ignored,
        teams=teams,
        by_type=by_type,
        projects={},
        origins=origins,
    )


def _table(data: Mapping[str, Any], name: str, layer: Layer, at: At) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise layer.error((*at, name), "must be a table")
    return value


def _texts(value: Any, layer: Layer, path: At) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise layer.error(path, "must be a list of texts")
    return tuple(value)


def _member(kind: type[_Member], value: Any, layer: Layer, path: At) -> _Member:
    known = [member.value for member in kind]
    if value not in known:
        raise layer.error(
            path,
            f"{value!r} is not one of {', '.join(known)}",
            suggest(str(value), known),
        )
    return kind(value)


def _keys(value: Mapping[str, Any], known: Sequence[str], layer: Layer, path: At) -> None:
    for key in value:
        if key not in known:
            raise layer.error((*path, key), "unknown key", suggest(key, known))


def _flag(value: Mapping[str, Any], key: str, layer: Layer, path: At) -> bool:
    found = value.get(key, False)
    if not isinstance(found, bool):
        raise layer.error((*path, key), "must be true or false")
    return found


def _status(value: Any, layer: Layer, path: At) -> StatusRule:
    if isinstance(value, str):
        value = {"category": value}
    if not isinstance(value, dict):
        raise layer.error(path, "must be a category or a table with `category`")
    _keys(value, _STATUS_KEYS, layer, path)
    if "category" not in value:
        raise layer.error(path, "needs a `category`")
    vendor = value.get("if_category")
    if vendor is not None and not isinstance(vendor, str):
        raise layer.error((*path, "if_category"), "must be the vendor's status category, as text")
    waits = value.get("waits_for")
    return StatusRule(
        category=_member(StatusCategory, value["category"], layer, (*path, "category")),
        waits_for=None if waits is None else _member(WaitsFor, waits, layer, (*path, "waits_for")),
        code_complete=_flag(value, "code_complete", layer, path),
        if_category=vendor,
    )


def _link(value: Any, layer: Layer, path: At) -> LinkRule:
    if isinstance(value, str):
        value = {"kind": value}
    if not isinstance(value, dict):
        raise layer.error(path, "must be a kind of link or a table with `kind`")
    _keys(value, ("kind", "reverse"), layer, path)
    if "kind" not in value:
        raise layer.error(path, "needs a `kind`")
    kind = _member(LinkKind, value["kind"], layer, (*path, "kind"))
    return LinkRule(kind, _flag(value, "reverse", layer, path))


def _teams(value: Any, layer: Layer, at: At) -> list[TeamRule]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise layer.error((*at, "team"), "must be written as [[team]]")
    rules = []
    for i, one in enumerate(value):
        path: At = (*at, "team", i)
        _keys(one, _TEAM_KEYS, layer, path)
        if not isinstance(one.get("name"), str):
            raise layer.error(path, "needs a `name`")
        for key in ("since", "until"):
            if key in one and (not isinstance(one[key], date) or isinstance(one[key], datetime)):
                raise layer.error((*path, key), "must be a date such as 2026-03-01")
        for key in _CONDITIONS:
            if key in one and not isinstance(one[key], str):
                raise layer.error((*path, key), "must be text")
        rule = TeamRule(**one)
        if not any(rule.condition):
            raise layer.error(path, f"needs one of {', '.join(_CONDITIONS)}")
        if rule.since and rule.until and rule.since > rule.until:
            raise layer.error((*path, "until"), f"is before `since` ({rule.since})")
        rules.append(rule)
    return rules
