"""`driftline metrics`: how work flows, what is deployed, where it goes, who waits for whom."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.groups import DefaultGroup
from sync.cli.instants import clock_options, clocks

if TYPE_CHECKING:
    from sync.reconcile.view import View

_F = TypeVar("_F", bound=Callable[..., Any])


def weeks_option(command: _F) -> _F:
    """Add `--weeks` to a command."""
    return click.option(
        "--weeks",
        type=click.IntRange(1, 104),
        default=13,
        show_default=True,
        help="So many weeks back.",
    )(command)


@click.group(cls=DefaultGroup)
def metrics() -> None:
    """How work flows, what is deployed, where it goes, and who waits for whom."""


@metrics.command(epilog="Example: driftline metrics --weeks 8 --by team")
@weeks_option
@click.option(
    "--by",
    type=click.Choice(["project", "team"]),
    default="project",
    show_default=True,
    help="What flow is told by.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    help="An environment that is production; repeatable. Else by its name: production, prod, live.",
)
@clock_options
@json_option
@pass_app
def show(
    app: App,
    weeks: int,
    by: str,
    environments: tuple[str, ...],
    as_of: str | None,
    known_at: str | None,
    as_json: bool,
) -> None:
    """Tell how work flowed: items by project or team, changes by repository, DORA's four keys.

    Medians and 85th percentiles, never means. What is not known says why and is never 0. No person
    is told of, and nothing that rests on fewer than three people.
    """
    from sync.cli.metrics_text import words
    from sync.reconcile.metrics import measure

    with _view(app, as_of, known_at) as view:
        made = measure(
            view, weeks=weeks, by="team" if by == "team" else "project", environments=environments
        )
        lines = list(words(made, view.calendar))
    if as_json:
        from sync.cli.metrics_facts import facts

        app.print_json("metrics", **facts(made))
        return
    for line in lines:
        app.say(line)


@metrics.command(epilog="Example: driftline metrics teams --json")
@weeks_option
@clock_options
@json_option
@pass_app
def teams(app: App, weeks: int, as_of: str | None, known_at: str | None, as_json: bool) -> None:
    """Draw the team map: who waits for whom and since when, hand-offs, teams by milestone.

    Of a team of fewer than three people the name alone is told. Teams come from `[teams]` in the
    configuration, else from the vendor's own team field.
    """
    from sync.cli.metrics_text import team_words
    from sync.reconcile.team_links import read

    with _view(app, as_of, known_at) as view:
        made = read(view, weeks)
        at = (view.as_of, view.known_at)
    if as_json:
        from sync.cli.metrics_facts import team_facts

        told = team_facts(made)
        app.print_json("metrics-teams", as_of=at[0], known_at=at[1], weeks=weeks, **told)
        return
    for line in team_words(made):
        app.say(line)


@metrics.command(epilog="Example: driftline metrics trends --project APO")
@click.option("--project", metavar="KEY", help="Milestones of this project alone.")
@clock_options
@json_option
@pass_app
def trends(
    app: App, project: str | None, as_of: str | None, known_at: str | None, as_json: bool
) -> None:
    """Show how the last six finished milestones went, and what is outside of the usual.

    Limits are those of a process-behaviour chart (mean ± 2.66 times the average moving range) over
    up to 24 finished milestones of one kind and place; with fewer than eight there are none.
    """
    from sync.cli.metrics_text import trend_words
    from sync.reconcile.trends import trends as read

    with _view(app, as_of, known_at) as view:
        found = read(view, only=project)
        at = (view.as_of, view.known_at)
    if as_json:
        from sync.cli.metrics_facts import trend_facts

        groups = [trend_facts(one) for one in found]
        app.print_json("metrics-trends", as_of=at[0], known_at=at[1], groups=groups)
        return
    for line in trend_words(found):
        app.say(line)


@contextmanager
def _view(app: App, as_of: str | None, known_at: str | None) -> "Iterator[View]":
    """The store at the asked instants, for one reading."""
    from sync.cli import wiring
    from sync.reconcile.view import View

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    at = clocks(app, settings, as_of, known_at)
    with closing(app.store(settings, read_only=True)) as store, store.reading() as conn:
        yield View(conn, policy, at.as_of, at.known_at, present=at.present)
