"""One clear message and the right exit code for whatever went wrong."""

from connectors.contract import CannotAuthenticate, NotFound, SourceError
from connectors.redaction import redact
from connectors.registry import UnknownConnector
from mappings.load import MappingError
from mappings.registry import UnknownMapping
from sync.errors import DriftlineError


def explain(error: BaseException) -> tuple[str, int]:
    """(message without secrets, exit code)."""
    if isinstance(error, DriftlineError):
        return redact(str(error)), error.exit_code
    if isinstance(error, SourceError):
        code = 2 if isinstance(error, (CannotAuthenticate, NotFound)) else 4
        return redact(str(error)), code
    if isinstance(error, (MappingError, UnknownConnector, UnknownMapping)):
        return redact(str(error)), 2
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return redact(f"{where}{error.strerror or type(error).__name__}"), 1
    text = redact(f"{type(error).__name__}: {error}")
    return (
        f"driftline has a bug: {text}. Run it again with --debug and report what it shows.",
        1,
    )
