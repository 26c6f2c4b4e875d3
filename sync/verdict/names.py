"""The words for what was tested, and their order."""

from enum import StrEnum


class Grade(StrEnum):
    """How good the evidence of one check is, weakest first."""

    FAILED = "failed"
    #: it is expected here and left no trace.
    NONE = "none"
    #: skipped, cancelled, awaiting approval, no test executed, or allowed to fail and failed.
    NOT_RUN = "not_run"
    #: success on an earlier commit of the change.
    STALE = "stale"
    #: success on a preview of the merge that may differ from what landed.
    PREVIEW_STALE = "preview_stale"
    #: success on the head of the change, whose tree is not the one that landed.
    HEAD = "head"
    #: success on a preview of the merge, on the base that it landed on.
    PREVIEW = "preview"
    #: success on what landed, after it landed.
    EXACT_AFTER = "exact_after"
    #: success on what landed, or on an equal tree, before it landed.
    EXACT = "exact"
    #: outside the order: still running, or not understood.
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """Place in the order, 0 for the weakest; `unknown` has none. Raises ValueError for it."""
        if self is Grade.UNKNOWN:
            raise ValueError("an unknown grade has no place in the order")
        return _RANKS[self]

    @property
    def is_success(self) -> bool:
        """Whether a test ran and passed somewhere."""
        return self is not Grade.UNKNOWN and self.rank >= Grade.STALE.rank


_RANKS = {grade: place for place, grade in enumerate(Grade)}


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
