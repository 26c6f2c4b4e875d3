"""`driftline gate`: may a milestone, or what a tag or branch holds, go?"""

from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.errors import UsageError

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.reconcile.release_gate import Decision, GateFacts, Rules

#: Not met, or not known (design section 6).
NOT_MET = 3


@click.command(epilog='Example: driftline gate "APO:Release 3.2"')
@click.argument("milestone", required=False)
@click.option("--ref", metavar="REF", help="Tag or branch to judge in place of a milestone.")
@click.option("--repo", metavar="REPO", help="Repository of the ref, as owner/name.")
@json_option
@pass_app
def gate(app: App, milestone: str | None, ref: str | None, repo: str | None, as_json: bool) -> None:
    """Whether MILESTONE (name or PROJECT:name), or --ref, may go: met, not met or unknown.

    Each criterion is answered from what was read; `[gate]` in the configuration says which must be
    met. Exit code 3 when one is not met or not known, 2 for a milestone or ref that is not known.
    A ref is judged by what it holds beyond the release before it.
    """
    if (milestone is None) == (ref is None):
        raise UsageError("name a milestone, or a ref with --ref", where="gate")
    if repo is not None and ref is None:
        raise UsageError("--repo goes with --ref", where="gate")
    from sync.cli import wiring
    from sync.reconcile import gate_facts
    from sync.reconcile.evidence_rate import rate
    from sync.reconcile.release_gate import Answer, decide
    from sync.reconcile.view import View

    settings = app.settings(with_secrets=False)
    policy, now = wiring.policy(settings), app.clock.now()
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            view = View(conn, policy, now, now, only=milestone)
            if milestone is not None:
                facts = gate_facts.of_milestone(view, milestone)
            else:
                facts = gate_facts.of_ref(view, gate_facts.find_ref(view, ref or "", repo))
            decision = decide(facts, _rules(settings))
    finally:
        store.close()
    code = 0 if decision.answer is Answer.MET else NOT_MET
    if as_json:
        app.print_json("gate", [code], **_facts(decision, facts, rate(facts.pieces)))
    else:
        _show(app, decision)
    raise click.exceptions.Exit(code)


def _rules(settings: "Settings") -> "Rules":
    from sync.reconcile.release_gate import Criterion, Rules

    told = settings.root.gate
    return Rules(frozenset(Criterion(one) for one in told.criteria), told.tested, told.ready)


def _show(app: App, decision: "Decision") -> None:
    app.say(f"{decision.name}: {decision.answer.value}")
    for one in decision.checks:
        beside = "" if one.required else "  (decides nothing)"
        app.say(f"  {one.answer.value:8} {one.criterion.value:15} {one.words}{beside}")
        for proof in one.proofs:
            app.say(f"             {proof}")


def _facts(decision: "Decision", facts: "GateFacts", told: Any) -> dict[str, Any]:
    return {
        "name": decision.name,
        "answer": decision.answer.value,
        "criteria": [
            {
                "name": one.criterion.value,
                "answer": one.answer.value,
                "words": one.words,
                "proofs": list(one.proofs),
                "required": one.required,
            }
            for one in decision.checks
        ],
        "tested": told.share,
        "ready": told.ready,
        "unknown_changes": told.unknown_changes,
        "changes": [
            {
                "key": one.change.key,
                "verdict": one.verdict.value,
                "lines": one.lines,
                "merged_at": one.change.merged_at,
                "landed_sha": one.change.landed_sha,
                "proof": None if one.line is None else one.line.proof_url,
            }
            for one in facts.pieces
        ],
        "tickets": [{"key": one.item.key, "done": one.done} for one in facts.tickets],
        "uncertain": None if facts.uncertain is None else list(facts.uncertain),
        "missing": list(facts.missing),
    }
