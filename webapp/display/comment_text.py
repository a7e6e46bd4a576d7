"""The text of a comment as HTML: escaped, with its links and mentions. Line breaks are left to the style sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from ..comments.mentions import Mention

_LINK = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
# Signs at the end of an address belong to the sentence.
_SENTENCE_SIGNS = ".,;:!?…)]}»”’"
_A = Markup('<a href="{0}" rel="nofollow noopener noreferrer">{0}</a>')
_MENTION = Markup('<strong class="comment-mention">{}</strong>')


def comment_html(written: str, mentions: Sequence[Mention] = ()) -> Markup:
    """Everything is escaped; only addresses with http or https become links."""
    parts: list[Markup] = []
    end = 0
    for mention in mentions:
        parts += [_linked(written[end : mention.start]), _MENTION.format(written[mention.start : mention.end])]
        end = mention.end
    return Markup("").join([*parts, _linked(written[end:])])


def _linked(text: str) -> Markup:
    parts: list[Markup] = []
    end = 0
    for found in _LINK.finditer(text):
        address = found[0].rstrip(_SENTENCE_SIGNS)
        if "(" in address and found[0].startswith(f"{address})"):
            address += ")"
        parts += [escape(text[end : found.start()]), _A.format(address)]
        end = found.start() + len(address)
    return Markup("").join([*parts, escape(text[end:])])
