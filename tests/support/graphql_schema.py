"""What a GraphQL schema promises, as lines that can be compared."""

from typing import Any

from graphql import GraphQLSchema
from graphql.type import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    is_introspection_type,
    is_specified_scalar_type,
)


def facts(schema: GraphQLSchema) -> set[str]:
    """Everything that a schema promises, one line for each."""
    found: set[str] = set()
    for name, kind in schema.type_map.items():
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind):
            found |= _of(name, kind)
    return found


def _of(name: str, kind: Any) -> set[str]:
    if isinstance(kind, GraphQLScalarType):
        return {f"scalar {name}"}
    if isinstance(kind, GraphQLEnumType):
        return {f"{name} {value}" for value in kind.values}
    if isinstance(kind, GraphQLUnionType):
        return {f"{name} may be {one.name}" for one in kind.types}
    if isinstance(kind, GraphQLInputObjectType):
        return {f"{name}.{field}: {one.type}" for field, one in kind.fields.items()}
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    found = {f"{name} is a {one.name}" for one in kind.interfaces}
    for field, definition in kind.fields.items():
        found.add(f"{name}.{field}: {definition.type}")
        found |= {f"{name}.{field}({arg}: {a.type})" for arg, a in definition.args.items()}
    return found
