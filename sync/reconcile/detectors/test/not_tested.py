"""A change landed, and no automated test evidence was found for it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sync.reconcile import changes
from sync.reconcile.changes import Pair, VerdictLine
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.detectors.test import landed
from sync.reconcile.evidence_of import own
from sync.reconcile.view import View
from sync.reconcile.words import about_percent, capped, count
from sync.verdict.names import Verdict

ID = "test.not-tested"
#: Followed by the name of the rule.
EXEMPT = "exempt"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """What landed lately without a test, and repositories that show none at all."""
    verdicts = landed.recent(view, thresholds["days"])
    confirmed = changes.confirmed(view)
    soon = landed.due_soon(view, thresholds["due_days"])
    mine = [one for one in verdicts if one.verdict is Verdict.NOT_TESTED]
    touched = own(view, {one.change.pair: one.change for one in mine})
    for one in mine:
        yield _found(view, one, thresholds, confirmed, soon, touched.get(one.change.pair))
    yield from _without_tests(view, verdicts, confirmed)
    yield from _of_rules(view, verdicts, thresholds)


def _found(
    view: View,
    one: VerdictLine,
    thresholds: Mapping[str, Any],
    confirmed: frozenset[Pair],
    soon: Mapping[Pair, Any],
    touched: tuple[int | None, bool] | None,
) -> Found:
    change = one.change
    lines, is_production = (change.lines, False) if touched is None else touched
    large = lines is not None and lines > thresholds["high_over_lines"]
    severity = Severity.HIGH if large or is_production else Severity.MEDIUM
    if change.pair in soon:
        severity = Severity.CRITICAL
    size = f" It touches {count(change.lines, 'line')}." if change.lines is not None else ""
    blocked = " A run waits for somebody's approval." if "blocked" in one.marks else ""
    said = (change.connection_id, change.scope_id) in confirmed
    hint = (
        ""
        if said
        else f" Nobody has confirmed yet which checks of {changes.path(view, _repository(one))} "
        "are tests."
    )
    return Found(
        subject=change.subject,
        severity=severity,
        magnitude=float(change.lines or 1),
        values={
            **landed.words(view, change),
            "title": f"{change.label} landed, no automated test evidence found",
            "size": size + blocked,
            "hint": hint,
            "who": f"whoever answers for {changes.path(view, _repository(one))}",
            "remedy": (
                "Run the tests on what landed, or say why it needs none."
                if said
                else "Look whether something tests it that is not listed: driftline tests "
                f"{changes.path(view, _repository(one))}"
            ),
        },
        evidence=landed.proofs(one),
        connection_id=change.connection_id,
        channel=landed.channel(confirmed, change),
    )


def _repository(one: VerdictLine) -> Pair:
    return (one.change.connection_id, one.change.scope_id)


def _without_tests(
    view: View, verdicts: Iterable[VerdictLine], confirmed: frozenset[Pair]
) -> Iterable[Found]:
    """One finding for a repository of which no check is a test, and none for each change."""
    held: dict[Pair, list[VerdictLine]] = {}
    for one in verdicts:
        held.setdefault(_repository(one), []).append(one)
    for repository, mine in sorted(held.items()):
        without = [one for one in mine if one.verdict is Verdict.NO_CI]
        if not without:
            continue
        path = changes.path(view, repository)
        number = count(len(without), "change")
        yield Found(
            subject=f"repository:{repository[1]}",
            severity=Severity.LOW,
            magnitude=float(len(without)),
            rule="no-ci",
            values={
                "title": f"{path} shows no check that is a test",
                "repository": path,
                "change": number,
                "landed": "lately",
                "size": "",
                "hint": f" None of the checks of {path} is known to be a test.",
                "who": f"whoever answers for {path}",
                "remedy": f"If one is, say so: driftline tests confirm {path} --test NAME",
            },
            evidence=(
                Evidence(f"{number} landed in {path} without a test check"),
                *capped(
                    [one.change.evidence("landed", one.change.merged_at) for one in without],
                    "change",
                ),
            ),
            connection_id=repository[0],
            channel=Channel.DIGEST,
        )


def _of_rules(
    view: View, verdicts: Iterable[VerdictLine], thresholds: Mapping[str, Any]
) -> Iterable[Found]:
    """Rules that exempt so much of what lands in a repository that they should be looked at."""
    held: dict[Pair, list[VerdictLine]] = {}
    for one in verdicts:
        held.setdefault(_repository(one), []).append(one)
    for repository, mine in sorted(held.items()):
        if len(mine) < thresholds["least"]:
            continue
        rules = Counter(one.exempt_rule for one in mine if one.exempt_rule is not None)
        for rule, number in sorted(rules.items()):
            if number > len(mine) * thresholds["exempt_share"]:
                yield _often(view, repository, rule, mine, number)


def _often(
    view: View, repository: Pair, rule: str, mine: Sequence[VerdictLine], number: int
) -> Found:
    path = changes.path(view, repository)
    exempted = [one for one in mine if one.exempt_rule == rule]
    return Found(
        subject=f"repository:{repository[1]}",
        severity=Severity.LOW,
        magnitude=number / len(mine),
        rule=f"{EXEMPT}:{rule}",
        values={
            "title": f"The rule {rule} exempts {about_percent(number / len(mine))} of {path}",
            "repository": path,
            "change": f"{number} of {count(len(mine), 'change')}",
            "landed": "lately",
            "size": f" The rule {rule} says that they need none.",
            "hint": " A rule that fits so much may fit too much.",
            "who": f"whoever answers for {path}",
            "remedy": f"Look at what {rule} exempts, and narrow it if it is too wide.",
        },
        evidence=(
            Evidence(f"{number} of {len(mine)} that landed are exempt by {rule}"),
            *capped(
                [
                    one.change.evidence(f"exempt by {rule}", one.change.merged_at)
                    for one in exempted
                ],
                "change",
            ),
        ),
        connection_id=repository[0],
        channel=Channel.DIGEST,
    )


DETECTOR = Detector(
    id=ID,
    name="A change landed and no test evidence was found",
    family="test",
    needs=landed.NEEDS,
    words=Words(
        title="{title}",
        what=(
            "{change} landed in {repository} {landed}; no automated test evidence was found.{size}"
        ),
        so_what="What it breaks will be found by whoever uses it first.{hint}",
        who="{who}",
        by_when="before the next release",
        remedy="{remedy}",
        executive=Voice(so_what="Nobody can say yet whether it works.{hint}"),
    ),
    channel=Channel.DIGEST,
    defaults={
        "days": 30,
        "high_over_lines": 200,
        "due_days": 10,
        "exempt_share": 0.3,
        "least": 5,
    },
    explain={
        "days": "days after landing in which a change is a finding",
        "high_over_lines": "lines added and removed above which it is high",
        "due_days": "working days before the date of a judged milestone in which a change that "
        "works on one of its items is critical",
        "exempt_share": "share of what landed above which a rule that exempts it is told",
        "least": "changes that must have landed before a share is taken",
    },
    detect=detect,
    rules={
        "": "a change landed without a passed test on it, its merge or its head, although tests "
        "run on the changes around it (medium; high where it touches source, or is large)",
        "no-ci": "no check of a repository is known to be a test: one finding, none per change "
        "(low, never mailed)",
        EXEMPT: "a rule says of more than that share of what landed that it needs no test (low, "
        "never mailed)",
    },
    about="repository",
)
