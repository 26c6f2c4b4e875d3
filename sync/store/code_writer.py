"""The rows of code hosting inside a writer's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from mappings.code_records import (
    BranchTip,
    ChangeCommits,
    ChangeFiles,
    ChangeRequest,
    Checks,
    Commits,
    Deployment,
    PipelineRun,
    Pushes,
    References,
    Release,
    RequiredChecks,
    Reviews,
    RunJobs,
    TreeComparison,
)
from sync.store import branches, changes, checks, commits, releases, runs
from sync.store.page import Page
from sync.store.rows import Fate, MembershipRow


class CodeWriter:
    """Writes changes, their children, pipelines, checks and releases; the page counts the rows.

    Sets (`files`, `reviews`, …) are written after the changes of the same page: what came with an
    older record of a change is left out.
    """

    def __init__(self, page: Page) -> None:
        """`page` is shared with the writer that this one belongs to."""
        self._page = page

    def changes(self, records: Iterable[ChangeRequest]) -> frozenset[str]:
        """Change requests; ids inserted, changed or seen again after they were gone.

        An older record never undoes a newer row; what an answer leaves out (`None`) never blanks
        what another told of the same head or merge. Where the head moved, files, reviews, commits
        and pushes wait to be read again (`not_fetched`); their rows stay until then.
        """
        return changes.write_changes(self._page, records)

    def tombstones(self, gone: Mapping[str, Fate]) -> None:
        """Mark change requests as gone: id -> why. Nothing is deleted."""
        changes.write_tombstones(self._page, gone)

    def memberships(self, by_change: Mapping[str, Sequence[MembershipRow]]) -> None:
        """All intervals of each change: what differs from what is known is closed and inserted."""
        changes.write_memberships(self._page, by_change)

    def files(self, records: Iterable[ChangeFiles]) -> None:
        """The files of each change, as a set; only a complete one takes away."""
        changes.write_files(self._page, records)

    def reviews(self, records: Iterable[Reviews]) -> None:
        """The reviews of each change, as a set; only a complete one takes away."""
        changes.write_reviews(self._page, records)

    def change_commits(self, records: Iterable[ChangeCommits]) -> None:
        """The commits of each change in order, as a set; only a complete one takes away."""
        changes.write_change_commits(self._page, records)

    def commits(self, records: Iterable[Commits]) -> None:
        """Commits seen elsewhere: added or filled, never taken away."""
        commits.write_commits(self._page, records)

    def tips(self, records: Iterable[BranchTip]) -> None:
        """Where branches stand."""
        branches.write_tips(self._page, records)

    def comparisons(self, records: Iterable[TreeComparison]) -> None:
        """Which commits hold the same content; an answer once given stands."""
        commits.write_comparisons(self._page, records)

    def pushes(self, records: Iterable[Pushes]) -> None:
        """The pushes to each change, as a set; only a complete one takes away."""
        changes.write_pushes(self._page, records)

    def references(self, records: Iterable[References]) -> None:
        """What each change refers to, as a set per source that was read."""
        changes.write_references(self._page, records)

    def runs(self, records: Iterable[PipelineRun]) -> None:
        """Attempts of pipelines and workflow runs; an older record never undoes a newer row."""
        runs.write(self._page, records)

    def checks(self, records: Iterable[Checks], jobs: Iterable[RunJobs] = ()) -> None:
        """Check results of commits and of runs, as sets; only a complete one takes away.

        What is finished does not become unfinished by an older answer.
        """
        checks.write_checks(self._page, records, jobs)

    def required(self, records: Iterable[RequiredChecks]) -> None:
        """What merging into each branch requires, as a set; only a complete one takes away."""
        checks.write_required(self._page, records)

    def releases(self, records: Iterable[Release]) -> None:
        """Tags and releases; one that was gone is there again."""
        releases.write(self._page, records)

    def release_listing(self, scope_id: str, ids: Collection[str]) -> None:
        """Of a complete listing of a repository's tags, what it does not name is gone."""
        releases.write_listing(self._page, scope_id, ids)

    def deployments(self, records: Iterable[Deployment]) -> None:
        """Deployments; not being listed proves nothing."""
        releases.write_deployments(self._page, records)
