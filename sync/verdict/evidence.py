"""The evidence of some changes of a repository, as it is told; nothing is judged here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sync.verdict.change_facts import Preview, ReviewFact
from sync.verdict.exempt import FileShape
from sync.verdict.frame import Frame, Landed, Push
from sync.verdict.results import Result, Run


class Commit(NamedTuple):
    """What is told of a commit; instants in UTC."""

    tree: str | None
    parents: Sequence[str]
    at: datetime | None


@dataclass(slots=True)
class Evidence:
    """All that is known of some changes of one repository and their checks."""

    frame: Frame
    changes: Sequence[Landed]
    pushes: Sequence[Push] = ()
    #: by commit.
    results: dict[str, list[Result]] = field(default_factory=dict)
    #: by commit; with runs that have no result at all.
    runs: dict[str, list[Run]] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    #: earlier commits by change, those too that were pushed away.
    earlier: dict[str, list[str]] = field(default_factory=dict)
    #: previews by change.
    previews: dict[str, dict[str, Preview]] = field(default_factory=dict)
    #: commits of equal content, by the commit that landed.
    equal: dict[str, set[str]] = field(default_factory=dict)
    #: later commits of the branch that were tested, by change.
    later: dict[str, dict[str, int]] = field(default_factory=dict)
    #: old and new paths by change, where the list was read whole.
    paths: dict[str, frozenset[str]] = field(default_factory=dict)
    #: likewise, with what is told of each file.
    files: dict[str, tuple[FileShape, ...]] = field(default_factory=dict)
    #: commits by change that landed with none before, merges left out; where they were read whole.
    own_commits: dict[str, int] = field(default_factory=dict)
    #: commit that a change was begun on, where it was never brought up to date.
    forks: dict[str, str] = field(default_factory=dict)
    #: by account.
    logins: dict[str, str] = field(default_factory=dict)
    #: by change, where they were read.
    reviews: dict[str, list[ReviewFact]] = field(default_factory=dict)
    #: last push by change.
    pushed: dict[str, datetime] = field(default_factory=dict)
    #: changes of which a head was pushed away, and nobody tells which (GitHub's REST).
    pushed_away: set[str] = field(default_factory=set)
    #: by commit and source: state and reason.
    asked: dict[str, dict[str, tuple[str, str | None]]] = field(default_factory=dict)
    #: state and reason of the jobs of each run.
    jobs: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """Ids of the changes."""
        return [one.id for one in self.changes]

    def own(self, one: Landed) -> list[str]:
        """Commits of a change: what landed, its head, earlier ones, previews."""
        return [
            sha
            for sha in dict.fromkeys(
                (
                    one.landed_sha,
                    one.head_sha,
                    *self.earlier.get(one.id, ()),
                    *self.previews.get(one.id, ()),
                )
            )
            if sha is not None
        ]

    def tree(self, sha: str | None) -> str | None:
        """The tree of a commit, where it is told."""
        held = self.commits.get(sha) if sha is not None else None
        return None if held is None else held.tree
