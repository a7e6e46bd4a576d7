"""A text with a count has plural forms, unless the count is never 1. Languages such as Arabic have up to six forms."""

from __future__ import annotations

import re

import pytest

from tools.texts import catalogs
from webapp.accounts import passwords
from webapp.accounts.passwords import PasswordInvalid
from webapp.rate_limit.requests import Refusal, Scope
from webapp.routes.request_limits import too_many_changes, too_many_searches

NOUNS = (
    "attempts|bytes|characters|columns|comments|days|decimals|deliveries|digits|entries|events|fields|files|hours|"
    "invitations|items|keys|links|minutes|months|orders|passkeys|people|periods|products|rows|searches|seconds|sessions|"
    "spellings|times|TVs|uploads|users|weeks|years"
)
COUNTED = re.compile(rf"%\(\w+\)s (?:\w+ )?(?:{NOUNS})\b")
# The number is above a limit, or is the limit.
LIMITED = re.compile(
    r"(?i)more than|at most|up to|1 to %|which is the limit|Remove one first|Send fewer|At least|%\(least\)s to"
)
# The number is a constant, or the text has a sibling for one.
CONSTANTS = {
    "%(count)s orders %(remark)s": "one order has a text of its own",
    "%(text)r has %(count)s digits after the point; %(allowed)s": "one digit has a text of its own",
    "%(what)s times are taken from %(source)s (%(count)s rows)": "one row has a text of its own",
    "%(what)s times are taken from %(source)s (one row)": "the times of what",
    "the row has %(count)s fields but the header has %(width)s": "one field has a text of its own",
    "%(table)s as orders": "a name",
    "%(count)s searches by your team are still running. Search again in a few seconds.": "MAX_TENANT_SEARCHES",
    "Delete in %(days)s days": "GRACE_DAYS",
    "Doorbell is busy right now. Try again in %(count)s seconds.": "BUSY_SECONDS",
    "The company is deleted in %(days)s days. Only admins can sign in until then.": "GRACE_DAYS",
    "The limit is %(count)s bytes.": "a setting of thousands",
    "Too many people are signing in right now. Try again in %(count)s seconds.": "BUSY_SECONDS",
    "%(place)s did not answer completely within %(count)s seconds.": "DEADLINE_SECONDS",
    "%(place)s was not connected within %(count)s seconds.": "DEADLINE_SECONDS",
}
# Texts of several sentences, by their beginning.
BEGINNINGS = (
    "You can correct your own orders for %(hours)s hours.",
    "All orders, people, files and settings of %(name)s are deleted after %(days)s days.",
    # Explanations of panels, whose numbers are constants of their queries.
    *("The orders placed today", "Revenue (paid less refunded) and", "The %(count)s ", "The pace compares"),
    "Use --dates",
)


def test_a_text_with_a_count_has_plural_forms() -> None:
    found = [
        message.id
        for message in catalogs.read("de")
        if isinstance(message.id, str) and COUNTED.search(message.id) and not LIMITED.search(message.id)
    ]
    assert [text for text in found if text not in CONSTANTS and not text.startswith(BEGINNINGS)] == []
    assert set(CONSTANTS) <= set(found), "an exception that no text needs"


@pytest.mark.parametrize("scope", list(Scope))
def test_a_wait_of_one_second_is_singular(scope: Scope) -> None:
    for text in (too_many_changes, too_many_searches):
        assert "Wait 1 second, then" in text(Refusal(scope, 120, 1))
        assert "Wait 2 seconds, then" in text(Refusal(scope, 120, 2))


def test_a_password_of_one_character_is_singular() -> None:
    for password, words in (("x", "has 1 character;"), ("xy", "has 2 characters;")):
        with pytest.raises(PasswordInvalid, match=words):
            passwords.check_new(password)
