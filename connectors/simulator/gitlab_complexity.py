"""What a GraphQL query costs at GitLab: one point a field, lists the more the longer they may be.

Facts: https://docs.gitlab.com/api/graphql/#limits and the rule that a list costs one per cent more
for each record that it may hold. The weights of single fields change between releases; here they
are a setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.execution.values import get_argument_values

from connectors.simulator.graphql import Question

#: Records that a list may hold if no number is asked for, and at most.
LONGEST = 100
#: Share of its cost that each record adds to a list.
PER_RECORD = 0.01


@dataclass(frozen=True, slots=True)
class Complexity:
    """Counts the points of queries over a schema."""

    schema: GraphQLSchema
    #: points of single fields by `Type.field`, beside what they hold.
    weights: Mapping[str, int]

    def score(self, question: Question) -> int:
        """The points of a query."""
        fragments = {
            one.name.value: one
            for one in question.document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        root = self.schema.get_root_type(question.operation.operation)
        return self._of(root, question.operation.selection_set, question.variables, fragments)

    def _of(
        self,
        parent: Any,
        selection: SelectionSetNode,
        variables: Mapping[str, Any],
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> int:
        points = 0
        for node in selection.selections:
            if isinstance(node, FragmentSpreadNode):
                inner = fragments[node.name.value]
                on = self.schema.type_map[inner.type_condition.name.value]
                points += self._of(on, inner.selection_set, variables, fragments)
            elif isinstance(node, InlineFragmentNode):
                name = node.type_condition.name.value if node.type_condition else parent.name
                on = self.schema.type_map[name]
                points += self._of(on, node.selection_set, variables, fragments)
            elif isinstance(node, FieldNode) and not node.name.value.startswith("__"):
                points += self._field(parent, node, variables, fragments)
        return points

    def _field(
        self,
        parent: Any,
        node: FieldNode,
        variables: Mapping[str, Any],
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> int:
        name = node.name.value
        definition = parent.fields[name]
        kind = get_named_type(definition.type)
        points = self.weights.get(f"{parent.name}.{name}", 1)
        if node.selection_set is not None:
            points += self._of(kind, node.selection_set, variables, fragments)
        if not kind.name.endswith("Connection"):
            return points
        asked = get_argument_values(definition, node, dict(variables))
        points += "sort" in asked
        # Records that are named cost no more for being several.
        if asked.get("iids") or asked.get("ids"):
            return points
        length = min(asked.get("first") or LONGEST, LONGEST)
        return int(points + points * length * PER_RECORD)
