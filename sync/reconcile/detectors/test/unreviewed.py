"""A change landed that no other person approved as it was. Off unless somebody asks for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.reconcile import changes
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.test import landed
from sync.reconcile.view import View
from sync.verdict.names import Review

ID = "test.unreviewed"

_WORDS = {
    Review.NOT_REVIEWED.value: "nobody else approved it",
    Review.STALE_APPROVAL.value: "it was pushed to after it was approved",
}


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """What landed lately without an approval of its last commit; what is not known is left out."""
    confirmed = changes.confirmed(view)
    for one in landed.recent(view, thresholds["days"]):
        if one.reviewed not in _WORDS:
            continue
        change = one.change
        yield Found(
            subject=change.subject,
            severity=Severity.LOW if change.by_bot else Severity.MEDIUM,
            magnitude=float(change.lines or 1),
            values={**landed.words(view, change), "why": _WORDS[one.reviewed]},
            evidence=(change.evidence(f"landed, and {_WORDS[one.reviewed]}", change.merged_at),),
            connection_id=change.connection_id,
            channel=landed.channel(confirmed, change),
        )


DETECTOR = Detector(
    id=ID,
    name="A change landed without another person's approval",
    family="test",
    needs=landed.NEEDS,
    words=Words(
        title="{change} landed unreviewed",
        what="{change} landed in {repository} {landed}, and {why}.",
        so_what="Only its author has seen what is in it.",
        who="whoever answers for {repository}",
        by_when="before the next release",
        remedy="Look at it now, and let the branch ask for an approval of the last commit.",
        executive=Voice(what="A change went in that only its author has seen."),
    ),
    channel=Channel.OFF,
    defaults={"days": 30},
    explain={"days": "days after landing in which a change is a finding"},
    detect=detect,
    about="repository",
)
