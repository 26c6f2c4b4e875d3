"""Program milestones: one promise whose parts stand in several systems.

A person says which parts belong together; equal names and near dates are questions only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.clock import Clock
from sync.errors import UsageError
from sync.ledger.milestones import Key, MilestoneFacts
from sync.pasted import shell
from sync.reconcile.view import View
from sync.store.tables_judged import milestone_part

#: Dates this close to each other speak for one promise.
NEAR = timedelta(days=21)
#: What people write before a version's number.
_PREFIX = re.compile(r"^(?:release|version|milestone|ver|rel|v)[\s._-]*(?=\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Program:
    """A program milestone and its parts that are there."""

    name: str
    parts: tuple[MilestoneFacts, ...]
    #: parts that a person named and that are not there any more.
    missing: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Milestones of different systems that may be one promise."""

    name: str
    parts: tuple[MilestoneFacts, ...]

    @property
    def command(self) -> str:
        """What confirms it."""
        parts = " ".join(shell(part_name(one)) for one in self.parts)
        return f"driftline milestones link {shell(self.name)} {parts}"


def part_name(facts: MilestoneFacts) -> str:
    """How a part is named without doubt: `CONNECTION/PROJECT:milestone name`."""
    return f"{facts.connection}/{facts.line}"


def programs(view: View) -> tuple[Program, ...]:
    """Program milestones that were confirmed at the view's instant; by name."""
    c = milestone_part.c
    rows = view.conn.execute(
        sa.select(c.name, c.connection_id, c.milestone_kind, c.milestone_id)
        .where(
            c.valid_from <= view.as_of,
            sa.or_(c.valid_to.is_(None), c.valid_to > view.as_of),
            c.created_at <= view.known_at,
        )
        .order_by(c.name, c.connection_id, c.milestone_kind, c.milestone_id)
    )
    found: dict[str, list[Key]] = {}
    for row in rows:
        key = (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        found.setdefault(row.name, []).append(key)
    return tuple(
        Program(
            name,
            tuple(view.milestones[key] for key in keys if key in view.milestones),
            tuple(key for key in keys if key not in view.milestones),
        )
        for name, keys in found.items()
    )


def suggestions(view: View) -> tuple[Suggestion, ...]:
    """Open milestones of several projects with equal names, and dates that do not speak against it.

    Those that a person linked already are left out.
    """
    linked = {part.key for one in programs(view) for part in one.parts}
    by_name: dict[str, list[MilestoneFacts]] = {}
    for facts in view.milestones.values():
        usual = facts.kind in (MilestoneKind.VERSION, MilestoneKind.MILESTONE)
        if usual and facts.state.is_open and facts.key not in linked:
            by_name.setdefault(plain(facts.name), []).append(facts)
    found = []
    for mine in by_name.values():
        parts = sorted(mine, key=lambda one: (one.connection, one.line, one.source_id))
        places = {(one.connection_id, one.scope_id) for one in parts}
        if len(places) > 1 and len(places) == len(parts) and _near(parts):
            found.append(Suggestion(parts[0].name, tuple(parts)))
    return tuple(sorted(found, key=lambda one: one.name))


def plain(name: str) -> str:
    """A name without case, spaces and the word before its number: `Release 3.2` is `v3.2`."""
    text = _PREFIX.sub("", name.strip())
    return re.sub(r"[\s._-]+", " ", text).strip().casefold()


def _near(parts: Sequence[MilestoneFacts]) -> bool:
    dates = [one.due_date for one in parts if one.due_date is not None]
    return not dates or max(dates) - min(dates) <= NEAR


def find_part(milestones: Iterable[MilestoneFacts], text: str) -> MilestoneFacts:
    """The milestone that `CONNECTION/PROJECT:name` names.

    Raises UsageError where none or several are called so.
    """
    known = list(milestones)
    matches = [one for one in known if part_name(one) == text]
    if not matches:
        matches = [one for one in known if part_name(one).casefold() == text.casefold()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise UsageError(
            f"{len(matches)} milestones have this name",
            where=text,
            todo="Rename one of them where it comes from.",
        )
    ending = text.rpartition(":")[2].casefold()
    alike = sorted(part_name(one) for one in known if one.name.casefold() == ending)
    todo = (
        f"Known by this name: {', '.join(alike[:5])}."
        if alike
        else "`driftline milestones` lists them."
    )
    raise UsageError(
        "no milestone of this name is known (CONNECTION/PROJECT:name)", where=text, todo=todo
    )


def link(
    conn: sa.Connection,
    milestones: Mapping[Key, MilestoneFacts],
    *,
    clock: Clock,
    name: str,
    parts: Sequence[str],
    author: str,
) -> tuple[MilestoneFacts, ...]:
    """Make these parts one program milestone; a part that is left out is no part any more.

    Raises UsageError for a name that says nothing, fewer than two parts, a part that is not known,
    or one that belongs to another program milestone.
    """
    name = name.strip()
    if not name:
        raise UsageError("a program milestone needs a name", todo="Write it before its parts.")
    chosen = {one.key: one for one in (find_part(milestones.values(), text) for text in parts)}
    if len(chosen) < 2:
        raise UsageError(
            "a program milestone has two parts at least", where=name, todo="Name another one."
        )
    now = clock.now()
    c = milestone_part.c
    rows = conn.execute(
        sa.select(c.name, c.connection_id, c.milestone_kind, c.milestone_id, c.valid_from).where(
            c.valid_to.is_(None)
        )
    ).all()
    held: dict[Key, datetime] = {}
    for row in rows:
        key = (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        if row.name == name:
            held[key] = row.valid_from
        elif key in chosen:
            raise UsageError(
                f"it is a part of {row.name!r} already",
                where=part_name(chosen[key]),
                todo=f"Link {row.name!r} anew without it first.",
            )
    for key, valid_from in held.items():
        if key not in chosen:
            this = sa.and_(
                c.name == name,
                c.connection_id == key[0],
                c.milestone_kind == key[1].value,
                c.milestone_id == key[2],
                c.valid_from == valid_from,
            )
            conn.execute(sa.update(milestone_part).where(this).values(valid_to=now))
    added = [
        {
            "name": name,
            "connection_id": key[0],
            "milestone_kind": key[1].value,
            "milestone_id": key[2],
            "valid_from": now,
            "valid_to": None,
            "author": author,
            "created_at": now,
        }
        for key in chosen
        if key not in held
    ]
    if added:
        conn.execute(sa.insert(milestone_part), added)
    return tuple(chosen.values())
