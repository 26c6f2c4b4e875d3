"""What a person configures about one GitHub."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

#: What a field of a project may be the source of.
ROLES = ("milestone", "iteration", "due_date", "status", "estimate")


class ProjectOptions(BaseModel):
    """A project whose fields say more of its issues than the issues do."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    project: str = Field(description='Which one, "owner/number" of its address.')
    milestone: tuple[str, ...] | str = Field(
        (), description="Single-select field whose options are milestones, by name or id."
    )
    iteration: tuple[str, ...] | str = Field((), description="Iteration field.")
    due_date: tuple[str, ...] | str = Field((), description="Date field that is the due date.")
    status: tuple[str, ...] | str = Field(
        (), description="Single-select field that is the status of what is open."
    )
    estimate: tuple[str, ...] | str = Field((), description="Number field that is the estimate.")

    @field_validator(*ROLES, mode="before")
    @classmethod
    def _as_fields(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("project")
    @classmethod
    def _is_project(cls, value: str) -> str:
        owner, _, number = value.partition("/")
        if not owner or not (number.isascii() and number.isdecimal() and int(number)):
            raise ValueError(f'{value!r} must be written as "owner/number"')
        return f"{owner}/{int(number)}"

    @model_validator(mode="after")
    def _says_something(self) -> "ProjectOptions":
        if not any(getattr(self, role) for role in ROLES):
            raise ValueError(f"name at least one field: {', '.join(ROLES)}")
        return self


class GitHubOptions(BaseModel):
    """Options of a connection of kind `github`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(
        "https://api.github.com",
        description="Address of the API; for Enterprise https://HOST/api/v3.",
    )
    token: SecretStr | None = Field(
        None,
        description="Personal access token, fine-grained or classic. "
        "Never in the file: use token_env, token_file or token_command.",
    )
    app_id: str | None = Field(None, description="Id of a GitHub App, in place of a token.")
    installation_id: int | None = Field(
        None, description="Installation of the App whose repositories are read."
    )
    private_key_file: Path | None = Field(
        None, description="The App's private key in PEM form, readable by you alone."
    )
    repositories: tuple[str, ...] = Field((), description='Repositories to read, "owner/name".')
    api: Literal["auto", "graphql", "rest"] = Field(
        "auto", description="GraphQL costs far fewer requests; auto takes it where it answers."
    )
    projects: tuple[ProjectOptions, ...] = Field(
        (), description="Projects whose fields are milestone, due date, status or estimate."
    )
    project_order: Literal["ask", "listed"] = Field(
        "ask",
        description="What counts where two projects say different things of one issue: ask leaves "
        "the issue as it is and tells you, listed takes the project that stands first.",
    )
    page_size: int = Field(100, ge=1, le=100, description="Records per REST page.")
    change_page_size: int = Field(
        25, ge=1, le=100, description="Pull requests per GraphQL page; shrinks by itself."
    )
    jobs: bool = Field(
        True, description="Read the jobs of workflow runs: one request per changed run."
    )
    hide_private: bool = Field(
        True,
        description="What stands in private repositories is named to the token's owner alone; "
        "false where every reader of the report may see them anyway.",
    )
    max_concurrency: int = Field(6, ge=1, le=16, description="Requests in flight at once.")

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address such as https://api.github.com")
        if parts.username or parts.password:
            raise ValueError("must not hold a user or password")
        if parts.hostname in ("github.com", "www.github.com"):
            raise ValueError("is the address of pages; the API answers at https://api.github.com")
        return value.rstrip("/")

    @field_validator("repositories", mode="before")
    @classmethod
    def _as_names(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("repositories")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if one.count("/") != 1 or not all(one.split("/")) or any(c.isspace() for c in one):
                raise ValueError(f'{one!r} must be written as "owner/name"')
        return tuple({one.casefold(): one for one in value}.values())

    @field_validator("projects")
    @classmethod
    def _are_different(cls, value: tuple[ProjectOptions, ...]) -> tuple[ProjectOptions, ...]:
        keys = [one.project.casefold() for one in value]
        for one in value:
            if keys.count(one.project.casefold()) > 1:
                raise ValueError(f"project {one.project!r} stands twice")
        return value

    @property
    def board_fields(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Project -> role -> its fields by name or id, preferred first; in the order written."""
        return {
            one.project: {role: tuple(getattr(one, role)) for role in ROLES}
            for one in self.projects
        }

    @property
    def board_order(self) -> bool:
        """Whether a project that stands first wins."""
        return self.project_order == "listed"

    @field_validator("app_id", mode="before")
    @classmethod
    def _id_as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _one_way_in(self) -> "GitHubOptions":
        app = (self.app_id, self.installation_id, self.private_key_file)
        if any(one is not None for one in app):
            if self.token is not None:
                raise ValueError("write a token or an App, not both")
            if any(one is None for one in app):
                raise ValueError("an App needs app_id, installation_id and private_key_file")
        return self
