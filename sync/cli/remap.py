"""`driftline remap`: a changed mapping, applied without a request."""

import click

from sync.cli.app import App, json_option, pass_app


@click.command(epilog="Example: driftline remap")
@json_option
@pass_app
@click.pass_context
def remap(context: click.Context, app: App, as_json: bool) -> None:
    """Normalize everything stored again under today's mapping; no request is made."""
    from sync.cli import wiring
    from sync.engine.remap import remap as run

    settings = app.settings(with_secrets=False)
    plan = wiring.plan(settings, app.clock)
    store = app.store(settings)
    try:
        result = run(store, plan, clock=app.clock)
    finally:
        store.close()
    if as_json:
        app.print_json(
            "remap",
            connections=list(result.connections),
            payloads=result.payloads,
            rows_written=result.rows_written,
        )
    else:
        app.say(f"{result.payloads} payloads read again, {result.rows_written} rows written.")
    left = [one for one in plan.connections if one.unusable]
    for one in left:
        app.trouble(f"{one.name}: {one.unusable}")
    context.exit(2 if left else 0)
