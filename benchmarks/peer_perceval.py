"""Issues and changes by Perceval into JSON lines; it knows no CI. In an environment of its own.

python -m benchmarks.peer_perceval URL TOKEN REPOSITORY FILE
"""

import json
import os
import sys
import time

from perceval.backends.core.github import GitHub

from benchmarks.measure import print_measure


def main() -> None:
    """Read once, from the beginning."""
    url, token, repository, file = sys.argv[1:5]
    owner, _, name = repository.partition("/")
    cpu, wall = time.process_time(), time.perf_counter()
    items = 0
    with open(file, "w", encoding="utf-8") as out:
        for category in ("issue", "pull_request"):
            backend = GitHub(owner=owner, repository=name, api_token=[token], base_url=url)
            for item in backend.fetch(category=category):
                out.write(json.dumps(item) + "\n")
                items += 1
    print_measure(cpu, wall, items=items, mb=os.path.getsize(file) / 1e6)


if __name__ == "__main__":
    main()
