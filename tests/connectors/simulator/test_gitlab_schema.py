"""The simulated part of GitLab's GraphQL schema against the vendor's own contract."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema
from graphql.type import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    is_introspection_type,
    is_specified_scalar_type,
)

from connectors.simulator.gitlab_graphql import service

#: What the contract, of the middle of 2023, does not have yet.
NEWER = {
    "Pipeline.name",
    "Pipeline.source",
    "MergeRequestReviewState APPROVED",
    "MergeRequestReviewState REQUESTED_CHANGES",
    "MergeRequestReviewState REVIEW_STARTED",
    "MergeRequestReviewState UNAPPROVED",
    "DetailedMergeStatus CONFLICT",
}


@pytest.fixture(scope="module")
def contract(peer_data: Path) -> GraphQLSchema:
    text = (peer_data / "contracts" / "gitlab.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True)


def facts(schema: GraphQLSchema) -> set[str]:
    """Everything that a schema promises, one line for each."""
    found: set[str] = set()
    for name, kind in schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        found |= set(_of(name, kind))
    return found


def _of(name: str, kind: Any) -> set[str]:
    if isinstance(kind, GraphQLScalarType):
        return {f"scalar {name}"}
    if isinstance(kind, GraphQLEnumType):
        return {f"{name} {value}" for value in kind.values}
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return {f"{type(kind).__name__} {name}"}
    found = {f"{name} is a {one.name}" for one in kind.interfaces}
    for field, definition in kind.fields.items():
        found.add(f"{name}.{field}: {definition.type}")
        found |= {f"{name}.{field}({one}: {a.type})" for one, a in definition.args.items()}
    return found


def test_the_part_is_a_part_of_the_contract(contract: GraphQLSchema) -> None:
    text = (files("connectors.simulator") / "gitlab.graphql").read_text("utf-8")
    assert facts(build_schema(text)) - facts(contract) == set()


def test_what_is_newer_than_the_contract_is_listed(contract: GraphQLSchema) -> None:
    served = facts(service(premium=True, newer=True).schema)
    assert {one.split(":")[0] for one in served - facts(contract)} == NEWER
    assert facts(service(premium=True, newer=False).schema) <= facts(contract)
