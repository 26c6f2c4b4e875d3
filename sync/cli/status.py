"""`driftline status`: the last run and the certificate of each stream."""

import click

from sync.cli.app import App, json_option, pass_app


@click.command(epilog="Example: driftline status --json")
@json_option
@pass_app
def status(app: App, as_json: bool) -> None:
    """Show the last run, and how far each stream can be trusted."""
    from sync.engine.status import status as look

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        found = look(store, app.clock.now())
    finally:
        store.close()
    if as_json:
        run = found.run
        app.print_json(
            "status",
            run=run,
            requests=run.requests if run else 0,
            rows_written=run.rows_written if run else 0,
            streams=found.streams,
            leases=found.leases,
            work_items=found.work_items,
            data_issues=found.data_issues,
        )
        return
    if found.run is None:
        app.say("Nothing has been read yet. Run `driftline sync`.")
        return
    run = found.run
    ended = f"{run.finished_at:%Y-%m-%d %H:%M} UTC" if run.finished_at else "not yet"
    app.say(f"Run {run.id}: {run.outcome}, ended {ended}")
    app.say(f"  {run.requests} requests, {run.rows_written} rows written")
    if run.reason:
        app.say(f"  {run.reason}")
    app.say(f"{found.work_items} work items, {found.data_issues} open data issues")
    for one in found.streams:
        counts = "" if one.remote_count is None else f", {one.local_count} of {one.remote_count}"
        gaps = f", {one.history_gaps} histories incomplete" if one.history_gaps else ""
        reason = f": {one.reason}" if one.reason else ""
        app.say(
            f"  {one.connection} {one.scope} {one.stream}: {one.outcome}{counts}{gaps}, "
            f"as of {one.fresh_at:%Y-%m-%d %H:%M} UTC{reason}"
        )
    for lease in found.leases:
        app.say(f"  being read: {lease.connection} {lease.scope_id} by {lease.holder}")
