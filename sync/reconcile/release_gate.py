"""May it go? Each criterion of a milestone or a ref: met, not met, or unknown; pure.

Nothing that is not known is met, and an empty set meets nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sync.reconcile.changes import ChangeLine
from sync.reconcile.evidence_of import Ticket
from sync.reconcile.evidence_rate import UNPROVEN, Debt, Piece, debt, in_words, rate, weakest
from sync.reconcile.trunk import Trunk
from sync.reconcile.words import count
from sync.verdict.names import Review, Verdict

#: Proofs that a person is shown of one criterion.
SHOWN = 10


class Criterion(StrEnum):
    """What is asked, in the order in which it is told."""

    CONTENT = "content"
    TESTS = "tests"
    MERGED_RED = "merged-red"
    DONE_UNPROVEN = "done-unproven"
    OPEN_WORK = "open-work"
    REVIEWED = "reviewed"
    TRUNK = "trunk"
    CONTRADICTIONS = "contradictions"
    READINGS = "readings"
    SIGN_OFF = "sign-off"


class Answer(StrEnum):
    """How a criterion stands."""

    MET = "met"
    NOT_MET = "not met"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rules:
    """What must be met, and how much of it."""

    criteria: frozenset[Criterion] = frozenset(Criterion)
    #: shares of changed lines, 0 to 1.
    tested: float = 0.9
    ready: float = 0.0


@dataclass(frozen=True, slots=True)
class SignOff:
    """That somebody signed it off; UTC."""

    by: str
    at: datetime
    #: what landed in it since; None: that is not known.
    after: tuple[str, ...] | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What is known of a milestone or a ref."""

    name: str
    #: what landed in it.
    pieces: tuple[Piece, ...]
    tickets: tuple[Ticket, ...]
    #: items and changes that are still open in it.
    open_items: tuple[str, ...] = ()
    open_changes: tuple[ChangeLine, ...] = ()
    #: items of which nobody knows whether they are done.
    unclear_items: tuple[str, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    #: open contradictions about it; None: nobody looked yet.
    contradictions: tuple[str, ...] | None = None
    #: why what is known of it may not be all; empty: all was read.
    unread: tuple[str, ...] = ()
    #: the newest first.
    sign_offs: tuple[SignOff, ...] = ()
    #: changes of which nobody can tell whether they are inside; None: it was not looked for.
    uncertain: tuple[str, ...] | None = None
    #: what should be inside and is proven not to be.
    missing: tuple[str, ...] = field(default=())
    #: when it was asked (UTC); None: no age is told.
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One criterion and how it stands."""

    criterion: Criterion
    answer: Answer
    #: half a sentence.
    words: str
    proofs: tuple[str, ...] = ()
    #: it decides.
    required: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """All criteria, and what they come to."""

    name: str
    checks: tuple[Check, ...]

    @property
    def answer(self) -> Answer:
        """The worst of those that decide; unknown where none does."""
        held = {one.answer for one in self.checks if one.required}
        for answer in (Answer.NOT_MET, Answer.UNKNOWN, Answer.MET):
            if answer in held:
                return answer
        return Answer.UNKNOWN


def decide(facts: GateFacts, rules: Rules) -> Decision:
    """Answer every criterion that can be asked of it."""
    checks = [
        _content(facts),
        _tests(facts, rules),
        _merged_red(facts),
        _done(facts),
        _open_work(facts),
        _reviewed(facts),
        _trunk(facts),
        _contradictions(facts),
        _readings(facts),
        _signed(facts),
    ]
    return Decision(
        facts.name,
        tuple(
            Check(
                one.criterion,
                one.answer,
                one.words,
                one.proofs[:SHOWN],
                one.criterion in rules.criteria,
            )
            for one in checks
        ),
    )


def _content(facts: GateFacts) -> Check:
    kind = Criterion.CONTENT
    if facts.missing:
        words = (
            f"{count(len(facts.missing), 'thing')} that should be inside {_are(facts.missing)} not"
        )
        return Check(kind, Answer.NOT_MET, words, facts.missing)
    if facts.uncertain:
        words = f"of {count(len(facts.uncertain), 'change')} it is not known whether it is inside"
        return Check(kind, Answer.UNKNOWN, words, facts.uncertain)
    if not facts.pieces:
        return Check(kind, Answer.UNKNOWN, "nothing is known to have landed in it")
    inside = f"{count(len(facts.pieces), 'change')} for {count(len(facts.tickets), 'ticket')}"
    return Check(kind, Answer.MET, inside)


def _tests(facts: GateFacts, rules: Rules) -> Check:
    kind = Criterion.TESTS
    told = rate(facts.pieces)
    words = in_words(told)
    poor = _owed(facts)
    if not told.changes:
        return Check(kind, Answer.UNKNOWN, "nothing landed, so nothing is proven")
    if not told.known_changes and not told.unknown_changes:
        return Check(kind, Answer.MET, f"all {told.changes} changes need no test")
    blind = [one for one in facts.pieces if one.verdict is Verdict.UNKNOWN or one.lines is None]
    blind = [one for one in blind if one.verdict is not Verdict.EXEMPT and not one.ready]
    whole = told.known_lines + told.unknown_lines
    if any(one.lines is None for one in blind) or not whole:
        return Check(kind, Answer.UNKNOWN, words, _names(blind) or poor)
    for wanted, has in ((rules.tested, told.at_head_lines), (rules.ready, told.ready_lines)):
        if has + told.unknown_lines < wanted * whole:
            return Check(kind, Answer.NOT_MET, f"{words}; {_percent(wanted)} is asked", poor)
    for wanted, has in ((rules.tested, told.at_head_lines), (rules.ready, told.ready_lines)):
        if has < wanted * whole:
            return Check(kind, Answer.UNKNOWN, words, _names(blind))
    return Check(kind, Answer.MET, words)


def _owed(facts: GateFacts) -> tuple[str, ...]:
    """Changes without evidence, the riskiest and largest first, with what makes them so."""
    if facts.at is None:
        return _labels(facts.pieces, lambda one: one.verdict in UNPROVEN)
    owed = debt(facts.pieces, facts.at, due_soon=frozenset())
    lines = [_in_debt(one) for one in owed]
    named = {one.piece.change.pair for one in owed}
    others = (one for one in facts.pieces if one.change.pair not in named)
    return (*lines, *_labels(others, lambda one: one.verdict in UNPROVEN))


def _in_debt(one: Debt) -> str:
    size = "" if one.piece.lines is None else f", {count(one.piece.lines, 'line')}"
    age = f", landed {count(one.age_days, 'day')} ago" if one.age_days else ""
    return f"{_name(one.piece.change)}: {one.risk.name.lower()} risk{size}{age}"


def _merged_red(facts: GateFacts) -> Check:
    kind = Criterion.MERGED_RED
    red = _labels(facts.pieces, lambda one: one.verdict is Verdict.MERGED_RED)
    if red:
        return Check(kind, Answer.NOT_MET, f"{count(len(red), 'change')} landed red", red)
    return _of_all(kind, facts.pieces, "no change landed with a failed test")


def _done(facts: GateFacts) -> Check:
    kind = Criterion.DONE_UNPROVEN
    done = [one for one in facts.tickets if one.done]
    with_work = [(one, weakest(piece.verdict for piece in one.pieces)) for one in done]
    bad = tuple(one.item.key for one, word in with_work if word in UNPROVEN)
    if bad:
        return Check(kind, Answer.NOT_MET, f"{count(len(bad), 'done ticket')} not proven", bad)
    unknown = tuple(one.item.key for one, word in with_work if word is Verdict.UNKNOWN)
    if unknown:
        words = f"of {count(len(unknown), 'done ticket')} it is not known"
        return Check(kind, Answer.UNKNOWN, words, unknown)
    proven = [one for one, word in with_work if word is not None]
    if not proven:
        return Check(kind, Answer.UNKNOWN, "no change is known for any done ticket")
    without = len(done) - len(proven)
    more = f"; {without} without a change" if without else ""
    return Check(kind, Answer.MET, f"{count(len(proven), 'done ticket')} proven{more}")


def _open_work(facts: GateFacts) -> Check:
    kind = Criterion.OPEN_WORK
    waiting = (
        *facts.open_items,
        *(_name(one) for one in facts.open_changes),
        *(_name(change) for ticket in facts.tickets for change in ticket.open_changes),
    )
    waiting = tuple(dict.fromkeys(waiting))
    if waiting:
        return Check(kind, Answer.NOT_MET, f"{len(waiting)} still open", waiting)
    if facts.unclear_items:
        words = f"of {count(len(facts.unclear_items), 'item')} it is not known"
        return Check(kind, Answer.UNKNOWN, words, facts.unclear_items)
    if not facts.tickets and not facts.pieces:
        return Check(kind, Answer.UNKNOWN, "nothing is known to be in it")
    return Check(kind, Answer.MET, "nothing is open")


def _reviewed(facts: GateFacts) -> Check:
    kind = Criterion.REVIEWED
    bad = _labels(facts.pieces, lambda one: _review(one) in _UNREVIEWED)
    if bad:
        words = f"{count(len(bad), 'change')} without an approval of what landed"
        return Check(kind, Answer.NOT_MET, words, bad)
    unknown = _labels(facts.pieces, lambda one: _review(one) is None)
    if unknown:
        words = f"of {count(len(unknown), 'change')} it is not known"
        return Check(kind, Answer.UNKNOWN, words, unknown)
    if not facts.pieces:
        return Check(kind, Answer.UNKNOWN, "nothing landed, so nothing was reviewed")
    return Check(kind, Answer.MET, "another person approved every change as it landed")


_UNREVIEWED = (Review.NOT_REVIEWED.value, Review.STALE_APPROVAL.value)


def _review(one: Piece) -> str | None:
    return None if one.line is None else one.line.reviewed


def _trunk(facts: GateFacts) -> Check:
    kind = Criterion.TRUNK
    wanted = {(one.change.connection_id, one.change.scope_id) for one in facts.pieces}
    red = tuple(f"{one.branch}: {', '.join(sorted(one.red))}" for one in facts.trunks if one.red)
    if red:
        return Check(kind, Answer.NOT_MET, f"{count(len(red), 'branch', 'branches')} red", red)
    known = {one.repository for one in facts.trunks if one.is_known}
    if not wanted or wanted - known:
        return Check(kind, Answer.UNKNOWN, "no test is known to have run on the branch itself")
    return Check(kind, Answer.MET, "the last tests on the branch passed")


def _contradictions(facts: GateFacts) -> Check:
    kind = Criterion.CONTRADICTIONS
    if facts.contradictions is None:
        return Check(kind, Answer.UNKNOWN, "nobody looked yet: run `driftline reconcile`")
    if facts.contradictions:
        number = len(facts.contradictions)
        return Check(kind, Answer.NOT_MET, f"{number} open", facts.contradictions)
    return Check(kind, Answer.MET, "the systems agree")


def _readings(facts: GateFacts) -> Check:
    if facts.unread:
        return Check(Criterion.READINGS, Answer.UNKNOWN, "not all was read", facts.unread)
    return Check(Criterion.READINGS, Answer.MET, "all that it rests on was read")


def _signed(facts: GateFacts) -> Check:
    kind = Criterion.SIGN_OFF
    if not facts.sign_offs:
        return Check(kind, Answer.NOT_MET, "nobody signed it off")
    newest = facts.sign_offs[0]
    words = f"signed off by {newest.by} on {newest.at:%Y-%m-%d}"
    if newest.after is None:
        return Check(kind, Answer.UNKNOWN, f"{words}; what landed since is not known")
    if newest.after:
        since = f"{count(len(newest.after), 'change')} landed since"
        return Check(kind, Answer.NOT_MET, f"{words}; {since}", newest.after)
    return Check(kind, Answer.MET, words)


def _of_all(kind: Criterion, pieces: Sequence[Piece], words: str) -> Check:
    """Met where every one of them is known, and there is one."""
    unknown = _labels(pieces, lambda one: one.verdict is Verdict.UNKNOWN)
    if unknown:
        told = f"of {count(len(unknown), 'change')} it is not known"
        return Check(kind, Answer.UNKNOWN, told, unknown)
    if not pieces:
        return Check(kind, Answer.UNKNOWN, "nothing landed, so nothing is proven")
    return Check(kind, Answer.MET, words)


def _labels(pieces: Iterable[Piece], wanted: Callable[[Piece], bool]) -> tuple[str, ...]:
    return _names(one for one in pieces if wanted(one))


def _names(pieces: Iterable[Piece]) -> tuple[str, ...]:
    return tuple(_name(one.change) for one in pieces)


def _name(one: ChangeLine) -> str:
    return one.key if one.restricted else one.label


def _are(things: Sequence[str]) -> str:
    return "is" if len(things) == 1 else "are"


def _percent(share: float) -> str:
    return f"{share * 100:g} %"
