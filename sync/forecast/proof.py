"""The newest backtest as the store keeps it: what stands beside every forecast until the next."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.forecast import recalibrate
from sync.forecast.backtest import Result
from sync.forecast.inputs import DEFAULTS
from sync.forecast.model import VERSION
from sync.forecast.predict import GOES_ON
from sync.forecast.standing import Claim, Standing
from sync.store.tables_forecast import backtest_result as table


@dataclass(frozen=True, slots=True)
class Proof:
    """What a backtest leaves for the forecasts after it."""

    made_at: datetime
    standing: Standing
    #: whether work was best taken to stop arriving at the promised date.
    stops: bool
    #: promised level -> level to read off among the runs of a forecast.
    levels: Mapping[float, float]


def keep(conn: sa.Connection, result: Result, now: datetime) -> Proof:
    """Store what a backtest found at `now` (UTC); earlier ones stay."""
    standing = result.standing
    levels = recalibrate.levels(result.fallen)
    made = Proof(now, standing, result.setting != GOES_ON, levels)
    facts = {
        "dates": asdict(standing.dates),
        "probability": asdict(standing.probability),
        "forecasts": standing.forecasts,
        "held": standing.held,
        "stops": made.stops,
        "levels": [[level, at] for level, at in levels.items()],
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
    return Proof(row.made_at, standing, facts["stops"], dict(facts["levels"]))
