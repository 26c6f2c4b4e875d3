"""A JSON schema of the configuration, for editors: completion, help and warnings while typing."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from sync.config.models import ConnectionSettings, DetectorSettings, Root

#: Keys that the environment may hold and the file must not.
_NEVER = ("token", "password", "secret_url")


def document(
    connectors: Mapping[str, type[BaseModel]],
    detectors: Mapping[str, tuple[str, Mapping[str, float]]],
) -> dict[str, Any]:
    """The schema; `connectors`: kind -> options, `detectors`: id -> (sentence, thresholds)."""
    made = Root.model_json_schema(by_alias=True)
    defs: dict[str, Any] = made.pop("$defs")
    for model in ("ConnectionSettings", "MailSettings", "PingSettings"):
        _without_secrets(defs[model])
    kinds = []
    for kind, options in sorted(connectors.items()):
        name = f"{kind}-connection"
        defs[name] = _connection(kind, defs["ConnectionSettings"], options, defs)
        kinds.append(
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
        )
    made["properties"]["connections"]["additionalProperties"] = {
        "$ref": "#/$defs/ConnectionSettings",
        "allOf": kinds,
    }
    made["properties"]["detectors"]["properties"] = {
        id_: _detector(sentence, thresholds, defs["DetectorSettings"])
        for id_, (sentence, thresholds) in sorted(detectors.items())
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "driftline.toml",
        **{key: value for key, value in made.items() if key != "title"},
        "$defs": dict(sorted(defs.items())),
    }


def keys(model: type[BaseModel]) -> dict[str, tuple[str, str, str]]:
    """Key -> (description, kind of value, default as TOML or empty) of what the file may hold."""
    made = model.model_json_schema(by_alias=True)
    return {
        name: (str(one.get("description", "")), _kind(one), _default(one))
        for name, one in made.get("properties", {}).items()
        if name not in _NEVER
    }


def own_keys(options: type[BaseModel]) -> dict[str, tuple[str, str, str]]:
    """The keys that a connector adds to those of every connection."""
    shared = ConnectionSettings.model_fields
    return {name: told for name, told in keys(options).items() if name not in shared}


def detector_keys() -> dict[str, tuple[str, str, str]]:
    """The keys of every detector."""
    return keys(DetectorSettings)


def _without_secrets(schema: dict[str, Any]) -> None:
    for name in _NEVER:
        schema["properties"].pop(name, None)


def _connection(
    kind: str, shared: Mapping[str, Any], options: type[BaseModel], defs: dict[str, Any]
) -> dict[str, Any]:
    made = options.model_json_schema(by_alias=True)
    _without_secrets(made)
    defs.update(made.pop("$defs", {}))
    return {
        "type": "object",
        "properties": {**shared["properties"], **made["properties"], "kind": {"const": kind}},
        "required": ["kind", *made.get("required", [])],
        "additionalProperties": False,
    }


def _detector(
    sentence: str, thresholds: Mapping[str, float], shared: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "type": "object",
        "description": sentence,
        "properties": {
            **shared["properties"],
            **{name: {"type": "number", "default": value} for name, value in thresholds.items()},
        },
        "additionalProperties": False,
    }


def _kind(one: Mapping[str, Any]) -> str:
    if "anyOf" in one:
        kinds = [_kind(part) for part in one["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    if "const" in one:
        return f"`{one['const']}`"
    words = {
        "integer": "whole number",
        "boolean": "true or false",
        "string": "text",
        "object": "table",
    }
    if one.get("type") == "array":
        inner = _kind(one.get("items", {}))
        return f"list of {inner}" if inner else "list"
    if one.get("format") == "date":
        return "date"
    return words.get(str(one.get("type", "")), str(one.get("type", "")))


def _default(one: Mapping[str, Any]) -> str:
    value = one.get("default")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(f'"{part}"' for part in value) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"
