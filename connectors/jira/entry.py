"""What the registry knows of Jira: cheap to import, the library comes with the first use."""

from typing import Any

from connectors.contract import CONTRACT, Connector, ConnectorEntry, Runtime, ScopeOption
from connectors.jira.options import JiraOptions
from connectors.jira.specs import STREAMS


def _build(name: str, options: Any, runtime: Runtime) -> Connector:
    # The vendor's library takes half a second to import: only when a connection needs it.
    from connectors.jira.connector import JiraConnector

    return JiraConnector(name, options, runtime)


ENTRY = ConnectorEntry(
    name="jira",
    contract=CONTRACT,
    options=JiraOptions,
    build=_build,
    summary="Jira Cloud and Data Center: issues with complete history, versions, boards, sprints",
    streams=lambda: STREAMS,
    tokens=("jira-cloud-api-token", "jira-cloud-scoped-api-token", "jira-data-center-pat"),
    choosing={"projects": ScopeOption("project"), "boards": ScopeOption("board", "auto")},
)
