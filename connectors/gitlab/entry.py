"""What the registry knows of GitLab: cheap to import, the library comes with the first use."""

from typing import Any

from connectors.contract import CONTRACT, Connector, ConnectorEntry, Runtime, ScopeOption
from connectors.gitlab.options import GitLabOptions
from connectors.gitlab.specs import STREAMS


def _build(name: str, options: Any, runtime: Runtime) -> Connector:
    # The vendor's library takes a third of a second to import: only when a connection needs it.
    from connectors.gitlab.connector import GitLabConnector

    return GitLabConnector(name, options, runtime)


ENTRY = ConnectorEntry(
    name="gitlab",
    contract=CONTRACT,
    options=GitLabOptions,
    build=_build,
    summary="GitLab.com and self-managed: issues, milestones, merge requests, pipelines, releases",
    streams=lambda: STREAMS,
    tokens=("gitlab-personal-token", "gitlab-project-token", "gitlab-group-token"),
    choosing={"projects": ScopeOption("project")},
)
