"""The same issues, without their history, into SQLite by dlt; runs in an environment of its own.

python -m benchmarks.dlt_load URL PAGES DATABASE
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import dlt
import requests

from benchmarks.measure import print_measure


def main() -> None:
    """Load once, merging by id, as a scheduled job would."""
    url, pages, database = sys.argv[1], int(sys.argv[2]), sys.argv[3]

    @dlt.resource(name="issues", primary_key="id", write_disposition="merge")
    def issues() -> Iterator[list[dict[str, Any]]]:
        session = requests.Session()
        for page in range(pages):
            yield session.get(f"{url}/pages/{page}").json()["issues"]

    cpu, wall = time.process_time(), time.perf_counter()
    pipeline = dlt.pipeline(
        "driftline_bench",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{database}"),
        dataset_name="jira",
    )
    pipeline.run(issues())
    print_measure(cpu, wall)


if __name__ == "__main__":
    main()
