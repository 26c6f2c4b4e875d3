"""GraphQL executed over a vendor's schema: parsing, what a query asks for, and the answer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    execute_sync,
    extend_schema,
    get_named_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values
from graphql.type import GraphQLIncludeDirective, GraphQLInterfaceType, GraphQLSkipDirective

#: (context, source, arguments) -> value of one field.
Resolver = Callable[[Any, Any, Mapping[str, Any]], Any]


class Refused(GraphQLError):
    """A field that is answered with null and an error; `kind` is the vendor's word for why."""

    def __init__(self, message: str, kind: str) -> None:
        """`message` is the vendor's sentence."""
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Asked:
    """A field that a query asks for, with its arguments and how often it is asked at most."""

    parent: str
    field: str
    type: str
    arguments: Mapping[str, Any]
    #: product of the page sizes of all connections around it.
    times: int

    @property
    def page(self) -> int | None:
        """How many nodes of a connection are asked for; None: it is none."""
        if not self.type.endswith("Connection"):
            return None
        found = self.arguments.get("first") or self.arguments.get("last")
        return None if found is None else int(found)


@dataclass(frozen=True, slots=True)
class Question:
    """A query that the schema allows."""

    document: DocumentNode
    operation: OperationDefinitionNode
    #: as the schema understands them.
    variables: Mapping[str, Any]
    #: as they were sent.
    sent: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Data as far as it could be made, and what could not."""

    data: dict[str, Any] | None
    errors: tuple[GraphQLError, ...] = ()


class Service:
    """A schema with the functions that answer it."""

    def __init__(
        self,
        schema: str,
        resolvers: Mapping[tuple[str, str], Resolver],
        type_of: Callable[[Any], str],
        *,
        more: str = "",
    ) -> None:
        """`more`: extensions of the schema; fields without a resolver are attributes or keys."""
        built = build_schema(schema)
        self.schema: GraphQLSchema = extend_schema(built, parse(more)) if more else built
        self._resolvers = resolvers
        self._type_of = type_of
        self._parsed = lru_cache(maxsize=256)(self._parse)

    def question(
        self, text: str, variables: Mapping[str, Any] | None, name: str | None = None
    ) -> Question | list[GraphQLError]:
        """The query, or what is wrong with it."""
        document, errors = self._parsed(text)
        if document is None or errors:
            return errors
        operations = [
            one for one in document.definitions if isinstance(one, OperationDefinitionNode)
        ]
        named = [one for one in operations if name is None or (one.name and one.name.value == name)]
        if len(named) != 1:
            return [GraphQLError("An operation name is required")]
        found = get_variable_values(
            self.schema, named[0].variable_definitions or (), dict(variables or {})
        )
        if isinstance(found, list):
            return found
        return Question(document, named[0], found, dict(variables or {}))

    def answer(self, question: Question, context: Any) -> Answer:
        """Execute it. A resolver that fails otherwise than by `Refused` is a bug, and raised."""
        found = execute_sync(
            self.schema,
            question.document,
            context_value=context,
            variable_values=dict(question.sent),
            operation_name=question.operation.name.value if question.operation.name else None,
            field_resolver=self._resolve,
            type_resolver=self._type,
        )
        for one in found.errors or ():
            if one.original_error is not None and not isinstance(one.original_error, GraphQLError):
                raise one.original_error
        return Answer(found.data, tuple(found.errors or ()))

    def asked(self, question: Question) -> Iterator[Asked]:
        """Every field that it asks for, parents first."""
        fragments = {
            one.name.value: one
            for one in question.document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        root = self.schema.get_root_type(question.operation.operation)
        assert root is not None
        return self._walk(root, question.operation.selection_set, question.variables, fragments, 1)

    def _walk(
        self,
        parent: Any,
        selection: SelectionSetNode,
        variables: Mapping[str, Any],
        fragments: Mapping[str, FragmentDefinitionNode],
        times: int,
    ) -> Iterator[Asked]:
        for node in selection.selections:
            if not _included(node, variables):
                continue
            if isinstance(node, FieldNode):
                name = node.name.value
                if name.startswith("__") or not isinstance(
                    parent, GraphQLObjectType | GraphQLInterfaceType
                ):
                    continue
                definition = parent.fields[name]
                type_ = get_named_type(definition.type)
                arguments = get_argument_values(definition, node, dict(variables))
                one = Asked(parent.name, name, type_.name, arguments, times)
                yield one
                if node.selection_set is not None:
                    inner = times * (one.page or 1)
                    yield from self._walk(type_, node.selection_set, variables, fragments, inner)
            elif isinstance(node, FragmentSpreadNode):
                found = fragments[node.name.value]
                on = self.schema.type_map[found.type_condition.name.value]
                yield from self._walk(on, found.selection_set, variables, fragments, times)
            else:
                condition = getattr(node, "type_condition", None)
                on = self.schema.type_map[condition.name.value] if condition else parent
                yield from self._walk(on, node.selection_set, variables, fragments, times)  # type: ignore[attr-defined]  # fragments have selections

    def _parse(self, text: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
        try:
            document = parse(text)
        except GraphQLError as error:
            return None, [error]
        return document, validate(self.schema, document)

    def _resolve(self, source: Any, info: GraphQLResolveInfo, /, **arguments: Any) -> Any:
        found = self._resolvers.get((info.parent_type.name, info.field_name))
        if found is not None:
            return found(info.context, source, arguments)
        if isinstance(source, Mapping):
            return source.get(info.field_name)
        return getattr(source, info.field_name)

    def _type(self, value: Any, info: GraphQLResolveInfo, _: GraphQLAbstractType) -> str:
        return self._type_of(value)


def _included(node: Any, variables: Mapping[str, Any]) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, dict(variables))
    include = get_directive_values(GraphQLIncludeDirective, node, dict(variables))
    return not (skip and skip["if"]) and not (include and not include["if"])
