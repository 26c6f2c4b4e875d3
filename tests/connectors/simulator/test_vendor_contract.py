"""What the simulator serves and what the connector asks, against the vendor's own contract."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests
from support.jira_site import later, read_everything, serving
from support.openapi import Contract, judge

#: What the published contract lacks: path -> the vendor's page that documents it.
_PAGES = "developer.atlassian.com/cloud/jira/platform/rest"
NOT_IN_THE_CONTRACT = {
    "/rest/api/2/serverInfo": f"{_PAGES}/v2/api-group-server-info",
    "/rest/api/3/mypermissions": f"{_PAGES}/v3/api-group-permissions",
}
FILES = ("jira-platform.openapi.json", "jira-software.openapi.json")


@pytest.fixture(scope="module")
def contract(peer_data: Path) -> Contract:
    return Contract(peer_data / "contracts", FILES, every_value_may_be_null=True)


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


def test_the_validation_can_fail(contract: Contract) -> None:
    """A wrong type in an answer is noticed: the test above is no decoration."""
    found = contract.find("POST", "/rest/api/3/search/jql")
    assert found is not None
    name, operation = found
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert contract.errors(name, schema, {"issues": "none", "isLast": True})
