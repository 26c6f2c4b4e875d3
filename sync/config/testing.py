"""What a person may configure about judging whether changes were tested."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
KindName = Literal[
    "docs", "comments", "renames", "generated", "lockfile", "merge_back", "version", "repository"
]
BuiltInName = Literal[
    "docs", "comments", "renames", "generated", "lockfile", "merge_back", "version"
]
_ALL: list[BuiltInName] = [
    "docs",
    "comments",
    "renames",
    "generated",
    "lockfile",
    "merge_back",
    "version",
]
_WITH_PATHS = ("docs", "generated", "version")


class ExemptionSettings(BaseModel):
    """A rule that exempts changes; it takes the place of the built-in one of its kind."""

    model_config = _STRICT

    name: str = Field(min_length=1, description="Name that verdicts tell it by.")
    kind: KindName = Field(
        description="docs, comments, renames, generated, lockfile, merge_back, version or "
        "repository."
    )
    owner: str = Field(min_length=1, description="Who answers for the rule.")
    reason: str = Field(min_length=1, description="Why it is there.")
    expires: date = Field(description="Last day: what lands later is judged, and says so.")
    repositories: list[str] = Field(
        default_factory=list,
        description="Repositories it is for, by path or pattern; without them for all. A rule of "
        "kind repository exempts these.",
    )
    paths: list[str] = Field(
        default_factory=list,
        description="More files of this kind, as patterns (docs, generated, version).",
    )

    @model_validator(mode="after")
    def _fits(self) -> "ExemptionSettings":
        if self.kind == "repository" and not self.repositories:
            raise ValueError("needs repositories")
        if self.paths and self.kind not in _WITH_PATHS:
            raise ValueError(f"paths belong to the kinds {', '.join(_WITH_PATHS)}")
        return self


class TestingSettings(BaseModel):
    """What counts as tested, and what needs no test."""

    #: pytest takes a class of such a name for tests.
    __test__ = False
    model_config = _STRICT

    diff_coverage: float = Field(
        0.6,
        ge=0,
        le=1,
        description="Share of the changed lines that tests execute, where coverage is told; with "
        "less a change is tested in part.",
    )
    uncovered_lines: int = Field(
        10, ge=1, description="Fewer changed lines than this without a test are never too many."
    )
    exempt: list[BuiltInName] = Field(
        default_factory=lambda: list(_ALL),
        description="Built-in rules that exempt changes; an empty list turns all of them off.",
    )
    update_bots: list[str] = Field(
        default_factory=lambda: ["dependabot", "dependabot-preview", "renovate", "renovate-bot"],
        description="Logins of bots that update dependencies (rule lockfile).",
    )
    release_bots: list[str] = Field(
        default_factory=lambda: ["release-please", "semantic-release-bot"],
        description="Logins of bots that make releases (rule version).",
    )
    exemptions: list[ExemptionSettings] = Field(
        default_factory=list,
        description="Rules of your own, each with its owner, reason and last day.",
    )

    @model_validator(mode="after")
    def _one_name_each(self) -> "TestingSettings":
        names = [one.name for one in self.exemptions]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two exemptions are called {twice[0]!r}")
        return self
