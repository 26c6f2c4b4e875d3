"""Who was in which container at any date: what can be known is told, all else unknown, none wrong.

A small company is watched from its first day, deed by deed, by a judge who asks nothing of what is
tested. Ten dates and one company of some systems in the short set; two hundred of all in the long.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import pytest
from support.schedules.kill import Killed, killed_at
from support.schedules.systems import SYSTEMS, Company, company
from support.scope.deeds import deed
from support.scope.judge import Verdict, Watch, compare, dates_of
from support.scope.ledgers import Account, compare_ledgers
from support.scope.ours import OUT, Ours, Said

from connectors.contract import Outcome
from sync.store.open import Store, open_store

#: So many lines must have been compared at the least: nothing is proven of nothing.
LEAST = 10
#: One answer of so many may be "unknown" though it might be known.
CAREFUL = 500
#: So many dates are asked about after each run, and at the end again as known then.
REMEMBERED = 5
SHORT = ("jira-cloud", "github-graphql")

#: by container, item and date.
Answers = Mapping[tuple[str, str, datetime], Said]


class Story:
    """A company, a store, and a judge who watches both."""

    def __init__(self, there: Company, seed: int, address: str) -> None:
        self.company, self.rng, self.address = there, random.Random(f"scope {seed}"), address
        self.store: Store = open_store(address)
        self.watch = Watch.begin(there)
        self.log: list[str] = []
        #: what was said after each whole run, by when it was said.
        self.told: dict[datetime, Answers] = {}

    def live(self, deeds: int, *, calm: bool = False) -> None:
        """So much happens."""
        for _ in range(deeds):
            self.company.later(timedelta(minutes=self.rng.choice((7, 60, 600))))
            what = deed(self.company, self.rng, calm=calm)
            self.log.append(f"{self.company.clock.now():%d %H:%M} {what}")
            self.watch.note()
        self.company.later(timedelta(minutes=20))
        self.watch.note()

    def read(self) -> None:
        """One whole run."""
        begin = self.company.clock.now()
        result = self.company.run(self.store, census=True)
        assert result.outcome is Outcome.COMPLETE, result.problems
        self.company.later(timedelta(seconds=30))
        self.watch.read(begin, whole=True)
        self.log.append(f"{begin:%d %H:%M} whole run")
        now = self.company.clock.now()
        dates = dates_of(self.watch, self.rng, REMEMBERED, until=begin)
        self.told[now] = self.answers(now, dates)

    def die(self) -> None:
        """One run that is killed somewhere."""
        step = self.rng.randrange(1, 300)
        with killed_at(self.store, step) as dying, suppress(Killed):
            self.company.run(self.store, census=True)
        self.watch.deaths.append(self.company.clock.now())
        self.log.append(f"{self.company.clock.now():%d %H:%M} run, killed at {dying}")
        self.store.close()
        self.store = open_store(self.address)
        # The lease of the dead is over by then.
        self.company.later(timedelta(minutes=40))

    def answers(self, known_at: datetime, dates: Sequence[datetime]) -> Answers:
        """What is said at these dates of every container and item, as known at an instant."""
        ours = self.ours(known_at, known_at)
        items = sorted(life.id for life in self.watch.chronicle.lives.values())
        return {
            (container, id_, at): ours.said(container, id_, at)
            for container in sorted(ours.containers)
            for id_ in items
            for at in dates
        }

    def recall(self) -> None:
        """What was said then is said still, of what was known then; whatever happened since."""
        for known_at, told in self.told.items():
            again = self.answers(known_at, sorted({at for _, _, at in told}))
            odd = [
                f"{key}: {told.get(key)} then, {said} now"
                for key, said in again.items()
                if said != told.get(key, OUT)
            ]
            # Nothing is left out either; who was not there yet is in nothing.
            odd += [f"{key} is not said any more" for key in told.keys() - again.keys()]
            log = "\n".join([*odd[:5], *self.log])
            assert not odd, f"{len(odd)} answers as known at {known_at} have changed, as\n{log}"

    def ours(self, as_of: datetime | None = None, known_at: datetime | None = None) -> Ours:
        """What the store says; by default now."""
        now = self.company.clock.now()
        with self.store.reading() as conn:
            return Ours(conn, as_of or now, known_at or now)

    def judge(self, dates: int) -> Verdict:
        """Every container, item and date; nothing may be wrong."""
        self.recall()
        verdict = compare(self.watch, self.ours(), dates_of(self.watch, self.rng, dates))
        print(f"{self.company.system.name}: {verdict}")
        told = "\n".join([*verdict.wrong[:5], *self.log])
        assert not verdict.wrong, f"{len(verdict.wrong)} wrong answers, as\n{told}"
        # What might be known is known, but for what became a discussion and stays listed.
        assert verdict.too_careful * CAREFUL <= verdict.compared
        return verdict

    def account(self, dates: int) -> Account:
        """Every ledger since so many dates, and since before the first run; nothing is wrong."""
        now, total = self.company.clock.now(), Account()
        begin = self.watch.readings[0].begin - timedelta(days=20)
        with self.store.reading() as conn:
            ours = Ours(conn, now, now)
            for since in (begin, *dates_of(self.watch, self.rng, dates)):
                total.add(compare_ledgers(self.watch, ours, since, now))
        print(f"{self.company.system.name}: {total}")
        told = "\n".join([*total.wrong[:5], *self.log])
        assert not total.wrong, f"{len(total.wrong)} wrong lines, as\n{told}"
        return total


@contextmanager
def story(system: str, seed: int, address: str) -> Iterator[Story]:
    """A company of two scopes and an empty store."""
    with company(system, seed, scopes=2, items=4, changes=2) as there:
        it = Story(there, seed, address)
        try:
            yield it
        finally:
            it.store.close()


def lived(system: str, seed: int, address: str, *, legs: int, deeds: int, dates: int) -> Verdict:
    """Read from the first day on."""
    with story(system, seed, address) as it:
        it.read()
        for _ in range(legs):
            it.live(deeds)
            it.read()
        return it.judge(dates)


def killed(system: str, seed: int, address: str, *, legs: int, deeds: int, dates: int) -> Verdict:
    """Every run but the last is killed somewhere, or every other one."""
    with story(system, seed, address) as it:
        it.die()
        for _ in range(legs):
            it.live(deeds)
            if it.rng.random() < 0.7:
                it.die()
            else:
                it.read()
        it.live(1)
        it.read()
        return it.judge(dates)


def late(system: str, seed: int, address: str, *, legs: int, deeds: int, dates: int) -> Verdict:
    """Installed in the middle: half of it had happened by then."""
    with story(system, seed, address) as it:
        it.live(legs * deeds // 2)
        it.read()
        it.live(legs * deeds // 2)
        it.read()
        return it.judge(dates)


def planned(
    system: str, seed: int, address: str, *, deeds: int, dates: int, how: str = "lived"
) -> Account:
    """What people plan, and nothing out of sight; read from the first day, late, or in pieces."""
    with story(system, seed, address) as it:
        if how == "lived":
            it.read()
        it.live(deeds // 2, calm=True)
        if how == "killed":
            it.die()
        it.live(deeds // 2, calm=True)
        if how == "killed":
            it.die()
        it.read()
        return it.account(dates)


@pytest.mark.full_on_postgres
@pytest.mark.parametrize("system", SHORT)
def test_who_was_in_it_at_any_date(system: str, store_url: str) -> None:
    verdict = lived(system, 5, store_url, legs=1, deeds=12, dates=10)
    assert verdict.said["in", "in"] > 5


@pytest.mark.full_on_postgres
def test_a_run_that_was_killed_changes_no_answer(store_url: str) -> None:
    killed("jira-cloud", 5, store_url, legs=1, deeds=12, dates=10)


@pytest.mark.full
@pytest.mark.full_on_postgres
def test_who_installs_late_knows_what_the_servers_still_tell(store_url: str) -> None:
    late("gitlab-graphql", 5, store_url, legs=1, deeds=16, dates=10)


@pytest.mark.full
@pytest.mark.full_on_postgres
@pytest.mark.parametrize("system", SHORT[:1])
def test_the_lines_of_a_ledger_are_what_happened(system: str, store_url: str) -> None:
    account = planned(system, 5, store_url, deeds=25, dates=3)
    assert account.lines > LEAST
    assert account.actors > LEAST


@pytest.mark.full
@pytest.mark.parametrize("how", ["lived", "killed", "late"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lines_of_many_ledgers_are_what_happened(system: str, how: str, store_url: str) -> None:
    total = Account()
    for seed in range(10, 11 if "postgresql" in store_url else 12):
        address = store_url if seed == 10 else f"{store_url}.{seed}"
        total.add(planned(system, seed, address, deeds=120, dates=20, how=how))
    print(f"{system}, {how}: {total}")


@pytest.mark.full
@pytest.mark.parametrize("how", [lived, killed, late])
@pytest.mark.parametrize("system", SYSTEMS)
def test_who_was_in_it_at_two_hundred_dates(system: str, how: object, store_url: str) -> None:
    assert callable(how)
    total = Verdict()
    for seed in range(20, 22):
        address = store_url if seed == 20 else f"{store_url}.{seed}"
        if "postgresql" in store_url and seed > 20:
            break
        total.add(how(system, seed, address, legs=4, deeds=15, dates=200))
    print(f"{system}, {how.__name__}: {total}")
    assert total.said["in", "in"] > LEAST
