"""What a judgement of one landed change rests on: frozen facts. None: not known; instants in UTC.

Whoever fills them leaves out what was not read; nothing here is a guess, and every default stands
for "nobody told".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from mappings.vocabulary import Conclusion, MergeMethod, Origin, ReviewVerdict
from sync.verdict.names import Subject


@dataclass(frozen=True, slots=True)
class CheckFact:
    """One attempt of one test check on one commit."""

    #: what tells it from other checks: its name, with its workflow or stage where told.
    name: str
    #: the commit that the vendor shows it on.
    sha: str
    conclusion: Conclusion
    #: orders attempts on one commit, with the instants.
    attempt: int = 1
    allow_failure: bool = False
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    tests_total: int | None = None
    tests_failed: int | None = None
    tests_skipped: int | None = None
    #: makes the order of two attempts without instants a fixed one.
    source_id: str = ""
    #: percent of the code that was covered.
    coverage: float | None = None
    #: it is shown on the head and built the merge of the head with its base (GitHub's
    #: `pull_request` runs). False: it built the commit itself. None: not known, taken for that.
    builds_merge: bool | None = None
    #: the base that it merged the head with, where `builds_merge`.
    merged_base: str | None = None
    #: how that base is known. None: it is not, and the evidence counts as the head's.
    base_known: Origin | None = None
    #: its page.
    url: str | None = None
    #: where it is told (`CheckSource`): what was not read there may hold a newer word of it.
    source: str | None = None
    #: a timetable started its run: it met this commit by chance.
    on_schedule: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """A merge that CI built before there was one, with a commit of its own."""

    base_sha: str | None = None
    head_sha: str | None = None
    #: how the base is known; None with a `base_sha`: its commit's parents say so.
    base_known: Origin | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to the branch from one base (b′) to the base that the change landed on (b)."""

    #: files that the commits between touch. None: not known; empty: they touch none.
    paths: frozenset[str] | None = None
    #: when b′ was committed: its age at the merge counts.
    base_at: datetime | None = None
    #: False: b′ never was on the branch, as in a train whose other member was thrown out.
    landed: bool | None = None


@dataclass(frozen=True, slots=True)
class ReviewFact:
    """A review of the change."""

    reviewer_id: str | None
    verdict: ReviewVerdict
    #: the commit it saw.
    commit_sha: str | None = None
    at: datetime | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class DiffCoverage:
    """Changed lines that can be covered, and how many of them tests executed."""

    covered: int
    coverable: int
    #: carried over from an ancestor for jobs that did not run: weaker evidence.
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Exemption:
    """A rule that needs no test of this change, or that would not if it were still in force."""

    #: name that the rule is told by.
    rule: str
    #: why, for a person: half a sentence.
    why: str
    #: it holds only where the tests ran and passed, on whatever commit.
    needs_tests: bool = False
    #: day (inclusive) the rule ended, before the change landed: it does not hold any more.
    expired: date | None = None


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """What is known of a change that landed, and of the tests on its commits."""

    #: m: what landed on the branch; of several commits the last.
    landed_sha: str | None
    #: h: head at the merge. None for a direct push.
    head_sha: str | None
    merged_at: datetime | None
    #: b: base tip that it landed on.
    base_sha: str | None = None
    #: git tree by commit, where the vendor gives it.
    trees: Mapping[str, str] = field(default_factory=dict)
    #: earlier commits of the change.
    commits: frozenset[str] = frozenset()
    #: merges that CI built, by their commit.
    previews: Mapping[str, Preview] = field(default_factory=dict)
    #: results of checks that count as tests, on any of these commits.
    checks: tuple[CheckFact, ...] = ()
    #: tests that are expected for its paths (`expected.of_paths`), and required ones.
    expected: frozenset[str] = frozenset()
    #: why results may be missing; empty: all were read that there are.
    unread: tuple[str, ...] = ()
    #: (commit, `CheckSource`) of which results may be missing. A failure on a worse commit is no
    #: failure while the better one was not read.
    gaps: frozenset[tuple[str, str]] = frozenset()
    #: None: not known. False: this repository has no test check at all.
    has_tests: bool | None = None
    #: whether tests are known to run here: configured at b, or on the changes around this one.
    tests_run_here: bool = False
    #: rule that exempts it, if one does.
    exempt: Exemption | None = None
    subject: Subject = Subject.CHANGE
    method: MergeMethod = MergeMethod.UNKNOWN
    #: commits, also of other changes and branches, known to hold what landed: by an equal tree id
    #: or an empty compare. Runs that built such a commit itself tested what landed.
    equal: frozenset[str] = frozenset()
    #: later commits of the branch that hold what landed: how many other changes each run there
    #: tests for the first time (pushes included).
    later: Mapping[str, int] = field(default_factory=dict)
    #: files of the change, old and new paths. None: the list was not read whole.
    paths: frozenset[str] | None = None
    #: commit of the branch that the change was begun on, where none of its commits merges it in
    #: again. None: not known, or it was brought up to date.
    forked_from: str | None = None
    #: files that differ between b and m. None: not known.
    landed_paths: frozenset[str] | None = None
    #: by b′ (bases of previews and runs other than b): what moved from there to b.
    moved: Mapping[str, Moved] = field(default_factory=dict)
    #: tests that run, and for paths like these do not: skipped, they are none of this change's.
    not_expected: frozenset[str] = frozenset()
    #: tests that no change after this one knows (`expected.retired`): renamed or removed.
    retired: frozenset[str] = frozenset()
    #: tests without which the branch takes no merge. None: not known.
    required: frozenset[str] | None = None
    #: since when it is known that they are required; before that nobody is called to have gone past
    #: a gate that may not have been there. None: not known since when.
    required_since: datetime | None = None
    #: None: not read.
    reviews: tuple[ReviewFact, ...] | None = None
    #: account that made the change: its own approval is none.
    author_id: str | None = None
    #: last push to the change before the merge.
    pushed_at: datetime | None = None
    #: None: nobody told.
    coverage: DiffCoverage | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """How much of the changed lines has to be covered; below it a change is tested in part."""

    #: share, 0 to 1.
    share: float = 0.6
    #: fewer uncovered changed lines than this are never too many.
    uncovered: int = 10
