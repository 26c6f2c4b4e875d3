"""`make bench`: every figure and ratio of one run, against the bounds that are promised."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import (
    forecast_figures,
    github_figures,
    jira_figures,
    scope_figures,
    verdict_figures,
)

HERE = Path(__file__).parent
PARTS = {
    "jira": jira_figures,
    "github": github_figures,
    "scope": scope_figures,
    "forecast": forecast_figures,
    "verdict": verdict_figures,
}


def main() -> None:
    """Measure everything; exit 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=1_000, help="of GitHub")
    parser.add_argument("--items", type=int, default=1_000_000, help="of the store for scope")
    parser.add_argument(
        "--landed", type=int, default=100_000, help="changes of the store for verdicts"
    )
    parser.add_argument("--factor", type=int, default=10, help="for the memory measurement")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    parser.add_argument("--milestones", type=int, default=30, help="of each made-up team")
    parser.add_argument("--write", action="store_true", help="put tables into docs/forecast.md")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part")
    options = parser.parse_args()
    figures: dict[str, Any] = vars(options).copy()
    for name, part in PARTS.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as scratch:
                figures[name] = part.measure(Path(scratch), options)
    (HERE / "results.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    failed = False
    for name, part in PARTS.items():
        for key, value in figures.get(name, {}).get("ratios", {}).items():
            bound, what = part.BOUNDS[key]
            ok = value <= bound
            failed |= not ok
            print(f"{'ok  ' if ok else 'OVER'} {key:22} {value:8.2f}  (bound {bound:g})  {what}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
