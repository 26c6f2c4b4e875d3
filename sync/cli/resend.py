"""Mails that earlier runs could not hand over."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sync.cli.app import App

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.report.outbox import Sent
    from sync.store.open import Store


def resend(app: App, settings: "Settings", store: "Store") -> frozenset[int]:
    """Hand them over now, before a new report is made; exit codes that apply."""
    from sync.cli import wiring
    from sync.cli.trouble import explain
    from sync.errors import DriftlineError
    from sync.report import outbox

    server = wiring.smtp(settings)
    if server is None:
        return frozenset()
    try:
        return tell(app, outbox.resend(store, server, now=app.clock.now()))
    except DriftlineError as error:
        text, code = explain(error)
        app.trouble(text)
        return frozenset({code})


def tell(app: App, sent: "Iterable[Sent]") -> frozenset[int]:
    """Say what came of each mail; exit codes that apply."""
    failed = False
    for one in sent:
        if one.error:
            failed = True
            again = " The next run tries again." if one.state in ("deferred", "failed") else ""
            app.trouble(f"{one.recipient}: {one.state.replace('_', ' ')}: {one.error}{again}")
        else:
            app.note(f"{one.recipient}: {one.state.replace('_', ' ')}")
    return frozenset({5}) if failed else frozenset()
