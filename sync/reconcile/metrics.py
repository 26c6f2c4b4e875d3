"""Flow, changes, DORA keys and allocation of the weeks before a view's instant.

Everything is told by project, team or repository, never by person; what rests on fewer than three
people is not told. Numbers that rest on an incomplete reading are not told either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from mappings.vocabulary import ItemType, MilestoneKind
from sync.flow.allocation import Share, allocation
from sync.flow.dora import WEEK, Deployment, Incident, Keys, keys, per_week
from sync.flow.lead_time import Stages, split, stages
from sync.flow.measures import age, cycle_time, wait_share
from sync.flow.people import HIDDEN, Person, may_be_told
from sync.flow.spread import Spread, spread
from sync.flow.stages import Stage
from sync.flow.work_time import WorkTime
from sync.reconcile import change_times, changes
from sync.reconcile.change_times import Deployed, Landed, Queued
from sync.reconcile.changes import Pair
from sync.reconcile.detectors.scope import net
from sync.reconcile.gate import Gate
from sync.reconcile.view import View
from sync.reconcile.work import Item, Work, flows_of, tells_waiting, work

By = Literal["project", "team"]
#: Work of which nothing tells the team.
NO_TEAM = "no team"


@dataclass(frozen=True, slots=True)
class Flow:
    """How work flowed in one project or team; None: not told, and `not_known` or `notes` say why.

    Durations are working days.
    """

    name: str
    #: why nothing of it is told.
    not_known: str | None
    #: leaf items done in the window, and by week.
    done: int | None = None
    per_week: Spread | None = None
    #: first start to done, of what was done in the window.
    cycle_time: Spread | None = None
    #: leaf items that are started and not done, and how long since they were started.
    in_progress: int | None = None
    age: Spread | None = None
    #: share of the time since its start in which what was done lay waiting; 1 - it is the flow
    #: efficiency.
    wait_share: Spread | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """How changes of one repository came through; durations are elapsed days."""

    repository: str
    not_known: str | None
    stages: Stages | None = None
    #: open changes that nobody else has looked at, and working days since they were opened.
    queue: int | None = None
    queue_days: Spread | None = None
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """Where the work of the window went, among containers of three people or more."""

    #: items done, by milestone and by type.
    by_milestone: tuple[Share, ...]
    by_type: tuple[Share, ...]
    #: changed lines, by milestone of the items that changes work on.
    lines_by_milestone: tuple[Share, ...]
    #: milestones left out for fewer than three people, in items and in lines.
    hidden: int
    hidden_lines: int
    #: changes that landed of which nobody told how many lines they changed.
    lines_unknown: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """All of it; instants in UTC."""

    as_of: datetime
    known_at: datetime
    weeks: int
    by: By
    whole: Flow
    flow: tuple[Flow, ...]
    changes: tuple[Changes, ...]
    #: None: fewer than three people landed anything.
    keys: Keys | None
    #: repositories that have no part in the keys, and why.
    keys_without: tuple[str, ...]
    allocation: Allocation | None


def measure(
    view: View, *, weeks: int, by: By = "project", environments: Sequence[str] = ()
) -> Metrics:
    """The metrics of the `weeks` before the view's instant. `environments`: what is production."""
    since = view.as_of - weeks * WEEK
    items = work(view, since)
    where = change_times.deployed(view, environments)
    landed = change_times.landed(view, since, where)
    doubts = _doubts(view, items)
    sound = [one for one in items if (one.id[0], one.scope_id) not in doubts]
    queue = change_times.queue(view)
    small = _small(landed, queue)
    without = {**where.unknown, **dict.fromkeys(small, HIDDEN)}
    groups = _by_team(view, sound) if by == "team" else _by_project(view, items)
    return Metrics(
        as_of=view.as_of,
        known_at=view.known_at,
        weeks=weeks,
        by=by,
        whole=_whole(view, groups, doubts, weeks),
        flow=tuple(_group(view, one, doubts, weeks) for one in groups),
        changes=_changes(view, landed, queue, where, weeks),
        keys=_all_keys(view, landed, where, small, since, weeks),
        keys_without=tuple(
            f"{_called(view, pair)}: {why}" for pair, why in sorted(without.items())
        ),
        allocation=_allocation(view, sound, landed),
    )


# --- items ------------------------------------------------------------------------------------


def _doubts(view: View, items: Iterable[Work]) -> dict[Pair, str]:
    """Projects of these items that were not read well enough, and why."""
    gate = Gate(view)
    found = {}
    for pair in sorted({(one.id[0], one.scope_id) for one in items}):
        reason = gate.reason(net.DETECTOR, pair[0], f"project:{pair[1]}")
        if reason is not None:
            found[pair] = reason
    return found


@dataclass(frozen=True, slots=True)
class _Group:
    """The items of one project or team."""

    name: str
    items: tuple[Work, ...]
    #: None: a team.
    project: Pair | None = None


def _whole(view: View, groups: Sequence[_Group], doubts: Mapping[Pair, str], weeks: int) -> Flow:
    """All that was read well. A difference to the groups that are told tells of no two people."""
    sound = [one for one in groups if one.project not in doubts]
    small = [one for one in sound if not may_be_told(item.person for item in one.items)]
    notes = [f"without {_called(view, pair)}: {why}" for pair, why in doubts.items()]
    left = [item.person for one in small for item in one.items]
    if small and len(small) < len(sound) and not may_be_told(left):
        notes.append(f"without {', '.join(one.name for one in small)}: {HIDDEN}")
        sound = [one for one in sound if one not in small]
    flow = _flow(view, "all", [item for one in sound for item in one.items], weeks)
    return replace(flow, notes=(*notes, *flow.notes))


def _group(view: View, one: _Group, doubts: Mapping[Pair, str], weeks: int) -> Flow:
    if one.project is not None and one.project in doubts:
        return Flow(one.name, doubts[one.project])
    return _flow(view, one.name, one.items, weeks)


def _by_project(view: View, items: Iterable[Work]) -> list[_Group]:
    found: dict[Pair, list[Work]] = {}
    for one in items:
        found.setdefault((one.id[0], one.scope_id), []).append(one)
    groups = [_Group(_called(view, pair), tuple(mine), pair) for pair, mine in found.items()]
    return sorted(groups, key=lambda one: one.name)


def _called(view: View, pair: Pair) -> str:
    connection = view.connections.get(pair[0], ("", ""))[0]
    return f"{connection}/{view.holders.get(pair, ('', pair[1]))[1]}"


def _by_team(view: View, items: Iterable[Work]) -> list[_Group]:
    held = list(items)
    ids: dict[int, list[str]] = {}
    for one in held:
        ids.setdefault(one.id[0], []).append(one.id[1])
    teams = view.teams(ids)
    found: dict[str, list[Work]] = {}
    for one in held:
        found.setdefault(teams.get(one.id) or NO_TEAM, []).append(one)
    return [_Group(name, tuple(mine)) for name, mine in sorted(found.items())]


def _flow(view: View, name: str, items: Sequence[Work], weeks: int) -> Flow:
    if not may_be_told(one.person for one in items):
        return Flow(name, HIDDEN)
    time = WorkTime.of(view.calendar)
    since = view.as_of - weeks * WEEK
    done = [one for one in items if one.done_at is not None and one.done_at > since]
    going = [one for one in items if not one.is_done]
    cycles = [one.flow.cycle for one in done]
    ages = [age(one.flow, view.as_of, time) for one in going]
    notes = []
    untold = sum(one.is_done and one.done_at is None for one in items)
    if untold:
        notes.append(f"when {untold} items were done is not known")
    unstarted = sum(one is None for one in cycles)
    if unstarted:
        notes.append(f"when work began on {unstarted} of {len(done)} done items is not known")
    waits, why = _waits(view, done, time)
    if why is not None:
        notes.append(why)
    return Flow(
        name=name,
        not_known=None,
        done=len(done),
        per_week=spread(per_week((one.done_at for one in done if one.done_at), view.as_of, weeks)),
        cycle_time=spread(cycle_time(one, time) for one in cycles if one is not None),
        in_progress=len(going),
        age=spread(one for one in ages if one is not None),
        wait_share=waits,
        notes=tuple(notes),
    )


def _waits(view: View, done: Iterable[Work], time: WorkTime) -> tuple[Spread | None, str | None]:
    """The wait shares of what was done, where the statuses of its system say that work waits."""
    held = list(done)
    silent = {id_ for id_ in {one.id[0] for one in held} if not tells_waiting(view, id_)}
    shares = [
        share
        for one in held
        if one.id[0] not in silent and one.flow.whole
        if (share := wait_share(one.flow.spans, view.as_of, time)) is not None
    ]
    names = sorted(view.connections.get(id_, ("", ""))[0] for id_ in silent)
    why = f"no status of {', '.join(names)} says that work waits" if names else None
    return spread(shares), why


# --- changes ----------------------------------------------------------------------------------


def _changes(
    view: View,
    landed: Sequence[Landed],
    queue: Sequence[Queued],
    where: Deployed,
    weeks: int,
) -> tuple[Changes, ...]:
    time = WorkTime.of(view.calendar)
    found = []
    for pair, name in changes.repositories(view):
        lacking = changes.lacking(view, pair)
        mine = [one for one in landed if _repository(one) == pair]
        open_ = [one for one in queue if one.repository == pair]
        called = f"{view.connections.get(pair[0], ('', ''))[0]}/{name}"
        if lacking is not None:
            found.append(Changes(called, lacking))
            continue
        if not may_be_told([*(one.author for one in mine), *(one.author for one in open_)]):
            found.append(Changes(called, HIDDEN))
            continue
        waited = (one.opened_at for one in open_ if one.opened_at is not None)
        found.append(
            Changes(
                repository=called,
                not_known=None,
                stages=stages(one.moments for one in mine),
                queue=len(open_),
                queue_days=spread(time.between(at, view.as_of) for at in waited),
                keys=keys(
                    where.deployments.get(pair, ()),
                    (split(one.moments).to_production for one in mine),
                    (),
                    end=view.as_of,
                    weeks=weeks,
                    not_deployed=where.unknown.get(pair),
                    no_incidents="incidents name no repository",
                ),
            )
        )
    return tuple(found)


def _repository(one: Landed) -> Pair:
    return (one.line.connection_id, one.line.scope_id)


def _small(landed: Sequence[Landed], queue: Sequence[Queued]) -> frozenset[Pair]:
    """Repositories of fewer than three people that a difference to the others would tell of."""
    people: dict[Pair, list[Person | None]] = {}
    for one in landed:
        people.setdefault(_repository(one), []).append(one.author)
    for each in queue:
        people.setdefault(each.repository, []).append(each.author)
    small = [pair for pair, mine in people.items() if not may_be_told(mine)]
    left = [who for pair in small for who in people[pair]]
    if len(small) == len(people) or may_be_told(left):
        return frozenset()
    return frozenset(small)


def _all_keys(
    view: View,
    landed: Iterable[Landed],
    where: Deployed,
    small: frozenset[Pair],
    since: datetime,
    weeks: int,
) -> Keys | None:
    landed = [one for one in landed if _repository(one) not in small]
    if not may_be_told(one.author for one in landed):
        return None
    deployments: list[Deployment] = [
        one for pair, mine in where.deployments.items() if pair not in small for one in mine
    ]
    incidents, why = _incidents(view, since)
    silent = None
    if not deployments:
        silent = next(iter(sorted(where.unknown.values())), "no deployments are read")
    known = [one for one in landed if _repository(one) in where.deployments]
    return keys(
        deployments,
        (split(one.moments).to_production for one in known),
        incidents,
        end=view.as_of,
        weeks=weeks,
        not_deployed=silent,
        no_incidents=why,
    )


def _incidents(view: View, since: datetime) -> tuple[list[Incident], str | None]:
    """Incidents opened in the window; why they are not known, where no item is of that type."""
    i = view.items.c
    rows = view.conn.execute(
        sa.select(i.connection_id, i.id, i.created_at)
        .where(i.item_type == ItemType.INCIDENT.value)
        .order_by(i.connection_id, i.id)
    ).all()
    if not rows:
        return [], "no item of type incident is read"
    flows = flows_of(view, ((row.connection_id, row.id) for row in rows))
    found = []
    for row in rows:
        if row.created_at is None or not since < row.created_at <= view.as_of:
            continue
        flow = flows.get((row.connection_id, row.id))
        over = flow is not None and flow.stage in (Stage.DONE, Stage.CANCELLED)
        ended = flow.spans[-1].start if over and flow is not None else None
        found.append(Incident(row.created_at, ended))
    return found, None


# --- allocation -------------------------------------------------------------------------------


def _allocation(view: View, items: Sequence[Work], landed: Sequence[Landed]) -> Allocation | None:
    done = [one for one in items if one.done_at is not None]
    if not may_be_told(one.person for one in done):
        return None
    links = _items_of(view, landed)
    wanted = {one.id for one in done} | {item for mine in links.values() for item in mine}
    homes = _homes(view, wanted)
    told, hidden = _tellable((homes.get(one.id, ()), one.person) for one in done)
    lines = [one for one in landed if one.lines is not None]
    where = {
        one.line.pair: tuple(
            sorted({name for item in links.get(one.line.pair, ()) for name in homes.get(item, ())})
        )
        for one in lines
    }
    shown, held_back = _tellable((where[one.line.pair], one.author) for one in lines)
    return Allocation(
        by_milestone=allocation(
            (kept, 1.0) for one in done if (kept := _kept(homes.get(one.id, ()), told)) is not None
        ),
        by_type=allocation(((one.item_type.value,), 1.0) for one in done),
        lines_by_milestone=allocation(
            (kept, float(one.lines or 0))
            for one in lines
            if (kept := _kept(where[one.line.pair], shown)) is not None
        ),
        hidden=hidden,
        hidden_lines=held_back,
        lines_unknown=len(landed) - len(lines),
    )


def _tellable(
    work_of: Iterable[tuple[Sequence[str], Person | None]],
) -> tuple[set[str], int]:
    """Names on which three people or more worked, and how many others there are."""
    people: dict[str, list[Person | None]] = {}
    for names, person in work_of:
        for name in names or ("",):
            people.setdefault(name, []).append(person)
    told = {name for name, mine in people.items() if may_be_told(mine)}
    return told, len(people) - len(told)


def _kept(names: Sequence[str], told: set[str]) -> tuple[str, ...] | None:
    """Where a piece of work counts among what may be told; None: nowhere."""
    if not names:
        return () if "" in told else None
    kept = tuple(name for name in names if name in told)
    return kept or None


def _items_of(view: View, landed: Iterable[Landed]) -> dict[Pair, set[Item]]:
    """Items that each of these changes works on."""
    mine = {one.line.pair for one in landed}
    found: dict[Pair, set[Item]] = {}
    for link in changes.links(view):
        if link.change in mine and link.to_kind == "work_item" and not link.ambiguous:
            found.setdefault(link.change, set()).add(link.to)
    return found


#: Which kind of milestone an item's work counts for, where it is in several.
_RANK = (
    MilestoneKind.VERSION,
    MilestoneKind.MILESTONE,
    MilestoneKind.EPIC,
    MilestoneKind.ITERATION,
    MilestoneKind.SPRINT,
)


def _homes(view: View, items: Iterable[Item]) -> dict[Item, tuple[str, ...]]:
    """Milestones of these items by name: those of the first kind that an item is in."""
    m = view.memberships.c
    ids: dict[int, list[str]] = {}
    for connection_id, id_ in sorted(items):
        ids.setdefault(connection_id, []).append(id_)
    found: dict[Item, dict[MilestoneKind, set[str]]] = {}
    for connection_id, mine in ids.items():
        for start in range(0, len(mine), 500):
            rows = view.conn.execute(
                sa.select(m.item_id, m.milestone_kind, m.milestone_id).where(
                    m.connection_id == connection_id, m.item_id.in_(mine[start : start + 500])
                )
            )
            for row in rows:
                kind = MilestoneKind(row.milestone_kind)
                facts = view.milestones.get((connection_id, kind, row.milestone_id))
                if facts is not None:
                    held = found.setdefault((connection_id, row.item_id), {})
                    held.setdefault(kind, set()).add(facts.line)
    return {
        item: tuple(sorted(next(held[kind] for kind in _RANK if kind in held)))
        for item, held in found.items()
        if any(kind in held for kind in _RANK)
    }
