"""What driftline's registry knows of Acme Tracker; what reads it is imported with its first use."""

from typing import Any
from urllib.parse import urlsplit

from connectors.contract import (
    Connector,
    ConnectorEntry,
    Deletions,
    Mode,
    Order,
    Runtime,
    ScopeOption,
    StreamSpec,
)
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class AcmeOptions(BaseModel):
    """Options of a connection of kind `acme`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(description="Address of the tracker.")
    token: SecretStr | None = Field(
        None, description="Access token; use token_env, token_file or token_command."
    )
    projects: tuple[str, ...] = Field(
        (), description="Codes or ids of the projects to read; none: all that the token can see."
    )
    page_size: int = Field(200, ge=1, le=500, description="Tickets per request.")

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address such as https://acme.example.net")
        return value.rstrip("/")


STREAMS = (
    StreamSpec("states", "site", Mode.SNAPSHOT, feeds=("status",)),
    StreamSpec("projects", "site", Mode.SNAPSHOT, feeds=("scope",)),
    # Called `milestones` as everywhere in driftline: detectors ask for it by that name.
    StreamSpec("milestones", "project", Mode.SNAPSHOT, feeds=("milestone",)),
    StreamSpec(
        "tickets",
        "project",
        Mode.INCREMENTAL,
        order=Order.ASCENDING,
        deletions=Deletions.BY_FULL_LISTING,
        # By these words the detectors of driftline know that they can judge this tracker.
        feeds=("work_item", "history", "account"),
        after=("states", "milestones"),
    ),
    StreamSpec("census", "project", Mode.CENSUS, of="tickets", requests_per_item=0.01),
)


def _build(name: str, options: Any, runtime: Runtime) -> Connector:
    from acme_tracker.tracker import AcmeTracker

    return AcmeTracker(name, options, runtime)


ENTRY = ConnectorEntry(
    name="acme",
    # The version it was written for, as a number: one that is taken from driftline always fits.
    contract=1,
    options=AcmeOptions,
    build=_build,
    summary="Acme Tracker: tickets with complete history, goals",
    streams=lambda: STREAMS,
    # A project that `projects` no longer names has left; one that is merely not listed is told.
    choosing={"projects": ScopeOption("project")},
)
