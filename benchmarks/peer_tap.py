"""Issues, changes and CI by MeltanoLabs' tap-github into JSON lines; in an environment of its own.

python -m benchmarks.peer_tap URL TOKEN REPOSITORY FILE
"""

import os
import sys
import time
from typing import Any

import requests
from tap_github.tap import TapGitHub

from benchmarks.measure import print_measure

STREAMS = (
    "milestones",
    "issues",
    "pull_requests",
    "reviews",
    "pull_request_commits",
    "workflow_runs",
    "workflow_run_jobs",
    "releases",
)
#: The host that the tap asks for its limit, whatever address is configured.
FIXED = "https://api.github.com"


def main() -> None:
    """Read once, from the beginning."""
    base, token, repository, file = sys.argv[1:5]
    plain = requests.get

    def get(url: str, **options: Any) -> requests.Response:
        return plain(url.replace(FIXED, base), **options)

    requests.get = get  # type: ignore[assignment]  # its host is fixed
    ours = os.dup(1)
    with open(file, "wb") as out:
        os.dup2(out.fileno(), 1)
    config = {
        "api_url_base": base,
        "auth_token": token,
        "repositories": [repository],
        "start_date": "2010-01-01T00:00:00Z",
    }
    cpu, wall = time.process_time(), time.perf_counter()
    catalog = TapGitHub(config=config).catalog_dict
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            wanted = stream["tap_stream_id"] in STREAMS
            entry["metadata"]["selected"] = wanted
    TapGitHub(config=config, catalog=catalog).sync_all()
    sys.stdout.flush()
    os.dup2(ours, 1)
    print_measure(cpu, wall, mb=os.path.getsize(file) / 1e6)


if __name__ == "__main__":
    main()
