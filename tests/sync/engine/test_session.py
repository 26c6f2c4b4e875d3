"""Connections of one run are opened side by side."""

import subprocess
import sys

import pytest
from support.checkout import ROOT

#: Nothing of a vendor's library is imported yet: that happens with the first connector.
OPENING = """
import sys, threading
from connectors.contract import Runtime
from connectors.registry import get
from mappings.load import load
from mappings.registry import get as mapping
from sync.engine.plan import ConnectionPlan
from sync.engine.session import build

assert "requests" not in sys.modules
kinds = {"jira": {"url": "https://x.example.net"}, "github": {}, "gitlab": {}}
plans = [
    ConnectionPlan(kind, kind, get(kind).options(**given), load([mapping(kind).defaults]))
    for kind, given in kinds.items()
]
runtime = Runtime(now=lambda: None, sleep=lambda seconds: None)
together, failed = threading.Barrier(len(plans)), []

def open_one(plan):
    together.wait()
    try:
        build(plan, runtime).close()
    except BaseException as error:
        failed.append(repr(error))

threads = [threading.Thread(target=open_one, args=(plan,)) for plan in plans]
[one.start() for one in threads]
[one.join() for one in threads]
sys.exit("; ".join(failed) or None)
"""


@pytest.mark.full
def test_connectors_are_imported_by_one_thread_at_a_time() -> None:
    """Libraries that import in circles are else found half made by the second thread."""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", OPENING], capture_output=True, text=True, cwd=ROOT, timeout=120
        )
        assert (done.returncode, done.stderr) == (0, "")
