"""The gate and the roll-ups: what is unknown is never met, and an empty set meets nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.vocabulary import ChangeState, HistoryState, ItemType, Priority
from sync.ledger.load import ItemFacts
from sync.reconcile.changes import ChangeLine, VerdictLine
from sync.reconcile.evidence_of import Ticket
from sync.reconcile.evidence_rate import Piece, Risk, debt, in_words, rate, weakest
from sync.reconcile.release_gate import (
    Answer,
    Check,
    Criterion,
    GateFacts,
    Rules,
    SignOff,
    decide,
)
from sync.reconcile.trunk import Point, Trunk
from sync.verdict.names import Verdict

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
EXACT = {"unit": "exact"}


def line(number: int) -> ChangeLine:
    return ChangeLine(
        connection_id=2,
        id=f"c{number}",
        scope_id="r1",
        key=f"acme/web#{number}",
        title="Add login",
        state=ChangeState.MERGED,
        is_draft=False,
        base_ref="main",
        landed_sha=f"m{number}",
        created_at=NOW - timedelta(days=9),
        merged_at=NOW - timedelta(days=3),
        closed_at=None,
        by_bot=False,
        lines=10,
        restricted=False,
        url=None,
    )


def piece(
    number: int,
    verdict: Verdict | None = Verdict.TESTED,
    lines: int | None = 10,
    reviewed: str | None = "reviewed",
    grades: dict[str, str] | None = None,
) -> Piece:
    change = line(number)
    told = None
    if verdict is not None:
        told = VerdictLine(
            change, verdict, EXACT if grades is None else grades, frozenset(), (), reviewed
        )
    return Piece(change, told, lines)


def ticket(number: int, *pieces: Piece, done: bool = True) -> Ticket:
    item = ItemFacts(
        1, str(number), f"APO-{number}", "Login", "p", ItemType.TASK, Priority.MEDIUM, None, None,
        False, None, None, HistoryState.COMPLETE, None,
    )  # fmt: skip
    return Ticket(item, done, pieces, ())


GREEN = Trunk((2, "r1"), "main", (Point("c1", NOW, "m1", frozenset({"unit"}), frozenset()),), {})
GOOD = GateFacts(
    name="R1",
    pieces=(piece(1), piece(2)),
    tickets=(ticket(4, piece(1)), ticket(5, piece(2))),
    trunks=(GREEN,),
    contradictions=(),
    sign_offs=(SignOff("Ana", NOW, ()),),
    uncertain=(),
)


def answer(facts: GateFacts, criterion: Criterion, rules: Rules | None = None) -> Check:
    decision = decide(facts, rules or Rules())
    return next(one for one in decision.checks if one.criterion is criterion)


def test_all_met() -> None:
    decision = decide(GOOD, Rules())
    assert {one.answer for one in decision.checks} == {Answer.MET}
    assert decision.answer is Answer.MET
    assert [one.criterion for one in decision.checks] == list(Criterion)


def test_an_empty_set_is_never_a_pass() -> None:
    """Nothing landed, nobody looked: no criterion that asks about something is met."""
    empty = GateFacts("R1", (), ())
    decision = decide(empty, Rules())
    assert decision.answer is not Answer.MET
    met = {one.criterion for one in decision.checks if one.answer is Answer.MET}
    # That nothing is left unread is told by the certificates alone.
    assert met == {Criterion.READINGS}


@pytest.mark.parametrize(
    ("criterion", "facts", "expected"),
    [
        (Criterion.TESTS, {"pieces": (piece(1), piece(2, Verdict.NOT_TESTED))}, Answer.NOT_MET),
        (Criterion.TESTS, {"pieces": (piece(1), piece(2, Verdict.NO_CI))}, Answer.NOT_MET),
        (Criterion.TESTS, {"pieces": (piece(1), piece(2, None))}, Answer.UNKNOWN),
        (Criterion.TESTS, {"pieces": (piece(1, lines=95), piece(2, None, 5))}, Answer.MET),
        (Criterion.TESTS, {"pieces": (piece(1, lines=95), piece(2, None, None))}, Answer.UNKNOWN),
        (
            Criterion.TESTS,
            {"pieces": (piece(1, Verdict.NOT_TESTED, 60), piece(2, None, 40))},
            Answer.NOT_MET,
        ),
        (Criterion.TESTS, {"pieces": (piece(1, Verdict.EXEMPT),)}, Answer.MET),
        (Criterion.TESTS, {"pieces": (piece(1, Verdict.EXEMPT), piece(2, None))}, Answer.UNKNOWN),
        (Criterion.TESTS, {"pieces": (piece(1, lines=0),)}, Answer.UNKNOWN),
        (Criterion.MERGED_RED, {"pieces": (piece(1, Verdict.MERGED_RED),)}, Answer.NOT_MET),
        (Criterion.MERGED_RED, {"pieces": (piece(1), piece(2, None))}, Answer.UNKNOWN),
        (
            Criterion.DONE_UNPROVEN,
            {"tickets": (ticket(4, piece(1), piece(2, Verdict.NOT_TESTED)),)},
            Answer.NOT_MET,
        ),
        (Criterion.DONE_UNPROVEN, {"tickets": (ticket(4, piece(1, None)),)}, Answer.UNKNOWN),
        (Criterion.DONE_UNPROVEN, {"tickets": (ticket(4),)}, Answer.UNKNOWN),
        (Criterion.DONE_UNPROVEN, {"tickets": (ticket(4), ticket(5, piece(1)))}, Answer.MET),
        (Criterion.OPEN_WORK, {"open_items": ("APO-9",)}, Answer.NOT_MET),
        (Criterion.OPEN_WORK, {"open_changes": (line(9),)}, Answer.NOT_MET),
        (Criterion.OPEN_WORK, {"unclear_items": ("APO-9",)}, Answer.UNKNOWN),
        (
            Criterion.REVIEWED,
            {"pieces": (piece(1), piece(2, reviewed="not_reviewed"))},
            Answer.NOT_MET,
        ),
        (
            Criterion.REVIEWED,
            {"pieces": (piece(1), piece(2, reviewed="stale_approval"))},
            Answer.NOT_MET,
        ),
        (Criterion.REVIEWED, {"pieces": (piece(1), piece(2, reviewed=None))}, Answer.UNKNOWN),
        (Criterion.TRUNK, {"trunks": ()}, Answer.UNKNOWN),
        (Criterion.TRUNK, {"trunks": (replace(GREEN, points=()),)}, Answer.UNKNOWN),
        (
            Criterion.TRUNK,
            {"trunks": (replace(GREEN, red={"unit": GREEN.points[0]}),)},
            Answer.NOT_MET,
        ),
        (Criterion.CONTRADICTIONS, {"contradictions": None}, Answer.UNKNOWN),
        (Criterion.CONTRADICTIONS, {"contradictions": ("they differ",)}, Answer.NOT_MET),
        (Criterion.READINGS, {"unread": ("acme/web: the token expired",)}, Answer.UNKNOWN),
        (Criterion.SIGN_OFF, {"sign_offs": ()}, Answer.NOT_MET),
        (Criterion.SIGN_OFF, {"sign_offs": (SignOff("Ana", NOW, None),)}, Answer.UNKNOWN),
        (Criterion.SIGN_OFF, {"sign_offs": (SignOff("Ana", NOW, ("c9",)),)}, Answer.NOT_MET),
        (Criterion.CONTENT, {"uncertain": ("c9",)}, Answer.UNKNOWN),
        (Criterion.CONTENT, {"missing": ("APO-4: c9",)}, Answer.NOT_MET),
    ],
)
def test_each_criterion(criterion: Criterion, facts: dict[str, object], expected: Answer) -> None:
    """One thing is otherwise, and its criterion says so; the whole is no better than it."""
    changed = replace(GOOD, **facts)  # type: ignore[arg-type]
    assert answer(changed, criterion).answer is expected
    if expected is not Answer.MET:
        assert decide(changed, Rules()).answer is not Answer.MET


def test_what_decides_is_configured() -> None:
    """A criterion that is not asked for is shown and decides nothing."""
    facts = replace(GOOD, sign_offs=())
    rules = Rules(frozenset(Criterion) - {Criterion.SIGN_OFF})
    assert decide(facts, rules).answer is Answer.MET
    assert answer(facts, Criterion.SIGN_OFF, rules).answer is Answer.NOT_MET
    head = replace(GOOD, pieces=(piece(1, Verdict.TESTED_AT_HEAD, grades={"unit": "head"}),))
    assert answer(head, Criterion.TESTS).answer is Answer.MET
    assert answer(head, Criterion.TESTS, Rules(ready=0.5)).answer is Answer.NOT_MET
    half = replace(GOOD, pieces=(piece(1), piece(2, Verdict.NOT_TESTED)))
    assert answer(half, Criterion.TESTS, Rules(tested=0.5)).answer is Answer.MET


VERDICTS = st.sampled_from([None, *Verdict])
PIECES = st.lists(st.tuples(VERDICTS, st.none() | st.integers(0, 500)), max_size=8).map(
    lambda drawn: tuple(piece(n, word, lines) for n, (word, lines) in enumerate(drawn))
)


@given(PIECES, st.floats(0.01, 1))
def test_tests_are_met_only_if_they_are_whatever_the_unknown_turn_out_to_be(
    pieces: tuple[Piece, ...], wanted: float
) -> None:
    """Met: so it stays if all that is unknown was untested. Not met: likewise, if it was tested."""
    told = answer(replace(GOOD, pieces=pieces), Criterion.TESTS, Rules(tested=wanted)).answer

    def if_all(word: Verdict) -> Answer:
        known = tuple(
            piece(n, word, 10 if one.lines is None else one.lines)
            if one.verdict is Verdict.UNKNOWN
            else one
            for n, one in enumerate(pieces)
        )
        return answer(replace(GOOD, pieces=known), Criterion.TESTS, Rules(tested=wanted)).answer

    if told is Answer.MET:
        assert if_all(Verdict.NOT_TESTED) is Answer.MET
    if told is Answer.NOT_MET:
        assert if_all(Verdict.TESTED) is Answer.NOT_MET


@given(PIECES)
def test_rates_count_each_change_once(pieces: tuple[Piece, ...]) -> None:
    """Known, unknown and exempt are apart, and shares lie between nothing and all."""
    told = rate(pieces)
    assert told.changes == len(pieces)
    assert told.ready_lines <= told.at_head_lines <= told.known_lines
    if told.share is not None and told.ready is not None:
        assert 0 <= told.ready <= told.share <= 1
    assert in_words(told)
    found = debt(pieces, NOW, due_soon=frozenset())
    assert all(one.piece.verdict not in (Verdict.UNKNOWN, Verdict.EXEMPT) for one in found)
    assert [one.risk for one in found] == sorted((one.risk for one in found), reverse=True)


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1))
def test_the_weakest_stands_for_all(words: list[Verdict]) -> None:
    """It is one of them, and none hides a failure."""
    told = weakest(words)
    assert told in words
    if Verdict.MERGED_RED in words:
        assert told is Verdict.MERGED_RED
    if Verdict.UNKNOWN in words:
        assert told is not None
        assert not told.says_tested


def test_nothing_has_no_weakest_and_no_rate() -> None:
    assert weakest([]) is None
    assert rate(()).share is None
    assert in_words(rate(())) == "nothing landed for it"


def test_words_of_a_rate() -> None:
    told = rate((piece(1, lines=996), piece(2, Verdict.NOT_TESTED, 4), piece(3, None)))
    assert in_words(told) == (
        "99 % of changed lines tested, 99 % as landed, 1 of 3 changes unknown"
    )


def test_debt_by_risk_and_size() -> None:
    """The riskiest first, of these the largest; a stale one is less than an untested one."""
    found = debt(
        (
            piece(1, Verdict.STALE, 5),
            piece(2, Verdict.NOT_TESTED, 5),
            piece(3, Verdict.NOT_TESTED, 900),
            piece(4, Verdict.MERGED_RED, 1),
            piece(5, Verdict.NOT_TESTED, 6),
            piece(6),
        ),
        NOW,
        due_soon=frozenset({(2, "c5")}),
    )
    assert [(one.piece.change.id, one.risk) for one in found] == [
        ("c3", Risk.HIGH),
        ("c5", Risk.HIGH),
        ("c4", Risk.HIGH),
        ("c2", Risk.MEDIUM),
        ("c1", Risk.LOW),
    ]
    assert {one.age_days for one in found} == {3}


def test_what_is_owed_is_told_by_risk_and_size() -> None:
    pieces = (
        replace(piece(1, Verdict.NOT_TESTED, lines=3), is_production=False),
        piece(2, Verdict.NOT_TESTED, lines=300),
        piece(3, Verdict.MERGED_RED, lines=20),
        piece(4),
    )
    found = decide(replace(GOOD, pieces=pieces, at=NOW), Rules())
    [check] = [one for one in found.checks if one.criterion is Criterion.TESTS]
    assert [proof.partition(": ")[2].partition(" risk")[0] for proof in check.proofs] == [
        "high",
        "high",
        "low",
    ]
    assert "300 lines" in check.proofs[0]
