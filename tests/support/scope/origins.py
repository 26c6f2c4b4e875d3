"""Where additions came from, told from what a company was watched doing; asks no ledger.

Written from the words of the definition, the first that fits: it was in an earlier container; it
was there before the plan or in a later container; it is a part or a copy of planned work; a defect
of planned work; of the highest priority; new.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from support.scope.chronicle import Chronicle, Life, plan_of
from support.scope.replayed_ledger import in_scope

from connectors.simulator.code_things import HostIssue

CARRIED, PULLED, SPLIT, DEFECT, EXPEDITE, NEW = (
    "carried over",
    "pulled in",
    "split",
    "defect",
    "expedite",
    "new work",
)
#: A parent gives up a part and its child takes it within so long.
_ONE_ACT = timedelta(days=1)
#: Names of types and priorities that say so in these companies.
_DEFECTS = frozenset({"bug", "incident"})
_URGENT = frozenset({"highest", "p0"})


@dataclass(frozen=True, slots=True)
class _About:
    """What an item is beside its place in containers."""

    is_defect: bool
    is_urgent: bool
    #: items that it is linked with, and those that it is a copy of or that are copies of it.
    linked: frozenset[str]
    copies: frozenset[str] = frozenset()


class Origins:
    """Answers for one container since one instant."""

    def __init__(
        self, chronicle: Chronicle, container: str, since: datetime, now: datetime
    ) -> None:
        """What was planned at `since`, with its parents in the container."""
        self._chronicle, self._container = chronicle, container
        self._since, self._now = since, now
        self._about = dict(_abouts(chronicle))
        self._ends = dict(_ends(chronicle))
        self._lives = {one.id: one for one in chronicle.lives.values() if not one.is_change}
        there = {
            id_
            for id_, life in self._lives.items()
            if life.at(since).there and container in life.at(since).plans
        }
        self._planned = in_scope(chronicle, container, since, since) | there

    def of(self, item_id: str, at: datetime) -> str:
        """Where the item came from that entered at `at`."""
        life = self._lives[item_id]
        before = set(self._elsewhere(life, at))
        mine = self._ends.get(self._container)
        ends = [end for one in before if (end := self._ends.get(one)) is not None]
        if any(mine is None or end < mine for end in ends):
            return CARRIED
        if before or life.ats[0] < self._since:
            return PULLED
        near = {life.at(at).parent, life.at(min(at + _ONE_ACT, max(at, self._now))).parent}
        about = self._about[item_id]
        if (near | about.copies) & self._planned:
            return SPLIT
        if about.is_defect and about.linked & self._planned:
            return DEFECT
        return EXPEDITE if about.is_urgent else NEW

    def _elsewhere(self, life: Life, at: datetime) -> Iterator[str]:
        """Other containers of the kind that it had entered by then."""
        kind = self._container.partition(":")[0]
        for when, _, was in life.steps():
            if when < at:
                yield from (
                    one
                    for one in was.plans
                    if one != self._container and one.partition(":")[0] == kind
                )


def _abouts(chronicle: Chronicle) -> Iterator[tuple[str, _About]]:
    world = chronicle.company.world
    if chronicle.company.system.kind == "jira":
        links: dict[int, set[str]] = {}
        copies: dict[int, set[str]] = {}
        for made in world.link_defs.values():
            for kept in (links, copies) if made.kind == "Cloners" else (links,):
                kept.setdefault(made.source, set()).add(str(made.target))
                kept.setdefault(made.target, set()).add(str(made.source))
        for one in world.issues.values():
            yield (
                str(one.id),
                _About(
                    one.type.lower() in _DEFECTS,
                    one.priority.lower() in _URGENT,
                    frozenset(links.get(one.id, ())),
                    frozenset(copies.get(one.id, ())),
                ),
            )
        return
    for issue in world.code.issues.values():
        yield str(issue.id), _about(issue)


def _about(issue: HostIssue) -> _About:
    words = {(issue.type or "").lower(), *(label.lower() for label in issue.labels)}
    return _About(bool(words & _DEFECTS), bool(words & _URGENT), frozenset())


def _ends(chronicle: Chronicle) -> Iterator[tuple[str, datetime | None]]:
    """When everything that holds items ended or is to end: days end at midnight UTC."""
    company = chronicle.company
    for version in company.world.versions.values():
        yield f"version:{version.id}", _over(version.due)
    for sprint in company.world.sprints.values():
        planned = _over(sprint.end.date()) if sprint.end else None
        yield f"sprint:{sprint.id}", sprint.completed or planned
    for milestone in company.world.code.milestones.values():
        yield plan_of(company, milestone), _over(milestone.due)
    for iteration in company.world.code.iterations.values():
        yield f"iteration:{iteration.id}", _over(iteration.due)


def _over(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC) + timedelta(days=1)


def wrong_origins(origins: Origins, told: Mapping[tuple[datetime, str], str]) -> Iterator[str]:
    """What is said of additions, by their instant and item, and is not so."""
    for (at, item_id), said in sorted(told.items()):
        right = origins.of(item_id, at)
        if said != right:
            yield f"{item_id} entered at {at}: {said}, but {right}"
