"""The newest backtest as the store keeps it: what stands beside every forecast until the next."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.forecast.backtest import Result
from sync.forecast.inputs import DEFAULTS, Learned
from sync.forecast.model import VERSION
from sync.forecast.standing import Claim, Standing
from sync.store.tables_forecast import backtest_result as table


@dataclass(frozen=True, slots=True)
class Proof:
    """What a backtest leaves for the forecasts after it."""

    made_at: datetime
    standing: Standing
    #: what outcomes taught, by kind of milestone.
    lessons: Mapping[MilestoneKind, Learned]


def keep(conn: sa.Connection, result: Result, now: datetime) -> Proof:
    """Store what a backtest found at `now` (UTC); earlier ones stay."""
    standing = result.standing
    made = Proof(now, standing, dict(result.lessons))
    facts = {
        "dates": asdict(standing.dates),
        "probability": asdict(standing.probability),
        "forecasts": standing.forecasts,
        "held": standing.held,
        "lessons": {kind.value: asdict(one) for kind, one in made.lessons.items()},
    }
    replayed = [
        (str(one.key), one.at.isoformat(), one.remaining, one.sent.actual, one.sent.on_time)
        for one in result.rows
    ]
    text = json.dumps([asdict(DEFAULTS), facts, replayed], sort_keys=True)
    conn.execute(
        sa.insert(table).values(
            made_at=now,
            model_version=VERSION,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            dates_proven=standing.dates.proven,
            probability_proven=standing.probability.proven,
            words=standing.words,
            facts=facts,
        )
    )
    return made


def newest(conn: sa.Connection, known_at: datetime) -> Proof | None:
    """What the last backtest of this model found, as known at an instant (UTC); None: none did.

    A backtest of another version of the model proves nothing of this one.
    """
    row = conn.execute(
        sa.select(table)
        .where(table.c.made_at <= known_at, table.c.model_version == VERSION)
        .order_by(table.c.made_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    facts = row.facts
    standing = Standing(
        Claim(**facts["dates"]),
        Claim(**facts["probability"]),
        facts["forecasts"],
        facts["held"],
    )
    return Proof(row.made_at, standing, _lessons(facts))


def lessons(conn: sa.Connection, known_at: datetime) -> dict[MilestoneKind, Learned]:
    """What the last backtest of this model taught, as known at an instant (UTC), by kind."""
    facts = conn.scalar(
        sa.select(table.c.facts)
        .where(table.c.made_at <= known_at, table.c.model_version == VERSION)
        .order_by(table.c.made_at.desc())
        .limit(1)
    )
    return _lessons(facts or {})


def _lessons(facts: Mapping[str, Any]) -> dict[MilestoneKind, Learned]:
    return {
        MilestoneKind(kind): Learned(**{**one, "stretch": tuple(one["stretch"])})
        for kind, one in facts.get("lessons", {}).items()
    }
