"""What holding the store against the servers found: plain records."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sync.engine.context import Problem


class Kind(StrEnum):
    """What a difference means."""

    #: the record did not move since we read it, and yet it differs.
    WRONG = "wrong"
    #: it was there before our last whole reading, and we do not hold it.
    MISSING = "missing"
    #: it differs, and nobody tells whether it moved since we read it.
    UNSURE = "unsure"
    #: it moved since our last reading: the next run brings it.
    CHANGED = "changed"
    #: it came since our last reading.
    NEW = "new"
    #: asked for by its id, it is gone at the source since our last reading.
    GONE = "gone"


#: Kinds that say that the store may not be trusted.
TROUBLE = frozenset({Kind.WRONG, Kind.MISSING, Kind.UNSURE})


@dataclass(frozen=True, slots=True)
class Found:
    """One difference; what it is about, where, and both values."""

    connection: str
    scope: str
    stream: str
    source_id: str
    #: what people call the record, as far as we know.
    key: str
    kind: Kind
    #: `title`, or `review 17 verdict`; empty where the whole record is meant.
    field: str = ""
    here: Any = None
    there: Any = None
    #: when the record moved last, as the server says (UTC).
    moved_at: datetime | None = None
    #: what else was told, for example why it is gone.
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """One stream of one scope."""

    connection: str
    scope: str
    stream: str
    #: records that the server has (within the horizon), and that the store holds; None: the
    #: vendor tells no number.
    there: int | None
    here: int | None
    #: records compared field by field.
    compared: int
    #: up to when the store is complete (server's clock, UTC); None: it was never read whole.
    read_until: datetime | None
    #: why it is not checked, or not wholly.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """All of one `driftline verify`."""

    seed: int
    sample: int
    checked: tuple[Checked, ...]
    found: tuple[Found, ...]
    #: sources, scopes and streams that could not be asked.
    problems: tuple[Problem, ...]

    @property
    def trouble(self) -> tuple[Found, ...]:
        """Differences that the passing of time does not explain."""
        return tuple(one for one in self.found if one.kind in TROUBLE)

    @property
    def exit_codes(self) -> frozenset[int]:
        """4 where something differs without an excuse or could not be asked; else nothing."""
        codes = {one.exit_code for one in self.problems}
        return frozenset(codes | ({4} if self.trouble else set()))
