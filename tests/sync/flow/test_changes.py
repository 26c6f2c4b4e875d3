"""How long changes take by size, and whom an open one waits on."""

from datetime import UTC, datetime, timedelta

import pytest

from mappings.vocabulary import Conclusion, ReviewVerdict
from sync.flow.changes import Expected, Party, Review, SizeClass, expected, size_class, waiting_on

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
ASKED, APPROVED = ReviewVerdict.CHANGES_REQUESTED, ReviewVerdict.APPROVED


def said(verdict: ReviewVerdict, day: int, by: str = "ben") -> Review:
    """What a reviewer said so many days after it was opened."""
    return Review(by, verdict, DAY + timedelta(days=day))


@pytest.mark.parametrize(
    ("lines", "size"),
    [
        (0, SizeClass.TINY),
        (10, SizeClass.TINY),
        (11, SizeClass.SMALL),
        (50, SizeClass.SMALL),
        (51, SizeClass.MIDDLE),
        (250, SizeClass.MIDDLE),
        (251, SizeClass.LARGE),
        (1000, SizeClass.LARGE),
        (1001, SizeClass.HUGE),
        (None, None),
    ],
)
def test_size_classes(lines: int | None, size: SizeClass | None) -> None:
    assert size_class(lines) is size


def test_of_its_size_where_enough_landed() -> None:
    landed: dict[SizeClass | None, list[float]] = {
        SizeClass.TINY: [1.0] * 20,
        SizeClass.HUGE: [9.0] * 20,
    }
    assert expected(landed, SizeClass.TINY, share=0.85, least=20) == Expected(
        1.0, SizeClass.TINY, 20
    )


def test_of_any_size_where_too_few_of_its_own_landed() -> None:
    landed = {SizeClass.TINY: [1.0] * 19, None: [9.0] * 21}
    found = expected(landed, SizeClass.TINY, share=0.85, least=20)
    assert found == Expected(9.0, None, 40)


def test_unknown_where_too_few_of_any_landed() -> None:
    assert expected({SizeClass.TINY: [1.0] * 19}, SizeClass.TINY, share=0.85, least=20) is None
    assert expected({}, None, share=0.85, least=20) is None


def test_red_checks_go_before_what_reviewers_say() -> None:
    found = waiting_on([said(APPROVED, 1)], [Conclusion.SUCCESS, Conclusion.FAILURE], None)
    assert found.party is Party.AUTHOR


def test_checks_that_have_not_ended() -> None:
    assert waiting_on([], [Conclusion.SUCCESS, Conclusion.PENDING], None).party is Party.CI


def test_unread_reviews_are_no_missing_reviews() -> None:
    assert waiting_on(None, [], None).party is Party.UNKNOWN
    assert waiting_on([], [], None).party is Party.REVIEW


def test_a_comment_is_no_answer() -> None:
    assert waiting_on([said(ReviewVerdict.COMMENTED, 1)], [], None).party is Party.REVIEW


def test_the_last_word_of_each_reviewer_counts() -> None:
    assert waiting_on([said(APPROVED, 2), said(ASKED, 1)], [], None).party is Party.MERGE
    assert waiting_on([said(APPROVED, 1), said(ASKED, 2)], [], None).party is Party.AUTHOR
    other = [said(APPROVED, 3, "cid"), said(ASKED, 1)]
    assert waiting_on(other, [], None).party is Party.AUTHOR


def test_a_word_that_was_taken_back_counts_no_more() -> None:
    taken = [said(ASKED, 1), said(ReviewVerdict.DISMISSED, 2)]
    assert waiting_on(taken, [], None).party is Party.REVIEW


def test_who_asked_looks_again_after_a_push() -> None:
    pushed = DAY + timedelta(days=2)
    assert waiting_on([said(ASKED, 1)], [], pushed).party is Party.REVIEW
    assert waiting_on([said(ASKED, 3)], [], pushed).party is Party.AUTHOR
    both = [said(ASKED, 1), said(ASKED, 3, "cid")]
    assert waiting_on(both, [], pushed).party is Party.AUTHOR


def test_parties_are_waited_on() -> None:
    assert waiting_on([], [], None).words.startswith("waiting on review: ")
    assert waiting_on(None, [], None).words == "waiting, and its reviews were not read"
