"""A recording served page by page to the real connector, through the engine, into a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from support.jira_payloads import defaults
from support.normalized import Normalized, normalized
from support.peer import Recording
from support.replay import SERVED_AT, Replay, serving

from connectors.jira.options import JiraOptions
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import RunResult, sync
from sync.store.open import Store, open_store


class Fixed:
    """The instant at which the recordings are served."""

    def now(self) -> datetime:
        return SERVED_AT


@dataclass
class Loaded:
    """A store after a run, the run, and what the normalizer alone makes of the recording."""

    store: Store
    result: RunResult
    replay: Replay
    alone: Normalized

    def select(self, sql: str, **values: Any) -> list[Any]:
        with self.store.reading() as conn:
            return list(conn.execute(sa.text(sql), values))

    def again(self) -> RunResult:
        return sync(self.store, plan_for(self.replay), clock=Fixed())


def plan_for(replay: Replay) -> Plan:
    """One connection to the replayed site, reading the projects that its issues are in."""
    recording = replay.recording
    keys = sorted({one["fields"]["project"]["key"] for one in recording.issues})
    known = {"email": "reader@example.org"} if recording.cloud else {}
    options = JiraOptions(
        url=replay.url, token="arbitrary", projects=tuple(keys), page_size=replay.page, **known
    )
    connection = ConnectionPlan("jira", "jira", options, defaults(), time_zone=recording.time_zone)
    return Plan((connection,))


@contextmanager
def loaded(address: str, recording: Recording, **server: Any) -> Iterator[Loaded]:
    """The recording in a new store at this address."""
    store = open_store(address)
    try:
        with serving(recording, **server) as replay:
            result = sync(store, plan_for(replay), clock=Fixed())
            yield Loaded(store, result, replay, normalized(recording))
    finally:
        store.close()
