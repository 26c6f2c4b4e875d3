"""Tickets of a milestone that are called done, and what landed for them is not proven to work."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sync.reconcile import back_ports, changes
from sync.reconcile.back_ports import BackPort
from sync.reconcile.changes import Pair
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
from sync.reconcile.detectors.scope import plans as scopes
from sync.reconcile.evidence_of import Ticket, contents
from sync.reconcile.evidence_rate import weakest
from sync.reconcile.view import Plan, View
from sync.reconcile.words import capped, count, item_evidence, verb
from sync.verdict.names import Verdict

ID = "test.done-unproven"
BACK_PORT = "back-port"

_WORDS = {
    Verdict.MERGED_RED: "landed with a failed test",
    Verdict.NOT_TESTED: "no automated test evidence found",
}
#: That a repository shows no test at all is told once, for the repository.
_TOLD = (Verdict.MERGED_RED, Verdict.NOT_TESTED)


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones with done tickets whose weakest change is not tested."""
    confirmed = changes.confirmed(view)
    plans = [one for one in view.plans() if one.facts.state.is_open]
    for plan, content in zip(plans, contents(view, plans), strict=True):
        unproven = [
            one
            for one in content.tickets
            if one.done and weakest(piece.verdict for piece in one.pieces) in _TOLD
        ]
        if unproven:
            yield _found(plan, unproven, _channel(confirmed, unproven))
        ports = back_ports.of(view, plan, content)
        lacking = [one for one in ports if one.absent is not None]
        if lacking:
            yield _ported(plan, lacking)
        unknown = [one for one in ports if one.absent is None]
        if unknown and not lacking:
            yield NotChecked(
                plan.facts.subject,
                f"what {unknown[0].branch} holds is not known: not all commits before it were read",
                plan.facts.connection_id,
            )


def _channel(confirmed: frozenset[Pair], mine: Iterable[Ticket]) -> Channel:
    """Others see it only where a person said, for every change in it, which checks are tests."""
    repositories = {
        (piece.change.connection_id, piece.change.scope_id)
        for ticket in mine
        for piece in ticket.pieces
    }
    return Channel.MAILED if repositories <= confirmed else Channel.DIGEST


def _found(plan: Plan, mine: Sequence[Ticket], channel: Channel) -> Found:
    proofs: list[Evidence] = []
    for ticket in mine:
        proofs.append(item_evidence(ticket.item, "is done"))
        proofs.extend(
            piece.change.evidence(_WORDS[piece.verdict], piece.change.merged_at)
            for piece in ticket.pieces
            if piece.verdict in _WORDS
        )
    red = any(piece.verdict is Verdict.MERGED_RED for one in mine for piece in one.pieces)
    return Found(
        subject=plan.facts.subject,
        severity=Severity.HIGH,
        magnitude=float(len(mine)),
        values={
            "title": f"{count(len(mine), 'done ticket')} of {plan.facts.name} "
            f"{verb(len(mine), 'is', 'are')} not proven",
            "what": f"{count(len(mine), 'ticket')} of {plan.facts.name} "
            f"{verb(len(mine), 'is', 'are')} done, and for what landed "
            + ("a test had failed or none was found." if red else "no test evidence was found."),
            "remedy": "Run the tests on what landed for them, or take them back from done.",
            "milestone": plan.facts.name,
        },
        evidence=capped(proofs, "proof"),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
        channel=channel,
    )


def _ported(plan: Plan, mine: Sequence[BackPort]) -> Found:
    branches = ", ".join(sorted({one.branch for one in mine}))
    proofs: list[Evidence] = []
    for one in mine:
        proofs.append(item_evidence(one.ticket.item, f"is done in {plan.facts.name}"))
        if one.port is None:
            text = f"is on {one.fix.base_ref or 'the main line'} and not on {one.branch}"
            proofs.append(one.fix.evidence(text, one.fix.merged_at))
        else:
            text = f"brought it to {one.branch}: {_WORDS[one.port.verdict]}"
            proofs.append(one.port.change.evidence(text, one.port.change.merged_at))
    absent = sum(1 for one in mine if one.port is None)
    parts = []
    if absent:
        parts.append(f"{count(absent, 'fix', 'fixes')} {verb(absent, 'is', 'are')} missing on it")
    if len(mine) - absent:
        parts.append(f"{count(len(mine) - absent, 'fix', 'fixes')} on it without test evidence")
    return Found(
        subject=plan.facts.subject,
        severity=Severity.HIGH,
        magnitude=float(len(mine)),
        rule=BACK_PORT,
        values={
            "title": f"{branches} of {plan.facts.name} lacks fixes, or has them untested",
            "what": f"{plan.facts.name} is made from {branches}: {' and '.join(parts)}.",
            "remedy": f"Bring them to {branches} and run the tests there, or move their tickets.",
            "milestone": plan.facts.name,
        },
        evidence=capped(proofs, "proof"),
        connection_id=plan.facts.connection_id,
        milestone=(plan.facts.kind, plan.facts.source_id),
    )


DETECTOR = Detector(
    id=ID,
    name="Done tickets are not proven to work",
    family="test",
    needs=scopes.NEEDS,
    words=Words(
        title="{title}",
        what="{what}",
        so_what="What people were told is finished may not work, and the date rests on it.",
        who="the owner of {milestone}",
        by_when="before {milestone} is released",
        remedy="{remedy}",
        executive=Voice(so_what="Finished work of {milestone} may come back."),
    ),
    channel=Channel.DIGEST,
    defaults={},
    explain={},
    detect=detect,
    rules={
        "": "done tickets of a judged open milestone whose weakest change landed untested or with "
        "a failed test (high); what is not known, and a repository without any test, is left out. "
        "A done ticket whose change is not merged or was taken back is told by "
        "data.contradiction",
        BACK_PORT: "done tickets of a version whose fix is on the main line and, proven by the "
        "commits that were read, not on the branch with the version's name, or there without "
        "test evidence (high)",
    },
)
