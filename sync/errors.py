"""Errors of driftline itself, grouped by what to do next, with their exit codes."""


class DriftlineError(Exception):
    """An error a person can act on: what happened, where, what to do."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        """Keep the parts apart; `str()` joins them into one clear message."""
        self.what, self.where, self.todo = what, where, todo
        head = f"{where}: {what}" if where else what
        super().__init__(f"{head} {todo}".strip())


class ConfigError(DriftlineError):
    """The configuration or the usage is wrong; nothing was started."""

    exit_code = 2


class UsageError(ConfigError):
    """A command was called with arguments that make no sense together."""


class StoreError(DriftlineError):
    """The store failed; nothing is half written."""

    exit_code = 1


class StoreRefused(StoreError):
    """The database is not ours, or newer than this program."""

    exit_code = 2


class StoreBusy(StoreError):
    """The database stays locked, or another run holds the lease."""

    exit_code = 75


class ScopeHeld(StoreBusy):
    """Another run holds the lease of a scope; the others can be read."""


class DeliveryError(DriftlineError):
    """A report could not be delivered."""

    exit_code = 5


class LostLease(ScopeHeld):
    """Another run took over the scope; this one must not write any more."""
