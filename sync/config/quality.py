"""What a person may configure about what files are for, and about when a release may go."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
PathKindName = Literal["source", "test", "docs", "config", "generated", "vendored"]
CriterionName = Literal[
    "content",
    "tests",
    "merged-red",
    "done-unproven",
    "open-work",
    "reviewed",
    "trunk",
    "contradictions",
    "readings",
    "sign-off",
]
EVERY: list[CriterionName] = [
    "content",
    "tests",
    "merged-red",
    "done-unproven",
    "open-work",
    "reviewed",
    "trunk",
    "contradictions",
    "readings",
    "sign-off",
]


class PathSettings(BaseModel):
    """What the files that a pattern matches are for."""

    model_config = _STRICT

    pattern: str = Field(
        min_length=1, max_length=500, description='Pattern as in .gitignore: "api/gen/**".'
    )
    kind: PathKindName = Field(description="source, test, docs, config, generated or vendored.")
    repository: str | None = Field(
        None, description="Repository it is for, as owner/name; without it all."
    )

    @field_validator("pattern")
    @classmethod
    def _names_something(cls, value: str) -> str:
        if not value.strip().strip("/"):
            raise ValueError("matches nothing")
        return value


class PathsSettings(BaseModel):
    """What files are for."""

    model_config = _STRICT

    rules: list[PathSettings] = Field(
        default_factory=list,
        description="Rules over the built-in ones, each with pattern (as in .gitignore), kind "
        "(source, test, docs, config, generated, vendored) and, unless it is for all, repository; "
        "the last that matches counts.",
    )


class GateSettings(BaseModel):
    """When `driftline gate` lets a milestone or a ref go."""

    model_config = _STRICT

    criteria: list[CriterionName] = Field(
        default_factory=lambda: list(EVERY),
        min_length=1,
        description="What must be met; the others are shown and decide nothing.",
    )
    tested: float = Field(
        0.9,
        gt=0,
        le=1,
        description="Share of the changed lines whose tests passed at least on the change's head.",
    )
    ready: float = Field(
        0, ge=0, le=1, description="Share that must have passed exactly as it landed."
    )
