"""The simulated GitHub's doors: who gets in, what is hidden, moved or switched off, and limits."""

import base64
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
import requests
from support.hosting import Hosting, hosting
from support.jira_site import NOW

from connectors.simulator.code_things import CodeAccess
from connectors.simulator.github import App
from connectors.simulator.limits import Limit

VIEWER = "query { viewer { login } rateLimit { limit remaining resetAt cost used } }"
REPOSITORY = "query($id: ID!) { node(id: $id) { ... on Repository { nameWithOwner } } }"


def access(site: Hosting) -> CodeAccess:
    return site.code.access_of(site.world.credentials["owner"])


def only_error(answer: Any) -> Any:
    (found,) = answer.json()["errors"]
    return found


@pytest.mark.parametrize("scheme", ["Bearer {}", "token {}"])
def test_a_token_lets_in(scheme: str) -> None:
    with hosting(changes=2) as site:
        told = site.get("user", headers={"Authorization": scheme.format(site.token)})
        assert (told.status_code, told.json()["login"]) == (200, "user0")
        assert told.headers["X-OAuth-Scopes"] == "repo, read:org"
        access(site).fine_grained = True
        assert "X-OAuth-Scopes" not in site.get("user").headers


@pytest.mark.parametrize(
    ("header", "message"),
    [({"Authorization": "Bearer wrong"}, "Bad credentials"), ({}, "Requires authentication")],
)
@pytest.mark.parametrize("path", ["user", "graphql"])
def test_nobody_else_gets_in(header: dict[str, str], message: str, path: str) -> None:
    with hosting(changes=2) as site:
        url = f"{site.simulator.url('github')}/{path}"
        method = "POST" if path == "graphql" else "GET"
        answer = requests.request(method, url, headers=header, timeout=5)
        assert (answer.status_code, answer.json()["message"]) == (401, message)


def test_a_password_may_be_a_token() -> None:
    with hosting(changes=2) as site:
        url = f"{site.simulator.url('github')}/user"
        assert requests.get(url, auth=("user0", site.token), timeout=5).ok
        nonsense = {"Authorization": "Basic nonsense"}
        assert requests.get(url, headers=nonsense, timeout=5).status_code == 401


def test_nothing_is_written() -> None:
    with hosting(changes=2) as site:
        url = f"{site.simulator.url('github')}/repos/{site.repo.path}/issues"
        proof = {"Authorization": f"Bearer {site.token}"}
        answer = requests.post(url, json={"title": "x"}, headers=proof, timeout=5)
        assert answer.status_code == 404
        assert site.get("nothing").status_code == 404


def test_a_revoked_token_gets_in_no_more() -> None:
    with hosting(changes=2) as site:
        site.world.credentials["owner"].revoked = True
        assert site.get("user").status_code == 401


def test_a_token_ends_when_it_says() -> None:
    with hosting(changes=2, token_expires=NOW + timedelta(days=1)) as site:
        told = site.get("user").headers["GitHub-Authentication-Token-Expiration"]
        assert told == "2026-03-03 08:00:00 UTC"
        site.later(days=1)
        assert site.get("user").status_code == 401


def claim(app: str) -> str:
    told = base64.urlsafe_b64encode(orjson.dumps({"iss": app})).decode().rstrip("=")
    return f"e30.{told}.c2lnbmVk"


def test_an_app_gets_a_token_for_an_hour_and_is_no_user() -> None:
    with hosting(changes=2, app=App()) as site:
        url = site.simulator.url("github")
        path = f"{url}/app/installations/99/access_tokens"
        refused = requests.post(path, headers={"Authorization": f"Bearer {claim('1')}"}, timeout=5)
        assert refused.status_code == 401
        proof = {"Authorization": f"Bearer {claim('4711')}"}
        elsewhere = requests.post(path.replace("99", "98"), headers=proof, timeout=5)
        assert elsewhere.status_code == 404
        minted = requests.post(path, headers=proof, timeout=5)
        assert (minted.status_code, minted.json()["expires_at"]) == (201, "2026-03-02T09:00:00Z")
        token = {"Authorization": f"Bearer {minted.json()['token']}"}
        listed = requests.get(f"{url}/installation/repositories", headers=token, timeout=5)
        assert listed.json()["total_count"] == 1
        assert site.get(".", headers=token).json()["id"] == site.repo.id
        assert site.get("user", headers=token).status_code == 403
        site.later(hours=1)
        assert site.get(".", headers=token).status_code == 401


def test_a_hidden_repository_is_not_there() -> None:
    with hosting(changes=2) as site:
        site.code.hide(site.world.credentials["owner"], site.repo)
        assert site.get(".").status_code == 404
        assert site.get(f"repositories/{site.repo.id}/issues").status_code == 404
        answer = site.ask(REPOSITORY, id=site.node)
        assert answer.json()["data"] == {"node": None}
        assert only_error(answer)["type"] == "NOT_FOUND"
        assert site.get("user/repos").json() == []


def test_single_sign_on_refuses_a_token_that_was_not_authorised() -> None:
    with hosting(changes=2) as site:
        access(site).unauthorised.add(site.repo.group_id)
        refused = site.get(".")
        assert refused.status_code == 403
        assert refused.headers["X-GitHub-SSO"].startswith("required; url=")
        answer = site.ask(REPOSITORY, id=site.node)
        assert answer.json()["data"] == {"node": None}
        assert only_error(answer)["extensions"] == {"saml_failure": True}
        listed = site.get("user/repos")
        assert listed.json() == []
        assert listed.headers["X-GitHub-SSO"].startswith("partial-results; organizations=")


@pytest.mark.parametrize(
    ("permission", "path"),
    [
        ("issues", "./issues"),
        ("issues", "./milestones"),
        ("changes", "./pulls"),
        ("contents", "./commits"),
        ("checks", "./commits/main/check-runs"),
        ("statuses", "./commits/main/status"),
        ("ci", "./actions/runs"),
        ("deployments", "./deployments"),
        ("administration", "./branches/main/protection"),
    ],
)
def test_a_lacking_permission_is_named(permission: str, path: str) -> None:
    with hosting(changes=2, rulesets=False) as site:
        assert site.get(path).status_code == 200
        access(site).lacking.add(permission)
        refused = site.get(path)
        assert refused.status_code == 403
        assert refused.json()["message"] == "Resource not accessible by personal access token"
        assert refused.headers["X-Accepted-GitHub-Permissions"].endswith("=read")
        assert site.get(".").status_code == 200


def test_a_renamed_repository_redirects_without_the_query() -> None:
    with hosting(changes=2) as site:
        old = site.repo.path
        site.code.rename_repository(site.repo, "apollo/store")
        answer = site.get(f"repos/{old}/issues", state="all", per_page=100)
        assert answer.status_code == 301
        target = f"{site.simulator.url('github')}/repositories/{site.repo.id}/issues"
        assert answer.headers["Location"] == answer.json()["url"] == target
        assert site.get(".").json()["full_name"] == "apollo/store"
        assert site.get(f"repositories/{site.repo.id}").json()["full_name"] == "apollo/store"


def test_a_transferred_issue_redirects_and_its_parts_are_gone() -> None:
    with hosting(changes=2, repositories=2) as site:
        issue = site.code.issues_in(site.repo)[0]
        other = site.code.hosted("github")[1]
        moved = site.code.transfer(issue, other, by=None)
        answer = site.get(f"./issues/{issue.number}")
        assert answer.status_code == 301
        assert answer.headers["Location"].endswith(f"/{other.id}/issues/{moved.number}")
        assert site.get(f"./issues/{issue.number}/events").status_code == 404
        events = site.get(f"repositories/{other.id}/issues/{moved.number}/events").json()
        assert events[-1]["event"] == "transferred"


def test_a_deleted_issue_is_gone() -> None:
    with hosting(changes=2) as site:
        issue = site.code.issues_in(site.repo)[0]
        site.code.delete_issue(issue)
        assert site.get(f"./issues/{issue.number}").status_code == 410
        assert site.get("./issues/9999").status_code == 404
        listed = site.everything("./issues", state="all", per_page=100)
        assert issue.id not in {one["id"] for one in listed}


def test_features_that_are_off() -> None:
    with hosting(changes=2) as site:
        site.code.switch(site.repo, "issues", False)
        assert site.get("./issues").status_code == 410
        assert site.get("./milestones").status_code == 404
        assert site.get(".").json()["has_issues"] is False
        site.code.switch(site.repo, "ci", False)
        assert site.get("./actions/runs").json() == {"total_count": 0, "workflow_runs": []}


def test_an_empty_repository_is_a_conflict() -> None:
    with hosting(changes=2) as site:
        group = site.code.groups[site.repo.group_id]
        empty = site.code.add_repository(group, "empty")
        answer = site.get(f"repos/{empty.path}/commits")
        assert (answer.status_code, answer.json()["message"]) == (409, "Git Repository is empty.")
        assert site.get("./commits/nowhere").status_code == 422


def test_an_enterprise_server_answers_below_its_own_path_and_without_limits() -> None:
    with hosting(changes=2, enterprise=True, limit=None, points=None) as site:
        told = site.get(".")
        assert told.json()["url"].startswith(f"{site.simulator.url('github')}/api/v3/repos/")
        assert told.headers["X-GitHub-Enterprise-Version"] == "3.14.2"
        assert "X-RateLimit-Remaining" not in told.headers
        assert site.get("rate_limit").status_code == 404
        assert site.ask(VIEWER).json()["data"]["rateLimit"] is None
        assert site.get("meta").json()["installed_version"] == "3.14.2"
        bare = requests.get(
            f"{site.simulator.url('github')}/user",
            headers={"Authorization": f"Bearer {site.token}"},
            timeout=5,
        )
        assert bare.status_code == 404


def test_limits_that_are_off_may_be_told_as_nothing_of_nothing() -> None:
    with hosting(changes=2, limit=None, tells_zero=True) as site:
        headers = site.get("user").headers
        assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("0", "0")
        assert "X-RateLimit-Reset" not in headers


def test_an_archived_repository_says_so_and_a_deleted_one_is_gone() -> None:
    with hosting(changes=2) as site:
        repo = site.repo
        site.code.archive_repository(repo)
        assert site.get(".").json()["archived"] is True
        site.code.delete_repository(repo)
        assert site.get(f"repositories/{repo.id}").status_code == 404


def test_a_recycled_name_leads_to_the_new_repository() -> None:
    with hosting(changes=2) as site:
        old, path = site.repo, site.repo.path
        site.code.rename_repository(old, "apollo/store")
        taken = site.code.add_repository(site.code.groups[old.group_id], "shop-web")
        assert site.get(f"repos/{path}").json()["id"] == taken.id
        assert site.get(f"repositories/{old.id}").json()["full_name"] == "apollo/store"


def test_graphql_can_be_switched_off() -> None:
    with hosting(changes=2, graphql=False) as site:
        assert site.ask(VIEWER).status_code == 404


# --- limits ---------------------------------------------------------------------------------------


def test_each_request_counts_until_the_hour_is_over() -> None:
    with hosting(changes=2, limit=Limit(3, timedelta(hours=1))) as site:
        left = [site.get("user").headers["X-RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        refused = site.get("user")
        assert refused.status_code == 403
        assert refused.json()["message"].startswith("API rate limit exceeded for user ID")
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        reset = datetime.fromtimestamp(int(refused.headers["X-RateLimit-Reset"]), NOW.tzinfo)
        assert reset == NOW + timedelta(hours=1)
        assert site.get("rate_limit").json()["rate"]["remaining"] == 0
        site.later(hours=1)
        assert site.get("user").ok


def test_what_has_not_changed_costs_nothing() -> None:
    with hosting(changes=2) as site:
        first = site.get("./issues", state="all")
        again = site.get("./issues", state="all", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        remaining = first.headers["X-RateLimit-Remaining"]
        assert again.headers["X-RateLimit-Remaining"] == remaining
        site.code.comment(site.code.issues_in(site.repo)[0], "News", by=None)
        changed = site.get(
            "./issues", state="all", headers={"If-None-Match": first.headers["ETag"]}
        )
        assert changed.status_code == 200
        assert changed.headers["X-RateLimit-Remaining"] == str(int(remaining) - 1)


def test_graphql_pays_in_points() -> None:
    with hosting(changes=2, points=Limit(2, timedelta(hours=1))) as site:
        told = site.ask(VIEWER)
        assert told.json()["data"]["rateLimit"] == {
            "limit": 2,
            "remaining": 1,
            "used": 1,
            "cost": 1,
            "resetAt": "2026-03-02T09:00:00Z",
        }
        assert told.headers["X-RateLimit-Resource"] == "graphql"
        site.ask(VIEWER)
        refused = site.ask(VIEWER)
        assert (refused.status_code, only_error(refused)["type"]) == (200, "RATE_LIMITED")
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert site.get("user").ok


def test_a_secondary_limit_names_a_pause_and_no_reset() -> None:
    with hosting(changes=2, secondary=Limit(2, timedelta(minutes=1))) as site:
        site.get("user")
        site.ask(VIEWER)
        for refused in (site.get("user"), site.ask(VIEWER)):
            assert refused.status_code == 403
            assert "secondary rate limit" in refused.json()["message"]
            assert refused.headers["Retry-After"] == "60"
            assert "X-RateLimit-Reset" not in refused.headers
        site.later(minutes=1)
        assert site.get("user").ok
