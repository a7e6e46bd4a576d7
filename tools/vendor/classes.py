"""The classes of Tabler that our pages use, as JSON for reduce.mjs: `python tools/vendor/classes.py tabler.css`.

It also writes the list of all classes of Tabler, and imports only the standard library.

A class counts as used in a class attribute, in a string of a Jinja expression, as a whole string of a script, or in Python
after class=. A text that is marked for translation is not a class. A composed class (alert-{{ category }}) cannot be found that
way: DYNAMIC lists the endings of each such prefix.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
WEBAPP = HERE.parent.parent / "webapp"
# Every class with a rule in Tabler.
ALL_CLASSES = HERE / "tabler-classes.txt"
REDUCED = WEBAPP / "static" / "vendor" / "tabler.min.css"

DYNAMIC: dict[str, tuple[str, ...]] = {
    "alert-": ("danger", "info", "success", "warning"),
    "is-": (),  # ours, not Tabler's
}

WORD = re.compile(r"[A-Za-z][\w-]*")
STRING = re.compile(r""""[^"\n]*"|'[^'\n]*'|`[^`]*`""")
ONE_WORD = re.compile(r"""(["'`])([a-z][\w-]*)\1""")
CLASS_ATTRIBUTE = re.compile(r"""\bclass=("[^"]*"|'[^']*')""")
JINJA = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
TAG = re.compile(r"<[a-z][^<>]*>")
PYTHON_CLASS = re.compile(r"""(?:\bclass_?=|["']class["']\s*:\s*)("[^"]*"|'[^']*')""")
# The texts of a call that marks them for translation.
MARKED = re.compile(r"""(?<![\w.])(?:_|n?gettext|pgettext|n?t)\((?:\s*(?:"[^"\n]*"|'[^'\n]*'),?)+""")
PREFIX = re.compile(r"([A-Za-z][\w-]*-)(?:\{\{|\$\{)")


def used() -> set[str]:
    """Words that may be classes; words that are not classes of Tabler do no harm."""
    found = {word for text in _class_texts() for word in WORD.findall(text)}
    return found | {prefix + end for prefix, ends in DYNAMIC.items() for end in ends}


def words() -> set[str]:
    """The words for selectors of tags and attributes: all words in tags and scripts, and the themes of our style sheets."""
    texts = [text for template in _templates() for text in TAG.findall(MARKED.sub("", template))]
    scripts = [text for script in _scripts() for text in STRING.findall(MARKED.sub("", script))]
    fixed = {"html", "body", "data-bs-theme", "dark", "light"}
    return used() | fixed | {word for text in (*texts, *scripts) for word in WORD.findall(text)}


def prefixes() -> set[str]:
    """The prefixes of composed classes, ours and Tabler's."""
    texts = [text for file in (*_templates(), *_scripts()) for text in CLASS_ATTRIBUTE.findall(file)]
    return {prefix for text in texts for prefix in PREFIX.findall(text)}


def variables() -> set[str]:
    """Tabler's custom properties that our own style sheets read or set."""
    sheets = [path.read_text() for path in (WEBAPP / "static").glob("*.css")]
    return {name for sheet in sheets for name in re.findall(r"--tblr-[\w-]+", sheet)}


def classes_of(css: str) -> set[str]:
    """The classes with a rule in a style sheet."""
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.DOTALL)
    return {name.replace("\\", "") for name in re.findall(r"\.((?:[A-Za-z_-]|\\.)(?:[\w-]|\\.)*)", selectors)}


def _class_texts() -> Iterator[str]:
    for template in _templates():
        yield from CLASS_ATTRIBUTE.findall(template)
        expressions = JINJA.findall(MARKED.sub("", template))
        yield from (text for expression in expressions for text in STRING.findall(expression))
    for script in _scripts():
        yield from (word for _quote, word in ONE_WORD.findall(MARKED.sub("", script)))
        yield from CLASS_ATTRIBUTE.findall(script)
    for module in _read(WEBAPP.rglob("*.py")):
        yield from PYTHON_CLASS.findall(module)


def _templates() -> list[str]:
    return _read((WEBAPP / "templates").rglob("*.html"))


def _scripts() -> list[str]:
    return _read((WEBAPP / "static").glob("*.js"))


def _read(paths: Iterable[Path]) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(paths)]


if __name__ == "__main__":
    ALL_CLASSES.write_text("\n".join(sorted(classes_of(Path(sys.argv[1]).read_text()))) + "\n")
    print(json.dumps({"words": sorted(words()), "variables": sorted(variables())}))
