"""`driftline milestones`: what is planned where, and what belongs to one promise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.baseline import author_option, login
from sync.cli.groups import DefaultGroup
from sync.cli.instants import clock_options, clocks
from sync.cli.scope import ledger_facts

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.ledger.milestones import Key, MilestoneFacts
    from sync.reconcile.contract import TestedSummary
    from sync.reconcile.view import View

#: In words, and as facts.
_Scope = tuple[str, dict[str, Any]]


class _Listing(DefaultGroup):
    default = "list"


@click.group(cls=_Listing)
def milestones() -> None:
    """List milestones, and link those of several systems to one."""


@milestones.command("list", epilog="Example: driftline milestones --all")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@clock_options
@json_option
@pass_app
def list_(
    app: App, everything: bool, as_of: str | None, known_at: str | None, as_json: bool
) -> None:
    """List milestones by system and project, program milestones, and what may belong together.

    Equal names with near dates are questions: nothing is linked until you say so.
    """
    from sync.cli import wiring
    from sync.cli.program_text import (
        milestone_facts,
        milestone_line,
        program_facts,
        program_lines,
    )
    from sync.reconcile.combined import plan
    from sync.reconcile.program import suggestions
    from sync.reconcile.view import View

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    at = clocks(app, settings, as_of, known_at)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            view = View(conn, policy, at.as_of, at.known_at, present=at.present)
            lines = _chosen(view, everything=everything)
            linked = [plan(view, one) for one in view.programs]
            suggested = suggestions(view)
            judged = _scopes(view, lines)
            tested = _tested(view, lines)
            facts = [program_facts(one, view) for one in linked if as_json]
            texts = [text for one in linked for text in program_lines(one, view)]
    finally:
        store.close()
    if as_json:
        app.print_json(
            "milestones",
            milestones=[
                {
                    **milestone_facts(one),
                    "judged": one.key in judged,
                    "scope": None if one.key not in judged else judged[one.key][1],
                    "tested": tested.get(one.key),
                }
                for one in lines
            ],
            programs=facts,
            suggestions=[
                {
                    "name": one.name,
                    "parts": [milestone_facts(part) for part in one.parts],
                    "question": one.question,
                    "command": one.command,
                }
                for one in suggested
            ],
        )
        return
    for one in lines:
        mark = "*" if one.key in judged else " "
        app.say(f"{mark} {milestone_line(one)}")
        if one.key in judged:
            app.say(f"      {judged[one.key][0]}")
        if one.key in tested:
            app.say(f"      tested: {tested[one.key].words}")
    for text in texts:
        app.say(text)
    for question in suggested:
        app.say(question.question)
        app.say(f"    {question.command}", to_copy=True)
    if not lines:
        app.say("No milestone is open.")


since_option = click.option(
    "--since", metavar="DATE", help="Counts from this day or instant on, also one of before."
)


@milestones.command(
    epilog='Example: driftline milestones link "Release 3.2" "jira/APO:Release 3.2" '
    '"github/acme/web:v3.2"'
)
@click.argument("name")
@click.argument("parts", nargs=-1, required=True)
@since_option
@author_option
@json_option
@pass_app
def link(
    app: App,
    name: str,
    parts: tuple[str, ...],
    since: str | None,
    author: str | None,
    as_json: bool,
) -> None:
    """Make PARTS (each CONNECTION/PROJECT:milestone) one program milestone called NAME.

    A new one holds for all its past. Said again with other parts, the new ones count from now on
    and those left out are parts no longer; with --since, from that day on.
    """
    from sync.cli.instants import come
    from sync.cli.program_text import milestone_facts, milestone_line
    from sync.ledger.milestones import Milestones
    from sync.reconcile.parts import link as keep

    settings = app.settings(with_secrets=False)
    _not_configured(settings, name)
    store = app.store(settings)
    now = app.clock.now()
    try:
        with store.writing() as conn:
            chosen = keep(
                conn,
                Milestones(conn, now, now),
                clock=app.clock,
                name=name,
                parts=parts,
                author=author or login(),
                since=come(since, settings.root.time_zone, "--since", now),
            )
    finally:
        store.close()
    if as_json:
        app.print_json("milestones-link", name=name, parts=[milestone_facts(one) for one in chosen])
        return
    app.say(f"{name}: {len(chosen)} parts")
    for one in chosen:
        app.say(f"    {milestone_line(one)}")


@milestones.command(epilog='Example: driftline milestones unlink "Release 3.2"')
@click.argument("name")
@since_option
@author_option
@json_option
@pass_app
def unlink(app: App, name: str, since: str | None, author: str | None, as_json: bool) -> None:
    """End the program milestone NAME: its parts stand alone from now on, or from --since on."""
    from sync.cli.instants import come
    from sync.reconcile.parts import unlink as end

    settings = app.settings(with_secrets=False)
    _not_configured(settings, name)
    store = app.store(settings)
    try:
        with store.writing() as conn:
            number = end(
                conn,
                clock=app.clock,
                name=name.strip(),
                author=author or login(),
                since=come(since, settings.root.time_zone, "--since", app.clock.now()),
            )
    finally:
        store.close()
    if as_json:
        app.print_json("milestones-unlink", name=name, parts=number)
        return
    app.say(f"{name}: its {number} parts stand alone now")


def _not_configured(settings: "Settings", name: str) -> None:
    """What stands in the configuration is changed there."""
    from sync.errors import UsageError

    if name.strip() in settings.root.programs:
        raise UsageError(
            f"{name!r} stands in the configuration, which counts",
            where=settings.where("programs", name.strip()),
            todo="Change its parts there.",
        )


def _chosen(view: "View", *, everything: bool) -> "list[MilestoneFacts]":
    return sorted(
        (one for one in view.milestones.values() if everything or one.state.is_open),
        key=lambda one: (one.connection, one.line, one.kind.value, one.source_id),
    )


def _tested(view: "View", lines: "Sequence[MilestoneFacts]") -> "dict[Key, TestedSummary]":
    """How much of what landed for the judged ones is tested, where anything landed."""
    from sync.reconcile.evidence_of import contents, summary

    judged = {one.key for one in view.judged}
    plans = view.plans([one for one in lines if one.key in judged])
    told = [summary(view, one.pieces) for one in contents(view, plans)]
    return {plan.facts.key: one for plan, one in zip(plans, told, strict=True) if one is not None}


def _scopes(view: "View", lines: "Sequence[MilestoneFacts]") -> "dict[Key, _Scope]":
    """The scope of the judged ones since the baseline in force, in words and as facts."""
    from sync.cli.scope_text import change
    from sync.reconcile.detectors.scope import net
    from sync.reconcile.gate import Gate
    from sync.reconcile.words import day_of

    gate = Gate(view)
    judged = {one.key for one in view.judged}
    found: dict[Key, _Scope] = {}
    for plan in view.plans([one for one in lines if one.key in judged]):
        facts, ledger = plan.facts, plan.ledger
        reason = plan.withheld or gate.reason(net.DETECTOR, facts.connection_id, facts.subject)
        if reason is not None or ledger is None or plan.baseline is None:
            found[facts.key] = (f"scope not told: {reason}", {"withheld": reason})
            continue
        since = plan.baseline.at
        found[facts.key] = (
            f"scope since {day_of(since, view.calendar)}: {change(ledger)}",
            {
                "withheld": None,
                "since": since,
                "accepted": plan.baseline.accepted,
                "unit": ledger.unit.value,
                **ledger_facts(ledger),
            },
        )
    return found
