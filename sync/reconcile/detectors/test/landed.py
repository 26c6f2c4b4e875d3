"""What the detectors of this family share: landed changes with their verdicts, and their words."""

from collections.abc import Container, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sync.reconcile import changes, trunk
from sync.reconcile.changes import ChangeLine, Pair, VerdictLine
from sync.reconcile.contract import Channel, Evidence
from sync.reconcile.own_failure import fails_by_itself
from sync.reconcile.view import View
from sync.reconcile.words import count, day_of
from sync.verdict.coverage import Covered
from sync.verdict.names import Grade

#: Streams that a judgement of tests rests on, per connector.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "github": ("changes", "change_details"),
    "gitlab": ("changes", "change_details", "runs", "jobs"),
}

#: A failure that was there before is told once, with the branch.
YIELDS: Mapping[str, str] = {
    "test.trunk-red": "its branch was red before it landed, and that is told for the branch"
}

#: A check that should have run and did not.
LACKING = (Grade.NONE.value, Grade.NOT_RUN.value)
FAILED = (Grade.FAILED.value,)

_GRADES = {
    Grade.FAILED.value: "failed",
    Grade.NONE.value: "left no trace",
    Grade.NOT_RUN.value: "did not run",
    Grade.STALE.value: "passed on an earlier commit",
    Grade.PREVIEW_STALE.value: "passed on a merge that may differ from what landed",
    Grade.BATCHED_MANY.value: "passed on a later run that holds other changes too",
    Grade.HEAD.value: "passed on the head, not on what landed",
    Grade.PREVIEW.value: "passed on a preview of the merge",
    Grade.BATCHED_ONE.value: "passed on a later run that holds one other change",
    Grade.EXACT_AFTER.value: "passed after it landed",
    Grade.EXACT.value: "passed",
    Grade.LATE.value: "has not ended",
    Grade.UNKNOWN.value: "is not known to have ended",
}


def recent(view: View, days: float) -> list[VerdictLine]:
    """Verdicts of what landed in so many days before the view's instant, oldest first."""
    return changes.verdicts(view, view.as_of - timedelta(days=days))


def channel(confirmed: frozenset[Pair], one: ChangeLine) -> Channel:
    """Only where a person said which checks are tests, others than the reader get to see it."""
    said = (one.connection_id, one.scope_id) in confirmed
    return Channel.MAILED if said else Channel.DIGEST


def said(confirmed: frozenset[Pair], repository: Pair) -> Channel:
    """The same for what is about a repository."""
    return Channel.MAILED if repository in confirmed else Channel.DIGEST


def inherited(view: View, one: VerdictLine) -> tuple[str, ...]:
    """Where a failure belongs to: the repository, if its branch failed so before the change landed.

    What began it is told for itself, and so is what the branch does not explain: another check, and
    one that failed on the change before.
    """
    failed = graded(one, FAILED)
    repository = (one.change.connection_id, one.change.scope_id)
    for each in trunk.trunks_of(view):
        if each.repository != repository or not each.inherits(
            one.change.id, failed or graded(one, LACKING)
        ):
            continue
        if not failed or not fails_by_itself(view, each, one.change, failed):
            return (f"repository:{repository[1]}",)
    return ()


def graded(one: VerdictLine, grades: Container[str]) -> list[str]:
    """Checks of a change with one of these grades, by name."""
    return sorted(name for name, grade in one.grades.items() if grade in grades)


def uncovered(one: VerdictLine, told: Covered | None) -> tuple[Evidence, ...]:
    """Lines that a change altered and no test executed, file by file."""
    if told is None:
        return ()
    change = one.change
    found = [
        Evidence(
            f"{path}: {count(len(lines), 'changed line')} did not run",
            source=change.subject,
            restricted=change.restricted,
        )
        for path, lines in sorted(told.uncovered.items(), key=lambda pair: -len(pair[1]))
    ]
    if told.lines is not None and told.reason is not None:
        found.append(Evidence(told.reason, source=change.subject, restricted=change.restricted))
    return tuple(found[:10])


def proofs(one: VerdictLine) -> tuple[Evidence, ...]:
    """When it landed, then each check in a line of its own."""
    change = one.change
    landed = change.evidence("landed", change.merged_at)
    checks = [
        Evidence(f"{name} {_GRADES[grade]}", source=change.subject, restricted=change.restricted)
        for name, grade in sorted(one.grades.items(), key=lambda pair: (order(pair[1]), pair[0]))
    ]
    return (landed, *checks[:20])


def order(grade: str) -> int:
    """Weakest first; what is not known before all."""
    found = Grade(grade)
    return found.rank if found.is_ordered else -1


def in_words(grade: str) -> str:
    """What happened to a check, after its name."""
    return _GRADES[grade]


def words(view: View, one: ChangeLine) -> dict[str, Any]:
    """Values that the templates of this family name."""
    repository = changes.path(view, (one.connection_id, one.scope_id))
    return {
        "change": one.label,
        "repository": repository,
        "landed": f"on {day_of(one.merged_at, view.calendar)}" if one.merged_at else "",
    }


def due_soon(view: View, working_days: int) -> dict[Pair, date]:
    """Changes that work on an item of a judged open milestone due so soon, and when it is due."""
    soon: dict[Pair, date] = {}
    for facts in view.judged:
        due = facts.due_date
        if due is None or not facts.state.is_open or due < view.today:
            continue
        if view.calendar.between(view.today, due) > working_days:
            continue
        (plan,) = view.plans([facts])
        for id_ in plan.leaves:
            held = soon.get((facts.connection_id, id_))
            soon[facts.connection_id, id_] = min(due, held) if held is not None else due
    return _of_changes(soon, changes.links(view)) if soon else {}


def _of_changes(items: Mapping[Pair, date], links: Iterable[changes.LinkLine]) -> dict[Pair, date]:
    found: dict[Pair, date] = {}
    for link in links:
        due = items.get(link.to) if link.to_kind == "work_item" else None
        if due is not None and not link.ambiguous:
            found[link.change] = min(due, found.get(link.change, due))
    return found
