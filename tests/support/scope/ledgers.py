"""The ledgers of a store held against lines told from what a company was watched doing."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from support.scope.judge import Watch
from support.scope.origins import Origins, wrong_origins
from support.scope.ours import Ours
from support.scope.replayed_ledger import Posted, in_scope, lines

from connectors.simulator.github_ids import node_id
from connectors.simulator.gitlab_words import user_id
from sync.ledger.ledger import Ledger, Line, LineKind, Unit, compute
from sync.ledger.origin import explain

#: (second, item) of a line: servers tell no more of an instant.
_Place = tuple[datetime, str]
_EPSILON = 1e-6


@dataclass
class Account:
    """What a comparison found."""

    ledgers: int = 0
    lines: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    #: lines whose event, and whose account, was held against the company's own.
    events: int = 0
    actors: int = 0
    #: additions whose origin was held against what was so.
    origins: Counter[str] = field(default_factory=Counter)
    #: containers of which a part went out of sight or has lost its name.
    skipped: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Account") -> None:
        """Count another one in."""
        for name in ("ledgers", "lines", "events", "actors", "skipped"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.kinds += other.kinds
        self.origins += other.origins
        self.wrong += other.wrong

    def __str__(self) -> str:
        """One line of figures."""
        return (
            f"{self.ledgers} ledgers with {self.lines} lines {dict(self.kinds)}, {self.events} "
            f"events and {self.actors} accounts, origins {dict(self.origins)}; "
            f"{self.skipped} containers not whole; "
            f"{len(self.wrong)} wrong"
        )


def compare_ledgers(watch: Watch, ours: Ours, since: datetime, now: datetime) -> Account:
    """Every container that is wholly known, in both units, for a plan made at `since`."""
    account = Account()
    told = _events(watch)
    for name, container in sorted(ours.containers.items()):
        if not _is_whole(watch, name):
            account.skipped += 1
            continue
        if _has_lost_parents(watch, name, since):
            # Then no number is shown.
            account.skipped += 1
            if not container.gaps(since):
                account.wrong.append(f"{name}: a former parent has no id, and there is no gap")
            continue
        for unit in Unit:
            ledger = compute(
                container.histories, since=since, counted_from=since, at=now, unit=unit
            )
            posted = lines(watch.chronicle, name, since, now, points=unit is Unit.POINTS)
            account.ledgers += 1
            for wrong in (
                *_sums(ledger, posted),
                *_members(watch, ledger, name, since, now),
                *_causes(ledger, told, account),
                *_origins(watch, ours, name, ledger, account),
            ):
                account.wrong.append(f"{name} in {unit} since {since}: {wrong}")
            account.lines += len(posted)
            account.kinds.update(one.kind for one in posted)
    return account


def _has_lost_parents(watch: Watch, container: str, since: datetime) -> bool:
    """Whether a later former parent of an item in it is told without its id (GitHub by REST)."""
    if watch.company.system.name != "github-rest":
        return False
    return any(
        at > since and before.parent is not None and after.parent != before.parent
        for life in watch.chronicle.lives.values()
        if not life.is_change and any(container in one.plans for one in life.states)
        for at, before, after in life.steps()
    )


def _is_whole(watch: Watch, container: str) -> bool:
    """Whether everything that was ever in it is in sight, with its names and its weights."""
    vague = watch.vague_titles()
    for life in watch.chronicle.lives.values():
        plans = {plan for was in life.states for plan in was.plans}
        if life.is_change or (container not in plans and not vague & plans):
            continue
        if container in vague or watch.lost(life.id) is not None:
            return False
        if watch.company.system.kind == "gitlab":
            issue = watch.company.world.code.issues[int(life.id)]
            kinds = {one.kind for one in issue.events}
            if kinds & {"weighted", "transferred"} or issue.transferred_to is not None:
                return False
    return True


def _sums(ledger: Ledger, posted: list[Posted]) -> Iterator[str]:
    """What was posted of an item at an instant; split lines pair with the others."""
    mine: dict[_Place, float] = {}
    split: set[_Place] = set()
    for line in ledger.lines:
        place = (line.at.replace(microsecond=0), line.item_id)
        mine[place] = mine.get(place, 0.0) + line.amount
        if line.kind is LineKind.SPLIT or line.reason == "split":
            split.add(place)
    right: dict[_Place, float] = {}
    for one in posted:
        place = (one.at.replace(microsecond=0), one.item_id)
        right[place] = right.get(place, 0.0) + one.amount
    for place in sorted(mine.keys() | right.keys()):
        if abs(mine.get(place, 0.0) - right.get(place, 0.0)) > _EPSILON:
            yield f"{place} is {mine.get(place)}, not {right.get(place)}"
    if not ledger.balanced:
        yield "it does not add up"
    ours = {
        (place, line.kind.value)
        for line in ledger.lines
        if (place := (line.at.replace(microsecond=0), line.item_id)) not in split
        and abs(mine[place]) > _EPSILON
    }
    theirs = {
        (place, one.kind)
        for one in posted
        if (place := (one.at.replace(microsecond=0), one.item_id)) not in split
        and abs(right[place]) > _EPSILON
    }
    for odd in sorted(ours ^ theirs, key=str):
        yield f"kind of {odd} is told by one side only"


def _members(
    watch: Watch, ledger: Ledger, name: str, since: datetime, now: datetime
) -> Iterator[str]:
    for at, mine in ((since, ledger.planned), (now, ledger.present)):
        right = in_scope(watch.chronicle, name, at, since)
        if mine != right:
            yield f"in scope at {at}: {sorted(mine)}, not {sorted(right)}"


def _causes(
    ledger: Ledger, told: Mapping[str, tuple[datetime, str | None]], account: Account
) -> Iterator[str]:
    """Each line's event happened at its instant, and its account made it."""
    for line in ledger.lines:
        event = told.get(_event_of(line))
        if line.event_id is None:
            continue
        if event is None:
            yield f"no such event: {line}"
            continue
        account.events += 1
        at, actor = event
        if at.replace(microsecond=0) != line.at.replace(microsecond=0):
            yield f"the event was at {at}: {line}"
        if actor is not None:
            account.actors += 1
            if line.actor_id is None or line.actor_id[-4:] != actor[-4:]:
                yield f"it was {actor}: {line}"


def _origins(
    watch: Watch, ours: Ours, name: str, ledger: Ledger, account: Account
) -> Iterator[str]:
    """Each addition came from where it is said to come from."""
    facts = ours.origins(name, {line.item_id for line in ledger.lines})
    explained = explain(ledger, facts, ours.ends(name))
    told = {
        (line.at, line.item_id): kind.value
        for line, kind in explained.additions
        if line.reason != "split"
    }
    account.origins.update(told.values())
    yield from wrong_origins(Origins(watch.chronicle, name, ledger.since, ledger.at), told)


def _event_of(line: Line) -> str:
    """A store's id of an event without the number of the change in it."""
    return (line.event_id or "").removesuffix(":status").partition(".")[0]


def _events(watch: Watch) -> Mapping[str, tuple[datetime, str | None]]:
    """(instant, account) of every event of the company, by the id that its server gives."""
    world, kind = watch.company.world, watch.company.system.kind
    found: dict[str, tuple[datetime, str | None]] = {}
    if kind == "jira":
        for issue in world.issues.values():
            found |= {str(one.id): (one.at, one.author) for one in issue.history}
        return found
    code = world.code
    for item in code.issues.values():
        for event in item.events:
            if kind == "github":
                actor = None if event.actor is None else str(code.user_id(event.actor))
                found[node_id("EV", event.id)] = event.at, actor
                continue
            actor = None if event.actor is None else str(user_id(event.actor))
            for name in ("state", "label", "milestone", "weight", "iteration"):
                found[f"{name}:{event.id}"] = event.at, actor
            for number in range(2):
                found[f"iteration:{event.id * 10 + number}"] = event.at, actor
    return found
