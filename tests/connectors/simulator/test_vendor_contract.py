"""What the simulator serves and what the connector asks, against the vendor's own contract."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from support.jira_site import later, read_everything, serving

from connectors.simulator.http import Logged

#: What the published contract lacks: path -> the vendor's page that documents it.
_PAGES = "developer.atlassian.com/cloud/jira/platform/rest"
NOT_IN_THE_CONTRACT = {
    "/rest/api/2/serverInfo": f"{_PAGES}/v2/api-group-server-info",
    "/rest/api/3/mypermissions": f"{_PAGES}/v3/api-group-permissions",
}
FILES = ("jira-platform.openapi.json", "jira-software.openapi.json")


class Contract:
    """Operations by path, with their schemas."""

    def __init__(self, directory: Path) -> None:
        self.operations: list[tuple[re.Pattern[str], str, str, Mapping[str, Any]]] = []
        self.registry: Registry[Any] = Registry()
        for name in FILES:
            document = json.loads((directory / name).read_text(encoding="utf-8"))
            document = _as_json_schema(document)
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


def _as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 to JSON Schema: `nullable`, and optional values that the vendor sends as null."""
    if isinstance(node, list):
        return [_as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    out = {key: _as_json_schema(value) for key, value in node.items() if key != "nullable"}
    # The vendor marks nothing as nullable and sends null for absent values all the same.
    if isinstance(out.get("type"), str) and out["type"] in ("string", "integer", "number"):
        out["type"] = [out["type"], "null"]
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


@pytest.fixture(scope="module")
def contract(peer_data: Path) -> Contract:
    return Contract(peer_data / "contracts")


def test_every_exchange_of_a_first_an_idle_and_a_census_run_keeps_the_contract(
    contract: Contract,
) -> None:
    with serving(projects=2, issues=60) as bench:
        connector = bench.connector()
        first = read_everything(connector, skip=frozenset())
        later(bench, hours=1)
        read_everything(connector, cursors=first.cursors())
        connector.look(
            "census",
            next(one for one in first.scopes if one.kind == "project"),
            first.ids("issues")[:3],
        )
        connector.check()
        connector.close()
        log = list(bench.simulator.log)
    unknown, wrong = judge(contract, log, bench.dialect)
    assert unknown <= NOT_IN_THE_CONTRACT.keys()
    assert wrong == []


#: What a client may ask beyond what the connector does; `{}` names are filled in from the world.
OTHER_QUESTIONS = (
    ("GET", "rest/api/3/serverInfo", {}),
    ("GET", "rest/api/3/myself", {}),
    ("GET", "rest/api/3/project", {}),
    ("GET", "rest/api/3/project/{project}", {}),
    ("GET", "rest/api/3/project/{project}/version", {"maxResults": 2}),
    ("GET", "rest/api/3/project/search", {"status": "archived"}),
    ("GET", "rest/api/3/project/nothing", {}),
    ("GET", "rest/api/3/search/jql", {"jql": "project = {project}", "fields": "*all"}),
    ("GET", "rest/api/3/search/jql", {"jql": "nonsense"}),
    ("POST", "rest/api/3/search/approximate-count", {"jql": "project = {project}"}),
    ("POST", "rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": ["{issue}"], "maxResults": 3}),
    ("POST", "rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": ["{issue}"], "fields": ["*all"]}),
    ("GET", "rest/api/3/issue/{issue}", {"expand": "changelog"}),
    ("GET", "rest/api/3/issue/{issue}/changelog", {"maxResults": 2}),
    ("GET", "rest/api/3/issue/nothing", {}),
    ("GET", "rest/agile/1.0/board/{board}", {}),
    ("GET", "rest/agile/1.0/board/{board}/sprint", {"state": "active"}),
    ("GET", "rest/agile/1.0/sprint/{sprint}", {}),
)


def test_every_other_answer_keeps_the_contract_too(contract: Contract) -> None:
    with serving(projects=2, issues=60) as bench:
        world, who = bench.world, bench.world.credentials["owner"]
        scrum, kanban = world.projects.values()
        names = {
            "project": str(scrum.id),
            "issue": str(max(world.alive(), key=lambda one: len(one.history)).id),
            "board": str(next(iter(world.boards))),
            "sprint": str(next(iter(world.sprints))),
        }
        world.archive_project(kanban)
        world.flag(world.issues[int(names["issue"])], True)
        for method, path, values in OTHER_QUESTIONS:
            filled = json.loads(_fill(json.dumps(values), names))
            answer = requests.request(
                method,
                f"{bench.simulator.url(bench.dialect)}/{_fill(path, names)}",
                auth=(who.email, who.token),
                timeout=5,
                **({"params": filled} if method == "GET" else {"json": filled}),
            )
            refused = "nothing" in path or values.get("jql") == "nonsense"
            assert answer.ok is not refused, answer.text
        log = list(bench.simulator.log)
    unknown, wrong = judge(contract, log, bench.dialect)
    assert unknown == set()
    assert wrong == []


def _fill(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def judge(contract: Contract, log: list[Logged], dialect: str) -> tuple[set[str], list[str]]:
    """(paths that the contract lacks, what breaks it)."""
    unknown: set[str] = set()
    wrong: list[str] = []
    for one in log:
        path = one.path.removeprefix(f"/{dialect}")
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
        parameters = {p.get("name") for p in operation.get("parameters", ()) if "name" in p}
        if parameters:
            wrong += [
                f"asked {one.method} {path}: unknown parameter {key}"
                for key in one.query
                if key not in parameters
            ]
        answer = operation.get("responses", {}).get(str(one.status), {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        if schema:
            wrong += [
                f"sent {one.method} {path}: {error}"
                for error in contract.errors(name, schema, orjson.loads(one.sent))
            ]
    return unknown, sorted(set(wrong))


def test_the_validation_can_fail(contract: Contract) -> None:
    """A wrong type in an answer is noticed: the test above is no decoration."""
    found = contract.find("POST", "/rest/api/3/search/jql")
    assert found is not None
    name, operation = found
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert contract.errors(name, schema, {"issues": "none", "isLast": True})
