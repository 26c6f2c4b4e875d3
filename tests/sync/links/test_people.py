"""One person over several systems: by configuration alone."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from support.store import START, at, rows

from mappings.records import Account
from sync.links.people import Login, logins, match, refresh, suggest
from sync.store import schema
from sync.store.open import Store, memory_store
from sync.store.tables_judged import person_account
from sync.store.writer import Writer

ADA = Login(1, "jira", "5b10", "Ada Winter", None, "ada@example.org")
ADA_GH = Login(2, "github", "77", "Ada", "ada", "Ada@Example.org")
BEN_GH = Login(2, "github", "78", "Ben", "ben", "ben@example.org")
BOT = Login(2, "github", "79", "Robot", "robot", "ada@example.org", is_bot=True)


def test_accounts_are_named_by_id_login_address_or_name():
    found = match(
        {"Ada": ["jira:ADA@example.org", "github:ada"], "Ben": ["github:Ben"]},
        [ADA, ADA_GH, BEN_GH],
    )
    assert found.persons == {(1, "5b10"): "Ada", (2, "77"): "Ada", (2, "78"): "Ben"}
    assert found.problems == ()
    assert match({"Ada": ["jira:5b10"]}, [ADA]).persons == {ADA.key: "Ada"}


def test_a_login_wins_over_a_name_of_somebody_else():
    other = Login(2, "github", "80", "ada", "lovelace")
    assert match({"Ada": ["github:ada"]}, [other, ADA_GH]).persons == {ADA_GH.key: "Ada"}


@pytest.mark.parametrize(
    ("people", "problem"),
    [
        ({"Ada": ["jira:nobody"]}, "Ada: 'jira:nobody' names no account that was read"),
        ({"Ada": ["jira:"]}, "Ada: 'jira:' names no account that was read"),
        (
            {"Ada": ["github:ada"], "Eve": ["github:77"]},
            "Eve: 'github:77' is the account of Ada already",
        ),
    ],
)
def test_what_cannot_be_followed_is_told(people, problem):
    assert match(people, [ADA, ADA_GH]).problems == (problem,)


def test_a_name_that_two_have_is_nobodys():
    twin = Login(1, "jira", "5b11", "Ada Winter")
    found = match({"Ada": ["jira:Ada Winter"]}, [ADA, twin])
    assert (found.persons, found.problems) == (
        {},
        ("Ada: 'jira:Ada Winter' names several accounts",),
    )


def test_one_address_in_two_systems_is_a_suggestion_with_its_line():
    """B59: An address alone joins nobody."""
    (found,) = suggest([ADA, ADA_GH, BEN_GH, BOT], {})
    assert found.accounts == (ADA_GH, ADA)
    assert found.line == '"Ada" = ["github:ada", "jira:ada@example.org"]'


def test_what_is_configured_is_no_suggestion_and_half_of_it_is_one():
    both = {ADA.key: "Ada W.", ADA_GH.key: "Ada W."}
    assert suggest([ADA, ADA_GH], both) == ()
    (found,) = suggest([ADA, ADA_GH], {ADA.key: "Ada W."})
    assert found.name == "Ada W."


def test_addresses_of_nobody_suggest_nothing():
    shared = [
        Login(n, name, "1", "X", "x", "1+x@users.noreply.github.example")
        for n, name in ((1, "jira"), (2, "github"))
    ]
    assert suggest(shared, {}) == ()


@given(st.lists(st.sampled_from([ADA, ADA_GH, BEN_GH, BOT]), unique=True))
def test_a_suggestion_names_at_least_two_systems_and_follows_its_own_line(accounts):
    for one in suggest(accounts, {}):
        assert len({login.connection_id for login in one.accounts}) > 1
        followed = match({one.name: [login.word for login in one.accounts]}, accounts)
        assert set(followed.persons) == {login.key for login in one.accounts}
        assert suggest(accounts, followed.persons) == ()


@pytest.fixture
def store() -> Store:
    """Two systems, one account each."""
    made = memory_store()
    with made.writing() as conn:
        for id_, name in ((1, "jira"), (2, "github")):
            conn.execute(
                sa.insert(schema.connection).values(
                    id=id_, name=name, kind=name, first_seen_at=START
                )
            )
        Writer(made, conn, 1, START).accounts([Account("5b10", "Ada Winter", email="a@b.example")])
        Writer(made, conn, 2, START).accounts([Account("77", "Ada", login="ada")])
    return made


def test_rows_follow_the_configuration_and_keep_what_was(store: Store) -> None:
    people = {"Ada": ["jira:a@b.example", "github:ada"]}
    with store.writing() as conn:
        assert [one.word for one in logins(conn)] == ["github:ada", "jira:a@b.example"]
        assert refresh(conn, at(1), people) == 2
        assert refresh(conn, at(2), people) == 0
        assert refresh(conn, at(3), {"Ada": ["github:ada"], "Eve": ["jira:5b10"]}) == 2
        assert refresh(conn, at(4), {}) == 2
    assert rows(store, person_account) == [
        (1, "5b10", "Ada", at(1), at(3)),
        (1, "5b10", "Eve", at(3), at(4)),
        (2, "77", "Ada", at(1), at(4)),
    ]
