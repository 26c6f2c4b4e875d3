"""The simulated part of GitLab's GraphQL schema against the vendor's own contract."""

from importlib.resources import files
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema
from support.graphql_schema import facts

from connectors.simulator.gitlab_graphql import service

#: What the contract, of the middle of 2023 (16.3), does not have yet -> since when it is there.
NEWER = {
    "Pipeline.name": "16.5",
    "Pipeline.source": "16.5",
    "MergeRequestReviewState REQUESTED_CHANGES": "16.7",
    "MergeRequestReviewState APPROVED": "after 16.3",
    "MergeRequestReviewState REVIEW_STARTED": "after 16.3",
    "MergeRequestReviewState UNAPPROVED": "after 16.3",
    "DetailedMergeStatus CONFLICT": "after 16.3",
}


@pytest.fixture(scope="module")
def contract(peer_data: Path) -> GraphQLSchema:
    text = (peer_data / "contracts" / "gitlab.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True)


@pytest.mark.full
def test_the_part_is_a_part_of_the_contract(contract: GraphQLSchema) -> None:
    text = (files("connectors.simulator") / "gitlab.graphql").read_text("utf-8")
    assert facts(build_schema(text)) - facts(contract) == set()


@pytest.mark.full
def test_what_is_newer_than_the_contract_is_listed(contract: GraphQLSchema) -> None:
    served = facts(service(premium=True, newer=True).schema)
    assert {one.split(":")[0] for one in served - facts(contract)} == NEWER.keys()
    assert facts(service(premium=True, newer=False).schema) <= facts(contract)
