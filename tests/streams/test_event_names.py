"""Names of events cannot break out of their line."""

from __future__ import annotations

import pytest

from webapp.events.topics import BOARD_TOPICS
from webapp.streams import sse
from webapp.streams.pending import DISCONNECTED


@pytest.mark.parametrize("name", ["", "x\ny", "x\r", "x: y", "live:connect", "X", "é", "x y", "\u2028"])
def test_a_name_of_an_event_must_be_one_lowercase_word(name: str) -> None:
    with pytest.raises(ValueError, match="not a valid name of an event"):
        sse.encode(name, {})


def test_every_topic_is_a_valid_name_of_an_event() -> None:
    for name in (*BOARD_TOPICS, DISCONNECTED, "hello", "full", "ping"):
        assert sse.encode(name, {}).startswith(f"event: {name}\n".encode())
