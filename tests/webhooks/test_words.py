"""Each outcome is one plain sentence without secrets."""

from __future__ import annotations

import pytest

from webapp.webhooks.answer import Answer
from webapp.webhooks.errors import CannotConnect
from webapp.webhooks.words import describe


def answer(status: int, *headers: tuple[str, str]) -> Answer:
    return Answer(status, headers, b"token=hunter2", False, 35, "93.184.216.34")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (answer(200), "The endpoint answered 200 OK in 35 ms."),
        (answer(204), "The endpoint answered 204 No Content in 35 ms."),
        (answer(404), "The endpoint answered 404 Not Found; only 2xx is a success."),
        (answer(599), "The endpoint answered 599; only 2xx is a success."),
        (answer(429), "The endpoint answered 429 Too Many Requests; the next attempt waits longer."),
        (answer(410), "The endpoint answered 410 Gone: it wants no more webhooks, so it is disabled."),
        (
            answer(301, ("Location", "https://new.example:8443/secret-path?token=hunter2")),
            "The endpoint answered 301 Moved Permanently and redirects to https://new.example:8443. "
            "Redirects are not followed; change the URL of the endpoint.",
        ),
        (
            CannotConnect("Could not connect to a.example: it is away."),
            "Could not connect to a.example: it is away.",
        ),
    ],
)
def test_an_outcome_is_described_in_words(outcome: Answer | CannotConnect, words: str) -> None:
    assert describe(outcome) == words


@pytest.mark.parametrize(
    "location", ["", "/login?token=hunter2", "https://user:hunter2@a.example/", "<script>", "javascript:hunter2"]
)
def test_a_redirect_to_an_odd_place_does_not_show_it(location: str) -> None:
    words = describe(answer(302, ("Location", location)))
    assert words == "The endpoint answered 302 Found. Redirects are not followed; change the URL of the endpoint."
