"""`driftline sync`: read what moved, and certify it."""

import threading
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app, sentence, worst
from sync.cli.durations import max_wait_option

if TYPE_CHECKING:
    from sync.engine.run import RunResult


@click.command(epilog="Example: driftline sync --connection jira")
@click.option("--connection", "only", metavar="NAME", help="Read this connection only.")
@click.option("--full", is_flag=True, help="Forget cursors and read everything again.")
@click.option("--census", is_flag=True, help="Prove now what is gone; otherwise once a day.")
@max_wait_option
@json_option
@pass_app
@click.pass_context
def sync(
    context: click.Context,
    app: App,
    only: str | None,
    full: bool,
    census: bool,
    max_wait: float | None,
    as_json: bool,
) -> None:
    """Read what moved in every source since the last run, and prove that it is complete."""
    result = read(
        app,
        only=only,
        full=full,
        census=census,
        max_wait=max_wait,
        quiet=as_json,
        derived=True,
    )
    show(app, result, as_json=as_json)
    context.exit(worst(result.exit_codes))


def read(
    app: App,
    *,
    only: str | None = None,
    full: bool = False,
    census: bool = False,
    max_wait: float | None = None,
    quiet: bool = False,
    derived: bool = False,
    among: Collection[str] | None = None,
    time_box_seconds: float | None = None,
    stop: threading.Event | None = None,
) -> "RunResult":
    """One sync run as configured. Raises DriftlineErrors.

    `among`: these connections alone. `time_box_seconds`: in place of the configured one. `stop`:
    once it is set, the run yields after the page under way.

    `derived`: also bring up to date what follows from all systems together; else it is left to the
    reconciliation that comes next.
    """
    from sync.cli import wiring
    from sync.cli.progress import choose
    from sync.engine.run import sync as run
    from sync.reconcile.derive import derive

    settings = app.settings()
    plan = wiring.plan(settings, app.clock, only, max_wait)
    if among is not None:
        mine = tuple(one for one in plan.connections if one.name in among)
        plan = replace(plan, connections=mine)
    if time_box_seconds is not None:
        plan = replace(plan, time_box_seconds=time_box_seconds)
    policy = wiring.policy(settings) if derived else None
    store = app.store(settings, create=True)
    try:
        result = run(
            store,
            plan,
            clock=app.clock,
            sleep=app.sleep,
            progress=choose(app.quiet or quiet, settings.root.time_zone),
            full=full,
            census=census,
            stop=stop,
        )
        if policy is not None:
            derive(store, policy, app.clock.now())
        return result
    finally:
        store.close()


def show(app: App, result: "RunResult", *, as_json: bool) -> None:
    """Tell what a run did; trouble always."""
    if as_json:
        app.print_json(
            "sync",
            result.exit_codes,
            run_id=result.run_id,
            outcome=result.outcome.value,
            requests=result.requests,
            rows_written=result.rows_written,
            problems=result.problems,
            ending_tokens=[one.sentence for one in result.ending_tokens],
            steps=[
                {
                    "connection": step.connection,
                    "scope": step.scope_key,
                    "stream": step.stream,
                    "outcome": step.outcome.value,
                    "reason": step.reason,
                    "requests": step.requests,
                    "records": step.records,
                    "rows_written": step.rows_written,
                }
                for step in result.steps
            ],
        )
        return
    for problem in result.problems:
        app.trouble(sentence(problem.what, problem.where, problem.todo))
    for token in result.ending_tokens:
        app.note(f"{token.sentence}.")
    app.say(
        f"Sync {result.outcome.value}: {result.requests} requests, "
        f"{result.rows_written} rows written."
    )
