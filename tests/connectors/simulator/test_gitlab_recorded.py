"""What the simulated GitLab serves against payloads that others recorded at real ones."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.gitlab_code import NOW, Company, company

#: Part of a payload -> what recordings have in it and this server leaves out: nothing of it is
#: read, or it belongs to versions of before or to paid features.
LEFT_OUT = {
    "issues": {"_links", "has_tasks", "service_desk_reply_to"},
    "merge_requests": {
        "allow_collaboration",
        "allow_maintainer_to_push",
        "approvals_before_merge",
    },
    "notes": {"attachment", "commands_changes"},
    "members": {"created_by"},
}
#: The same for parts of payloads. A milestone of a project has no group, and the other way round.
PARTS_LEFT_OUT = {"detailed_status": {"illustration", "favicon"}, "milestone": {"group_id"}}


@pytest.fixture(scope="module")
def raw(peer_data: Path) -> Path:
    return peer_data / "devlake" / "gitlab" / "e2e" / "raw_tables"


@pytest.fixture(scope="module")
def site() -> Company:
    site = company()
    code, sha = site.world.code, str(site.merged.landed_sha)
    code.comment(site.merged, "Well done", by="a1", at=NOW)
    code.comment(site.bug, "Again", by="a1", at=NOW)
    job = site.runs["push"].jobs[0]
    code.deploy(site.shop, sha, "production", at=NOW, by="a1", job_id=job.id)
    return site


def served(site: Company, what: str) -> list[dict[str, Any]]:
    base = f"projects/{site.shop.id}"
    change, run = f"{base}/merge_requests/1", site.runs["push"].id
    paths = {
        "issues": f"{base}/issues",
        "merge_requests": f"{base}/merge_requests",
        "commits": f"{change}/commits",
        "notes": f"{change}/notes",
        "pipelines": f"{base}/pipelines",
        "pipeline": f"{base}/pipelines/{run}",
        "jobs": f"{base}/jobs",
        "deployments": f"{base}/deployments",
        "members": f"{base}/members/all",
    }
    found = site.json(paths[what])
    return found if isinstance(found, list) else [found]


def recorded(raw: Path, name: str) -> list[dict[str, Any]]:
    csv.field_size_limit(10**8)
    with (raw / f"_raw_gitlab_api_{name}.csv").open(encoding="utf-8-sig") as file:
        return [json.loads(row["data"]) for row in csv.DictReader(file)]


def kinds(rows: list[dict[str, Any]]) -> Mapping[str, set[str]]:
    """Kinds of JSON that each field has somewhere; numbers are of one kind."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            kind = type(value).__name__.replace("float", "int")
            found.setdefault(name, set()).add(kind)
    return found


TABLES = [
    ("issues", "issues"),
    ("merge_requests", "merge_requests"),
    ("merge_request_commits", "commits"),
    ("merge_request_notes", "notes"),
    ("pipeline", "pipelines"),
    ("pipeline_details", "pipeline"),
    ("job", "jobs"),
    ("deployments", "deployments"),
    ("users", "members"),
]


@pytest.mark.parametrize(("table", "what"), TABLES)
def test_every_recorded_field_is_served_in_its_kind(
    raw: Path, site: Company, table: str, what: str
) -> None:
    theirs, ours = kinds(recorded(raw, table)), kinds(served(site, what))
    assert theirs.keys() - ours.keys() == LEFT_OUT.get(what, set())
    wrong = {
        name: (sorted(theirs[name]), sorted(ours[name]))
        for name in theirs.keys() & ours.keys()
        if (theirs[name] - {"NoneType"})
        and (ours[name] - {"NoneType"})
        and not (theirs[name] & ours[name])
    }
    assert wrong == {}


def test_parts_of_payloads_have_their_recorded_fields(raw: Path, site: Company) -> None:
    """Users, milestones, references and pipelines inside of other payloads."""
    for table, what, part in (
        ("issues", "issues", "milestone"),
        ("issues", "issues", "author"),
        ("issues", "issues", "references"),
        ("issues", "issues", "time_stats"),
        ("merge_requests", "merge_requests", "merge_user"),
        ("job", "jobs", "pipeline"),
        ("job", "jobs", "commit"),
        ("pipeline_details", "pipeline", "detailed_status"),
        ("deployments", "deployments", "environment"),
    ):
        theirs = kinds([one[part] for one in recorded(raw, table) if one[part]])
        ours = kinds([one[part] for one in served(site, what) if one[part]])
        assert theirs, (table, part)
        missing = theirs.keys() - ours.keys()
        assert missing <= PARTS_LEFT_OUT.get(part, set()), (table, part, missing)
