"""What answers do to findings, and when they end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reconciliations import blind_spot, finding

from sync.errors import UsageError
from sync.reconcile import answers
from sync.reconcile.answers import Place, Ticket
from sync.reconcile.contract import (
    Answer,
    AnswerEnd,
    AnswerKind,
    FindingState,
    Severity,
)

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
Kind, End, State = AnswerKind, AnswerEnd, FindingState


def said(kind: AnswerKind = Kind.ACCEPT, **more: object) -> Answer:
    plain = Answer("f", "plan.overdue", kind, "ada", NOW, Severity.MEDIUM, 10.0)
    return replace(plain, **more)  # type: ignore[arg-type]


def over(
    answer: Answer,
    *,
    today: date = TODAY,
    state: FindingState = State.ONGOING,
    severity: Severity = Severity.MEDIUM,
    magnitude: float = 10.0,
    ticket: Ticket | None = None,
) -> AnswerEnd | None:
    found = answers.ended(
        answer, today=today, state=state, severity=severity, magnitude=magnitude, ticket=ticket
    )
    return found.end if found is not None else None


def test_an_answer_holds_on_its_last_day_and_no_longer() -> None:
    one = said(until=TODAY)
    assert over(one) is None
    assert over(one, today=TODAY + DAY) is End.LAPSED


@pytest.mark.parametrize(
    ("severity", "magnitude", "end"),
    [
        (Severity.MEDIUM, 12.49, None),
        (Severity.MEDIUM, 12.5, End.WOKE),
        (Severity.HIGH, 1.0, End.WOKE),
        (Severity.LOW, 99.0, None),
    ],
)
def test_a_snooze_until_worse_ends_with_a_level_or_a_quarter_more(
    severity: Severity, magnitude: float, end: AnswerEnd | None
) -> None:
    one = said(Kind.SNOOZE, until_worse=True)
    assert over(one, severity=severity, magnitude=magnitude) is end
    assert over(replace(one, until_worse=False), severity=severity, magnitude=magnitude) is None


def test_what_could_not_be_checked_is_not_worse() -> None:
    one = said(Kind.SNOOZE, until_worse=True)
    assert over(one, state=State.NOT_CHECKED, magnitude=99.0) is None


def test_a_ticket_ends_an_acceptance_once_it_is_known_to_be_closed() -> None:
    one = said(until=TODAY + 9 * DAY, ticket="APO-12")
    assert over(one, ticket=Ticket(closed=False)) is None
    assert over(one, ticket=Ticket(closed=False, unknown="not read")) is None
    told = answers.ended(
        one,
        today=TODAY,
        state=State.ONGOING,
        severity=Severity.MEDIUM,
        magnitude=1.0,
        ticket=Ticket(closed=True),
    )
    assert told == answers.Ended(End.LAPSED, "APO-12 is closed")
    noted = answers.with_note(one, Ticket(closed=False, unknown="the token was refused"))
    assert noted.note == "APO-12 cannot be checked: the token was refused"


def test_what_a_resolved_finding_leaves_of_its_answers() -> None:
    gone = State.RESOLVED
    assert over(said(Kind.ACKNOWLEDGE), state=gone) is End.RESOLVED
    assert over(said(Kind.ACCEPT, until=TODAY), state=gone) is None
    assert over(said(Kind.SNOOZE, until=TODAY), state=gone) is None
    assert over(said(Kind.SNOOZE, until_worse=True), state=gone) is End.RESOLVED
    assert over(said(Kind.NOT_USEFUL), state=gone) is None


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (None, Place.TOLD),
        (Kind.AGREE, Place.TOLD),
        (Kind.ACKNOWLEDGE, Place.SHORT),
        (Kind.SNOOZE, Place.SNOOZED),
        (Kind.ACCEPT, Place.ACCEPTED),
        (Kind.NOT_USEFUL, Place.NOT_USEFUL),
    ],
)
def test_where_an_answer_sends_a_finding(kind: AnswerKind | None, place: Place) -> None:
    answer = said(kind) if kind is not None else None
    assert answers.place(finding(state=State.ONGOING, answer=answer)) is place
    blind = answers.place(blind_spot(state=State.ONGOING, answer=answer))
    assert blind is (Place.TOLD if place is Place.TOLD else Place.SHORT)
    assert answers.place(finding(state=State.SUPPRESSED, answer=answer)) is Place.HELD_BACK


@pytest.mark.parametrize("state", [State.WORSENED, State.REGRESSED])
def test_bad_news_of_what_somebody_took_is_told(state: FindingState) -> None:
    held = finding(state=state, answer=said(Kind.ACKNOWLEDGE))
    assert answers.place(held) is Place.TOLD


def test_the_newest_answer_counts_and_agreement_moves_nothing() -> None:
    first = said(Kind.SNOOZE, until=TODAY + DAY, id=1)
    second = said(Kind.ACCEPT, until=TODAY + DAY, at=NOW + timedelta(hours=1), id=2)
    third = said(Kind.AGREE, at=NOW + timedelta(hours=2), id=3)
    assert answers.in_force([third, second, first], NOW)["f"] == first
    assert answers.in_force([third, second, first], NOW + DAY)["f"] == second
    ended = replace(second, ended_at=NOW + DAY)
    assert answers.in_force([ended], NOW + DAY) == {}
    assert answers.in_force([ended], NOW + timedelta(hours=1))["f"] == ended


def test_what_was_known_then_knows_no_later_end() -> None:
    one = said(ended_at=NOW + DAY, end=End.LAPSED, ended_reason="its time ended")
    (then,) = answers.known_at([one, said(at=NOW + 2 * DAY)], NOW)
    assert (then.ended_at, then.end, then.ended_reason) == (None, None, None)
    (now,) = answers.known_at([one], NOW + DAY)
    assert now == one


# --- ends -------------------------------------------------------------------------------------


def test_an_acceptance_without_a_day_ends_after_thirty() -> None:
    assert answers.until_day(Kind.ACCEPT, None, TODAY) == TODAY + 30 * DAY
    assert answers.until_day(Kind.SNOOZE, None, TODAY) is None
    assert answers.until_day(Kind.ACCEPT, TODAY, TODAY) == TODAY
    assert answers.until_day(Kind.ACCEPT, TODAY + 180 * DAY, TODAY) == TODAY + 180 * DAY


@pytest.mark.parametrize("days", [-1, 181])
def test_no_answer_ends_in_the_past_or_too_late(days: int) -> None:
    with pytest.raises(UsageError, match=r"--until: .* (is over|180 days away)"):
        answers.until_day(Kind.ACCEPT, TODAY + days * DAY, TODAY)


# --- precision --------------------------------------------------------------------------------


def judged(useful: int, useless: int, detector: str = "plan.overdue") -> list[Answer]:
    return [
        said(
            Kind.ACKNOWLEDGE if number < useful else Kind.NOT_USEFUL,
            fingerprint=f"{detector}-{number}",
            detector=detector,
            at=NOW + timedelta(minutes=number),
            id=number + 1,
        )
        for number in range(useful + useless)
    ]


@pytest.mark.parametrize(
    ("useful", "useless", "low"),
    [(24, 6, False), (23, 7, True), (22, 7, False), (79, 20, True), (80, 20, False)],
)
def test_below_eighty_percent_of_thirty_a_detector_is_told_in_the_page_only(
    useful: int, useless: int, low: bool
) -> None:
    (told,) = answers.precision(judged(useful, useless))
    assert (told.useful, told.judged, told.is_low) == (useful, useful + useless, low)
    assert bool(answers.demotions(judged(useful, useless))) is low


def test_the_judgement_that_sent_a_detector_to_the_page_is_told() -> None:
    many = judged(20, 15)
    (one,) = answers.demotions(many)
    # Twenty useful ones, then others: 30 are reached with ten of these.
    assert one.since == NOW + timedelta(minutes=29)
    assert (one.useful, one.judged) == (20, 35)


def test_a_blind_spot_is_never_sent_to_the_page() -> None:
    assert answers.demotions(judged(0, 40, "data.blind-spot")) == ()


def test_what_somebody_last_said_counts_once_and_files_and_snoozes_do_not() -> None:
    first = said(Kind.NOT_USEFUL, id=1)
    second = said(Kind.ACKNOWLEDGE, id=2, at=NOW + DAY)
    other = said(Kind.AGREE, id=3, author="bo")
    snooze = said(Kind.SNOOZE, id=4, author="cy")
    of_file = said(Kind.ACCEPT, id=5, author="di", source="file")
    back = said(Kind.NOT_USEFUL, id=6, author="ed", end=End.WITHDRAWN)
    (told,) = answers.precision([first, second, other, snooze, of_file, back])
    assert (told.useful, told.judged) == (2, 2)


# --- properties -------------------------------------------------------------------------------

_answers = st.one_of(
    st.none(),
    st.builds(
        said,
        kind=st.sampled_from(AnswerKind),
        until=st.one_of(st.none(), st.dates(TODAY - 9 * DAY, TODAY + 9 * DAY)),
        until_worse=st.booleans(),
        ticket=st.sampled_from([None, "APO-1"]),
    ),
)


@given(
    answer=_answers.filter(lambda one: one is not None),
    days=st.integers(-20, 20),
    state=st.sampled_from(FindingState),
    severity=st.sampled_from(Severity),
    magnitude=st.floats(0, 1e6),
)
def test_no_answer_outlives_its_end(
    answer: Answer, days: int, state: FindingState, severity: Severity, magnitude: float
) -> None:
    today = TODAY + days * DAY
    end = over(answer, today=today, state=state, severity=severity, magnitude=magnitude)
    if answer.until is not None and today > answer.until:
        assert end is End.LAPSED
    worse = answer.until_worse and answers.is_worse(answer, severity, magnitude)
    if worse and state not in (State.RESOLVED, State.NOT_CHECKED):
        assert end is not None


@given(answer=_answers, state=st.sampled_from(FindingState), blind=st.booleans())
def test_every_open_finding_has_one_place_and_a_blind_spot_is_never_quiet(
    answer: Answer | None, state: FindingState, blind: bool
) -> None:
    one = (blind_spot if blind else finding)(state=state, answer=answer)
    place = answers.place(one)
    assert place in Place
    if blind:
        assert place in (Place.TOLD, Place.SHORT, Place.HELD_BACK)
        assert not answers.is_quiet(one)
