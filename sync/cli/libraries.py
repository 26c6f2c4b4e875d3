"""What libraries and threads print by themselves passes the same mask as what we print."""

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from sync.cli.shown import block


def guard() -> None:
    """Take over the ways past our own output, for a process that is ours alone."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(Masked("%(name)s: %(message)s"))
    # Where nobody configured logging, warnings go here; a handler of an operator's own stays.
    logging.lastResort = handler
    threading.excepthook = _in_thread
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable


class Masked(logging.Formatter):
    """Masks the finished line: a secret may be put together from several arguments."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with its traceback if there is one."""
        return masked(super().format(record))


def masked(text: str) -> str:
    """The text without secrets, and without what a terminal would act on."""
    from connectors.redaction import redact

    return redact(block(text))


def _tell(error: BaseException | None, what: str) -> None:
    shown = "".join(traceback.format_exception(error)) if "--debug" in sys.argv else repr(error)
    print(masked(f"driftline has a bug, {what}: {shown}"), file=sys.stderr)


def _in_thread(told: Any) -> None:
    _tell(told.exc_value, "in a thread")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _tell(error, "at its end")


def _unraisable(told: Any) -> None:
    _tell(told.exc_value, "while it cleaned up")
