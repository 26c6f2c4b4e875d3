"""Answers of GitHub's GraphQL about projects, their fields and their items."""

from dataclasses import dataclass
from typing import Any

from connectors.simulator.code_projects import BoxOfTime, Project, ProjectField, ProjectItem, Value
from connectors.simulator.code_things import ChangeRequest, Group, HostIssue
from connectors.simulator.github_ids import instant, node_id
from connectors.simulator.github_pages import Page, page
from connectors.simulator.github_scene import SITE, Args, Scene, at, get
from connectors.simulator.graphql import Refused, Resolver
from connectors.simulator.world import Person

_SCOPES = frozenset({"project", "read:project"})
_FIELDS = {"SINGLE_SELECT": "PVTSSF", "ITERATION": "PVTIF"}
_VALUES = {
    "DATE": "Date",
    "ITERATION": "Iteration",
    "NUMBER": "Number",
    "SINGLE_SELECT": "SingleSelect",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A value with its field and item."""

    item: ProjectItem
    field: ProjectField
    value: Value

    @property
    def type(self) -> str:
        """Name of the schema's type."""
        return f"ProjectV2ItemField{_VALUES.get(self.field.kind, 'Text')}Value"

    @property
    def box(self) -> BoxOfTime:
        """The iteration that it names."""
        return self.field.iterations[self.value.value]


@dataclass(frozen=True, slots=True)
class Draft:
    """A line that is neither issue nor pull request."""

    item: ProjectItem


def seen(scene: Scene, project: Project | None) -> Project | None:
    """A project that the token may read. Raises Refused where it lacks the permission."""
    if scene.access.fine_grained:
        scene.need("projects")
    elif not _SCOPES.intersection(scene.access.scopes):
        raise Refused(
            "Your token has not been granted the required scopes to execute this query. The"
            " 'projectV2' field requires one of the following scopes: ['read:project'], but your"
            f" token has only been granted the: {list(scene.access.scopes)} scopes.",
            "INSUFFICIENT_SCOPES",
        )
    return project if project is not None and not project.deleted else None


def item_of(scene: Scene, number: int) -> ProjectItem | None:
    """An item by its id."""
    for project in scene.code.projects.all.values():
        for item in project.items:
            if item.id == number:
                return item if seen(scene, project) else None
    return None


def _owner(scene: Scene, _: Any, args: Args) -> Any:
    login = args["login"].casefold()
    for group in scene.code.groups.values():
        if group.host == "github" and group.path.casefold() == login:
            return group
    return next((p for p in scene.world.people.values() if p.login.casefold() == login), None)


def _project(scene: Scene, owner: Group | Person, args: Args) -> Project:
    login = owner.path if isinstance(owner, Group) else owner.login
    found = seen(scene, scene.code.projects.numbered(login, args["number"]))
    if found is None:
        raise Refused(
            f"Could not resolve to a ProjectV2 with the number {args['number']}.", "NOT_FOUND"
        )
    return found


def _items(scene: Scene, project: Project, args: Args) -> Page:
    # A cursor stands for the item's place as it is now: what is dragged may be missed or met twice.
    return page(project.items, args)


def _visible(scene: Scene, item: ProjectItem) -> bool:
    one = item.content
    return one is None or scene.code.visible(scene.who, scene.repo(one.repo_id))


def _content(scene: Scene, item: ProjectItem, _: Args) -> Any:
    if item.content is None:
        return Draft(item)
    return item.content if _visible(scene, item) else None


def _kind(scene: Scene, item: ProjectItem, _: Args) -> str:
    if not _visible(scene, item):
        return "REDACTED"
    if isinstance(item.content, HostIssue):
        return "ISSUE"
    return "PULL_REQUEST" if isinstance(item.content, ChangeRequest) else "DRAFT_ISSUE"


def _values(scene: Scene, item: ProjectItem, args: Args) -> Page:
    project = scene.code.projects.all[item.project_id]
    found = [
        Held(item, one, item.values[one.id]) for one in project.fields if one.id in item.values
    ]
    return page(found, args)


def _field_id(scene: Scene, one: ProjectField, _: Args) -> str:
    return node_id(_FIELDS.get(one.kind, "PVTF"), one.id)


def _boxes(one: ProjectField, completed: bool) -> list[dict[str, Any]]:
    return [
        {
            "__typename": "ProjectV2IterationFieldIteration",
            "id": id_,
            "title": box.title,
            "startDate": box.start.isoformat(),
            "duration": box.duration,
        }
        for id_, box in one.iterations.items()
        if box.completed is completed
    ]


def _configuration(scene: Scene, one: ProjectField, _: Args) -> Any:
    return {
        "__typename": "ProjectV2IterationFieldConfiguration",
        "duration": 14,
        "iterations": _boxes(one, False),
        "completedIterations": _boxes(one, True),
    }


def _options(scene: Scene, one: ProjectField, args: Args) -> Any:
    named = args.get("names")
    return [
        {"__typename": "ProjectV2SingleSelectFieldOption", "id": id_, "name": name}
        for id_, name in one.options.items()
        if named is None or name in named
    ]


def _table() -> dict[tuple[str, str], Resolver]:
    found: dict[tuple[str, str], Resolver] = {
        ("Query", "repositoryOwner"): _owner,
        ("Organization", "id"): lambda _, one, __: node_id("O", one.id),
        ("Organization", "login"): get("path"),
        ("Organization", "projectV2"): _project,
        ("User", "projectV2"): _project,
        ("ProjectV2", "id"): lambda _, one, __: node_id("PVT", one.id),
        ("ProjectV2", "url"): lambda _, one, __: (
            f"{SITE}/orgs/{one.owner.path}/projects/{one.number}"
        ),
        ("ProjectV2", "fields"): lambda _, one, args: page(one.fields, args),
        ("ProjectV2", "items"): _items,
        ("ProjectV2Item", "id"): lambda _, one, __: node_id("PVTI", one.id),
        ("ProjectV2Item", "fullDatabaseId"): lambda _, one, __: str(one.id),
        ("ProjectV2Item", "isArchived"): get("archived"),
        ("ProjectV2Item", "updatedAt"): at("updated"),
        ("ProjectV2Item", "project"): lambda scene, one, _: scene.code.projects.all[one.project_id],
        ("ProjectV2Item", "content"): _content,
        ("ProjectV2Item", "type"): _kind,
        ("ProjectV2Item", "fieldValues"): _values,
        ("DraftIssue", "id"): lambda _, one, __: node_id("DI", one.item.id),
        ("DraftIssue", "title"): lambda _, one, __: one.item.title,
        ("ProjectV2IterationField", "configuration"): _configuration,
        ("ProjectV2SingleSelectField", "options"): _options,
        ("ProjectV2ItemFieldDateValue", "date"): lambda _, one, __: one.value.value.isoformat(),
        ("ProjectV2ItemFieldNumberValue", "number"): lambda _, one, __: one.value.value,
        ("ProjectV2ItemFieldTextValue", "text"): lambda _, one, __: one.value.value,
        ("ProjectV2ItemFieldSingleSelectValue", "optionId"): lambda _, one, __: one.value.value,
        ("ProjectV2ItemFieldSingleSelectValue", "name"): lambda _, one, __: one.field.options.get(
            one.value.value
        ),
        ("ProjectV2ItemFieldIterationValue", "iterationId"): lambda _, one, __: one.value.value,
        ("ProjectV2ItemFieldIterationValue", "title"): lambda _, one, __: one.box.title,
        ("ProjectV2ItemFieldIterationValue", "startDate"): lambda _, one, __: (
            one.box.start.isoformat()
        ),
        ("ProjectV2ItemFieldIterationValue", "duration"): lambda _, one, __: one.box.duration,
    }
    for name in ("Field", "IterationField", "SingleSelectField"):
        found |= {
            (f"ProjectV2{name}", "id"): _field_id,
            (f"ProjectV2{name}", "dataType"): get("kind"),
        }
    for name in (*_VALUES.values(), "Text"):
        found |= {
            (f"ProjectV2ItemField{name}Value", "id"): lambda _, one, __: (
                f"PVTFV_{one.item.id}_{one.field.id}"
            ),
            (f"ProjectV2ItemField{name}Value", "field"): get("field"),
            (f"ProjectV2ItemField{name}Value", "updatedAt"): lambda _, one, __: instant(
                one.value.updated
            ),
        }
    return found


RESOLVERS = _table()
#: Connections that it adds to the schema.
CONNECTIONS = ("ProjectV2FieldConfiguration", "ProjectV2Item", "ProjectV2ItemFieldValue")


def type_of(value: Any) -> str | None:
    """Name of the schema's type of a thing of projects; None for another thing."""
    if isinstance(value, ProjectField):
        word = {"SINGLE_SELECT": "SingleSelect", "ITERATION": "Iteration"}.get(value.kind, "")
        return f"ProjectV2{word}Field"
    if isinstance(value, Held):
        return value.type
    return {Project: "ProjectV2", ProjectItem: "ProjectV2Item", Draft: "DraftIssue"}.get(
        type(value)
    )
