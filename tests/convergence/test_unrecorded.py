"""Values of which no vendor keeps a history: observed since, unknown before, and never a guess."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from support.hosts import hosts
from support.projects import issue_of, open_lines, options, planned
from support.schedules.systems import company
from support.scope.deeds import deed
from support.scope.judge import Watch
from support.scope.ours import Ours

from connectors.contract import Outcome
from sync.ledger.certainty import Standing
from sync.store.open import Store, open_store

DATED = {"jira-cloud": ("_version_dates", "_sprint_dates", "_start_sprint", "_add_version")}


@contextmanager
def watched(system: str, seed: int, address: str) -> Iterator[tuple[Watch, Store]]:
    """A company whose dates move, read three times."""
    rng = random.Random(f"dates {seed}")
    with company(system, seed, scopes=1, items=3, changes=1) as there:
        watch, store = Watch.begin(there), open_store(address)
        try:
            for leg in range(4):
                for _ in range(10):
                    there.later(timedelta(minutes=rng.choice((7, 60, 600))))
                    deed(there, rng, only=DATED.get(system, ("_edit_milestone", "_add_milestone")))
                    watch.note()
                there.later(timedelta(minutes=20))
                watch.note()
                if leg:
                    begin = there.clock.now()
                    assert there.run(store, census=True).outcome is Outcome.COMPLETE
                    there.later(timedelta(seconds=30))
                    watch.read(begin, whole=True)
            yield watch, store
        finally:
            store.close()


def due_at(told: list[tuple[datetime, date | None]], at: datetime) -> date | None:
    """The last day of a milestone at an instant."""
    return [due for since, due in told if since <= at][-1]


@pytest.mark.full
@pytest.mark.full_on_postgres
@pytest.mark.parametrize(
    "system",
    [
        "jira-cloud",
        pytest.param("github-graphql", marks=pytest.mark.full),
        pytest.param("gitlab-graphql", marks=pytest.mark.full),
    ],
)
def test_a_last_day_is_what_was_observed_and_unseen_before(system: str, store_url: str) -> None:
    asked = unseen = moved = 0
    with watched(system, 3, store_url) as (watch, store):
        now = watch.company.clock.now()
        first = watch.chronicle.dues[min(watch.chronicle.dues)][0][0]
        dates = [first + (now - first) * n / 40 for n in range(1, 41)]
        begins = [one.begin for one in watch.readings]
        for at in dates:
            with store.reading() as conn:
                ours = Ours(conn, at, now)
                for name, facts in ours.facts.items():
                    told = watch.chronicle.dues.get(name)
                    if told is None:
                        continue
                    asked += 1
                    seen = [one for one in begins if told[0][0] <= one <= at]
                    if not seen:
                        # It was there, perhaps; what its date was nobody can say.
                        assert facts.unseen, f"{name} at {at}"
                        assert facts.observed == ()
                        unseen += 1
                        continue
                    assert not facts.unseen, f"{name} at {at}"
                    assert facts.due_date == due_at(told, seen[-1]), f"{name} at {at}"
                    moved += facts.due_date != due_at(told, at)
                    for one in facts.observed:
                        assert one.observed_at <= at
                        # A change is told with the readings between which it came.
                        assert one.is_first or (one.observed_after or at) < one.observed_at
    print(f"{system}: {asked} dates asked, {unseen} unseen, {moved} between two readings")
    assert asked > 50
    assert unseen > 5


@pytest.mark.full
@pytest.mark.full_on_postgres
def test_the_field_of_a_project_is_observed_since_and_unknown_before(store_url: str) -> None:
    with hosts(store_url) as at:
        project = planned(at.world)
        line, other = open_lines(project)[:2]
        fields = at.world.code.projects
        fields.set(line, "Sprint", "Sprint 1")
        before = at.clock.now()
        at.later(days=1)
        at.world.now = at.clock.now()
        github = {"projects": [options(project)]}
        installed = at.clock.now()
        at.run(github=github)
        at.later(days=1)
        at.world.now = at.clock.now()
        fields.set(line, "Sprint", "Sprint 2")
        fields.set(other, "Sprint", "Sprint 1")
        moved = at.clock.now()
        at.later(days=1)
        read = at.clock.now()
        at.run(github=github)
        now = at.clock.now()
        with at.store.reading() as conn:
            ours = Ours(conn, now, now)
        named = {facts.name: name for name, facts in ours.facts.items() if "board" in name}
        one, two = named["Sprint 1"], named["Sprint 2"]
        ids = [str(issue_of(each).id) for each in (line, other)]

        def said(container: str, id_: str, instant: datetime) -> Standing:
            return ours.said(container, id_, instant).standing

        minute = timedelta(minutes=1)
        assert said(one, ids[0], before + minute) is Standing.UNKNOWN
        assert said(one, ids[0], installed) is Standing.IN
        # Between two readings that saw different things nobody knows.
        assert said(one, ids[0], installed + minute) is Standing.UNKNOWN
        assert said(one, ids[0], moved - minute) is Standing.UNKNOWN
        assert said(two, ids[0], moved + minute) is Standing.UNKNOWN
        assert said(one, ids[1], moved + minute) is Standing.UNKNOWN
        assert said(one, ids[0], read + minute) is Standing.OUT
        assert said(two, ids[0], read + minute) is Standing.IN
        assert said(one, ids[1], read + minute) is Standing.IN
