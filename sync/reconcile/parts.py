"""What was said of the parts of program milestones: by a command or in the configuration.

Both clocks: a part may be one for a while only (`since`, `until`), and what is said today changes
no answer of before (`known_from`, `known_to`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.clock import Clock
from sync.errors import UsageError
from sync.ledger.milestones import Key, MilestoneFacts, Milestones
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.contract import Policy
from sync.store.tables_judged import milestone_part

#: Since when a part is one that nobody gave a day.
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
#: Author of what stands in the configuration.
CONFIGURED = "configuration"


@dataclass(frozen=True, slots=True)
class Part:
    """A milestone that is a part of a program milestone for a while (UTC)."""

    key: Key
    since: datetime
    until: datetime | None = None
    author: str | None = None
    known_from: datetime = ALWAYS

    def holds(self, at: datetime) -> bool:
        """Whether it is a part at this instant."""
        return self.since <= at and (self.until is None or at < self.until)


def known_parts(conn: sa.Connection, known_at: datetime) -> dict[str, tuple[Part, ...]]:
    """What was said by `known_at` (UTC) of each program milestone, by its name; oldest first."""
    c = milestone_part.c
    rows = conn.execute(
        sa.select(milestone_part)
        .where(c.known_from <= known_at, sa.or_(c.known_to.is_(None), c.known_to > known_at))
        .order_by(c.name, c.valid_from, c.connection_id, c.milestone_kind, c.milestone_id)
    )
    found: dict[str, list[Part]] = {}
    for row in rows:
        key = (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        found.setdefault(row.name, []).append(
            Part(key, row.valid_from, row.valid_to, row.author, row.known_from)
        )
    return {name: tuple(mine) for name, mine in found.items()}


def configured(
    policy: Policy, milestones: Mapping[Key, MilestoneFacts], calendar: WorkCalendar
) -> dict[str, tuple[tuple[Part, ...], tuple[str, ...]]]:
    """Parts that the configuration names, and its names that nothing known answers to; by program.

    A milestone that two programs name is a part of the first only.
    """
    found: dict[str, tuple[tuple[Part, ...], tuple[str, ...]]] = {}
    taken: dict[Key, str] = {}
    for name, rules in policy.programs.items():
        parts: list[Part] = []
        strange: list[str] = []
        for rule in rules:
            try:
                facts = _named(milestones, rule.part)
            except UsageError:
                strange.append(rule.part)
                continue
            if taken.setdefault(facts.key, name) != name:
                strange.append(f"{rule.part} (a part of {taken[facts.key]!r} already)")
                continue
            since = calendar.start_of(rule.since) if rule.since else ALWAYS
            until = calendar.end_of(rule.until) if rule.until else None
            parts.append(Part(facts.key, since, until, CONFIGURED))
        found[name] = (tuple(parts), tuple(strange))
    return found


def _named(milestones: Mapping[Key, MilestoneFacts], text: str) -> MilestoneFacts:
    """The milestone or epic of this name. Raises UsageError where there is not exactly one."""
    from sync.reconcile.program import find_part

    try:
        return find_part(milestones.values(), text)
    except UsageError:
        connection, _, name = text.partition("/")
        if not isinstance(milestones, Milestones):
            raise
        (named,) = milestones.find(name)
        epics = [
            one
            for one in named.matches
            if one.kind is MilestoneKind.EPIC and one.connection == connection
        ]
        if len(epics) != 1:
            raise
        return epics[0]


def refresh(conn: sa.Connection, now: datetime, policy: Policy, calendar: WorkCalendar) -> int:
    """Keep the configured parts as they are now; rows written. `now` in UTC.

    What was linked by a command under a configured name no longer counts.
    """
    held = known_parts(conn, now)
    mine = {n: p for n, p in held.items() if n in policy.programs or _is_configured(p)}
    if not policy.programs and not mine:
        return 0
    wanted = configured(policy, Milestones(conn, now, now), calendar)
    written = 0
    for name in {*mine, *wanted}:
        parts, strange = wanted.get(name, ((), ()))
        fresh = {(one.key, one.since, one.until, one.author) for one in parts}
        before = {(one.key, one.since, one.until, one.author): one for one in mine.get(name, ())}
        for identity, one in before.items():
            # A name that means nothing now says nothing of what it meant before.
            if identity not in fresh and not (strange and one.author == CONFIGURED):
                written += withdraw(conn, name, one, now)
        for one in parts:
            if (one.key, one.since, one.until, one.author) not in before:
                written += say(conn, name, one, now)
    return written


def _is_configured(parts: Sequence[Part]) -> bool:
    return any(one.author == CONFIGURED for one in parts)


def say(conn: sa.Connection, name: str, part: Part, now: datetime) -> int:
    """Keep a part, known from `now` (UTC); rows written."""
    conn.execute(
        sa.insert(milestone_part).values(
            name=name,
            connection_id=part.key[0],
            milestone_kind=part.key[1].value,
            milestone_id=part.key[2],
            valid_from=part.since,
            valid_to=part.until,
            known_from=now,
            known_to=None,
            author=part.author,
        )
    )
    return 1


def withdraw(conn: sa.Connection, name: str, part: Part, now: datetime) -> int:
    """Say no longer that it is, or was, a part, from `now` (UTC) on; rows written."""
    conn.execute(_this(name, part).values(known_to=now))
    return 1


def end(conn: sa.Connection, name: str, part: Part, at: datetime, now: datetime, by: str) -> None:
    """The part is none any more from `at` (UTC) on; known from `now` on."""
    if part.known_from >= now:
        # Said in this very instant: nobody was ever told of it without its end.
        conn.execute(_this(name, part).values(valid_to=at, author=by))
        return
    withdraw(conn, name, part, now)
    say(conn, name, Part(part.key, part.since, at, by), now)


def _this(name: str, part: Part) -> Any:
    c = milestone_part.c
    return sa.update(milestone_part).where(
        c.name == name,
        c.connection_id == part.key[0],
        c.milestone_kind == part.key[1].value,
        c.milestone_id == part.key[2],
        c.valid_from == part.since,
        c.known_from == part.known_from,
    )


def link(
    conn: sa.Connection,
    milestones: Mapping[Key, MilestoneFacts],
    *,
    clock: Clock,
    name: str,
    parts: Sequence[str],
    author: str,
    since: datetime | None = None,
) -> tuple[MilestoneFacts, ...]:
    """Make these parts one program milestone; a part that is left out is no part any more.

    A new program milestone holds for all its past; another set of parts counts from now on, or from
    `since` (UTC) on. Raises UsageError for a name that says nothing, fewer than two parts, a part
    that is not known, or one that belongs to another program milestone.
    """
    from sync.reconcile.program import part_name

    name = name.strip()
    if not name:
        raise UsageError("a program milestone needs a name", todo="Write it before its parts.")
    chosen = {one.key: one for one in (_named(milestones, text) for text in parts)}
    if len(chosen) < 2:
        raise UsageError(
            "a program milestone has two parts at least", where=name, todo="Name another one."
        )
    now = clock.now()
    held = known_parts(conn, now)
    for other, mine in held.items():
        for one in mine:
            if other != name and one.until is None and one.key in chosen:
                raise UsageError(
                    f"it is a part of {other!r} already",
                    where=part_name(chosen[one.key]),
                    todo=f"Link {other!r} anew without it first.",
                )
    before = {one.key: one for one in held.get(name, ()) if one.until is None}
    for key, part in before.items():
        if key not in chosen:
            end(conn, name, part, max(since or now, part.since), now, author)
    start = since or (now if name in held else ALWAYS)
    for key in chosen:
        if key not in before:
            say(conn, name, Part(key, start, None, author), now)
    return tuple(chosen.values())


def unlink(
    conn: sa.Connection, *, clock: Clock, name: str, author: str, since: datetime | None = None
) -> int:
    """End a program milestone now, or from `since` (UTC) on; how many parts it had.

    Raises UsageError where nothing is linked under this name.
    """
    now = clock.now()
    held = known_parts(conn, now)
    mine = [one for one in held.get(name, ()) if one.until is None]
    if not mine:
        names = ", ".join(repr(one) for one in sorted(held))
        raise UsageError(
            "no program milestone of this name is linked",
            where=name,
            todo=f"Linked: {names}." if names else "`driftline milestones` lists them.",
        )
    for part in mine:
        end(conn, name, part, max(since or now, part.since), now, author)
    return len(mine)
