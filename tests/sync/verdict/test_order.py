"""The order of the grades: for every pair the weaker one decides, and what is shown of it."""

from itertools import product

import pytest
from support.ladder import earning, facts

from sync.verdict.judge import judge
from sync.verdict.names import Grade, Verdict

#: The order as the specification writes it.
ORDER = (
    "FAILED < NONE < NOT-RUN < STALE < PREVIEW-STALE < BATCHED(n>1) < HEAD < PREVIEW < BATCHED(1) "
    "< EXACT-AFTER < EXACT"
)
WRITTEN = {
    "FAILED": Grade.FAILED,
    "NONE": Grade.NONE,
    "NOT-RUN": Grade.NOT_RUN,
    "STALE": Grade.STALE,
    "PREVIEW-STALE": Grade.PREVIEW_STALE,
    "BATCHED(n>1)": Grade.BATCHED_MANY,
    "HEAD": Grade.HEAD,
    "PREVIEW": Grade.PREVIEW,
    "BATCHED(1)": Grade.BATCHED_ONE,
    "EXACT-AFTER": Grade.EXACT_AFTER,
    "EXACT": Grade.EXACT,
}
ORDERED = [WRITTEN[name] for name in ORDER.split(" < ")]
OUTSIDE = [Grade.LATE, Grade.UNKNOWN]
#: What is shown where a grade is the weakest of grades that are all successes.
SHOWN = {
    Grade.STALE: Verdict.STALE,
    Grade.PREVIEW_STALE: Verdict.STALE,
    Grade.BATCHED_MANY: Verdict.STALE,
    Grade.HEAD: Verdict.TESTED_AT_HEAD,
    Grade.PREVIEW: Verdict.TESTED_AT_HEAD,
    Grade.BATCHED_ONE: Verdict.TESTED_AFTER,
    Grade.EXACT_AFTER: Verdict.TESTED_AFTER,
    Grade.EXACT: Verdict.TESTED,
}
NOTHING = {Grade.NONE, Grade.NOT_RUN}


def shown(first: Grade, second: Grade) -> Verdict:
    """The table of verdicts, written out for two checks."""
    pair = {first, second}
    if Grade.FAILED in pair:
        return Verdict.MERGED_RED
    if pair & set(OUTSIDE):
        return Verdict.UNKNOWN
    if pair <= NOTHING:
        return Verdict.NOT_TESTED
    if pair & NOTHING:
        return Verdict.PARTIAL
    return SHOWN[min(pair, key=ORDERED.index)]


def test_every_grade_has_its_place() -> None:
    assert list(Grade) == ORDERED + OUTSIDE
    assert [one.rank for one in ORDERED] == list(range(11))
    for one in OUTSIDE:
        assert not one.is_ordered
        with pytest.raises(ValueError, match="no place in the order"):
            _ = one.rank
    assert [one for one in Grade if one.is_success] == ORDERED[3:]


@pytest.mark.parametrize("grade", list(Grade), ids=str)
def test_evidence_earns_its_grade(grade: Grade) -> None:
    judgement = judge(facts(*earning(grade, "unit"), expected=frozenset({"unit"})))
    assert [one.grade for one in judgement.checks] == [grade]
    assert judgement.verdict is shown(grade, grade)


@pytest.mark.parametrize(("first", "second"), list(product(Grade, Grade)), ids=str)
def test_of_two_checks_the_weaker_decides(first: Grade, second: Grade) -> None:
    checks = (*earning(first, "unit"), *earning(second, "e2e"))
    judgement = judge(facts(*checks, expected=frozenset({"unit", "e2e"})))
    held = {one.name: one.grade for one in judgement.checks}
    assert held == {"unit": first, "e2e": second}
    assert judgement.verdict is shown(first, second)
    weakest = judgement.weakest
    assert weakest is not None
    if first.is_ordered and second.is_ordered:
        assert weakest.grade is min(first, second, key=ORDERED.index)
    elif Grade.FAILED in (first, second):
        assert weakest.grade is Grade.FAILED
    else:
        assert weakest.grade in OUTSIDE


@pytest.mark.parametrize(
    ("grade", "label"),
    [
        *((grade, name) for name, grade in WRITTEN.items() if "BATCHED" not in name),
        (Grade.BATCHED_ONE, "BATCHED(1)"),
        (Grade.BATCHED_MANY, "BATCHED(3)"),
        (Grade.LATE, "LATE"),
        (Grade.UNKNOWN, "UNKNOWN"),
    ],
)
def test_grades_are_shown_as_they_are_written(grade: Grade, label: str) -> None:
    (one,) = judge(facts(*earning(grade, "unit"), expected=frozenset({"unit"}))).checks
    assert one.label == label
