"""The read-only view a detector gets: the store at one instant, by set queries.

`as_of` says when it was so in the world, `known_at` what we knew then. Where both are the present,
rows stand as they are; otherwise they are those of `known_at`, and what happened after `as_of` is
undone from them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mappings.schema import TeamRule
from mappings.vocabulary import EventField, MilestoneKind, StatusCategory
from sync.forecast import calendar_rules
from sync.forecast.calendar import Calendars
from sync.ledger import agreements, load, relations
from sync.ledger import baseline as baselines
from sync.ledger.agreements import Agreed, Confirmation
from sync.ledger.baseline import Baseline, ledger_of
from sync.ledger.ledger import Ledger
from sync.ledger.load import Container, ItemFacts
from sync.ledger.mass_edit import MassEdit
from sync.ledger.milestones import Key, MilestoneFacts, Milestones, Named
from sync.ledger.origin import OriginFacts, explain, lowered_near, split_candidates, tagged
from sync.ledger.timeline import ItemHistory, Place, moving, parents_within, place
from sync.ledger.working_days import WorkCalendar
from sync.reconcile import coverage, teams
from sync.reconcile.contract import Policy
from sync.reconcile.coverage import Coverage
from sync.reconcile.parts import known_parts
from sync.reconcile.program import Program, programs
from sync.store import past, schema
from sync.store.bulk import select_ids

if TYPE_CHECKING:
    from sync.forecast.blockers import Blockers
    from sync.reconcile.changes import ChangeLine
    from sync.reconcile.flow_facts import Started
    from sync.reconcile.forecasts import MilestoneForecast
    from sync.reconcile.trunk import Trunk


@dataclass(frozen=True, slots=True)
class Project:
    """A project that holds work items."""

    connection_id: int
    connection: str
    connection_kind: str
    source_id: str
    key: str
    name: str | None
    url: str | None

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"project:{self.source_id}"


@dataclass(frozen=True, slots=True)
class Plan:
    """One milestone with its container, baseline and ledger at the view's instant."""

    facts: MilestoneFacts
    container: Container
    baseline: Baseline | None
    ledger: Ledger | None
    #: why the ledger's numbers may not be shown, if so.
    withheld: str | None
    #: many like changes by one account that nobody confirmed: percentages are held.
    mass: tuple[MassEdit, ...]
    #: leaf items in it now, cancelled ones left out.
    leaves: Mapping[str, Place]
    #: the original baseline, where one of another instant is in force.
    original: Baseline | None = None
    #: items whose growth somebody agreed to.
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    #: its date is fixed and its scope is not: what moves to a later one is re-planned.
    fixed_date: bool = False

    @property
    def open_items(self) -> list[ItemFacts]:
        """Leaf items with open work. An unknown status is not called open."""
        return [self.container.items[id_] for id_ in self.open_ids]

    @property
    def open_ids(self) -> list[str]:
        """Their ids, in order."""
        return sorted([id_ for id_, one in self.leaves.items() if not one.done])

    @property
    def percent_allowed(self) -> bool:
        """Whether a person agreed to the baseline and no mass edit waits for confirmation."""
        return self.baseline is not None and self.baseline.accepted and not self.mass


@dataclass
class View:
    """The store at one instant; all properties read once and keep what they read."""

    conn: sa.Connection
    policy: Policy
    as_of: datetime
    known_at: datetime
    #: `as_of` and `known_at` are the present.
    present: bool = True
    #: findings open before: (detector, connection id, subject, rule), for hysteresis.
    open_before: frozenset[tuple[str, int | None, str, str]] = frozenset()
    #: only this milestone is judged, if given.
    only: str | None = None
    _rows: dict[str, sa.FromClause] = field(default_factory=dict)
    _plans: dict[Key, Plan] = field(default_factory=dict)
    _containers: dict[Key, Container] = field(default_factory=dict)
    _facts: dict[tuple[int, str], ItemFacts] = field(default_factory=dict)
    _ends: dict[Key, datetime | None] = field(default_factory=dict)
    _teams: dict[tuple[int, str], str | None] = field(default_factory=dict)
    #: what `waiting.blockers` has read.
    read_blockers: "Blockers | None" = None
    #: changes that `changes.lines` has read; None: not there at this instant.
    read_changes: "dict[tuple[int, str], ChangeLine | None]" = field(default_factory=dict)
    #: forecasts that `forecasts.forecasts` has made.
    made_forecasts: "dict[Key, MilestoneForecast] | None" = None
    #: default branches that `trunk.trunks_of` has read.
    read_trunks: "tuple[Trunk, ...] | None" = None
    #: started items by project that `flow_facts.started` has read.
    read_started: "Mapping[tuple[int, str], tuple[Started, ...]] | None" = None

    def __post_init__(self) -> None:
        """Refuse an instant of which nothing was kept. Raises UsageError."""
        if not self.present:
            past.check(self.conn, self.known_at)

    # --- rows ---------------------------------------------------------------------------------

    def rows(self, table: sa.Table) -> sa.FromClause:
        """A table whose rows are overwritten, as they were known: something to select from.

        Facts that no event tells (a title, what a status means) are read through it; events,
        memberships and links carry their own clocks.
        """
        if table.name not in self._rows:
            self._rows[table.name] = past.at(table, self.rows_at)
        return self._rows[table.name]

    def select(
        self, table: sa.Table, columns: tuple[str, ...], connection_id: int, ids: Collection[str]
    ) -> list[tuple[Any, ...]]:
        """The same for the rows of these source ids, decoded."""
        return past.select_ids(self.conn, table, columns, connection_id, ids, self.rows_at)

    @property
    def rows_at(self) -> datetime | None:
        """The instant whose rows count; None: they stand as they are."""
        return None if self.present else self.known_at

    # --- calendar -----------------------------------------------------------------------------

    @cached_property
    def calendar(self) -> WorkCalendar:
        """Working days and the zone of calendar dates."""
        return calendar_of(self.policy)

    @cached_property
    def calendars(self) -> Calendars:
        """Working days of everybody and of teams: as configured now, or as known then."""
        if not self.present:
            then = calendar_rules.calendars_at(self.conn, self.known_at, self.policy.time_zone)
            if then is not None:
                return then
        return calendars_of(self.policy)

    @property
    def today(self) -> date:
        """The calendar date of `as_of`."""
        return self.calendar.local_date(self.as_of)

    def was_open(
        self, detector: str, connection_id: int | None, subject: str, rule: str = ""
    ) -> bool:
        """Whether this finding was open before: it closes later than it opens."""
        return (detector, connection_id, subject, rule) in self.open_before

    # --- milestones ---------------------------------------------------------------------------

    @cached_property
    def milestones(self) -> Milestones:
        """All milestones that were there."""
        found = Milestones(self.conn, self.as_of, self.known_at)
        said = known_parts(self.conn, self.known_at).values()
        keys = {part.key for mine in said for part in mine}
        found.with_epics(key for key in keys if key[1] is MilestoneKind.EPIC)
        return found

    @cached_property
    def names(self) -> tuple[Named, ...]:
        """What each configured name stands for: one milestone, none, or several."""
        return self.milestones.find(
            *(text for text in self.wanted if self.program_called(text) is None)
        )

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names that a person wants to have judged."""
        return self.policy.judge if self.only is None else (self.only,)

    @cached_property
    def programs(self) -> tuple[Program, ...]:
        """Program milestones, by name."""
        return programs(self)

    @cached_property
    def team_rules(self) -> Mapping[int, tuple[TeamRule, ...]]:
        """Rules that tell an item's team, by connection: as configured now, or as known then."""
        if not self.present:
            return teams.rules_at(self.conn, self.known_at)
        named = self.policy.teams
        return {id_: named[name] for id_, (name, _) in self.connections.items() if name in named}

    def team_of(self, connection_id: int, item_id: str) -> str | None:
        """The team an item belongs to at the view's instant; None where nothing tells it."""
        key = (connection_id, item_id)
        if key not in self._teams:
            self.teams({connection_id: [item_id]})
        return self._teams[key]

    def teams(self, ids: Mapping[int, Collection[str]]) -> dict[tuple[int, str], str | None]:
        """The team of each of these items, few queries for all."""
        missing = {
            connection_id: [one for one in wanted if (connection_id, one) not in self._teams]
            for connection_id, wanted in ids.items()
        }
        told = teams.teams_of(self, missing)
        for connection_id, wanted in missing.items():
            for one in wanted:
                self._teams[connection_id, one] = told.get((connection_id, one))
        return {(c, one): self._teams[c, one] for c, wanted in ids.items() for one in wanted}

    def program_called(self, text: str) -> Program | None:
        """The program milestone of this name; it goes before milestones that are called so."""
        name = text.strip()
        exact = [one for one in self.programs if one.name == name]
        alike = [one for one in self.programs if one.name.casefold() == name.casefold()]
        return next(iter((*exact, *alike)), None)

    @cached_property
    def judged_programs(self) -> frozenset[str]:
        """Names of program milestones that a person wants to have judged as one."""
        called = (self.program_called(text) for text in self.wanted)
        return frozenset(one.name for one in called if one is not None)

    @cached_property
    def fixed_date_names(self) -> tuple[Named, ...]:
        """What each configured name of a milestone with a fixed date stands for."""
        return self.milestones.find(*self.policy.fixed_date)

    @cached_property
    def fixed_dates(self) -> frozenset[Key]:
        """Milestones whose date is fixed and whose scope is not; unclear names choose none."""
        return frozenset(
            one.matches[0].key for one in self.fixed_date_names if len(one.matches) == 1
        )

    @cached_property
    def judged(self) -> tuple[MilestoneFacts, ...]:
        """Milestones that a person confirmed, each once, in the order of the configuration.

        A program milestone stands for its parts.
        """
        by_text = {one.text: one for one in self.names}
        found: dict[Key, MilestoneFacts] = {}
        for text in self.wanted:
            program = self.program_called(text)
            if program is not None:
                found.update((one.key, one) for one in program.parts if one.key not in found)
            elif len(by_text[text].matches) == 1:
                found.setdefault(by_text[text].matches[0].key, by_text[text].matches[0])
        return tuple(found.values())

    def containers(self, wanted: Iterable[MilestoneFacts]) -> dict[Key, Container]:
        """Containers of these milestones, without judging their scope; few queries for all."""
        chosen = list(wanted)
        missing = [one for one in chosen if one.key not in self._containers]
        if missing:
            self._containers.update(
                load.containers(
                    self.conn,
                    missing,
                    known_at=self.known_at,
                    present=self.present,
                    as_of=None if self.present else self.as_of,
                )
            )
        return {one.key: self._containers[one.key] for one in chosen}

    def plans(self, wanted: Iterable[MilestoneFacts] | None = None) -> list[Plan]:
        """Containers, baselines and ledgers of these milestones (the judged ones)."""
        chosen = list(self.judged if wanted is None else wanted)
        missing = [one for one in chosen if one.key not in self._plans]
        if missing:
            loaded = self.containers(missing)
            keys = {one.key for one in missing}
            made = baselines.stored(self.conn, keys, self.known_at)
            seen = agreements.confirmations(self.conn, keys, self.known_at)
            agreed = agreements.agreed(
                self.conn,
                loaded,
                as_of=self.as_of,
                known_at=self.known_at,
                rows_at=self.rows_at,
            )
            for facts in missing:
                plan = self._plan(
                    facts,
                    loaded[facts.key],
                    made.get(facts.key),
                    confirmed=seen.get(facts.key, ()),
                )
                self._plans[facts.key] = replace(
                    plan,
                    agreed=agreed.get(facts.key, {}),
                    original=baselines.apart(made.get(facts.key, ()), plan.baseline, self.as_of),
                )
        return [self._plans[one.key] for one in chosen]

    def _plan(
        self,
        facts: MilestoneFacts,
        container: Container,
        made: Sequence[Baseline] | None,
        confirmed: Sequence[Confirmation],
    ) -> Plan:
        baseline = baselines.in_force(made or (), self.as_of) or baselines.suggest(
            facts, container, self.calendar, self.as_of
        )
        fixed = facts.key in self.fixed_dates
        plan = Plan(facts, container, baseline, None, None, (), {}, fixed_date=fixed)
        withheld, ledger = "it has not begun", None
        if baseline is not None and baseline.at <= self.as_of:
            gaps = container.gaps(self.calendar.add(baseline.at, self.policy.grace_days))
            withheld = " and ".join(gaps)
            if not gaps:
                ledger = ledger_of(
                    container,
                    baseline,
                    self.calendar,
                    grace_days=self.policy.grace_days,
                    at=self.as_of,
                )
        places = ledger.now if ledger is not None and ledger.at == self.as_of else None
        plan = replace(plan, leaves=leaves_of(container.histories, self.as_of, places))
        if ledger is None or baseline is None:
            return replace(plan, withheld=withheld)
        ledger = self.netted(replace(plan, ledger=ledger), ledger)
        plan = replace(plan, ledger=ledger)
        if not ledger.balanced:
            return replace(plan, withheld="its lines do not add up to what is there now")
        mass = agreements.unconfirmed(
            container,
            after=ledger.counted_from,
            until=ledger.at,
            size=max(len(ledger.planned), len(ledger.present)),
            confirmed=confirmed,
            agreed_at=baseline.created_at if baseline.accepted else None,
        )
        return replace(plan, mass=mass)

    def due(self, facts: MilestoneFacts) -> datetime | None:
        """When a milestone's date is over (UTC), if it has one."""
        return self.calendar.end_of(facts.due_date) if facts.due_date else None

    def netted(self, plan: Plan, ledger: Ledger) -> Ledger:
        """The ledger with split pairs netted out, and estimates lowered to what is left tagged."""
        sprint = plan.facts.kind in (MilestoneKind.SPRINT, MilestoneKind.ITERATION)
        ended = self.end_of(plan.facts.key) if sprint else None
        asked = split_candidates(ledger) | {line.item_id for line in lowered_near(ledger, ended)}
        if not asked:
            return ledger
        facts = self.origins(plan, asked)
        ledger = explain(ledger, facts, self.due(plan.facts)).ledger
        return ledger if ended is None else tagged(ledger, facts, ended)

    def origins(self, plan: Plan, ids: Collection[str]) -> dict[str, OriginFacts]:
        """What tells where these items of a plan came from."""
        return relations.origin_facts(
            self.conn,
            plan.container,
            ids,
            as_of=self.as_of,
            known_at=self.known_at,
            end_of=self.end_of,
        )

    def end_of(self, key: Key) -> datetime | None:
        """When a milestone ended or is to end (UTC), if that is known."""
        if key not in self._ends:
            one = self.milestones.get(key)
            end = one.finished_at if one is not None else None
            if one is not None and end is None and one.due_date is not None:
                end = self.calendar.end_of(one.due_date)
            self._ends[key] = end
        return self._ends[key]

    # --- projects and boards ------------------------------------------------------------------

    @cached_property
    def projects(self) -> tuple[Project, ...]:
        """Projects that hold work items."""
        s, c = self.rows(schema.scope).c, schema.connection.c
        if self.present:
            w = schema.work_item.c
            held: sa.ColumnElement[bool] = sa.exists().where(
                w.connection_id == s.connection_id, w.scope_id == s.source_id, w.gone_at.is_(None)
            )
        else:
            # Without an index a question per project would read all items each time.
            i = self.items.c
            held = joined_key(s.connection_id, s.source_id).in_(
                sa.select(joined_key(i.connection_id, i.scope_id)).distinct()
            )
        rows = self.conn.execute(
            sa.select(
                s.connection_id, c.name, c.kind, s.source_id, s.key, s.name.label("title"), s.url
            )
            .join(schema.connection, c.id == s.connection_id)
            .where(s.kind != "board", s.first_seen_at <= self.known_at, held)
            .where(sa.or_(s.gone_at.is_(None), s.gone_at > self.as_of))
            .order_by(c.name, s.key, s.source_id)
        )
        return tuple(
            Project(
                row.connection_id,
                row.name,
                row.kind,
                row.source_id,
                row.key or row.source_id,
                row.title,
                row.url,
            )
            for row in rows
        )

    @cached_property
    def holders(self) -> Mapping[tuple[int, str], tuple[str, str]]:
        """(scope kind, key) of projects, repositories and groups, by (connection id, id).

        Those are in it too of which nothing could be read yet.
        """
        c = self.rows(schema.scope).c
        return {
            (row.connection_id, row.source_id): (row.kind, row.key or row.source_id)
            for row in self.conn.execute(
                sa.select(c.connection_id, c.source_id, c.kind, c.key).where(
                    c.kind.not_in(("board", "site")), c.first_seen_at <= self.known_at
                )
            )
        }

    @cached_property
    def connections(self) -> Mapping[int, tuple[str, str]]:
        """(name, connector kind) by connection id."""
        c = schema.connection.c
        return {
            row.id: (row.name, row.kind)
            for row in self.conn.execute(sa.select(c.id, c.name, c.kind).order_by(c.id))
        }

    @cached_property
    def boards(self) -> Mapping[tuple[int, str], tuple[str, ...]]:
        """Boards that hold each sprint, by (connection id, sprint id)."""
        c = schema.scope_entity.c
        found: dict[tuple[int, str], set[str]] = {}
        rows = self.conn.execute(
            sa.select(c.connection_id, c.entity_id, c.scope_id).where(
                c.entity_kind == MilestoneKind.SPRINT.value,
                load.known(schema.scope_entity, self.known_at),
            )
        )
        for row in rows:
            found.setdefault((row.connection_id, row.entity_id), set()).add(row.scope_id)
        for key, board in self.milestones.boards():
            found.setdefault((key[0], key[2]), set()).add(board)
        return {key: tuple(sorted(ids)) for key, ids in found.items()}

    @cached_property
    def project_boards(self) -> Mapping[tuple[int, str], tuple[str, ...]]:
        """Boards of each project, by (connection id, project id)."""
        c = self.rows(schema.scope).c
        found: dict[tuple[int, str], list[str]] = {}
        rows = self.conn.execute(
            sa.select(c.connection_id, c.parent_id, c.source_id)
            .where(c.kind == "board", c.parent_id.is_not(None))
            .where(sa.or_(c.gone_at.is_(None), c.gone_at > self.as_of))
            .order_by(c.source_id)
        )
        for row in rows:
            found.setdefault((row.connection_id, row.parent_id), []).append(row.source_id)
        return {key: tuple(ids) for key, ids in found.items()}

    @cached_property
    def coverage(self) -> Coverage:
        """What was read how well."""
        return coverage.load(
            self.conn,
            as_of=self.as_of,
            known_at=self.known_at,
            stale=timedelta(hours=self.policy.stale_hours),
        )

    # --- set queries --------------------------------------------------------------------------

    @cached_property
    def items(self) -> sa.FromClause:
        """Work items as they stood, without those that were gone: a table to select from.

        Columns: connection_id, id, key, title, scope_id, item_type, priority, category, parent_id,
        assignee_id, points, seconds, restricted, url, created_at.
        """
        held = self.rows(schema.work_item)
        w = held.c
        common = (
            w.connection_id,
            w.source_id.label("id"),
            w.key,
            w.title,
            w.scope_id,
            w.item_type,
            w.priority,
        )
        tail = (w.estimate_seconds.label("seconds"), w.restricted, w.url, w.created_at)
        if self.present:
            return (
                sa.select(
                    *common,
                    w.status_category.label("category"),
                    w.parent_id,
                    w.assignee_id,
                    w.estimate_points.label("points"),
                    *tail,
                )
                .where(w.gone_at.is_(None))
                .subquery("items")
            )
        return self._past_items(held, common, tail)

    def _past_items(
        self, held: sa.FromClause, common: tuple[Any, ...], tail: tuple[Any, ...]
    ) -> sa.FromClause:
        statuses = self.rows(schema.status)
        w, e, s = held.c, schema.field_event.c, statuses.c
        ranked = (
            sa.select(
                e.connection_id,
                e.work_item_id,
                e.field,
                e.old_ids,
                e.old_text,
                sa.func.row_number()
                .over(
                    partition_by=(e.connection_id, e.work_item_id, e.field),
                    order_by=(e.at, e.source_event_id),
                )
                .label("place"),
            )
            .where(load.known(schema.field_event, self.known_at))
            .where(
                e.field.in_(
                    [
                        EventField.STATUS.value,
                        EventField.PARENT.value,
                        EventField.POINTS.value,
                        EventField.ASSIGNEE.value,
                    ]
                )
            )
            .where(e.at > self.as_of)
            .cte("ranked")
        )
        first = ranked.c.place == 1

        def undo(name: str, value: Any) -> Any:
            return sa.func.max(sa.case((sa.and_(first, ranked.c.field == name), value)))

        fields = ("status", "parent", "points", "assignee")
        undone = (
            sa.select(
                ranked.c.connection_id,
                ranked.c.work_item_id,
                *(undo(name, 1).label(f"has_{name}") for name in fields),
                *(
                    undo(name, ranked.c.old_text if name == "points" else ranked.c.old_ids).label(
                        name
                    )
                    for name in fields
                ),
            )
            .group_by(ranked.c.connection_id, ranked.c.work_item_id)
            .cte("undone")
        )

        def then(name: str, held: Any, old: Any) -> Any:
            return sa.case((undone.c[f"has_{name}"] == 1, old), else_=held)

        unknown = StatusCategory.UNKNOWN.value
        points = sa.cast(sa.func.nullif(undone.c.points, ""), sa.Float)
        source = held.outerjoin(
            undone,
            sa.and_(
                undone.c.connection_id == w.connection_id, undone.c.work_item_id == w.source_id
            ),
        ).outerjoin(
            statuses,
            sa.and_(s.connection_id == w.connection_id, s.source_id == undone.c.status),
        )
        query = sa.select(
            *common,
            then("status", w.status_category, sa.func.coalesce(s.category, unknown)).label(
                "category"
            ),
            # Without a type of its own SQLite makes no index of it for a join.
            sa.cast(then("parent", w.parent_id, undone.c.parent), sa.Text).label("parent_id"),
            then("assignee", w.assignee_id, undone.c.assignee).label("assignee_id"),
            then("points", w.estimate_points, points).label("points"),
            *tail,
        )
        return (
            query.select_from(source)
            .where(sa.or_(w.gone_at.is_(None), w.gone_at > self.as_of))
            .where(sa.or_(w.created_at.is_(None), w.created_at <= self.as_of))
            # A table expression is worked out once, however often a query names it.
            .cte("items")
        )

    def has_child(
        self, items: sa.FromClause, *such: sa.ColumnElement[bool]
    ) -> sa.ColumnElement[bool]:
        """Whether an item of `items` (`View.items` or an alias) is the parent of any other.

        `such` narrows the children, by columns of `View.children`. A set that is built once: a
        question per item would take the square of the time where no index helps.
        """
        child = self.children
        parents = sa.select(joined_key(child.c.connection_id, child.c.parent_id)).where(
            child.c.parent_id.is_not(None), child.c.parent_id != child.c.id, *such
        )
        return joined_key(items.c.connection_id, items.c.id).in_(parents)

    def has_child_inside(
        self, members: sa.FromClause, items: sa.FromClause
    ) -> sa.ColumnElement[bool]:
        """Whether another member of the same container names the item as its parent.

        For a join of `members` (`View.memberships`) with `items` (`View.items`).
        """
        child, inside = self.items.alias("child"), self.memberships.alias("inside")
        # A leaf of the container: no other member of it names the item as its parent.
        parents = (
            sa.select(
                joined_key(
                    inside.c.connection_id,
                    inside.c.milestone_kind,
                    inside.c.milestone_id,
                    child.c.parent_id,
                )
            )
            .select_from(child)
            .join(
                inside,
                sa.and_(
                    inside.c.connection_id == child.c.connection_id, inside.c.item_id == child.c.id
                ),
            )
            .where(child.c.parent_id.is_not(None))
        )
        return joined_key(
            members.c.connection_id, members.c.milestone_kind, members.c.milestone_id, items.c.id
        ).in_(parents)

    @cached_property
    def children(self) -> sa.FromClause:
        """`items` under another name, for `has_child`."""
        return self.items.alias("child_of_some")

    @cached_property
    def memberships(self) -> sa.Subquery:
        """Which item was in which milestone.

        Columns: connection_id, milestone_kind, milestone_id, item_id, since.
        """
        c = schema.scope_membership.c
        stored = sa.select(
            c.connection_id,
            c.milestone_kind,
            c.milestone_id,
            c.member_id.label("item_id"),
            c.valid_from.label("since"),
        ).where(
            c.member_kind == "work_item",
            c.valid_from <= self.as_of,
            sa.or_(c.valid_to.is_(None), c.valid_to > self.as_of),
            load.known(schema.scope_membership, self.known_at),
        )
        epics = [one for one in self.judged if one.kind is MilestoneKind.EPIC]
        if not epics:
            return stored.subquery("memberships")
        return sa.union_all(stored, self._below(epics)).subquery("memberships")

    def _below(self, epics: Sequence[MilestoneFacts]) -> sa.Select[Any]:
        """Items below these epics, at any depth, as rows of `memberships`."""
        items = self.items.alias("inner")
        columns = (items.c.connection_id, items.c.id.label("item_id"), items.c.created_at)
        tree = (
            sa.select(*columns, items.c.parent_id.label("epic_id"))
            .where(
                sa.or_(
                    *(
                        sa.and_(
                            items.c.connection_id == one.connection_id,
                            items.c.parent_id == one.source_id,
                        )
                        for one in epics
                    )
                )
            )
            .cte("below", recursive=True)
        )
        deeper = self.items.alias("grandchild")
        tree = tree.union(
            sa.select(
                deeper.c.connection_id, deeper.c.id, deeper.c.created_at, tree.c.epic_id
            ).where(
                deeper.c.connection_id == tree.c.connection_id,
                deeper.c.parent_id == tree.c.item_id,
                deeper.c.id != tree.c.epic_id,
            )
        )
        return sa.select(
            tree.c.connection_id,
            sa.literal(MilestoneKind.EPIC.value),
            tree.c.epic_id,
            tree.c.item_id,
            tree.c.created_at,
        )

    def status_since(self, ids: Mapping[int, Collection[str]]) -> dict[tuple[int, str], datetime]:
        """Since when each item has its status, from its history; else its creation.

        Items of which neither is known are left out.
        """
        found: dict[tuple[int, str], datetime] = {}
        for connection_id, wanted in ids.items():
            for id_, created in self.select(
                schema.work_item, ("source_id", "created_at"), connection_id, wanted
            ):
                if created is not None:
                    found[connection_id, id_] = created
            for id_, at, known_from, known_to in select_ids(
                self.conn,
                schema.field_event,
                ("work_item_id", "at", "known_from", "known_to"),
                connection_id,
                "work_item_id",
                wanted,
                "AND field = 'status'",
            ):
                known = known_from <= self.known_at and (
                    known_to is None or known_to > self.known_at
                )
                before = found.get((connection_id, id_))
                if known and at <= self.as_of and (before is None or at > before):
                    found[connection_id, id_] = at
        return found

    def item_facts(self, ids: Mapping[int, Collection[str]]) -> dict[tuple[int, str], ItemFacts]:
        """Facts of these items by (connection id, item id)."""
        for connection_id, wanted in ids.items():
            unknown = [id_ for id_ in wanted if (connection_id, id_) not in self._facts]
            for item in load.facts_of(
                self.conn, connection_id, unknown, as_of=self.as_of, known_at=self.rows_at
            ):
                self._facts[connection_id, item.id] = item
        return {
            (connection_id, id_): self._facts[connection_id, id_]
            for connection_id, wanted in ids.items()
            for id_ in wanted
            if (connection_id, id_) in self._facts
        }


def leaves_at(container: Container, at: datetime) -> dict[str, Place]:
    """Leaf items in the container at `at`; without cancelled ones and those of unknown status."""
    return leaves_of(container.histories, at)


def leaves_of(
    histories: Iterable[ItemHistory], at: datetime, known: Mapping[str, Place] | None = None
) -> dict[str, Place]:
    """The same of any items that share a container.

    `known`: their places at `at`, judged backwards, for a plan of whatever instant.
    """
    items = {one.id: one for one in histories}
    moved = {one.id for one in moving(items.values(), at)}
    if known is None:
        known = {one.id: place(one, at, at, undone=True) for one in items.values()}
    counts = parents_within(known.items())
    return {
        # Of a plan made at this very instant, all that is done was done before.
        id_: one if one.done is one.done_before else one._replace(done_before=one.done)
        for id_, one in known.items()
        if one.member
        and not one.cancelled
        and id_ not in counts
        and (id_ not in moved or items[id_].category.undone(at) is not StatusCategory.UNKNOWN)
    }


def joined_key(*columns: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """One text out of several ids, to look up in a set.

    SQLite walks through the whole set for each row that is *not* in a set of several columns.
    """
    first, *rest = (sa.cast(column, sa.Text) for column in columns)
    key: sa.ColumnElement[str] = first
    for column in rest:
        key = key + "/" + column
    return key


def calendar_of(policy: Policy) -> WorkCalendar:
    """The calendar that the configuration describes."""
    return WorkCalendar(policy.time_zone, policy.work_days, policy.holidays)


def calendars_of(policy: Policy) -> Calendars:
    """The same with the calendars of teams."""
    return calendar_rules.made(calendar_of(policy), policy.team_calendars)
