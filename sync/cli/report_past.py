"""`driftline report approve`, `list` and `replay`: reports that were made already."""

from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app, worst
from sync.cli.forms import check, deliver
from sync.report.rendering import FORMATS, TABLES

if TYPE_CHECKING:
    pass


@click.command(epilog='Example: driftline report approve --note "The date is agreed with sales."')
@click.option("--note", metavar="TEXT", help="What stands beside the verdict, signed by you.")
@click.option("--author", metavar="NAME", help="Who says so; your login if not told.")
@click.option(
    "--always/--ask",
    default=None,
    help="Let later mails leave without asking, or ask again from now on.",
)
@json_option
@pass_app
@click.pass_context
def approve(
    context: click.Context,
    app: App,
    note: str | None,
    author: str | None,
    always: bool | None,
    as_json: bool,
) -> None:
    """Let the mails leave that wait for others than you.

    In the first days (`only_me_days`) nothing waits: the report is yours alone. A note stands
    beside the computed verdict, never in its place.
    """
    from sync.cli.baseline import login
    from sync.cli.mailing import mail_settings, send_waiting
    from sync.report import approval
    from sync.report.note import note as signed
    from sync.report.note import signature
    from sync.report.waiting import waiting

    settings = app.settings(with_secrets=False)
    configured = mail_settings(settings)
    now = app.clock.now()
    who = signature(author or login())
    said = signed(note, who, now) if note is not None else None
    store = app.store(settings)
    codes: frozenset[int] = frozenset()
    try:
        held = waiting(store)
        gate = approval.gate(
            store,
            now=now,
            only_owner_days=configured.only_me_days,
            configured=configured.approved,
        )
        if always is not None:
            approval.approve(store, now=now, author=who, standing=always)
        for run_id in sorted({one.run_id for one in held}):
            approval.approve(
                store, now=now, author=who, run_id=run_id, note=said.text if said else None
            )
        codes = send_waiting(app, settings, store, held, said)
    finally:
        store.close()
    if as_json:
        app.print_json(
            "report-approve",
            codes,
            approved=[{"report": one.report_id, "recipient": one.recipient} for one in held],
            always=always,
        )
    else:
        if not held:
            alone = gate.owner_alone(now)
            until = f" Until {gate.only_owner_until:%Y-%m-%d} the report is yours alone."
            app.say("Nothing waits for approval." + (until if alone else ""))
        if always is not None:
            how = "leave without asking" if always else "wait for approval"
            app.say(f"Later mails {how}.")
    context.exit(worst(codes))


@click.command("list", epilog="Example: driftline report list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List the reports that were mailed, newest first, and what became of each mail."""
    from sync.report.kept import kept

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        found = kept(store)
    finally:
        store.close()
    if as_json:
        app.print_json(
            "report-list",
            reports=[
                {
                    "id": one.id,
                    "run_id": one.run_id,
                    "created_at": one.created_at,
                    "kind": one.kind,
                    "audience": one.audience,
                    "subject": one.subject,
                    "mails": [
                        {"recipient": who, "state": state, "sent_at": at}
                        for who, state, at in one.mails
                    ],
                }
                for one in found
            ],
        )
        return
    for one in found:
        app.say(f"{one.id:>4}  {one.created_at:%Y-%m-%d %H:%M} UTC  {one.subject}")
        for who, state, at in one.mails:
            when = f", {at:%Y-%m-%d %H:%M} UTC" if at else ""
            app.say(f"      {who}: {state}{when}")
    if not found:
        app.say("No report was mailed yet.")


@click.command(epilog="Example: driftline report replay 2 --format text")
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How it is written.",
)
@click.option("--table", type=click.Choice(TABLES), help="Which table of --format csv.")
@click.option("--out", help="File to write; a directory for all tables of --format csv.")
@pass_app
def replay(app: App, number: int, form: str, table: str | None, out: str | None) -> None:
    """Write a report that was mailed once more, byte for byte as it was then.

    `driftline report list` tells the numbers.
    """
    from sync.report.kept import replayed

    check(form, table, out)
    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        data = replayed(store, number)
    finally:
        store.close()
    deliver(app, data, form, table=table, out=out)
