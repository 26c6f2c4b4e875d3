"""Refused credentials: sent a few times at most, run after run, until somebody acts."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from support.synced import Synced, synced

from connectors.contract import Outcome
from sync.engine import breaker
from sync.store.schema import capability

WRONG = "an-old-password-of-nobody"


@pytest.fixture
def it(store_url: str) -> Iterator[Synced]:
    with synced(store_url, issues=6) as made:
        made.run()
        made.bench.simulator.log.clear()
        yield made


def give(it: Synced, **options: Any) -> None:
    """Other options from the next run on."""
    it.options.clear()
    it.options.update(options)


def refusals(it: Synced) -> int:
    """Logins that the server refused."""
    return sum(one.status == 401 for one in it.bench.simulator.log)


def test_a_token_that_is_refused_is_tried_twice_and_then_once_a_day(it: Synced) -> None:
    """B72: the count is kept over runs; every one of them says what is wrong."""
    give(it, token=SecretStr(WRONG))
    seen = []
    for _ in range(7):
        result = it.run()
        assert result.exit_codes == {4}
        assert "refuse" in result.problems[0].what
        seen.append(refusals(it))
        it.later(hours=6)
    assert seen == [1, 2, 2, 2, 2, 3, 3]
    told = it.run().problems[0]
    assert "they are not sent again" in told.what
    assert "driftline check" in told.todo


def test_a_password_that_is_refused_is_never_tried_again(store_url: str) -> None:
    """B72: Data Center locks the account at the third refusal."""
    with synced(store_url, cloud=False, issues=6) as it:
        it.run()
        it.bench.simulator.log.clear()
        give(it, username="owner", token=SecretStr(WRONG))
        for _ in range(3):
            assert it.run().exit_codes == {4}
            it.later(hours=30)
        assert refusals(it) == 1


def test_another_credential_is_tried_at_once(it: Synced) -> None:
    give(it, token=SecretStr(WRONG))
    for _ in range(3):
        it.run()
    give(it)
    assert it.run().outcome is Outcome.COMPLETE
    # Its success forgets the refusals.
    give(it, token=SecretStr(WRONG))
    it.bench.simulator.log.clear()
    it.run()
    assert refusals(it) == 1


def test_a_person_who_checks_lets_it_try_again(it: Synced) -> None:
    """What `check` does after a login that worked."""
    who = it.bench.world.credentials["owner"]
    who.revoked = True
    for _ in range(3):
        it.run()
    assert refusals(it) == 2
    who.revoked = False
    assert it.run().exit_codes == {4}
    for id_ in breaker.resting(it.store).values():
        breaker.accepted(it.store, id_)
    assert it.run().outcome is Outcome.COMPLETE


def test_what_was_read_stays_and_nothing_is_called_gone(it: Synced) -> None:
    before = it.contents()
    give(it, token=SecretStr(WRONG))
    for _ in range(3):
        it.run(census=True)
    assert it.contents() == before


def test_nothing_that_is_kept_tells_the_credential(it: Synced) -> None:
    give(it, token=SecretStr(WRONG))
    it.run()
    with it.store.reading() as conn:
        rows = conn.execute(capability.select().where(capability.c.name == "refused login")).all()
    assert len(rows) == 1
    assert set(rows[0].value) == {"salt", "mark", "times", "at", "counts"}
    # Sixteen bits: every guess fits one time in 65,536.
    assert len(rows[0].value["mark"]) == 4
    assert WRONG not in repr(rows)


def test_a_missing_credential_is_no_refusal(it: Synced) -> None:
    give(it, token=None)
    for _ in range(3):
        assert "no token is configured" in it.run().problems[0].what
    assert breaker.resting(it.store) == {}
