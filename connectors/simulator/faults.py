"""Scripts of what goes wrong, and hooks that move the world between two requests."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.simulator.http import Request, Response


@dataclass(slots=True)
class Fault:
    """Answers instead of the server while it matches and has any `times` left."""

    #: regular expression on `METHOD /path`.
    matching: str
    status: int = 500
    body: bytes = b'{"errorMessages":["Internal server error"]}'
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    #: how often; None = always.
    times: int | None = 1
    #: let so many matching requests pass first.
    skip: int = 0
    #: cut: send half of the real answer; drop: close the connection without one.
    manner: str = "answer"

    def response(self) -> Response:
        """What it answers."""
        return Response(self.status, self.body, self.headers, self.content_type)


@dataclass(slots=True)
class Hook:
    """Runs once, before the answer to a matching request is made."""

    matching: str
    run: Callable[[], None]
    skip: int = 0
    done: bool = False


class Script:
    """All faults and hooks of one server."""

    def __init__(self) -> None:
        """Nothing goes wrong."""
        self.faults: list[Fault] = []
        self.hooks: list[Hook] = []
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self.faults.clear()
            self.hooks.clear()

    def before(self, request: Request) -> Fault | None:
        """Run the hooks that are due; the fault that takes this request, if any."""
        line = f"{request.method} /{request.path.lstrip('/')}"
        due: list[Hook] = []
        found: Fault | None = None
        with self._lock:
            for hook in self.hooks:
                if hook.done or not re.search(hook.matching, line):
                    continue
                if hook.skip > 0:
                    hook.skip -= 1
                    continue
                hook.done = True
                due.append(hook)
            for fault in self.faults:
                if fault.times == 0 or not re.search(fault.matching, line):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                found = fault
                break
        for hook in due:
            hook.run()
        return found
