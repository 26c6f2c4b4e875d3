"""GraphQL and REST end in equal rows, table by table, except what only one of them tells."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.hosts import Hosts, hosts

from connectors.contract import Outcome

pytestmark = pytest.mark.full_on_postgres

#: Columns that only one API fills: table -> column -> that API.
COLUMNS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "gitlab": {
        # The mid-2023 schema of diff statistics names paths and lines, no kind of change.
        "change_file": {"change": "rest"},
        # A commit's author is an account in GraphQL and a name with an address in REST.
        "code_commit": {"author_id": "graphql", "committed_at": "rest"},
        # `change_part` is compared below: it says what is unavailable and why.
        "change_part": {"state": "rest", "reason": "graphql"},
    },
    "github": {
        # A check run's workflow stands in GraphQL; REST names the run only.
        "check_result": {"stage": "graphql"},
        # The timeline of REST names the commit after a force-push only.
        "push_event": {"before_sha": "graphql"},
    },
}
#: Rows that only one API gives: table -> that API.
ROWS: Mapping[str, Mapping[str, str]] = {
    # Pushes are versions of the diff, declared links the list of closed issues: REST alone.
    "gitlab": {"push_event": "rest", "reference": "rest"},
    # By REST each deployment's state costs a request; closing references are GraphQL's.
    "github": {"deployment": "graphql", "reference": "graphql"},
}


def loaded(at: Hosts, kind: str, api: str) -> dict[str, list[tuple[Any, ...]]]:
    """The store after a first load and a run with nothing new."""
    first = at.run(**{kind: {"api": api}})
    assert first.outcome is Outcome.COMPLETE, first.problems
    at.later(minutes=10)
    again = at.run(**{kind: {"api": api}})
    assert again.rows_written == 0
    assert again.requests <= 10 * len(at.world.code.hosted(kind)) + 3
    return at.tables()


@pytest.mark.full
@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_both_apis_end_in_equal_rows(tmp_path: Path, kind: str) -> None:
    held: dict[str, dict[str, list[tuple[Any, ...]]]] = {}
    columns: dict[str, list[str]] = {}
    for api in ("graphql", "rest"):
        with hosts(str(tmp_path / f"{api}.db"), kinds=(kind,)) as at:
            held[api] = loaded(at, kind, api)
            columns = {table: at.columns(table) for table in held[api]} | columns
    for table in sorted({*held["graphql"], *held["rest"]}):
        both = [held[api].get(table, []) for api in ("graphql", "rest")]
        loose = COLUMNS[kind].get(table, {})
        kept = [i for i, name in enumerate(columns[table]) if name not in loose]
        more, less = (Counter(tuple(row[i] for i in kept) for row in rows) for rows in both)
        only = ROWS[kind].get(table)
        if only != "graphql":
            assert not more - less, f"{table}: only by GraphQL"
        if only != "rest":
            assert not less - more, f"{table}: only by REST"
        if only is not None:
            assert more != less, f"{table} is equal: take it off the list"
        for name in loose:
            also = [*kept, columns[table].index(name)]
            more, less = (Counter(tuple(row[i] for i in also) for row in rows) for rows in both)
            assert more != less, f"{table}.{name} is equal: take it off the list"


def test_what_one_api_of_gitlab_does_not_tell_is_unavailable_and_says_why(store_url: str) -> None:
    with hosts(store_url, kinds=("gitlab",), repositories=1, changes=6) as at:
        at.run(gitlab={"api": "graphql"})
        rows = {row for row in at.tables()["change_part"] if row[2] == "'pushes'"}
        assert {row[3:] for row in rows} == {("'unavailable'", "'GraphQL does not tell'")}


def test_what_rest_of_github_does_not_tell_is_unavailable_and_says_why(store_url: str) -> None:
    with hosts(store_url, kinds=("github",), repositories=1, changes=6) as at:
        result = at.run(github={"api": "rest"})
        said = {step.stream: step.reason for step in result.steps if step.outcome == "unavailable"}
        assert list(said) == ["deployments"]
        assert "GraphQL alone" in str(said["deployments"])


@pytest.mark.full
@pytest.mark.parametrize("kind", ["github", "gitlab"])
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_private_repositories_are_hidden_unless_every_reader_may_see_them(
    tmp_path: Path, kind: str, api: str
) -> None:
    with hosts(
        str(tmp_path / "store.db"), kinds=(kind,), repositories=1, changes=3, issues=3
    ) as at:
        (repo,) = at.world.code.hosted(kind)
        repo.private = True
        at.run(**{kind: {"api": api}})
        assert restricted(at) == {True}
        at.later(minutes=5)
        at.run(full=True, **{kind: {"api": api, "hide_private": False}})
        assert restricted(at) == {False}


def restricted(at: Hosts) -> set[bool]:
    """Whether items and changes are."""
    query = "SELECT restricted FROM work_item UNION SELECT restricted FROM change_request"
    with at.store.reading() as conn:
        return {bool(row[0]) for row in conn.exec_driver_sql(query)}
