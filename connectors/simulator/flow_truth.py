"""What stands still in the company, told from its truth: old work, blocked work, open changes.

Written apart from what driftline does. Near a limit two honest judges may differ: what is said
there counts neither as found nor as false.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.simulator.code_things import ChangeRequest, Repository
from connectors.simulator.story import Planted
from connectors.simulator.world import STATUS_BY_ID, Issue, World

#: Finished work that says what is usual, and how far back.
_LEAST, _BACK = 20, timedelta(days=365)
#: Working days that are surely too long without a sign, and surely not.
_SURELY, _PERHAPS = 5.2, 4.8
#: So many working days above what is usual is surely more; this part of it is surely not.
_ABOVE, _BELOW = 2.5, 0.9
_STARTED, _DONE = "indeterminate", "done"


@dataclass(slots=True)
class _Told:
    """What must be said, and what may be."""

    must: set[tuple[str, str]]
    may: set[tuple[str, str]]

    def add(self, detector: str, subject: str, *, sure: bool, perhaps: bool) -> None:
        if sure:
            self.must.add((detector, subject))
        if sure or perhaps:
            self.may.add((detector, subject))


def flow(
    world: World, judged: Iterable[str], over: Iterable[str] = ()
) -> tuple[list[Planted], list[Planted]]:
    """What must be said of the flow of work now, and what may be.

    `judged`: milestones as a person names them. `over`: subjects whose date has passed: what is
    old in them is told there.
    """
    told = _Told(set(), set())
    _items(world, set(judged), told)
    for repo in world.code.repositories.values():
        _changes(world, repo, told)
    dated = {("flow.aging", one) for one in over}
    must = [Planted(*one, note="stands still") for one in sorted(told.must - dated)]
    return must, [Planted(*one) for one in sorted(told.may)]


def worked(start: datetime, end: datetime) -> float:
    """Days from Monday to Friday between two instants (UTC), with parts of days."""
    total, day = 0.0, start.astimezone(UTC)
    while day < end:
        midnight = (day + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        until = min(end, midnight)
        if day.weekday() < 5:
            total += (until - day) / timedelta(days=1)
        day = until
    return total


# --- items ------------------------------------------------------------------------------------


def _items(world: World, judged: set[str], told: _Told) -> None:
    owner = world.credentials["owner"]
    leaves = [one for one in world.alive() if world.visible(owner, one) and one.type != "Epic"]
    parents = {one.parent_id for one in world.alive()}
    leaves = [one for one in leaves if one.id not in parents]
    usual: dict[tuple[int, str], list[float]] = {}
    for one in leaves:
        took = _took(one)
        if took is not None and one.resolved and one.resolved > world.now - _BACK:
            usual.setdefault((one.project_id, one.type), []).append(took)
    for one in leaves:
        if one.category != _STARTED:
            continue
        start = _started(one)
        age = worked(start, world.now)
        own = usual.get((one.project_id, one.type), [])
        every = [took for (id_, _), all_ in usual.items() if id_ == one.project_id for took in all_]
        place = _subject(world, one, judged)
        limits = [_most(group) for group in (own, every) if len(group) >= _LEAST]
        if limits:
            told.add(
                "flow.aging",
                place,
                sure=age > max(limits) + _ABOVE and age > _SURELY,
                perhaps=age > _BELOW * min(limits) and age > _PERHAPS,
            )
        blocked = _blocked(world, one, start)
        if blocked is not None:
            stood = worked(blocked, world.now)
            told.add("flow.blocked", place, sure=stood > _SURELY, perhaps=stood > _PERHAPS)


def _moves(one: Issue) -> list[tuple[datetime, str]]:
    """When it came into which category of Jira, oldest first."""
    return [
        (entry.at, STATUS_BY_ID[item["to"]].category)
        for entry in sorted(one.history, key=lambda entry: entry.at)
        for item in entry.items
        if item["field"] == "status"
    ]


def _started(one: Issue) -> datetime:
    """When the work that goes on began."""
    start = None
    for at, category in _moves(one):
        if category == _DONE:
            start = None
        elif category == _STARTED and start is None:
            start = at
    return start or one.created


def _took(one: Issue) -> float | None:
    """Working days of its last time from start to end; None: it is not done, or had no start."""
    start, took = None, None
    for at, category in _moves(one):
        if category == _STARTED and start is None:
            start, took = at, None
        elif category == _DONE:
            took, start = None if start is None else worked(start, at), None
    return took if one.is_done and one.resolution == "Done" else None


def _blocked(world: World, one: Issue, start: datetime) -> datetime | None:
    """Since when it cannot go on: its flag, or what it waits for; None: it can."""
    since = [
        entry.at
        for entry in one.history
        for item in entry.items
        if item["field"] == "Flagged" and item["to"] and one.flagged
    ][-1:]
    for link_id in one.links:
        link = world.link_defs[link_id]
        blocker = world.issues[link.source]
        waits = link.kind == "Blocks" and link.target == one.id
        if waits and not blocker.is_done and not blocker.deleted:
            since += [
                entry.at
                for entry in one.history
                for item in entry.items
                if item["field"] == "Link" and item["to"] == blocker.key
            ][-1:]
    return max(start, min(since)) if since else None


def _subject(world: World, one: Issue, judged: set[str]) -> str:
    """The judged release that it is in and that is due first, or else its project."""
    mine = [world.versions[id_] for id_ in one.versions if id_ in world.versions]
    project = world.projects[one.project_id]
    open_ = [each for each in mine if f"{project.key}:{each.name}" in judged and not each.released]
    if not open_:
        return f"project:{one.project_id}"
    first = min(open_, key=lambda each: (each.due is None, each.due or world.now.date(), each.id))
    return f"version:{first.id}"


# --- changes ----------------------------------------------------------------------------------


def _changes(world: World, repo: Repository, told: _Told) -> None:
    bots = {one.account_id for one in world.people.values() if one.bot}
    mine = [
        one for one in world.code.changes_in(repo) if not one.deleted and one.author not in bots
    ]
    took: dict[int, list[float]] = {}
    for one in mine:
        if one.merged_at is not None and one.merged_at > world.now - _BACK:
            took.setdefault(_size(world, one), []).append(worked(one.created, one.merged_at))
    every = [days for group in took.values() for days in group]
    for one in mine:
        if one.state != "open" or one.draft:
            continue
        own = took.get(_size(world, one), [])
        limits = [_most(group) for group in (own, every) if len(group) >= _LEAST]
        if not limits:
            continue
        age, quiet = worked(one.created, world.now), worked(_last(one), world.now)
        told.add(
            "flow.stalled-change",
            f"repository:{repo.id}",
            sure=age > max(limits) + _ABOVE and quiet > _SURELY,
            perhaps=age > _BELOW * min(limits) and quiet > _PERHAPS,
        )


def _most(days: Sequence[float]) -> float:
    return sorted(days)[int(0.85 * len(days))]


def _last(one: ChangeRequest) -> datetime:
    """When anything happened to it last."""
    return max([one.created, one.updated, *(each.at for each in one.pushes)])


def _size(world: World, one: ChangeRequest) -> int:
    """The class of so many lines."""
    lines = sum(each.additions + each.deletions for each in world.code.files_of(one))
    limits: Mapping[int, int] = {10: 0, 50: 1, 250: 2, 1000: 3}
    return next((place for most, place in limits.items() if lines <= most), 4)
