"""What a person configures about one GitLab."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class GitLabOptions(BaseModel):
    """Options of a connection of kind `gitlab`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(
        "https://gitlab.com",
        description="Address of the server; a path such as /gitlab belongs to it.",
    )
    token: SecretStr | None = Field(
        None,
        description="Personal, group or project access token with the scope read_api. "
        "Never in the file: use token_env, token_file or token_command.",
    )
    projects: tuple[str, ...] = Field(
        (),
        description='Projects to read, as "group/name" or id; none: all the account is member of.',
    )
    api: Literal["auto", "graphql", "rest"] = Field(
        "auto", description="auto: GraphQL for bulk reads where the server has it."
    )
    group_milestones: bool = Field(
        True, description="Read the milestones of all groups above a project too."
    )
    hide_private: bool = Field(
        True,
        description="What stands in private projects is named to the token's owner alone; false "
        "where every reader of the report may see them anyway.",
    )
    page_size: int = Field(100, ge=1, le=100, description="Records per request.")
    max_concurrency: int = Field(8, ge=1, le=16, description="Requests in flight at once.")

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address such as https://gitlab.com")
        if parts.username or parts.password:
            raise ValueError("must not hold a user or password")
        return value.rstrip("/").removesuffix("/api/v4")

    @field_validator("projects", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            value = (value,)
        if isinstance(value, (list, tuple)):
            return tuple(str(one).strip().strip("/") for one in value)
        return value
