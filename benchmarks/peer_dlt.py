"""Issues, changes and CI by dlt's REST source into SQLite; in an environment of its own.

python -m benchmarks.peer_dlt URL TOKEN REPOSITORY DATABASE
"""

import sys
import time
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.measure import print_measure


def main() -> None:
    """Load once, merging by id, as a scheduled job would."""
    url, token, repository, database = sys.argv[1:5]
    cpu, wall = time.process_time(), time.perf_counter()
    source = rest_api_source(
        {
            "client": {
                "base_url": url,
                "auth": {"type": "bearer", "token": token},
                "paginator": "header_link",
            },
            "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
            "resources": resources(f"repos/{repository}"),
        }
    )
    pipeline = dlt.pipeline(
        "driftline_bench",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{database}"),
        dataset_name="github",
    )
    pipeline.run(source)
    print_measure(cpu, wall)


def resources(root: str) -> list[Any]:
    """What is read: lists, and one list below each change and each run."""
    every = {"per_page": 100, "state": "all"}
    page = {"per_page": 100}
    return [
        _resource("milestones", f"{root}/milestones", every),
        _resource("issues", f"{root}/issues", every),
        _resource("pulls", f"{root}/pulls", every),
        _resource("reviews", f"{root}/pulls/{{resources.pulls.number}}/reviews", page),
        _resource("commits", f"{root}/pulls/{{resources.pulls.number}}/commits", page, key="sha"),
        _resource("runs", f"{root}/actions/runs", page, inside="workflow_runs"),
        _resource("jobs", f"{root}/actions/runs/{{resources.runs.id}}/jobs", page, inside="jobs"),
        _resource("releases", f"{root}/releases", page),
    ]


def _resource(
    name: str, path: str, params: dict[str, Any], *, inside: str = "$", key: str = "id"
) -> dict[str, Any]:
    endpoint = {"path": path, "params": params, "data_selector": inside}
    return {"name": name, "primary_key": key, "endpoint": endpoint}


if __name__ == "__main__":
    main()
