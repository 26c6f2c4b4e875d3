"""Work in progress, and how long work like it took, out of a view; few queries for everything."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from mappings.vocabulary import ItemType, MilestoneKind, StatusCategory
from sync.flow import histories
from sync.flow.activity import last_by_people
from sync.flow.measures import cycle_time
from sync.flow.stages import ItemFlow
from sync.flow.work_time import WorkTime
from sync.ledger.milestones import MilestoneFacts
from sync.reconcile.contract import Evidence, NotChecked
from sync.reconcile.view import Project, View, joined_key
from sync.store import schema

#: (connection id, source id) of an item, a project or a repository.
Pair = tuple[int, str]

STARTED = (StatusCategory.IN_PROGRESS.value, StatusCategory.IN_REVIEW.value)
#: What tells when an item was in which status, per connector.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "jira": ("issues", "changelogs"),
    "github": ("issues", "histories"),
    "gitlab": ("issues", "histories"),
}


@dataclass(frozen=True, slots=True)
class Started:
    """A leaf item that somebody is at work on."""

    connection_id: int
    id: str
    key: str
    title: str
    scope_id: str
    item_type: ItemType
    assignee_id: str | None
    restricted: bool
    url: str | None
    flow: ItemFlow

    @property
    def pair(self) -> Pair:
        """Identity in the store."""
        return (self.connection_id, self.id)

    @property
    def project(self) -> Pair:
        """The project that it is in."""
        return (self.connection_id, self.scope_id)

    @property
    def label(self) -> str:
        """What a person calls it; a restricted one is not named."""
        return "a restricted item" if self.restricted else f"{self.key} {self.title}".strip()

    def evidence(self, text: str, at: datetime | None = None) -> Evidence:
        """A proof about it: its key and title, then what is the matter with it."""
        return Evidence(
            text=f"{self.key} {self.title}: {text}",
            url=self.url,
            at=at,
            source=f"issue:{self.id}",
            restricted=self.restricted,
        )


@dataclass(frozen=True, slots=True)
class Home:
    """Where a finding about items is told: a judged milestone, or else their project."""

    connection_id: int
    subject: str
    name: str
    url: str | None = None
    milestone: MilestoneFacts | None = None

    @property
    def due(self) -> date | None:
        """Its date, if it has one."""
        return None if self.milestone is None else self.milestone.due_date

    @property
    def key(self) -> tuple[MilestoneKind, str] | None:
        """The milestone as a finding names it."""
        one = self.milestone
        return None if one is None else (one.kind, one.source_id)

    @property
    def owner(self) -> str:
        """Whom to ask."""
        return f"the {'lead' if self.milestone is None else 'owner'} of {self.name}"


class Times:
    """Working time by whose work an item is: teams may have calendars of their own."""

    def __init__(self, view: View) -> None:
        """`view` knows the calendars and the teams."""
        self._view = view
        self._made: dict[str | None, WorkTime] = {}

    @property
    def common(self) -> WorkTime:
        """Of everybody."""
        return self._of_team(None)

    def read_ahead(self, items: Iterable[Pair]) -> None:
        """Look up the teams of these items in few queries."""
        if self._view.calendars.teams:
            self._view.teams(by_connection(items))

    def of(self, item: Pair) -> WorkTime:
        """Of the team whose item it is."""
        return self._of_team(self._view.team_of(*item) if self._view.calendars.teams else None)

    def _of_team(self, team: str | None) -> WorkTime:
        calendar = self._view.calendars.of(team)
        key = team if team in self._view.calendars.teams else None
        if key not in self._made:
            self._made[key] = WorkTime(calendar)
        return self._made[key]


def by_connection(items: Iterable[Pair]) -> dict[int, list[str]]:
    """Ids by connection, each once and in order."""
    found: dict[int, list[str]] = {}
    for connection_id, id_ in sorted(set(items)):
        found.setdefault(connection_id, []).append(id_)
    return found


def started(view: View) -> Mapping[Pair, tuple[Started, ...]]:
    """Started leaf items by project, in the order of their ids; read once."""
    if view.read_started is None:
        view.read_started = _started(view)
    return view.read_started


def _started(view: View) -> dict[Pair, tuple[Started, ...]]:
    items = view.items
    rows = view.conn.execute(
        sa.select(items)
        .where(
            items.c.category.in_(STARTED),
            items.c.item_type != ItemType.EPIC.value,
            ~view.has_child(items),
        )
        .order_by(items.c.connection_id, items.c.scope_id, items.c.id)
    ).all()
    flows = flows_of(view, ((row.connection_id, row.id) for row in rows))
    found: dict[Pair, list[Started]] = {}
    for row in rows:
        one = Started(
            row.connection_id,
            row.id,
            row.key,
            row.title,
            row.scope_id,
            ItemType(row.item_type),
            row.assignee_id,
            bool(row.restricted),
            row.url,
            flows.get((row.connection_id, row.id), ItemFlow(row.id, (), whole=False)),
        )
        found.setdefault(one.project, []).append(one)
    return {key: tuple(mine) for key, mine in found.items()}


def flows_of(view: View, items: Iterable[Pair]) -> dict[Pair, ItemFlow]:
    """Stages of these items up to the view's instant."""
    found: dict[Pair, ItemFlow] = {}
    for connection_id, ids in by_connection(items).items():
        told = histories.read(
            view.conn,
            connection_id,
            ids,
            as_of=view.as_of,
            known_at=view.known_at,
            rows_at=view.rows_at,
        )
        found |= {(connection_id, id_): one for id_, one in told.items()}
    return found


@dataclass(frozen=True, slots=True)
class Usual:
    """How long finished items of one type of a project took."""

    #: working days from the first start to the end, of those whose start is known.
    cycles: tuple[float, ...]
    #: items that were looked at, with those whose start nobody knows.
    done: int


def usual(view: View, times: Times, *, days: int, most: int) -> dict[tuple[Pair, str], Usual]:
    """How long items took that got done in so many days before the view's instant.

    By project and type of item; the newest `most` of each, so a large store costs no more.
    """
    items, held = view.items, view.rows(schema.work_item)
    place = (
        sa.func.row_number()
        .over(
            partition_by=(items.c.connection_id, items.c.scope_id, items.c.item_type),
            order_by=(held.c.done_at.desc(), items.c.id),
        )
        .label("place")
    )
    chosen = (
        sa.select(items.c.connection_id, items.c.id, items.c.scope_id, items.c.item_type, place)
        .join(
            held,
            sa.and_(held.c.connection_id == items.c.connection_id, held.c.source_id == items.c.id),
        )
        .where(
            items.c.category == StatusCategory.DONE.value,
            held.c.done_at > view.as_of - timedelta(days=days),
            held.c.done_at <= view.as_of,
            ~view.has_child(items),
        )
        .subquery("chosen")
    )
    rows = view.conn.execute(sa.select(chosen).where(chosen.c.place <= most)).all()
    pairs = [(row.connection_id, row.id) for row in rows]
    flows = flows_of(view, pairs)
    times.read_ahead(pairs)
    cycles: dict[tuple[Pair, str], list[float]] = {}
    done: dict[tuple[Pair, str], int] = {}
    for row in rows:
        pair, kind = (row.connection_id, row.id), ((row.connection_id, row.scope_id), row.item_type)
        done[kind] = done.get(kind, 0) + 1
        mine = cycles.setdefault(kind, [])
        one = flows.get(pair)
        if one is not None and one.cycle is not None:
            mine.append(cycle_time(one.cycle, times.of(pair)))
    return {kind: Usual(tuple(sorted(mine)), done[kind]) for kind, mine in cycles.items()}


@dataclass(frozen=True, slots=True)
class Ongoing:
    """A leaf item that was in progress at some time in a window."""

    connection_id: int
    id: str
    scope_id: str
    assignee_id: str | None
    flow: ItemFlow

    @property
    def pair(self) -> Pair:
        """Identity in the store."""
        return (self.connection_id, self.id)

    @property
    def project(self) -> Pair:
        """The project that it is in now."""
        return (self.connection_id, self.scope_id)


def ongoing(view: View, since: datetime) -> dict[Pair, tuple[Ongoing, ...]]:
    """Leaf items that were begun and not done before `since` (UTC), by the project of now."""
    items, held = view.items, view.rows(schema.work_item)
    rows = view.conn.execute(
        sa.select(
            items.c.connection_id,
            items.c.id,
            items.c.scope_id,
            items.c.assignee_id,
        )
        .join(
            held,
            sa.and_(held.c.connection_id == items.c.connection_id, held.c.source_id == items.c.id),
        )
        .where(
            held.c.started_at <= view.as_of,
            sa.or_(items.c.category.in_(STARTED), held.c.done_at.is_(None), held.c.done_at > since),
            items.c.item_type != ItemType.EPIC.value,
            ~view.has_child(items),
        )
        .order_by(items.c.connection_id, items.c.scope_id, items.c.id)
    ).all()
    flows = flows_of(view, ((row.connection_id, row.id) for row in rows))
    found: dict[Pair, list[Ongoing]] = {}
    for row in rows:
        flow = flows.get((row.connection_id, row.id))
        if flow is not None:
            one = Ongoing(row.connection_id, row.id, row.scope_id, row.assignee_id, flow)
            found.setdefault(one.project, []).append(one)
    return {key: tuple(mine) for key, mine in found.items()}


def last_touched(view: View, items: Iterable[Started]) -> dict[Pair, datetime]:
    """When a person last did something to each of these items (UTC), as far as that is told."""
    by_project: dict[Pair, list[str]] = {}
    for one in items:
        by_project.setdefault(one.project, []).append(one.id)
    robots = bots(view, {key[0] for key in by_project})
    found: dict[Pair, datetime] = {}
    for (connection_id, _), ids in by_project.items():
        events = histories.events_of(
            view.conn, connection_id, ids, as_of=view.as_of, known_at=view.known_at
        )
        last = last_by_people(events, robots.get(connection_id, ()), len(ids))
        found |= {(connection_id, id_): at for id_, at in last.items()}
    return found


def bots(view: View, connections: Collection[int]) -> dict[int, set[str]]:
    """Accounts of robots, by connection."""
    c = view.rows(schema.account).c
    found: dict[int, set[str]] = {}
    for row in view.conn.execute(
        sa.select(c.connection_id, c.source_id).where(
            c.is_bot, c.connection_id.in_(sorted(connections))
        )
    ):
        found.setdefault(row.connection_id, set()).add(row.source_id)
    return found


def homes(view: View, items: Collection[Started]) -> dict[Pair, Home]:
    """Where each item is told of: the open judged milestone that is due first, or its project."""
    wanted = {one.key: one for one in view.judged if one.state.is_open}
    projects = {(one.connection_id, one.source_id): one for one in view.projects}
    found = {
        one.pair: _of_project(projects[one.project]) for one in items if one.project in projects
    }
    if not wanted or not items:
        return found
    m, c = view.memberships.c, view.items
    rows = view.conn.execute(
        sa.select(m.connection_id, m.item_id, m.milestone_kind, m.milestone_id)
        .join(c, sa.and_(c.c.connection_id == m.connection_id, c.c.id == m.item_id))
        .where(
            c.c.category.in_(STARTED),
            joined_key(m.milestone_kind, m.milestone_id).in_(
                [f"{kind.value}/{id_}" for _, kind, id_ in wanted]
            ),
        )
    )
    best: dict[Pair, MilestoneFacts] = {}
    for row in rows:
        facts = wanted.get((row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id))
        pair = (row.connection_id, row.item_id)
        if facts is not None and (pair not in best or _rank(facts) < _rank(best[pair])):
            best[pair] = facts
    found |= {pair: _of_milestone(best[pair]) for pair in found if pair in best}
    return found


def not_checked(
    homes: Mapping[Pair, Home], unsure: Iterable[tuple[Started, str]]
) -> list[NotChecked]:
    """Where items that could not be judged, and why, would have been told of."""
    why: dict[Home, dict[str, None]] = {}
    for one, reason in unsure:
        if one.pair in homes:
            why.setdefault(homes[one.pair], {})[reason] = None
    return [
        NotChecked(home.subject, "; ".join(reasons), home.connection_id)
        for home, reasons in why.items()
    ]


def _rank(one: MilestoneFacts) -> tuple[date, str, str]:
    return (one.due_date or date.max, one.kind.value, one.source_id)


def _of_project(one: Project) -> Home:
    return Home(one.connection_id, one.subject, one.key, one.url)


def _of_milestone(one: MilestoneFacts) -> Home:
    return Home(one.connection_id, one.subject, one.name, one.url, one)
