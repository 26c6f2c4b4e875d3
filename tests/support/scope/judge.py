"""What can be known of who was in which container, told from how a company was watched.

Knowable is what the servers tell now, and what a whole reading found before an item went out of
sight. Written from the meaning of the words; nothing of the ledger is asked.
"""

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from support.schedules.knowable import is_discussion, known
from support.schedules.systems import Company
from support.scope.chronicle import Chronicle, Life, Was
from support.scope.ours import Ours, Said

from sync.ledger.certainty import Standing

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
IN, OUT, UNKNOWN = Standing.IN, Standing.OUT, Standing.UNKNOWN
_NOBODY_KNOWS = frozenset({UNKNOWN})


@dataclass(frozen=True, slots=True)
class Reading:
    """A run that ended."""

    begin: datetime
    end: datetime
    #: it read everything of every scope, and took a census.
    whole: bool


@dataclass
class Watch:
    """A company, what it was, who could be seen when, and when it was read."""

    company: Company
    chronicle: Chronicle
    readings: list[Reading] = field(default_factory=list)
    #: when runs were killed.
    deaths: list[datetime] = field(default_factory=list)
    #: item -> (since when, whether the owner of the token sees it), oldest first.
    sight: dict[str, list[tuple[datetime, bool]]] = field(default_factory=dict)
    #: milestones that readings found.
    met: set[str] = field(default_factory=set)

    @staticmethod
    def begin(company: Company) -> "Watch":
        """From now on."""
        watch = Watch(company, Chronicle(company))
        watch.note()
        return watch

    def note(self) -> None:
        """How everything stands now, and who sees it."""
        self.chronicle.note()
        now, rows = self.company.clock.now(), known(self.company)
        seen = rows["item"].keys()
        for id_ in {*seen, *self.sight}:
            told = self.sight.setdefault(id_, [])
            if not told or told[-1][1] != (id_ in seen):
                told.append((now, id_ in seen))

    def read(self, begin: datetime, *, whole: bool) -> None:
        """A run ended now."""
        self.readings.append(Reading(begin, self.company.clock.now(), whole))

    def sees(self, id_: str, at: datetime) -> bool:
        """Whether it could be seen at an instant."""
        told = [seen for since, seen in self.sight.get(id_, ()) if since <= at]
        return bool(told) and told[-1]

    def lost(self, id_: str) -> tuple[datetime | None, datetime, datetime] | None:
        """(proven until, out of sight since, missed by) of what cannot be seen now.

        Nothing is proven of what no whole reading found in time.
        """
        told = self.sight.get(id_, [])
        if not told or told[-1][1]:
            return None
        since = told[-1][0]
        before = [
            one.begin
            for one in self.readings
            if one.whole and one.end < since and self.sees(id_, one.begin)
        ]
        after = [one.end for one in self.readings if one.whole and one.begin >= since]
        return max(before, default=None), since, min(after, default=_NEVER)

    def tells_deletion(self, id_: str) -> bool:
        """Whether the server says of what is out of sight that it was deleted: GitHub does."""
        if self.company.system.kind != "github":
            return False
        issue = self.company.world.code.issues[int(id_)]
        return issue.deleted and issue.transferred_to is None and not is_discussion(issue)

    def was_killed(self, begin: datetime, end: datetime) -> bool:
        """Whether a run that did not end may have read something in this time."""
        return any(begin <= at < end for at in self.deaths)

    def vague_titles(self) -> frozenset[str]:
        """Milestones whose title, now or once, does not name them alone or for ever (GitHub)."""
        if self.company.system.kind != "github":
            return frozenset()
        borne: dict[tuple[str, str], set[str]] = {}
        titles = self.chronicle.titles
        gone = {
            plan
            for one in self.company.world.code.milestones.values()
            if one.deleted and (plan := f"milestone:{one.repo_id}:{one.number}")
        }
        for plan, told in titles.items():
            for _, title in told:
                borne.setdefault((plan.split(":")[1], title), set()).add(plan)
        found = {plan for plan, told in titles.items() if len(told) > 1} | gone
        for plans in borne.values():
            if len(plans) > 1 or plans & found:
                found |= plans
        return frozenset(found)


@dataclass
class Verdict:
    """What a comparison found."""

    containers: int = 0
    dates: int = 0
    compared: int = 0
    #: by what was said and what was so.
    said: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: unknown where it had to be, and where it might have been known.
    unknown: int = 0
    too_careful: int = 0
    values: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        """Count another one in."""
        for name in ("containers", "dates", "compared", "unknown", "too_careful", "values"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.said += other.said
        self.wrong += other.wrong

    def __str__(self) -> str:
        """One line of figures."""
        return (
            f"{self.containers} containers x {self.dates} dates: {self.compared} answers compared, "
            f"{self.said['in', 'in']} in, {self.unknown} unknown as they must be, "
            f"{self.too_careful} unknown though they might be known, {self.values} values, "
            f"{len(self.wrong)} wrong"
        )


def compare(watch: Watch, ours: Ours, dates: Sequence[datetime]) -> Verdict:
    """Every container, item and date."""
    verdict = Verdict(len(ours.containers), len(dates))
    vague = watch.vague_titles()
    lives = [life for life in watch.chronicle.lives.values() if not life.is_change]
    for container in sorted(ours.containers):
        for life in lives:
            for at in dates:
                said = ours.said(container, life.id, at)
                judge(verdict, watch, life, container, at, said, vague)
    return verdict


def judge(
    verdict: Verdict,
    watch: Watch,
    life: Life,
    container: str,
    at: datetime,
    said: Said,
    vague: frozenset[str],
) -> None:
    """Hold one answer against what was so, and against what could be known."""
    was = life.at(at)
    truth = IN if was.there and container in was.plans else OUT
    must, may = _expected(watch, life, container, at, truth, vague)
    verdict.compared += 1
    verdict.said[said.standing.value, truth.value] += 1
    told = f"{container} {life.id} at {at.isoformat()}: {said}, but {was}; may be {may}"
    if said.standing not in may:
        verdict.wrong.append(told)
    elif said.standing is UNKNOWN:
        verdict.unknown += must is UNKNOWN
        verdict.too_careful += must is not UNKNOWN
    elif said.standing is IN and truth is IN:
        verdict.values += 1
        wrong = _values(watch, life, said, was, at)
        if wrong:
            verdict.wrong.append(f"{told}: {wrong}")


def _expected(
    watch: Watch,
    life: Life,
    container: str,
    at: datetime,
    truth: Standing,
    vague: frozenset[str],
) -> tuple[Standing, frozenset[Standing]]:
    """(what is known at best, what may be said)."""
    best, may = truth, {truth}
    if _is_nameless(watch, life, container, at, vague):
        best = UNKNOWN
        may.add(UNKNOWN)
    if _came_to_github(watch, life):
        # It brings events with titles of its former repository, which name nothing here.
        may.add(UNKNOWN)
    lost = watch.lost(life.id)
    arrival = _arrival(watch, life)
    if at < arrival:
        # GitLab hands an issue that was moved the history of what it was moved from.
        return truth, frozenset({IN, OUT, UNKNOWN})
    if arrival is not _BEGINNING:
        # And nothing tells when it left the plans of the project that it came from.
        may.add(UNKNOWN)
    if lost is None:
        return best, frozenset(may)
    proven, since, missed = lost
    if proven is None:
        # Perhaps a run that was killed has read it: of nothing else is anything known.
        # And a discussion may stay listed as the issue that it was.
        known_of = watch.was_killed(_BEGINNING, since) or _is_discussion(watch, life)
        return (UNKNOWN if known_of else OUT), frozenset(
            {OUT, UNKNOWN} | (may if at < since else set())
        )
    last = life.at(proven)
    held = last.there and container in last.plans
    if at <= proven:
        if watch.was_killed(proven, since):
            # Perhaps it has read how the item was then, and nobody could ask for its history.
            best = UNKNOWN
            may.add(UNKNOWN)
        if life.at(since).plans != last.plans:
            # It is known where it is, and its events of since then are told to nobody any more.
            best = UNKNOWN if container in life.at(since).plans else best
            may.add(UNKNOWN)
        # A discussion may stay listed as the issue that it was: no census finds it missing.
        if not life.states[-1].there and held:
            may.add(UNKNOWN)
        return best, frozenset(may)
    if not held:
        # It was not in it when it was last looked at; what came after, nobody saw, or its events
        # tell of it.
        return (
            UNKNOWN if _is_discussion(watch, life) and container in life.at(since).plans else OUT
        ), frozenset({OUT, UNKNOWN} | may)
    if at >= since and _is_discussion(watch, life) and container not in life.at(since).plans:
        # What a discussion was taken out of before it became one, its events may still tell.
        return UNKNOWN, frozenset({OUT, UNKNOWN})
    if at < missed:
        # It was there when it was last looked at, and is gone: nobody knows since when.
        return UNKNOWN, (frozenset({truth, UNKNOWN}) if at < since else _NOBODY_KNOWS)
    if watch.tells_deletion(life.id):
        return OUT, frozenset({OUT})
    deleted = not life.states[-1].there
    return UNKNOWN, (frozenset({OUT, UNKNOWN}) if deleted else _NOBODY_KNOWS)


def _is_nameless(
    watch: Watch, life: Life, container: str, at: datetime, vague: frozenset[str]
) -> bool:
    """Whether it was, then or on a stay that covers then, in something whose title is lost.

    It may then have been in any milestone of the repository whose title is lost or shared.
    """
    return any(vague & was.plans for was in (life.at(at),)) and _repository(container) in {
        _repository(plan) for plan in vague & life.at(at).plans
    }


def _repository(container: str) -> str:
    return container.rpartition(":")[0]


def _is_discussion(watch: Watch, life: Life) -> bool:
    if watch.company.system.kind != "github" or life.is_change:
        return False
    return is_discussion(watch.company.world.code.issues[int(life.id)])


def _came_to_github(watch: Watch, life: Life) -> bool:
    """Whether it was another repository's issue before."""
    if watch.company.system.kind != "github" or life.is_change:
        return False
    return any(
        one.transferred_to == int(life.id) for one in watch.company.world.code.issues.values()
    )


def _arrival(watch: Watch, life: Life) -> datetime:
    """When an issue was moved to where it is now, by GitLab; else before everything."""
    code = watch.company.world.code
    if watch.company.system.kind != "gitlab" or life.is_change:
        return _BEGINNING
    told = code.issues[int(life.id)].events
    return max((one.at for one in told if one.kind == "transferred"), default=_BEGINNING)


def _values(watch: Watch, life: Life, said: Said, was: Was, at: datetime) -> str:
    """What is said wrongly of an item that is in."""
    if said.state is None:
        return ""
    wrong = []
    if said.state != was.state and not (_was_moved(watch, life) and said.state != "open"):
        wrong.append(f"state {said.state}, not {was.state}")
    if said.points != was.points and not _unweighed(watch, life, at):
        wrong.append(f"points {said.points}, not {was.points}")
    # GitHub's REST names a former parent by its number alone: that it had one is said.
    is_named = was.parent is not None and (said.parent or "").startswith("named:")
    if said.parent != was.parent and not _unseen(watch, was.parent) and not is_named:
        wrong.append(f"parent {said.parent}, not {was.parent}")
    return ", ".join(wrong)


def _was_moved(watch: Watch, life: Life) -> bool:
    """GitLab says of what was moved away that it is closed, and not since when it is so."""
    if watch.company.system.kind != "gitlab":
        return False
    return watch.company.world.code.issues[int(life.id)].transferred_to is not None


def _unweighed(watch: Watch, life: Life, at: datetime) -> bool:
    """GitLab tells the weights that were given and not the one that was there before the first."""
    if watch.company.system.kind != "gitlab":
        return False
    issue = watch.company.world.code.issues[int(life.id)]
    first = [one.at for one in issue.events if one.kind == "weighted"][:1]
    return bool(first) and at < first[0]


def _unseen(watch: Watch, parent: str | None) -> bool:
    """Whether the parent was ever out of sight: its children then name none."""
    return parent is not None and any(not seen for _, seen in watch.sight.get(parent, ()))


def dates_of(
    watch: Watch, rng: random.Random, count: int, *, until: datetime | None = None
) -> Sequence[datetime]:
    """So many random dates of the company's life, none within a second of an event."""
    instants = watch.chronicle.instants()
    now = until or watch.company.clock.now()
    first = instants[0]
    span = (now - first).total_seconds()
    found: list[datetime] = []
    while len(found) < count:
        # Half of them where most happens: while somebody watched.
        if len(found) % 2:
            watched = watch.readings[0].begin if watch.readings else first
            at = watched + timedelta(seconds=rng.random() * (now - watched).total_seconds())
        else:
            at = first + timedelta(seconds=rng.random() * span)
        place = bisect_left(instants, at - timedelta(seconds=1.5))
        if place == len(instants) or instants[place] > at + timedelta(seconds=1.5):
            found.append(at)
    return found
