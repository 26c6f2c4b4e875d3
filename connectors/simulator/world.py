"""The company's planning as it truly is: projects, items, versions, sprints, and all their history.

Every mutation writes what Jira would: a history entry with ids and texts, and a new `updated`.
"""

import threading
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from connectors.simulator.code import CodeWorld
from connectors.simulator.happening import Happening

BASE_URL = "https://apollo.example.net"
SPRINT_FIELD, POINTS_FIELD = "customfield_10020", "customfield_10016"
EPIC_FIELD = "customfield_10014"
FLAG_FIELD = "customfield_10021"


@dataclass(slots=True)
class Person:
    """Somebody with a login."""

    account_id: str
    login: str
    name: str
    active: bool = True
    #: a service account, Jira's account type `app`.
    bot: bool = False


@dataclass(frozen=True, slots=True)
class StatusDef:
    """A workflow status."""

    id: str
    name: str
    #: Jira's category key: new, indeterminate, done.
    category: str


STATUSES = (
    StatusDef("10000", "To Do", "new"),
    StatusDef("10001", "In Progress", "indeterminate"),
    StatusDef("10002", "In Review", "indeterminate"),
    StatusDef("10003", "Done", "done"),
    StatusDef("10004", "Won't Do", "done"),
    StatusDef("10010", "Backlog", "new"),
    StatusDef("10011", "Selected", "new"),
    StatusDef("10012", "Doing", "indeterminate"),
    StatusDef("10013", "Finished", "done"),
)
STATUS = {one.name: one for one in STATUSES}
STATUS_BY_ID = {one.id: one for one in STATUSES}
#: Where an item lands when it moves to a project of the other kind.
WORKFLOWS: dict[str, dict[str, str]] = {
    "scrum": {
        "Backlog": "To Do",
        "Selected": "To Do",
        "Doing": "In Progress",
        "Finished": "Done",
    },
    "kanban": {
        "To Do": "Backlog",
        "In Progress": "Doing",
        "In Review": "Doing",
        "Done": "Finished",
    },
}
TYPES = {
    "Epic": ("10100", 1, False),
    "Story": ("10101", 0, False),
    "Task": ("10102", 0, False),
    "Bug": ("10103", 0, False),
    "Sub-task": ("10104", -1, True),
}
PRIORITIES = {"Highest": "1", "High": "2", "Medium": "3", "Low": "4"}
LINK_TYPES = {
    "Blocks": ("10200", "is blocked by", "blocks"),
    "Relates": ("10201", "relates to", "relates to"),
    "Cloners": ("10202", "is cloned by", "clones"),
    "Duplicate": ("10203", "is duplicated by", "duplicates"),
}


@dataclass(slots=True)
class Project:
    """A project; the workflow is named by its kind."""

    id: int
    key: str
    name: str
    #: scrum or kanban.
    kind: str
    archived: bool = False
    deleted: bool = False
    #: keys that lead here still, oldest first.
    former_keys: list[str] = field(default_factory=list)

    def is_called(self, word: str) -> bool:
        """Whether its id or key, perhaps a former one, is this."""
        return word in (str(self.id), self.key, *self.former_keys)


@dataclass(slots=True)
class Version:
    """A release of a project."""

    id: int
    project_id: int
    name: str
    start: date | None = None
    due: date | None = None
    released: bool = False
    archived: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Board:
    """A board of a project."""

    id: int
    project_id: int
    name: str
    #: scrum or kanban.
    kind: str


@dataclass(slots=True)
class Sprint:
    """A sprint of a board."""

    id: int
    board_id: int
    name: str
    state: str
    start: datetime | None = None
    end: datetime | None = None
    activated: datetime | None = None
    completed: datetime | None = None
    goal: str = ""
    deleted: bool = False


@dataclass(slots=True)
class Entry:
    """One history entry."""

    id: int
    at: datetime
    author: str | None
    items: list[dict[str, Any]]


@dataclass(slots=True)
class LinkDef:
    """A link between two issues, read from `source`."""

    id: int
    kind: str
    source: int
    target: int


@dataclass(slots=True)
class Issue:
    """An issue as it stands now, with its history."""

    id: int
    key: str
    project_id: int
    type: str
    summary: str
    status_id: str
    created: datetime
    updated: datetime
    priority: str = "Medium"
    assignee: str | None = None
    reporter: str | None = None
    points: float | None = None
    parent_id: int | None = None
    labels: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    #: every sprint it is or was listed in.
    sprints: list[int] = field(default_factory=list)
    resolution: str | None = None
    resolved: datetime | None = None
    due: date | None = None
    description: str = ""
    links: list[int] = field(default_factory=list)
    #: protected by a security level.
    restricted: bool = False
    #: original estimate of the time it takes.
    estimate_seconds: int | None = None
    #: marked as impeded.
    flagged: bool = False
    deleted: bool = False
    #: when it was deleted, for the truth only: no API tells.
    deleted_at: datetime | None = None
    #: names of credentials that cannot see it.
    hidden_from: set[str] = field(default_factory=set)
    history: list[Entry] = field(default_factory=list)

    @property
    def category(self) -> str:
        """Jira's status category key."""
        return STATUS_BY_ID[self.status_id].category

    @property
    def is_done(self) -> bool:
        """Whether its status is in the done category."""
        return self.category == "done"


@dataclass(slots=True)
class Credential:
    """A login that a client may use."""

    name: str
    email: str
    token: str
    account_id: str
    #: IANA zone of its profile.
    time_zone: str = "UTC"
    #: ids of projects it cannot see.
    hidden_projects: set[int] = field(default_factory=set)
    #: whether it may see restricted issues.
    sees_restricted: bool = True
    revoked: bool = False


class World:
    """The truth. All access by servers and scripts goes through `lock`."""

    def __init__(self, now: datetime) -> None:
        """An empty company."""
        self.lock = threading.RLock()
        self.now = now
        self.people: dict[str, Person] = {}
        self.projects: dict[int, Project] = {}
        self.versions: dict[int, Version] = {}
        self.boards: dict[int, Board] = {}
        self.sprints: dict[int, Sprint] = {}
        self.issues: dict[int, Issue] = {}
        self.link_defs: dict[int, LinkDef] = {}
        self.credentials: dict[str, Credential] = {}
        self.by_key: dict[str, int] = {}
        self.by_project: dict[int, list[int]] = {}
        #: what happened and leaves no trace in the vendor's answers but the state now.
        self.unrecorded: list[Happening] = []
        #: the code hosts, of the same people.
        self.code = CodeWorld(self)
        self._ids = 10000
        self._history_ids = 50000
        self._counters: dict[int, int] = {}
        self._sorted: dict[tuple[int, str], list[tuple[Any, int]]] = {}

    # --- making things ----------------------------------------------------------------------

    def next_id(self) -> int:
        """A fresh id; ids grow."""
        self._ids += 1
        return self._ids

    def add_person(self, account_id: str, login: str, name: str, *, bot: bool = False) -> Person:
        """Somebody new, or a service account."""
        person = self.people[account_id] = Person(account_id, login, name, bot=bot)
        return person

    def add_project(self, key: str, name: str, kind: str) -> Project:
        """A new project."""
        project = Project(self.next_id(), key, name, kind)
        self.projects[project.id] = project
        self.by_project[project.id] = []
        return project

    def add_version(
        self,
        project: Project,
        name: str,
        start: date | None = None,
        due: date | None = None,
        *,
        released: bool = False,
        archived: bool = False,
    ) -> Version:
        """A new version."""
        version = Version(self.next_id(), project.id, name, start, due, released, archived)
        self.versions[version.id] = version
        return version

    def add_board(self, project: Project, name: str, kind: str) -> Board:
        """A new board."""
        board = Board(self.next_id(), project.id, name, kind)
        self.boards[board.id] = board
        return board

    def add_sprint(self, board: Board, name: str, state: str = "future") -> Sprint:
        """A new sprint without dates."""
        sprint = Sprint(self.next_id(), board.id, name, state)
        self.sprints[sprint.id] = sprint
        return sprint

    def add_credential(self, credential: Credential) -> Credential:
        """Let somebody in."""
        self.credentials[credential.name] = credential
        return credential

    def create_issue(
        self,
        project: Project,
        type_: str,
        summary: str,
        *,
        at: datetime | None = None,
        status: str | None = None,
        **values: Any,
    ) -> Issue:
        """A new issue; what it is created with leaves no history entry, as in Jira."""
        moment = at or self.now
        number = self._counters[project.id] = self._counters.get(project.id, 0) + 1
        first = "To Do" if project.kind == "scrum" else "Backlog"
        issue = Issue(
            id=self.next_id(),
            key=f"{project.key}-{number}",
            project_id=project.id,
            type=type_,
            summary=summary,
            status_id=STATUS[status or first].id,
            created=moment,
            updated=moment,
            **values,
        )
        self.issues[issue.id] = issue
        self.by_key[issue.key] = issue.id
        self.by_project[project.id].append(issue.id)
        self._drop_sorted(issue.project_id)
        return issue

    # --- changing things --------------------------------------------------------------------

    def change(
        self,
        issue: Issue,
        items: list[dict[str, Any]],
        *,
        at: datetime | None = None,
        by: str | None = None,
    ) -> None:
        """Write a history entry and move `updated`; never backwards."""
        moment = at or self.now
        self._history_ids += 1
        entry = Entry(self._history_ids, moment, by or issue.reporter, items)
        insort(issue.history, entry, key=lambda one: one.at)
        issue.updated = max(issue.updated, moment)
        self._drop_sorted(issue.project_id)

    def transition(
        self,
        issue: Issue,
        status: str,
        *,
        at: datetime | None = None,
        by: str | None = None,
        resolution: str = "Done",
    ) -> None:
        """Move it to another status; entering a done one sets the resolution."""
        old, new = STATUS_BY_ID[issue.status_id], STATUS[status]
        items = [_item("status", "status", old.id, old.name, new.id, new.name)]
        issue.status_id = new.id
        if new.category == "done" and old.category != "done":
            word = "Won't Do" if status == "Won't Do" else resolution
            items.append(_item("resolution", "resolution", issue.resolution, None, word, word))
            issue.resolution, issue.resolved = word, at or self.now
        elif new.category != "done" and old.category == "done":
            before = issue.resolution
            items.append(_item("resolution", "resolution", before, before, None, None))
            issue.resolution, issue.resolved = None, None
        self.change(issue, items, at=at, by=by)

    def add_to_version(self, issue: Issue, version: Version, **when: Any) -> None:
        """Plan it into a version."""
        if version.id in issue.versions:
            return
        issue.versions.append(version.id)
        self.change(
            issue,
            [_item("Fix Version", "fixVersions", None, None, str(version.id), version.name)],
            **when,
        )

    def remove_from_version(self, issue: Issue, version: Version, **when: Any) -> None:
        """Take it out of a version."""
        if version.id not in issue.versions:
            return
        issue.versions.remove(version.id)
        self.change(
            issue,
            [_item("Fix Version", "fixVersions", str(version.id), version.name, None, None)],
            **when,
        )

    def move_to_sprint(self, issue: Issue, sprint: Sprint | None, **when: Any) -> None:
        """List it in a sprint instead of the open ones it is in; closed ones stay listed."""
        before = list(issue.sprints)
        after = [one for one in before if self.sprints[one].state == "closed"]
        if sprint is not None and sprint.id not in after:
            after.append(sprint.id)
        if after == before:
            return
        issue.sprints = after
        old, new = self._sprint_texts(before), self._sprint_texts(after)
        self.change(issue, [_item("Sprint", SPRINT_FIELD, *old, *new)], **when)

    def _sprint_texts(self, ids: Iterable[int]) -> tuple[str, str]:
        """Ids and names as a history entry of the sprint field joins them."""
        found = [self.sprints[one] for one in ids]
        return ", ".join(str(one.id) for one in found), ", ".join(one.name for one in found)

    def set_points(self, issue: Issue, points: float | None, **when: Any) -> None:
        """Estimate it anew."""
        before = None if issue.points is None else f"{issue.points:g}"
        after = None if points is None else f"{points:g}"
        issue.points = points
        self.change(
            issue,
            [_item("Story Points", POINTS_FIELD, None, before, None, after)],
            **when,
        )

    def assign(self, issue: Issue, account_id: str | None, **when: Any) -> None:
        """Give it to somebody, or to nobody."""
        before, after = issue.assignee, account_id
        issue.assignee = account_id
        self.change(
            issue,
            [
                _item(
                    "assignee",
                    "assignee",
                    before,
                    self.people[before].name if before else None,
                    after,
                    self.people[after].name if after else None,
                )
            ],
            **when,
        )

    def rename(self, issue: Issue, summary: str, **when: Any) -> None:
        """Give it another title."""
        before, issue.summary = issue.summary, summary
        self.change(issue, [_item("summary", "summary", None, before, None, summary)], **when)

    def relabel(self, issue: Issue, labels: list[str], **when: Any) -> None:
        """Give it other labels."""
        before, issue.labels = issue.labels, labels
        self.change(
            issue,
            [_item("labels", "labels", None, " ".join(before), None, " ".join(labels))],
            **when,
        )

    def prioritise(self, issue: Issue, priority: str, **when: Any) -> None:
        """Give it another priority."""
        before, issue.priority = issue.priority, priority
        old, new = PRIORITIES[before], PRIORITIES[priority]
        self.change(issue, [_item("priority", "priority", old, before, new, priority)], **when)

    def set_due(self, issue: Issue, due: date | None, **when: Any) -> None:
        """Give it another due date, or none."""
        before, issue.due = issue.due, due
        old, new = (one.isoformat() if one else None for one in (before, due))
        self.change(issue, [_item("duedate", "duedate", old, old, new, new)], **when)

    def describe(self, issue: Issue, description: str, **when: Any) -> None:
        """Rewrite its text."""
        before, issue.description = issue.description, description
        texts = (None, before, None, description)
        self.change(issue, [_item("description", "description", *texts)], **when)

    def flag(self, issue: Issue, flagged: bool, **when: Any) -> None:
        """Mark it as impeded, or take the mark away."""
        old, new = (
            ("[10019]", "Impediment") if one else ("", "") for one in (issue.flagged, flagged)
        )
        issue.flagged = flagged
        self.change(issue, [_item("Flagged", FLAG_FIELD, old[0], old[1], new[0], new[1])], **when)

    def convert(self, issue: Issue, type_: str, **when: Any) -> None:
        """Make it an item of another type."""
        before, issue.type = issue.type, type_
        old, new = TYPES[before][0], TYPES[type_][0]
        self.change(issue, [_item("issuetype", "issuetype", old, before, new, type_)], **when)

    def set_parent(self, issue: Issue, parent: Issue | None, **when: Any) -> None:
        """Put it under another parent."""
        old = self.issues.get(issue.parent_id) if issue.parent_id else None
        issue.parent_id = parent.id if parent else None
        self.change(
            issue,
            [
                _item(
                    "IssueParentAssociation",
                    "parent",
                    str(old.id) if old else None,
                    old.key if old else None,
                    str(parent.id) if parent else None,
                    parent.key if parent else None,
                )
            ],
            **when,
        )

    def link(self, source: Issue, kind: str, target: Issue, **when: Any) -> LinkDef:
        """Relate two issues; both get a history entry and a new `updated`."""
        made = LinkDef(self.next_id(), kind, source.id, target.id)
        self.link_defs[made.id] = made
        _, inward, outward = LINK_TYPES[kind]
        for one, other, words in ((source, target, outward), (target, source, inward)):
            one.links.append(made.id)
            self.change(
                one,
                [
                    _item(
                        "Link",
                        "issuelinks",
                        None,
                        None,
                        other.key,
                        f"This issue {words} {other.key}",
                    )
                ],
                **when,
            )
        return made

    def unlink(self, made: LinkDef, **when: Any) -> None:
        """Take a link away."""
        del self.link_defs[made.id]
        for id_, other in ((made.source, made.target), (made.target, made.source)):
            issue = self.issues[id_]
            issue.links.remove(made.id)
            key = self.issues[other].key
            self.change(issue, [_item("Link", "issuelinks", key, key, None, None)], **when)

    def delete(self, issue: Issue, *, at: datetime | None = None) -> None:
        """Delete it and its sub-tasks for good: no API tells of them again."""
        if issue.deleted:
            return
        issue.deleted, issue.deleted_at = True, at or self.now
        self.by_project[issue.project_id].remove(issue.id)
        self._drop_sorted(issue.project_id)
        self._happened("issue.deleted", f"issue:{issue.id}", at=at, key=issue.key)
        for one in self.by_project[issue.project_id][:]:
            child = self.issues[one]
            if child.parent_id == issue.id and child.type == "Sub-task":
                self.delete(child, at=at)

    def move(self, issue: Issue, project: Project, **when: Any) -> None:
        """Move it to another project: a new key, the old one redirects; its plans stay behind."""
        old = self.projects[issue.project_id]
        before = issue.key
        items = [_item("project", "project", str(old.id), old.name, str(project.id), project.name)]
        items += [
            _item("Fix Version", "fixVersions", str(id_), self.versions[id_].name, None, None)
            for id_ in issue.versions
        ]
        if issue.sprints:
            ids, names = self._sprint_texts(issue.sprints)
            items.append(_item("Sprint", SPRINT_FIELD, ids, names, "", ""))
        status = STATUS_BY_ID[issue.status_id]
        landed = STATUS[WORKFLOWS[project.kind].get(status.name, status.name)]
        if landed is not status:
            items.append(_item("status", "status", status.id, status.name, landed.id, landed.name))
        number = self._counters[project.id] = self._counters.get(project.id, 0) + 1
        self.by_project[old.id].remove(issue.id)
        self._drop_sorted(old.id)
        issue.project_id, issue.key = project.id, f"{project.key}-{number}"
        issue.versions, issue.sprints, issue.status_id = [], [], landed.id
        insort(self.by_project[project.id], issue.id)
        self.by_key[issue.key] = issue.id
        self.change(issue, [*items, _item("Key", None, None, before, None, issue.key)], **when)

    # --- who sees what ----------------------------------------------------------------------

    def hide(self, issue: Issue, credential: Credential) -> None:
        """Let a security level keep it from a login: nothing in the issue changes."""
        issue.hidden_from.add(credential.name)
        self._happened("issue.hidden", f"issue:{issue.id}", credential=credential.name)

    def unhide(self, issue: Issue, credential: Credential) -> None:
        """Let a login see it again."""
        issue.hidden_from.discard(credential.name)
        self._happened("issue.shown", f"issue:{issue.id}", credential=credential.name)

    def revoke(self, credential: Credential, project: Project) -> None:
        """Take a login's access to a project away."""
        credential.hidden_projects.add(project.id)
        self._happened("access.revoked", f"project:{project.id}", credential=credential.name)

    def restore(self, credential: Credential, project: Project) -> None:
        """Give a login access to a project again."""
        credential.hidden_projects.discard(project.id)
        self._happened("access.restored", f"project:{project.id}", credential=credential.name)

    def revoke_token(self, credential: Credential) -> None:
        """Take a login's token back: nothing answers it any more."""
        credential.revoked = True
        self._happened("credential.revoked", f"credential:{credential.name}")

    def restrict(self, issue: Issue, restricted: bool) -> None:
        """Give it a security level, or take that away."""
        issue.restricted = restricted
        items = [
            _item(
                "security",
                "security",
                *(
                    (None, None, "10300", "Internal")
                    if restricted
                    else ("10300", "Internal", None, None)
                ),
            )
        ]
        self.change(issue, items)

    def rename_project(self, project: Project, key: str) -> None:
        """Give it another key, and so all its issues: no `updated` moves, the old ones lead on."""
        old, project.key = project.key, key
        project.former_keys.append(old)
        for issue in self.issues.values():
            if issue.project_id == project.id:
                issue.key = f"{key}-{issue.key.rpartition('-')[2]}"
                self.by_key[issue.key] = issue.id
        self._happened("project.renamed", f"project:{project.id}", old=old, new=key)

    def archive_project(self, project: Project) -> None:
        """Put it away: searches and listings pass over it, its page still answers."""
        project.archived = True
        self._happened("project.archived", f"project:{project.id}")

    def unarchive_project(self, project: Project) -> None:
        """Take it out again."""
        project.archived = False
        self._happened("project.restored", f"project:{project.id}")

    def delete_project(self, project: Project) -> None:
        """Delete it with all it holds."""
        project.deleted = True
        self._happened("project.deleted", f"project:{project.id}")

    # --- versions and sprints: Jira keeps no history of them --------------------------------

    def set_version_dates(
        self,
        version: Version,
        *,
        start: date | None = None,
        due: date | None = None,
        at: datetime | None = None,
    ) -> None:
        """Change a version's dates; a date not given stays."""
        before = (version.start, version.due)
        version.start = start or version.start
        version.due = due or version.due
        self._happened(
            "version.dates",
            f"version:{version.id}",
            at=at,
            old=before,
            new=(version.start, version.due),
        )

    def release_version(
        self, version: Version, *, released: bool = True, at: datetime | None = None
    ) -> None:
        """Declare it released, or take that back."""
        version.released = released
        what = "version.released" if released else "version.unreleased"
        self._happened(what, f"version:{version.id}", at=at)

    def archive_version(self, version: Version, *, at: datetime | None = None) -> None:
        """Put it away: it stays in its items and in listings."""
        version.archived = True
        self._happened("version.archived", f"version:{version.id}", at=at)

    def delete_version(self, version: Version, *, at: datetime | None = None) -> None:
        """Delete it; its items leave it, which their histories tell."""
        for id_ in self.by_project[version.project_id]:
            self.remove_from_version(self.issues[id_], version, at=at)
        version.deleted = True
        self._happened("version.deleted", f"version:{version.id}", at=at)

    def start_sprint(self, sprint: Sprint, at: datetime, end: datetime) -> None:
        """Start a sprint, to end as planned at `end`."""
        sprint.state, sprint.start, sprint.end, sprint.activated = "active", at, end, at
        self._happened("sprint.started", f"sprint:{sprint.id}", at=at, end=end)

    def close_sprint(self, sprint: Sprint, at: datetime) -> None:
        """Close a sprint; its items stay listed in it."""
        sprint.state, sprint.completed = "closed", at
        self._happened("sprint.closed", f"sprint:{sprint.id}", at=at)

    def set_sprint_dates(
        self, sprint: Sprint, *, start: datetime | None = None, end: datetime | None = None
    ) -> None:
        """Change the planned dates of a sprint; a date not given stays."""
        before = (sprint.start, sprint.end)
        sprint.start = start or sprint.start
        sprint.end = end or sprint.end
        self._happened(
            "sprint.dates", f"sprint:{sprint.id}", old=before, new=(sprint.start, sprint.end)
        )

    # --- looking ----------------------------------------------------------------------------

    def visible(self, credential: Credential, issue: Issue) -> bool:
        """Whether this login may see the issue."""
        return not (
            issue.deleted
            or issue.project_id in credential.hidden_projects
            or self.projects[issue.project_id].deleted
            or credential.name in issue.hidden_from
            or (issue.restricted and not credential.sees_restricted)
        )

    def project_visible(self, credential: Credential, project: Project) -> bool:
        """Whether this login may see the project."""
        return not project.deleted and project.id not in credential.hidden_projects

    def project_listed(self, credential: Credential, project: Project) -> bool:
        """Whether this login finds the project in searches and listings: no archived one is."""
        return not project.archived and self.project_visible(credential, project)

    def humans(self) -> list[str]:
        """Account ids of people, without services and without those who left."""
        return [one.account_id for one in self.people.values() if one.active and not one.bot]

    def in_order(self, project_id: int, order: str) -> list[tuple[Any, int]]:
        """(sort key, id) of a project's issues by `id`, `updated` or `created`; kept sorted."""
        held = self._sorted.get((project_id, order))
        if held is None:
            ids = self.by_project[project_id]
            if order == "id":
                held = [(id_, id_) for id_ in sorted(ids)]
            else:
                held = sorted((getattr(self.issues[id_], order), id_) for id_ in ids)
            self._sorted[project_id, order] = held
        return held

    def alive(self) -> Iterator[Issue]:
        """Every issue that is not deleted."""
        return (issue for issue in self.issues.values() if not issue.deleted)

    def version_named(self, name: str, project: Project) -> Version:
        """A project's version by name."""
        return next(
            v for v in self.versions.values() if v.project_id == project.id and v.name == name
        )

    # --- the ledger of truth ------------------------------------------------------------------

    def truth(self) -> list[Happening]:
        """Everything that happened, in order of time."""
        return _in_time(self.unrecorded, self._recorded(self.issues.values()))

    def knowable(self, credential: Credential) -> list[Happening]:
        """What the vendor's answers still tell a login: histories of the items it sees now."""
        return _in_time(
            self._recorded(one for one in self.alive() if self.visible(credential, one))
        )

    def truth_scope(self, kind: str, id_: int, at: datetime) -> frozenset[int]:
        """Ids of the issues that were in a version or sprint at an instant."""
        return frozenset(
            one.id
            for one in self.issues.values()
            if one.created <= at
            and (one.deleted_at is None or at < one.deleted_at)
            and id_ in self._containers(one, kind, at)
        )

    def knowable_scope(
        self, credential: Credential, kind: str, id_: int, at: datetime
    ) -> frozenset[int]:
        """The same, as far as a login can still find out: nothing deleted or hidden."""
        return frozenset(
            one.id
            for one in self.alive()
            if one.created <= at
            and self.visible(credential, one)
            and id_ in self._containers(one, kind, at)
        )

    def _containers(self, issue: Issue, kind: str, at: datetime) -> set[int]:
        """Versions or sprints of an issue at an instant, from now backwards."""
        name = "fixVersions" if kind == "version" else SPRINT_FIELD
        now = set(issue.versions if kind == "version" else issue.sprints)
        for entry in reversed(issue.history):
            if entry.at <= at:
                break
            # Several items of one entry: a move takes an issue out of all its versions.
            for item in reversed(entry.items):
                if item["fieldId"] != name:
                    continue
                if kind == "version":
                    now -= set(_ints(item["to"]))
                    now |= set(_ints(item["from"]))
                else:
                    now = set(_ints(item["from"]))
        return now

    def _recorded(self, issues: Iterable[Issue]) -> Iterator[Happening]:
        for one in issues:
            subject = f"issue:{one.id}"
            yield Happening(one.created, "issue.created", subject, {"key": one.key})
            for entry in one.history:
                yield Happening(entry.at, "issue.changed", subject, {"items": entry.items})

    def _happened(
        self, what: str, subject: str, *, at: datetime | None = None, **detail: Any
    ) -> None:
        self.unrecorded.append(Happening(at or self.now, what, subject, detail))

    def _drop_sorted(self, project_id: int) -> None:
        for order in ("id", "updated", "created"):
            self._sorted.pop((project_id, order), None)


def _in_time(*parts: Iterable[Happening]) -> list[Happening]:
    return sorted((one for part in parts for one in part), key=lambda one: one.at)


def _item(
    field_: str,
    field_id: str | None,
    old: str | None,
    old_text: str | None,
    new: str | None,
    new_text: str | None,
) -> dict[str, Any]:
    kind = "custom" if (field_id or "").startswith("customfield_") else "jira"
    return {
        "field": field_,
        "fieldtype": kind,
        "fieldId": field_id,
        "from": old,
        "fromString": old_text,
        "to": new,
        "toString": new_text,
    }


def _ints(text: str | None) -> Iterable[int]:
    return [int(part) for part in (text or "").split(",") if part.strip()]


def days(count: float) -> timedelta:
    """So many days."""
    return timedelta(days=count)
