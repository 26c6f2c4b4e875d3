"""`driftline milestones`: what is planned where, and what belongs to one promise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.baseline import author_option, login
from sync.cli.groups import DefaultGroup
from sync.cli.scope import ledger_facts

if TYPE_CHECKING:
    from sync.ledger.milestones import Key, MilestoneFacts
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
@json_option
@pass_app
def list_(app: App, everything: bool, as_json: bool) -> None:
    """List milestones by system and project, program milestones, and what may belong together.

    Equal names with near dates are questions: nothing is linked until you say so.
    """
    from sync.cli import wiring
    from sync.reconcile.program import programs, suggestions
    from sync.reconcile.view import View

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    store = app.store(settings, read_only=True)
    now = app.clock.now()
    try:
        with store.reading() as conn:
            view = View(conn, policy, now, now)
            lines = _chosen(view, everything=everything)
            linked, suggested = programs(view), suggestions(view)
            judged = _scopes(view, lines)
    finally:
        store.close()
    if as_json:
        app.print_json(
            "milestones",
            milestones=[
                {
                    **_facts(one),
                    "judged": one.key in judged,
                    "scope": None if one.key not in judged else judged[one.key][1],
                }
                for one in lines
            ],
            programs=[
                {
                    "name": one.name,
                    "parts": [_facts(part) for part in one.parts],
                    "missing_parts": len(one.missing),
                }
                for one in linked
            ],
            suggestions=[
                {
                    "name": one.name,
                    "parts": [_facts(part) for part in one.parts],
                    "command": one.command,
                }
                for one in suggested
            ],
        )
        return
    for one in lines:
        mark = "*" if one.key in judged else " "
        app.say(f"{mark} {_line(one)}")
        if one.key in judged:
            app.say(f"      {judged[one.key][0]}")
    for program in linked:
        app.say(f"{program.name}: {len(program.parts)} parts")
        for part in program.parts:
            app.say(f"    {_line(part)}")
        if program.missing:
            app.say(f"    and {len(program.missing)} that are not there any more")
    for question in suggested:
        app.say(f"Is {question.name} one milestone in {len(question.parts)} places?")
        app.say(f"    {question.command}")
    if not lines:
        app.say("No milestone is open.")


@milestones.command(
    epilog='Example: driftline milestones link "Release 3.2" "jira/APO:Release 3.2" '
    '"github/acme/web:v3.2"'
)
@click.argument("name")
@click.argument("parts", nargs=-1, required=True)
@author_option
@json_option
@pass_app
def link(app: App, name: str, parts: tuple[str, ...], author: str | None, as_json: bool) -> None:
    """Make PARTS (each CONNECTION/PROJECT:milestone) one program milestone called NAME.

    Said again with other parts, the new ones count; those left out are parts no longer.
    """
    from sync.ledger.milestones import at
    from sync.reconcile.parts import link as keep

    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    now = app.clock.now()
    try:
        with store.writing() as conn:
            chosen = keep(
                conn,
                at(conn, now, now),
                clock=app.clock,
                name=name,
                parts=parts,
                author=author or login(),
            )
    finally:
        store.close()
    if as_json:
        app.print_json("milestones-link", name=name, parts=[_facts(one) for one in chosen])
        return
    app.say(f"{name}: {len(chosen)} parts")
    for one in chosen:
        app.say(f"    {_line(one)}")


def _chosen(view: "View", *, everything: bool) -> "list[MilestoneFacts]":
    return sorted(
        (one for one in view.milestones.values() if everything or one.state.is_open),
        key=lambda one: (one.connection, one.line, one.kind.value, one.source_id),
    )


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


def _line(one: "MilestoneFacts") -> str:
    from sync.reconcile.program import part_name

    due = f", due {one.due_date.isoformat()}" if one.due_date else ""
    return f"{part_name(one)} ({one.kind.value}, {one.state.value}{due})"


def _facts(one: "MilestoneFacts") -> dict[str, Any]:
    from sync.reconcile.program import part_name

    return {
        "part": part_name(one),
        "connection": one.connection,
        "project": one.project_key,
        "kind": one.kind.value,
        "name": one.name,
        "state": one.state.value,
        "start_date": one.start_date,
        "due_date": one.due_date,
        "url": one.url,
    }
