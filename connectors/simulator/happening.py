"""What happens in the simulated company, as its ledger of truth keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, whether or not the vendor keeps a history of it."""

    at: datetime
    #: `issue.created`, `issue.changed`, `version.dates`, `change.merged`, `milestone.dates`, …
    what: str
    #: `issue:<id>`, `version:<id>`, `change:<id>`, `milestone:<id>`, `credential:<name>`, …
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)
