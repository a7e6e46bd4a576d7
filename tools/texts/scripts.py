"""Finds strings in a script that a reader sees and that are not marked by t() or nt()."""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel.messages.jslexer import Token, tokenize, unquote_string

from .words import is_sentence

# The number of marked arguments of each function.
MARKING = {"t": 1, "nt": 2}
# The arguments of these are no texts: selectors, names, faults for the console.
_CODE = frozenset(
    re.findall(
        r"\S+",
        """
        querySelector querySelectorAll closest matches Error TypeError warn error log info debug import matchMedia
        """,
    )
)
# Keys of the keyboard, as KeyboardEvent names them, and HTTP methods.
_KEYS = re.compile(
    r"(?:Escape|Enter|Tab|Home|End|Delete|Backspace|Space|Arrow[A-Z]\w+|Page(?:Up|Down)|Shift|Control|Alt|Meta)"
)
_SELECTOR = re.compile(r"^[\s\w.#>:()\[\]=\"'*,~+^$-]*(?:[.#\[][\w-]|:not|>)[\s\w.#>:()\[\]=\"'*,~+^$-]*$")
_VALUE = re.compile(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")


def unmarked(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each."""
    callers: list[tuple[str, int]] = []  # name of the call and number of its argument, per open bracket
    before: list[Token] = []
    for token in tokenize(source, template_string=True):
        if token.type in ("linecomment", "multilinecomment"):
            continue
        if token.type == "operator" and token.value in "([{":
            callers.append((before[-1].value if before and before[-1].type == "name" else "", 0))
        elif token.type == "operator" and token.value in ")]}" and callers:
            callers.pop()
        elif token.type == "operator" and token.value == "," and callers:
            name, place = callers.pop()
            callers.append((name, place + 1))
        elif token.type in ("string", "template_string"):
            name, place = callers[-1] if callers else ("", 0)
            text = _text(token)
            if place >= MARKING.get(name, 0) and name not in _CODE and not _is_import(before) and _is_shown(text):
                yield token.lineno, text
        before = [*before[-2:], token]


def _text(token: Token) -> str:
    if token.type == "string":
        return str(unquote_string(token.value))
    return _VALUE.sub("{}", token.value.strip("`"))


def _is_import(before: list[Token]) -> bool:
    return bool(before) and before[-1].type == "name" and before[-1].value in ("from", "import")


def _is_shown(text: str) -> bool:
    return is_sentence(text) and not _KEYS.fullmatch(text) and not _SELECTOR.match(text)
