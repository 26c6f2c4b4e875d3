"""Projects of the simulated GitHub: fields, items and their values, of which no history is kept.

An edit of a value moves the item of the project and never the issue in it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from connectors.simulator.code_things import ChangeRequest, Group, HostIssue

if TYPE_CHECKING:
    from connectors.simulator.code import CodeWorld

Kind = Literal["TITLE", "TEXT", "NUMBER", "DATE", "SINGLE_SELECT", "ITERATION"]


@dataclass(slots=True)
class BoxOfTime:
    """An iteration of a field."""

    title: str
    start: date
    #: days.
    duration: int = 14
    completed: bool = False


@dataclass(slots=True)
class ProjectField:
    """A field of a project; options and iterations by their ids."""

    id: int
    project_id: int
    name: str
    kind: Kind
    options: dict[str, str] = field(default_factory=dict)
    iterations: dict[str, BoxOfTime] = field(default_factory=dict)

    def option(self, name: str) -> str:
        """Id of the option or iteration of this name."""
        named = {**self.options, **{id_: one.title for id_, one in self.iterations.items()}}
        return next(id_ for id_, title in named.items() if title == name)


@dataclass(slots=True)
class Value:
    """What stands in a field of an item; for options and iterations their id."""

    value: Any
    updated: datetime


@dataclass(slots=True)
class ProjectItem:
    """A line of a project: an issue, a pull request, or a draft that is neither."""

    id: int
    project_id: int
    content: HostIssue | ChangeRequest | None
    title: str
    created: datetime
    updated: datetime
    archived: bool = False
    #: by the id of the field.
    values: dict[int, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Project:
    """A project of an organisation."""

    id: int
    owner: Group
    number: int
    title: str
    closed: bool = False
    deleted: bool = False
    fields: list[ProjectField] = field(default_factory=list)
    #: in the order of people's hands.
    items: list[ProjectItem] = field(default_factory=list)

    @property
    def key(self) -> str:
        """`owner/number`."""
        return f"{self.owner.path}/{self.number}"

    def field(self, name: str) -> ProjectField:
        """The field of this name."""
        return next(one for one in self.fields if one.name == name)


class Projects:
    """All projects; under the lock of the `World`."""

    def __init__(self, code: "CodeWorld") -> None:
        """No project yet."""
        self.code = code
        self.all: dict[int, Project] = {}

    def add(self, owner: Group, title: str) -> Project:
        """A new project with the field that each has."""
        number = 1 + sum(one.owner.id == owner.id for one in self.all.values())
        made = Project(self.code.next_id(), owner, number, title)
        self.all[made.id] = made
        self.add_field(made, "Title", "TITLE")
        return made

    def numbered(self, login: str, number: int) -> Project | None:
        """The project of an owner."""
        return next(
            (
                one
                for one in self.all.values()
                if not one.deleted
                and one.owner.path.casefold() == login.casefold()
                and one.number == number
            ),
            None,
        )

    def add_field(
        self, project: Project, name: str, kind: Kind, options: tuple[str, ...] = ()
    ) -> ProjectField:
        """A new field; the ids of options are the same in every project, as the vendor's are."""
        held = {f"{i:02x}75ad846": option for i, option in enumerate(options, 1)}
        made = ProjectField(self.code.next_id(), project.id, name, kind, held)
        project.fields.append(made)
        return made

    def add_iteration(self, of: ProjectField, title: str, start: date, duration: int = 14) -> str:
        """Id of a new iteration of a field."""
        id_ = f"{len(of.iterations) + 1:02x}c0ffee"
        of.iterations[id_] = BoxOfTime(title, start, duration)
        return id_

    def add_item(
        self, project: Project, content: HostIssue | ChangeRequest | None, title: str = "Draft"
    ) -> ProjectItem:
        """An issue, a pull request or a draft at the end of a project."""
        now = self.code.now
        made = ProjectItem(
            self.code.next_id(), project.id, content, content.title if content else title, now, now
        )
        made.values[project.field("Title").id] = Value(made.title, now)
        project.items.append(made)
        return made

    def set(self, item: ProjectItem, name: str, value: Any) -> None:
        """Write a field of an item; None clears it. Options and iterations go by name."""
        held = self.all[item.project_id].field(name)
        item.updated = self.code.now
        if value is None:
            item.values.pop(held.id, None)
            return
        chosen = held.option(value) if held.kind in ("SINGLE_SELECT", "ITERATION") else value
        item.values[held.id] = Value(chosen, self.code.now)

    def archive(self, item: ProjectItem, archived: bool = True) -> None:
        """Take an item out of the project's views; it stays in the project."""
        item.archived, item.updated = archived, self.code.now

    def remove(self, item: ProjectItem) -> None:
        """Take an item out of its project, without a trace."""
        self.all[item.project_id].items.remove(item)

    def move(self, item: ProjectItem, place: int) -> None:
        """Drag an item to another place."""
        items = self.all[item.project_id].items
        items.remove(item)
        items.insert(place, item)

    def remove_field(self, project: Project, name: str) -> None:
        """Delete a field with all that stands in it."""
        gone = project.field(name)
        project.fields.remove(gone)
        for item in project.items:
            item.values.pop(gone.id, None)
