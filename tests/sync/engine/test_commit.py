"""Records of a page on their way from the connector to the mapping."""

from connectors.contract import RawRecord
from sync.engine.commit import payloads


def test_what_was_decoded_is_handed_on_once_and_the_bytes_as_often_as_asked() -> None:
    held = {"id": "1"}
    records = [
        RawRecord("issues", "1", b'{"id":"1"}', parsed=held),
        RawRecord("issues", "2", b'{"id":"2"}'),
    ]
    given = payloads(records)
    assert next(given) == ("1", held)
    # Nothing else keeps it while the next one is read.
    assert [one.parsed for one in records] == [None, None]
    assert list(given) == [("2", b'{"id":"2"}')]
    assert list(payloads(records)) == [("1", b'{"id":"1"}'), ("2", b'{"id":"2"}')]
