"""What a small company's items truly were at any instant, kept by somebody who watches it.

The past of a company is told from what it says of itself, forwards from its first event; from then
on every change is looked at as it happens. Nothing of this is told by what it tests.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from support.schedules.knowable import is_discussion
from support.schedules.systems import Company

from connectors.simulator.code_things import ChangeRequest, HostIssue, HostItem, HostMilestone
from connectors.simulator.world import POINTS_FIELD, SPRINT_FIELD, STATUS_BY_ID, Issue


@dataclass(frozen=True, slots=True)
class Was:
    """How an item stood from an instant on."""

    there: bool = True
    #: containers by `kind:id`, as findings name them.
    plans: frozenset[str] = frozenset()
    points: float | None = None
    #: open, done, cancelled.
    state: str = "open"
    parent: str | None = None


ABSENT = Was(there=False)


@dataclass
class Life:
    """One item from its creation on."""

    id: str
    is_change: bool = False
    ats: list[datetime] = field(default_factory=list)
    states: list[Was] = field(default_factory=list)

    def add(self, at: datetime, was: Was) -> None:
        """From `at` on it is so; what is said last of an instant counts."""
        if self.ats and self.ats[-1] >= at:
            self.states[-1] = was
        elif not self.states or self.states[-1] != was:
            self.ats.append(at)
            self.states.append(was)

    def at(self, at: datetime) -> Was:
        """How it stood."""
        count = bisect_right(self.ats, at)
        return self.states[count - 1] if count else ABSENT

    def steps(self) -> Iterator[tuple[datetime, Was, Was]]:
        """(instant, before, after) of every change."""
        before = ABSENT
        for at, was in zip(self.ats, self.states, strict=True):
            yield at, before, was
            before = was


class Chronicle:
    """Watches a company; `note` after every deed."""

    def __init__(self, company: Company) -> None:
        """The past up to now."""
        self.company = company
        self.lives: dict[str, Life] = {}
        #: milestone -> (since when, its title), oldest first.
        self.titles: dict[str, list[tuple[datetime, str]]] = {}
        #: container -> (since when, its last day), oldest first; the past is nobody's.
        self.dues: dict[str, list[tuple[datetime, date | None]]] = {}
        with company.world.lock:
            for id_, steps in _pasts(company).items():
                life = self.lives[id_] = Life(id_.partition(":")[2], id_.startswith("change:"))
                for at, was in steps:
                    life.add(at, was)
        self.note()

    def note(self) -> None:
        """How everything stands now."""
        with self.company.world.lock:
            now = self.company.clock.now()
            for id_, was in _present(self.company):
                if id_ not in self.lives:
                    self.lives[id_] = Life(id_.partition(":")[2], id_.startswith("change:"))
                self.lives[id_].add(now, was)
            for one in self.company.world.code.milestones.values():
                told = self.titles.setdefault(plan_of(self.company, one), [])
                if not told:
                    told.append((one.created, one.title))
                elif told[-1][1] != one.title:
                    told.append((now, one.title))
            for name, due in _dues(self.company):
                dated = self.dues.setdefault(name, [])
                if not dated or dated[-1][1] != due:
                    dated.append((now, due))

    def instants(self) -> list[datetime]:
        """Of every change of anything."""
        return sorted({at for life in self.lives.values() for at in life.ats})

    def containers(self) -> list[str]:
        """Everything that ever held something."""
        found = {plan for life in self.lives.values() for was in life.states for plan in was.plans}
        return sorted(found)


# --- how things stand now ---------------------------------------------------------------------


def _present(company: Company) -> Iterator[tuple[str, Was]]:
    world = company.world
    if company.system.kind == "jira":
        for issue in world.issues.values():
            yield f"item:{issue.id}", _jira(issue)
        return
    code = world.code
    for one in code.issues.values():
        yield f"item:{one.id}", _issue(company, one)
    for change in code.changes.values():
        yield f"change:{change.id}", _change(company, change)


def _dues(company: Company) -> Iterator[tuple[str, date | None]]:
    """The last day of everything that has one."""
    world = company.world
    for version in world.versions.values():
        yield f"version:{version.id}", version.due
    for sprint in world.sprints.values():
        yield f"sprint:{sprint.id}", sprint.end.date() if sprint.end else None
    for milestone in world.code.milestones.values():
        yield plan_of(company, milestone), milestone.due


def _jira(issue: Issue) -> Was:
    plans = {f"version:{one}" for one in issue.versions}
    plans |= {f"sprint:{one}" for one in issue.sprints}
    return Was(
        there=not issue.deleted,
        plans=frozenset(plans),
        points=issue.points,
        state=_jira_state(issue.status_id, issue.resolution),
        parent=str(issue.parent_id) if issue.parent_id else None,
    )


def _jira_state(status_id: str, resolution: str | None) -> str:
    status = STATUS_BY_ID[status_id]
    if status.category != "done":
        return "open"
    return "cancelled" if status.name == "Won't Do" or resolution == "Won't Do" else "done"


def _issue(company: Company, issue: HostIssue) -> Was:
    plans = set()
    if issue.milestone_id is not None:
        plans.add(plan_of(company, company.world.code.milestones[issue.milestone_id]))
    if issue.iteration_id is not None:
        plans.add(f"iteration:{issue.iteration_id}")
    # GitLab keeps what was moved away, as closed.
    stays = issue.transferred_to is not None and company.system.kind == "gitlab"
    return Was(
        there=(stays or not issue.deleted) and not is_discussion(issue),
        plans=frozenset(plans),
        points=None if issue.weight is None else float(issue.weight),
        state="done" if stays else _state(company, issue.state, issue.reason),
        parent=str(issue.parent_id) if issue.parent_id else None,
    )


def _change(company: Company, change: ChangeRequest) -> Was:
    milestone = company.world.code.milestones.get(change.milestone_id or 0)
    plans = frozenset([plan_of(company, milestone)] if milestone else [])
    return Was(there=not change.deleted, plans=plans)


def _state(company: Company, state: str, reason: Any) -> str:
    if state == "open":
        return "open"
    # GitLab tells no reason.
    dropped = company.system.kind == "github" and reason in ("not_planned", "duplicate")
    return "cancelled" if dropped else "done"


def plan_of(company: Company, milestone: HostMilestone) -> str:
    """How findings name it: GitHub counts milestones in each repository."""
    if company.system.kind == "github":
        return f"milestone:{milestone.repo_id}:{milestone.number}"
    return f"milestone:{milestone.id}"


# --- what was before anybody watched ------------------------------------------------------------


def _pasts(company: Company) -> Mapping[str, list[tuple[datetime, Was]]]:
    world = company.world
    if company.system.kind == "jira":
        return {f"item:{one.id}": _jira_past(one) for one in world.issues.values()}
    code = world.code
    found = {f"item:{one.id}": _past(company, one) for one in code.issues.values()}
    for change in code.changes.values():
        found[f"change:{change.id}"] = _past(company, change)
    return found


def _jira_past(issue: Issue) -> list[tuple[datetime, Was]]:
    """What no entry changed was so from the creation on; what one changed was what it says."""
    first: dict[str, Any] = {}
    steps: list[tuple[datetime, dict[str, Any]]] = []
    for entry in issue.history:
        said: dict[str, Any] = {}
        for item in entry.items:
            kind = item["fieldId"] or item["field"]
            if kind == "fixVersions":
                said.setdefault("fixVersions", []).append((item["from"], item["to"]))
                continue
            old, new = (
                (item["fromString"], item["toString"])
                if kind in (POINTS_FIELD, "resolution")
                else (item["from"], item["to"])
            )
            first.setdefault(kind, old)
            said[kind] = new
        steps.append((entry.at, said))
    versions = {str(one) for one in issue.versions}
    for _, said in reversed(steps):
        for old, new in reversed(said.get("fixVersions", ())):
            versions.discard(new)
            versions |= {old} if old else set()
    held: dict[str, Any] = {
        SPRINT_FIELD: ",".join(str(one) for one in issue.sprints),
        POINTS_FIELD: None if issue.points is None else f"{issue.points:g}",
        "status": issue.status_id,
        "resolution": issue.resolution,
        "parent": str(issue.parent_id) if issue.parent_id else None,
    }
    values = {kind: first.get(kind, now) for kind, now in held.items()}
    found = [(issue.created, _of_values(values, versions))]
    for at, said in steps:
        for old, new in said.pop("fixVersions", ()):
            versions.discard(old)
            versions |= {new} if new else set()
        values |= {kind: value for kind, value in said.items() if kind in held}
        found.append((at, _of_values(values, versions)))
    return found


def _of_values(values: Mapping[str, Any], versions: set[str]) -> Was:
    sprints = [one.strip() for one in (values[SPRINT_FIELD] or "").split(",") if one.strip()]
    points = values[POINTS_FIELD]
    return Was(
        plans=frozenset(
            [f"version:{one}" for one in versions] + [f"sprint:{one}" for one in sprints]
        ),
        points=float(points) if points else None,
        state=_jira_state(values["status"], values["resolution"]),
        parent=values["parent"],
    )


def _past(company: Company, item: HostItem) -> list[tuple[datetime, Was]]:
    code, is_change = company.world.code, isinstance(item, ChangeRequest)
    was = Was()
    weights = [one for one in item.events if one.kind == "weighted"]
    weight = weights[0].detail["old"] if weights else getattr(item, "weight", None)
    was = replace(was, points=None if weight is None else float(weight))
    found = [(item.created, was)]
    for event in item.events:
        if event.kind in ("milestoned", "demilestoned"):
            plan = plan_of(company, code.milestones[event.detail["id"]])
            rest = was.plans - {plan}
            was = replace(was, plans=rest | {plan} if event.kind == "milestoned" else rest)
        elif event.kind == "iterated":
            plans = {one for one in was.plans if not one.startswith("iteration:")}
            if event.detail["new"] is not None:
                plans.add(f"iteration:{event.detail['new']}")
            was = replace(was, plans=frozenset(plans))
        elif event.kind == "weighted":
            new = event.detail["new"]
            was = replace(was, points=None if new is None else float(new))
        elif event.kind == "closed" and not is_change:
            was = replace(was, state=_state(company, "closed", event.detail["reason"]))
        elif event.kind == "reopened" and not is_change:
            was = replace(was, state="open")
        elif event.kind in ("parented", "unparented"):
            parent = str(event.detail["issue"]) if event.kind == "parented" else None
            was = replace(was, parent=parent)
        found.append((event.at, was))
    return found
