"""The words for what was tested, and their order."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Grade(StrEnum):
    """How good the evidence of one check is, weakest first."""

    FAILED = "failed"
    #: it is expected here and left no trace.
    NONE = "none"
    #: skipped, cancelled, awaiting approval, no test executed, or allowed to fail and failed.
    NOT_RUN = "not_run"
    #: success on an earlier commit of the change.
    STALE = "stale"
    #: success on a preview of the merge, whose base moved under files of the change, or is old.
    PREVIEW_STALE = "preview_stale"
    #: no success of its own; a later green run of the branch holds it and several other changes.
    BATCHED_MANY = "batched_many"
    #: success on the head of the change, whose tree is not the one that landed.
    HEAD = "head"
    #: success on a preview of the merge; what moved since touches nothing of the change.
    PREVIEW = "preview"
    #: no success of its own; a later green run of the branch holds it and one other change.
    BATCHED_ONE = "batched_one"
    #: success on what landed, after it landed.
    EXACT_AFTER = "exact_after"
    #: success on what landed, or on an equal tree, before it landed.
    EXACT = "exact"
    #: outside the order: it still runs.
    LATE = "late"
    #: outside the order: not read, or not understood.
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """Place in the order, 0 for the weakest. Raises ValueError for what is outside of it."""
        found = _RANKS.get(self)
        if found is None:
            raise ValueError(f"the grade {self.value} has no place in the order")
        return found

    @property
    def is_ordered(self) -> bool:
        """Whether it has a place in the order: how it ended is known."""
        return self in _RANKS

    @property
    def is_success(self) -> bool:
        """Whether a test ran and passed somewhere."""
        return self in _SUCCESSES


_RANKS: Final[Mapping[Grade, int]] = {
    grade: place
    for place, grade in enumerate(Grade)
    if grade is not Grade.LATE and grade is not Grade.UNKNOWN
}
_SUCCESSES = frozenset(one for one, place in _RANKS.items() if place >= _RANKS[Grade.STALE])


class Verdict(StrEnum):
    """What is shown of a change that landed, best first."""

    TESTED = "tested"
    TESTED_AFTER = "tested_after"
    TESTED_AT_HEAD = "tested_at_head"
    STALE = "stale"
    PARTIAL = "partial"
    EXEMPT = "exempt"
    UNKNOWN = "unknown"
    NO_CI = "no_ci"
    NOT_TESTED = "not_tested"
    MERGED_RED = "merged_red"

    @property
    def says_tested(self) -> bool:
        """Whether it claims that every expected test passed on the commit that counts."""
        return self in (Verdict.TESTED, Verdict.TESTED_AFTER, Verdict.TESTED_AT_HEAD)


class Mark(StrEnum):
    """What else is to be said of a check's evidence."""

    #: failed and then passed on the same commit.
    FLAKY = "flaky"
    #: failed, and was allowed to.
    ALLOWED = "allowed"
    #: waits for somebody's approval.
    BLOCKED = "blocked"
    #: a run has not ended.
    PENDING = "pending"
    #: success without a single test executed.
    NO_TESTS = "no_tests"
    #: what landed also changes files that the change does not touch: it may take back others' work.
    TAKES_BACK = "takes_back"
    #: the run that decided holds other changes too: whose doing its end is, is not told.
    SHARED = "shared"


class Gate(StrEnum):
    """Whether merging had to wait for the tests."""

    #: every test of the change was required, and satisfied before it landed.
    GATED = "gated"
    #: some were required, and these were satisfied.
    PARTLY = "partly_gated"
    #: none was required.
    NOT_GATED = "not_gated"
    #: a required test was not satisfied, and it landed all the same.
    BYPASSED = "bypassed"


class Review(StrEnum):
    """Whether another person approved what was merged."""

    #: approved at the head that was merged.
    REVIEWED = "reviewed"
    #: approved, and pushed to afterwards.
    STALE_APPROVAL = "stale_approval"
    NOT_REVIEWED = "not_reviewed"


class Depth(StrEnum):
    """What tells how much a check executed, least first."""

    #: the check's conclusion alone.
    CHECK = "check"
    #: a test report with counts.
    COUNTS = "counts"
    #: coverage too.
    COVERAGE = "coverage"


class Subject(StrEnum):
    """What landed."""

    CHANGE = "change"
    #: commits pushed to the branch without a change request; judged on what landed alone.
    DIRECT_PUSH = "direct_push"
