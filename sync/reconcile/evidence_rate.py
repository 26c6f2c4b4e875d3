"""How much of what landed has test evidence: for a ticket, a milestone, a release; pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from sync.reconcile.changes import ChangeLine, Pair, VerdictLine
from sync.verdict.names import Grade, Verdict

#: Worst first: of several changes the first that is among them stands for all.
WEAKEST: tuple[Verdict, ...] = (
    Verdict.MERGED_RED,
    Verdict.NOT_TESTED,
    Verdict.NO_CI,
    # Whether it is better than what follows, nobody can say.
    Verdict.UNKNOWN,
    Verdict.PARTIAL,
    Verdict.STALE,
    Verdict.TESTED_AT_HEAD,
    Verdict.TESTED_AFTER,
    Verdict.TESTED,
    # It needs no test: any other says more.
    Verdict.EXEMPT,
)
#: Verdicts without which a thing called done is not proven.
UNPROVEN = (Verdict.MERGED_RED, Verdict.NOT_TESTED, Verdict.NO_CI)
_OUTSIDE = (Verdict.UNKNOWN, Verdict.EXEMPT)
_READY = (Grade.EXACT.value, Grade.EXACT_AFTER.value)


@dataclass(frozen=True, slots=True)
class Piece:
    """A change that landed, as a roll-up counts it."""

    change: ChangeLine
    #: None: it was not judged.
    line: VerdictLine | None
    #: lines that it altered, without generated and vendored files; None: not told.
    lines: int | None
    #: it touches source.
    is_production: bool = True

    @property
    def verdict(self) -> Verdict:
        """What was said of it; unknown where nothing was."""
        return Verdict.UNKNOWN if self.line is None else self.line.verdict

    @property
    def at_head(self) -> bool:
        """Whether all of its tests passed on its head or closer to what landed."""
        return self.verdict.says_tested

    @property
    def ready(self) -> bool:
        """Whether they passed on exactly what landed."""
        if self.line is None or self.verdict not in (Verdict.TESTED, Verdict.TESTED_AFTER):
            return False
        return all(grade in _READY for grade in self.line.grades.values())


@dataclass(frozen=True, slots=True)
class Rate:
    """Shares of changed lines; what is unknown or needs no test stands apart."""

    #: lines of changes of which it is known whether they were tested.
    known_lines: int = 0
    at_head_lines: int = 0
    ready_lines: int = 0
    #: changes behind these lines, and those of whose size nobody told: they weigh nothing.
    known_changes: int = 0
    unweighed: int = 0
    unknown_changes: int = 0
    unknown_lines: int = 0
    exempt_changes: int = 0

    @property
    def share(self) -> float | None:
        """Test-evidence rate, 0 to 1: at least tested at the head. None: nothing is known."""
        return self.at_head_lines / self.known_lines if self.known_lines else None

    @property
    def ready(self) -> float | None:
        """The share that was tested exactly as it landed, 0 to 1."""
        return self.ready_lines / self.known_lines if self.known_lines else None

    @property
    def changes(self) -> int:
        """All that landed."""
        return self.known_changes + self.unknown_changes + self.exempt_changes


def weakest(verdicts: Iterable[Verdict]) -> Verdict | None:
    """What stands for several changes; None: nothing landed, and that proves nothing."""
    held = set(verdicts)
    return next((one for one in WEAKEST if one in held), None)


def rate(pieces: Collection[Piece]) -> Rate:
    """The shares of these changes, each once."""
    known = [one for one in pieces if one.verdict not in _OUTSIDE]
    weighed = [one for one in known if one.lines is not None]
    unknown = [one for one in pieces if one.verdict is Verdict.UNKNOWN]
    return Rate(
        known_lines=sum(one.lines or 0 for one in weighed),
        at_head_lines=sum(one.lines or 0 for one in weighed if one.at_head),
        ready_lines=sum(one.lines or 0 for one in weighed if one.ready),
        known_changes=len(known),
        unweighed=len(known) - len(weighed),
        unknown_changes=len(unknown),
        unknown_lines=sum(one.lines or 0 for one in unknown),
        exempt_changes=sum(1 for one in pieces if one.verdict is Verdict.EXEMPT),
    )


class Risk(IntEnum):
    """How much an untested change matters, least first."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Debt:
    """A change that landed without evidence that all of it works."""

    piece: Piece
    risk: Risk
    #: whole days since it landed.
    age_days: int
    #: a milestone that it works for is due soon.
    due_soon: bool


def debt(
    pieces: Iterable[Piece], now: datetime, *, due_soon: frozenset[Pair], many_lines: int = 200
) -> list[Debt]:
    """Changes whose tests are missing, failed or incomplete, the riskiest and largest first.

    What is unknown is no debt. Each of these makes it riskier: it touches source, it is large, a
    milestone that it works for is due soon, a test had failed.
    """
    found = []
    for one in pieces:
        if one.verdict in _OUTSIDE or one.at_head:
            continue
        landed = one.change.merged_at
        soon = one.change.pair in due_soon
        points = (
            (1 if one.is_production else 0)
            + (1 if (one.lines or 0) > many_lines else 0)
            + (1 if soon else 0)
            + (2 if one.verdict is Verdict.MERGED_RED else 0)
        )
        if one.verdict in (Verdict.STALE, Verdict.PARTIAL):
            points -= 1
        risk = Risk.HIGH if points >= 2 else Risk.MEDIUM if points == 1 else Risk.LOW
        age = 0 if landed is None else max((now - landed).days, 0)
        found.append(Debt(one, risk, age, soon))
    return sorted(
        found,
        key=lambda one: (-one.risk, -(one.piece.lines or 0), -one.age_days, one.piece.change.pair),
    )


def in_words(one: Rate) -> str:
    """One line for a person: `62 % of changed lines tested (41 % as landed), 2 of 9 unknown`."""
    if not one.changes:
        return "nothing landed for it"
    parts = []
    if one.share is not None and one.ready is not None:
        parts.append(
            f"{_percent(one.share)} of changed lines tested, {_percent(one.ready)} as landed"
        )
    elif one.known_changes:
        parts.append(f"of {one.known_changes} changes no size is told")
    if one.unweighed and one.share is not None:
        parts.append(f"{one.unweighed} of unknown size")
    if one.unknown_changes:
        parts.append(f"{one.unknown_changes} of {one.changes} changes unknown")
    if one.exempt_changes:
        parts.append(f"{one.exempt_changes} need no test")
    return ", ".join(parts)


def _percent(share: float) -> str:
    """Rounded towards what proves less: 99.6 % is not all."""
    return f"{int(share * 100)} %"


def pieces_of(
    changes: Sequence[ChangeLine],
    verdicts: Mapping[Pair, VerdictLine],
    own: Mapping[Pair, tuple[int | None, bool]],
) -> list[Piece]:
    """Pieces in the order of the changes; `own`: lines and whether source is touched."""
    return [
        Piece(one, verdicts.get(one.pair), *own.get(one.pair, (one.lines, True))) for one in changes
    ]
