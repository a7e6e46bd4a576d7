"""The benchmarks' load client: what it counts is what was sent, however the bytes were cut."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from bench.contenders import FRAME, padded
from bench.load_client import Aim, Client
from bench.sse import Event, Parser
from bench.verdict import Verdict, judge

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
HELLO = b'event: hello\nretry: 700\nid: 5\ndata: {"seq":5}\n\n'
CHANGE = b'event: orders\ndata: {"seq":6}\n\nevent: revenue\nid: 6\ndata: {"seq":6}\n\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_events_are_read_from_chunks_that_are_cut_anywhere(step: int) -> None:
    sent = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(HELLO) + chunk(b": hi\n\n") + chunk(CHANGE)
    parser = Parser()
    events = [event for n in range(0, len(sent), step) for event in parser.feed(sent[n : n + step])]
    assert parser.status == 200
    assert events == [
        Event("hello", '{"seq":5}', "5", 700),
        Event("orders", '{"seq":6}'),
        Event("revenue", '{"seq":6}', "6"),
    ]


def test_lines_may_end_as_in_http_and_data_may_have_several() -> None:
    parser = Parser()
    assert parser.feed(HEAD + b"\r\nid: 7\r\ndata: a\r\ndata: b\r\n\r\n") == [Event("", "a\nb", "7")]


def test_a_refused_stream_has_a_status_and_no_events() -> None:
    parser = Parser()
    assert parser.feed(b"HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\nno\n") == []
    assert parser.status == 503


def test_what_is_no_http_is_refused() -> None:
    with pytest.raises(ValueError, match="not an HTTP/1 response"):
        Parser().feed(b"-ERR unknown command\r\n\r\n")


def test_a_signal_that_a_later_one_stands_for_is_folded_and_only_a_lost_end_is_a_gap() -> None:
    published = [1, 2, 3, 4]
    assert judge(published, [[1, 2, 3, 4]]) == Verdict()
    assert judge(published, [[1, 4]]) == Verdict(folded=2)
    assert judge(published, [[1, 2], []]) == Verdict(gaps=6)


def test_repeats_and_disorder_are_counted() -> None:
    assert judge([1, 2, 3], [[1, 2, 2, 3]]) == Verdict(repeats=1)
    assert judge([1, 2, 3], [[1, 3, 2]]) == Verdict(out_of_order=1)


def test_the_others_are_given_frames_of_any_size_asked_for() -> None:
    assert len(padded({"seq": 1764000000000}, 120)) == 120
    assert FRAME.count("\nid: ") == 1  # which is what the load client counts


class Streams(http.server.BaseHTTPRequestHandler):
    """Three signals, the middle one cut within its id."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Cookie"] != "session=none" else 401)
        self.send_header("Connection", "close")
        self.end_headers()
        for part in (b'id: 1\ndata: {"seq":1}\n\ni', b'd: 2\ndata: {"seq":2}\n\nid: ', b'3\ndata: {"seq":3}\n\n'):
            self.wfile.write(part)
            self.wfile.flush()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Streams) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_the_load_client_counts_every_frame_and_reads_its_sample(port: int) -> None:
    with Client(Aim(port, "/", 40, ("session=a",), samples=4, burst=5)) as client:
        client.ask("open")
        found = client.ask("read")
        while found["ended"] < 40:
            found = client.ask("read")
    assert found["frames"] == 120
    assert [[seq for seq, _ in signals] for signals in found["signals"]] == [[1, 2, 3]] * 4


def test_streams_that_are_refused_are_counted_by_status_and_given_up(port: int) -> None:
    with Client(Aim(port, "/", 10, ("session=none",), samples=0)) as client:
        opened = client.ask("open")
    assert opened["open"] == 0
    assert opened["failed"]["401"] >= 10
