"""What landed against what was tested, and against what it restores."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from support.gitlab_site import Bench, serving, window

from connectors.simulator.code_things import ChangeRequest, Repository


@pytest.fixture
def bench() -> Iterator[Bench]:
    with serving(9, issues=4, changes=8) as bench:
        yield bench


def landed(bench: Bench) -> tuple[Repository, ChangeRequest]:
    code = bench.world.code
    for repo in code.hosted("gitlab"):
        for one in code.changes_in(repo):
            if one.merged_at is not None and one.landed_sha != one.head_sha:
                return repo, one
    raise AssertionError("nothing landed in this company")


def compared(bench: Bench, repo: Repository, change: ChangeRequest) -> list[dict[str, Any]]:
    """The pairs that were asked about for a merge request."""
    connector = bench.connector(api="rest")
    identity = connector.connect()
    [scope] = [one for one in connector.scopes() if one.source_id == str(repo.id)]
    asked = window(
        identity, ids=(str(change.id),), keys={str(change.id): f"{repo.path}!{change.number}"}
    )
    [page] = list(connector.read("comparisons", scope, None, asked))
    [record] = page.records
    found: list[dict[str, Any]] = orjson.loads(record.payload)["pairs"]
    return found


@pytest.mark.parametrize("says", ["merge request !{number}", "commit {sha}"])
def test_a_revert_is_compared_with_what_stood_before(bench: Bench, says: str) -> None:
    repo, change = landed(bench)
    code, sha = bench.world.code, change.landed_sha
    assert sha is not None
    title = f'Revert "{change.title}"'
    back = code.open_change(
        repo,
        title,
        "take-it-back",
        [(title, code.files_of(change))],
        author=change.author,
        undo=change,
        body=f"This reverts {says.format(number=change.number, sha=sha)}.",
    )
    code.merge(back, "merge")
    before = code.git.at(repo, sha).parents[0]
    assert before in {pair["other"] for pair in compared(bench, repo, back)}


def test_words_about_a_revert_are_no_revert(bench: Bench) -> None:
    repo, change = landed(bench)
    change.body = "It reverts merge request !999999, which nobody finds."
    others = {pair["other"] for pair in compared(bench, repo, change)}
    assert change.landed_sha not in others
    assert bench.world.code.git.at(repo, change.landed_sha or "").parents[0] not in others
