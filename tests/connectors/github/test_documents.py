"""The GraphQL documents: valid for the vendor's contract, and cut to what a server knows."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from connectors.github.documents import document, newest, numbered
from connectors.github.events import CHANGE_EVENTS, EVENTS, TYPE_EVENTS

PLAIN = (
    "connect",
    "issues",
    "history_page",
    "census",
    "changes",
    "change_census",
    "details_page",
    "deployments",
)
#: What came to GitHub after the contract was recorded (in 2025).
NEWER = {
    "Cannot query field 'issueType' on type 'Issue'.",
    "Cannot query field 'blockedBy' on type 'Issue'.",
    "Unknown type 'IssueTypeAddedEvent'.",
    "Unknown type 'IssueTypeChangedEvent'.",
    "Unknown type 'IssueTypeRemovedEvent'.",
}


def documents(*, newer: bool) -> dict[str, str]:
    """Every document that is sent, by name."""
    return {
        **{name: document(name, newer) for name in PLAIN},
        **{name: numbered(name, 3, newer) for name in ("histories", "details")},
        "newest": newest(3),
    }


@pytest.fixture(scope="module")
def contract(peer_data: Path) -> GraphQLSchema:
    text = (peer_data / "contracts" / "github.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True)


@pytest.mark.full
@pytest.mark.parametrize("name", documents(newer=False))
def test_a_document_is_valid_for_the_vendors_contract(name: str, contract: GraphQLSchema) -> None:
    assert validate(contract, parse(documents(newer=False)[name])) == []


@pytest.mark.full
@pytest.mark.parametrize("name", documents(newer=True))
def test_what_the_contract_lacks_is_listed(name: str, contract: GraphQLSchema) -> None:
    errors = validate(contract, parse(documents(newer=True)[name]))
    assert {error.message.partition(" Did you mean")[0] for error in errors} <= NEWER
    assert bool(errors) is (name in ("issues", "histories", "history_page"))


def test_every_event_that_is_asked_for_is_one(contract: GraphQLSchema) -> None:
    for kind, asked in (
        ("IssueTimelineItemsItemType", EVENTS),
        ("PullRequestTimelineItemsItemType", CHANGE_EVENTS),
    ):
        assert set(asked) <= contract.type_map[kind].values.keys()  # type: ignore[attr-defined]
    known = contract.type_map["IssueTimelineItemsItemType"].values  # type: ignore[attr-defined]
    assert not set(TYPE_EVENTS) & known.keys()


@pytest.mark.parametrize("name", documents(newer=True))
def test_a_document_says_nothing_to_people_and_asks_what_it_costs(name: str) -> None:
    text = documents(newer=True)[name]
    assert "#" not in text
    assert "rateLimit" in text


def test_numbers_have_aliases_in_their_order() -> None:
    text = numbered("histories", 2)
    assert "a0: issue(number: $n0)" in text
    assert "a1: issue(number: $n1)" in text
    assert "$n2" not in text
