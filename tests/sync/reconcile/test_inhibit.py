"""Findings that another finding explains: held back, stored, counted, told when it is gone."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from support import cases

from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    FindingState,
    Found,
    Policy,
    Reconciliation,
    Severity,
    Words,
)
from sync.reconcile.inhibit import Signal, suppressed
from sync.reconcile.registry import Catalogue
from sync.reconcile.runner import load_last, reconcile
from sync.store import schema
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

State = FindingState
LOUD = Signal("1", "plan.overdue", "", 1, "version:1", Severity.HIGH, Channel.MAILED, {})
QUIET = Signal(
    "2",
    "plan.forecast-late",
    "",
    1,
    "version:1",
    Severity.CRITICAL,
    Channel.DIGEST,
    {"plan.overdue": "the date has passed"},
)


def test_a_finding_yields_to_what_explains_it() -> None:
    (held,) = suppressed([LOUD, QUIET]).items()
    assert (held[0], held[1].by, held[1].reason) == ("2", "1", "the date has passed")


@pytest.mark.parametrize(
    "cause",
    [
        replace(LOUD, subject="version:2"),
        replace(LOUD, connection_id=2),
        replace(LOUD, detector="plan.due-moved"),
        # Readers of the mail would see neither.
        replace(LOUD, channel=Channel.OFF),
    ],
)
def test_it_yields_to_nothing_else(cause: Signal) -> None:
    assert suppressed([cause, QUIET]) == {}


def test_a_mailed_finding_does_not_hide_behind_one_that_is_not_mailed() -> None:
    effect = replace(QUIET, channel=Channel.MAILED)
    assert suppressed([replace(LOUD, channel=Channel.DIGEST), effect]) == {}


def test_what_a_subject_lies_in_counts_too() -> None:
    trunk = replace(LOUD, detector="test.trunk-red", subject="repository:5")
    change = replace(
        QUIET, subject="change:8", yields_to={"test.trunk-red": "-"}, within=frozenset()
    )
    assert suppressed([trunk, change]) == {}
    assert set(suppressed([trunk, replace(change, within=frozenset({"repository:5"}))])) == {"2"}


@pytest.mark.parametrize(
    ("part", "held"), [(Severity.LOW, True), (Severity.HIGH, True), (Severity.CRITICAL, False)]
)
def test_an_epic_speaks_for_its_parts_unless_one_is_worse(part: Severity, held: bool) -> None:
    epic = replace(LOUD, subject="epic:9", severity=Severity.HIGH)
    below = replace(
        epic, fingerprint="2", subject="epic:10", severity=part, within=frozenset({"epic:9"})
    )
    assert (set(suppressed([epic, below])) == {"2"}) is held
    assert suppressed([epic, replace(below, rule="silent")]) == {}


def test_of_a_circle_the_worst_is_told() -> None:
    first = replace(LOUD, yields_to={"plan.forecast-late": "-"}, channel=Channel.DIGEST)
    assert set(suppressed([first, QUIET])) == {"1"}


SIGNALS = st.builds(
    Signal,
    fingerprint=st.text("abcdef", min_size=1, max_size=3),
    detector=st.sampled_from("abc"),
    rule=st.sampled_from(["", "r"]),
    connection_id=st.sampled_from([1, 2]),
    subject=st.sampled_from(["epic:1", "epic:2", "version:1"]),
    severity=st.sampled_from(Severity),
    channel=st.sampled_from(Channel),
    yields_to=st.dictionaries(st.sampled_from("abc"), st.just("why"), max_size=3),
    within=st.frozensets(st.sampled_from(["epic:1", "epic:2", "version:1"])),
)


@given(st.lists(SIGNALS, max_size=12, unique_by=lambda one: one.fingerprint), st.randoms())
def test_whatever_is_held_back_has_a_told_one_over_it(signals: list[Signal], random: Any) -> None:
    held = suppressed(signals)
    for start in held:
        seen, at = set(), start
        while at in held:
            assert at not in seen
            seen.add(at)
            at = held[at].by
    shuffled = list(signals)
    random.shuffle(shuffled)
    assert suppressed(shuffled) == held


# --- in the store ----------------------------------------------------------------------------

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
WORLD: Mapping[str, Any] = {
    "now": NOW,
    "milestones": [{"id": "v1", "name": "R1", "start": date(2026, 2, 2), "due": NOW.date()}],
    "items": [{"ids": "1-3", "in": ["v1"], "status": "in_progress"}],
}
POLICY = Policy(program="Apollo", judge=("APO:R1",), config_hash="c1", program_version="1")
WORDS = Words("{name}", "-", "-", "-", "-", "-")


def detector(id_: str, there: set[str], **more: Any) -> Detector:
    """One that finds R1 while its id is in `there`."""

    def detect(view: Any, thresholds: Mapping[str, Any]) -> Iterator[Found]:
        if id_ in there:
            for one in view.judged:
                yield Found(
                    one.subject,
                    Severity.MEDIUM,
                    1.0,
                    {"name": id_},
                    (Evidence("proof"),),
                    one.connection_id,
                    milestone=(one.kind, one.source_id),
                )

    return Detector(id_, id_, "plan", {}, WORDS, Channel.DIGEST, {}, {}, detect, **more)


class World:
    """A store with a cause and an effect that can be there or not."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.there: set[str] = set()
        self.catalogue = Catalogue(
            (
                detector("x.cause", self.there),
                detector("x.effect", self.there, yields_to={"x.cause": "the cause says it"}),
            )
        )

    def run(self, days: float, *there: str) -> Reconciliation:
        self.there.clear()
        self.there.update(there)
        now = NOW + timedelta(days=days)
        return reconcile(self.store, POLICY, clock=cases.At(now), detectors=self.catalogue)

    def steps(self, detector_id: str) -> list[tuple[str | None, str, str | None]]:
        e, f = schema.finding_event.c, schema.finding.c
        with self.store.reading() as conn:
            return [
                tuple(row)
                for row in conn.execute(
                    sa.select(e.from_state, e.to_state, e.reason)
                    .join(schema.finding, f.fingerprint == e.fingerprint)
                    .where(f.detector == detector_id)
                    .order_by(e.id)
                )
            ]


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    store = open_store(store_url)
    with store.writing() as conn:
        cases.fill(conn, WORLD)
    made = World(store)
    made.run(0)
    yield made
    store.close()


def told(result: Reconciliation) -> dict[str, FindingState]:
    return {one.detector: one.state for one in result.findings}


def test_a_held_back_finding_is_stored_with_its_reason_and_counted(world: World) -> None:
    result = world.run(1, "x.cause", "x.effect")
    assert told(result) == {"x.cause": State.NEW}
    (held,) = result.suppressed
    assert (held.detector, held.state, held.suppressed) == (
        "x.effect",
        State.SUPPRESSED,
        "the cause says it",
    )
    assert world.steps("x.effect") == [(None, "suppressed", "the cause says it")]
    again = load_last(world.store, POLICY)
    assert (told(again), again.suppressed) == ({"x.cause": State.NEW}, (held,))


def test_it_is_new_when_its_cause_is_gone_and_nobody_was_told_of_it(world: World) -> None:
    world.run(1, "x.cause", "x.effect")
    world.run(2, "x.cause", "x.effect")
    result = world.run(3, "x.effect")
    assert told(result) == {"x.effect": State.NEW}
    assert not result.suppressed
    assert told(world.run(4, "x.effect")) == {"x.effect": State.ONGOING}


def test_it_goes_on_when_it_was_told_before(world: World) -> None:
    assert told(world.run(1, "x.effect")) == {"x.effect": State.NEW}
    assert told(world.run(2, "x.cause", "x.effect")) == {"x.cause": State.NEW}
    assert told(world.run(3, "x.effect")) == {"x.effect": State.ONGOING}


def test_the_end_of_what_nobody_was_told_of_is_no_news(world: World) -> None:
    world.run(1, "x.cause", "x.effect")
    result = world.run(2)
    assert [one.detector for one in result.resolved] == ["x.cause"]
    assert world.steps("x.effect")[-1][1] == "resolved"
    # Were it to come back, it would be news.
    assert told(world.run(3, "x.effect")) == {"x.effect": State.NEW}


def test_the_end_of_what_was_told_before_it_was_held_back_is_told(world: World) -> None:
    world.run(1, "x.effect")
    world.run(2, "x.cause", "x.effect")
    assert {one.detector for one in world.run(3).resolved} == {"x.cause", "x.effect"}
