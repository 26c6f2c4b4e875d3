"""`driftline report`: the last reconciliation as text, page, JSON, or mail."""

from pathlib import Path

import click

from sync.cli.app import App, pass_app, worst
from sync.cli.forms import check, deliver, saved
from sync.cli.groups import DefaultGroup
from sync.cli.instants import clock_options, clocks
from sync.cli.report_past import approve, list_, replay
from sync.report.rendering import FORMATS, SHARED, TABLES


@click.group(cls=DefaultGroup)
def report() -> None:
    """Write, mail, approve and show reports again."""


report.add_command(approve)
report.add_command(list_)
report.add_command(replay)


@report.command(epilog="Example: driftline report --format html --out report.html")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How it is written.",
)
@click.option(
    "--audience",
    type=click.Choice(["executive", "manager", "engineer"]),
    help="Whose words it uses; configured in [report] if not told.",
)
@clock_options
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="Render the report in this JSON file; needs neither configuration nor store.",
)
@click.option(
    "--table", type=click.Choice(TABLES), help="Which list, as CSV; findings if not told."
)
@click.option("--out", help="File to write; a directory for all tables of --format csv.")
@click.option(
    "--masked",
    is_flag=True,
    help="Show restricted items as counts only; always so in forms made to be passed on.",
)
@click.option("--email", is_flag=True, help="Mail it to the configured recipients.")
@click.option("--dry-run", is_flag=True, help="With --email: write .eml files and send nothing.")
@pass_app
@click.pass_context
def show(
    context: click.Context,
    app: App,
    form: str,
    audience: str | None,
    as_of: str | None,
    known_at: str | None,
    source: Path | None,
    table: str | None,
    out: str | None,
    masked: bool,
    email: bool,
    dry_run: bool,
) -> None:
    """Write or mail the report of the last reconciliation.

    With --known-at the one of then, byte for byte; under another configuration, mapping or program
    it is judged anew and says that it is restated, and why.
    """
    from sync.cli import wiring
    from sync.errors import UsageError
    from sync.reconcile.reproduce import reproduce
    from sync.reconcile.runner import load_last
    from sync.report import outbox
    from sync.report.approval import note_of
    from sync.report.build import build

    if dry_run and not email:
        raise UsageError("--dry-run belongs to --email", todo="Add --email, or leave it out.")
    check(form, table, out, email=email)
    if source is not None:
        if email or audience or as_of or known_at or masked:
            raise UsageError(
                "a report in a file has its readers and its time already",
                where="--from",
                todo="Leave out --email, --audience, --as-of, --known-at and --masked.",
            )
        deliver(app, saved(source), form, table=table, out=out)
        return
    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    at = clocks(app, settings, as_of, known_at)
    if email and not at.present:
        raise UsageError(
            "a report of the past is not mailed",
            where="--email",
            todo="Write it to a file with --out, or leave out --as-of and --known-at.",
        )
    store = app.store(settings)
    try:
        if at.present:
            result = load_last(store, policy, answers_at=app.clock.now())
        else:
            result = reproduce(store, policy, as_of=at.as_of, known_at=at.known_at)
        if email:
            from sync.cli.mailing import mail_out

            codes = mail_out(app, settings, store, result, audience=audience, dry_run=dry_run)
            context.exit(worst(codes))
        data = build(
            result,
            audience=audience or settings.root.report.audience,
            mailed=outbox.last_mailed(store, before_run=result.run_id),
            for_owner=not masked and form not in SHARED,
            note=note_of(store, result.run_id),
        )
    finally:
        store.close()
    deliver(app, data, form, table=table, out=out)
