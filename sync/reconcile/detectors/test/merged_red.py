"""A change landed although a test had failed on it."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.reconcile import changes
from sync.reconcile.changes import VerdictLine
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.test import landed
from sync.reconcile.view import View
from sync.reconcile.words import listed
from sync.verdict.names import Grade, Mark, Verdict

ID = "test.merged-red"
#: A later change with one of these shows the check green; one of an earlier commit does not.
_GREEN = frozenset(
    one.value for one in Grade if one.is_success and one.rank > Grade.PREVIEW_STALE.rank
)


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """What landed lately with a failed test; worse while nothing after it was green."""
    verdicts = landed.recent(view, thresholds["days"])
    confirmed = changes.confirmed(view)
    for place, one in enumerate(verdicts):
        if one.verdict is not Verdict.MERGED_RED or Mark.SHARED.value in one.marks:
            # Where a later run failed that holds other changes too, nobody knows whose doing it is:
            # the branch that is red is told, and no change is named.
            continue
        change = one.change
        failed = landed.graded(one, landed.FAILED)
        red = _still_red(one, failed, verdicts[place + 1 :])
        yield Found(
            subject=change.subject,
            severity=Severity.CRITICAL if red else Severity.HIGH,
            magnitude=float(len(failed)),
            values={
                **landed.words(view, change),
                "checks": listed(failed),
                "still": (
                    f"Nothing that landed on {change.base_ref or 'this branch'} after it was green."
                    if red
                    else "A later change was green."
                ),
            },
            evidence=landed.proofs(one),
            connection_id=change.connection_id,
            channel=landed.channel(confirmed, change),
            within=landed.inherited(view, one),
        )


def _still_red(one: VerdictLine, failed: Iterable[str], later: Iterable[VerdictLine]) -> bool:
    """Whether one of its failed checks is not known to have passed since on the same branch."""
    mine = one.change
    after = [
        each.grades
        for each in later
        if (each.change.connection_id, each.change.scope_id, each.change.base_ref)
        == (mine.connection_id, mine.scope_id, mine.base_ref)
    ]
    return not all(any(grades.get(name) in _GREEN for grades in after) for name in failed)


DETECTOR = Detector(
    id=ID,
    name="A change landed although a test had failed",
    family="test",
    needs=landed.NEEDS,
    words=Words(
        title="{change} landed with a failed test",
        what="{change} landed in {repository} {landed} while {checks} had failed. {still}",
        so_what="What the test guards may be broken for everybody who takes this branch.",
        who="whoever answers for {repository}",
        by_when="now",
        remedy="Mend it or take the change back; if the test is wrong, mend the test.",
        executive=Voice(
            what="A change went in although a test had failed. {still}",
            so_what="Something that worked may be broken.",
        ),
        engineer=Voice(
            so_what="Everybody who takes this branch gets the failure, and learns to ignore red.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={"days": 30},
    explain={"days": "days after landing in which a change is a finding"},
    detect=detect,
    about="repository",
    yields_to=landed.YIELDS,
)
