"""Rows of a company's code hosts: changes that landed, their commits, runs and check results.

Everything follows from the size and the seed. Of four repositories one squashes and tests what
landed again, one lands from a merge queue, one merges after pipelines of merged results, and one
tests the head alone.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from benchmarks.scope_world import DAYS, NOW, stamp

#: Repositories; all changes landed within so many days before the present.
REPOSITORIES, LANDED_WITHIN = 40, 170
#: Results of a change, on average.
RESULTS = 10
GITHUB, GITLAB = 1, 2
_DAY = 86_400
_PRESENT = DAYS * _DAY

#: name, stage or workflow, whether its name says that it is a test.
CHECKS = (
    ("unit tests", "CI", True),
    ("integration tests", "CI", True),
    ("lint", "CI", False),
    ("build", "Build", False),
)
E2E = ("e2e tests", "End to end", True)

Row = tuple[object, ...]


@dataclass(slots=True)
class Rows:
    """Rows by table, in the order of the columns that `verdict_fill` names."""

    changes: list[Row] = field(default_factory=list)
    commits: list[Row] = field(default_factory=list)
    own: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    files: list[Row] = field(default_factory=list)
    reviews: list[Row] = field(default_factory=list)
    pushes: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    results: list[Row] = field(default_factory=list)
    states: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Repository:
    """One of the company's repositories."""

    place: int

    @property
    def id(self) -> str:
        """Its source id."""
        return str(1000 + self.place)

    @property
    def connection(self) -> int:
        """The host it is on: every fourth one is on GitLab."""
        return GITLAB if self.way == "merge" else GITHUB

    @property
    def way(self) -> str:
        """How changes land in it."""
        return ("squash", "queue", "merge", "head")[self.place % 4]


class World:
    """Repositories with so many landed changes together."""

    def __init__(self, changes: int, seed: int = 6) -> None:
        """`changes` is rounded down to a multiple of the repositories."""
        self.each = changes // REPOSITORIES
        self.changes = self.each * REPOSITORIES
        self.repositories = tuple(map(Repository, range(REPOSITORIES)))
        self._seed = seed

    def rows(self, repository: Repository, chunk: int = 2_000) -> Iterator[Rows]:
        """All rows of a repository, in order of landing, so many changes at once."""
        rng = random.Random(self._seed * 1_000 + repository.place)
        step = LANDED_WITHIN * _DAY // max(1, self.each)
        base, rows = f"{repository.place:08x}{'b' * 32}", Rows()
        for n in range(self.each):
            merged = _PRESENT - LANDED_WITHIN * _DAY + n * step + rng.randrange(max(1, step))
            base = _Change(repository, n, merged, base, rng, rows).land()
            if len(rows.changes) == chunk:
                yield rows
                rows = Rows()
        yield rows


class _Change:
    """One change, written into `rows`."""

    def __init__(
        self, repo: Repository, n: int, merged: int, base: str, rng: random.Random, rows: Rows
    ) -> None:
        self.repo, self.n, self.merged, self.base = repo, n, merged, base
        self.rng, self.rows = rng, rows
        self.id = str(repo.place * 10_000_000 + n)
        self.number = n + 1
        self.head, self.landed = self._sha("d"), self._sha("e")
        self.runs = 0

    def _sha(self, letter: str) -> str:
        return f"{self.repo.place:04x}{self.n:012x}{letter * 24}"

    def land(self) -> str:
        """Write all of it; what landed."""
        repo, rows, rng = self.repo, self.rows, self.rng
        host, merged = repo.connection, stamp(self.merged)
        dice = rng.random()
        docs, untested = dice < 0.04, 0.04 <= dice < 0.06
        # Where the base did not move the head's tree is the one that landed.
        equal = repo.way != "merge" and rng.random() < 0.4
        tree = f"{self._sha('a')}"
        head_tree = tree if equal else self._sha("9")
        gitlab = repo.way == "merge"
        rows.changes.append(
            (host, self.id, repo.id, self.number, f"acme/{repo.place}#{self.number}", merged,
             stamp(self.merged - 3 * _DAY), "main", self.head, self.landed,
             None if gitlab else tree, None if gitlab else head_tree, self.base, merged)
        )  # fmt: skip
        parents = f'["{self.base}","{self.head}"]' if repo.way == "merge" else f'["{self.base}"]'
        earlier = self._sha("c")
        rows.commits += [
            (host, repo.id, earlier, None if gitlab else self._sha("8"), f'["{self.base}"]',
             stamp(self.merged - 2 * _DAY)),
            (host, repo.id, self.head, None if gitlab else head_tree, f'["{earlier}"]',
             stamp(self.merged - 7200)),
            (host, repo.id, self.landed, None if gitlab else tree, parents, merged),
        ]  # fmt: skip
        rows.own += [(host, self.id, earlier, 0), (host, self.id, self.head, 1)]
        rows.parts += [(host, self.id, part) for part in ("files", "reviews", "commits", "pushes")]
        folder = "docs" if docs else ("web", "core", "api")[self.n % 3]
        end = "md" if docs else "py"
        rows.files += [
            (host, self.id, f"{folder}/part{rng.randrange(300)}_{k}.{end}") for k in range(4)
        ]
        rows.reviews.append((host, self.id, f"r{self.id}", "u7", "approved", self.head, merged))
        rows.pushes.append(
            (host, self.id, f"p{self.id}", stamp(self.merged - 7200), earlier, self.head)
        )
        if not untested:
            self._tested()
        for sha in (self.head, self.landed) if not gitlab else ():
            rows.states += [
                (host, repo.id, "commit", sha, source) for source in ("check_run", "status")
            ]
        return self.landed

    def _tested(self) -> None:
        way, before, after = self.repo.way, self.merged - 3600, self.merged + 60
        if way == "squash":
            self._run("change", self.head, before)
            self._run("branch", self.landed, after)
        elif way == "queue":
            queued = self._sha("f")
            self.rows.commits.append(
                (self.repo.connection, self.repo.id, queued, self._sha("a"),
                 f'["{self.base}"]', stamp(before))
            )  # fmt: skip
            self._run("change", self.head, before)
            self._run("train", queued, before + 1800)
        elif way == "merge":
            built = self._sha("f")
            self.rows.commits.append(
                (self.repo.connection, self.repo.id, built, None,
                 f'["{self.base}","{self.head}"]', stamp(before))
            )  # fmt: skip
            self._run("merge_result", built, before)
            self._run("branch", self.landed, after)
        else:
            self._run("change", self._sha("c"), before - _DAY)
            self._run("change", self.head, before)

    def _run(self, kind: str, sha: str, at: int) -> None:
        """A run with its checks, now and then with an attempt that failed before."""
        repo, rows, rng = self.repo, self.rows, self.rng
        host, self.runs = repo.connection, self.runs + 1
        id_ = f"{self.id}{self.runs}"
        numbers = f"[{self.number}]" if kind != "branch" else "[]"
        rows.runs.append(
            (host, id_, repo.id, kind, "CI", sha, "success", stamp(at), stamp(at + 600), numbers)
        )
        source = "job" if repo.way == "merge" else "check_run"
        if source == "job":
            rows.states.append((host, repo.id, "run", id_, "job"))
        checks = [*CHECKS, E2E if self.n % 3 == 0 else ("docs", "Docs", False)]
        for k, (name, stage, is_test) in enumerate(checks):
            dice = rng.random() if is_test else 1.0
            ends = (
                ("failure", "success") if dice < 0.02
                else ("failure",) if dice < 0.03
                else ("skipped",) if dice < 0.04
                else ("success",)
            )  # fmt: skip
            for attempt, end in enumerate(ends, 1):
                begun = at + 10 * attempt
                rows.results.append(
                    (host, source, f"{id_}{k}{attempt}", repo.id, sha, name, end,
                     None if source == "job" else "github-actions", stage, id_, attempt,
                     int(attempt < len(ends)), stamp(begun), stamp(begun + 300),
                     120 if is_test and source == "job" else None)
                )  # fmt: skip


def instant(days: float) -> str:
    """An instant before the present, as SQLite keeps it."""
    return (NOW - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.000000")
