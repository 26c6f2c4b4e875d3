"""Totals of a JUnit XML report."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.errors import UsageError
from sync.verdict.report_xml import Event, whole

ROOTS = ("testsuites", "testsuite")
#: Marks of a test case that says that it did not run.
_NOT_RUN = ("notrun", "disabled", "skipped", "ignored")


@dataclass(frozen=True, slots=True)
class Totals:
    """How many tests a report tells of."""

    total: int
    failed: int
    skipped: int


@dataclass
class _Suite:
    #: what it says of itself, and the sum of what the suites in it say.
    said: tuple[int, int, int] | None
    cases: int = 0
    inner: list[tuple[int, int, int]] = field(default_factory=list)


def read(events: Iterable[Event], where: str) -> Totals:
    """Count the test cases, each once, however deep suites lie in one another.

    A suite that lists no case counts by what it says of itself. A failure that a suite tells of
    and no case shows (its setup failed) counts all the same: it is never hidden by a list of
    passes. A case that failed and passed when it was run again passed. Raises UsageError.
    """
    total = failed = skipped = most_failed = 0
    suites: list[_Suite] = []
    case: dict[str, bool] | None = None
    for event, name, element in events:
        if event == "start":
            if name in ROOTS:
                suites.append(_Suite(_said(element, where)))
            elif name == "testcase":
                if not suites:
                    raise UsageError("a test case stands outside of every suite", where=where)
                case = {"skipped": element.get("status", "").lower() in _NOT_RUN}
            elif case is not None and name in ("failure", "error", "skipped"):
                case[name] = True
            continue
        if name == "testcase" and case is not None:
            red = "failure" in case or "error" in case
            total += 1
            failed += red
            skipped += case["skipped"] and not red
            suites[-1].cases += 1
            case = None
        elif name in ROOTS:
            suite = suites.pop()
            tests, bad, left = suite.said or (0, 0, 0)
            most_failed = max(most_failed, bad)
            if not suite.cases and not suite.inner:
                total, failed, skipped = total + tests, failed + bad, skipped + left
            if suites and (suite.cases or suite.inner or suite.said):
                suites[-1].inner.append(suite.said or (suite.cases, 0, 0))
    failed = max(failed, most_failed)
    return Totals(max(total, failed), failed, skipped)


def _said(element: object, where: str) -> tuple[int, int, int] | None:
    tests = whole(element, "tests", where)
    red = (whole(element, "failures", where) or 0) + (whole(element, "errors", where) or 0)
    left = [whole(element, one, where) for one in ("skipped", "skip", "disabled")]
    skipped = max((one for one in left if one is not None), default=0)
    if tests is None and not red:
        return None
    return max(tests or 0, red), red, skipped
