"""A changed mapping tried on a copy of the store, and what would be found otherwise."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.app import App

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.reconcile.contract import Reconciliation
    from sync.reconcile.difference import Difference
    from sync.store.open import Store


def instead(settings: "Settings", file: Path, instead_of: str | None) -> "Settings":
    """The configuration with `file` in the place of a mapping file.

    Raises UsageError where no such file is configured, or where it could stand for several.
    """
    from sync.errors import UsageError

    root = settings.root
    new = str(file.resolve())
    held = {name: _files(one.mapping) for name, one in root.connections.items()}
    told = [*([root.mapping.organisation] if root.mapping.organisation else [])]
    told += [one for files in held.values() for one in files]
    configured = list(dict.fromkeys(told))
    if instead_of is not None and instead_of not in configured:
        raise UsageError(
            f"no mapping file {instead_of} is configured",
            where="--instead-of",
            todo=f"Configured: {', '.join(configured) or 'none'}.",
        )
    if instead_of is None and len(configured) > 1:
        raise UsageError(
            "several mapping files are configured",
            where=str(file),
            todo=f"Say with --instead-of which one it stands for: {', '.join(configured)}.",
        )
    old = instead_of or next(iter(configured), None)
    organisation = root.mapping.organisation
    if old is None or organisation == old:
        organisation = new
    connections = {
        name: one.model_copy(
            update={"mapping": [new if path == old else path for path in held[name]]}
        )
        for name, one in root.connections.items()
    }
    changed = root.model_copy(
        update={
            "mapping": root.mapping.model_copy(update={"organisation": organisation}),
            "connections": connections,
        }
    )
    return replace(settings, root=changed)


def on_copy(app: App, settings: "Settings", changed: "Settings") -> "Difference":
    """What would be found otherwise under the changed configuration; the store stays as it is."""
    from sync.reconcile.difference import difference

    with copied(app, settings) as store:
        # Both judge rows that were made by their own mapping, at the same instant.
        before = _judged(app, settings, store)
        after = _judged(app, changed, store)
    return difference(before, after)


@contextmanager
def copied(app: App, settings: "Settings") -> "Iterator[Store]":
    """A whole copy of the store, gone when the block ends.

    Of a server it is an SQLite file: every row is copied, and only for the time of the block.
    """
    from sync.store.backup import back_up
    from sync.store.open import open_store
    from sync.store.transfer import copy

    with tempfile.TemporaryDirectory(prefix="driftline-") as directory:
        file = Path(directory) / "copy.db"
        source = app.store(settings)
        try:
            if source.dialect == "sqlite":
                back_up(source, file)
                store = open_store(str(file))
            else:
                app.note(f"{source.url_shown} is copied to a temporary file; this takes a while")
                store = open_store(str(file))
                copy(source, store, lambda _: None)
        finally:
            source.close()
        try:
            yield store
        finally:
            store.close()


def show(app: App, found: "Difference", *, as_json: bool) -> None:
    """Added, removed and changed findings, a line each."""
    if as_json:
        app.print_json(
            "mapping-shadow",
            added=found.added,
            removed=found.removed,
            changed=found.changed,
            unchanged=found.unchanged,
        )
        return
    for word, lines in (("added", found.added), ("removed", found.removed)):
        for one in lines:
            app.say(f"{word:8} {one.severity.value:8} {one.title}  [{one.fingerprint[:12]}]")
            if one.why:
                app.say(f"         {one.why}")
    for two in found.changed:
        app.say(
            f"changed  {two.after.severity.value:8} {two.after.title}  [{two.fingerprint[:12]}]"
        )
        app.say(f"         before: {two.before.severity.value}, {two.before.title}")
    app.say(
        f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed, "
        f"{found.unchanged} as before. Nothing was kept."
    )


def _judged(app: App, settings: "Settings", store: "Store") -> "Reconciliation":
    from sync.cli import wiring
    from sync.engine.remap import remap
    from sync.reconcile.runner import reconcile

    policy = wiring.policy(settings)
    remap(store, wiring.plan(settings, app.clock), clock=app.clock)
    return reconcile(store, policy, clock=app.clock)


def _files(told: str | list[str]) -> list[str]:
    return [told] if isinstance(told, str) else list(told)
