"""Exchanges of the simulator against a vendor's published OpenAPI contract."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from connectors.simulator.http import Logged


class Contract:
    """Operations by path, with their schemas."""

    def __init__(
        self, directory: Path, files: Sequence[str], *, every_value_may_be_null: bool = False
    ) -> None:
        self.operations: list[tuple[re.Pattern[str], str, str, Mapping[str, Any]]] = []
        self.registry: Registry[Any] = Registry()
        self._documents: dict[str, Any] = {}
        for name in files:
            document = json.loads((directory / name).read_text(encoding="utf-8"))
            document = _as_json_schema(document, every_value_may_be_null)
            self._documents[name] = document
            self.registry = self.registry.with_resource(
                name, Resource.from_contents(document, default_specification=DRAFT202012)
            )
            for path, operations in document["paths"].items():
                pattern = re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$")
                for method, operation in operations.items():
                    self.operations.append((pattern, method.upper(), name, operation))
        # A literal path comes before one with a placeholder.
        self.operations.sort(key=lambda one: one[0].pattern.count("[^/]+"))

    def find(self, method: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
        for pattern, verb, name, operation in self.operations:
            if verb == method and pattern.match(path):
                return name, operation
        return None

    def errors(self, name: str, schema: Mapping[str, Any], value: Any) -> list[str]:
        reference = _qualified(schema, name)
        validator = Draft202012Validator(reference, registry=self.registry)
        return [
            f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}"
            for one in validator.iter_errors(value)
        ]

    def followed(self, name: str, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference of a document stands for."""
        while "$ref" in node:
            found = self._documents[name]
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node


def _as_json_schema(node: Any, all_null: bool) -> Any:
    """OpenAPI 3.0 to JSON Schema: `nullable`, and exclusive bounds.

    `all_null`: the vendor marks nothing as nullable and sends null for absent values all the same.
    """
    if isinstance(node, list):
        return [_as_json_schema(one, all_null) for one in node]
    if not isinstance(node, dict):
        return node
    out = {key: _as_json_schema(value, all_null) for key, value in node.items()}
    null = out.pop("nullable", False) is True
    kind = out.get("type")
    if isinstance(kind, str) and (null or (all_null and kind in ("string", "integer", "number"))):
        out["type"] = [kind, "null"]
        if null and isinstance(out.get("enum"), list):
            out["enum"] = [*out["enum"], None]
    elif null and not all_null:
        out = {"anyOf": [out, {"type": "null"}]}
    for word in ("exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(out.get(word), bool):
            del out[word]
    return out


def _qualified(node: Any, name: str) -> Any:
    if isinstance(node, list):
        return [_qualified(one, name) for one in node]
    if isinstance(node, dict):
        return {
            key: f"{name}{value}" if key == "$ref" else _qualified(value, name)
            for key, value in node.items()
        }
    return node


def judge(
    contract: Contract,
    log: Sequence[Logged],
    dialect: str,
    rename: Callable[[str], str] = lambda path: path,
) -> tuple[set[str], list[str]]:
    """(paths that the contract lacks, what breaks it); `rename`: a path as the contract has it."""
    unknown: set[str] = set()
    wrong: list[str] = []
    for one in log:
        path = rename(one.path.removeprefix(f"/{dialect}"))
        found = contract.find(one.method, path)
        if found is None:
            unknown.add(path)
            continue
        name, operation = found
        if one.body:
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            if schema:
                wrong += [
                    f"asked {one.method} {path}: {error}"
                    for error in contract.errors(name, schema, orjson.loads(one.body))
                ]
        told = [contract.followed(name, p) for p in operation.get("parameters", ())]
        parameters = {p["name"] for p in told if "name" in p}
        if parameters:
            wrong += [
                f"asked {one.method} {path}: unknown parameter {key}"
                for key in one.query
                if key not in parameters
            ]
        answer = operation.get("responses", {}).get(str(one.status), {})
        answer = contract.followed(name, answer)
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        if schema:
            wrong += [
                f"sent {one.method} {path}: {error}"
                for error in contract.errors(name, schema, orjson.loads(one.sent))
            ]
    return unknown, sorted(set(wrong))
