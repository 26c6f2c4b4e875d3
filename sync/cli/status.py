"""`driftline status`: how far everything can be trusted, and what the last run did."""

from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app

if TYPE_CHECKING:
    from sync.engine.status import StatusReport


@click.command(epilog="Example: driftline status --json")
@click.option("--streams", is_flag=True, help="Also list each stream with its counts.")
@json_option
@pass_app
def status(app: App, streams: bool, as_json: bool) -> None:
    """Tell how complete and how old everything is, what is missing, and what the last run did.

    It reads the store only. Exit code 0 says that it could be told, not that all is well.
    """
    from sync.engine.status import status as look
    from sync.report.outbox import last_mails

    settings = app.settings(with_secrets=False)
    configured = {name: one.kind for name, one in settings.root.connections.items()}
    store = app.store(settings, read_only=True)
    try:
        found = look(
            store, app.clock.now(), configured=configured, time_zone=settings.root.time_zone
        )
        mails = last_mails(store)
    finally:
        store.close()
    if as_json:
        run = found.run
        app.print_json(
            "status",
            summary=found.summary,
            connections=found.connections,
            scopes=found.scopes,
            run=run,
            requests=run.requests if run else 0,
            rows_written=run.rows_written if run else 0,
            streams=found.streams,
            leases=found.leases,
            work_items=found.work_items,
            data_issues=found.data_issues,
            mails=mails,
        )
        return
    _show(app, found, streams=streams)
    for one in mails:
        why = f": {one.error}" if one.error else ""
        state = one.state.replace("_", " ")
        app.say(f"Last mail to {one.recipient}: {state}, {one.at:%Y-%m-%d %H:%M} UTC{why}")


def _show(app: App, found: "StatusReport", *, streams: bool) -> None:
    app.say(found.summary)
    for scope in found.scopes:
        app.say(f"  {scope.sentence}")
    for one in found.connections:
        if one.read_at is None:
            app.say(f"  {one.connection}: never read; run `driftline sync`")
        if one.token_warning is not None:
            app.say(f"  {one.token_warning}.")
    for lease in found.leases:
        app.say(f"  being read: {lease.connection} {lease.scope_id} by {lease.holder}")
    if found.run is None:
        return
    run = found.run
    ended = f"ended {run.finished_at:%Y-%m-%d %H:%M} UTC" if run.finished_at else "not ended"
    app.say(
        f"Last run ({run.id}): {run.outcome}, {ended}, {run.requests} requests, "
        f"{run.rows_written} rows written"
    )
    if run.reason:
        app.say(f"  {run.reason}")
    app.say(f"{found.work_items} work items, {found.data_issues} open data issues")
    if streams:
        _list(app, found)


def _list(app: App, found: "StatusReport") -> None:
    for one in found.streams:
        counts = "" if one.remote_count is None else f", {one.local_count} of {one.remote_count}"
        gaps = f", {one.history_gaps} histories incomplete" if one.history_gaps else ""
        reason = f": {one.reason}" if one.reason else ""
        app.say(
            f"  {one.connection} {one.scope} {one.stream}: {one.outcome}{counts}{gaps}, "
            f"as of {one.fresh_at:%Y-%m-%d %H:%M} UTC{reason}"
        )
