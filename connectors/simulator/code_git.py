"""Commits and branches of the simulated repositories, without any content but its identity.

A tree is the exclusive-or of everything that was done to it. So the same changes give the same
tree in any order and on any way there, as with a real one, and undoing a change restores the tree.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha1

from connectors.simulator.code_things import Commit, FileEdit, Repository


class Git:
    """The objects of all repositories."""

    def __init__(self) -> None:
        """No commit yet."""
        self.commits: dict[tuple[int, str], Commit] = {}
        self._moves: dict[tuple[int, str], list[tuple[datetime, str]]] = {}
        self._edits = 0

    def get(self, repo: Repository, sha: str | None) -> Commit | None:
        """A commit of a repository."""
        return self.commits.get((repo.id, sha)) if sha else None

    def at(self, repo: Repository, sha: str) -> Commit:
        """A commit that is there."""
        return self.commits[repo.id, sha]

    def tip(self, repo: Repository, branch: str, at: datetime | None = None) -> str | None:
        """What a branch points to, now or at an instant."""
        moves = self._moves.get((repo.id, branch), [])
        if at is not None:
            moves = moves[: bisect_right(moves, at, key=lambda one: one[0])]
        return moves[-1][1] if moves else None

    def branches(self, repo: Repository) -> list[str]:
        """Names of the branches that are there."""
        return sorted(
            name for (repo_id, name), moves in self._moves.items() if repo_id == repo.id and moves
        )

    def move(self, repo: Repository, branch: str, sha: str, at: datetime) -> None:
        """Let a branch point elsewhere; moves come in order of time."""
        moves = self._moves.setdefault((repo.id, branch), [])
        assert not moves or moves[-1][0] <= at, (branch, moves[-1], at)
        moves.append((at, sha))

    def new(
        self,
        repo: Repository,
        parent: str | None,
        message: str,
        files: Sequence[FileEdit],
        author: str | None,
        at: datetime,
        *,
        undo: Commit | None = None,
        authored: datetime | None = None,
    ) -> Commit:
        """Work that nobody did before, or the undoing of what `undo` did."""
        if undo is not None:
            patch = self.patch(repo, undo)
        else:
            self._edits += 1
            patch = int(
                sha1(f"{repo.id}/{self._edits}".encode(), usedforsecurity=False).hexdigest(), 16
            )
        return self._keep(
            repo,
            self._tree(repo, parent) ^ patch,
            (parent,) if parent else (),
            message,
            author,
            at,
            authored=authored or at,
            files=files,
        )

    def copy(self, repo: Repository, commit: Commit, parent: str, at: datetime) -> Commit:
        """The same work on another parent, as a rebase or cherry-pick makes it."""
        tree = self._tree(repo, parent) ^ self.patch(repo, commit)
        return self._keep(
            repo,
            tree,
            (parent,),
            commit.message,
            commit.author,
            at,
            authored=commit.authored,
            files=commit.files,
        )

    def join(
        self,
        repo: Repository,
        onto: str,
        head: str,
        fork: str,
        message: str,
        author: str | None,
        at: datetime,
        *,
        squash: bool = False,
        files: Sequence[FileEdit] = (),
    ) -> Commit:
        """What `head` did since `fork`, on top of `onto`: a merge, or one commit of it all."""
        tree = self._tree(repo, onto) ^ self._tree(repo, head) ^ self._tree(repo, fork)
        parents = (onto,) if squash else (onto, head)
        return self._keep(
            repo,
            tree,
            parents,
            message,
            author,
            at,
            authored=at,
            files=files if squash else (),
        )

    def patch(self, repo: Repository, commit: Commit) -> int:
        """What a commit does to its first parent."""
        return int(commit.tree, 16) ^ self._tree(repo, next(iter(commit.parents), None))

    def reached(self, repo: Repository, sha: str | None) -> list[Commit]:
        """A commit and all that it is built on, newest first."""
        found: dict[str, Commit] = {}
        waiting = [sha] if sha else []
        while waiting:
            one = self.get(repo, waiting.pop())
            if one is not None and one.sha not in found:
                found[one.sha] = one
                waiting.extend(one.parents)
        return sorted(found.values(), key=lambda one: one.committed, reverse=True)

    def _tree(self, repo: Repository, sha: str | None) -> int:
        return int(self.at(repo, sha).tree, 16) if sha else 0

    def _keep(
        self,
        repo: Repository,
        tree: int,
        parents: tuple[str, ...],
        message: str,
        author: str | None,
        at: datetime,
        *,
        authored: datetime,
        files: Sequence[FileEdit],
    ) -> Commit:
        name = f"{tree:040x}"
        text = f"{repo.id}/{name}/{'/'.join(parents)}/{message}/{author}/{at.isoformat()}"
        # What somebody wrote may hold half of a surrogate pair.
        sha = sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        made = Commit(sha, repo.id, name, parents, message, author, authored, at, tuple(files))
        self.commits[repo.id, sha] = made
        return made


def together(edits: Iterable[FileEdit]) -> list[FileEdit]:
    """The files of several commits as one difference tells them, in order of path."""
    found: dict[str, FileEdit] = {}
    for one in edits:
        before = found.pop(one.old_path or one.path, None)
        if before is None:
            found[one.path] = one
            continue
        if before.change == "added" and one.change == "removed":
            continue
        change = before.change if one.change == "modified" else one.change
        found[one.path] = FileEdit(
            one.path,
            "added" if before.change == "added" else change,
            before.additions + one.additions,
            before.deletions + one.deletions,
            before.old_path or one.old_path,
        )
    return [found[path] for path in sorted(found)]
