"""Texts and names that databases choke on are kept, and nobody is taken for another."""

import pytest
from support.hosts import hosts
from support.synced import Synced, synced

from connectors.contract import Outcome

pytestmark = pytest.mark.full_on_postgres

EMOJI = "Zahlung 💶 für 日本 👩‍👩‍👧‍👧 ~ İstanbul"
LONG = "a title of a whole paragraph; " * 40 + "end"


def title_of(it: Synced, id_: int) -> str:
    return str(it.rows("SELECT title FROM work_item WHERE source_id = :id", id=str(id_))[0][0])


def test_every_letter_is_kept_and_names_are_no_identity(store_url: str) -> None:
    """B55: An emoji ended the batch, or two people became one by the rules of a collation."""
    with synced(store_url, issues=10) as it:
        world = it.bench.world
        first, second, third = list(world.alive())[:3]
        people = [world.add_person(f"id-{i}", name, name) for i, name in enumerate("💶 💷".split())]
        people += [world.add_person(f"same-{i}", "ana", name) for i, name in enumerate(("É", "E"))]
        world.rename(first, EMOJI)
        for issue, person in zip((first, second, third), people, strict=False):
            world.assign(issue, person.account_id)
        world.assign(list(world.alive())[3], people[3].account_id)
        assert it.run().outcome is Outcome.COMPLETE
        assert title_of(it, first.id) == EMOJI
        ids = {one.account_id for one in people}
        held = {row[0] for row in it.rows("SELECT source_id FROM account")}
        assert ids <= held
        it.later(hours=1)
        assert it.run().rows_written == 0


def test_no_title_is_too_long(store_url: str) -> None:
    """B56: A title longer than its column ended the run."""
    with synced(store_url, issues=10) as it:
        first = next(iter(it.bench.world.alive()))
        it.bench.world.rename(first, LONG)
        assert it.run().outcome is Outcome.COMPLETE
        assert title_of(it, first.id) == LONG


def test_no_message_of_a_commit_is_too_long_or_too_strange(store_url: str) -> None:
    """B54, B56: One commit of a million, and the whole batch went."""
    with hosts(store_url, repositories=2, changes=3, issues=2) as it:
        code = it.world.code
        wanted = {}
        for host in ("github", "gitlab"):
            repo = code.hosted(host)[0]
            change = next(one for one in code.changes_in(repo))
            made = code.push(change, f"{LONG}\x00\ud83d \ufffd", at=it.clock.now())
            wanted[made.sha] = change.id
        it.later(minutes=10)
        assert it.run(github={}, gitlab={}).outcome is Outcome.COMPLETE
        with it.store.reading() as conn:
            query = "SELECT sha, subject FROM code_commit"
            held = {row.sha: row.subject for row in conn.exec_driver_sql(query)}
        for sha in wanted:
            assert held[sha].startswith("a title of a whole paragraph")
            assert "\x00" not in held[sha]
