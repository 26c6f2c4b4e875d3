"""`driftline backtest`: what forecasts would have said of finished milestones, and how they did."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.instants import come

if TYPE_CHECKING:
    from sync.forecast.backtest import Result
    from sync.forecast.replay import Instants
    from sync.forecast.scores import Bin


@click.command(epilog="Example: driftline backtest --at 25,50,75 --out backtest")
@click.option(
    "--milestone",
    "-m",
    "names",
    multiple=True,
    metavar="MILESTONE",
    help="Score this one only (name or PROJECT:name); repeatable. It learns from the others.",
)
@click.option("--since", metavar="DATE", help="Only forecasts after this day's end or instant.")
@click.option(
    "--at",
    "when",
    default="25,50,75",
    show_default=True,
    metavar="SHARES",
    help="Per cent of the plan at which to forecast, or `mondays`.",
)
@click.option(
    "--membership",
    type=click.Choice(["history", "final"]),
    default="history",
    show_default=True,
    help="final: of an archive; who is in a milestone at the end was in it from its creation on.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the reliability diagram there (SVG, and PNG with the extra `charts`).",
)
@json_option
@pass_app
def backtest(
    app: App,
    names: tuple[str, ...],
    since: str | None,
    when: str,
    membership: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Replay finished milestones from what was known then, and score forecasts against the end.

    Beside six simple forecasters that have to be beaten before a forecast is called proven. What is
    learned from others comes from milestones that had ended by then. The result of all milestones,
    from their history, is kept and stands beside every forecast.
    """
    from sync.cli import wiring
    from sync.forecast import backtest as tests
    from sync.forecast import histories, proof
    from sync.forecast.predict import variants
    from sync.ledger.baseline import the_one
    from sync.ledger.milestones import Milestones
    from sync.reconcile.view import calendar_of

    instants = _instants(when)
    settings = app.settings(with_secrets=False)
    calendar = calendar_of(wiring.policy(settings))
    now = app.clock.now()
    begin = come(since, settings.root.time_zone, "--since", now)
    final = membership == "final"
    keeps = not names and begin is None and not final
    store = app.store(settings, read_only=not keeps)
    try:
        with store.reading() as conn:
            known = Milestones(conn, now, now)
            only = {the_one(known, name).key for name in names}
            subjects, left = histories.subjects(conn, calendar, now, only=only or None, final=final)
        result = tests.run(
            subjects,
            variants(calendar, final=final),
            calendar,
            now,
            instants=instants,
            since=begin,
            only=only or None,
            left_out=left,
        )
        if keeps:
            with store.writing() as conn:
                proof.keep(conn, result, now)
    finally:
        store.close()
    if out is not None:
        _draw(app, out, result)
    if as_json:
        app.print_json("backtest", at=when, since=begin, membership=membership, **_facts(result))
        return
    _say(app, result, when, final=final)


def _instants(text: str) -> "Instants":
    from sync.errors import UsageError
    from sync.forecast.replay import Instants

    if text.strip().lower() == "mondays":
        return Instants(mondays=True)
    try:
        shares = sorted({float(part) for part in text.split(",")})
    except ValueError:
        shares = []
    if not shares or not all(0 < one < 100 for one in shares):
        raise UsageError(
            f"{text!r} is neither `mondays` nor per cents",
            where="--at",
            todo="Write for example 25,50,75.",
        )
    return Instants(shares=tuple(one / 100 for one in shares))


def _say(app: App, result: "Result", when: str, *, final: bool) -> None:
    from sync.forecast import tables
    from sync.forecast.scores import score

    for line in tables.summary(result):
        app.say(line)
    if final:
        app.say("members are those of the end, from their creation on: inferred, no history")
    if not result.scored:
        return
    what = "each Monday" if when.strip().lower() == "mondays" else f"{when} % of the plan"
    app.say()
    app.say(f"Forecasts at {what}; {tables.INTERVAL}")
    app.say_table([tables.HEAD, *tables.rows(result)])
    ours = score(result.scored)
    if ours.coverage:
        app.say()
        app.say_table(tables.levels(result))
    if ours.reliability:
        app.say()
        app.say_table(tables.reliability(ours.reliability))


def _draw(app: App, out: Path, result: "Result") -> None:
    from sync.errors import UsageError
    from sync.files import write
    from sync.forecast import reliability
    from sync.forecast.scores import score

    bins: tuple[Bin, ...] = score(result.scored).reliability
    if not bins:
        app.note("no probability can be scored: there is nothing to draw")
        return
    out.mkdir(parents=True, exist_ok=True)
    write(out / "reliability.svg", reliability.svg(bins).encode())
    try:
        picture = reliability.png(bins)
    except UsageError as error:
        app.note(str(error))
    else:
        write(out / "reliability.png", picture)
    app.note(f"written to {out}")


def _facts(result: "Result") -> dict[str, Any]:
    from sync.forecast.scores import score

    standing = result.standing
    return {
        "counts": result.counts,
        "proven": standing.proven,
        "words": standing.words,
        "dates": standing.dates,
        "probability": standing.probability,
        "lessons": {kind.value: one for kind, one in result.lessons.items()},
        "scores": score(result.scored),
        "scores_of_the_runs": score(result.plain),
        "scores_original_date": score(result.original),
        "against": result.others,
        "forecasts": [
            {
                "milestone": one.name,
                "at": one.at,
                "share": one.share,
                "open_items": one.remaining,
                "abstained": one.abstained,
                "days": {f"p{level * 100:.0f}": days for level, days in one.sent.days.items()},
                "actual_days": one.sent.actual,
                "p_on_time": one.sent.p,
                "on_time": one.sent.on_time,
                "closed_with_leftovers": one.closed_with_leftovers,
            }
            for one in result.rows
        ],
    }
