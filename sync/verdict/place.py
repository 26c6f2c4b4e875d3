"""How close what a check built is to what landed, and what a success there earns; pure."""

from collections.abc import Iterable
from datetime import timedelta
from enum import IntEnum
from posixpath import dirname
from typing import NamedTuple

from mappings.vocabulary import MergeMethod, Origin
from sync.verdict.change_facts import ChangeFacts, CheckFact, Preview
from sync.verdict.exempt_paths import is_docs
from sync.verdict.names import Grade

#: A preview on a base that is older than this at the merge is stale, whatever moved since.
OLD_BASE = timedelta(days=7)
#: Ways to land whose tree is the one of the merge of head and base.
_LANDS_THE_MERGE = (MergeMethod.MERGE, MergeMethod.SQUASH)


class Level(IntEnum):
    """Which commits are a better match; the best is the smallest."""

    LANDED = 0
    EQUAL = 1
    PREVIEW = 2
    HEAD = 3
    EARLIER = 4
    LATER = 5


class Place(NamedTuple):
    """Where a result stands. Results of equal places are attempts of one check on one build."""

    level: Level
    #: what a success earns there; EXACT stands for EXACT and EXACT_AFTER, by the instants.
    grade: Grade
    sha: str
    #: the merge of the commit with a base was built, and not the commit.
    is_merge: bool = False
    base: str | None = None
    #: other changes in a later run.
    others: int = 0
    #: it was built with what never landed: its failure may be the other's.
    with_unlanded: bool = False


def place_of(facts: ChangeFacts, check: CheckFact) -> Place | None:
    """Where a result stands; None: its commit has nothing to do with the change."""
    sha = check.sha
    if sha == facts.landed_sha:
        return Place(Level.LANDED, Grade.EXACT, sha)
    is_own = sha == facts.head_sha or sha in facts.previews or sha in facts.commits
    if is_equal(facts, check, is_own=is_own):
        return Place(Level.EQUAL, Grade.EXACT, sha)
    if sha in facts.previews:
        return _merge(facts, check, facts.previews[sha])
    if sha == facts.head_sha:
        if not check.builds_merge:
            return Place(Level.HEAD, Grade.HEAD, sha)
        base = check.merged_base if check.base_known is not None else None
        return _merge(facts, check, Preview(base, sha, check.base_known))
    if sha in facts.commits:
        return Place(Level.EARLIER, Grade.STALE, sha, is_merge=bool(check.builds_merge))
    if sha in facts.later and not check.builds_merge:
        others = max(1, facts.later[sha])
        grade = Grade.BATCHED_ONE if others == 1 else Grade.BATCHED_MANY
        return Place(Level.LATER, grade, sha, others=others)
    return None


def is_equal(facts: ChangeFacts, check: CheckFact, *, is_own: bool) -> bool:
    """Whether it built the very content that landed.

    A run on a foreign commit that built a merge there, or may have, tested another content.
    """
    landed = facts.trees.get(facts.landed_sha) if facts.landed_sha is not None else None
    if landed is not None and facts.trees.get(check.sha) == landed:
        return is_own or check.builds_merge is False or _told_equal(facts, check)
    return _told_equal(facts, check) and (is_own or facts.landed_sha is not None)


def _told_equal(facts: ChangeFacts, check: CheckFact) -> bool:
    return check.sha in facts.equal and not check.builds_merge


def _merge(facts: ChangeFacts, check: CheckFact, one: Preview) -> Place:
    """Where a merge of the change with a base stands, that CI built before there was one."""
    sha, head, base = check.sha, one.head_sha, one.base_sha
    if head is None or (facts.head_sha is not None and head != facts.head_sha):
        # Of which head is not told: no more is known than that a commit of the change was in it.
        return Place(Level.EARLIER, Grade.STALE, sha, is_merge=True, base=base)
    if base is None or facts.base_sha is None:
        return Place(Level.HEAD, Grade.HEAD, sha, is_merge=True, base=base)
    if base == facts.base_sha:
        if _is_what_landed(facts, sha, one):
            return Place(Level.EQUAL, Grade.EXACT, sha, is_merge=True, base=base)
        return Place(Level.PREVIEW, Grade.PREVIEW, sha, is_merge=True, base=base)
    return _moved(facts, check, base)


def _is_what_landed(facts: ChangeFacts, sha: str, one: Preview) -> bool:
    """Whether the same two commits were merged: the content is the same then.

    Not where the base is inferred, nor where commits were replayed, which may end otherwise.
    """
    if one.base_known is Origin.INFERRED or facts.method not in _LANDS_THE_MERGE:
        return False
    landed = facts.trees.get(facts.landed_sha) if facts.landed_sha is not None else None
    # Of a run that is shown on the head the tree is the head's, and says nothing here.
    mine = facts.trees.get(sha) if sha in facts.previews else None
    return landed is None or mine is None


def _moved(facts: ChangeFacts, check: CheckFact, base: str) -> Place:
    moved = facts.moved.get(base)
    as_head = Place(Level.HEAD, Grade.HEAD, check.sha, is_merge=True, base=base)
    if moved is not None and moved.landed is False:
        return as_head._replace(with_unlanded=True)
    stale = as_head._replace(level=Level.PREVIEW, grade=Grade.PREVIEW_STALE)
    # The base is at least as old as the run on it.
    ran_at = check.started_at or check.created_at
    instants = [at for at in (moved.base_at if moved else None, ran_at) if at is not None]
    if facts.merged_at is not None and any(facts.merged_at - at > OLD_BASE for at in instants):
        return stale
    if moved is None or moved.paths is None or facts.paths is None:
        return as_head
    if overlap(facts.paths, moved.paths):
        return stale
    if moved.base_at is None or facts.merged_at is None:
        return as_head
    return stale._replace(grade=Grade.PREVIEW)


def overlap(mine: Iterable[str], others: Iterable[str]) -> bool:
    """Whether two sets of files share a file or a package: a folder, for what is no documentation.

    >>> overlap(["src/a.py"], ["src/b.py"]), overlap(["src/a.py"], ["web/a.py", "src/notes.md"])
    (True, False)
    """
    first, second = set(mine), set(others)
    return bool(first & second) or bool(_packages(first) & _packages(second))


def _packages(paths: Iterable[str]) -> set[str]:
    return {dirname(path) for path in paths if not is_docs(path)}
