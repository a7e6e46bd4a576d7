"""Finds texts in a template that are not marked: text of elements, attributes that are shown, strings in expressions.

The template's tags are cut out, and what remains is read as HTML. An expression leaves a sign in its place, so that its strings
are judged by where they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment, nodes

from .words import has_words, is_sentence

MARKING = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext"})
SHOWN = frozenset(
    re.findall(
        r"\S+",
        """
        title aria-label aria-description aria-roledescription aria-valuetext placeholder alt label content
        summary
        """,
    )
)
BUTTONS = frozenset({"submit", "button", "reset"})
# The text of these elements is code, the same in each language.
CODE = frozenset({"code", "pre", "kbd", "samp", "script", "style"})
# Their strings are no texts: identifiers, formats, names of templates and routes.
_NOT_SHOWN = frozenset({"url_for", "import_url", "attach_url", "icon", "orders_link", "asset_url"})
# The first arguments of these macros are code.
_CODE_FIRST = {"example": 2}
_FIRST_SIGN = 0xE000
_SIGN = re.compile("[\ue000-\uf8ff]")
_environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])  # noqa: S701 - it renders nothing


def unmarked(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each."""
    html, expressions = _html(source)
    parser = _Page(expressions)
    parser.feed(html)
    parser.close()
    yield from sorted(set(parser.found) | set(_in_statements(source)))


def _html(source: str) -> tuple[str, list[str]]:
    """The template without its statements and marked blocks; signs in place of expressions, which are returned."""
    parts: list[str] = []
    expressions: list[str] = []
    inside, code, in_trans = "", "", False
    for _line, kind, value in _environment.lexer.tokeniter(source, None):
        if kind in ("variable_begin", "block_begin"):
            inside, code = kind, ""
            parts.append("\n" * value.count("\n"))
        elif kind == "variable_end":
            if not in_trans:
                parts.append(chr(_FIRST_SIGN + len(expressions)))
                expressions.append(code)
            inside = ""
        elif kind == "block_end":
            name = code.split()[0].strip("-+") if code.split() else ""
            in_trans = name == "trans" or (in_trans and name != "endtrans")
            inside = ""
            parts.append("\n" * (code + value).count("\n"))
        elif inside:
            code += value
        elif kind == "data" and not in_trans:
            parts.append(value)
        else:
            parts.append("\n" * value.count("\n"))
    return "".join(parts), expressions


class _Page(HTMLParser):
    """Collects the texts of a page that have words."""

    def __init__(self, expressions: list[str]) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._expressions, self._open = expressions, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open += tag in CODE
        values = {name: value or "" for name, value in attrs}
        for name, value in values.items():
            shows = name in SHOWN or (name == "value" and values.get("type") in BUTTONS)
            if tag == "meta" and name == "content":
                shows = values.get("name") == "description"
            if shows:
                self._check(value)
            elif name.startswith("data-") and is_sentence(_SIGN.sub("", value)):
                self._note(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open -= tag in CODE

    def handle_endtag(self, tag: str) -> None:
        self._open -= tag in CODE

    def handle_data(self, data: str) -> None:
        if not self._open:
            self._check(data)

    def _check(self, text: str) -> None:
        plain = _SIGN.sub("\n", text)
        if has_words(plain):
            self._note(text)
        for sign in _SIGN.findall(text):
            for string in shown_strings(self._expressions[ord(sign) - _FIRST_SIGN]):
                self._note(string)

    def _note(self, text: str) -> None:
        self.found.append((self.getpos()[0], " ".join(_SIGN.sub("…", text).split())))


def shown_strings(code: str) -> Iterator[str]:
    """The strings of an expression in a shown place that are shown and not marked."""
    tree = _environment.parse("{{ " + code.strip("-+ ") + " }}")
    yield from _strings(tree, direct=True)


def _in_statements(source: str) -> Iterator[tuple[int, str]]:
    """Strings written as texts in `{% set %}`, in arguments of macros, and in expressions anywhere."""
    for node in _calls_and_values(_environment.parse(source)):
        for text in _strings(node, direct=False):
            yield node.lineno, text


def _calls_and_values(tree: nodes.Node) -> Iterator[nodes.Node]:
    for kind in (nodes.Call, nodes.Assign, nodes.Macro, nodes.CallBlock):
        yield from tree.find_all(kind)


def _strings(node: nodes.Node, direct: bool) -> Iterator[str]:
    """`direct`: each string with words; else only those that are written as texts."""
    if isinstance(node, nodes.TemplateData | nodes.Compare | nodes.Test):
        return
    if isinstance(node, nodes.Const):
        if isinstance(node.value, str) and (has_words(node.value) if direct else is_sentence(node.value)):
            yield node.value
        return
    if isinstance(node, nodes.Call):
        name = getattr(node.node, "name", getattr(node.node, "attr", ""))
        if name in MARKING:
            for value in node.kwargs:
                yield from _strings(value, direct)
            return
        if name in _NOT_SHOWN:
            return
        for argument in (*node.args[_CODE_FIRST.get(name, 0) :], *node.kwargs):
            yield from _strings(argument, direct=False)
        return
    if isinstance(node, nodes.Pair):
        yield from _strings(node.value, direct)
        return
    if isinstance(node, nodes.Getitem):
        node, direct = node.node, False
    if isinstance(node, nodes.CondExpr):
        for branch in (node.expr1, node.expr2):
            if branch is not None:
                yield from _strings(branch, direct)
        return
    if isinstance(node, nodes.Filter) and node.node is not None:
        yield from _strings(node.node, direct)
        for argument in (*node.args, *(keyword.value for keyword in node.kwargs)):
            yield from _strings(argument, direct and node.name in ("default", "d"))
        return
    for child in node.iter_child_nodes():
        yield from _strings(child, direct)
