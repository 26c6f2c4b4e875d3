"""`driftline verify`: is what is stored what the servers say now?"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app, sentence, worst
from sync.cli.durations import max_wait_option

if TYPE_CHECKING:
    from sync.engine.verification import Checked, Found, Verification

#: Differences of one kind that are listed; the JSON has all.
_LISTED = 20
#: What each kind says, and whether it is trouble.
_WORDS = {
    "wrong": "differs, and did not move since it was read",
    "missing": "is on the server since before the last reading, and not here",
    "unsure": "differs, and nobody tells since when: run `driftline sync` and verify again",
    "changed": "moved since the last reading",
    "new": "came since the last reading",
    "gone": "is gone at the source since the last reading",
}


@click.command(epilog="Example: driftline verify --sample 50")
@click.option("--connection", "only", metavar="NAME", help="Verify this connection only.")
@click.option(
    "--sample",
    type=click.IntRange(0, 10_000),
    default=20,
    show_default=True,
    help="Records per connection that are read again in full.",
)
@click.option("--seed", type=click.IntRange(0), help="Draw the records that this number drew.")
@max_wait_option
@json_option
@pass_app
@click.pass_context
def verify(
    context: click.Context,
    app: App,
    only: str | None,
    sample: int,
    seed: int | None,
    max_wait: float | None,
    as_json: bool,
) -> None:
    """Count on the servers, read some records again, and compare them with the store.

    Nothing is written. What moved since the last run is told apart from what is wrong; exit code 4
    where something differs without that excuse, or could not be asked.
    """
    from sync.cli import wiring
    from sync.cli.progress import choose
    from sync.engine.verify import verify as look

    settings = app.settings()
    plan = wiring.plan(settings, app.clock, only, max_wait)
    store = app.store(settings, read_only=True)
    try:
        found = look(
            store,
            plan,
            clock=app.clock,
            sample=sample,
            seed=seed,
            progress=choose(app.quiet or as_json, settings.root.time_zone),
            sleep=app.sleep,
        )
    finally:
        store.close()
    if as_json:
        _print(app, found)
    else:
        _show(app, found)
    context.exit(worst(found.exit_codes))


def _print(app: App, found: "Verification") -> None:
    app.print_json(
        "verify",
        found.exit_codes,
        seed=found.seed,
        sample=found.sample,
        equal=not found.exit_codes,
        streams=found.checked,
        differences=found.found,
        problems=found.problems,
    )


def _show(app: App, found: "Verification") -> None:
    for problem in found.problems:
        app.trouble(sentence(problem.what, problem.where, problem.todo))
    for one in found.checked:
        app.say(_counts(one))
    trouble = found.trouble
    excused = [one for one in found.found if one not in trouble]
    for line in _lines(trouble):
        app.trouble(line)
    for line in _lines(excused):
        app.say(line)
    compared = sum(one.compared for one in found.checked)
    head = f"{compared} records compared"
    if trouble:
        word = "difference" if len(trouble) == 1 else "differences"
        head += f": {len(trouble)} {word} that time does not explain"
    elif found.problems:
        head += ": equal" if compared else ""
        head += "; what could not be asked is unknown"
    elif excused:
        head += ": equal, but for what moved since the last run"
    else:
        head += ": equal"
    app.say(f"{head}. `--seed {found.seed}` draws the same records.")


def _counts(one: "Checked") -> str:
    if one.there is None or one.here is None:
        numbers = "not checked"
    else:
        numbers = f"{one.there:,} there, {one.here:,} here, {one.compared:,} compared"
    note = f" ({one.note})" if one.note else ""
    return f"{one.connection} {one.scope} {one.stream}: {numbers}{note}"


def _lines(found: "Sequence[Found]") -> Iterator[str]:
    by_kind: dict[str, list[Found]] = {}
    for one in found:
        by_kind.setdefault(one.kind.value, []).append(one)
    for kind, mine in by_kind.items():
        for one in mine[:_LISTED]:
            detail = f" ({one.detail})" if one.detail else ""
            values = ""
            if one.field:
                values = f", {one.field}: here {_shown(one.here)}, there {_shown(one.there)}"
            yield f"  {one.connection} {one.key} {_WORDS[kind]}{detail}{values}"
        if len(mine) > _LISTED:
            yield f"  and {len(mine) - _LISTED:,} more of these; --json lists all"


def _shown(value: Any) -> str:
    """A value as it stands, cut where it is long."""
    text = value.isoformat() if hasattr(value, "isoformat") else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
