"""What stands beside a verdict: gated, reviewed, how deep the evidence is; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from mappings.vocabulary import WHOLE_PIPELINE, Conclusion, ReviewVerdict
from sync.verdict.change_facts import ChangeFacts, CheckFact, ReviewFact
from sync.verdict.expected import bare
from sync.verdict.grade import CheckVerdict
from sync.verdict.names import Depth, Gate, Review, Subject
from sync.verdict.place import Level, place_of

#: What lets a change through a gate. A job that a condition skipped reports success to it.
_PASSES = (Conclusion.SUCCESS, Conclusion.SKIPPED, Conclusion.NEUTRAL)


def gated(facts: ChangeFacts, checks: Sequence[CheckVerdict]) -> Gate | None:
    """Whether the tests were required and satisfied; None: not known.

    Says nothing of how much they tested: a skipped test satisfies a gate.
    """
    if facts.required is None:
        return None
    if not facts.required:
        return Gate.NOT_GATED
    if facts.subject is Subject.DIRECT_PUSH:
        return _bypassed(facts)
    wanted = facts.required - {WHOLE_PIPELINE}
    if WHOLE_PIPELINE in facts.required:
        wanted |= {one.name for one in facts.checks if not one.allow_failure}
    satisfied = [_satisfied(facts, name) for name in sorted(wanted)]
    if not satisfied:
        # Nothing ran that could have been waited for.
        return None
    if False in satisfied:
        return _bypassed(facts)
    if None in satisfied:
        return None
    required = {bare(name) for name in wanted}
    whole = all(one.name in wanted or bare(one.name) in required for one in checks)
    return Gate.GATED if whole else Gate.PARTLY


def _bypassed(facts: ChangeFacts) -> Gate | None:
    """It went past the gate, if there was one by then and all was read."""
    since, merged = facts.required_since, facts.merged_at
    was_there = since is not None and merged is not None and since <= merged
    return Gate.BYPASSED if was_there and not facts.unread and not facts.gaps else None


def _satisfied(facts: ChangeFacts, name: str) -> bool | None:
    """Whether a required check let the change through before it landed; None: not to be told."""
    mine = [one for one in facts.checks if name in (one.name, bare(one.name))]
    at_gate = [one for one in mine if _is_at_gate(facts, one)]
    ended = [one for one in at_gate if one.conclusion is not Conclusion.PENDING]
    merged = facts.merged_at
    if merged is None:
        return None
    if any(one.finished_at is None for one in ended):
        passes = any(one.conclusion in _PASSES for one in ended)
        return None if passes else False
    before = [one for one in ended if one.finished_at is not None and one.finished_at <= merged]
    if not before:
        return False
    last = max(before, key=lambda one: (one.finished_at, one.attempt, one.source_id))
    return last.conclusion in _PASSES or last.allow_failure


def _is_at_gate(facts: ChangeFacts, one: CheckFact) -> bool:
    place = place_of(facts, one)
    return place is not None and place.level <= Level.HEAD


def reviewed(facts: ChangeFacts) -> Review | None:
    """Whether another person approved the head that was merged; None: not known.

    The last word of each reviewer before the merge counts; an approval by the author, or by a
    program, is none.
    """
    if facts.subject is Subject.DIRECT_PUSH:
        return Review.NOT_REVIEWED
    if facts.reviews is None:
        return None
    approvals = [one for one in _last_words(facts) if one.verdict is ReviewVerdict.APPROVED]
    if not approvals:
        return Review.NOT_REVIEWED
    seen = [_saw_head(facts, one) for one in approvals]
    if True in seen:
        return Review.REVIEWED
    return None if None in seen else Review.STALE_APPROVAL


def _last_words(facts: ChangeFacts) -> Iterable[ReviewFact]:
    last: dict[str | None, ReviewFact] = {}
    merged = facts.merged_at
    said = [
        one
        for one in facts.reviews or ()
        if not one.is_bot
        and (one.reviewer_id is None or one.reviewer_id != facts.author_id)
        # A comment takes no approval back.
        and one.verdict not in (ReviewVerdict.COMMENTED, ReviewVerdict.PENDING)
        and (one.at is None or merged is None or one.at <= merged)
    ]
    for one in sorted(said, key=_when):
        last[one.reviewer_id] = one
    return last.values()


def _when(one: ReviewFact) -> tuple[float, bool, str]:
    at = one.at.timestamp() if isinstance(one.at, datetime) else 0.0
    return (at, one.verdict is not ReviewVerdict.APPROVED, one.commit_sha or "")


def _saw_head(facts: ChangeFacts, one: ReviewFact) -> bool | None:
    if one.commit_sha is not None and facts.head_sha is not None:
        if one.commit_sha == facts.head_sha:
            return True
        mine, head = facts.trees.get(one.commit_sha), facts.trees.get(facts.head_sha)
        # A rebase without a change of content leaves what was approved.
        return mine is not None and mine == head
    if one.at is None or facts.pushed_at is None:
        return None
    return one.at >= facts.pushed_at


def depth(checks: Iterable[CheckVerdict]) -> Depth | None:
    """The least that the checks tell of what they executed; None: nothing ran."""
    held = [one.depth for one in checks if one.depth is not None]
    order = list(Depth)
    return min(held, key=order.index) if held else None
