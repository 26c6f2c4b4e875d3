"""`driftline run`: what cron calls."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app, worst
from sync.cli.durations import max_wait_option
from sync.cli.forms import write_forms
from sync.cli.mailing import mail_out
from sync.cli.reconcile import exit_codes, facts, fail_on_option, judge
from sync.cli.resend import resend
from sync.files import write

if TYPE_CHECKING:
    from sync.reconcile.contract import Reconciliation


@click.command(epilog="Example: driftline run --quiet")
@click.option("--full", is_flag=True, help="Forget cursors and read everything again.")
@click.option("--no-mail", is_flag=True, help="Write the page only.")
@max_wait_option
@fail_on_option
@json_option
@pass_app
@click.pass_context
def run(
    context: click.Context,
    app: App,
    full: bool,
    no_mail: bool,
    max_wait: float | None,
    fail_on: str | None,
    as_json: bool,
) -> None:
    """Sync, reconcile, write the page, and mail the report when it is due."""
    from sync.cli import wiring
    from sync.cli.ping import watched

    # A mistake in the configuration is told before anything is read.
    settings = app.settings(with_secrets=False)
    wiring.policy(settings)
    with watched(app, settings) as codes:
        _run(
            app,
            codes,
            full=full,
            no_mail=no_mail,
            max_wait=max_wait,
            fail_on=fail_on,
            as_json=as_json,
        )
    context.exit(worst(codes))


def _run(
    app: App,
    codes: set[int],
    *,
    full: bool,
    no_mail: bool,
    max_wait: float | None,
    fail_on: str | None,
    as_json: bool,
) -> None:
    """All of a run; exit codes that apply are put into `codes`."""
    from sync.cli.sync_ import read
    from sync.cli.sync_ import show as show_sync

    synced = read(app, full=full, max_wait=max_wait, quiet=as_json)
    codes |= synced.exit_codes
    if not as_json:
        show_sync(app, synced, as_json=False)
    told = tell(app, codes, no_mail=no_mail, fail_on=fail_on)
    if as_json:
        app.print_json(
            "run",
            codes,
            sync={
                "run_id": synced.run_id,
                "outcome": synced.outcome.value,
                "requests": synced.requests,
                "rows_written": synced.rows_written,
                "problems": synced.problems,
                "ending_tokens": [one.sentence for one in synced.ending_tokens],
            },
            reconcile=facts(told.result),
            page=str(told.page),
        )
    else:
        app.say_lines(told.text)
        app.note(f"Page: {told.page}")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of judging what was read."""

    result: "Reconciliation"
    #: the page that was written.
    page: Path
    #: the report for a terminal.
    text: str


def tell(app: App, codes: set[int], *, no_mail: bool, fail_on: str | None) -> Told:
    """Judge what was read, write the page, and mail the report when it is due.

    Exit codes that apply are put into `codes`. Raises DriftlineErrors.
    """
    from sync.cli import wiring
    from sync.cli.trouble import explain
    from sync.errors import DriftlineError
    from sync.reconcile.since import since
    from sync.report import outbox
    from sync.report.build import build
    from sync.report.rendering import render

    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        result = judge(app, settings, store)
        codes |= exit_codes(result, fail_on)
        if not no_mail:
            codes |= resend(app, settings, store)
        readers = wiring.recipients(settings)
        previous = outbox.last_mailed(
            store,
            before_run=result.run_id,
            recipient=readers[0].address if readers else None,
        )
        words = settings.root.report.audience
        story = None if previous is None else since(store, result, previous.run_id)
        data, others = (
            build(result, audience=words, previous=previous, story=story, for_owner=own)
            for own in (True, False)
        )
        page = settings.base / settings.root.report.directory / "report.html"
        write(page, render(data, "html").encode())
        write(page.with_suffix(".json"), render(data, "json").encode())
        write_forms(page.parent, settings.root.report.formats, own=data, others=others)
        if settings.root.mail is not None and not no_mail:
            try:
                codes |= mail_out(app, settings, store, result, only_due=True)
            except DriftlineError as error:
                text, code = explain(error)
                app.trouble(text)
                codes.add(code)
    finally:
        store.close()
    return Told(result, page, render(data, "text"))
