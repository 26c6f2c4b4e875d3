"""`driftline worker`: a process that shares reading and judging with others, on any machine."""

import click

from sync.cli.app import App, pass_app, worst


@click.command(epilog="Example: driftline worker --name reader-1")
@click.option("--once", is_flag=True, help="Queue everything now, work until it is done, and end.")
@click.option("--name", metavar="NAME", help="What its lines are marked with; else host and pid.")
@pass_app
@click.pass_context
def worker(context: click.Context, app: App, once: bool, name: str | None) -> None:
    """Share reading and judging with other machines, over a store on PostgreSQL.

    Each worker takes what is next: a server to read, or to judge what was read. The schedule is
    that of [worker]; what a killed worker had begun, another one takes up. SIGTERM ends it after
    the page under way.
    """
    from sync.cli import wiring
    from sync.errors import ConfigError
    from sync.store.address import parse_url

    settings = app.settings()
    wiring.plan(settings, app.clock)
    wiring.policy(settings)
    address = parse_url(settings.root.store, settings.base)
    if address.get_backend_name() != "postgresql":
        raise ConfigError(
            "workers share a store on PostgreSQL, and this one is a file",
            where=settings.where("store"),
            todo='Write store = "postgresql://user@host/database"; a file\'s rows go there with '
            "`driftline db copy`. On one machine `driftline run` needs no worker.",
        )
    try:
        from sync.cli.worker_jobs import Worker
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("procrastinate", "psycopg", "psycopg_pool"):
            raise
        raise ConfigError(
            "a worker needs the package procrastinate",
            where="driftline worker",
            todo="Install it with: pip install 'driftline[worker]'",
        ) from error
    context.exit(worst(Worker(app, settings, address, name).work(once=once)))
