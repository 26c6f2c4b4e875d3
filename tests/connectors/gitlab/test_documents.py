"""The GraphQL documents: valid for the vendor's contract, cut to what a server knows."""

from importlib.resources import files
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from connectors.gitlab.documents import conditions, document
from connectors.gitlab.graphql import FIRST_SIZES

NAMES = sorted(
    one.name.removesuffix(".graphql")
    for one in (files("connectors.gitlab") / "queries").iterdir()
    if one.name.endswith(".graphql")
)
#: Fields that the contract, of the middle of 2023, does not have yet -> version that brought them.
NEWER = {"Pipeline.name": "16.5", "Pipeline.source": "16.5"}
#: Fields that the contract has and a Community Edition has not.
PAID = {
    "Issue.weight",
    "Issue.healthStatus",
    "Issue.iteration",
    "Issue.epic",
    "Issue.blockedByIssues",
}
#: The vendor's longest query, characters.
LONGEST = 10_000


@pytest.fixture(scope="module")
def contract(peer_data: Path) -> GraphQLSchema:
    text = (peer_data / "contracts" / "gitlab.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True)


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_valid_for_the_vendors_contract(name: str, contract: GraphQLSchema) -> None:
    for known in (PAID, ()):
        assert validate(contract, parse(document(name, known))) == []


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_what_the_contract_lacks_is_listed_with_its_version(
    name: str, contract: GraphQLSchema
) -> None:
    errors = validate(contract, parse(document(name, conditions(name))))
    asked = {one for one in NEWER if one in conditions(name)}
    assert len(errors) == len(asked)
    for one in asked:
        kind, field = one.split(".")
        assert any(f"{field!r} on type {kind!r}" in error.message for error in errors)


def test_every_condition_is_newer_or_paid() -> None:
    found = {one for name in NAMES for one in conditions(name)}
    assert found == {*NEWER, *PAID}


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_short_and_says_nothing_to_people(name: str) -> None:
    text = document(name, conditions(name))
    assert "#" not in text
    assert len(text) < LONGEST


def test_what_nobody_knows_is_not_asked() -> None:
    assert "weight" not in document("issues", ())
    assert "weight" in document("issues", {"Issue.weight", "Pipeline.source"})
    assert "source\n" not in document("runs", {"Issue.weight"})


def test_every_paged_question_has_a_first_size() -> None:
    assert {name for name in NAMES if "$size" in document(name, ())} == set(FIRST_SIZES)
