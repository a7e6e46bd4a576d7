"""Mentions: @ and the name of one colleague, with blanks, accents and the marks of a sentence around it."""

from __future__ import annotations

import time

import pytest

from webapp.comments.mentions import MAX_MENTIONS, Colleague, find, suggestions

TEAM = [
    Colleague(1, "Ana Silva", "ana@example.com"),
    Colleague(2, "Ben Okafor", "ben@example.com"),
    Colleague(3, "Zoë van der Straße", "zoe@example.com"),
    Colleague(4, "Ben Ng", "b.ng@example.com"),
    Colleague(5, "李小龍", "li@example.com"),
]


def named(written: str, team: list[Colleague] = TEAM) -> list[tuple[str, int]]:
    return [(written[mention.start : mention.end], mention.user_id) for mention in find(written, team)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("@Ana Silva please call", [("@Ana Silva", 1)]),
        ("@ana SILVA, please", [("@ana SILVA", 1)]),
        ("@Ana's order", [("@Ana", 1)]),
        ("(@Zoe van der Strasse)", [("@Zoe van der Strasse", 3)]),
        ("@Zoe\u0308 van  der Straße.", [("@Zoe\u0308 van  der Straße", 3)]),
        ("@李小龍", [("@李小龍", 5)]),
        ("@Ben Ng and @Ben Okafor", [("@Ben Ng", 4), ("@Ben Okafor", 2)]),
        ("@b.ng@example.com", [("@b.ng@example.com", 4)]),
        ("line\n@Ana\nline", [("@Ana", 1)]),
        # Not a mention: two people, an unknown name, a part of a word, another name, an e-mail address.
        ("@Ben please", []),
        ("@Unknown @ @@", []),
        ("@Anastasia", []),
        ("@Ana-Lena", []),
        ("write to ana@example.com or x@Ana", []),
        ("@ana@elsewhere.example", []),
        ("", []),
    ],
)
def test_a_name_that_one_colleague_has_is_a_mention(written: str, expected: list[tuple[str, int]]) -> None:
    assert named(written) == expected


def test_colleagues_of_one_name_are_mentioned_by_their_e_mail() -> None:
    team = [*TEAM, Colleague(6, "Aná Silva", "ana.2@example.com")]
    assert named("@Ana Silva @Ana", team) == []
    assert named("@ana.2@example.com", team) == [("@ana.2@example.com", 6)]
    inserts = {suggestion.user_id: suggestion.insert for suggestion in suggestions(team)}
    assert (inserts[1], inserts[6], inserts[2]) == ("ana@example.com", "ana.2@example.com", "Ben Okafor")


def test_a_suggestion_that_is_inserted_mentions_its_colleague() -> None:
    for suggestion in suggestions(TEAM):
        assert [user for _, user in named(f"Hello @{suggestion.insert} !")] == [suggestion.user_id]


def test_a_text_of_mentions_alone_takes_little_time() -> None:
    team = [Colleague(n, f"Anastasia {'x' * 400} {n}", f"a{n}@example.com") for n in range(300)]
    began = time.process_time()
    assert find("@Anastasia " * 190, team) == []
    assert len(find("@Ben Ng " * 250, TEAM)) == MAX_MENTIONS
    assert time.process_time() - began < 2
