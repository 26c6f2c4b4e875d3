"""What goes wrong on purpose between two readings, and what a drift report must therefore say.

The plan is drawn from the seed. Everything that is not planted stays clear of every threshold by a
wide margin; a test keeps an independent judge's eye on it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from connectors.simulator.faults import Fault
from connectors.simulator.world import Issue, Project, Version, World, days

#: Time that passes between the two readings.
GAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Planted:
    """One finding that must be there after the second reading."""

    detector: str
    #: `version:<id>`, `sprint:<id>`, `project:<id>`, `issue:<id>`, `stream:<scope key>/<stream>`.
    subject: str
    rule: str = ""
    note: str = ""


@dataclass(slots=True)
class Story:
    """A seeded plot in a world; `moves` happens between the readings."""

    world: World
    rng: random.Random
    #: milestones a person has confirmed: `PROJECT:name`.
    confirmed: list[str] = field(default_factory=list)
    #: of those, the ones whose baseline is accepted after the first reading.
    accepted: list[str] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    #: server faults from the second reading on.
    faults: list[Fault] = field(default_factory=list)
    _moves: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    def plan(cls, world: World, seed: int) -> "Story":
        """Draw the plot; changes the world up to the first reading."""
        story = cls(world, random.Random(seed * 7919 + 17))
        story._draw()
        return story

    def moves(self) -> None:
        """The week between the readings: planted trouble and harmless life; time has passed."""
        with self.world.lock:
            self.week()
            self.world.now += GAP

    def week(self) -> None:
        """What happens in Jira in that week; the present stays, and the lock is the caller's."""
        for move in self._moves:
            move()
        self._ordinary_life()

    # --- the plot ---------------------------------------------------------------------------

    def _draw(self) -> None:
        scrum = [one for one in self.world.projects.values() if one.kind == "scrum"]
        kanban = [one for one in self.world.projects.values() if one.kind == "kanban"]
        for project in scrum:
            self._confirm(project, self.world.version_named("Release 3.2", project))
        first, second = scrum[0], scrum[1] if len(scrum) > 1 else scrum[0]
        if self.rng.random() < 0.5:
            first, second = second, first
        optional: list[Callable[[], None]] = [
            lambda: self._scope_net(first),
            lambda: self._late_add(second),
            lambda: self._overdue(self.rng.choice(scrum)),
            lambda: self._due_moved(self.rng.choice(scrum)),
            lambda: self._released_open(first),
            lambda: self._parent_done(second),
            lambda: self._children_done(first),
            lambda: self._blocked_by_done(second),
        ]
        count = self.rng.randint(5, len(optional))
        for plot in self.rng.sample(optional, count):
            plot()
        if self.rng.random() < 0.5:
            self._plan_gap(self.rng.choice(scrum))
        if kanban and self.rng.random() < 0.6:
            self._blind_spot(kanban[0])

    def _confirm(self, project: Project, version: Version) -> None:
        self.confirmed.append(f"{project.key}:{version.name}")

    def _scope_net(self, project: Project) -> None:
        """A third more enters Release 3.2 after its baseline was accepted."""
        version = self.world.version_named("Release 3.2", project)
        self.accepted.append(f"{project.key}:{version.name}")
        for told in ("scope.net", "scope.churn"):
            self.planted.append(Planted(told, f"version:{version.id}", note="a third entered"))

        def move() -> None:
            members = [i for i in self.world.alive() if version.id in i.versions]
            size = sum(i.points or 0 for i in members)
            added, n = 0.0, 0
            while added < size * 0.36 or n < 8:
                at = self._when()
                issue = self._new(project, at)
                self.world.add_to_version(issue, version, at=at + timedelta(minutes=5))
                added += issue.points or 0
                n += 1

        self._moves.append(move)

    def _late_add(self, project: Project) -> None:
        """Two small new items enter a release in the last quarter of its window."""
        today = self.world.now.date()
        version = self._release(
            project, "Hotfix train", today - days(60), today + days(11), items=24, done=14
        )
        self.accepted.append(f"{project.key}:{version.name}")
        self.planted.append(Planted("scope.late-add", f"version:{version.id}", note="late work"))

        def move() -> None:
            for _ in range(3):
                at = self._when()
                issue = self._new(project, at, points=3.0)
                self.world.add_to_version(issue, version, at=at + timedelta(minutes=5))

        self._moves.append(move)

    def _overdue(self, project: Project) -> None:
        """A release whose date was last Friday and whose work is not done."""
        friday = self.world.now.date() - days((self.world.now.date().weekday() - 4) % 7 or 7)
        version = self._release(
            project, "Partner release", friday - days(50), friday, items=9, done=5
        )
        self.planted.append(Planted("plan.overdue", f"version:{version.id}", note="date passed"))

    def _due_moved(self, project: Project) -> None:
        """The promised date moves between the readings."""
        today = self.world.now.date()
        version = self._release(
            project, "Beta programme", today - days(40), today + days(45), items=12, done=4
        )
        self.planted.append(Planted("plan.due-moved", f"version:{version.id}", note="date moved"))
        later = today + days(45 + self.rng.randint(7, 20))
        self._moves.append(lambda: self.world.set_version_dates(version, due=later))

    def _released_open(self, project: Project) -> None:
        """A release is declared with work still open in it."""
        today = self.world.now.date()
        version = self._release(
            project,
            "Spring release",
            today - days(70),
            today + days(2),
            items=10,
            done=7,
            confirm=False,
        )
        self.planted.append(
            Planted(
                "data.contradiction",
                f"version:{version.id}",
                "released-open",
                "released with open work",
            )
        )

        def move() -> None:
            version.released = True

        self._moves.append(move)

    def _parent_done(self, project: Project) -> None:
        """An epic is closed while a child is open."""
        epic, children = self._epic(project, children=3)
        for child in children[:2]:
            self._complete(project, child, self.world.now - days(6))
        self.planted.append(
            Planted("data.contradiction", f"issue:{epic.id}", "parent-done-open-children")
        )
        at = self.world.now + days(2)
        self._moves.append(lambda: self.world.transition(epic, "Done", at=at))

    def _children_done(self, project: Project) -> None:
        """All children of an epic are done and nobody closes it."""
        epic, children = self._epic(project, children=3)
        self.planted.append(
            Planted("data.contradiction", f"issue:{epic.id}", "children-done-parent-open")
        )

        def move() -> None:
            for n, child in enumerate(children):
                self._complete(project, child, self.world.now + days(1 + n))

        self._moves.append(move)

    def _blocked_by_done(self, project: Project) -> None:
        """An open item is still marked as blocked by one that is done."""
        _, children = self._epic(project, children=3)
        blocker, blocked, _ = children
        self.world.link(blocker, "Blocks", blocked, at=self.world.now - days(5))
        self.planted.append(Planted("data.contradiction", f"issue:{blocked.id}", "blocked-by-done"))
        self._moves.append(lambda: self._complete(project, blocker, self.world.now + days(2)))

    def _plan_gap(self, project: Project) -> None:
        """Work is started that nobody owns."""
        self.planted.append(Planted("data.plan-gap", f"project:{project.id}", note="no owner"))

        def move() -> None:
            version = self.world.version_named("Release 3.2", project)
            waiting = [
                i
                for i in self.world.alive()
                if i.project_id == project.id
                and version.id in i.versions
                and i.category == "new"
                and not self._is_parent(i)
            ]
            for n, issue in enumerate(sorted(waiting, key=lambda i: i.id)[:4]):
                at = self.world.now + days(1) + timedelta(hours=n)
                self.world.assign(issue, None, at=at)
                self.world.transition(issue, "In Progress", at=at + timedelta(minutes=3))

        self._moves.append(move)

    def _blind_spot(self, project: Project) -> None:
        """The server stops giving the versions of a project."""
        self.planted.append(
            Planted("data.blind-spot", f"stream:{project.key}/versions", note="server trouble")
        )
        self.faults.append(
            Fault(
                rf"GET /rest/api/\d/project/{project.id}/versions$",
                status=500,
                times=None,
            )
        )

    # --- harmless life ----------------------------------------------------------------------

    def _ordinary_life(self) -> None:
        """Work goes on below every threshold: items finish, one enters, titles change."""
        for project in self.world.projects.values():
            version = self.world.version_named("Release 3.2", project)
            name = "In Progress" if project.kind == "scrum" else "Doing"
            going = [
                i
                for i in self.world.alive()
                if i.project_id == project.id
                and version.id in i.versions
                and i.category == "indeterminate"
                and i.assignee is not None
            ]
            for n, issue in enumerate(sorted(going, key=lambda i: i.id)[:2]):
                self._complete(project, issue, self.world.now + days(3 + n))
            waiting = [
                i
                for i in self.world.alive()
                if i.project_id == project.id and version.id in i.versions and i.category == "new"
            ]
            for issue in sorted(waiting, key=lambda i: -i.id)[:2]:
                self.world.transition(issue, name, at=self.world.now + days(4))
            later = self.world.version_named("Release 3.3", project)
            issue = self._new(project, self.world.now + days(5))
            self.world.add_to_version(issue, later, at=self.world.now + days(5))
            self.world.rename(issue, f"{issue.summary}, renamed", at=self.world.now + days(6))
        self._comings_and_goings()

    def _comings_and_goings(self) -> None:
        """Of the unplanned items one is deleted, one moves to another project, one is hidden."""
        scrum = [one for one in self.world.projects.values() if one.kind == "scrum"]
        spare = [
            i
            for i in self.world.alive()
            if i.category == "new"
            and any(i.project_id == one.id for one in scrum)
            and not (i.versions or i.sprints or i.links or i.type == "Epic")
        ]
        at = self.world.now + days(2)
        for n, issue in enumerate(sorted(spare, key=lambda i: i.id)[:3]):
            others = [one for one in scrum if one.id != issue.project_id]
            if n == 0:
                self.world.delete(issue, at=at)
            elif n == 1 and others:
                self.world.move(issue, others[0], at=at)
            elif n == 2:
                self.world.hide(issue, self.world.credentials["owner"])

    # --- parts ------------------------------------------------------------------------------

    def _when(self) -> datetime:
        """Some moment of the week between the readings."""
        return self.world.now + timedelta(hours=self.rng.uniform(24, 140))

    def _new(self, project: Project, at: datetime, points: float | None = None) -> Issue:
        epic = next(
            i
            for i in self.world.issues.values()
            if i.type == "Epic" and i.project_id == project.id and not i.deleted
        )
        people = self.world.humans()
        return self.world.create_issue(
            project,
            "Story",
            f"{self.rng.choice(('Extend', 'Rework', 'Offer'))} {self.rng.choice(_TOPICS)}",
            at=at,
            reporter=self.rng.choice(people),
            assignee=self.rng.choice(people),
            points=points
            or (self.rng.choice((2.0, 3.0, 5.0)) if project.kind == "scrum" else None),
            parent_id=epic.id,
        )

    def _release(
        self,
        project: Project,
        name: str,
        start: date,
        due: date,
        *,
        items: int,
        done: int,
        confirm: bool = True,
    ) -> Version:
        """A release whose items were all planned before it started."""
        version = self.world.add_version(project, name, start, due)
        begun = datetime.combine(start, datetime.min.time(), self.world.now.tzinfo)
        for n in range(items):
            issue = self._new(project, begun - days(3 + n % 5), points=(2.0, 3.0, 5.0)[n % 3])
            self.world.add_to_version(issue, version, at=issue.created + timedelta(hours=1))
            if n < done:
                # Spread over the time that has passed: nothing that goes on is silent for weeks.
                step = max(1, ((self.world.now - begun).days - 13) // max(1, done - 1))
                finish = min(begun + days(8 + n * step), self.world.now - days(1))
                self.world.transition(issue, "In Progress", at=finish - days(2))
                self._complete(project, issue, finish)
        if confirm:
            self._confirm(project, version)
        return version

    def _epic(self, project: Project, *, children: int) -> tuple[Issue, list[Issue]]:
        people = self.world.humans()
        version = self.world.version_named("Release 3.3", project)
        epic = self.world.create_issue(
            project,
            "Epic",
            f"{self.rng.choice(_TOPICS)} initiative".capitalize(),
            at=self.world.now - days(30),
            reporter=people[0],
            assignee=self.rng.choice(people),
        )
        made = []
        for _ in range(children):
            child = self._new(project, self.world.now - days(20))
            child.parent_id = epic.id
            child.versions.append(version.id)
            made.append(child)
        return epic, made

    def _complete(self, project: Project, issue: Issue, at: datetime) -> None:
        if project.kind == "scrum":
            self.world.transition(issue, "In Review", at=at - timedelta(hours=6))
        self.world.transition(issue, "Done" if project.kind == "scrum" else "Finished", at=at)

    def _is_parent(self, issue: Issue) -> bool:
        return any(one.parent_id == issue.id for one in self.world.alive())


_TOPICS = ("audit view", "price rules", "sign-up", "stock alerts", "tax report", "offline mode")
