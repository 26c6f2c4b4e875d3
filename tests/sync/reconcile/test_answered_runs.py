"""Runs one after the other with what people answered, what must stand, and what keeps flapping."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import cases
from support.cases import At

from sync.reconcile import answers, answers_kept
from sync.reconcile.contract import (
    Answer,
    AnswerKind,
    Channel,
    Evidence,
    Finding,
    FindingState,
    Found,
    Policy,
    Reconciliation,
    Severity,
)
from sync.reconcile.registry import BUILT_IN, Catalogue
from sync.reconcile.reproduce import reproduce
from sync.reconcile.runner import load_last, reconcile
from sync.report.build import build
from sync.report.changes import Before, Previous
from sync.report.data import Item
from sync.store.open import Store, memory_store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
DAY = timedelta(days=1)
State = FindingState
POLICY = Policy(program="Apollo", config_hash="c1", program_version="1")
(BASE,) = (one for one in BUILT_IN if one.id == "plan.overdue")


class World:
    """What a detector of the test finds: subject -> magnitude."""

    def __init__(self, store: Store, standing: int = 1) -> None:
        self.store = store
        self.there: dict[str, float] = {}
        self.detector = replace(
            BASE,
            id="test.made",
            needs={},
            about="project",
            standing=standing,
            detect=self._detect,
            defaults={},
            explain={},
            yields_to={},
            words=replace(
                BASE.words, **dict.fromkeys(("title", "what", "so_what", "by_when"), "{name}")
            ),
        )
        words = dict.fromkeys(("title", "what", "so_what", "who", "by_when", "remedy"), "{name}")
        plain = type(BASE.words)(**words)
        self.detector = replace(self.detector, words=plain, channel=Channel.MAILED)

    def _detect(self, _view: Any, _thresholds: Mapping[str, Any]) -> Iterable[Found]:
        for name, magnitude in self.there.items():
            yield Found(
                f"project:{name}",
                Severity.MEDIUM,
                magnitude,
                {"name": name},
                (Evidence("proof", at=NOW),),
            )

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue((self.detector,))

    def run(self, day: float, policy: Policy = POLICY, **there: float) -> Reconciliation:
        self.there = there
        return reconcile(self.store, policy, clock=At(NOW + day * DAY), detectors=self.catalogue)


@pytest.fixture
def store() -> Iterator[Store]:
    made = memory_store()
    with made.writing() as conn:
        cases.fill(conn, {"now": NOW})
    yield made
    made.close()


def states(result: Reconciliation) -> dict[str, FindingState]:
    found = {one.title: one.state for one in result.findings}
    return {**found, **{one.title: one.state for one in result.suppressed}}


def one(result: Reconciliation, name: str = "a") -> Finding:
    (found,) = [held for held in result.findings if held.title == name]
    return found


# --- standing ---------------------------------------------------------------------------------


def test_what_has_to_stand_is_stored_and_told_from_the_second_run_on(store: Store) -> None:
    world = World(store, standing=2)
    assert states(world.run(0, old=1)) == {"old": State.ALREADY_THERE}
    held = world.run(1, old=1, a=1)
    assert states(held) == {"old": State.ONGOING, "a": State.SUPPRESSED}
    (waiting,) = held.suppressed
    assert waiting.suppressed == "it was there in 1 of the 2 runs after which it is told"
    assert build(held).held_back[0].count == 1
    assert states(world.run(2, old=1, a=1)) == {"old": State.ONGOING, "a": State.NEW}
    assert states(world.run(3, old=1, a=1)) == {"old": State.ONGOING, "a": State.ONGOING}


def test_what_did_not_stand_goes_without_a_word(store: Store) -> None:
    world = World(store, standing=2)
    world.run(0)
    world.run(1, a=1)
    gone = world.run(2)
    assert not gone.findings
    assert not gone.resolved


def test_what_comes_back_has_to_stand_again(store: Store) -> None:
    world = World(store, standing=2)
    world.run(0, a=1)
    assert len(world.run(1).resolved) == 1
    assert states(world.run(2, a=1)) == {"a": State.SUPPRESSED}
    assert states(world.run(3, a=1)) == {"a": State.REGRESSED}


def test_restated_numbers_do_not_wait(store: Store) -> None:
    world = World(store, standing=2)
    world.run(0)
    assert states(world.run(1, replace(POLICY, config_hash="c2"), a=1)) == {
        "a": State.ALREADY_THERE
    }


# --- flapping ---------------------------------------------------------------------------------


def test_the_third_flip_is_told_as_flapping_and_later_ones_are_no_news(store: Store) -> None:
    world = World(store)
    world.run(0, a=1)
    assert [held.title for held in world.run(1).resolved] == ["a"]
    assert one(world.run(2, a=1)).state is State.REGRESSED
    third = world.run(3)
    assert not third.resolved
    (flap,) = third.flapping
    assert (flap.flips, flap.since) == (3, NOW + 3 * DAY)
    data = build(third)
    (told,) = data.answered.flapping
    assert told == (
        "a: came and went 3 times in two weeks, it is not there now; it is told again once it stays"
    )
    assert data.kind == "change"
    assert not data.changes.any
    back = world.run(4, a=1)
    assert one(back).state is State.ONGOING
    data = build(back)
    assert not data.answered.flapping
    assert [item.flips for item in data.findings] == [4]


def test_a_mail_in_between_calls_what_flaps_neither_new_nor_resolved(store: Store) -> None:
    world = World(store)
    world.run(0, a=1)
    for day in (1, 3, 5):
        world.run(day)
        last = world.run(day + 1, a=1)
    versions = (last.config_hash, last.mapping_version, last.program_version)
    without = Previous(at=NOW + 5.5 * DAY, versions=versions, findings={})
    assert not build(last, previous=without).changes.any
    gone = world.run(7)
    before = {one(last).fingerprint: Before(Severity.MEDIUM, 1.0, Channel.MAILED)}
    within = Previous(at=NOW + 6.5 * DAY, versions=versions, findings=before)
    assert not build(gone, previous=within).changes.any


def test_what_rests_for_two_weeks_is_news_again(store: Store) -> None:
    world = World(store)
    world.run(0, a=1)
    world.run(1)
    world.run(2, a=1)
    world.run(3)
    quiet = world.run(18)
    assert not quiet.flapping
    assert one(world.run(19, a=1)).state is State.REGRESSED


# --- judgements -------------------------------------------------------------------------------


def judge(store: Store, useful: int, useless: int, at: datetime, detector: str) -> None:
    with store.writing() as conn:
        answers_kept.insert(
            conn,
            [
                Answer(
                    f"{n:016x}",
                    detector,
                    AnswerKind.AGREE if n < useful else AnswerKind.NOT_USEFUL,
                    "ada",
                    at,
                    Severity.LOW,
                    1.0,
                )
                for n in range(useful + useless)
            ],
        )


def test_a_detector_of_little_use_is_told_in_the_page_only_and_that_is_said_once(
    store: Store,
) -> None:
    world = World(store)
    first = world.run(0, a=1)
    assert one(first).channel is Channel.MAILED
    judge(store, 20, 11, NOW + DAY / 2, "test.made")
    second = world.run(1, a=1)
    assert one(second).channel is Channel.DIGEST
    (reason,) = build(second).changes.restated
    assert reason.endswith(
        "is in the page only from now on: people called 20 of 31 judged findings useful"
    )
    assert not build(world.run(2, a=1)).changes.restated
    explicit = replace(POLICY, channels={"test.made": Channel.MAILED})
    assert one(world.run(3, explicit, a=1)).channel is Channel.MAILED


# --- what is of no use ------------------------------------------------------------------------


def said(store: Store, finding: Finding, kind: AnswerKind, day: float, **more: Any) -> None:
    with store.writing() as conn:
        answers_kept.insert(
            conn,
            [
                Answer(
                    finding.fingerprint,
                    finding.detector,
                    kind,
                    "ada",
                    NOW + day * DAY,
                    finding.severity,
                    finding.magnitude,
                    **more,
                )
            ],
        )


def test_a_snooze_ends_without_alarm_where_we_moved_the_number(store: Store) -> None:
    world = World(store)
    first = world.run(0, a=10)
    said(store, one(first), AnswerKind.SNOOZE, 0.5, until_worse=True)
    again = world.run(1, replace(POLICY, config_hash="c2"), a=20)
    assert one(again).state is State.ONGOING
    assert one(again).answer is None
    (ended,) = again.ended_answers
    assert ended.ended_reason == "its number was restated"


def test_slow_growth_past_what_was_snoozed_is_told_as_worse(store: Store) -> None:
    world = World(store)
    world.run(0, a=10)
    worse = world.run(1, a=12.5)
    said(store, one(worse), AnswerKind.SNOOZE, 1.5, until_worse=True)
    assert one(world.run(2, a=15)).answer is not None
    woken = world.run(3, a=15.7)
    assert one(woken).state is State.WORSENED
    assert one(woken).answer is None
    # A reader whose last mail was before still hears it.
    versions = (woken.config_hash, woken.mapping_version, woken.program_version)
    held = {one(woken).fingerprint: Before(Severity.MEDIUM, 15.0, Channel.MAILED)}
    later = world.run(4, a=15.7)
    told = build(later, previous=Previous(NOW + 2.5 * DAY, versions, held))
    assert told.changes.worse == 1
    assert told.answered.ended == ("a: no longer snoozed (by ada), because it got worse",)


def test_what_a_past_report_knew_it_still_says(store: Store) -> None:
    world = World(store)
    first = world.run(0, a=10)
    said(store, one(first), AnswerKind.ACCEPT, 0.5, until=(NOW + DAY).date(), reason="known")
    held = world.run(1, a=10)
    assert one(held).answer is not None
    over = world.run(2, a=10)
    assert one(over).answer is None
    then = reproduce(store, POLICY, as_of=NOW + DAY, known_at=NOW + DAY, detectors=world.catalogue)
    answer = one(then).answer
    assert answer is not None
    assert (answer.kind, answer.ended_at) == (AnswerKind.ACCEPT, None)
    assert build(then) == build(replace(held, run_id=then.run_id))
    assert one(load_last(store, POLICY)).answer is None


def test_a_look_at_the_past_calls_nothing_worse_than_it_was_then(store: Store) -> None:
    world = World(store)
    first = world.run(0, a=10)
    said(store, one(first), AnswerKind.SNOOZE, 0.5, until_worse=True)
    world.there = {"a": 20}
    looked = reconcile(
        store,
        POLICY,
        clock=At(NOW + 5 * DAY),
        as_of=NOW + 4 * DAY,
        detectors=world.catalogue,
    )
    answer = one(looked).answer
    assert answer is not None
    assert answer.kind is AnswerKind.SNOOZE
    assert not looked.ended_answers


def test_a_look_at_the_past_ends_no_answer(store: Store) -> None:
    world = World(store)
    first = world.run(0, a=10)
    said(store, one(first), AnswerKind.ACCEPT, 0.5, until=NOW.date(), reason="known")
    world.there = {"a": 10}
    reconcile(
        store,
        POLICY,
        clock=At(NOW + 5 * DAY),
        as_of=NOW + 4 * DAY,
        known_at=NOW + 4 * DAY,
        detectors=world.catalogue,
    )
    with store.reading() as conn:
        (held,) = answers_kept.load(conn)
    assert held.ended_at is None


# --- any sequence -----------------------------------------------------------------------------

_kinds = st.sampled_from([None, *AnswerKind])
_steps = st.lists(
    st.tuples(
        # what is there, how large it is, and what is answered to it afterwards.
        st.dictionaries(st.sampled_from("ab"), st.sampled_from([1.0, 2.0, 4.0]), max_size=2),
        _kinds,
        st.integers(0, 3),
        st.booleans(),
    ),
    min_size=2,
    max_size=6,
)


@pytest.mark.full
@settings(max_examples=25, deadline=None)
@given(_steps)
def test_whatever_happens_nothing_is_dropped_and_no_answer_outlives_its_end(
    steps: list[tuple[dict[str, float], AnswerKind | None, int, bool]],
) -> None:
    made = memory_store()
    with made.writing() as conn:
        cases.fill(conn, {"now": NOW})
    world = World(made)
    for day, (there, kind, days, until_worse) in enumerate(steps):
        result = world.run(day, **there)
        data = build(result)
        today = (NOW + day * DAY).date()
        # What is there is told, in one place.
        assert {one.title for one in result.findings} == set(there)
        quiet = [*data.answered.accepted, *data.answered.snoozed, *data.answered.not_useful]
        apart = [*data.answered.short, *quiet]
        told = {
            item.title
            for item in (
                *data.risks,
                *data.changes.items,
                *(item for group in data.still_open for item in group.items),
                *(data.inventory.listed if data.inventory else ()),
            )
            if item.state is not State.RESOLVED
        }
        titles = [item.title for item in apart]
        assert len(titles) == len(set(titles))
        assert told | set(titles) == set(there)
        assert not told & set(titles)
        for item in apart:
            assert item.answer is not None
            assert item.answer.until is None or item.answer.until >= today
            if item in data.answered.snoozed and item.answer.until_worse:
                assert not _worse(made, item)
        for held in result.findings if kind is not None else ():
            until = today + days * DAY if kind is AnswerKind.ACCEPT or days else None
            said(made, held, kind, day + 0.5, until=until, until_worse=until_worse)
    made.close()


def _worse(store: Store, item: Item) -> bool:
    with store.reading() as conn:
        given = [one for one in answers_kept.load(conn, item.fingerprint) if one.ended_at is None]
    newest = [one for one in given if one.kind is not AnswerKind.AGREE][-1]
    return answers.is_worse(newest, item.severity, item.magnitude or 0.0)
