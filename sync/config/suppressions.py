"""The suppressions file: findings that are borne for a time, each with a reason and an end."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from mappings.toml_lines import line_of, locate
from sync.config.problems import shown, suggestion
from sync.errors import ConfigError

#: Longest file that is read, bytes.
LARGEST = 1_000_000
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Entry(BaseModel):
    """One entry, under `[[suppressions]]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,16}$")] | None = None
    detector: _Text | None = None
    milestone: _Text | None = None
    subject: _Text | None = None
    kind: Literal["accept", "not-useful"] = "accept"
    reason: _Text
    author: _Text
    expires: date
    ticket: _Text | None = Field(None)

    @model_validator(mode="after")
    def _names_something(self) -> "Entry":
        chosen = (self.detector, self.milestone, self.subject)
        if self.fingerprint is None and self.detector is None:
            raise ValueError("needs a fingerprint, or a detector with a milestone or a subject")
        if self.fingerprint is None and self.milestone is None and self.subject is None:
            raise ValueError(
                "would hold back every finding of its detector: add a milestone or a subject, or "
                "switch the detector off"
            )
        if self.fingerprint is not None and any(chosen):
            raise ValueError("a fingerprint says it all: take out detector, milestone and subject")
        if self.detector == "data.blind-spot" and self.kind == "not-useful":
            raise ValueError("a blind spot is told whatever is said of it")
        return self


def load(file: Path) -> list[tuple[Entry, str]]:
    """Entries of a file, each with its file and line.

    Raises ConfigError naming every mistake with its line.
    """
    text = _read(file)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(
            f"not valid TOML: {error}", where=shown(file), todo="Correct it."
        ) from None
    places = locate(text)
    name = shown(file)
    mistakes: list[str] = [
        f"{name}:{line_of(places, (key,)) or 1}: {key}: unknown key"
        f"{suggestion(key, ['suppressions'])}"
        for key in data
        if key != "suppressions"
    ]
    entries = data.get("suppressions", [])
    if not isinstance(entries, list):
        mistakes.append(f"{name}:{line_of(places, ('suppressions',)) or 1}: write [[suppressions]]")
        entries = []
    found: list[tuple[Entry, str]] = []
    for place, one in enumerate(entries):
        at = ("suppressions", place)
        line = line_of(places, at) or 1
        try:
            entry = Entry.model_validate(one)
        except ValidationError as error:
            for wrong in error.errors(include_input=False, include_url=False):
                path = (*at, *wrong["loc"])
                where = f"{name}:{line_of(places, path) or line}"
                key = f"{wrong['loc'][0]}: " if wrong["loc"] else ""
                mistakes.append(f"{where}: {key}{_plain(wrong['type'], str(wrong['msg']))}")
            continue
        found.append((entry, f"{name}:{line}"))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return found


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise ConfigError(
                "the suppressions file is too large",
                where=shown(file),
                todo=f"Keep it below {LARGEST:,} bytes.",
            )
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(
            "the suppressions file is not UTF-8 text", where=shown(file), todo="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"the suppressions file cannot be read: {error.strerror or type(error).__name__}",
            where=shown(file),
            todo="Write it, or take out [findings] suppressions.",
        ) from None


def _plain(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"unknown key{suggestion('', Entry.model_fields)}"
    if kind == "string_pattern_mismatch":
        return "must be 8 to 16 hexadecimal digits of a fingerprint"
    return message.removeprefix("Value error, ").replace("Input should be", "must be")
