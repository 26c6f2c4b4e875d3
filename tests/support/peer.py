"""Recorded public Jira payloads as one site each, in the shape that Jira's own API gives.

What a recording lacks and a Jira would say (definitions of its fields, boards, the versions of a
project) is put together from what the same recording says elsewhere; nothing is invented but the
names of field types, which are Atlassian's.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_SPRINT_TYPE = "com.pyxis.greenhopper.jira:gh-sprint"
_EPIC_TYPE = "com.pyxis.greenhopper.jira:gh-epic-link"
_NUMBER_TYPE = "com.atlassian.jira.plugin.system.customfieldtypes:float"


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything recorded of one Jira, ready to be served."""

    name: str
    cloud: bool
    projects: tuple[Json, ...]
    issues: tuple[Json, ...]
    fields: tuple[Json, ...]
    statuses: tuple[Json, ...]
    boards: tuple[Json, ...] = ()
    #: by board id.
    sprints: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    #: by project id.
    versions: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    #: whole histories by issue id; an issue that is not named here has its own inside, or none.
    histories: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    #: zone of the account's profile, in which this server reads date literals.
    time_zone: str = "UTC"


def rows(file: Path) -> list[dict[str, str]]:
    """Rows of a peer's table; some begin with an empty line."""
    csv.field_size_limit(10**8)
    text = file.read_text(encoding="utf-8-sig").lstrip("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def payloads(file: Path, *, connection: int | None = None) -> list[Json]:
    """Payloads in the column `data` of a raw table, of all connections or of one."""
    return [
        json.loads(row["data"])
        for row in rows(file)
        if connection is None or json.loads(row["params"])["ConnectionId"] == connection
    ]


def devlake_tables(peer_data: Path) -> tuple[Path, Path]:
    """Folders of raw payloads and of the tables that DevLake made of them."""
    base = peer_data / "devlake" / "jira" / "e2e"
    return base / "raw_tables", base / "snapshot_tables"


def devlake_cloud(peer_data: Path) -> Recording:
    """DevLake's Jira Cloud: a project whose 30 issues were recorded, with one board's sprints."""
    raw, _ = devlake_tables(peer_data)
    issues = payloads(raw / "_raw_jira_api_issues.csv", connection=2)
    fields = [
        *payloads(raw / "_raw_jira_api_issue_fields.csv"),
        _custom("customfield_10014", "Epic Link", _EPIC_TYPE),
        _custom("customfield_10020", "Sprint", _SPRINT_TYPE),
        _custom("customfield_10024", "Story Points", _NUMBER_TYPE),
        *_system_fields(issues),
    ]
    board = {
        "id": 8,
        "name": "Board 8",
        "type": "scrum",
        "location": {"projectId": 10003, "projectKey": "EE"},
    }
    return Recording(
        name="devlake-cloud",
        cloud=True,
        projects=tuple(payloads(raw / "_raw_jira_api_projects.csv")),
        issues=tuple(_without(issue, "changelog") for issue in issues),
        fields=tuple(fields),
        statuses=tuple(payloads(raw / "_raw_jira_api_status.csv")),
        boards=(board,),
        sprints={"8": tuple(payloads(raw / "_raw_jira_api_sprints.csv"))},
        versions=_versions(issues),
        histories={str(one["id"]): tuple(one["changelog"]["histories"]) for one in issues},
        time_zone="Asia/Shanghai",
    )


def devlake_histories(peer_data: Path, connection: int = 2) -> dict[str, list[Json]]:
    """Histories that DevLake fetched issue by issue, by issue id."""
    raw, _ = devlake_tables(peer_data)
    found: dict[str, list[Json]] = {}
    for row in rows(raw / "_raw_jira_api_issue_changelogs.csv"):
        if json.loads(row["params"])["ConnectionId"] == connection:
            match = re.search(r"/issue/(\d+)/changelog", row["url"])
            assert match is not None
            found.setdefault(match[1], []).append(json.loads(row["data"]))
    return found


def devlake_data_center(peer_data: Path) -> Recording:
    """DevLake's Jira Data Center: 22 issues with links and inline histories."""
    raw, _ = devlake_tables(peer_data)
    issues = payloads(raw / "_raw_jira_api_issue_relationships.csv")
    return Recording(
        name="devlake-data-center",
        cloud=False,
        projects=tuple(_projects(issues)),
        issues=tuple(issues),
        fields=tuple(_system_fields(issues)),
        statuses=tuple(_statuses(issues)),
        versions=_versions(issues),
    )


def devlake_epics(peer_data: Path) -> Recording:
    """DevLake's second Cloud site: stories in epics, one of which is on no board."""
    raw, _ = devlake_tables(peer_data)
    issues = payloads(raw / "_raw_jira_external_epics.csv")
    return Recording(
        name="devlake-epics",
        cloud=True,
        projects=tuple(_projects(issues)),
        issues=tuple(_without(issue, "changelog") for issue in issues),
        fields=(
            _custom("customfield_10014", "Epic Link", _EPIC_TYPE),
            _custom("customfield_10020", "Sprint", _SPRINT_TYPE),
            *_system_fields(issues),
        ),
        statuses=tuple(_statuses(issues)),
        histories={str(one["id"]): tuple(one["changelog"]["histories"]) for one in issues},
    )


def aloy_lines(peer_data: Path) -> list[bytes]:
    """The 1,499 issues of a retired Jira, one JSON text each.

    Where names were replaced in this copy, one line lost the `n` of a line break before an address.
    """
    text = (peer_data / "tidev" / "aloy-issues.ndjson").read_bytes()
    return text.replace(rb"\r\user-", rb"\r\nuser-").splitlines()


def aloy(peer_data: Path) -> Recording:
    """The same as the Data Center that it was: sprints and epics in custom fields.

    The archive keeps both under the names that the boards' API uses.
    """
    issues = [json.loads(line) for line in aloy_lines(peer_data)]
    sprints: dict[str, Json] = {}
    for issue in issues:
        fields = issue["fields"]
        listed = [*(fields.pop("closedSprints", None) or ()), fields.pop("sprint", None)]
        mentioned = [one for one in listed if one]
        fields["customfield_10300"] = [_java(one) for one in mentioned] or None
        fields["customfield_10301"] = (fields.pop("epic", None) or {}).get("key")
        sprints.update({str(one["id"]): one for one in mentioned})
    by_board: dict[str, list[Json]] = {}
    for one in sprints.values():
        # A few have lost their board: they are known from their issues alone.
        if one.get("originBoardId"):
            by_board.setdefault(str(one["originBoardId"]), []).append(one)
    project = issues[0]["fields"]["project"]
    return Recording(
        name="aloy",
        cloud=False,
        projects=(project,),
        issues=tuple(issues),
        fields=(
            _custom("customfield_10300", "Sprint", _SPRINT_TYPE),
            _custom("customfield_10301", "Epic Link", _EPIC_TYPE),
            *_system_fields(issues),
        ),
        statuses=tuple(_statuses(issues)),
        boards=tuple(
            {
                "id": int(board),
                "name": f"Board {board}",
                "type": "scrum",
                "location": {"projectId": int(project["id"]), "projectKey": project["key"]},
            }
            for board in sorted(by_board)
        ),
        sprints={board: tuple(found) for board, found in by_board.items()},
        versions=_versions(issues),
        # No history was archived: asked for one, the server has none.
        histories={str(one["id"]): () for one in issues},
        time_zone="America/Los_Angeles",
    )


def jirametrics(peer_data: Path, sample: str) -> Recording:
    """A sample of jirametrics (`complete_sample` or `testdata`): issues with whole histories."""
    folder = peer_data / "jirametrics" / sample
    files = sorted(folder.rglob("SP-*.json"))
    issues = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    statuses = json.loads((folder / "sample_statuses.json").read_text(encoding="utf-8"))
    board = json.loads((folder / "sample_board_1_configuration.json").read_text(encoding="utf-8"))
    location = {"projectId": int(board["location"]["id"]), "projectKey": board["location"]["key"]}
    return Recording(
        name=f"jirametrics-{sample}",
        cloud=True,
        projects=tuple(_projects(issues)),
        issues=tuple(_without(issue, "changelog") for issue in issues),
        fields=(
            _custom("customfield_10020", "Sprint", _SPRINT_TYPE),
            _custom("customfield_10021", "Flagged", "multicheckboxes"),
            *_system_fields(issues),
        ),
        statuses=tuple(statuses),
        boards=({"id": 1, "name": "SP board", "type": "kanban", "location": location},),
        versions=_versions(issues),
        histories={str(one["id"]): tuple(one["changelog"]["histories"]) for one in issues},
    )


# --- what a Jira says, put together ----------------------------------------------------------


def _custom(id_: str, name: str, kind: str) -> Json:
    return {"id": id_, "name": name, "custom": True, "schema": {"custom": kind}}


def _system_fields(issues: Iterable[Json]) -> list[Json]:
    ids = sorted({id_ for issue in issues for id_ in issue["fields"]})
    return [
        {"id": id_, "name": id_.capitalize(), "custom": False, "schema": {"system": id_}}
        for id_ in ids
        if not id_.startswith("customfield_")
    ]


def _without(issue: Json, key: str) -> Json:
    return {name: value for name, value in issue.items() if name != key}


def _projects(issues: Iterable[Json]) -> list[Json]:
    found = {one["fields"]["project"]["id"]: one["fields"]["project"] for one in issues}
    return [found[id_] for id_ in sorted(found)]


def _statuses(issues: Iterable[Json]) -> list[Json]:
    found = {one["fields"]["status"]["id"]: one["fields"]["status"] for one in issues}
    return [found[id_] for id_ in sorted(found)]


def _versions(issues: Iterable[Json]) -> dict[str, tuple[Json, ...]]:
    found: dict[str, dict[str, Json]] = {}
    for issue in issues:
        project = issue["fields"]["project"]["id"]
        for name in ("fixVersions", "versions"):
            for one in issue["fields"].get(name) or ():
                mine = {**one, "projectId": int(project)}
                found.setdefault(project, {})[one["id"]] = mine
    return {project: tuple(held.values()) for project, held in found.items()}


def _java(sprint: Json) -> str:
    """A sprint as Data Center writes it into issues."""
    names = ("id", "rapidViewId", "state", "name", "startDate", "endDate", "completeDate", "goal")
    values = {
        **sprint,
        "rapidViewId": sprint.get("originBoardId"),
        "state": sprint["state"].upper(),
    }
    parts = [f"{name}={'<null>' if values.get(name) is None else values[name]}" for name in names]
    return f"com.atlassian.greenhopper.service.sprint.Sprint@1f[{','.join(parts)}]"
