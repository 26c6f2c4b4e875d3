"""Random legal edits of what the company plans in Jira."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from connectors.simulator.edit_dice import Dice, Draw
from connectors.simulator.world import (
    PRIORITIES,
    STATUS,
    STATUS_BY_ID,
    Issue,
    Project,
    Sprint,
    Version,
    days,
)

_SCRUM = ("To Do", "In Progress", "In Review", "Done", "Won't Do")
_KANBAN = ("Backlog", "Selected", "Doing", "Finished")
_LABELS = ("backend", "ui", "debt", "q1")
_POINTS = (None, 1.0, 2.0, 3.0, 5.0, 8.0)


def _open(project: Project) -> bool:
    return not (project.archived or project.deleted)


def _issues(dice: Dice) -> list[Issue]:
    projects = dice.world.projects
    return [one for one in dice.world.alive() if _open(projects[one.project_id])]


def _versions(dice: Dice, project_id: int | None = None) -> list[Version]:
    return [
        one
        for one in dice.world.versions.values()
        if not one.deleted
        and project_id in (None, one.project_id)
        and _open(dice.world.projects[one.project_id])
    ]


def _sprints(dice: Dice, *states: str, project_id: int | None = None) -> list[Sprint]:
    world = dice.world
    return [
        one
        for one in world.sprints.values()
        if one.state in states
        and not one.deleted
        and project_id in (None, world.boards[one.board_id].project_id)
        and _open(world.projects[world.boards[one.board_id].project_id])
    ]


def _projects(dice: Dice) -> list[Project]:
    return [one for one in dice.world.projects.values() if _open(one)]


Deed = Callable[[Dice, Issue], str | None]


def _of_issue(deed: Deed) -> Draw:
    """The deed done to any issue."""

    @wraps(deed)
    def draw(dice: Dice) -> str | None:
        issue = dice.one(_issues(dice))
        if issue is None:
            return None
        key = issue.key
        done = deed(dice, issue)
        return None if done is None else f"{key} {done}"

    return draw


def _retitle(dice: Dice, issue: Issue) -> str:
    dice.world.rename(issue, dice.words("Title"), by=dice.somebody)
    return "gets another title"


def _describe(dice: Dice, issue: Issue) -> str:
    dice.world.describe(issue, dice.words("Text"), by=dice.somebody)
    return "gets another text"


def _transition(dice: Dice, issue: Issue) -> str:
    names = _SCRUM if dice.world.projects[issue.project_id].kind == "scrum" else _KANBAN
    status = dice.rng.choice([one for one in names if STATUS[one].id != issue.status_id])
    before = STATUS_BY_ID[issue.status_id].name
    dice.world.transition(issue, status, by=dice.somebody)
    return f"goes from {before} to {status}"


def _estimate(dice: Dice, issue: Issue) -> str:
    dice.world.set_points(issue, dice.rng.choice(_POINTS), by=dice.somebody)
    return f"is estimated at {issue.points}"


def _assign(dice: Dice, issue: Issue) -> str:
    dice.world.assign(issue, dice.rng.choice([None, *dice.world.humans()]), by=dice.somebody)
    return f"is assigned to {issue.assignee}"


def _relabel(dice: Dice, issue: Issue) -> str:
    dice.world.relabel(issue, dice.rng.sample(_LABELS, dice.rng.randint(0, 3)), by=dice.somebody)
    return f"is labelled {issue.labels}"


def _prioritise(dice: Dice, issue: Issue) -> str:
    dice.world.prioritise(issue, dice.rng.choice(list(PRIORITIES)), by=dice.somebody)
    return f"has priority {issue.priority}"


def _due(dice: Dice, issue: Issue) -> str:
    days_ahead = dice.rng.choice((None, -3, 14, 60))
    due = None if days_ahead is None else dice.now.date() + timedelta(days=days_ahead)
    dice.world.set_due(issue, due, by=dice.somebody)
    return f"is due {due}"


def _flag(dice: Dice, issue: Issue) -> str:
    dice.world.flag(issue, not issue.flagged, by=dice.somebody)
    return "is flagged" if issue.flagged else "is no longer flagged"


def _convert(dice: Dice, issue: Issue) -> str | None:
    if issue.type not in ("Story", "Task", "Bug"):
        return None
    type_ = dice.rng.choice([one for one in ("Story", "Task", "Bug") if one != issue.type])
    dice.world.convert(issue, type_, by=dice.somebody)
    return f"becomes a {type_}"


def _plan(dice: Dice, issue: Issue) -> str | None:
    version = dice.one(_versions(dice, issue.project_id))
    if version is None:
        return None
    if version.id in issue.versions:
        dice.world.remove_from_version(issue, version, by=dice.somebody)
        return f"leaves version {version.id}"
    dice.world.add_to_version(issue, version, by=dice.somebody)
    return f"enters version {version.id}"


def _sprint(dice: Dice, issue: Issue) -> str:
    open_ = _sprints(dice, "active", "future", project_id=issue.project_id)
    sprint = dice.rng.choice([None, *open_])
    dice.world.move_to_sprint(issue, sprint, by=dice.somebody)
    return f"is put into sprint {sprint.id if sprint else None}"


def _parent(dice: Dice, issue: Issue) -> str | None:
    if issue.type == "Epic":
        return None
    wanted = ("Story", "Task", "Bug") if issue.type == "Sub-task" else ("Epic",)
    found = [
        one
        for one in _issues(dice)
        if one.type in wanted and one.project_id == issue.project_id and one is not issue
    ]
    choices: list[Issue | None] = [*found] if issue.type == "Sub-task" else [None, *found]
    if not choices:
        return None
    parent = dice.rng.choice(choices)
    dice.world.set_parent(issue, parent, by=dice.somebody)
    return f"is put under {parent.key if parent else 'nothing'}"


def _link(dice: Dice, issue: Issue) -> str | None:
    held = [dice.world.link_defs[one] for one in issue.links if one in dice.world.link_defs]
    made = dice.one(held)
    if made is not None and dice.rng.random() < 0.5:
        dice.world.unlink(made, by=dice.somebody)
        return f"loses link {made.id}"
    other = dice.one([one for one in _issues(dice) if one is not issue])
    if other is None:
        return None
    kind = dice.rng.choice(("Blocks", "Relates", "Duplicate", "Cloners"))
    dice.world.link(issue, kind, other, by=dice.somebody)
    return f"{kind.lower()} {other.key}"


def _delete(dice: Dice, issue: Issue) -> str:
    dice.world.delete(issue)
    return f"({issue.id}) is deleted"


def _move(dice: Dice, issue: Issue) -> str | None:
    others = [one for one in _projects(dice) if one.id != issue.project_id]
    project = dice.one(others)
    if project is None or issue.type == "Sub-task":
        return None
    children = [one for one in dice.world.alive() if one.parent_id == issue.id]
    if any(one.type == "Sub-task" for one in children):
        return None
    dice.world.move(issue, project, by=dice.somebody)
    return f"is moved: {issue.key}"


def _hide(dice: Dice, issue: Issue) -> str:
    if dice.who.name in issue.hidden_from:
        dice.world.unhide(issue, dice.who)
        return "is shown again"
    dice.world.hide(issue, dice.who)
    return f"({issue.id}) is hidden"


def _restrict(dice: Dice, issue: Issue) -> str:
    dice.world.restrict(issue, not issue.restricted)
    return "is restricted" if issue.restricted else "is no longer restricted"


def _create(dice: Dice) -> str | None:
    project = dice.one(_projects(dice))
    if project is None:
        return None
    epics = [one for one in _issues(dice) if one.type == "Epic" and one.project_id == project.id]
    epic, version = dice.one(epics), dice.one(_versions(dice, project.id))
    made = dice.world.create_issue(
        project,
        dice.rng.choice(("Story", "Task", "Bug")),
        dice.words("New"),
        reporter=dice.somebody,
        parent_id=epic.id if epic else None,
        versions=[version.id] if version and dice.rng.random() < 0.5 else [],
    )
    return f"{made.key} is written"


def _sub_task(dice: Dice) -> str | None:
    parent = dice.one([one for one in _issues(dice) if one.type in ("Story", "Task", "Bug")])
    if parent is None:
        return None
    project = dice.world.projects[parent.project_id]
    made = dice.world.create_issue(
        project, "Sub-task", dice.words("Part"), reporter=dice.somebody, parent_id=parent.id
    )
    return f"{made.key} is written under {parent.key}"


def _version_dates(dice: Dice) -> str | None:
    version = dice.one(_versions(dice))
    if version is None:
        return None
    due = (version.due or dice.now.date()) + timedelta(days=dice.rng.randint(1, 21))
    dice.world.set_version_dates(version, due=due)
    return f"version {version.id} is due {due}"


def _version_state(dice: Dice) -> str | None:
    version = dice.one(_versions(dice))
    if version is None:
        return None
    if not version.archived and dice.rng.random() < 0.2:
        dice.world.archive_version(version)
        return f"version {version.id} is archived"
    dice.world.release_version(version, released=not version.released)
    return f"version {version.id} is {'released' if version.released else 'open again'}"


def _add_version(dice: Dice) -> str | None:
    project = dice.one(_projects(dice))
    if project is None:
        return None
    made = dice.world.add_version(project, dice.words("Release"), due=dice.now.date() + days(30))
    return f"version {made.id} is planned"


def _drop_version(dice: Dice) -> str | None:
    version = dice.one(_versions(dice))
    if version is None:
        return None
    dice.world.delete_version(version)
    return f"version {version.id} is deleted"


def _start_sprint(dice: Dice) -> str | None:
    sprint = dice.one(_sprints(dice, "future"))
    if sprint is None:
        return None
    dice.world.start_sprint(sprint, dice.now, dice.now + days(14))
    return f"sprint {sprint.id} is started"


def _end_sprint(dice: Dice) -> str | None:
    sprint = dice.one(_sprints(dice, "active"))
    if sprint is None:
        return None
    dice.world.close_sprint(sprint, dice.now)
    return f"sprint {sprint.id} is closed"


def _sprint_dates(dice: Dice) -> str | None:
    sprint = dice.one([one for one in _sprints(dice, "active") if one.end is not None])
    if sprint is None or sprint.end is None:
        return None
    dice.world.set_sprint_dates(sprint, end=sprint.end + days(dice.rng.randint(1, 4)))
    return f"sprint {sprint.id} ends later"


def _add_sprint(dice: Dice) -> str | None:
    boards = [
        one
        for one in dice.world.boards.values()
        if one.kind == "scrum" and _open(dice.world.projects[one.project_id])
    ]
    board = dice.one(boards)
    if board is None:
        return None
    return f"sprint {dice.world.add_sprint(board, dice.words('Sprint')).id} is planned"


def _rename_project(dice: Dice) -> str | None:
    project = dice.one(_projects(dice))
    if project is None:
        return None
    old = project.key
    letters = "".join(dice.rng.choice("BCDFGHJKLM") for _ in range(8))
    dice.world.rename_project(project, f"R{letters}")
    return f"project {old} is called {project.key}"


def _archive(dice: Dice) -> str | None:
    project = dice.one([one for one in dice.world.projects.values() if not one.deleted])
    if project is None:
        return None
    if project.archived:
        dice.world.unarchive_project(project)
        return f"project {project.key} is taken out of the archive"
    dice.world.archive_project(project)
    return f"project {project.key} is archived"


def _revoke(dice: Dice) -> str | None:
    project = dice.one([one for one in dice.world.projects.values() if not one.deleted])
    if project is None:
        return None
    if project.id in dice.who.hidden_projects:
        dice.world.restore(dice.who, project)
        return f"project {project.key} is shown to {dice.who.name}"
    dice.world.revoke(dice.who, project)
    return f"project {project.key} is closed to {dice.who.name}"


#: What happens every day.
DRAWS: tuple[Draw, ...] = (
    *map(
        _of_issue,
        (
            _retitle, _describe, _transition, _estimate, _assign, _relabel, _prioritise, _due,
            _flag, _convert, _plan, _sprint, _parent, _link, _delete, _move, _hide, _restrict,
        ),
    ),
    _create, _sub_task, _version_dates, _version_state, _add_version, _drop_version,
    _start_sprint, _end_sprint, _sprint_dates, _add_sprint, _rename_project,
)  # fmt: skip
#: What takes a whole project out of sight, or brings it back.
DRASTIC: tuple[Draw, ...] = (_archive, _revoke)
