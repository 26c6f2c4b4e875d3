"""A change with a commit of every kind, and the evidence that earns each grade."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mappings.vocabulary import Conclusion, Origin
from sync.verdict.change_facts import ChangeFacts, CheckFact, Moved, Preview
from sync.verdict.names import Grade

MERGED = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEFORE, AFTER = MERGED - timedelta(minutes=30), MERGED + timedelta(minutes=30)
DAY = timedelta(days=1)

#: m landed on b; h was the head, c1 and c2 came before it. CI built previews: p on a base from
#: which nothing of the change moved, q on one from which its files moved, o on an old one, u on
#: one from which nobody knows what moved, s on b itself, r of an earlier head, t in a train with a
#: member that was thrown out. n1 and n3 came later, with one and three other changes.
CHANGE = ChangeFacts(
    landed_sha="m",
    head_sha="h",
    merged_at=MERGED,
    base_sha="b",
    commits=frozenset({"c1", "c2"}),
    previews={
        "p": Preview("b0", "h"),
        "q": Preview("b1", "h"),
        "o": Preview("b2", "h"),
        "u": Preview("b3", "h"),
        "s": Preview("b", "h"),
        "r": Preview("b", "c2"),
        "t": Preview("thrown", "h"),
    },
    moved={
        "b0": Moved(frozenset({"web/x.ts", "src/notes.md"}), MERGED - DAY),
        "b1": Moved(frozenset({"src/other.py"}), MERGED - DAY),
        "b2": Moved(frozenset({"web/x.ts"}), MERGED - 8 * DAY),
        "b3": Moved(None, MERGED - DAY),
        "thrown": Moved(frozenset(), MERGED - DAY, landed=False),
    },
    paths=frozenset({"src/app.py"}),
    later={"n1": 1, "n3": 3},
    required_since=MERGED - 9 * DAY,
    has_tests=True,
    tests_run_here=True,
)
#: The commit that landed and the head hold the same.
EQUAL = {"m": "tree", "h": "tree"}


def ran(
    sha: str = "m",
    conclusion: str = "success",
    name: str = "unit",
    at: datetime | None = BEFORE,
    **more: Any,
) -> CheckFact:
    """One attempt that began and ended at one instant."""
    fact = CheckFact(name, sha, Conclusion(conclusion), started_at=at, finished_at=at)
    return replace(fact, **more)


def built(base: str | None, conclusion: str = "success", **more: Any) -> CheckFact:
    """A run that is shown on the head and built its merge with a base."""
    known = None if base is None else Origin.OBSERVED
    told: dict[str, Any] = {"merged_base": base, "base_known": known, "builds_merge": True}
    return ran("h", conclusion, **{**told, **more})


def facts(*checks: CheckFact, **more: Any) -> ChangeFacts:
    """The change with these results."""
    return replace(CHANGE, checks=checks, **more)


def earning(grade: Grade, name: str) -> tuple[CheckFact, ...]:
    """Results that earn a check this grade on `CHANGE`; of NONE there are none."""
    where: dict[Grade, tuple[CheckFact, ...]] = {
        Grade.FAILED: (ran("m", "failure", name),),
        Grade.NONE: (),
        Grade.NOT_RUN: (ran("m", "skipped", name),),
        Grade.STALE: (ran("c1", name=name),),
        Grade.PREVIEW_STALE: (ran("q", name=name),),
        Grade.BATCHED_MANY: (ran("n3", name=name, at=AFTER),),
        Grade.HEAD: (ran("h", name=name),),
        Grade.PREVIEW: (ran("p", name=name),),
        Grade.BATCHED_ONE: (ran("n1", name=name, at=AFTER),),
        Grade.EXACT_AFTER: (ran("m", name=name, at=AFTER),),
        Grade.EXACT: (ran("m", name=name),),
        Grade.LATE: (ran("m", "pending", name),),
        Grade.UNKNOWN: (ran("m", "unknown", name),),
    }
    return where[grade]
