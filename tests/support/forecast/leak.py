"""Whether what happens later changes what was forecast earlier."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from mappings.vocabulary import StatusCategory
from sync.forecast import backtest, replay
from sync.forecast.inputs import Settings
from sync.forecast.predict import variants
from sync.forecast.replay import Instants, Subject
from sync.ledger.load import Container
from sync.ledger.milestones import MilestoneFacts, Observed
from sync.ledger.timeline import Change, ItemHistory, Stay, Track
from sync.ledger.working_days import WorkCalendar

CALENDAR = WorkCalendar()
#: Few runs: the same numbers are drawn on both sides.
QUICK = Settings(runs=40, cap_weeks=30)


def forecasts(
    subjects: Sequence[Subject], until: datetime, now: datetime, instants: Instants
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """What is said at each instant up to `until`, by milestone and instant; no outcomes."""
    made = backtest.run(subjects, variants(CALENDAR, QUICK), CALENDAR, now, instants=instants)
    return {
        (one.key, one.at): (
            one.remaining,
            one.abstained,
            one.setting,
            one.plain.days,
            one.sent.days,
            one.sent.p,
            one.plain.p,
            one.against_original.p,
            {
                name: None if other is None else (other.days, other.p)
                for name, other in one.others.items()
            },
        )
        for one in made.rows
        if one.at <= until
    }


def leaks(
    subjects: Sequence[Subject], until: datetime, now: datetime, instants: Instants, seed: int
) -> list[tuple[Any, ...]]:
    """Forecasts made up to `until` that change when other things happen after it; empty is good."""
    rng = Random(seed)
    other = [altered(one, until, now, rng) for one in subjects]
    before = forecasts(subjects, until, now, instants)
    after = forecasts(other, until, now, instants)
    assert before.keys() & after.keys(), "nothing was compared"
    return sorted(key for key in before.keys() & after.keys() if before[key] != after[key])


def altered(one: Subject, after: datetime, now: datetime, rng: Random) -> Subject:
    """The same milestone in a world that goes another way after an instant."""
    histories = [_other(item, after, rng) for item in one.container.histories]
    for number in range(rng.randrange(4)):
        enters = after + timedelta(days=rng.uniform(0.1, 40))
        turn = Change(enters + timedelta(days=3), StatusCategory.TODO, StatusCategory.DONE)
        histories.append(
            ItemHistory(
                f"later-{number}",
                (Stay(enters),),
                Track.of((), None),
                Track.of((turn,), StatusCategory.DONE),
                Track.of((), None),
            )
        )
    items = dict(one.container.items)
    template = next(iter(items.values()))
    for item in histories:
        items.setdefault(item.id, replace(template, id=item.id, key=item.id))
    container = Container(one.facts, items, {item.id: item for item in histories})
    made = replay.subject(_moved(one.facts, after, rng), container, CALENDAR, now, late=one.late)
    assert made is not None
    return made


def _other(item: ItemHistory, after: datetime, rng: Random) -> ItemHistory:
    """What the item did up to the instant, and then something else."""
    kept = [one for one in item.category.changes if one.at <= after]
    first = item.category.changes[0].old if item.category.changes else item.category.held
    held = kept[-1].new if kept else first
    at = after
    for turn in rng.choices((StatusCategory.DONE, StatusCategory.TODO), k=rng.randrange(3)):
        at += timedelta(days=rng.uniform(0.1, 30))
        kept.append(Change(at, held, turn))
        held = turn
    stays = item.stays
    if rng.random() < 0.2:
        end = after + timedelta(days=rng.uniform(0.1, 60))
        stays = tuple(
            stay._replace(end=end) if stay.end is None and stay.start < end else stay
            for stay in stays
        )
    return item._replace(category=Track.of(kept, held), stays=stays)


def _moved(facts: MilestoneFacts, after: datetime, rng: Random) -> MilestoneFacts:
    """Its date is moved after the instant."""
    at = after + timedelta(days=rng.uniform(0.1, 20))
    held = [one.new for one in facts.observed if one.field == "due_date"]
    new = date(2030, 1, 1) + timedelta(days=rng.randrange(300))
    move = Observed("due_date", held[-1] if held else None, new.isoformat(), False, after, at)
    kept = tuple(one for one in facts.observed if one.observed_at <= after)
    return replace(facts, observed=(*kept, move), due_date=new)
