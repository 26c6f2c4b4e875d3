"""A payload as deep as the decoder lets in: records or data issues, and no exception."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import zstandard
from support.hosts import hosts
from support.synced import synced

from connectors.jsonbytes import decode
from mappings.load import load
from mappings.registry import get
from sync.store.schema import connection, raw_record

#: Deeper than this the decoder refuses.
DEEP = 900
BOMBS = (
    "[" * DEEP + "]" * DEEP,
    '{"type":"doc","content":[' * (DEEP // 2) + "]}" * (DEEP // 2),
    '{"nodes":' * DEEP + "1" + "}" * DEEP,
)
MARK = '"the place of a bomb"'


def places(value: Any) -> Iterator[None]:
    """The value with a mark in the place of each of its parts, one after the other."""
    stack = [value]
    while stack:
        held = stack.pop()
        parts = held.items() if isinstance(held, dict) else enumerate(held)
        for name, inner in list(parts):
            held[name] = json.loads(MARK)
            yield
            held[name] = inner
            if isinstance(inner, dict) or (isinstance(inner, list) and inner):
                stack.append(inner)


def payloads(store: Any) -> dict[tuple[str, str], bytes]:
    """The longest payload of each stream: (kind of connection, stream) -> JSON."""
    found: dict[tuple[str, str], bytes] = {}
    with store.reading() as conn:
        kinds = {row.id: row.kind for row in conn.execute(connection.select())}
        for row in conn.execute(raw_record.select()):
            text = zstandard.ZstdDecompressor().decompress(row.payload)
            key = (kinds[row.connection_id], row.stream)
            if len(text) > len(found.get(key, b"")):
                found[key] = text
    return found


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], bytes]:
    """What real runs stored, of all three vendors."""
    directory = tmp_path_factory.mktemp("deep")
    with synced(f"{directory}/jira.db", issues=12) as it:
        it.run()
        found = payloads(it.store)
    with hosts(f"{directory}/hosts.db", issues=4, changes=6, repositories=1) as both:
        both.run(github={}, gitlab={})
        return {**found, **payloads(both.store)}


@pytest.mark.full
def test_no_depth_breaks_a_normalizer(real: dict[tuple[str, str], bytes]) -> None:
    assert {kind for kind, _ in real} == {"jira", "github", "gitlab"}
    tried = 0
    for (kind, stream), text in real.items():
        entry = get(kind)
        mapping = load([entry.defaults])
        lookups = entry.build_lookups(
            (), (), mapping=mapping, extra={}, time_zone="UTC", base_url="https://x.example.net"
        )
        whole = json.loads(text)
        for _ in places(whole):
            marked = json.dumps(whole)
            for bomb in BOMBS:
                body = marked.replace(MARK, bomb).encode()
                decode(body)
                list(entry.normalize(stream, body, mapping, lookups))
                tried += 1
    assert tried > 1000
