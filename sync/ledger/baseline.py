"""Baselines: what was planned when, by which rule, and whether a person agreed.

A baseline is stored once and never recomputed from later events; a newer one supersedes it and
deletes nothing (drift-spec 1.2).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.clock import Clock
from sync.errors import UsageError
from sync.ledger import load, milestones
from sync.ledger.ledger import Ledger, Unit, compute
from sync.ledger.load import Container
from sync.ledger.milestones import Key, MilestoneFacts
from sync.ledger.timeline import in_scope
from sync.ledger.working_days import WorkCalendar
from sync.pasted import shell
from sync.store import past, schema
from sync.store.open import Store

#: The stored baselines of so many milestones are looked up one by one; of more, all are read.
FEW = 1_000
#: From this many items on a container is taken as planned (drift-spec 1.2).
PLANNED_ITEMS = 3


class Rule(StrEnum):
    """Where a baseline instant comes from, strongest first."""

    EXPLICIT = "explicit"
    ACTIVATION = "activation"
    START_DATE = "start_date"
    INFERRED = "inferred"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The plan of one milestone at one instant (UTC)."""

    #: None: suggested, not stored.
    id: int | None
    key: Key
    name: str
    at: datetime
    rule: Rule
    #: a person confirmed it; without, no percentage is shown.
    accepted: bool
    #: made from a history that has gaps.
    is_partial: bool
    author: str | None
    reason: str | None
    #: promised date when it was made.
    due_date: date | None
    created_at: datetime
    supersedes: int | None = None


@dataclass(frozen=True, slots=True)
class BaselineLine:
    """A stored baseline as a list shows it."""

    milestone: str
    kind: MilestoneKind
    connection: str
    #: which of its milestone's it is, from 1, the original one.
    number: int
    baseline: Baseline
    #: whether it is the one in force.
    in_force: bool


def suggest(
    facts: MilestoneFacts, container: Container, calendar: WorkCalendar, at: datetime
) -> Baseline | None:
    """The baseline the rules give, if its instant has come; pure."""
    found = _instant(facts, container, calendar, at)
    if found is None:
        return None
    instant, rule = found
    return Baseline(
        id=None,
        key=facts.key,
        name="original",
        at=instant,
        rule=rule,
        accepted=False,
        is_partial=bool(container.gaps(instant)),
        author=None,
        reason=None,
        due_date=facts.due_date,
        created_at=at,
    )


def _instant(
    facts: MilestoneFacts, container: Container, calendar: WorkCalendar, at: datetime
) -> tuple[datetime, Rule] | None:
    if facts.kind is MilestoneKind.SPRINT:
        if facts.started_at is not None:
            return (facts.started_at, Rule.ACTIVATION) if facts.started_at <= at else None
        if facts.state.value == "future":
            return None
    elif facts.start_date is not None:
        start = calendar.start_of(facts.start_date)
        return (start, Rule.START_DATE) if start <= at else None
    # Nothing enters a milestone before it is there: its items tell no instant before its creation.
    floor = milestones.first_due_seen(facts)
    if floor is None and facts.unseen and facts.due_date is not None:
        # Looked at from before our first sight, which is where its date was seen.
        floor = facts.first_seen_at
    instants = {t for item in container.histories for t in item.instants() if t <= at}
    if floor is not None:
        instants = {floor, *(t for t in instants if t > floor)} if floor <= at else set()
    for instant in sorted(instants):
        if len(in_scope(container.histories, instant, instant)) >= PLANNED_ITEMS:
            return (instant, Rule.INFERRED)
    floor = floor or facts.first_seen_at
    return (floor, Rule.OBSERVED) if floor <= at else None


def ledger_of(
    container: Container,
    baseline: Baseline,
    calendar: WorkCalendar,
    *,
    grace_days: int,
    at: datetime,
    unit: Unit | None = None,
    counted_from: datetime | None = None,
) -> Ledger:
    """The container's ledger since its baseline; a finished sprint's ends when it finished.

    `counted_from`: changes count from this instant, where it is after the grace window.
    """
    finished = container.facts.finished_at
    if container.facts.kind is MilestoneKind.SPRINT and finished is not None:
        at = max(baseline.at, min(at, finished))
    grace = calendar.add(baseline.at, grace_days)
    return compute(
        container.histories,
        since=baseline.at,
        counted_from=grace if counted_from is None else max(grace, counted_from),
        at=at,
        unit=unit,
    )


def in_force(made: Sequence[Baseline], at: datetime) -> Baseline | None:
    """The newest baseline whose instant had come; the first where none had; None without any."""
    come = [one for one in made if one.at <= at]
    if come:
        return come[-1]
    return made[0] if made else None


def original(made: Sequence[Baseline]) -> Baseline | None:
    """B0, accepted where a person agreed to its very instant later; None where none is stored."""
    if not made:
        return None
    first = made[0]
    same = [one for one in made if one.at == first.at]
    return replace(first, accepted=any(one.accepted for one in same))


def apart(made: Sequence[Baseline], held: Baseline | None, at: datetime) -> Baseline | None:
    """B0 to show beside the baseline that is `held` to, where its instant is another one."""
    first = original(made)
    if first is None or held is None or first.at > at or first.at == held.at:
        return None
    return first


# --- stored -----------------------------------------------------------------------------------


def stored(
    conn: sa.Connection, keys: Collection[Key] | None, known_at: datetime
) -> dict[Key, tuple[Baseline, ...]]:
    """Stored baselines made by `known_at`, oldest first; all milestones' where `keys` is None."""
    c = schema.baseline.c
    found: dict[Key, list[Baseline]] = {}
    asked = sa.select(schema.baseline).where(c.created_at <= known_at).order_by(c.id)
    if keys is not None and len(keys) <= FEW:
        asked = asked.where(
            c.connection_id.in_({key[0] for key in keys}),
            c.milestone_kind.in_({key[1].value for key in keys}),
            c.milestone_id.in_({key[2] for key in keys}),
        )
    for row in conn.execute(asked):
        key = (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        if keys is not None and key not in keys:
            continue
        found.setdefault(key, []).append(
            Baseline(
                id=row.id,
                key=key,
                name=row.name,
                at=row.at,
                rule=Rule(row.rule),
                accepted=row.accepted,
                is_partial=row.is_partial,
                author=row.author,
                reason=row.reason,
                due_date=row.due_date,
                created_at=row.created_at,
                supersedes=row.supersedes,
            )
        )
    return {key: tuple(mine) for key, mine in found.items()}


def keep(conn: sa.Connection, baseline: Baseline, container: Container) -> Baseline:
    """Store it with the items it holds; the stored one."""
    id_ = conn.execute(
        sa.insert(schema.baseline)
        .values(
            connection_id=baseline.key[0],
            milestone_kind=baseline.key[1].value,
            milestone_id=baseline.key[2],
            name=baseline.name,
            at=baseline.at,
            rule=baseline.rule.value,
            accepted=baseline.accepted,
            is_partial=baseline.is_partial,
            author=baseline.author,
            reason=baseline.reason,
            due_date=baseline.due_date,
            created_at=baseline.created_at,
            supersedes=baseline.supersedes,
        )
        .returning(schema.baseline.c.id)
    ).scalar_one()
    items = [
        {"baseline_id": id_, "work_item_id": item_id, "points": one.points}
        for item_id, one in in_scope(container.histories, baseline.at, baseline.at).items()
    ]
    if items:
        conn.execute(sa.insert(schema.baseline_item), items)
    return replace(baseline, id=int(id_))


def set_(
    store: Store,
    calendar: WorkCalendar,
    *,
    clock: Clock,
    milestone: str,
    author: str,
    at: datetime | None = None,
    reason: str | None = None,
    due: date | None = None,
) -> BaselineLine:
    """Make `at` (UTC; now if not told) the agreed baseline of a milestone.

    Items are those that were in it then, as known now. `due`: the date promised with it, where the
    source does not tell it yet. Raises UsageError for a name that matches none or several, and for
    an instant to come.
    """
    now = clock.now()
    instant = at or now
    if instant > now:
        raise UsageError(
            "a baseline cannot lie in the future", where=milestone, todo="Name a day that has come."
        )
    with store.writing() as conn:
        facts, container, before = _of(conn, milestone, now)
        made = Baseline(
            id=None,
            key=facts.key,
            name=f"agreed {calendar.local_date(now).isoformat()}",
            at=instant,
            rule=Rule.EXPLICIT,
            accepted=True,
            is_partial=bool(container.gaps(instant)),
            author=author,
            reason=reason,
            due_date=due or _due_at(conn, facts, instant, now),
            created_at=now,
            supersedes=before[-1].id if before else None,
        )
        return _line(facts, keep(conn, made, container), len(before) + 1, in_force=True)


def accept(
    store: Store,
    calendar: WorkCalendar,
    *,
    clock: Clock,
    milestone: str,
    author: str,
    reason: str | None = None,
) -> BaselineLine:
    """Agree to the baseline in force, or to the suggested one where none is stored.

    Raises UsageError for a name that matches none or several, and where there is no baseline yet.
    """
    now = clock.now()
    with store.writing() as conn:
        facts, container, before = _of(conn, milestone, now)
        current = before[-1] if before else suggest(facts, container, calendar, now)
        if current is None:
            raise UsageError(
                "it has not begun, so there is no baseline to accept yet",
                where=facts.line,
                todo=f"Set one with: driftline baseline set {shell(facts.line)}",
            )
        made = replace(
            current,
            id=None,
            accepted=True,
            author=author,
            reason=reason,
            due_date=facts.due_date,
            created_at=now,
            supersedes=current.id,
        )
        return _line(facts, keep(conn, made, container), len(before) + 1, in_force=True)


def list_(
    store: Store,
    *,
    milestone: str | None = None,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> tuple[BaselineLine, ...]:
    """Stored baselines, by milestone and age; of one milestone where it is named.

    `known_at` (UTC; None: now): those made by then, under the names of then. `as_of` (UTC): those
    whose instant had come. Raises UsageError for a name that matches none or several.
    """
    end = datetime.max.replace(tzinfo=UTC)
    with store.reading() as conn:
        if known_at is not None:
            past.check(conn, known_at)
        facts = milestones.at(conn, as_of or end, known_at or end)
        keys = None if milestone is None else {the_one(facts, milestone).key}
        found = stored(conn, keys, known_at or end)
    lines: list[BaselineLine] = []
    for key, mine in found.items():
        come = [pair for pair in enumerate(mine, 1) if as_of is None or pair[1].at <= as_of]
        if key in facts:
            lines += [
                _line(facts[key], one, number, in_force=one is come[-1][1]) for number, one in come
            ]
    return tuple(sorted(lines, key=lambda line: (line.milestone, line.baseline.id or 0)))


def the_one(known: Mapping[Key, MilestoneFacts], text: str) -> MilestoneFacts:
    """The milestone of this name. Raises UsageError where there is none or more than one."""
    if isinstance(known, milestones.Milestones):
        (named,) = known.find(text)
    else:
        named = milestones.find(known.values(), text)
    if len(named.matches) == 1:
        return named.matches[0]
    if named.matches:
        raise UsageError(
            f"{len(named.matches)} milestones have this name",
            where=text,
            todo=f"Write one of: {_quoted(sorted({one.line for one in named.matches}))}.",
        )
    raise UsageError(
        "there is no milestone of this name",
        where=text,
        todo=f"Close to it: {_quoted(named.close)}."
        if named.close
        else "Sync first, or look up its name at the source.",
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _of(
    conn: sa.Connection, text: str, now: datetime
) -> tuple[MilestoneFacts, Container, tuple[Baseline, ...]]:
    facts = the_one(milestones.Milestones(conn, now, now), text)
    container = load.containers(conn, [facts], known_at=now, present=True)[facts.key]
    return facts, container, stored(conn, {facts.key}, now).get(facts.key, ())


def _due_at(conn: sa.Connection, facts: MilestoneFacts, at: datetime, now: datetime) -> date | None:
    """The date promised at an instant; today's where we had not seen the milestone then."""
    then = milestones.at(conn, at, now).get(facts.key)
    return facts.due_date if then is None or then.unseen else then.due_date


def _line(
    facts: MilestoneFacts, baseline: Baseline, number: int, *, in_force: bool
) -> BaselineLine:
    return BaselineLine(facts.line, facts.kind, facts.connection, number, baseline, in_force)
