"""A program milestone judged as one: its scope over all parts, every item counted once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa

from mappings.vocabulary import MilestoneState
from sync.ledger.agreed import growth
from sync.ledger.combined import Combined, PartScope, combine, item_of, named
from sync.ledger.destination import by_destination
from sync.ledger.ledger import Ledger, LineKind, Unit
from sync.ledger.origin import Explained, explain
from sync.ledger.timeline import Place
from sync.reconcile.program import Program, part_name
from sync.reconcile.view import Plan, View, leaves_of
from sync.store import schema
from sync.store.tables_judged import change_link


@dataclass(frozen=True, slots=True)
class ProgramPlan:
    """A program milestone with the scope of its parts together at the view's instant."""

    program: Program
    #: of the parts that are one now or were one before, in the order of the program.
    plans: tuple[Plan, ...]
    combined: Combined | None
    #: why the numbers may not be shown, if so.
    withheld: str | None
    #: leaf items in it now, each once, by their `named` id.
    leaves: Mapping[str, Place]

    @property
    def ledger(self) -> Ledger | None:
        """Of all parts together."""
        return None if self.combined is None else self.combined.ledger

    @property
    def accepted(self) -> bool:
        """Whether a person agreed to the baseline of every part."""
        return all(one.baseline is not None and one.baseline.accepted for one in self.plans)

    @property
    def percent_allowed(self) -> bool:
        """Whether every part's numbers may be shown as a percentage."""
        return self.accepted and all(one.percent_allowed for one in self.plans)

    @property
    def due_date(self) -> date | None:
        """The last of its parts' dates: it is kept when all of them are."""
        return max((one.due_date for one in self.program.parts if one.due_date), default=None)

    @property
    def start_date(self) -> date | None:
        """The first of its parts' start dates."""
        return min((one.start_date for one in self.program.parts if one.start_date), default=None)

    @property
    def state(self) -> MilestoneState:
        """Open while any part is; closed where the parts are so in different words."""
        states = {one.state for one in self.program.parts}
        open_ = [state for state in MilestoneState if state in states and state.is_open]
        if MilestoneState.ACTIVE in states:
            return MilestoneState.ACTIVE
        if open_:
            return open_[0]
        return states.pop() if len(states) == 1 else MilestoneState.CLOSED

    @property
    def baseline_at(self) -> datetime | None:
        """The earliest baseline of its parts (UTC)."""
        return min((one.baseline.at for one in self.plans if one.baseline), default=None)


def program_plans(view: View) -> tuple[ProgramPlan, ...]:
    """Program milestones that are judged: named so, or all their parts are; by name."""
    judged = {one.key for one in view.judged}
    chosen = [
        one
        for one in view.programs
        if one.name in view.judged_programs
        or (one.parts and all(part.key in judged for part in one.parts))
    ]
    return tuple(plan(view, one) for one in chosen)


def plan(view: View, program: Program) -> ProgramPlan:
    """One program milestone at the view's instant."""
    keys = dict.fromkeys(one.key for one in program.spans)
    facts = [view.milestones[key] for key in keys if key in view.milestones]
    plans = tuple(view.plans(facts))
    scopes = [_scope(view, program, one) for one in plans]
    if not scopes:
        return ProgramPlan(program, plans, None, "none of its parts is there", {})
    units = {one.ledger.unit for one in plans if one.ledger is not None}
    unit = Unit.POINTS if units == {Unit.POINTS} else Unit.ITEMS
    made = combine(scopes, at=view.as_of, unit=unit, same=_mirrors(view, plans))
    withheld = _withheld(program, plans, view.as_of)
    if withheld is None and not made.ledger.balanced:
        withheld = "its lines do not add up to what is there now"
    leaves = leaves_of(made.histories.values(), view.as_of)
    return ProgramPlan(program, plans, made, withheld, leaves)


@dataclass(frozen=True, slots=True)
class Sums:
    """What entered, left and was re-sized over all parts, where split pairs net out."""

    added: float
    removed: float
    reestimated: float
    late_sized: float
    #: size added per origin, largest first.
    by_origin: Mapping[str, float]
    #: the part of what was added that somebody agreed to.
    agreed: float
    #: size removed by what became of it, largest first.
    by_destination: Mapping[str, float]


def sums(view: View, one: ProgramPlan) -> Sums:
    """The sums of a program milestone's ledger, with the origins of what entered."""
    ledgers: list[Ledger] = []
    origins: list[Mapping[str, float]] = []
    destinations: list[Mapping[str, float]] = []
    agreed = 0.0
    if one.combined is not None:
        whole = one.combined.ledger
        for part, ledger in zip(one.plans, one.combined.by_part, strict=True):
            told, went = _explained(view, part, ledger, whole)
            ledgers.append(told.ledger)
            origins.append(told.by_origin)
            destinations.append(went)
            since = {id_: each.since for id_, each in part.agreed.items()}
            agreed += growth(told.ledger, since).agreed
    return Sums(
        added=sum(ledger.added for ledger in ledgers),
        removed=sum(ledger.removed for ledger in ledgers),
        reestimated=sum(ledger.reestimated for ledger in ledgers),
        late_sized=sum(ledger.late_sized for ledger in ledgers),
        by_origin=_together(origins),
        agreed=agreed,
        by_destination=_together(destinations),
    )


def _together(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The sizes of all parts by name, largest first."""
    sums: dict[str, float] = {}
    for part in parts:
        for name, size in part.items():
            sums[name] = sums.get(name, 0.0) + size
    return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))


def _explained(
    view: View, part: Plan, ledger: Ledger, whole: Ledger
) -> tuple[Explained, Mapping[str, float]]:
    """A part's ledger with the origins of what entered, and what became of what left."""
    ledger = _of_connection(ledger, part.facts.connection_id, whole)
    moved = {
        line.item_id for line in ledger.lines if line.kind in (LineKind.ADDED, LineKind.REMOVED)
    }
    facts = view.origins(part, moved & part.container.items.keys())
    due = view.due(part.facts)
    told = explain(ledger, facts, due)
    fixed = part.facts.key in view.fixed_dates
    return told, by_destination(told.ledger, facts, due, fixed_date=fixed)


def _of_connection(ledger: Ledger, connection_id: int, whole: Ledger) -> Ledger:
    """The part's ledger with its system's own ids; planned is what any part of it planned."""

    def own(names: Iterable[str]) -> frozenset[str]:
        return frozenset(id_ for c, id_ in map(item_of, names) if c == connection_id)

    lines = tuple(
        replace(line, item_id=id_) if c == connection_id else line
        for line in ledger.lines
        for c, id_ in (item_of(line.item_id),)
    )
    return replace(ledger, lines=lines, planned=own(whole.planned), family=own(whole.family))


def _scope(view: View, program: Program, one: Plan) -> PartScope:
    """A part that has not begun is planned as it stands now: nothing of it has changed yet."""
    begun = one.baseline is not None and one.baseline.at <= view.as_of
    since = one.baseline.at if begun and one.baseline is not None else view.as_of
    counted = one.ledger.counted_from if one.ledger is not None else since
    return PartScope(
        one.facts.connection_id,
        one.container.histories,
        since,
        counted,
        [(span.since, span.until) for span in program.spans if span.key == one.facts.key],
    )


def _withheld(program: Program, plans: Iterable[Plan], as_of: datetime) -> str | None:
    """Why a sum over the parts would not be whole."""
    told = [f"{text} is not known" for text in program.unknown]
    if program.missing:
        told.append(f"{len(program.missing)} of its parts are not there any more")
    for one in plans:
        begun = one.baseline is not None and one.baseline.at <= as_of
        if begun and one.withheld is not None:
            told.append(f"{part_name(one.facts)}: {one.withheld}")
    return "; ".join(told) or None


def _mirrors(view: View, plans: Iterable[Plan]) -> dict[str, str]:
    """Items of two systems that are one: configured so, or closed by one change as its only ones.

    Each is named with the one that counts: of a configured pair the first, else that of the part
    that stands first.
    """
    held: dict[tuple[int, str], int] = {}
    for place, one in enumerate(plans):
        for id_ in one.container.items:
            held.setdefault((one.facts.connection_id, id_), place)
    if len({connection_id for connection_id, _ in held}) < 2:
        return {}
    same: dict[str, str] = {}
    for first, second in (*configured_mirrors(view), *_closed_together(view, held)):
        if first in held and second in held and named(*second) not in same:
            target = same.get(named(*first), named(*first))
            if target != named(*second):
                same[named(*second)] = target
    return same


def configured_mirrors(view: View) -> list[tuple[tuple[int, str], tuple[int, str]]]:
    """Pairs of (connection id, item id) that the configuration calls one item; the first counts."""
    ids = {name: id_ for id_, (name, _) in view.connections.items()}
    wanted = {word for pair in view.policy.mirrors for word in pair}
    k = schema.work_item_key.c
    found: dict[str, tuple[int, str]] = {}
    for word in wanted:
        connection, _, key = word.partition(":")
        if connection in ids:
            row = view.conn.execute(
                sa.select(k.work_item_id)
                .where(
                    k.connection_id == ids[connection],
                    k.key == key,
                    k.first_seen_at <= view.known_at,
                )
                .order_by(k.first_seen_at.desc(), k.work_item_id)
            ).first()
            if row is not None:
                found[word] = (ids[connection], row.work_item_id)
    return [
        (found[first], found[second])
        for first, second in view.policy.mirrors
        if first in found and second in found
    ]


def _closed_together(
    view: View, held: Mapping[tuple[int, str], int]
) -> list[tuple[tuple[int, str], tuple[int, str]]]:
    """Items of two systems that a change closes, and it closes no other: one piece of work."""
    c = change_link.c
    rows = view.conn.execute(
        sa.select(c.from_connection_id, c.from_id, c.to_connection_id, c.to_id)
        .distinct()
        .where(
            c.kind == "closes",
            c.to_kind == "work_item",
            ~c.ambiguous,
            c.first_seen_at <= view.known_at,
            sa.or_(c.withdrawn_at.is_(None), c.withdrawn_at > view.known_at),
        )
    )
    closed: dict[tuple[int, str], set[tuple[int, str]]] = {}
    for row in rows:
        closed.setdefault((row[0], row[1]), set()).add((row[2], row[3]))
    pairs = []
    for items in closed.values():
        if len(items) == 2 and items <= held.keys():
            first, second = sorted(items, key=lambda one: (held[one], one))
            if first[0] != second[0]:
                pairs.append((first, second))
    return sorted(set(pairs))
