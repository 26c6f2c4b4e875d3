"""`driftline rehearse`: the mails that would have left, by what was known on each day."""

from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.instants import come

if TYPE_CHECKING:
    from sync.report.rehearsal import Rehearsal

_MOST = 520


@click.command(epilog="Example: driftline rehearse --weeks 13 --config new.toml")
@click.option(
    "--weeks",
    type=click.IntRange(1, _MOST),
    default=13,
    show_default=True,
    help="How far back.",
)
@click.option("--until", metavar="DATE", help="The last day, or instant; now if not told.")
@click.option(
    "--alone-days",
    type=click.IntRange(1, 90),
    default=7,
    show_default=True,
    help="An alarm that is over so soon, and that nobody answered, resolved itself.",
)
@json_option
@pass_app
def rehearse(app: App, weeks: int, until: str | None, alone_days: int, as_json: bool) -> None:
    """Count the mails, findings and alarms that a configuration would have led to.

    Every day on which something was read is judged by what was known then, after the days before
    it, and each recipient's mail is made as if it were approved. Nothing is written or sent.
    With --config FILE another configuration is rehearsed; its `store` is read. Items are told as
    they were mapped then: `driftline mapping shadow` tries another mapping.
    """
    from datetime import timedelta

    from sync.cli import wiring
    from sync.report.recipients import Recipient
    from sync.report.rehearsal import rehearse as run

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    now = app.clock.now()
    end = come(until, settings.root.time_zone, "--until", now) or now
    readers = wiring.recipients(settings) or (
        Recipient("you", settings.root.report.audience, is_owner=True),
    )
    store = app.store(settings, read_only=True)
    days = 0

    def tell(at: object) -> None:
        nonlocal days
        if days % 7 == 0:
            app.note(f"{at:%Y-%m-%d}")
        days += 1

    try:
        found = run(
            store,
            policy,
            readers,
            since=end - timedelta(weeks=weeks),
            until=end,
            alone_within=timedelta(days=alone_days),
            tell=tell,
        )
    finally:
        store.close()
    if as_json:
        app.print_json(
            "rehearsal",
            weeks=weeks,
            first=found.first,
            last=found.last,
            days=found.days,
            days_without_run=found.days_without_run,
            alone_days=alone_days,
            mails=found.mails,
            detectors=found.detectors,
        )
        return
    _say(app, found, alone_days)


def _say(app: App, found: "Rehearsal", alone_days: int) -> None:
    if found.first is None or found.last is None:
        app.say("The store knows nothing of that time: nothing was read in it.")
        return
    app.say(
        f"{found.days} days with a run from {found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}, "
        f"{found.days_without_run} without."
    )
    for who in dict.fromkeys(one.recipient for one in found.mails):
        mine = [one for one in found.mails if one.recipient == who]
        reasons = dict.fromkeys(sorted(one.why for one in mine))
        told = ", ".join(f"{sum(one.why == why for one in mine)} {why}" for why in reasons)
        mails = "1 mail" if len(mine) == 1 else f"{len(mine)} mails"
        app.say(f"{who}: {mails} ({told})")
    for one in found.mails:
        app.say(f"  {one.at:%Y-%m-%d} {one.recipient}: {one.why}: {one.subject}")
    figures = [
        (name, *map(str, (tally.found, tally.mailed, tally.told, tally.resolved_alone)))
        for name, tally in found.detectors.items()
    ]
    app.say_table([("detector", "found", "mailed", "told", "alone"), *figures])
    app.say(
        f"told: called new by some mail. alone: of these, over within {alone_days} days and "
        "answered by nobody."
    )
