"""What every command needs: configuration and store when asked for, output in one manner."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from sync.clock import Clock, SystemClock

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.store.open import Store

#: Version of what `--json` prints; grows when a field changes its meaning or goes away.
SCHEMA_VERSION = 1
#: Which of several exit codes wins (design section 6).
PRECEDENCE = (2, 1, 75, 4, 5, 3)


@dataclass(slots=True)
class App:
    """One invocation."""

    config_path: str | None = None
    quiet: bool = False
    debug: bool = False
    clock: Clock = field(default_factory=SystemClock)
    #: waits so many seconds.
    sleep: Callable[[float], None] = time.sleep
    #: what was told of the store's opening; a command may open it twice.
    _told: set[str] = field(default_factory=set)

    def settings(self, *, with_secrets: bool = True) -> "Settings":
        """The configuration. Raises ConfigError."""
        from sync.config.settings import load

        path = Path(self.config_path) if self.config_path else None
        return load(path, with_secrets=with_secrets)

    def store(
        self, settings: "Settings", *, create: bool = False, read_only: bool = False
    ) -> "Store":
        """The store that the configuration names. Raises StoreErrors."""
        from sync.store.open import open_store

        store = open_store(
            settings.root.store, create=create, read_only=read_only, base=settings.base
        )
        for one in store.notes:
            if one not in self._told:
                self._told.add(one)
                self.note(one)
        return store

    def say(self, text: str = "", *, to_copy: bool = False) -> None:
        """Print one line for a person, unless quiet; a command `to_copy` is not broken."""
        if not self.quiet:
            told: str = _shown().line(text)
            click.echo(told if to_copy else fit(told, sys.stdout))

    def say_table(self, rows: Sequence[Sequence[str]]) -> None:
        """Print a table, head first, unless quiet; below each other what is too wide."""
        if self.quiet:
            return
        from sync.cli import terminal

        shown = [[_shown().line(cell) for cell in row] for row in rows]
        width = terminal.columns(sys.stdout)
        for line in terminal.table(shown, width):
            click.echo(terminal.fitted(line, width))

    def say_lines(self, text: str) -> None:
        """Print a text of several lines for a person, unless quiet."""
        if not self.quiet:
            self.out(text, for_person=True)

    def out(self, text: str, *, for_person: bool = False) -> None:
        """Print what was asked for, always; it may have several lines.

        Only what is `for_person` is broken to the width of a terminal: not JSON, CSV and the like.
        """
        told: str = _shown().block(text)
        click.echo(fit(told, sys.stdout) if for_person else told, nl=not text.endswith("\n"))

    def note(self, text: str) -> None:
        """Tell in one line on standard error what was done, unless quiet."""
        if not self.quiet:
            self.trouble(text)

    def trouble(self, text: str) -> None:
        """Print one line of trouble, always, on standard error."""
        click.echo(fit(_shown().line(text), sys.stderr), err=True)

    def print_json(self, kind: str, codes: Iterable[int] = (), **facts: Any) -> None:
        """Print facts as one JSON object with the schema version and all exit codes."""
        click.echo(self.json_text(kind, codes, **facts), nl=False)

    def json_text(self, kind: str, codes: Iterable[int] = (), **facts: Any) -> str:
        """The same as a text that ends with its line."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "kind": kind,
            "exit_code": worst(codes),
            "exit_codes": sorted(set(codes) - {0}),
            **facts,
        }
        text = json.dumps(document, default=_plain, indent=2, ensure_ascii=False)
        return f"{_shown().document(text)}\n"


def fit(text: str, stream: IO[str]) -> str:
    """The text as it suits a terminal behind the stream; the text itself where there is none."""
    if not stream.isatty():
        return text
    from sync.cli import terminal

    return terminal.fitted(text, terminal.columns(stream))


def sentence(what: str, where: str = "", todo: str = "") -> str:
    """Where, what, and what to do, as a person reads it."""
    head = f"{where}: {what}" if where else what
    return f"{head.rstrip('.')}. {todo}" if todo else head


def worst(codes: Iterable[int]) -> int:
    """The exit code that wins; 0 for none."""
    held = set(codes)
    return next((code for code in PRECEDENCE if code in held), 0)


def _shown() -> Any:
    """Imported when something is printed: `--version` needs none of it."""
    from sync.cli import shown

    return shown


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


pass_app = click.make_pass_decorator(App)
json_option = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
