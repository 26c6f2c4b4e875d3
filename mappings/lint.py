"""What is doubtful in mapping files that load: lines without use, gaps, contradictions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import combinations
from pathlib import Path
from typing import Any

from mappings.layers import At, Layer, read
from mappings.schema import MappingTable, TeamRule
from mappings.toml_lines import toml_key

#: Tables whose keys are the vendor's values.
_VALUES = ("status", "item_type", "priority", "resolution", "link")
#: Tables whose keys are labels.
_LABELS = ("status_label", "type_label", "priority_label")
#: What a line to add says until a person chooses.
_SUGGESTED = {
    "status": "in_progress",
    "item_type": "task",
    "priority": "medium",
    "resolution": "done",
    "link": "relates",
}


@dataclass(frozen=True, slots=True)
class Known:
    """Values a store has seen of one connection; None = not known, so nothing is said about it."""

    #: status id -> (name, vendor's category).
    statuses: Mapping[str, tuple[str, str | None]] | None = None
    #: by name.
    item_types: frozenset[str] | None = None
    #: those that the vendor itself explains (sub-tasks, epics) and that need no line.
    explained_types: frozenset[str] = frozenset()
    priorities: frozenset[str] | None = None
    resolutions: frozenset[str] | None = None
    links: frozenset[str] | None = None
    components: frozenset[str] | None = None
    labels: frozenset[str] | None = None
    #: field id -> name.
    fields: Mapping[str, str] | None = None
    #: project id -> key.
    projects: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One doubtful thing."""

    #: `contradiction`, `unmapped`, `team-overlap`, `unused`, `shadowed`, `redundant`.
    kind: str
    what: str
    #: `file:line`; empty for what stands in no file.
    where: str = ""
    todo: str = ""


_ORDER = ("contradiction", "unmapped", "team-overlap", "unused", "shadowed", "redundant")


@dataclass(frozen=True, slots=True)
class _Line:
    """One vendor value in one file."""

    layer: Layer
    #: table path without its project: `("status",)`, `("issue_type", "Bug", "status")`.
    section: tuple[str, ...]
    project: str | None
    key: str
    value: Any
    at: At

    @property
    def where(self) -> str:
        return self.layer.where(self.at)

    @property
    def shown(self) -> str:
        return f"[{'.'.join(self.section)}] {self.key}"

    @property
    def place(self) -> tuple[tuple[str, ...], str | None, str]:
        """What the line sets."""
        section = tuple(part.casefold() for part in self.section)
        return section, self.project and self.project.casefold(), self.key.casefold()


def lint(
    mapping: MappingTable, layers: Sequence[Path | Traversable], known: Known | None = None
) -> list[LintFinding]:
    """Doubtful lines of the user's files and values without a meaning, gravest first.

    `mapping` is what `load` made of these layers. Raises MappingError like `load`.
    """
    known = known or Known()
    held = [read(one) for one in layers]
    lines = [line for layer in held for line in _lines(layer)]
    found = [
        *_contradictions(lines, known),
        *_unmapped(mapping, known),
        *_overlaps(mapping),
        *_unused(lines, held, known),
        *_shadowed(lines),
    ]
    found = list(dict.fromkeys(found))
    return sorted(found, key=lambda one: (_ORDER.index(one.kind), one.where, one.what))


def _lines(layer: Layer) -> Iterator[_Line]:
    yield from _lines_of(layer, layer.data, None, ())
    for key, inner in layer.data.get("project", {}).items():
        yield from _lines_of(layer, inner, key, ("project", key))


def _lines_of(
    layer: Layer, data: Mapping[str, Any], project: str | None, at: At
) -> Iterator[_Line]:
    for name in ("status_category", *_VALUES, *_LABELS):
        for key, value in data.get(name, {}).items():
            yield _Line(layer, (name,), project, key, value, (*at, name, key))
    for type_name, inner in data.get("issue_type", {}).items():
        section = ("issue_type", type_name, "status")
        for key, value in inner.get("status", {}).items():
            yield _Line(layer, section, project, key, value, (*at, *section, key))


def _meaning(value: Any) -> Any:
    """`"done"` and `{ category = "done" }` say the same."""
    if isinstance(value, Mapping):
        bare = {key: one for key, one in value.items() if one is not False}
        first = bare.get("category", bare.get("kind"))
        return first if len(bare) == 1 else bare
    return value


def _contradictions(lines: Sequence[_Line], known: Known) -> Iterator[LintFinding]:
    """One file that names a value twice: in two spellings, or by id and by name."""
    names = {id_: name for id_, (name, _) in (known.statuses or {}).items()}
    places: dict[tuple[Any, ...], _Line] = {}
    for line in lines:
        section, project, key = line.place
        if section[-1] == "status":
            key = names.get(line.key, key).casefold()
        place = (line.layer.file, section, project, key)
        first = places.setdefault(place, line)
        if first is line:
            continue
        if _meaning(first.value) == _meaning(line.value):
            yield LintFinding(
                "redundant",
                f"{line.shown} says again what {first.key!r} says at {first.where}.",
                line.where,
                "Delete one of them.",
            )
        else:
            yield LintFinding(
                "contradiction",
                f"{line.shown} says something else than {first.key!r} at {first.where}, and both "
                "name the same value.",
                line.where,
                "Delete the wrong one.",
            )


def _unmapped(mapping: MappingTable, known: Known) -> Iterator[LintFinding]:
    for id_, (name, category) in sorted((known.statuses or {}).items()):
        if (
            mapping.status(name, id_, None, category) is None
            and (category or "").casefold() not in mapping.categories
        ):
            yield _gap("status", "Status", name)
    for table, what, values, held in (
        ("item_type", "Issue type", known.item_types, mapping.item_types),
        ("priority", "Priority", known.priorities, mapping.priorities),
        ("resolution", "Resolution", known.resolutions, mapping.cancelled),
        ("link", "Link type", known.links, mapping.links),
    ):
        for name in sorted(values or ()):
            explained = table == "item_type" and name in known.explained_types
            if name.casefold() not in held and not explained:
                yield _gap(table, what, name)


def _gap(table: str, what: str, name: str) -> LintFinding:
    line = f'{toml_key(name)} = "{_SUGGESTED[table]}"'
    return LintFinding(
        "unmapped",
        f"{what} {name!r} has no meaning yet.",
        todo=f"Add under [{table}], with the meaning that is right for you: {line}",
    )


def _overlaps(mapping: MappingTable) -> Iterator[LintFinding]:
    for table in (mapping, *mapping.projects.values()):
        for first, second in combinations(table.teams, 2):
            if (
                first.name == second.name
                or first.condition != second.condition
                or not _meet(first, second)
            ):
                continue
            origin, other = table.origins.get(first.path), table.origins.get(second.path)
            yield LintFinding(
                "team-overlap",
                f"Teams {first.name!r} and {second.name!r} claim the same items in the same time; "
                f"{first.name!r} comes first and gets them.",
                other.where if other else "",
                f"Give one of them `until` and the other `since`"
                f"{f' (the first is at {origin.where})' if origin else ''}.",
            )


def _meet(first: TeamRule, second: TeamRule) -> bool:
    """Whether some day belongs to both."""
    return not (
        (first.until is not None and second.since is not None and first.until < second.since)
        or (second.until is not None and first.since is not None and second.until < first.since)
    )


def _unused(lines: Sequence[_Line], layers: Sequence[Layer], known: Known) -> Iterator[LintFinding]:
    held = _known_names(known)
    for line in lines:
        if line.layer.built_in:
            continue
        names = held.get(line.section[-1])
        if names is not None and line.key.casefold() not in names:
            yield _no_use(line.shown, line.where)
        types = held.get("item_type")
        if (
            line.section[0] == "issue_type"
            and types is not None
            and line.section[1].casefold() not in types
        ):
            yield _no_use(f"issue type {line.section[1]!r}", line.where)
    for layer in layers:
        if not layer.built_in:
            yield from _unused_elsewhere(layer, layer.data, (), held)
            for key, inner in layer.data.get("project", {}).items():
                at: At = ("project", key)
                if held.get("project") is not None and key.casefold() not in held["project"]:
                    yield _no_use(f"project {key!r}", layer.where(at))
                yield from _unused_elsewhere(layer, inner, at, held)


def _unused_elsewhere(
    layer: Layer, data: Mapping[str, Any], at: At, held: Mapping[str, frozenset[str]]
) -> Iterator[LintFinding]:
    for key, values in data.get("fields", {}).items():
        for value in values:
            if "field" in held and value.casefold() not in held["field"]:
                yield _no_use(f"field {value!r}", layer.where((*at, "fields", key)))
    for i, rule in enumerate(data.get("team", ())):
        for key in ("component", "label", "project"):
            if key in rule and key in held and rule[key].casefold() not in held[key]:
                yield _no_use(
                    f"team {rule['name']!r}: {key} {rule[key]!r}",
                    layer.where((*at, "team", i, key)),
                )


def _no_use(what: str, where: str) -> LintFinding:
    return LintFinding(
        "unused",
        f"{what}: nothing of that name was read so far.",
        where,
        "Check the spelling, or delete the line.",
    )


def _known_names(known: Known) -> dict[str, frozenset[str]]:
    """Table or condition -> folded names and ids that were seen; absent where nothing is known."""
    pairs: dict[str, frozenset[str] | None] = {
        "item_type": known.item_types,
        "priority": known.priorities,
        "resolution": known.resolutions,
        "link": known.links,
        "component": known.components,
        "label": known.labels,
    }
    found = {
        key: frozenset(one.casefold() for one in values)
        for key, values in pairs.items()
        if values is not None
    }
    if "label" in found:
        found.update(dict.fromkeys(_LABELS, found["label"]))
    for key, table in (("field", known.fields), ("project", known.projects)):
        if table is not None:
            found[key] = frozenset(one.casefold() for pair in table.items() for one in pair)
    if known.statuses is not None:
        found["status"] = frozenset(
            one.casefold() for id_, (name, _) in known.statuses.items() for one in (id_, name)
        )
    return found


def _shadowed(lines: Sequence[_Line]) -> Iterator[LintFinding]:
    """Lines of the user's files that a later file overrides, or that change nothing."""
    before: dict[tuple[Any, ...], _Line] = {}
    for line in lines:
        earlier = before.get(line.place)
        before[line.place] = line
        if earlier is None or earlier.layer is line.layer or line.layer.built_in:
            continue
        same = _meaning(earlier.value) == _meaning(line.value)
        if same:
            yield LintFinding(
                "redundant",
                f"{line.shown} says what {earlier.where} says already.",
                line.where,
                "Delete the line.",
            )
        elif not earlier.layer.built_in:
            yield LintFinding(
                "shadowed",
                f"{earlier.shown} has no effect: {line.where} overrides it.",
                earlier.where,
                "Delete the line, unless other connections use this file.",
            )
