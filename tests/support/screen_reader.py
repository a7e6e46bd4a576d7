"""A page as a screen reader reads it: rules for Chromium's accessibility tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

NAMED = {
    "button",
    "checkbox",
    "combobox",
    "dialog",
    "DisclosureTriangle",
    "image",
    "link",
    "listbox",
    "navigation",
    "progressbar",
    "radio",
    "region",
    "searchbox",
    "spinbutton",
    "switch",
    "tab",
    "table",
    "textbox",
}
# A live region inside of a part that is replaced would speak with each update, or not at all.
STATUS_PLACES = """[...document.querySelectorAll("#announcer, #live-announcer")]
    .map((region) => [region.getAttribute("role"), Boolean(region.closest("[hx-get]"))])"""

Node = dict[str, Any]


class Tree:
    """The tree of a page, without the nodes that a screen reader skips."""

    def __init__(self, page: Page) -> None:
        session = page.context.new_cdp_session(page)
        self._nodes: dict[str, Node] = {
            node["nodeId"]: node for node in session.send("Accessibility.getFullAXTree")["nodes"]
        }
        session.detach()

    def all(self, *roles: str) -> list[Node]:
        return [node for node in self._nodes.values() if not node["ignored"] and role(node) in roles]

    def below(self, node: Node) -> Iterator[Node]:
        for child in node.get("childIds", ()):
            if child in self._nodes:
                yield self._nodes[child]
                yield from self.below(self._nodes[child])


def role(node: Node) -> str:
    return str(node.get("role", {}).get("value", ""))


def name(node: Node) -> str:
    return str(node.get("name", {}).get("value", "")).strip()


def faults(page: Page, *, is_live: bool) -> list[str]:
    tree = Tree(page)
    found = [f"a {role(node)} has no name" for node in tree.all(*NAMED) if not name(node)]
    found += [fault for table in tree.all("table") for fault in _table_faults(tree, table)]
    counts = Counter(role(node) for node in tree.all("main", "banner"))
    if counts["main"] != 1:
        found.append(f"{counts['main']} main regions")
    headings = [node for node in tree.all("heading") if _level(node) == 1]
    if len(headings) != 1:
        found.append(f"{len(headings)} headings of level 1")
    if is_live and page.evaluate(STATUS_PLACES) != [["status", False]] * 2:
        found.append("the announcements are not two status regions outside of the live parts")
    return found


def _level(node: Node) -> int:
    return next((each["value"]["value"] for each in node.get("properties", ()) if each["name"] == "level"), 0)


def _table_faults(tree: Tree, table: Node) -> Iterator[str]:
    for node in tree.below(table):
        if role(node) == "columnheader" and not name(node):
            yield f"table {name(table)!r}: an empty column header"
        if role(node) == "row" and not node["ignored"]:
            cells = {role(cell) for cell in tree.below(node)} & {"cell", "gridcell", "rowheader", "columnheader"}
            if cells and "rowheader" not in cells and cells != {"columnheader"}:
                yield f"table {name(table)!r}: the row {name(node)!r} has no header"
