"""How good the forecasts are: on real history, and in worlds of which the generator is known.

python -m benchmarks --only forecast prints all tables; with --write it also puts them into
docs/forecast.md. The parts on real history need DRIFTLINE_PEER_DATA and are left out without it.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import forecast_sprints, forecast_tidev, forecast_worlds
from mappings.vocabulary import MilestoneKind
from sync.forecast import backtest, histories, reliability, tables
from sync.forecast.backtest import Result
from sync.forecast.predict import variants
from sync.forecast.scores import score
from sync.forecast.standing import P85, against
from sync.ledger.working_days import WorkCalendar
from sync.store.open import open_store

#: No ratio is bounded: what falls short is said in the tables and in the README.
BOUNDS: dict[str, tuple[float, str]] = {}
PAGE = Path(__file__).parent.parent / "docs" / "forecast.md"
BEGIN = "<!-- figures: made by `python -m benchmarks --only forecast --write` -->"
#: Milestones of each made-up team, and the seed of all of them.
MILESTONES, SEED = 30, 5
#: Versions of the archive with fewer items are left out.
LEAST_ITEMS = 10
#: After the last change in the archive.
AFTER = datetime(2024, 1, 1, tzinfo=UTC)


def measure(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Print the tables; write them into the page if asked to."""
    lines = list(figures(directory, options))
    print("\n".join(lines))
    if getattr(options, "write", False):
        head = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0]
        PAGE.write_text(head + "\n".join([BEGIN, "", *lines]) + "\n", encoding="utf-8")
    return {"ratios": {}}


def figures(directory: Path, options: argparse.Namespace) -> Iterator[str]:
    """All tables, as Markdown."""
    yield from worlds(getattr(options, "milestones", MILESTONES))
    peer_data = os.environ.get("DRIFTLINE_PEER_DATA")
    if not peer_data:
        yield "## Real history"
        yield ""
        yield "Skipped: DRIFTLINE_PEER_DATA names no folder."
        return
    yield from tidev(directory / "tidev.db", Path(peer_data))
    yield from sprints(Path(peer_data))


def worlds(milestones: int) -> Iterator[str]:
    """Every made-up world."""
    yield "## Made-up worlds"
    yield ""
    yield (
        f"{milestones} milestones of one team each, with 12 to 70 planned items, forecast at 25, "
        f"50 and 75 % of the plan. The {tables.INTERVAL} stands in brackets."
    )
    calendar = forecast_worlds.CALENDAR
    for world in forecast_worlds.WORLDS:
        team = forecast_worlds.team(world, milestones, SEED)
        made = backtest.run(team, variants(calendar), calendar, forecast_worlds.END)
        yield ""
        yield f"### {world.name.capitalize()}: {world.words}"
        yield ""
        yield from _all(made)


def tidev(store_path: Path, peer_data: Path) -> Iterator[str]:
    """Versions and sprints of the archive, through the ordinary store and backtest."""
    store = open_store(str(store_path))
    calendar = WorkCalendar()
    try:
        left = forecast_tidev.fill(store, peer_data)
        with store.reading() as conn:
            subjects, refused = histories.subjects(conn, calendar, AFTER, final=True)
    finally:
        store.close()
    yield ""
    yield "## Real history: versions of a retired Jira"
    yield ""
    yield (
        "Arrivals are creations, completions resolutions; who is in a version is what the archive "
        "says at the end. Its release dates were written afterwards and are not used, so there is "
        "a date to score and no probability. Instants are 25, 50 and 75 % of the life, from the "
        "first arrival to the last completion; versions that were never fully resolved are "
        "censored."
    )
    yield ""
    yield "Not read: " + "; ".join(f"{why} ({number})" for why, number in left.items()) + "."
    yield ""
    some = [one for one in subjects if one.key[1] is MilestoneKind.VERSION]
    large = [one for one in some if len(one.container.by_item) >= LEAST_ITEMS]
    small = {f"fewer than {LEAST_ITEMS} items": len(some) - len(large), **refused}
    settings = variants(calendar, final=True)
    yield from _all(backtest.run(large, settings, calendar, AFTER, left_out=small))
    yield ""
    yield "## Real history: sprints of the same Jira"
    yield ""
    yield (
        "Is all of it done by the planned end? Items are those that the archive lists in the "
        "sprint at the end; many were carried over, so few sprints were completed in time. The "
        "planned end is taken as known since the begin."
    )
    yield ""
    some = [one for one in subjects if one.key[1] is MilestoneKind.SPRINT]
    yield from _all(backtest.run(some, settings, calendar, AFTER), dates=False)


def sprints(peer_data: Path) -> Iterator[str]:
    """Delivered shares, outside the store."""
    found, left = forecast_sprints.rows(peer_data / "sprints")
    yield ""
    yield "## Real history: delivered share of sprints"
    yield ""
    yield (
        "Rows of features, no items, so outside the store with the same model. Target: the points "
        "in the sprint at the instant (to do, in progress, done); delivered share: 1 + vel_diff / "
        "target, of each row's own file. Losses are in shares; P85 is the share that 85 % of the "
        "outcomes should reach. What is sent is recalibrated by earlier sprints of the board, and "
        "drawn towards what they delivered, as far as that would have been better. Left out: "
        + "; ".join(f"{why} ({number} rows)" for why, number in left.items())
        + "."
    )
    for share, made in forecast_sprints.run(found).items():
        ours, plain = score(made.ours), score(made.plain)
        yield ""
        yield (
            f"At {share:.0%} of the time: {len(made.ours)} forecasts, {made.abstained} said "
            "nothing (not enough history)."
        )
        yield ""
        lines = [("forecaster", "n", "P85 reached", "P85 loss", "our skill over it")]
        for name, its in ((tables.OURS, ours), (tables.PLAIN, plain)):
            lines.append((name, str(len(made.ours)), *_share(its), ""))
        for one in against(made.ours, made.others):
            number = one.pinball.count if one.pinball else 0
            skill = "–" if one.pinball_skill is None else f"{one.pinball_skill:+.2f}"
            lines.append((one.name, str(number), *_share(one.theirs), skill))
        yield from tables.markdown(lines)


def _share(its: Any) -> tuple[str, str]:
    held, lost = its.coverage.get(P85), its.pinball.get(P85)
    if held is None or lost is None:
        return "–", "–"
    return (
        f"{held.value:.0%} ({held.low:.0%} to {held.high:.0%})",
        f"{lost.value:.3f} ({lost.low:.3f} to {lost.high:.3f})",
    )


def _all(made: Result, *, dates: bool = True) -> Iterator[str]:
    for line in tables.summary(made):
        yield f"- {line}"
    yield ""
    yield from tables.markdown([tables.HEAD, *tables.rows(made)])
    ours = score(made.scored)
    if dates and ours.coverage:
        yield ""
        yield from tables.markdown(tables.levels(made))
    if ours.reliability:
        yield ""
        yield from tables.markdown(tables.reliability(ours.reliability))
        yield ""
        yield f"In words: {reliability.title(ours.reliability)}."


def main(arguments: Sequence[str]) -> None:
    """Print the tables of the made-up worlds alone."""
    print("\n".join(worlds(int(arguments[0]) if arguments else MILESTONES)))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
