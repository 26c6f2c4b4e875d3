"""What a run is asked to do: plain data made from the configuration."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from connectors.contract import Mode, StreamSpec
from mappings.schema import MappingTable, with_boards


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """One configured connection."""

    name: str
    #: connector, for example `jira`.
    kind: str
    #: validated instance of the connector's own options.
    options: Any
    mapping: MappingTable
    #: IANA zone in which this connection's calendar dates are meant.
    time_zone: str = "UTC"
    #: last day of the token, where only its owner knows it.
    token_expires: date | None = None
    #: names that map fields to roles, handed to the connector.
    hints: Mapping[str, Any] = field(default_factory=dict)
    proxy: str | None = None
    ca_bundle: str | None = None
    timeout_seconds: float = 30.0
    #: largest answer that is taken, unpacked.
    max_answer_bytes: int = 64 * 2**20
    #: why its connector or its mapping cannot be used, in one sentence; empty: both can.
    unusable: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    connections: tuple[ConnectionPlan, ...]
    #: horizon of closed work at a first load (UTC); None = everything.
    since: datetime | None = None
    #: how the horizon is configured; another one asks another question and reads anew.
    since_label: str = "all"
    #: seconds after which a run yields between pages and goes on in the next; None = no limit.
    time_box_seconds: float | None = None
    #: scopes read side by side.
    workers: int = 8
    #: how far each walk over changes looks back before the last one, at least.
    overlap: timedelta = timedelta(0)
    max_wait_seconds: float = 900.0
    reserve: float = 0.1
    #: how long a lease lives without a page being committed.
    lease_seconds: float = 300.0
    program_version: str = ""


def in_order(specs: Sequence[StreamSpec]) -> list[StreamSpec]:
    """The streams of one scope kind so that each comes after those it names in `after` or `of`.

    Names outside the list are taken as read before. Raises ValueError for a cycle.
    """
    left = list(specs)
    done: list[StreamSpec] = []
    names = {spec.name for spec in specs}
    while left:
        placed = {spec.name for spec in done}
        ready = [s for s in left if all(n in placed or n not in names for n in _before(s))]
        if not ready:
            raise ValueError(f"streams wait for each other: {', '.join(s.name for s in left)}")
        done.extend(ready)
        left = [s for s in left if s not in ready]
    # A census is judged after everything that brings rows. It may bring some itself, whose child
    # data is then read, and it takes those away whose child data nobody can read any more.
    rank = {Mode.CENSUS: 1, Mode.FOLLOW_UP: 2}
    return sorted(done, key=lambda s: rank.get(s.mode, 0))


def _before(spec: StreamSpec) -> Iterable[str]:
    return (*spec.after, *((spec.of,) if spec.of else ()))


def parameters_hash(stream: str, server_id: str, since_label: str) -> str:
    """Identity of the question a cursor answers (16 hex digits); another question starts anew."""
    text = json.dumps([stream, server_id, since_label])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def with_boards_of(table: MappingTable, options: Any) -> MappingTable:
    """The mapping with the fields of boards that a connection's options name, if it has any."""
    boards = getattr(options, "board_fields", None)
    if not boards:
        return table
    return with_boards(table, boards, in_order=bool(getattr(options, "board_order", False)))
