"""How the scope of one milestone came to be what it is: every line with its cause and its proof.

Plain data out of a view. Items that readers may not see are lines without words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.ledger import baseline as baselines
from sync.ledger import change_members
from sync.ledger.agreed import Growth, covers, growth
from sync.ledger.agreements import Agreed
from sync.ledger.baseline import Baseline, ledger_of
from sync.ledger.destination import destination
from sync.ledger.ledger import EPSILON, Ledger, Line, LineKind, Unit, lead_unit
from sync.ledger.mass_edit import MassEdit
from sync.ledger.measures import Measures, measure, present_places, transient_shown
from sync.ledger.milestones import MilestoneFacts
from sync.ledger.origin import explain
from sync.ledger.timeline import in_scope
from sync.reconcile.detectors.scope import net
from sync.reconcile.gate import Gate
from sync.reconcile.notes import notes
from sync.reconcile.view import Plan, View
from sync.store import schema
from sync.store.bulk import select_ids
from sync.store.tables_judged import change_link


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One change of the scope, and what is known of it; instants in UTC."""

    at: datetime
    item_id: str
    #: None: readers may not see the item.
    key: str | None
    title: str | None
    #: page of the source event where it has one, else of the item.
    url: str | None
    kind: LineKind
    #: entered, left, cancelled, deleted, re-sized, …
    reason: str
    #: where an addition came from, or what became of a removal.
    origin: str | None
    #: signed sizes; an item that was only re-sized counts 0 items.
    items: float
    points: float
    #: who did it, as the source calls the account.
    actor: str | None
    event_id: str | None
    #: when we learnt of it; None: nothing tells.
    known_from: datetime | None
    #: the agreement that covers it.
    agreed: Agreed | None
    restricted: bool


@dataclass(frozen=True, slots=True)
class Sum:
    """The identity W = W0 + A - R + E + L of one ledger in one unit, and what it says."""

    ledger: Ledger
    measures: Measures
    growth: Growth


@dataclass(frozen=True, slots=True)
class Since:
    """The scope since one baseline, in items and in points."""

    baseline: Baseline
    #: which of the milestone's baselines it is, from 1; None: suggested and not stored.
    number: int | None
    items: Sum
    points: Sum


@dataclass(frozen=True, slots=True)
class ScopeStory:
    """All that can be said of one milestone's scope at the view's instants."""

    facts: MilestoneFacts
    as_of: datetime
    known_at: datetime
    #: since the baseline in force; None: it has not begun.
    current: Since | None
    #: since B0, where that is another instant.
    original: Since | None
    #: the unit that says more.
    unit: Unit
    #: why no number may be told; the lines that are known stand all the same.
    withheld: str | None
    #: what is not known of the history.
    gaps: tuple[str, ...]
    #: changes of many items that nobody confirmed: no share is told.
    mass: tuple[MassEdit, ...]
    lines: tuple[ScopeLine, ...]
    #: items that entered and left again and are not listed.
    transient_hidden: int
    #: the day asked for, where the lines begin later than the baseline.
    since: datetime | None = None
    #: what is no change of the scope and worth saying, in sentences.
    notes: tuple[str, ...] = ()
    #: pull or merge requests that are in it and work on no item of it; no sum counts them.
    changes: int = 0

    def leading(self, one: Since) -> Sum:
        """The sum since one of its baselines in the unit that says more."""
        return one.items if self.unit is Unit.ITEMS else one.points

    def share(self, one: Since) -> float | None:
        """Net change as a share of that plan; None where nobody agreed to it, or it is held."""
        told = one.baseline.accepted and not self.mass and self.withheld is None
        return self.leading(one).measures.net_known if told else None


def tell(view: View, facts: MilestoneFacts, since: datetime | None = None) -> ScopeStory:
    """The story of one milestone; `since` (UTC): only what came later, and the sum from then on."""
    (plan,) = view.plans([facts])
    made = baselines.stored(view.conn, {facts.key}, view.known_at).get(facts.key, ())
    grace = view.policy.grace_days
    if plan.baseline is None or plan.baseline.at > view.as_of:
        return ScopeStory(
            facts=facts,
            as_of=view.as_of,
            known_at=view.known_at,
            current=None,
            original=None,
            unit=Unit.ITEMS,
            withheld="it has not begun, so there is no baseline yet",
            gaps=(),
            mass=(),
            lines=(),
            transient_hidden=0,
        )
    number = next((n for n, one in enumerate(made, 1) if one.id == plan.baseline.id), None)
    current = _since(view, plan, plan.baseline, number, since)
    original = None
    if plan.original is not None and since is None:
        original = _since(view, plan, plan.original, 1, None)
    reason = plan.withheld or Gate(view).reason(net.DETECTOR, facts.connection_id, facts.subject)
    ledgers = (current.items.ledger, current.points.ledger)
    if reason is None and not all(one.balanced for one in ledgers):
        reason = "its lines do not add up to what is there now"
    begins = view.calendar.add(plan.baseline.at, grace)
    lines, hidden = _lines(view, plan, ledgers)
    start = ledgers[0].counted_from
    places = in_scope(plan.container.histories, start, plan.baseline.at)
    present = present_places(ledgers[0], plan.container.by_item)
    return ScopeStory(
        facts=facts,
        changes=_changes(view, plan),
        notes=notes(plan.container, plan.ledger or ledgers[0], view.calendar, view.as_of),
        as_of=view.as_of,
        known_at=view.known_at,
        current=current,
        original=original,
        unit=lead_unit(places.values(), present.values()),
        withheld=reason,
        gaps=plan.container.gaps(begins),
        mass=plan.mass,
        lines=lines,
        transient_hidden=hidden,
        since=since if since is not None and since > begins else None,
    )


def _since(
    view: View, plan: Plan, baseline: Baseline, number: int | None, counted: datetime | None
) -> Since:
    end = plan.facts.due_date
    due = view.calendar.end_of(end) if end is not None else None
    agreed = {id_: one.since for id_, one in plan.agreed.items()}

    def total(unit: Unit) -> Sum:
        ledger = ledger_of(
            plan.container,
            baseline,
            view.calendar,
            grace_days=view.policy.grace_days,
            at=view.as_of,
            unit=unit,
            counted_from=counted,
        )
        # As in the plan's own ledger, what was split off and its source net out.
        ledger = view.netted(plan, ledger)
        return Sum(ledger, measure(ledger, plan.container.by_item, due), growth(ledger, agreed))

    return Since(baseline, number, total(Unit.ITEMS), total(Unit.POINTS))


def _changes(view: View, plan: Plan) -> int:
    """How many change requests are in it without an item."""
    key = plan.facts.key
    members = change_members.load(view.conn, [plan.facts], view.known_at).get(key, {})
    if not members:
        return 0
    c = change_link.c
    works_on: dict[str, set[str]] = {}
    rows = view.conn.execute(
        sa.select(c.from_id, c.to_id).where(
            c.from_connection_id == key[0],
            c.from_id.in_(sorted(members)),
            c.to_connection_id == key[0],
            c.to_kind == "work_item",
            c.first_seen_at <= view.known_at,
            sa.or_(c.withdrawn_at.is_(None), c.withdrawn_at > view.known_at),
        )
    )
    for row in rows:
        works_on.setdefault(row.from_id, set()).add(row.to_id)
    return len(change_members.counted(members, works_on, plan.container, view.as_of))


# --- lines ------------------------------------------------------------------------------------


def _lines(
    view: View, plan: Plan, ledgers: tuple[Ledger, Ledger]
) -> tuple[tuple[ScopeLine, ...], int]:
    """Lines of both units as one list in order of time, and how many items stay hidden."""
    items, points = ledgers
    ids = {line.item_id for ledger in ledgers for line in ledger.lines}
    facts = view.origins(plan, ids)
    due_date = plan.facts.due_date
    due = view.calendar.end_of(due_date) if due_date is not None else None
    origins = {
        (line.at, line.item_id): kind.value for line, kind in explain(items, facts, due).additions
    }
    merged: dict[tuple[datetime, str, LineKind, str], dict[Unit, Line]] = {}
    for ledger in ledgers:
        for line in ledger.lines:
            mine = merged.setdefault((line.at, line.item_id, line.kind, line.reason), {})
            before = mine.get(ledger.unit)
            mine[ledger.unit] = line if before is None else _both(before, line)
    passing = items.transient
    if transient_shown(points) or transient_shown(items):
        passing = frozenset()
    told = [pair for pair in merged.items() if pair[0][1] not in passing]
    one_of = [next(iter(by_unit.values())) for _, by_unit in told]
    actors = _actors(view, plan.facts.connection_id, one_of)
    known = _known(view, plan, one_of)
    since = {id_: one.since for id_, one in plan.agreed.items()}
    found = []
    for (at, id_, kind, reason), by_unit in told:
        line = next(iter(by_unit.values()))
        item = plan.container.items[id_]
        origin = origins.get((at, id_)) if kind is LineKind.ADDED else None
        if kind is LineKind.REMOVED:
            origin = destination(
                line, facts.get(id_), due, fixed_date=plan.facts.key in view.fixed_dates
            ).value
        if origin == reason:
            origin = None
        is_agreed = covers(line, since, items.planned)
        found.append(
            ScopeLine(
                at=at,
                item_id=id_,
                key=None if item.restricted else item.key,
                title=None if item.restricted else item.title,
                url=None if item.restricted else event_url(item.url, line.event_id, view, plan),
                kind=kind,
                reason=reason,
                origin=origin,
                items=_amount(by_unit.get(Unit.ITEMS)),
                points=_amount(by_unit.get(Unit.POINTS)),
                actor=None if item.restricted else actors.get(line.actor_id or ""),
                event_id=None if item.restricted else line.event_id,
                known_from=known.get((id_, line.event_id or at)),
                agreed=plan.agreed[id_] if is_agreed and not item.restricted else None,
                restricted=item.restricted,
            )
        )
    found.sort(key=lambda one: (one.at, one.key or "", one.item_id))
    return tuple(found), len(passing)


def _both(one: Line, other: Line) -> Line:
    """Two lines of one item, instant and kind in one."""
    return Line(
        one.at,
        one.item_id,
        one.kind,
        one.amount + other.amount,
        one.reason,
        one.event_id or other.event_id,
        one.actor_id or other.actor_id,
    )


def _amount(line: Line | None) -> float:
    return 0.0 if line is None or abs(line.amount) <= EPSILON else line.amount


def event_url(url: str | None, event_id: str | None, view: View, plan: Plan) -> str | None:
    """The page of a source event where the source has one; else that of its item."""
    if url is None or event_id is None:
        return url
    kind = view.connections.get(plan.facts.connection_id, ("", ""))[1]
    if kind == "jira":
        number = event_id.partition(".")[0]
        panel = "com.atlassian.jira.plugin.system.issuetabpanels:changehistory-tabpanel"
        return f"{url}?focusedId={number}&page={panel}" if number.isdecimal() else url
    if kind == "github" and event_id.isdecimal():
        return f"{url}#event-{event_id}"
    return url


def _actors(view: View, connection_id: int, lines: Iterable[Line]) -> dict[str, str]:
    """What the source calls the accounts that made these lines."""
    ids = {line.actor_id for line in lines if line.actor_id is not None}
    rows = view.select(schema.account, ("source_id", "name", "login"), connection_id, ids)
    return {id_: name or login for id_, name, login in rows if name or login}


def _known(
    view: View, plan: Plan, lines: Sequence[Line]
) -> dict[tuple[str, str | datetime], datetime]:
    """When we first learnt of each change, by item and its event, or its instant without one."""
    connection_id = plan.facts.connection_id
    ids = {line.item_id for line in lines}
    events = {(line.item_id, line.event_id) for line in lines if line.event_id is not None}
    found: dict[tuple[str, str | datetime], datetime] = {}

    def learnt(id_: str, what: str | datetime, known_from: datetime) -> None:
        if known_from <= view.known_at:
            before = found.get((id_, what))
            found[id_, what] = known_from if before is None else min(before, known_from)

    for id_, event, known_from in select_ids(
        view.conn,
        schema.field_event,
        ("work_item_id", "source_event_id", "known_from"),
        connection_id,
        "work_item_id",
        {id_ for id_, _ in events},
    ):
        if (id_, event) in events:
            learnt(id_, event, known_from)
    for id_, kind, milestone, start, end, known_from in select_ids(
        view.conn,
        schema.scope_membership,
        ("member_id", "milestone_kind", "milestone_id", "valid_from", "valid_to", "known_from"),
        connection_id,
        "member_id",
        ids,
        "AND member_kind = 'work_item'",
    ):
        if (kind, milestone) == (plan.facts.kind.value, plan.facts.source_id):
            learnt(id_, start, known_from)
            if end is not None:
                learnt(id_, end, known_from)
    return found
