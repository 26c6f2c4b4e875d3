"""Read layered mapping files: built-in < organisation < connection < project < issue type."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mappings.schema import MappingTable, StatusRule, TeamRule, with_version
from mappings.toml_lines import line_of, locate
from mappings.vocabulary import ItemType, LinkKind, Priority, StatusCategory, WaitsFor

_TOP = (
    "status_category",
    "status",
    "item_type",
    "priority",
    "resolution",
    "link",
    "fields",
    "team",
    "issue_type",
    "project",
)
_TEAM_KEYS = ("name", "component", "label", "field", "project", "since", "until")


class MappingError(Exception):
    """A mapping file that cannot be used: what, where (file and line), what to do."""

    def __init__(self, what: str, *, where: str, todo: str = "") -> None:
        """Keep the parts apart."""
        self.what, self.where, self.todo = what, where, todo
        super().__init__(" ".join(p for p in (f"{where}: {what}", todo) if p))


@dataclass(frozen=True, slots=True)
class _Layer:
    """One file being read."""

    file: str
    lines: Mapping[tuple[str | int, ...], int]

    def error(self, path: tuple[str | int, ...], what: str, todo: str = "") -> MappingError:
        line = line_of(self.lines, path)
        where = f"{self.file}:{line}" if line else self.file
        shown = ".".join(str(part) for part in path)
        return MappingError(f"{shown}: {what}" if shown else what, where=where, todo=todo)


def load(layers: Sequence[Path | Traversable]) -> MappingTable:
    """The effective mapping of these files, later ones over earlier ones.

    Raises MappingError for a file that is missing, not TOML, or says something unknown.
    """
    table = MappingTable()
    for one in layers:
        table = _apply_file(table, one)
    return with_version(table)


def _apply_file(table: MappingTable, source: Path | Traversable) -> MappingTable:
    name = str(source) if isinstance(source, Path) else source.name
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(
            f"the mapping file cannot be read: {type(error).__name__}",
            where=name,
            todo="Check the path in `mapping`.",
        ) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"not valid TOML: {error}", where=name) from error
    layer = _Layer(name, locate(text))
    projects = data.pop("project", {})
    table = _apply(table, data, layer, ())
    if not isinstance(projects, dict):
        raise layer.error(("project",), "must be tables named [project.KEY]")
    made = {key: _apply(inner, data, layer, ()) for key, inner in table.projects.items()}
    for key, inner in projects.items():
        base = made.get(key.casefold(), replace(table, projects={}))
        made[key.casefold()] = _apply(base, inner, layer, ("project", key))
    return replace(table, projects=made)


def _apply(
    table: MappingTable, data: Any, layer: _Layer, at: tuple[str | int, ...]
) -> MappingTable:
    if not isinstance(data, dict):
        raise layer.error(at, "must be a table")
    for key in data:
        if key not in _TOP:
            raise layer.error((*at, key), "unknown key", _suggest(key, _TOP))
    origins = dict(table.origins)

    def note(*path: str) -> None:
        origins[(*(str(part) for part in at), *path)] = (
            layer.file,
            line_of(layer.lines, (*at, *path)),
        )

    def closed(
        name: str, kind: type[StrEnum], held: Mapping[str, Any], fold: bool = True
    ) -> dict[str, Any]:
        out = dict(held)
        for key, value in _table(data, name, layer, at).items():
            out[key.casefold() if fold else key] = _member(kind, value, layer, (*at, name, key))
            note(name, key)
        return out

    statuses = dict(table.statuses)
    for key, value in _table(data, "status", layer, at).items():
        statuses[key.casefold()] = _status(value, layer, (*at, "status", key))
        note("status", key)
    cancelled = dict(table.cancelled)
    for key, value in _table(data, "resolution", layer, at).items():
        if value not in ("done", "cancelled"):
            raise layer.error((*at, "resolution", key), 'must be "done" or "cancelled"')
        cancelled[key.casefold()] = value == "cancelled"
        note("resolution", key)
    by_type = {key: dict(inner) for key, inner in table.by_type.items()}
    for type_name, inner in _table(data, "issue_type", layer, at).items():
        path = (*at, "issue_type", type_name)
        if not isinstance(inner, dict) or set(inner) - {"status"}:
            raise layer.error(path, "may hold `status` tables only")
        mine = by_type.setdefault(type_name.casefold(), {})
        for key, value in inner.get("status", {}).items():
            mine[key.casefold()] = _status(value, layer, (*path, "status", key))
            note("issue_type", type_name, "status", key)
    points = table.points
    fields = _table(data, "fields", layer, at)
    for key, value in fields.items():
        if key != "points":
            raise layer.error((*at, "fields", key), "unknown key", _suggest(key, ("points",)))
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise layer.error((*at, "fields", key), "must be a list of field names or ids")
        points = tuple(value)
        note("fields", "points")
    teams = table.teams
    if "team" in data:
        teams = (*_teams(data["team"], layer, at), *table.teams)
        note("team")
    return replace(
        table,
        statuses=statuses,
        categories=closed("status_category", StatusCategory, table.categories, fold=False),
        item_types=closed("item_type", ItemType, table.item_types),
        priorities=closed("priority", Priority, table.priorities),
        cancelled=cancelled,
        links=closed("link", LinkKind, table.links),
        points=points,
        teams=teams,
        by_type=by_type,
        origins=origins,
    )


def _table(
    data: Mapping[str, Any], name: str, layer: _Layer, at: tuple[str | int, ...]
) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise layer.error((*at, name), "must be a table")
    return value


def _member(kind: type[StrEnum], value: Any, layer: _Layer, path: tuple[str | int, ...]) -> StrEnum:
    known = [member.value for member in kind]
    if value not in known:
        raise layer.error(
            path,
            f"{value!r} is not one of {', '.join(known)}",
            _suggest(str(value), known),
        )
    return kind(value)


def _status(value: Any, layer: _Layer, path: tuple[str | int, ...]) -> StatusRule:
    if isinstance(value, str):
        value = {"category": value}
    if not isinstance(value, dict):
        raise layer.error(path, "must be a category or a table with `category`")
    known = ("category", "waits_for", "code_complete")
    for key in value:
        if key not in known:
            raise layer.error((*path, key), "unknown key", _suggest(key, known))
    if "category" not in value:
        raise layer.error(path, "needs a `category`")
    category = _member(StatusCategory, value["category"], layer, (*path, "category"))
    waits = value.get("waits_for")
    done = value.get("code_complete", False)
    if not isinstance(done, bool):
        raise layer.error((*path, "code_complete"), "must be true or false")
    return StatusRule(
        category=StatusCategory(category),
        waits_for=None
        if waits is None
        else WaitsFor(_member(WaitsFor, waits, layer, (*path, "waits_for"))),
        code_complete=done,
    )


def _teams(value: Any, layer: _Layer, at: tuple[str | int, ...]) -> list[TeamRule]:
    if not isinstance(value, list):
        raise layer.error((*at, "team"), "must be written as [[team]]")
    rules = []
    for i, one in enumerate(value):
        path = (*at, "team", i)
        for key in one:
            if key not in _TEAM_KEYS:
                raise layer.error((*path, key), "unknown key", _suggest(key, _TEAM_KEYS))
        if not isinstance(one.get("name"), str):
            raise layer.error(path, "needs a `name`")
        for key in ("since", "until"):
            if key in one and not (isinstance(one[key], date) and not hasattr(one[key], "hour")):
                raise layer.error((*path, key), "must be a date such as 2026-03-01")
        for key in ("component", "label", "field", "project"):
            if key in one and not isinstance(one[key], str):
                raise layer.error((*path, key), "must be text")
        if not any(key in one for key in ("component", "label", "field", "project")):
            raise layer.error(path, "needs one of component, label, field, project")
        rules.append(TeamRule(**one))
    return rules


def _suggest(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."
