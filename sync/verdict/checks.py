"""Rows of check results as checks: which is which, and which count as tests; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.vocabulary import Conclusion
from sync.verdict.change_facts import CheckFact
from sync.verdict.classify import CheckName, TestCheck, classify


@dataclass(frozen=True, slots=True)
class Check:
    """One attempt of one check on one commit."""

    #: name, with its workflow or stage where another check has the same name.
    label: str
    name: str
    app: str | None
    stage: str | None
    fact: CheckFact


@dataclass(frozen=True, slots=True)
class Named:
    """A check of a repository, and whether it counts as a test."""

    label: str
    name: str
    test: TestCheck
    #: results of it that are held.
    results: int


def labelled(rows: Iterable[Mapping[str, Any]]) -> list[Check]:
    """Rows of `check_result` as checks, each told from its namesakes.

    A job and the check run that shows it have one id: they are one result, told in two places.
    Where a run's workflow is not told and one workflow only is known to have a check of this name,
    it is that one: taken for another check, an old failure would outlive the success of its own.
    """
    told: dict[tuple[str, str], Mapping[str, Any]] = {}
    others: list[Mapping[str, Any]] = []
    for row in sorted(rows, key=lambda one: (one["source"], one["source_id"])):
        if row["source"] == "status":
            others.append(row)
            continue
        key = (row["source_id"], row["sha"])
        told[key] = _merged(told[key], row) if key in told else row
    every = _in_workflows([*others, *told.values()])
    where: dict[str, set[str]] = {}
    for row in every:
        where.setdefault(row["name"], set()).add(_surroundings(row))
    return [_check(row, alone=len(where[row["name"]]) == 1) for row in every]


def _in_workflows(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Results of runs, with the only workflow that their name is known from."""
    known: dict[str, set[str]] = {}
    for row in rows:
        if row["run_id"] and row["stage"]:
            known.setdefault(row["name"], set()).add(row["stage"])
    found: list[Mapping[str, Any]] = []
    for row in rows:
        stages = known.get(row["name"], set())
        is_untold = row["run_id"] and not row["stage"] and len(stages) == 1
        found.append({**row, "stage": min(stages)} if is_untold else row)
    return found


def _surroundings(row: Mapping[str, Any]) -> str:
    return row["stage"] or row["app"] or ""


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """One result told twice: what one leaves out the other may know; the one that ended counts."""
    pending = Conclusion.PENDING.value
    newer, older = (
        (first, second)
        if second["conclusion"] == pending and first["conclusion"] != pending
        else (second, first)
    )
    merged = {name: older[name] if newer[name] is None else newer[name] for name in newer}
    for name in ("allow_failure", "is_superseded"):
        merged[name] = bool(older[name]) or bool(newer[name])
    return merged


def _check(row: Mapping[str, Any], *, alone: bool) -> Check:
    name, around = row["name"], _surroundings(row)
    label = name if alone or not around else f"{name} [{around}]"
    return Check(
        label,
        name,
        row["app"],
        row["stage"],
        CheckFact(
            name=label,
            sha=row["sha"],
            conclusion=Conclusion(row["conclusion"]),
            # An attempt that the vendor calls superseded goes before one that it does not.
            attempt=2 * row["attempt"] + (0 if row["is_superseded"] else 1),
            allow_failure=bool(row["allow_failure"]),
            created_at=row["created_at"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            tests_total=row["tests_total"],
            tests_failed=row["tests_failed"],
            tests_skipped=row["tests_skipped"],
            source_id=row["source_id"],
            source=row["source"],
        ),
    )


def name_tests(checks: Iterable[Check], said: Mapping[str, bool]) -> list[Named]:
    """Whether each of these checks counts as a test; a person's word goes by label or name."""
    by_label: dict[str, list[Check]] = {}
    for one in checks:
        by_label.setdefault(one.label, []).append(one)
    named = []
    for label, mine in sorted(by_label.items()):
        first = mine[0]
        # Spoken of while another check had its name, it was called by its surroundings too.
        full = f"{first.name} [{first.stage or first.app}]"
        word = next((said[one] for one in (label, full, first.name) if one in said), None)
        found = classify(
            CheckName(
                first.name,
                first.app,
                first.stage,
                has_report=any(one.fact.tests_total for one in mine),
            ),
            {} if word is None else {first.name: word},
        )
        named.append(Named(label, first.name, found, len(mine)))
    return named
