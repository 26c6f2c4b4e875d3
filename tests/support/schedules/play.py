"""A schedule: a company, its edits between and during runs, faults and kills, all from one seed.

After every run the promises that hold at any time are looked at; at the end, in calm, the store
must equal one that read the company once. A broken promise is an AssertionError that names the
schedule.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from support.schedules import promises
from support.schedules.compare import difference
from support.schedules.elsewhere import Elsewhere, elsewhere
from support.schedules.kill import Killed, killed_at
from support.schedules.knowable import Rows, ever_hidden, held, known, same, unseen_keys
from support.schedules.plots import edit
from support.schedules.promises import Moment
from support.schedules.systems import SYSTEMS, Company, company
from support.schedules.trouble import trouble

from connectors.contract import Outcome
from connectors.simulator.faults import Hook
from sync.engine import gather
from sync.engine.run import RunResult
from sync.store.open import Store, open_store

#: Zones of the process and of the account, west, east, and with odd changes of the clock.
PROCESS_ZONES = ("UTC", "America/St_Johns", "Asia/Kathmandu")
ACCOUNT_ZONES = ("UTC", "Australia/Lord_Howe", "America/Los_Angeles", "Africa/Casablanca")
#: How long a lease lives without a page; less than the time between two legs.
LEASE_SECONDS = 300.0
#: How long a search may be behind, where it is.
LAG = timedelta(minutes=4)
#: Records that are written together: page by page, a few pages, and as companies of this size are.
TOGETHER = (1, 25, 1000)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is drawn; everything else follows from the seed."""

    system: str
    seed: int
    process_zone: str = "UTC"
    account_zone: str = "UTC"
    legs: int = 3
    #: items of each project or repository; half as many changes.
    items: int = 6
    #: parts that may happen: edits, hooks, faults, kills, lapses, slow, lag.
    parts: frozenset[str] = frozenset(
        {"edits", "hooks", "faults", "kills", "lapses", "slow", "lag"}
    )

    def __str__(self) -> str:
        """How to play it again."""
        return (
            f"{self.system} seed {self.seed} ({self.legs} legs, "
            f"TZ {self.process_zone}, account {self.account_zone})"
        )


def drawn(seed: int, systems: Sequence[str] = tuple(SYSTEMS), **changes: Any) -> Schedule:
    """The schedule of a seed: systems take turns, the pair of zones by dice."""
    rng = random.Random(f"zones {seed}")
    system = systems[seed % len(systems)]
    made = Schedule(system, seed, rng.choice(PROCESS_ZONES), rng.choice(ACCOUNT_ZONES))
    return replace(made, **changes)


@dataclass
class Report:
    """What a schedule did."""

    runs: int = 0
    kills: int = 0
    takeovers: int = 0
    requests: int = 0
    compared: int = 0
    edits: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    #: what happened, in order, for whoever looks into a failure.
    log: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Count another schedule in."""
        for name in ("runs", "kills", "takeovers", "requests", "compared"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.edits += other.edits
        self.faults += other.faults
        self.outcomes += other.outcomes


@contextmanager
def process_zone(name: str) -> Iterator[None]:
    """The process in another time zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def play(schedule: Schedule, store_url: str, fresh_url: str) -> Report:
    """Play it on an empty store and hold the end against another empty one.

    Raises AssertionError for a broken promise; its notes tell the schedule and what happened.
    """
    rng = random.Random(str(schedule.seed) + schedule.system)
    lag = LAG if "lag" in schedule.parts and rng.random() < 0.3 else timedelta(0)
    with (
        process_zone(schedule.process_zone),
        elsewhere() as other,
        company(
            schedule.system,
            schedule.seed,
            account_zone=schedule.account_zone,
            lag=lag,
            scopes=rng.choice((1, 2)),
            items=schedule.items,
            changes=schedule.items // 3,
        ) as there,
    ):
        played = Play(schedule, rng, there, other, store_url)
        try:
            for leg in range(schedule.legs):
                played.leg(leg)
            played.calm()
            played.equal(fresh_url)
        except AssertionError as error:
            error.add_note(f"schedule: {schedule}")
            error.add_note("\n".join(played.report.log))
            raise
        finally:
            played.store.close()
        return played.report


@contextmanager
def staged(schedule: Schedule, store_url: str, lag: timedelta = timedelta(0)) -> Iterator["Play"]:
    """A company of one scope and an empty store, for what is told step by step and not drawn."""
    with (
        process_zone(schedule.process_zone),
        elsewhere() as other,
        company(
            schedule.system,
            schedule.seed,
            account_zone=schedule.account_zone,
            lag=lag,
            scopes=1,
            items=schedule.items,
            changes=schedule.items // 3,
        ) as there,
    ):
        play = Play(schedule, random.Random(schedule.seed), there, other, store_url)
        try:
            yield play
        finally:
            play.store.close()


class Play:
    """One company, one store, and what happens to both."""

    def __init__(
        self,
        schedule: Schedule,
        rng: random.Random,
        there: Company,
        other: Elsewhere,
        store_url: str,
    ) -> None:
        self.schedule, self.rng, self.company, self.other = schedule, rng, there, other
        self.store_url = store_url
        self.store = open_store(store_url)
        self.report = Report()
        #: states of the company, oldest first, with the instant since when each holds.
        self.states: list[tuple[datetime, Rows]] = []
        #: a run that came in between: when it began, and what it certified.
        self._between: tuple[tuple[datetime, int], RunResult] | None = None
        self.remember()

    # --- what happens -----------------------------------------------------------------------

    def remember(self) -> None:
        """Keep what can be known now."""
        self.states.append((self.company.clock.now(), known(self.company)))

    def tell(self, what: str) -> None:
        self.report.log.append(f"{self.company.clock.now():%d %H:%M:%S} {what}")

    def edit(self, where: str) -> None:
        """One edit now."""
        what = edit(self.company, self.rng)
        self.report.edits[what.split(" ")[0]] += 1
        self.tell(f"{where}: {what}")
        self.remember()

    def leg(self, number: int) -> None:
        """Time passes, things happen, and a run reads them, as far as it comes."""
        rng, parts = self.rng, self.schedule.parts
        if number:
            self.company.later(rng.choice((timedelta(minutes=11), timedelta(hours=3),
                                           timedelta(hours=30))))  # fmt: skip
            if "edits" in parts:
                for _ in range(rng.randrange(6)):
                    self.edit("between")
                    # What one search does not find yet, another one must.
                    self.company.later(timedelta(seconds=rng.choice((0, 20, 150))))
        script = self.company.simulator.script
        reach = 60 if number == 0 else 24
        if "hooks" in parts:
            for _ in range(rng.randrange(3)):
                script.hooks.append(Hook(".", self._during(), skip=rng.randrange(reach)))
        if "lapses" in parts and rng.random() < 0.15:
            script.hooks.append(Hook(".", self.lapse, skip=rng.randrange(reach)))
        if "faults" in parts and rng.random() < 0.5:
            kind, fault = trouble(self.company, rng, self.other.url, reach)
            self.report.faults[kind] += 1
            self.tell(f"fault {kind} after {fault.skip} requests, {fault.times} times")
            script.faults.append(fault)
        kill = 0
        if "kills" in parts and rng.random() < 0.35:
            kill = rng.randrange(1, 500 if number == 0 else 160)
        self.run(kill, census=rng.random() < 0.3, full=rng.random() < 0.1)
        script.clear()

    def _during(self) -> Callable[[], None]:
        slow = "slow" in self.schedule.parts and self.rng.random() < 0.3
        wait = timedelta(minutes=self.rng.choice((12, 25, 45))) if slow else timedelta(0)

        def happen() -> None:
            self.company.clock.advance(wait)
            for _ in range(self.rng.randrange(1, 3)):
                self.edit("during")
            self.company.clock.advance(wait)

        return happen

    def lapse(self) -> None:
        """This run sleeps until its lease is over; another one does everything meanwhile."""
        self.company.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
        self.edit("asleep")
        self.overtaken()

    def overtaken(self) -> None:
        """Another run does everything while this one is under way."""
        self.tell("another run takes over")
        self.report.takeovers += 1
        second = open_store(self.store_url)
        begun = self.company.clock.now(), len(self.states)
        try:
            result = self._run(second)
        finally:
            second.close()
        self._between = begun, result
        self.tell("the first run wakes up")

    # --- running and looking ----------------------------------------------------------------

    def run(self, kill: int = 0, matching: str = "", **how: bool) -> RunResult | None:
        """One run, dead at the statement of that number (with that text), if it comes so far."""
        before = promises.cursors(self.store), promises.keys(self.store)
        begun = self.company.clock.now(), len(self.states)
        if not kill:
            result = self._run(self.store, **how)
        else:
            result = None
            with killed_at(self.store, kill, matching) as dying, suppress(Killed):
                result = self._run(self.store, **how)
            if dying:
                self.report.kills += 1
                self.tell(f"killed at {dying[0]}")
                self.store.close()
                self.store = open_store(self.store_url)
                result = None
        moment = Moment(
            self.company,
            self.store,
            begun[0],
            self._states_since(begun),
            result,
            alone=self._between is None,
        )
        promises.look(moment, *before)
        if self._between is not None:
            # Who slept meanwhile must not have written over what another one certified.
            since, result_between = self._between
            states = self._states_since(since)
            between = Moment(self.company, self.store, since[0], states, result_between)
            promises.complete_means_complete(between, result_between)
            self._between = None
        promises.no_credential_elsewhere(self.company, self.other)
        return result

    def _run(self, store: Store, **how: bool) -> RunResult:
        together = TOGETHER[self.schedule.seed // len(SYSTEMS) % len(TOGETHER)]
        with patch.object(gather, "RECORDS", together):
            result = self.company.run(store, lease_seconds=LEASE_SECONDS, **how)
        self.report.runs += 1
        self.report.requests += result.requests
        self.report.outcomes[result.outcome.value] += 1
        ends = Counter(step.outcome.value for step in result.steps)
        said = "; ".join(f"{one.where}: {one.what}" for one in result.problems)
        self.tell(f"run {how}: {result.outcome.value} {dict(ends)} {said}")
        return result

    def _states_since(self, begun: tuple[datetime, int]) -> list[Rows]:
        """What was so at any time since then, and the last state before; a slow search is behind.

        `begun`: the instant, and how many states there had been by then.
        """
        at, count = begun
        before = [rows for since, rows in self.states[:count] if since <= at - self.company.lag]
        late = [rows for since, rows in self.states[:count] if since > at - self.company.lag]
        return [*before[-1:], *late, *(rows for _, rows in self.states[count:])]

    def calm(self) -> None:
        """Nothing goes wrong any more: all is read, what is gone is proved so; nothing is left."""
        # What gives no sign of a change is read once a day.
        self.company.later(timedelta(hours=25))
        last = self.run(census=True)
        assert last is not None
        assert last.outcome is Outcome.COMPLETE, last.problems
        self.company.later(timedelta(minutes=20))
        idle = self._run(self.store)
        assert idle.rows_written == 0, f"{idle.rows_written} rows in an idle run"
        connect, each = self.company.system.idle
        bound = connect + each * len(self.company.named)
        assert idle.requests <= bound, f"{idle.requests} requests in an idle run, not {bound}"
        promises.tombstones(self.company, self.store, self.states[-1][1])

    def equal(self, fresh_url: str) -> None:
        """The store equals one that reads the company now, for the first time."""
        fresh = open_store(fresh_url)
        try:
            first = self.company.run(fresh)
            assert first.outcome is Outcome.COMPLETE, first.problems
            assert_same(held(self.company, fresh), self.states[-1][1], "the first load")
            found = difference(
                self.store,
                fresh,
                now=self.company.clock.now(),
                is_limited=self.company.since_days is not None,
                renamed=self.company.renamed(),
                vague=ever_hidden(self.company),
                unseen_keys=unseen_keys(self.company),
                retitled=self.company.retitled(),
            )
            self.report.compared += found.compared
            assert not found, f"the store is not what one reading gives\n{found}"
        finally:
            fresh.close()


def assert_same(left: Rows, right: Rows, what: str) -> None:
    """Both tell the same of everything."""
    for kind, rows in right.items():
        mine: Mapping[str, Any] = left[kind]
        for id_ in {*rows, *mine}:
            assert same(mine.get(id_), rows.get(id_)), f"{what}: {kind} {id_}"
