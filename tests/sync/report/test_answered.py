"""What a report says of answers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import reconciliations as given_

from sync.reconcile.contract import (
    Answer,
    AnswerEnd,
    AnswerKind,
    Channel,
    FindingState,
    Severity,
)
from sync.report import text
from sync.report.answered import in_words
from sync.report.build import build
from sync.report.data import ReportData

State = FindingState
TODAY = given_.AT.date()


def answer(kind: AnswerKind = AnswerKind.ACCEPT, name: str = "x", **more: Any) -> Answer:
    plain = Answer(
        f"fp-{name}", "plan.due-moved", kind, "ada", given_.AT, Severity.MEDIUM, 2.0, "the vendor"
    )
    return replace(plain, **more)


def report(*findings: Any, **changes: Any) -> ReportData:
    return build(given_.reconciliation(findings=findings, **changes))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "accepted by ada: the vendor"),
        ({"reason": None}, "accepted by ada"),
        ({"until": date(2025, 12, 31)}, "accepted by ada until 31 Dec: the vendor"),
        (
            {"until": date(2026, 1, 2), "until_worse": True, "ticket": "APO-1"},
            "accepted by ada until 2 Jan 2026, or until it gets worse, or until APO-1 is closed: "
            "the vendor",
        ),
        (
            {"note": "APO-1 cannot be checked"},
            "accepted by ada: the vendor (APO-1 cannot be checked)",
        ),
    ],
)
def test_an_answer_in_words(more: dict[str, Any], words: str) -> None:
    assert in_words(answer(**more), TODAY) == words


def test_what_is_accepted_leads_nothing_and_is_no_reason_to_send() -> None:
    high = given_.overdue("x", state=State.NEW, answer=answer(until=date(2025, 12, 20)))
    data = report(high)
    assert (data.kind, data.urgent, data.risks, data.actions) == ("quiet", (), (), ())
    assert "Release 3.1" not in data.subject
    assert data.answered.next_expiry == date(2025, 12, 20)
    assert data.answered.summary == (
        "1 accepted; the next answer ends after 20 Dec (Release 3.1 is 6 working days past due "
        "with 4 open items)"
    )
    assert data.verdict.sentence == (
        "No drift was found in what was checked, beyond 1 finding accepted, snoozed or called not "
        "useful."
    )


def test_what_somebody_took_still_counts_in_the_verdict_and_asks_nobody() -> None:
    high = given_.overdue("x", state=State.ONGOING, answer=answer(AnswerKind.ACKNOWLEDGE))
    data = report(high)
    assert data.verdict.word == "at risk"
    assert data.actions == ()
    assert [one.fingerprint for one in data.answered.short] == ["fp-x"]


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_a_blind_spot_is_told_whatever_was_answered(kind: AnswerKind) -> None:
    blind = given_.blind_spot("x", state=State.ONGOING, answer=answer(kind))
    data = report(blind, certificates=(given_.certificate(),))
    assert data.kind == "change"
    assert "what depends on it is not judged" in " ".join(data.verdict.why)
    assert blind.title in text.render(data)


def test_what_ended_is_told_once_with_its_reason() -> None:
    over = answer(
        ended_at=given_.AT - timedelta(days=1),
        end=AnswerEnd.LAPSED,
        ended_reason="APO-12 is closed",
    )
    standing = given_.finding("x", state=State.ONGOING)
    data = report(standing, ended_answers=(over,))
    assert data.answered.ended == (
        f"{standing.title}: no longer accepted (by ada), because APO-12 is closed",
    )
    assert data.kind == "change"
    assert "APO-12 is closed" in text.render(data)
    before = replace(over, ended_at=given_.BEFORE)
    assert report(standing, ended_answers=(before,)).answered.ended == ()
    assert report(ended_answers=(over,)).answered.ended == ()


def test_a_restricted_finding_shows_neither_its_answer_nor_its_end() -> None:
    hidden = given_.restricted_finding(
        "x", answer=answer(reason="the takeover of Globex", kind=AnswerKind.ACKNOWLEDGE)
    )
    over = answer(ended_at=given_.AT, end=AnswerEnd.LAPSED, ended_reason="APO-66 is closed")
    data = report(hidden, ended_answers=(over,))
    assert "Globex" not in repr(data)
    assert "APO-66" not in repr(data)


def test_a_hostile_reason_is_one_harmless_line() -> None:
    for bad in given_.HOSTILE:
        one = given_.finding("x", answer=answer(reason=bad, author=bad, ticket=bad))
        (item,) = report(one).answered.accepted
        assert item.answer is not None
        for told in (item.answer.words, item.answer.reason or "", item.answer.author):
            assert not set(told) & set("\r\n\x1b\u202e\ufeff")


_answers = st.one_of(
    st.none(),
    st.builds(
        answer,
        kind=st.sampled_from(AnswerKind),
        until=st.one_of(st.none(), st.just(date(2026, 1, 2))),
        at=st.just(datetime(2025, 12, 1, tzinfo=UTC)),
    ),
)
_open = [one for one in State if one not in (State.RESOLVED, State.SUPPRESSED)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(_open),
            st.sampled_from(Severity),
            st.sampled_from([Channel.MAILED, Channel.DIGEST]),
            _answers,
            st.booleans(),
        ),
        max_size=5,
    )
)
def test_every_open_finding_is_told_in_one_place_or_apart_from_it(
    drawn: list[tuple[FindingState, Severity, Channel, Answer | None, bool]],
) -> None:
    findings = [
        (given_.blind_spot if blind else given_.finding)(
            str(n), state=state, severity=severity, channel=channel, answer=given
        )
        for n, (state, severity, channel, given, blind) in enumerate(drawn)
    ]
    data = report(*findings)
    said = data.answered
    apart = [
        one.fingerprint
        for items in (said.short, said.accepted, said.snoozed, said.not_useful)
        for one in items
    ]
    groups = (*data.still_open, *data.digest)
    told = {
        one.fingerprint
        for one in (
            *data.risks,
            *data.changes.items,
            *(item for group in groups for item in group.items),
        )
    }
    assert len(apart) == len(set(apart))
    assert told | set(apart) == {one.fingerprint for one in findings}
    assert not told & set(apart)
    assert {one.fingerprint for one in data.findings} == {one.fingerprint for one in findings}
    assert not set(data.urgent) & set(apart)
    assert not {one.fingerprint for one in data.actions} & set(apart)
