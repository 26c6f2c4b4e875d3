"""Changes that need no test, by named rules; pure. Small size is no exemption.

Each rule has an owner, a reason and maybe a last day; a change that landed after it is judged as
if there were no rule, and the verdict says so. What changes how CI runs is never exempt. A revert
to a tree that was tested needs no rule: its content is equal.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase

from mappings.vocabulary import FileChange
from sync.verdict.change_facts import Exemption, Target
from sync.verdict.exempt_paths import is_ci, is_docs, is_generated, is_lock, is_version
from sync.verdict.paths import PathRule


class Kind(StrEnum):
    """What a rule looks at."""

    #: files of documentation only.
    DOCS = "docs"
    #: comments and white space only, where the lines of the change are known.
    COMMENTS = "comments"
    #: files moved and nothing changed in them.
    RENAMES = "renames"
    #: generated or vendored files only.
    GENERATED = "generated"
    #: lock files only, by a bot that updates them, and its tests ran.
    LOCKFILE = "lockfile"
    #: no commit that has not landed elsewhere before.
    MERGE_BACK = "merge_back"
    #: files that hold a version only, by a bot that makes releases.
    VERSION = "version"
    #: a listed repository.
    REPOSITORY = "repository"


_WHY = {
    Kind.DOCS: "it touches documentation only",
    Kind.COMMENTS: "it changes comments and white space only",
    Kind.RENAMES: "it moves files and changes nothing in them",
    Kind.GENERATED: "it touches generated or vendored files only",
    Kind.LOCKFILE: "a bot changed lock files only, and the tests ran",
    Kind.MERGE_BACK: "it merges back what landed elsewhere before",
    Kind.VERSION: "a bot changed the version only",
    Kind.REPOSITORY: "its repository is listed as exempt",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that exempts changes."""

    name: str
    kind: Kind
    #: who answers for it.
    owner: str
    reason: str
    #: last day in force, in UTC; None: open.
    expires: date | None = None
    #: repositories that it is for, as patterns of their path; empty: all (for `repository`: none).
    repositories: tuple[str, ...] = ()
    #: more files of this kind, as patterns of their path (docs, generated, version).
    paths: tuple[str, ...] = ()


def _built_in(kind: Kind) -> Rule:
    return Rule(kind.value.replace("_", "-"), kind, "driftline", f"built in: {_WHY[kind]}")


#: Kinds that are in force where nothing is configured; a configured rule takes its kind's place.
BUILT_IN: tuple[Rule, ...] = tuple(_built_in(kind) for kind in Kind if kind is not Kind.REPOSITORY)
#: Bots that update dependencies, and bots that make releases, by login without `[bot]`.
UPDATE_BOTS = frozenset({"dependabot", "dependabot-preview", "renovate", "renovate-bot"})
RELEASE_BOTS = frozenset({"release-please", "semantic-release-bot"})


@dataclass(frozen=True, slots=True)
class Testing:
    """What is configured about judging tests."""

    #: pytest takes a class of such a name for tests.
    __test__ = False

    rules: tuple[Rule, ...] = BUILT_IN
    update_bots: frozenset[str] = UPDATE_BOTS
    release_bots: frozenset[str] = RELEASE_BOTS
    target: Target = field(default_factory=Target)
    #: what files are for, over the built-in rules; the last that matches counts.
    paths: tuple[PathRule, ...] = ()


@dataclass(frozen=True, slots=True)
class FileShape:
    """A file of a change."""

    path: str
    change: FileChange = FileChange.MODIFIED
    old_path: str | None = None
    #: lines; None: not told.
    additions: int | None = None
    deletions: int | None = None
    #: whether only comments and white space change; None: not known.
    is_noise: bool | None = None


@dataclass(frozen=True, slots=True)
class ChangeShape:
    """What rules look at of one change; None: not known."""

    repository: str | None = None
    #: day it landed, in UTC.
    landed_on: date | None = None
    #: None: the list was not read whole.
    files: tuple[FileShape, ...] | None = None
    #: login of who made it.
    author: str | None = None
    #: its commits, merges left out, that landed with no other change before.
    own_commits: int | None = None


def match(change: ChangeShape, testing: Testing) -> Exemption | None:
    """The rule that exempts a change; None: none does.

    One that is in force stands above one that ended, and one that asks for nothing above one that
    asks for tests.
    """
    if any(is_ci(path) for path in _paths(change)):
        return None
    found = [
        Exemption(
            rule.name,
            _WHY[rule.kind],
            needs_tests=rule.kind is Kind.LOCKFILE,
            expired=rule.expires if _is_over(rule, change) else None,
        )
        for rule in testing.rules
        if _is_for(rule, change) and _HOLDS[rule.kind](change, rule, testing)
    ]
    return min(found, key=lambda one: (one.expired is not None, one.needs_tests), default=None)


def _is_over(rule: Rule, change: ChangeShape) -> bool:
    # Of a change whose day is not known it is not said that the rule still held.
    if rule.expires is None:
        return False
    return change.landed_on is None or change.landed_on > rule.expires


def _is_for(rule: Rule, change: ChangeShape) -> bool:
    if not rule.repositories:
        return rule.kind is not Kind.REPOSITORY
    path = (change.repository or "").casefold()
    return any(fnmatchcase(path, one.casefold()) for one in rule.repositories)


def _paths(change: ChangeShape) -> list[str]:
    files = change.files or ()
    return [path for one in files for path in (one.path, one.old_path) if path is not None]


def _every(change: ChangeShape, holds: Callable[[str], bool]) -> bool:
    """Whether it holds of all paths, old and new; of no path, or a list that is cut, nothing does.

    A file that is copied leaves its old path as it was.
    """
    if not change.files:
        return False
    return all(
        holds(one.path)
        and (one.old_path is None or one.change is FileChange.COPIED or holds(one.old_path))
        for one in change.files
    )


def _named(rule: Rule, path: str) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in rule.paths)


def _docs(change: ChangeShape, rule: Rule, _: Testing) -> bool:
    return _every(change, lambda path: is_docs(path) or _named(rule, path))


def _comments(change: ChangeShape, _: Rule, __: Testing) -> bool:
    return bool(change.files) and all(
        one.change is FileChange.MODIFIED and one.is_noise is True for one in change.files or ()
    )


def _renames(change: ChangeShape, _: Rule, __: Testing) -> bool:
    return bool(change.files) and all(
        one.change is FileChange.RENAMED and one.additions == 0 and one.deletions == 0
        for one in change.files or ()
    )


def _generated(change: ChangeShape, rule: Rule, _: Testing) -> bool:
    # A lock file is generated too, and what it changes is what runs.
    return _every(
        change, lambda path: (is_generated(path) or _named(rule, path)) and not is_lock(path)
    )


def _lockfile(change: ChangeShape, _: Rule, testing: Testing) -> bool:
    return _is_one_of(change.author, testing.update_bots) and _every(change, is_lock)


def _merge_back(change: ChangeShape, _: Rule, __: Testing) -> bool:
    return change.own_commits == 0


def _version(change: ChangeShape, rule: Rule, testing: Testing) -> bool:
    return _is_one_of(change.author, testing.release_bots) and _every(
        change, lambda path: is_version(path) or _named(rule, path)
    )


def _repository(_: ChangeShape, __: Rule, ___: Testing) -> bool:
    return True


def _is_one_of(author: str | None, bots: Iterable[str]) -> bool:
    return author is not None and bare_login(author) in {bare_login(one) for one in bots}


def bare_login(login: str) -> str:
    """A login as bots are named by: in small letters, without `[bot]`."""
    return login.casefold().removesuffix("[bot]")


_HOLDS: dict[Kind, Callable[[ChangeShape, Rule, Testing], bool]] = {
    Kind.DOCS: _docs,
    Kind.COMMENTS: _comments,
    Kind.RENAMES: _renames,
    Kind.GENERATED: _generated,
    Kind.LOCKFILE: _lockfile,
    Kind.MERGE_BACK: _merge_back,
    Kind.VERSION: _version,
    Kind.REPOSITORY: _repository,
}
