"""`driftline tests`: which checks of a repository count as tests, and a person's word on it."""

from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.baseline import author_option, login
from sync.cli.groups import DefaultGroup

if TYPE_CHECKING:
    from sync.verdict.confirm import RepositoryChecks


@click.group(cls=DefaultGroup)
def tests() -> None:
    """Show and confirm which checks of a repository count as tests."""


@tests.command(epilog="Example: driftline tests acme/web")
@click.argument("repo")
@json_option
@pass_app
def show(app: App, repo: str, as_json: bool) -> None:
    """Show which checks of REPO (owner/name) count as tests, and why."""
    from sync.verdict.confirm import listing

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            found = listing(conn, repo, app.clock.now())
    finally:
        store.close()
    _show(app, found, as_json=as_json, kind="tests")


@tests.command(
    epilog='Example: driftline tests confirm acme/web --test "e2e tests" --not-test "lint"'
)
@click.argument("repo")
@click.option("--test", "are", metavar="NAME", multiple=True, help="This one is a test.")
@click.option("--not-test", "are_not", metavar="NAME", multiple=True, help="This one is none.")
@author_option
@json_option
@pass_app
def confirm(
    app: App,
    repo: str,
    are: tuple[str, ...],
    are_not: tuple[str, ...],
    author: str | None,
    as_json: bool,
) -> None:
    """Confirm the list that `tests REPO` shows, corrected by --test and --not-test.

    Findings about tests in REPO are mailed from then on.
    """
    from sync.verdict import confirm as rules

    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        with store.writing() as conn:
            found = rules.confirm(
                conn,
                repo,
                now=app.clock.now(),
                author=author or login(),
                are=are,
                are_not=are_not,
            )
    finally:
        store.close()
    _show(app, found, as_json=as_json, kind="tests-confirm")


def _show(app: App, found: "RepositoryChecks", *, as_json: bool, kind: str) -> None:
    if as_json:
        app.print_json(
            kind,
            connection=found.connection,
            repository=found.path,
            landed_changes=found.landed,
            checks=[
                {
                    "name": one.name,
                    "is_test": one.is_test,
                    "why": one.why,
                    "confirmed_by": one.confirmed_by,
                    "confirmed_at": one.confirmed_at,
                    "results": one.results,
                    "is_required": one.is_required,
                }
                for one in found.checks
            ],
        )
        return
    for one in found.checks:
        who = f" (confirmed by {one.confirmed_by})" if one.confirmed_by else ""
        word = "test   " if one.is_test else "no test"
        gate = ", required for merging" if one.is_required else ""
        app.say(f"{word}  {one.name}: {one.why}{gate}{who}")
    if not found.checks:
        app.say(f"No check was seen on the {found.landed} changes that landed lately.")
    elif not any(one.is_test for one in found.checks):
        app.say(f"If one runs tests: driftline tests confirm {found.path} --test NAME")
    elif any(one.confirmed_by is None for one in found.checks):
        app.say(f"If this is right: driftline tests confirm {found.path}")
