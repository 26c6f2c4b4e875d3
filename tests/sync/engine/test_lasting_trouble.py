"""Trouble that stays: the stream fails with one clear message, and nothing that was held is lost.

Cursors of failed streams stay where they were, nothing is taken for gone, and once the trouble is
over the next run ends as if nothing had been.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.sites import Site, each, site

from connectors.contract import Outcome
from connectors.simulator import edits
from connectors.simulator.faults import (
    Fault,
    graphql_errors,
    login_page,
    nested,
    redirect,
    server_trouble,
    too_many,
    wrong_type,
)
from sync.engine.run import RunResult

#: Those among which the short set divides all kinds of trouble.
SOME = ("jira-cloud", "github-graphql", "gitlab-rest")
ELSEWHERE = "https://sso.example.net/login"
#: Kind of trouble -> how it is made, and what the message has to say of it.
TROUBLES: dict[str, tuple[Any, str]] = {
    "down": (lambda skip: server_trouble("", 503, times=None, skip=skip), "HTTP 503"),
    "limited": (lambda skip: too_many("", 3600, times=None, skip=skip), "limit of requests"),
    "no answers": (lambda skip: Fault("", manner="drop", times=None, skip=skip), "no answer"),
    "always cut": (
        lambda skip: Fault("", manner="cut", times=None, skip=skip),
        "no answer|cut off",
    ),
    "always chopped": (
        lambda skip: Fault("", manner="chop", times=None, skip=skip),
        "broken JSON|not JSON",
    ),
    "log-in page": (lambda skip: login_page("", times=None, skip=skip), "web page"),
    "sent away": (lambda skip: redirect("", ELSEWHERE, times=None, skip=skip), "redirects"),
    "other bytes": (lambda skip: wrong_type("", times=None, skip=skip), "not JSON"),
    "lists in lists": (lambda skip: nested("", times=None, skip=skip), "JSON"),
    "refused": (
        lambda skip: Fault(
            "", 401, b'{"message":"Bad credentials"}', times=None, skip=skip
        ),
        "credentials",
    ),
    "errors alone": (
        lambda skip: graphql_errors("", "Internal server error", times=None, skip=skip),
        "",
    ),
    "other JSON": (lambda skip: Fault("", 200, b"[[]]", times=None, skip=skip), ""),
    "nulls": (lambda skip: Fault("", manner="null", times=None, skip=skip), ""),
}  # fmt: skip


def rows(at: Site, query: str) -> list[tuple[Any, ...]]:
    with at.store.reading() as conn:
        return [tuple(row) for row in conn.execute(sa.text(query))]


def held(at: Site, query: str) -> set[tuple[Any, ...]]:
    return set(rows(at, query))


def cursors(at: Site) -> dict[tuple[Any, ...], Any]:
    """Committed cursors by scope and stream."""
    found = rows(at, "SELECT scope_id, stream, committed FROM cursor")
    return {row[:2]: row[2] for row in found}


def identities(at: Site) -> set[tuple[Any, ...]]:
    """All that is held and not gone."""
    tables = ("work_item", "change_request", "milestone", "scope", "pipeline_run", "release")
    found = set()
    for table in tables:
        query = f"SELECT '{table}', source_id FROM {table} WHERE gone_at IS NULL"
        found |= held(at, query)
    return found


def gone(at: Site) -> set[tuple[Any, ...]]:
    """What truly is no longer there, by the ledger."""
    world, code = at.world, at.world.code
    found = {("work_item", str(one.id)) for one in world.issues.values() if one.deleted}
    found |= {("work_item", str(one.id)) for one in world.issues.values() if one.hidden_from}
    found |= {("work_item", str(one.id)) for one in code.issues.values() if one.deleted}
    found |= {("milestone", str(one.id)) for one in world.versions.values() if one.deleted}
    for one in code.milestones.values():
        if one.deleted:
            found |= {("milestone", str(one.id)), ("milestone", f"{one.repo_id}:{one.number}")}
    found |= {("pipeline_run", str(one.id)) for one in code.ci.runs.values() if one.deleted}
    return found


def assert_clear(result: RunResult, at: Site, said: str) -> None:
    """One message for each thing that failed: what, where, what to do, and no secret."""
    assert result.outcome is not Outcome.COMPLETE
    assert result.problems
    assert result.exit_codes == {4}
    texts = [f"{one.what} ({one.where}) {one.todo}" for one in result.problems]
    places = [(one.scope, one.stream) for one in result.problems]
    assert len(places) == len(set(places))
    token = at.world.credentials["owner"].token
    for text in texts:
        assert token not in text
        assert "Traceback" not in text
        assert "\n" not in text
        assert len(text) < 700, text
    assert any(re.search(said, text) for text in texts), texts


def disturbed(at: Site, trouble: Any, said: str, skip: int, rng: random.Random) -> None:
    """A run that the trouble ends, and one after it."""
    before, known = cursors(at), identities(at)
    at.later(hours=3)
    for _ in range(6):
        edits.random_edit(at.world, at.clock, rng, systems=(at.kind,))  # type: ignore[arg-type]
    at.later(minutes=5)
    at.simulator.script.faults.append(trouble(skip))
    result = at.sync()
    at.simulator.script.clear()
    assert_clear(result, at, said)
    now = cursors(at)
    for step in result.steps:
        if step.outcome is Outcome.FAILED:
            key = (step.scope_id, step.stream)
            assert now.get(key) == before.get(key), key
    lost = known - identities(at) - gone(at)
    assert not lost, lost


def withstood(name: str, kinds: Sequence[str], store_url: str) -> None:
    """One kind of trouble after the other on one store, with a good run at the end."""
    rng = random.Random(f"{name} {kinds}")
    with site(name, store_url) as at:
        assert at.sync().outcome is Outcome.COMPLETE
        for kind in kinds:
            trouble, said = TROUBLES[kind]
            disturbed(at, trouble, said, rng.randrange(8), rng)
        at.later(hours=1)
        last = at.sync()
        assert last.outcome is Outcome.COMPLETE, last.problems


@pytest.mark.full
@pytest.mark.parametrize("name", SOME)
def test_every_kind_somewhere(name: str, tmp_path: Path) -> None:
    """B12, B34, B35, B40, B61: each vendor gets its share of all kinds."""
    kinds = list(TROUBLES)[SOME.index(name) :: len(SOME)]
    withstood(name, kinds, str(tmp_path / "store.db"))


@pytest.mark.full
@each()
@pytest.mark.parametrize("kind", TROUBLES)
def test_every_kind_everywhere(name: str, kind: str, store_url: str) -> None:
    """Every vendor, every kind, both databases."""
    withstood(name, [kind], store_url)


@pytest.mark.full
@each("jira-cloud", "github-rest")
@pytest.mark.parametrize("manner", ["stuck", pytest.param("repeat", marks=pytest.mark.full)])
def test_a_listing_without_an_end(name: str, manner: Any, tmp_path: Path) -> None:
    """B12: the same page for ever ends the stream; what comes through all the same is whole."""
    with site(name, str(tmp_path / "store.db"), issues=14) as at:
        at.simulator.script.faults.append(Fault("", manner=manner, times=None))
        result = at.sync()
        assert len(at.simulator.log) < 400
        at.simulator.script.clear()
        if result.outcome is not Outcome.COMPLETE:
            assert_clear(result, at, "repeats|twice|no end|could be read")
            assert not {key for key, committed in cursors(at).items() if committed is not None} & {
                (one.scope_id, one.stream) for one in result.steps if one.outcome == "failed"
            }
        at.later(minutes=20)
        assert at.sync().outcome is Outcome.COMPLETE
        before = identities(at)
        at.later(minutes=20)
        at.sync(full=True, census=True)
        assert identities(at) == before
