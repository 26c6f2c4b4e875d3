"""Refused credentials: sent a few times at most, run after run, until somebody acts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from support.synced import synced

from connectors.contract import CannotAuthenticate, Outcome
from connectors.github.options import GitHubOptions
from connectors.jira.options import JiraOptions
from sync.engine import breaker
from sync.store import schema
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WRONG = "an-old-password-of-nobody"
OPTIONS = JiraOptions(url="https://jira.example.net", token=SecretStr(WRONG))
REFUSED = CannotAuthenticate("refused")
COUNTED = CannotAuthenticate("refused", counts=True)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store that knows one connection, 1."""
    made = open_store(store_url)
    with made.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(id=1, name="jira", kind="jira", first_seen_at=NOW)
        )
    yield made
    made.close()


def rests(store: Store, at: datetime, options: JiraOptions | GitHubOptions = OPTIONS) -> bool:
    """Whether the credentials of these options are kept back at an instant."""
    try:
        breaker.check(store, 1, options, at)
    except CannotAuthenticate:
        return True
    return False


def test_after_two_refusals_there_is_one_attempt_a_day(store: Store) -> None:
    """B72: the count is kept over runs."""
    attempts = []
    for hours in range(0, 80, 2):
        at = NOW + hours * HOUR
        if not rests(store, at):
            breaker.refused(store, 1, OPTIONS, REFUSED, at)
            attempts.append(hours)
    assert attempts == [0, 2, 26, 50, 74]


def test_where_the_server_counts_there_is_none(store: Store) -> None:
    """B72: Data Center locks the account at the third refusal of a password."""
    breaker.refused(store, 1, OPTIONS, COUNTED, NOW)
    with pytest.raises(CannotAuthenticate, match="not sent again") as caught:
        breaker.check(store, 1, OPTIONS, NOW + 1000 * HOUR)
    assert "2026-03-02 at 08:00 UTC" in caught.value.what
    assert "driftline check" in caught.value.todo


def test_another_credential_or_address_is_tried_at_once(store: Store) -> None:
    breaker.refused(store, 1, OPTIONS, COUNTED, NOW)
    for changes in ({"token": SecretStr("another")}, {"username": "ana"}, {"url": "https://x.net"}):
        assert not rests(store, NOW, OPTIONS.model_copy(update=changes))
    assert rests(store, NOW)


def test_a_key_file_that_was_replaced_is_another_credential(store: Store, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("one")
    options = GitHubOptions(app_id="1", installation_id=2, private_key_file=key)
    breaker.refused(store, 1, options, COUNTED, NOW)
    assert rests(store, NOW, options)
    key.write_text("another one")
    assert not rests(store, NOW, options)


def test_a_login_that_worked_forgets_the_refusals(store: Store) -> None:
    breaker.refused(store, 1, OPTIONS, COUNTED, NOW)
    assert breaker.resting(store) == {"jira": 1}
    breaker.accepted(store, 1)
    assert breaker.resting(store) == {}
    assert not rests(store, NOW)


def test_nothing_that_is_kept_tells_the_credential(store: Store) -> None:
    breaker.refused(store, 1, OPTIONS, REFUSED, NOW)
    with store.reading() as conn:
        (row,) = conn.execute(schema.capability.select()).all()
    assert set(row.value) == {"salt", "mark", "times", "at", "counts"}
    # Sixteen bits: every guess fits one time in 65,536.
    assert len(row.value["mark"]) == 4
    assert WRONG not in repr(row)


def test_runs_keep_a_refused_credential_back_and_lose_nothing(store_url: str) -> None:
    """B72: every run says what is wrong, and what was read stays as it was."""
    with synced(store_url, issues=6) as it:
        it.run()
        before = it.contents()
        it.options["token"] = SecretStr(WRONG)
        refusals = []
        for _ in range(3):
            result = it.run(census=True)
            assert result.exit_codes == {4}
            assert "refuse" in result.problems[0].what
            refusals.append(sum(one.status == 401 for one in it.bench.simulator.log))
        assert refusals == [1, 2, 2]
        it.options["token"] = None
        assert "no token is configured" in it.run().problems[0].what
        assert it.contents() == before
        it.options.clear()
        assert it.run().outcome is Outcome.COMPLETE
        assert breaker.resting(it.store) == {}
