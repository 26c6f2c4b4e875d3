"""Make report.schema.json from the records: `python -m sync.report.json_schema`."""

from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from sync.report.data import SCHEMA_VERSION, ReportData

#: The file that is shipped.
PATH = Path(__file__).with_name("report.schema.json")


def make() -> dict[str, Any]:
    """JSON Schema of the report: every field is required, and no other is allowed."""
    schema = TypeAdapter(ReportData).json_schema(mode="serialization")
    for record in (schema, *schema["$defs"].values()):
        if record.get("type") == "object":
            record["additionalProperties"] = False
            record["required"] = sorted(record["properties"])
    schema["properties"]["schema_version"] = {"const": SCHEMA_VERSION, "type": "integer"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "driftline report",
        **{name: value for name, value in schema.items() if name != "title"},
    }


def text() -> str:
    """The file's content."""
    return orjson.dumps(make(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8", newline="\n")
