"""No generated address shows a secret: in the public URL, in a repr or in an error."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import assume, example, given
from hypothesis import strategies as st

from webapp.relay.address import WrongAddress, parse
from webapp.relay.address_secrets import join_secrets, resolve, split_secrets

# Long enough not to be found by chance, and with every character that has a meaning in a URL.
WORDS = st.text(st.sampled_from("aZ9$@:/?#[]{}%&=+,. ü🏬\\"), min_size=6, max_size=20)
HOSTS = st.sampled_from(["host", "host:99", "[::1]", "a.example.com:8443"])
PLACES = {"redis": "/0?stream=x", "nats": "?subject={type}", "tls": "", "amqps": "/v", "kafkas": "?sasl=PLAIN"}


def encoded(text: str) -> str:
    return quote(text, safe="")


@given(scheme=st.sampled_from(list(PLACES)), host=HOSTS, user=WORDS, word=WORDS)
@example(scheme="nats", host="host", user="ana", word="$WORDS")
def test_no_password_is_in_the_public_url_or_in_the_repr(scheme: str, host: str, user: str, word: str) -> None:
    url = f"{scheme}://{encoded(user)}:{encoded(word)}@{host}{PLACES[scheme]}"
    assume(word not in user + host + PLACES[scheme])
    public, secrets = split_secrets(url)
    address = join_secrets(public, secrets)
    assert address == parse(url)
    resolved = resolve(address, {})
    assert (resolved.username, resolved.password) == (user, word)
    for text in (public, repr(address), repr(resolved), address.place):
        assert word not in text
        assert encoded(word) not in text


def shown(url: str) -> str:
    """The text of a URL on a page or a terminal: the public one, or the error."""
    try:
        public, secrets = split_secrets(url)
    except WrongAddress as error:
        return str(error)
    assert join_secrets(public, secrets) == parse(url)
    return public


@given(
    scheme=st.sampled_from([*PLACES, "https", "mqtt", ""]),
    user=st.sampled_from(["ana", "", "9", "h.example.com"]),
    cut=st.sampled_from(["", "12/", "12?", "12#", "12?subject=", "/", "@", "x@"]),
    word=WORDS,
)
def test_no_error_and_no_public_url_has_a_password_that_is_not_encoded(
    scheme: str, user: str, cut: str, word: str
) -> None:
    """A password with a / or ? can be read as another part of the URL, and must not be shown as that part."""
    # By the grammar of URLs this is a port and a path.
    assume(scheme != "https" or cut != "12/")
    secret = f"{cut}s3cret{word}s3cret"
    url = f"{scheme}://{user}:{secret}@host/0" if scheme else f"{user}:{secret}@host"
    assert "s3cret" not in shown(url)


@given(st.text(st.sampled_from("redisnatskfkhtp:/?#@[]$&=+,%.{}0123"), max_size=40))
def test_any_text_is_an_address_or_a_wrong_one(text: str) -> None:
    for prefix in ("", "redis://", "nats://", "amqps://", "kafka://", "https://"):
        try:
            public, secrets = split_secrets(prefix + text)
        except WrongAddress:
            continue
        assert join_secrets(public, secrets) == parse(prefix + text)
