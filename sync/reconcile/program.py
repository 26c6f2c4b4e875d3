"""Program milestones: one promise whose parts stand in several systems.

A person says which parts belong together; equal names and near dates are questions only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mappings.vocabulary import MilestoneKind
from sync.errors import UsageError
from sync.ledger.milestones import Key, MilestoneFacts
from sync.ledger.successor import successors
from sync.pasted import shell
from sync.reconcile.parts import CONFIGURED, Part, configured, known_parts

if TYPE_CHECKING:
    from sync.reconcile.view import View

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
    #: names in the configuration that nothing known answers to.
    unknown: tuple[str, ...] = ()
    #: when each part was one, those that are over included, up to the view's instant.
    spans: tuple[Part, ...] = ()
    #: it stands in the configuration.
    configured: bool = False
    #: parts were linked by a command too; the configuration counts.
    overruled: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Milestones that may be one promise."""

    name: str
    parts: tuple[MilestoneFacts, ...]
    #: what a person is asked.
    question: str
    #: how each part is named without doubt.
    words: tuple[str, ...]

    @property
    def command(self) -> str:
        """What confirms it."""
        parts = " ".join(shell(word) for word in self.words)
        return f"driftline milestones link {shell(self.name)} {parts}"


def part_name(facts: MilestoneFacts) -> str:
    """How a part is named: `CONNECTION/PROJECT:milestone name`."""
    return f"{facts.connection}/{facts.line}"


def part_id(facts: MilestoneFacts) -> str:
    """How a part is named where several have one name: `CONNECTION/KIND:id`."""
    return f"{facts.connection}/{facts.subject}"


def programs(view: "View") -> tuple[Program, ...]:
    """Program milestones that have parts at the view's instant; by name.

    What the configuration says now counts before what was linked by a command.
    """
    said = known_parts(view.conn, view.known_at)
    unknown: dict[str, tuple[str, ...]] = {}
    overruled: set[str] = set()
    if view.present:
        said = {
            name: mine
            for name, mine in said.items()
            if name in view.policy.programs or any(one.author != CONFIGURED for one in mine)
        }
        named = configured(view.policy, view.milestones, view.calendar)
        for name, (mine, strange) in named.items():
            if any(one.author != CONFIGURED for one in said.get(name, ())):
                overruled.add(name)
            said[name], unknown[name] = mine, strange
    found = (_program(name, mine, unknown, overruled, view) for name, mine in sorted(said.items()))
    return tuple(one for one in found if one.parts or one.missing or one.unknown)


def _program(
    name: str,
    said: Sequence[Part],
    unknown: Mapping[str, tuple[str, ...]],
    overruled: set[str],
    view: "View",
) -> Program:
    now = sorted((one for one in said if one.holds(view.as_of)), key=lambda one: one.key)
    return Program(
        name,
        tuple(view.milestones[one.key] for one in now if one.key in view.milestones),
        tuple(one.key for one in now if one.key not in view.milestones),
        unknown.get(name, ()),
        tuple(one for one in said if one.since <= view.as_of),
        name in unknown,
        name in overruled,
    )


def suggestions(view: "View") -> tuple[Suggestion, ...]:
    """Milestones that look like one promise; those that a person linked already are left out.

    Open ones of several projects with equal names, and dates that do not speak against it; and one
    that was closed and came again under its name within two days.
    """
    linked = {part.key for one in programs(view) for part in one.parts}
    free = [
        one
        for one in view.milestones.values()
        if one.kind in (MilestoneKind.VERSION, MilestoneKind.MILESTONE) and one.key not in linked
    ]
    by_name: dict[str, list[MilestoneFacts]] = {}
    for facts in free:
        if facts.state.is_open:
            by_name.setdefault(plain(facts.name), []).append(facts)
    found = []
    for mine in by_name.values():
        parts = sorted(mine, key=lambda one: (one.connection, one.line, one.source_id))
        places = {(one.connection_id, one.scope_id) for one in parts}
        if len(places) > 1 and len(places) == len(parts) and _near(parts):
            words = tuple(part_name(one) for one in parts)
            found.append(
                Suggestion(
                    parts[0].name,
                    tuple(parts),
                    f"Is {parts[0].name} one milestone in {len(parts)} places? {', '.join(words)}.",
                    words,
                )
            )
    return tuple(sorted((*found, *_successors(free)), key=lambda one: (one.name, one.words)))


def _successors(free: Iterable[MilestoneFacts]) -> Iterable[Suggestion]:
    """A milestone that was closed, and one of its name that we first saw within two days of it."""
    for former, later in successors(free):
        yield Suggestion(
            later.name,
            (former, later),
            f"{later.name} was closed, and a milestone of its name came within two days. "
            "Does it go on with it?",
            (part_id(former), part_id(later)),
        )


def plain(name: str) -> str:
    """A name without case, spaces and the word before its number: `Release 3.2` is `v3.2`."""
    text = _PREFIX.sub("", name.strip())
    return re.sub(r"[\s._-]+", " ", text).strip().casefold()


def _near(parts: Sequence[MilestoneFacts]) -> bool:
    dates = [one.due_date for one in parts if one.due_date is not None]
    return not dates or max(dates) - min(dates) <= NEAR


def find_part(milestones: Iterable[MilestoneFacts], text: str) -> MilestoneFacts:
    """The milestone that `CONNECTION/PROJECT:name`, or `CONNECTION/KIND:id`, names.

    Raises UsageError where none or several are called so.
    """
    known = list(milestones)
    matches = [one for one in known if part_name(one) == text]
    if not matches:
        matches = [one for one in known if part_name(one).casefold() == text.casefold()]
    if not matches:
        matches = [one for one in known if part_id(one) == text]
    if len(matches) == 1:
        return matches[0]
    if matches:
        ids = ", ".join(sorted(part_id(one) for one in matches))
        raise UsageError(
            f"{len(matches)} milestones have this name", where=text, todo=f"Write one of: {ids}."
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
