"""A connection whose plugin is installed and cannot be used: it is told, and the others go on."""

from pydantic import BaseModel, ConfigDict


class Unusable(BaseModel):
    """Stands where the connector's own options would: what they may be, nobody can say."""

    model_config = ConfigDict(frozen=True)

    #: why the connector cannot be used, in one sentence.
    reason: str
