"""What the simulated GitHub serves, against the vendor's own contracts."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, extend_schema, parse, validate
from support.graphql_schema import facts
from support.hosting import Hosting, hosting
from support.openapi import Contract, judge

from connectors.github import documents
from connectors.simulator.code_things import FileEdit

#: Path -> the vendor's page that documents what the published selection lacks.
PAGES = "docs.github.com/en/rest"
NOT_IN_THE_CONTRACT = {
    "/repos/{repo}/tags": f"{PAGES}/repos/repos#list-repository-tags",
    "/repos/{repo}/branches": f"{PAGES}/branches/branches#list-branches",
    "/repos/{repo}/branches/{name}": f"{PAGES}/branches/branches#get-a-branch",
    "/repos/{repo}/deployments/{id}/statuses": f"{PAGES}/deployments/statuses",
    "/repos/{repo}/actions/runs/{id}/attempts/{n}": f"{PAGES}/actions/workflow-runs",
    "/repos/{repo}/actions/runs/{id}/attempts/{n}/jobs": f"{PAGES}/actions/workflow-jobs",
}
#: Fields and arguments that the published schema of that day has otherwise or not.
DOCUMENTS = (
    *(
        documents.document(name)
        for name in (
            "census changes deployments details_page history_page issues "
            "project project_items project_look project_values"
        ).split()
    ),
    documents.numbered("histories", 3),
    documents.numbered("details", 3),
    documents.newest(2),
)


@pytest.fixture(scope="module")
def contract(peer_data: Path) -> Contract:
    return Contract(peer_data / "contracts", ("github-rest.openapi.json",))


@pytest.fixture(scope="module")
def schema(peer_data: Path) -> GraphQLSchema:
    text = (peer_data / "contracts" / "github.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


def eventful(site: Hosting) -> None:
    """Every kind of thing that a repository can have, at least once."""
    code, repo = site.code, site.repo
    ann, bob = code.company.humans()[:2]
    one, two, three = code.issues_in(repo)[:3]
    change = next(c for c in code.changes_in(repo) if c.state == "open")
    code.set_parent(one, two, by=ann)
    code.set_parent(one, None, by=ann)
    code.set_parent(one, three, by=ann)
    code.block(one, two, by=bob)
    for type_ in (None, "Bug", "Feature", None, "Task"):
        code.set_type(one, type_, by=ann)
    code.retitle(one, "Slower menu", by=ann)
    code.relabel(one, ["new"], by=ann)
    code.assign(one, [bob], by=ann)
    code.assign(one, [], by=ann)
    code.plan(one, None, by=ann)
    code.close(one, by=ann, reason="duplicate")
    code.reopen(one, by=bob)
    code.comment(one, "Indeed", by=bob)
    code.mention(change, one, by=bob)
    code.declare(change, two, by=bob)
    code.undeclare(change, two, by=bob)
    code.discuss(code.create_issue(repo, "What if", author=ann), by=ann)
    code.set_draft(change, True, by=ann)
    code.set_draft(change, False, by=ann)
    code.push(change, "More", [FileEdit("b.py", "renamed", 0, 0, "a.py")], by=ann)
    code.rebase(change, by=ann)
    code.review(change, bob, "changes_requested", body="Please")
    code.review(change, None, "pending")
    code.queue(change, by=ann)
    code.dequeue(change, by=ann)
    code.git.move(repo, "next", code.git.tip(repo, "main") or "", code.now)
    code.retarget(change, "next", by=ann)
    code.ci.check(repo, change.head_sha, "scan", "scanner", code.now)
    code.ci.set_status(repo, change.head_sha, "ci/x", "pending", code.now, creator=bob)
    code.add_milestone(repo, "Some day")


def paths(site: Hosting) -> list[str]:
    code, repo = site.code, site.repo
    change = next(c for c in code.changes_in(repo) if c.state == "open")
    run = next(r for r in code.ci.runs.values() if len(r.attempts) > 1)
    deployment = next(iter(code.deployments))
    items = [one.number for one in (*code.issues_in(repo), *code.changes_in(repo))]
    return [
        "user",
        "user/repos",
        "orgs/apollo/repos",
        "rate_limit",
        "meta",
        ".",
        "./issues?state=all",
        "./issues/events",
        *(f"./issues/{number}" for number in items[:15]),
        *(f"./issues/{number}/events?per_page=100" for number in items),
        *(f"./issues/{number}/timeline?per_page=100" for number in items),
        f"./issues/{items[2]}/sub_issues",
        f"./issues/{items[0]}/dependencies/blocked_by",
        "./milestones?state=all&sort=due_on&direction=desc",
        "./labels",
        "./pulls?state=all&sort=updated&direction=desc&per_page=100",
        f"./pulls/{change.number}",
        f"./pulls/{change.number}/reviews",
        f"./pulls/{change.number}/commits",
        f"./pulls/{change.number}/files",
        "./commits?per_page=5",
        *(
            f"./commits/{ref}{part}"
            for ref in ("main", change.head_sha)
            for part in ("", "/check-runs", "/check-suites", "/status", "/statuses")
        ),
        f"./commits/{run.sha}/check-runs?filter=all",
        "./actions/runs?per_page=100",
        f"./actions/runs/{run.id}",
        f"./actions/runs/{run.id}/jobs?filter=all",
        f"./actions/runs/{run.id}/attempts/1",
        f"./actions/runs/{run.id}/attempts/1/jobs",
        "./actions/workflows",
        "./releases",
        "./tags",
        "./branches",
        "./branches/main",
        "./deployments",
        f"./deployments/{deployment}/statuses",
        "./rules/branches/main",
        "./branches/main/protection",
    ]


@pytest.mark.full
@pytest.mark.parametrize("rulesets", [True, False])
def test_every_rest_answer_keeps_the_contract(contract: Contract, rulesets: bool) -> None:
    with hosting(rulesets=rulesets) as site:
        eventful(site)
        for path in paths(site):
            answer = site.get(path)
            missing = rulesets and path.endswith("protection")
            assert answer.status_code == (404 if missing else 200), (path, answer.text)
        followed = site.get("./pulls", per_page=1)
        assert site.get(followed.links["next"]["url"].split("/github/")[1]).ok
        log, name = list(site.simulator.log), site.repo.path
    unknown, wrong = judge(
        contract, log, "github", lambda path: re.sub(r"/repositories/\d+", f"/repos/{name}", path)
    )
    shapes = {
        re.sub(r"/(id|n)(?=/|$)", r"/{\1}", re.sub(r"\d+", "id", path.replace(name, "{repo}")))
        for path in unknown
    }
    known = {one.replace("{n}", "{id}") for one in NOT_IN_THE_CONTRACT}
    assert {one.replace("branches/main", "branches/{name}") for one in shapes} == known
    assert wrong == []


def test_a_wrong_answer_breaks_the_contract(contract: Contract) -> None:
    found = contract.find("GET", "/repos/a/b/milestones")
    assert found is not None
    name, operation = found
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert contract.errors(name, schema, [{"id": "7"}])


def served_schema() -> GraphQLSchema:
    here = files("connectors.simulator")
    names = ("github.graphql", "github_projects.graphql")
    served = build_schema((here / names[0]).read_text("utf-8"))
    return extend_schema(served, parse((here / names[1]).read_text("utf-8")))


@pytest.mark.full
def test_the_schema_is_a_part_of_the_vendors(schema: GraphQLSchema) -> None:
    assert facts(served_schema()) - facts(schema) == set()


def test_a_field_of_ones_own_would_be_noticed(schema: GraphQLSchema) -> None:
    text = (files("connectors.simulator") / "github.graphql").read_text("utf-8")
    own = build_schema(
        text.replace("type Milestone implements Node {", "type Milestone {  own: Int")
    )
    assert facts(own) - facts(schema) == {"Milestone.own: Int"}


@pytest.mark.full
@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_the_connector_asks_is_allowed_here_and_there(
    schema: GraphQLSchema, document: str
) -> None:
    for one in (schema, served_schema()):
        assert validate(one, parse(document)) == []


def test_every_type_of_entry_is_served() -> None:
    """No resolver is wrong for any kind of thing that the world has."""
    events: dict[str, Any] = {}
    with hosting() as site:
        eventful(site)
        issue = site.code.issues_in(site.repo)[0]
        change = next(c for c in site.code.changes_in(site.repo) if c.state == "open")
        for query, number in (
            (documents.numbered("histories", 1, True), issue.number),
            (documents.numbered("details", 1, True), change.number),
        ):
            answer = site.ask(query, repository=site.node, n0=number).json()
            assert "errors" not in answer
            one = answer["data"]["node"]["a0"]["timelineItems"]
            events |= {node["__typename"]: node for node in one["nodes"]}
    assert events.keys() >= {
        "AssignedEvent",
        "BaseRefChangedEvent",
        "ClosedEvent",
        "ConnectedEvent",
        "ConvertToDraftEvent",
        "DemilestonedEvent",
        "AddedToMergeQueueEvent",
        "HeadRefForcePushedEvent",
        "IssueTypeAddedEvent",
        "IssueTypeChangedEvent",
        "IssueTypeRemovedEvent",
        "LabeledEvent",
        "ParentIssueAddedEvent",
        "ParentIssueRemovedEvent",
        "ReadyForReviewEvent",
        "RemovedFromMergeQueueEvent",
        "RenamedTitleEvent",
        "ReopenedEvent",
        "UnassignedEvent",
        "UnlabeledEvent",
    }
    assert events["ClosedEvent"]["stateReason"] == "DUPLICATE"
    assert events["UnassignedEvent"]["actor"]["login"] == "user0"
