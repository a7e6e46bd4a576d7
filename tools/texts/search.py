"""Searches templates, scripts and Python for texts of readers that are not marked. Texts of operators stay English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from webapp.display import zones

from . import python, scripts, templates
from .words import ROOT, Finding

WEBAPP = ROOT / "webapp"
# All strings of these files that are written as texts are for readers of pages.
PAGES = (
    "money.py",
    "stream.py",
    "comments/*.py",
    "display/*.py",
    "events/notification_kinds.py",
    "notifications/*.py",
    "orders/*.py",
    "panels/*.py",
    "push/message.py",
    "queries/*.py",
    "routes/*.py",
    "targets/*.py",
    "uploads/*.py",
)
# These have texts of pages beside identifiers, SQL, and texts of commands: only what they raise is searched.
RAISED = (
    "accounts/management.py",
    "accounts/passwords.py",
    "accounts/sign_in*.py",
    "invitations/*.py",
    "order_import/*.py",
    "webhooks/urls.py",
)
# Texts that are the same in each language, by file, each with its reason.
EXCEPTIONS = {
    # Parts of the name of an element, of the key of a form's state, and the column of an attached table.
    ("templates/components/fields.html", "-errors"),
    ("templates/components/fields.html", "-hint"),
    ("templates/components/attach_proposal.html", "number"),
    ("static/mentions.js", "comment {} {}"),
    # The name that a connection shows in pg_stat_activity.
    ("uploads/watch.py", "import watch"),
    # Headers of an answer, and log lines.
    ("routes/panels.py", "Accept-Language, Doorbell-Language, Cookie"),
    ("routes/stream_fast_path.py", "Accept-Language, Cookie"),
    ("routes/panels.py", "failed to render a panel"),
    ("uploads/worker.py", "an attempt of an import failed"),
    ("uploads/notice.py", "the pages of imports are not refreshed"),
    ("routes/invitation.py", "noindex, nofollow"),
    ("routes/tv.py", "noindex, nofollow"),
    # Attributes, topics, classes, a font and the name of a key.
    ("templates/components/history.html", 'aria-invalid="true"'),
    ("templates/pages/history.html", "orders rollups day minute"),
    ("templates/pages/user.html", "settings minute"),
    ("templates/pages/users.html", "settings minute"),
    ("templates/pages/tv_screen.html", 'aria-invalid="true" aria-describedby="…-errors"'),
    ("templates/pages/workspace.html", "-error"),
    ("templates/pages/workspace.html", "-note"),
    ("templates/pages/workspace.html", 'aria-describedby="………" aria-invalid="true"'),
    ("static/history_chart.js", "12px system-ui, sans-serif"),
    ("static/history_legend.js", "key {}"),
    ("static/reload.js", "alert alert-info d-print-none"),
    ("static/search_select.js", "form-control settings-search"),
    ("static/shortcuts.js", "Slash"),
    # The way of a sign-in as the form sends it; examples of claims, which are the same in all languages.
    ("templates/components/sso_offer.html", "direct"),
    ("templates/pages/single_sign_on.html", "-error"),
    ("templates/pages/single_sign_on.html", 'aria-describedby="…-hint…" aria-invalid="true"'),
    ("templates/pages/single_sign_on.html", "groups"),
    ("templates/pages/single_sign_on.html", "doorbell-admins"),
    # Uses of a challenge, ways of a sign-in and reasons in the audit log, a salt, and the attribute of a cookie.
    ("routes/passkeys.py", "new passkey"),
    ("routes/second_step.py", "second step"),
    ("routes/second_step.py", "sign in"),
    ("routes/second_step.py", "password and recovery code"),
    ("routes/second_step.py", "password and code"),
    ("routes/second_step.py", "password and passkey"),
    ("routes/sign_in_steps.py", "single sign-on required"),
    ("routes/single_sign_on.py", "no company"),
    ("routes/single_sign_on.py", "no address"),
    ("routes/single_sign_on.py", "unknown domain"),
    ("routes/sso_offer.py", "doorbell single sign-on"),
    ("routes/sso_offer.py", "Lax"),
    # A comment at the end of a script.
    ("routes/service_worker.py", "{}// Version {}\n"),
    # Parts of the names of time zones.
    *(("display/zones.py", region) for region in zones.REGIONS),
    # Pages show a text of their own for this error.
    ("queries/day_figures.py", "events are kept since {}"),
}


def everything() -> Iterator[Finding]:
    """All findings, by file and line."""
    for path in sorted((WEBAPP / "templates").rglob("*.html")):
        yield from _in(path, templates.unmarked(path.read_text()))
    for path in sorted((WEBAPP / "static").glob("*.js")):
        yield from _in(path, scripts.unmarked(path.read_text()))
    for pattern in PAGES:
        for path in sorted(WEBAPP.glob(pattern)):
            yield from _in(path, python.unmarked(path.read_text()))
    for pattern in RAISED:
        for path in sorted(WEBAPP.glob(pattern)):
            yield from _in(path, python.unmarked(path.read_text(), raised_only=True))


def _in(path: Path, found: Iterator[tuple[int, str]]) -> Iterator[Finding]:
    name = path.relative_to(WEBAPP).as_posix()
    for line, text in found:
        if (name, text) not in EXCEPTIONS:
            yield Finding(f"webapp/{name}", line, text)
