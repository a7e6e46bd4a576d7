"""Finds strings in Python that a reader sees and that are not marked: messages, errors, labels, tables of words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .words import is_sentence

MARKING = frozenset({"_", "gettext", "ngettext", "pgettext", "lazy_gettext", "N_"})
# The arguments of these are no texts of a reader: log lines, SQL, patterns, faults of the program.
_CODE = frozenset(
    re.findall(
        r"\S+",
        """
            CSRFError RateLimiter
        debug info warning exception critical execute text compile sub match fullmatch search split labels public
        ValueError TypeError RuntimeError KeyError AssertionError NotImplementedError Incident fault over
        render_template connect TypeVar namedtuple cast
        """,
    )
)


def unmarked(source: str, raised_only: bool = False) -> Iterator[tuple[int, str]]:
    """Line and text of each; of the whole source, or of its `raise` statements."""
    tree = ast.parse(source)
    roots = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)] if raised_only else [tree]
    yield from sorted({found for root in roots for found in _in(root)})


def _in(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call):
        yield from _in_call(node)
        return
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        if is_sentence(text):
            yield node.lineno, text
            return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and is_sentence(node.value):
            yield node.lineno, node.value
        return
    for child in _children(node):
        yield from _in(child)


def _in_call(node: ast.Call) -> Iterator[tuple[int, str]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _CODE:
        return
    arguments: list[ast.AST] = [keyword.value for keyword in node.keywords]
    if name not in MARKING:
        arguments += [node.func, *node.args]
    for argument in arguments:
        yield from _in(argument)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts that may be shown: no docstrings, annotations, decorators, keys, comparisons, and no `__all__`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
        return
    if isinstance(node, ast.Compare | ast.Import | ast.ImportFrom | ast.Assert):
        return
    if isinstance(node, ast.AnnAssign):
        yield from [node.value] if node.value else []
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield from node.body
    elif isinstance(node, ast.Dict):
        yield from node.values
    elif isinstance(node, ast.Subscript):
        yield node.value
    else:
        yield from ast.iter_child_nodes(node)
