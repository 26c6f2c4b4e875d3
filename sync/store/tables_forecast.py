"""The tables of forecasts: what was said on which day, and what came of it."""

from sqlalchemy import Boolean, Column, Date, Float, Integer, Table, Text

from sync.store.columns import metadata
from sync.store.types import Instant, Json

#: One forecast of one milestone. What was said is never rewritten; what came of it is added once.
forecast = Table(
    "forecast",
    metadata,
    #: 0: a program milestone, which is of no connection.
    Column("connection_id", Integer, primary_key=True, autoincrement=False),
    Column("milestone_kind", Text, primary_key=True),
    #: id at the source; name of a program milestone.
    Column("milestone_id", Text, primary_key=True),
    #: day at which it stands, in the configured zone.
    Column("as_of", Date, primary_key=True),
    #: when it was made (UTC). Other inputs of the same day make another row.
    Column("known_from", Instant, primary_key=True),
    #: hash of inputs, parameters and version: what is the same is not written again.
    Column("digest", Text, nullable=False),
    Column("model_version", Integer, nullable=False),
    Column("inputs", Json, nullable=False),
    Column("parameters", Json, nullable=False),
    #: promised date that it was measured against.
    Column("due_date", Date),
    Column("open_items", Integer, nullable=False),
    #: days by which so many runs were done; NULL: not within two years, or nothing was said.
    Column("p50", Date),
    Column("p70", Date),
    Column("p85", Date),
    Column("p95", Date),
    #: share of the runs that kept the promised date, 0 to 1.
    Column("p_on_time", Float),
    #: why nothing was said.
    Column("abstained", Text),
    #: when it really was done (UTC), and open items that its close left behind; NULL: not yet.
    Column("done_at", Instant),
    Column("leftovers", Integer),
    #: whether it kept `due_date`; known before it is done once that date is over.
    Column("on_time", Boolean),
    #: working days from `as_of` until it was done.
    Column("actual_days", Integer),
    #: squared error of the probability, and losses of the dates in working days.
    Column("brier", Float),
    Column("pinball_50", Float),
    Column("pinball_85", Float),
    #: when the last of this was noted (UTC).
    Column("scored_at", Instant),
)

#: What a backtest found: it decides whether forecasts may be believed.
backtest_result = Table(
    "backtest_result",
    metadata,
    Column("made_at", Instant, primary_key=True),
    Column("model_version", Integer, nullable=False),
    #: hash of parameters and of what was replayed.
    Column("digest", Text, nullable=False),
    Column("dates_proven", Boolean, nullable=False),
    Column("probability_proven", Boolean, nullable=False),
    #: one line for people.
    Column("words", Text, nullable=False),
    Column("facts", Json, nullable=False),
)
