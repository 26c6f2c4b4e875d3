"""One clear message and the right exit code for whatever went wrong."""

import traceback

from connectors.contract import CannotAuthenticate, NotFound, SourceError
from connectors.redaction import redact as redact_patterns
from connectors.registry import UnknownConnector
from mappings.load import MappingError
from mappings.registry import UnknownMapping
from sync.cli.app import sentence
from sync.config.secrets import mask
from sync.errors import DriftlineError


def redact(text: str) -> str:
    """The text without any secret we read and without what looks like one."""
    return redact_patterns(mask(text))


def traced(error: BaseException) -> str:
    """The traceback, without secrets."""
    return redact("".join(traceback.format_exception(error)))


def explain(error: BaseException) -> tuple[str, int]:
    """(message without secrets, exit code)."""
    if isinstance(error, DriftlineError):
        return redact(sentence(error.what, error.where, error.todo)), error.exit_code
    if isinstance(error, SourceError):
        code = 2 if isinstance(error, (CannotAuthenticate, NotFound)) else 4
        return redact(sentence(error.what, error.where, error.todo)), code
    if isinstance(error, MappingError):
        return redact(sentence(error.what, error.where, error.todo)), 2
    if isinstance(error, (UnknownConnector, UnknownMapping)):
        return redact(str(error)), 2
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return redact(f"{where}{error.strerror or type(error).__name__}"), 1
    if isinstance(error, MemoryError):
        return "this machine has too little free memory", 1
    text = redact(f"{type(error).__name__}: {error}".strip(": "))
    return (
        f"driftline has a bug: {text}. Run it again with --debug and report what it shows.",
        1,
    )
