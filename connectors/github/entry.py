"""What the registry knows of GitHub: cheap to import, the library comes with the first use."""

from typing import Any

from connectors.contract import CONTRACT, Connector, ConnectorEntry, Runtime, ScopeOption
from connectors.github.options import GitHubOptions
from connectors.github.specs import STREAMS


def _build(name: str, options: Any, runtime: Runtime) -> Connector:
    # The vendor's library takes long to import: only when a connection needs it.
    from connectors.github.connector import GitHubConnector

    return GitHubConnector(name, options, runtime)


ENTRY = ConnectorEntry(
    name="github",
    contract=CONTRACT,
    options=GitHubOptions,
    build=_build,
    summary="GitHub and GitHub Enterprise: issues, pull requests, checks, workflow runs, releases",
    streams=lambda: STREAMS,
    tokens=("github-fine-grained-token", "github-classic-token", "github-app"),
    choosing={
        "repositories": ScopeOption("repository"),
        "projects": ScopeOption("board", everything=None),
    },
)
