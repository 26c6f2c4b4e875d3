"""A project over the repositories of a simulated GitHub, and what the store knows of it."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from connectors.simulator.code_projects import Project, ProjectItem
from connectors.simulator.code_things import HostIssue
from connectors.simulator.world import World
from sync.store import schema
from sync.store.open import Store

#: What a person would configure for it.
FIELDS: dict[str, Any] = {
    "milestone": "Release",
    "iteration": "Sprint",
    "due_date": "Target",
    "status": "Status",
    "estimate": "Points",
}


def planned(world: World, title: str = "Plan", *, permitted: bool = True) -> Project:
    """A project of the first organisation with every issue in it, and the permission to read it."""
    code = world.code
    if permitted:
        code.access_of(world.credentials["owner"]).scopes = ("repo", "read:org", "read:project")
    owner = next(one for one in code.groups.values() if one.host == "github")
    made = code.projects.add(owner, title)
    code.projects.add_field(made, "Status", "SINGLE_SELECT", ("Todo", "In Progress", "Done"))
    code.projects.add_field(made, "Release", "SINGLE_SELECT", ("R1", "R2"))
    code.projects.add_field(made, "Target", "DATE")
    code.projects.add_field(made, "Points", "NUMBER")
    sprint = code.projects.add_field(made, "Sprint", "ITERATION")
    code.projects.add_iteration(sprint, "Sprint 1", date(2026, 2, 23))
    code.projects.add_iteration(sprint, "Sprint 2", date(2026, 3, 9))
    for repo in code.hosted("github"):
        for issue in code.issues_in(repo):
            code.projects.add_item(made, issue)
    return made


def issue_of(item: ProjectItem) -> HostIssue:
    """The issue of a line."""
    assert isinstance(item.content, HostIssue)
    return item.content


def open_lines(project: Project) -> list[ProjectItem]:
    """Lines whose issues are open."""
    return [
        one
        for one in project.items
        if isinstance(one.content, HostIssue) and one.content.state == "open"
    ]


def options(project: Project, **fields: Any) -> dict[str, Any]:
    """What is configured of a project; all its fields unless said otherwise."""
    return {"project": project.key, **(fields or FIELDS)}


def item_row(store: Store, issue: HostIssue) -> Any:
    """The work item of an issue as it is stored."""
    c = schema.work_item.c
    with store.reading() as conn:
        return conn.execute(sa.select(schema.work_item).where(c.source_id == str(issue.id))).one()


def rows(store: Store, table: str, **equal: Any) -> list[Any]:
    """Rows of a table as known now."""
    t = schema.metadata.tables[table]
    with store.reading() as conn:
        query = sa.select(t)
        for name, value in equal.items():
            query = query.where(t.c[name] == value)
        for end in ("known_to", "gone_at"):
            if end in t.c:
                query = query.where(t.c[end].is_(None))
        return list(conn.execute(query))
