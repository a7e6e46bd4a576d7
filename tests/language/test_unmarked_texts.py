"""Each text that a reader sees is marked for translation: in templates, in scripts and in Python."""

from __future__ import annotations

import pytest

from tools.texts import python, scripts, search, templates


def test_all_texts_of_pages_are_marked() -> None:
    """If this fails, wrap the text as CONTRIBUTING.md describes, "Mark a text"."""
    assert [str(found) for found in search.everything()] == []


def test_each_exception_is_still_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    excepted = search.EXCEPTIONS
    monkeypatch.setattr(search, "EXCEPTIONS", set())
    found = {(finding.path.removeprefix("webapp/"), finding.text) for finding in search.everything()}
    assert sorted(excepted - found) == []


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("<p>Orders today</p>", "Orders today"),
        ("<p>{{ n }} orders</p>", "… orders"),
        ("<p>{% if n %}Paid{% endif %}</p>", "Paid"),
        ('<a title="All orders">x</a>', "All orders"),
        ('<nav aria-label="{{ name }} menu"></nav>', "… menu"),
        ('<input placeholder="Search">', "Search"),
        ('<img alt="A chart">', "A chart"),
        ('<input type="submit" value="Save">', "Save"),
        ('<button data-confirm="Delete this order?">×</button>', "Delete this order?"),
        ("<p>{{ 'none' if not n else n }}</p>", "none"),
        ("<p>{{ name or 'unknown' }}</p>", "unknown"),
        ("<p>{{ name | default('without a name') }}</p>", "without a name"),
        ("<p>{{ n ~ ' days' }}</p>", "days"),
        ("{% set label = 'All orders' %}", "All orders"),
        ('{{ tile("revenue", "Revenue today") }}', "Revenue today"),
        ("{% call card(title='All orders') %}{% endcall %}", "All orders"),
        ("<p>{{ _('%(count)s of', count='all orders') }}</p>", "all orders"),
    ],
)
def test_an_unmarked_text_of_a_template_is_found(template: str, text: str) -> None:
    assert text in [found for _line, found in templates.unmarked(template)]


@pytest.mark.parametrize(
    "template",
    [
        "<p>{{ _('Orders today') }}</p>",
        "<p>{{ ngettext('%(num)s order', '%(num)s orders', n) }} · {{ pgettext('button', 'Open') }}</p>",
        '<p>{% trans name=name %}Paid by <b title="x">{{ name }}</b>{% endtrans %}</p>',
        "<p>{% trans n=n %}One order{% pluralize %}{{ n }} orders{% endtrans %}</p>",
        '<a class="btn btn-primary" href="{{ url_for("orders.index", status="paid") }}" data-topics="orders day">→ 12:30</a>',
        '<p class="{{ "is active" if n }}">{{ n | date("medium") }} {{ "" if n == "some words" else n }}</p>',
        "<p><code>flask orders import</code> CSV <kbd>Ctrl</kbd> Doorbell</p>{# A comment in words #}",
        "{% if state == 'not yet paid' %}{% include 'panels/a panel.html' %}{% endif %}",
    ],
)
def test_a_marked_text_and_code_of_a_template_are_not_found(template: str) -> None:
    assert list(templates.unmarked(template)) == []


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ('label.textContent = "Not now";', "Not now"),
        ("label.textContent = 'Reconnecting';", "Reconnecting"),
        ("label.title = `Stale since ${time}`;", "Stale since {}"),
        ('const WORDS = { paid: "was paid" };', "was paid"),
        ('say(isLive ? "Live again" : t("Paused"));', "Live again"),
        ('t("Stale since %(time)s", { time: "some time" });', "some time"),
        ('nt("%(num)s order", "%(num)s orders", count, "all of them");', "all of them"),
    ],
)
def test_an_unmarked_text_of_a_script_is_found(script: str, text: str) -> None:
    assert [found for _line, found in scripts.unmarked(script)] == [text]


def test_marked_texts_and_code_of_a_script_are_not_found() -> None:
    script = """
    import { t, nt } from "./texts.js";
    // A comment in words.
    label.textContent = t("Not now"); label.title = nt("%(num)s order", "%(num)s orders", n);
    document.querySelector("tbody tr > a.is-open"); list.closest(".card .row");
    if (event.key === "Escape" || event.key === "ArrowDown") headers["Doorbell-User"] = user;
    element.className = "btn btn-sm"; throw new Error("the page has no list");
    """
    assert list(scripts.unmarked(script)) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ('flash("Saved the targets.")', "Saved the targets."),
        ('flash(f"Removed {name}.")', "Removed {}."),
        ('abort(403, "Only managers can open this page.")', "Only managers can open this page."),
        ('raise _Invalid(f"{text!r} is not a date.")', "{} is not a date."),
        ('ErrorMessage("Order not found", advice)', "Order not found"),
        ('field = StringField("Customer", [InputRequired("Enter a name.")])', "Customer"),
        ('LABELS = {"paid": "Paid", "to_ship": _("To be shipped")}', "Paid"),
        ('CHOICES = [("", "Unassigned")]', "Unassigned"),
        ('def text():\n    """A docstring in words."""\n    return "at any time"', "at any time"),
        ('_("Paid by %(name)s", name="a former user")', "a former user"),
    ],
)
def test_an_unmarked_text_of_python_is_found(code: str, text: str) -> None:
    assert text in [found for _line, found in python.unmarked(code)]


@pytest.mark.parametrize(
    "code",
    [
        '"""A docstring in words."""\nflash(_("Saved the targets."))',
        'log.warning("refused a change: the server is read-only", endpoint=endpoint)',
        'raise ValueError("the key has no colon")',
        'SQL = "SELECT id, number FROM orders WHERE tenant_id = :tenant"',
        'headers = {"Cache-Control": "private, no-store", "Content-Type": "text/plain; charset=utf-8"}',
        'if text == "some words": pass',
        'PANEL = ngettext("%(num)s order", "%(num)s orders", 3)',
    ],
)
def test_marked_texts_and_code_of_python_are_not_found(code: str) -> None:
    assert list(python.unmarked(code)) == []


def test_of_some_packages_only_the_raised_texts_are_searched() -> None:
    code = 'NAME = "Some words here"\nraise Refused("The file is empty.")'
    assert [text for _line, text in python.unmarked(code, raised_only=True)] == ["The file is empty."]
