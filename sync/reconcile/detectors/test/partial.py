"""A change landed with a part of its tests, or of its lines, not executed."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.reconcile import changes
from sync.reconcile.changes import Pair, VerdictLine
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.test import landed
from sync.reconcile.view import View
from sync.reconcile.words import count, listed
from sync.verdict.coverage import Covered, Subject, diff_coverage
from sync.verdict.names import Verdict

ID = "test.partial"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """What landed lately and was tested in part."""
    mine = [
        one for one in landed.recent(view, thresholds["days"]) if one.verdict is Verdict.PARTIAL
    ]
    if not mine:
        return
    confirmed = changes.confirmed(view)
    covered = _covered(view, mine)
    for one in mine:
        change = one.change
        lacking = landed.graded(one, landed.LACKING)
        told = covered.get(change.pair)
        lines = told.lines if told is not None else None
        missed = lines.coverable - lines.covered if lines is not None else 0
        parts = []
        if lacking:
            parts.append(f"{listed(lacking)} did not run")
        if lines is not None and missed:
            parts.append(
                f"{count(missed, 'changed line')} of {lines.coverable} that can run did not"
            )
        yield Found(
            subject=change.subject,
            severity=Severity.MEDIUM if missed >= thresholds["medium_lines"] else Severity.LOW,
            magnitude=float(missed or len(lacking)),
            values={
                **landed.words(view, change),
                "parts": " and ".join(parts) or "; ".join(one.reasons) or "a part did not run",
            },
            evidence=(*landed.proofs(one), *landed.uncovered(one, told)),
            connection_id=change.connection_id,
            channel=landed.channel(confirmed, change),
            # Lines that no test executed are not told for the branch.
            within=() if missed else landed.inherited(view, one),
        )


def _covered(view: View, mine: Iterable[VerdictLine]) -> dict[Pair, Covered]:
    """Coverage of the lines that these changes altered, where it is told."""
    held: dict[Pair, list[VerdictLine]] = {}
    for one in mine:
        held.setdefault((one.change.connection_id, one.change.scope_id), []).append(one)
    found: dict[Pair, Covered] = {}
    for repository, lines in held.items():
        subjects = [
            Subject(
                one.change.id,
                tuple(sha for sha in (one.change.landed_sha, one.change.head_sha) if sha),
            )
            for one in lines
        ]
        told = diff_coverage(
            view.conn,
            repository,
            subjects,
            view.policy.testing.paths,
            changes.path(view, repository),
        )
        found.update({(repository[0], id_): one for id_, one in told.items()})
    return found


DETECTOR = Detector(
    id=ID,
    name="A change landed tested in part",
    family="test",
    needs=landed.NEEDS,
    words=Words(
        title="{change} was tested in part",
        what="{change} landed in {repository} {landed}: {parts}.",
        so_what="What was left out may be broken, although the rest is green.",
        who="whoever answers for {repository}",
        by_when="before the next release",
        remedy="Run what was left out on what landed, or say why it need not run.",
        executive=Voice(so_what="A part of it is not proven."),
    ),
    channel=Channel.DIGEST,
    defaults={"days": 30, "medium_lines": 50},
    explain={
        "days": "days after landing in which a change is a finding",
        "medium_lines": "changed lines that tests did not execute from which it is medium",
    },
    detect=detect,
    about="repository",
    yields_to=landed.YIELDS,
)
