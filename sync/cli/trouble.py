"""One clear message and the right exit code for whatever went wrong."""

import traceback

from connectors.contract import CannotAuthenticate, NotFound, SourceError
from connectors.redaction import redact
from connectors.registry import UnknownConnector
from mappings.load import MappingError
from mappings.registry import UnknownMapping
from sync.cli.app import sentence
from sync.cli.shown import block, line
from sync.errors import ConfigError, DriftlineError


def traced(error: BaseException) -> str:
    """The traceback, without secrets and without what a terminal would act on."""
    return redact(block("".join(traceback.format_exception(error))))


def explain(error: BaseException) -> tuple[str, int]:
    """(message without secrets, exit code); one line, or one per mistake in a configuration."""
    text, code = _explained(error)
    return redact(block(text) if isinstance(error, ConfigError) else line(text)), code


def _explained(error: BaseException) -> tuple[str, int]:
    if isinstance(error, DriftlineError):
        return sentence(error.what, error.where, error.todo), error.exit_code
    if isinstance(error, SourceError):
        code = 2 if isinstance(error, (CannotAuthenticate, NotFound)) else 4
        return sentence(error.what, error.where, error.todo), code
    if isinstance(error, MappingError):
        return sentence(error.what, error.where, error.todo), 2
    if isinstance(error, (UnknownConnector, UnknownMapping)):
        return str(error), 2
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or type(error).__name__}", 1
    if isinstance(error, MemoryError):
        return "this machine has too little free memory", 1
    text = f"{type(error).__name__}: {error}".strip(": ")
    return (
        f"driftline has a bug: {text}. Run it again with --debug and report what it shows.",
        1,
    )
