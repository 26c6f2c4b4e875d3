"""What GitLab tells of commits: logs of a ref, and how two commits differ."""

from collections.abc import Iterable

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_git import together
from connectors.simulator.code_things import Commit, FileEdit, Repository


def resolve(code: CodeWorld, repo: Repository, ref: str) -> Commit | None:
    """The commit that a branch, a tag or a sha names."""
    tag = code.tags.get((repo.id, ref))
    return code.git.get(repo, code.git.tip(repo, ref) or (tag.sha if tag else ref))


def ancestry(code: CodeWorld, repo: Repository, start: Commit) -> dict[str, Commit]:
    """A commit and all before it, over every parent, by sha."""
    found: dict[str, Commit] = {}
    ahead = [start]
    while ahead:
        one = ahead.pop()
        if one.sha not in found:
            found[one.sha] = one
            ahead += (parent for sha in one.parents if (parent := code.git.get(repo, sha)))
    return found


def log(code: CodeWorld, repo: Repository, start: Commit) -> list[Commit]:
    """A commit and all before it, newest first."""
    return newest_first(ancestry(code, repo, start).values())


def trunk(code: CodeWorld, repo: Repository, start: Commit) -> list[Commit]:
    """A commit and its first parents, newest first."""
    found = [start]
    while found[-1].parents and (one := code.git.get(repo, found[-1].parents[0])) is not None:
        found.append(one)
    return found


def newest_first(commits: Iterable[Commit]) -> list[Commit]:
    """Commits by time."""
    return sorted(commits, key=lambda one: (one.committed, one.sha), reverse=True)


def between(
    code: CodeWorld, repo: Repository, old: Commit, new: Commit, *, straight: bool
) -> tuple[list[Commit], list[FileEdit]]:
    """(commits that `new` has and `old` has not, files that differ).

    `straight`: between the two as they are; else since they parted.
    """
    before, after = ancestry(code, repo, old), ancestry(code, repo, new)
    added = newest_first(one for sha, one in after.items() if sha not in before)
    if old.tree == new.tree and (straight or old.sha in after):
        return added, []
    changed = list(reversed(added))
    if straight:
        changed += (one for sha, one in before.items() if sha not in after)
    files = together(edit for one in changed for edit in one.files)
    if not files and old.tree != new.tree:
        # A merge commit lists no files of its own, and yet the contents differ.
        files = [FileEdit("src/app.py")]
    return added, files
