"""What a person configures about one Jira."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class JiraOptions(BaseModel):
    """Options of a connection of kind `jira`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(description="Address of the site, for example https://example.atlassian.net")
    deployment: Literal["auto", "cloud", "datacenter"] = Field(
        "auto", description="Found out at connect unless it is written here."
    )
    email: str | None = Field(
        None, description="Cloud: the account's e-mail address, which goes with the API token."
    )
    username: str | None = Field(
        None, description="Data Center: user name, if no personal access token can be had."
    )
    token: SecretStr | None = Field(
        None,
        description="API token (Cloud), personal access token or password (Data Center). "
        "Never in the file: use token_env, token_file or token_command.",
    )
    projects: tuple[str, ...] = Field(
        (), description="Keys or ids of the projects to read; none: all this token can see."
    )
    boards: Literal["auto"] | tuple[int, ...] = Field(
        "auto", description='"auto": boards of these projects; a list of ids; [] for none.'
    )
    estimate_fields: tuple[str, ...] = Field(
        (), description="Estimate fields by name or id, in order of preference."
    )
    remote_links: bool = Field(
        False, description="Read web links of items: one request per changed item."
    )
    page_size: int = Field(100, ge=1, le=1000, description="Issues per request.")

    max_concurrency: int = Field(8, ge=1, le=16, description="Requests in flight at once.")

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address such as https://example.atlassian.net")
        if parts.username or parts.password:
            raise ValueError("must not hold a user or password")
        return value.rstrip("/")

    @field_validator("projects", "estimate_fields", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        if isinstance(value, str):
            return (value,)
        return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) else value

    @model_validator(mode="after")
    def _one_user(self) -> "JiraOptions":
        if self.email and self.username:
            raise ValueError("write email (Cloud) or username (Data Center), not both")
        return self
