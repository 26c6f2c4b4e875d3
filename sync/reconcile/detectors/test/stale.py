"""Changes whose tests passed on something else than what landed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sync.reconcile import changes
from sync.reconcile.changes import Pair, VerdictLine
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.test import landed
from sync.reconcile.view import View
from sync.reconcile.words import capped, count
from sync.verdict.names import Grade, Verdict

ID = "test.stale"
HEAD_ONLY = "head-only"
_OVER = (Verdict.UNKNOWN, Verdict.EXEMPT, Verdict.NO_CI)


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """One finding for a repository: what was tested before it changed, and what on its head only.

    How many there are says how a team works; one by one they would bury what matters.
    """
    confirmed = changes.confirmed(view)
    held: dict[Pair, list[VerdictLine]] = {}
    for one in landed.recent(view, thresholds["days"]):
        held.setdefault((one.change.connection_id, one.change.scope_id), []).append(one)
    for repository, mine in sorted(held.items()):
        known = [one for one in mine if one.verdict not in _OVER]
        stale = [one for one in known if one.verdict is Verdict.STALE]
        head = [one for one in known if one.verdict is Verdict.TESTED_AT_HEAD]
        channel = landed.said(confirmed, repository)
        many = len(known) >= thresholds["least"]
        if stale:
            overlapping = any(Grade.PREVIEW_STALE.value in one.grades.values() for one in stale)
            often = many and len(stale) > len(known) * thresholds["medium_share"]
            severity = Severity.MEDIUM if overlapping or often else Severity.LOW
            yield _found(view, repository, stale, known, severity, channel)
        if many and len(head) > len(known) * thresholds["medium_share"]:
            yield _found(view, repository, head, known, Severity.LOW, channel, HEAD_ONLY)


def _found(
    view: View,
    repository: Pair,
    mine: Sequence[VerdictLine],
    known: Sequence[VerdictLine],
    severity: Severity,
    channel: Channel,
    rule: str = "",
) -> Found:
    where = (
        "on their head and not on what landed"
        if rule
        else "before their last commits, on a base that was too old, or later together with others"
    )
    return Found(
        subject=f"repository:{repository[1]}",
        severity=severity,
        magnitude=float(len(mine)),
        rule=rule,
        values={
            "repository": changes.path(view, repository),
            "number": count(len(mine), "change"),
            "all": count(len(known), "change"),
            "where": where,
            "remedy": (
                "Run the tests on the branch after merging, or let a merge queue do it before."
                if rule
                else "Let a change be merged only when its tests ran on its last commit and on "
                "the present base."
            ),
        },
        evidence=capped(
            [one.change.evidence(_why(one), one.change.merged_at) for one in mine], "change"
        ),
        connection_id=repository[0],
        channel=channel,
    )


def _why(one: VerdictLine) -> str:
    grades = sorted(set(one.grades.values()), key=lambda name: landed.order(name))
    return landed.in_words(grades[0]) if grades else "landed"


DETECTOR = Detector(
    id=ID,
    name="Tests passed on something else than what landed",
    family="test",
    needs=landed.NEEDS,
    words=Words(
        title="{number} of {repository} tested {where}",
        what="Of {all} that landed lately in {repository}, the tests of {number} passed {where}.",
        so_what="Two changes that pass apart may fail together, and nobody would have seen it.",
        who="whoever answers for {repository}",
        by_when="when there is time",
        remedy="{remedy}",
        executive=Voice(so_what="These are likely to work, but nobody has proven it."),
    ),
    channel=Channel.DIGEST,
    defaults={"days": 30, "medium_share": 0.2, "least": 5},
    explain={
        "days": "days after landing in which a change counts",
        "medium_share": "share of what landed above which stale ones are medium, and those tested "
        "at the head are told at all",
        "least": "changes that must have landed before a share is taken",
    },
    detect=detect,
    rules={
        "": "tests passed on an earlier commit of the change, on a merge with a base that moved "
        "since, or on a later run that holds several other changes (low; medium where moved "
        "files overlap, or where it is many of them)",
        HEAD_ONLY: "tests passed on the head of the change alone, and that is many of them (low)",
    },
    about="repository",
)
