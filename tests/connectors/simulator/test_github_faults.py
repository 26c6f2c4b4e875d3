"""What can go wrong with pages and answers of the simulated GitHub."""

from collections.abc import Iterator

import pytest
from support.hosting import Hosting, hosting

from connectors.simulator.faults import Fault, login_page, too_many

PULLS = """query($id: ID!, $first: Int!, $after: String) {
  node(id: $id) { ... on Repository { pullRequests(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { number } } } } }"""


@pytest.fixture
def site() -> Iterator[Hosting]:
    with hosting(changes=12, issues=4) as made:
        yield made


def fail(site: Hosting, fault: Fault) -> None:
    site.simulator.script.faults.append(fault)


def pulls(site: Hosting, **asked: object) -> tuple[list[int], dict[str, object]]:
    held = site.ask(PULLS, id=site.node, **asked).json()["data"]["node"]["pullRequests"]
    return [one["number"] for one in held["nodes"]], held["pageInfo"]


def test_a_hole_leaves_one_row_out(site: Hosting) -> None:
    whole, _ = pulls(site, first=9)
    rows = [one["id"] for one in site.get("./issues", state="all").json()]
    runs = [one["id"] for one in site.get("./actions/runs").json()["workflow_runs"]]
    for matching in ("graphql", "issues", "actions/runs"):
        fail(site, Fault(matching, manner="hole"))
    assert pulls(site, first=9)[0] == whole[:4] + whole[5:]
    some = [one["id"] for one in site.get("./issues", state="all").json()]
    assert some == rows[: len(rows) // 2] + rows[len(rows) // 2 + 1 :]
    few = [one["id"] for one in site.get("./actions/runs").json()["workflow_runs"]]
    assert len(few) == len(runs) - 1


def test_a_short_page_loses_nothing(site: Hosting) -> None:
    whole, _ = pulls(site, first=8)
    fail(site, Fault("graphql", manner="short"))
    half, info = pulls(site, first=8)
    assert half == whole[:4]
    rest, _ = pulls(site, first=8, after=info["endCursor"])
    assert half + rest[:4] == whole


def test_a_short_page_by_number_gives_the_rest_with_the_next(site: Hosting) -> None:
    def page(number: int) -> list[int]:
        found = site.get("./issues", state="all", per_page=6, page=number).json()
        return [one["id"] for one in found]

    whole = page(1), page(2)
    fail(site, Fault("issues", manner="short"))
    assert (page(1), page(2)) == (whole[0][:3], whole[0][3:] + whole[1])
    assert (page(1), page(2)) == whole


def test_null_in_graphql_is_told_among_the_errors(site: Hosting) -> None:
    whole = site.ask(PULLS, id=site.node, first=4).json()["data"]["node"]["pullRequests"]["nodes"]
    fail(site, Fault("graphql", manner="null"))
    found = site.ask(PULLS, id=site.node, first=4).json()
    assert found["data"]["node"]["pullRequests"]["nodes"] == [*whole[:2], None, whole[3]]
    assert found["errors"][0]["path"] == ["node", "pullRequests", "nodes", 2]


def test_links_that_lead_to_another_server(site: Hosting) -> None:
    fail(site, Fault("issues", manner="foreign"))
    answer = site.get("./issues", state="all", per_page=3)
    assert answer.links["next"]["url"].startswith("https://elsewhere.example.net/")
    assert "page=2" in answer.links["next"]["url"]


def test_a_server_that_is_stuck_forgets_where_one_is(site: Hosting) -> None:
    first, info = pulls(site, first=3)
    fail(site, Fault("graphql", manner="stuck"))
    assert pulls(site, first=3, after=info["endCursor"])[0] == first
    rows = site.get("./issues", state="all", per_page=3).json()
    fail(site, Fault("issues", manner="stuck"))
    assert site.get("./issues", state="all", per_page=3, page=2).json() == rows


def test_a_page_that_leads_to_itself(site: Hosting) -> None:
    _, first = pulls(site, first=3)
    fail(site, Fault("graphql", manner="repeat"))
    _, again = pulls(site, first=3, after=first["endCursor"])
    assert again == {"hasNextPage": True, "endCursor": first["endCursor"]}
    fail(site, Fault("issues", manner="repeat"))
    answer = site.get("./issues", state="all", per_page=5, page=2)
    again = answer.links["next"]["url"]
    assert again.partition("?")[2] == answer.url.partition("?")[2]
    path = again.partition("?")[0].removeprefix(f"{site.simulator.url(site.dialect)}/")
    assert site.get(path, state="all", per_page=5, page=2).json() == answer.json()


def test_pages_for_people_and_pauses(site: Hosting) -> None:
    fail(site, login_page("graphql"))
    fail(site, too_many("GET /user", 7))
    assert site.ask(PULLS, id=site.node, first=1).headers["Content-Type"].startswith("text/html")
    limited = site.get("user")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
