"""Each kind of entry is shown in words: no key, no code and no JSON of its details is on the page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from webapp.accounts.changes import TenantChange
from webapp.audit.kinds import Kind
from webapp.audit.recording import record
from webapp.display.audit_changes import _SETTINGS
from webapp.display.audit_details import _VERBS
from webapp.display.audit_filters import _LABELS, RANGES
from webapp.display.audit_reasons import _REASONS
from webapp.relay import held
from webapp.routes import order_parameters
from webapp.sso.connections import ConnectionSettings

from ..support.browser import Person
from ..support.world import World

PATH = "/settings/audit-log"
WEBAPP = Path(__file__).parents[2] / "webapp"
# An identifier, a locale, a date, a value of Python or JSON, or the parameters of an address.
RAW = re.compile(r"^[a-z]+:|[a-z]_[a-z]|[{}&=\[\]]|\d{4}-\d\d-\d\d|\b(?:None|True|False|null|true|false)\b")

Case = tuple[Kind, str | None, dict[str, Any], list[str]]

# The details as the code writes them, and the lines of the page: the sentence, then what was changed.
CASES: list[Case] = [
    (Kind.SIGN_IN, None, {"way": "password and passkey"}, ["Signed in with a password and a passkey"]),
    (Kind.SSO_SIGN_IN, None, {"way": "sso", "issuer": "https://id.example"},
     ["Signed in with single sign-on", "Issuer: https://id.example"]),
    (Kind.SIGN_IN_FAILED, "ana@x.example", {"reason": "closed"},
     ["Sign-in failed for ana@x.example: the company will be deleted, and only admins can sign in"]),
    (Kind.SIGN_IN_FAILED, "ana@x.example", {"method": "sso", "reason": "subject differs"},
     ["Sign-in failed for ana@x.example: the e-mail address belonged to another person at the provider before"]),
    (Kind.SIGN_IN_FAILED, None, {"method": "sso", "reason": "no keys"},
     ["Sign-in failed for unknown: the provider's answer could not be used (no keys)"]),
    (Kind.SIGN_IN_REFUSED, "ana@x.example", {"limit": "account", "wait_seconds": 61},
     ["Too many sign-ins for ana@x.example. Refused for 2 minutes"]),
    (Kind.SIGN_IN_REFUSED, "Ana", {"method": "password", "reason": "single sign-on required"},
     ["Sign-in failed for Ana: passwords are turned off"]),
    (Kind.SIGN_OUT, None, {}, ["Signed out"]),
    (Kind.SESSIONS_ENDED, "Ana", {"all": True}, ["Ended the sessions of Ana"]),
    (Kind.SESSIONS_ENDED, "Ana", {"session": "0f3a5c77"}, ["Ended the sessions of Ana"]),
    (Kind.PASSWORD_CHANGED, "Ana", {"by": "mail"}, ["Changed the password of Ana"]),
    (Kind.PASSWORD_RESET_REQUESTED, "Ana", {}, ["Requested a new password for Ana"]),
    (Kind.SECOND_FACTOR_ON, "Ana", {"method": "app"}, ["Second factor turned on: Ana"]),
    (Kind.SECOND_FACTOR_OFF, "Ana", {"method": "all", "app": True, "passkeys": 2}, ["Second factor turned off: Ana"]),
    (Kind.SECOND_FACTOR_FAILED, "Ana", {"method": "passkey"}, ["Second factor failed: Ana"]),
    (Kind.SECOND_FACTOR_CODES_RENEWED, "Ana", {}, ["Recovery codes renewed: Ana"]),
    (Kind.SECOND_FACTOR_RULE_CHANGED, None, {"from": False, "to": True},
     ["Second factor rule changed", "Everyone must use two-step sign-in: off → on"]),
    (Kind.PASSKEY_ADDED, "Ana", {"person": {"passkey": "Phone"}}, ["Passkey added: Ana", "Passkey: Phone"]),
    (Kind.PASSKEY_REMOVED, "Ana", {"person": {"passkey": "Phone"}}, ["Passkey removed: Ana", "Passkey: Phone"]),
    (Kind.SSO_CHANGED, None, {"what": "saved", "changed": ["passwords_off", "client_secret"], "issuer": "i", "rules": 1},
     ["Single sign-on changed", "Turn off passwords, Client secret"]),
    (Kind.SSO_CHANGED, "Ana", {"what": "unlinked", "issuer": "https://id.example"},
     ["Single sign-on changed: Ana", "Issuer: https://id.example → –"]),
    (Kind.SSO_CHANGED, None, {"what": "domain removed", "domain": "x.example"},
     ["Single sign-on changed", "E-mail domains: x.example → –"]),
    (Kind.USER_CREATED, "Ana", {"role": "sales", "by": "single sign-on", "person": {"email": "a@x.example", "name": "Ana"}},
     ["Created the user Ana", "Name: Ana", "E-mail: a@x.example", "Role: Salesperson", "Single sign-on"]),
    (Kind.USER_INVITED, "a@x.example", {"role": "admin"}, ["Invited a@x.example", "Role: Admin"]),
    (Kind.INVITATION_REVOKED, "a@x.example", {"role": "admin"}, ["Invitation revoked: a@x.example"]),
    (Kind.INVITATION_ACCEPTED, "Ana", {"role": "viewer"}, ["Invitation accepted: Ana", "Role: Viewer"]),
    (Kind.USER_RENAMED, "Anna", {"person": {"name": ["Ana", "Anna"]}}, ["Renamed the user Anna", "Name: Ana → Anna"]),
    (Kind.USER_DISABLED, "Ana", {}, ["Disabled the user Ana"]),
    (Kind.USER_ENABLED, "Ana", {}, ["Enabled the user Ana"]),
    (Kind.ROLE_CHANGED, "Ana", {"from": "sales", "to": "manager", "by": "single sign-on"},
     ["Changed the role of Ana from Salesperson to Manager", "Single sign-on"]),
    (Kind.SETTINGS_CHANGED, None, {"changes": {"locale": ["de_DE", "en_GB"], "team_visible": [False, True]}},
     ["Settings changed", "Format: German (Germany) → English (United Kingdom)",
      "Salespeople see the whole team: off → on"]),
    (Kind.SETTINGS_CHANGED, "Ana", {"changes": {"language": [None, "de"]}},
     ["Settings changed: Ana", "Language: As the browser → Deutsch"]),
    (Kind.SETTINGS_CHANGED, None, {"deletion": "2026-12-28T10:00:00+00:00"},
     ["Settings changed", "This company will be deleted.",
      "All of its data is deleted on 28 Dec 2026, 11:00:00. Until then only admins can sign in."]),
    (Kind.SETTINGS_CHANGED, None, {"deletion": None},
     ["Settings changed", "The company is kept. Everyone can sign in again."]),
    (Kind.TENANT_CREATED, "Acme", {}, ["Created the company Acme"]),
    (Kind.TARGET_CHANGED, None,
     {"targets": 2, "first": [{"owner_id": None, "period": "day", "from": 1, "to": 2}], "working_days": [[1, 7], [1]]},
     ["Targets changed", "Working days: Mon, Sun → Mon", "Changed targets: 2"]),
    (Kind.HOLIDAY_CHANGED, "Christmas", {"done": "removed", "day": "2026-12-25"},
     ["Removed the holiday Christmas on 25 Dec 2026"]),
    (Kind.TV_LINK_CREATED, "Hall", {"id": 7}, ["Created the TV Hall"]),
    (Kind.TV_LINK_CHANGED, "Hall", {"id": 7}, ["Changed the TV Hall"]),
    (Kind.TV_LINK_RENEWED, "Hall", {"id": 7}, ["Made a new address for the TV Hall"]),
    (Kind.TV_LINK_REVOKED, "Hall", {"id": 7}, ["Revoked the TV Hall"]),
    (Kind.EXPORT, None, {"what": "orders", "filter": "q=…&by=paid&range=last_7&status=to_ship&owner=7&min=5&source=form"},
     ["Downloaded orders", "Filter: Search: …, Dates of: Paid, Period: Last 7 days, Status: To be shipped, "
      "Salesperson: number 7, Total from: 5, Source: Form"]),
    (Kind.EXPORT, None, {"what": "history", "filter": "from=2026-11-01&to=2026-11-26"},
     ["Downloaded the history", "Filter: From: 1 Nov 2026, To: 26 Nov 2026"]),
    (Kind.IMPORT_UPLOADED, "a.csv", {"bytes": 7}, ["Uploaded a.csv"]),
    (Kind.IMPORT_STARTED, "a.csv", {"is_check": True}, ["Started a check of a.csv"]),
    (Kind.IMPORT_PLACED, "a.csv", {"orders": 1, "rejected": 0, "users": 2}, ["Imported 1 order from a.csv"]),
    (Kind.IMPORT_CANCELLED, "a.csv", {}, ["Cancelled the import of a.csv"]),
    (Kind.IMPORT_REMOVED, "a.csv", {}, ["Deleted the file a.csv"]),
]  # fmt: skip
MORE: list[Case] = [
    (Kind.ATTACH, "shop.orders", {}, ["Attached the table shop.orders"]),
    (Kind.DETACH, "shop.orders", {"keeps_orders": True, "orders": 3},
     ["Detached the table shop.orders and kept its orders"]),
    (Kind.ORDER_REFUNDED, "7", {"amount_minor": 500, "currency": "EUR"}, ["Refunded €5.00 of order 7"]),
    (Kind.PAYMENT_CORRECTED, "7", {}, ["Marked order 7 as not paid"]),
    (Kind.SHIPMENT_CORRECTED, "7", {}, ["Marked order 7 as not shipped"]),
    (Kind.RELAY_VERB, "shop", {"verb": "rotated the secret"}, ["Made a new secret for shop"]),
    (Kind.PRIVACY_EXPORT, "Ana", {"what": "user"}, ["Personal data exported: Ana"]),
    (Kind.PRIVACY_ERASURE, "Customer 7f", {"what": "customer", "pseudonym": "Customer 7f", "state": "requested"},
     ["Requested the erasure of personal data: Customer 7f"]),
    (Kind.PRIVACY_ERASURE, "Customer 7f", {"what": "customer", "pseudonym": "Customer 7f", "rows": {"orders": 1}},
     ["Erased personal data: Customer 7f"]),
    (Kind.TENANT_DELETED, None, {"slug": "acme", "rows": {"orders": 1}}, ["Company deleted"]),
    (Kind.RETENTION_CHANGED, None, {"months": 24, "open_orders": "kept"},
     ["Retention changed", "Orders are removed 24 months after their last change.",
      "Orders that are not paid or not shipped stay."]),
    (Kind.RETENTION_CHANGED, None, {"months": None, "open_orders": "kept"},
     ["Retention changed", "Orders are kept for ever."]),
    (Kind.ORDERS_REMOVED, None, {"orders": 1, "before": "2026-10-31T23:00:00+00:00"},
     ["Removed 1 order that was last changed before 1 Nov 2026"]),
    (Kind.AUDIT_LOG_REMOVED, None, {"entries": 2, "before": "2026-08-01T00:00:00+00:00"},
     ["Removed 2 entries from before 1 Aug 2026"]),
]  # fmt: skip


def test_each_kind_is_shown_in_words(world: World, admin: Person, tenant: int) -> None:
    assert {case[0] for case in CASES + MORE} == set(Kind)
    world.conn.execute("UPDATE tenants SET timezone = 'Europe/Berlin'")
    for cases in (CASES, MORE):
        for kind, subject, details, _lines in cases:
            record(world.conn, kind, tenant_id=tenant, subject=subject, details=details)
        shown = [lines(cell) for cell in admin.page(PATH).select(".audit-what")][: len(cases)]
        for (kind, _subject, _details, expected), found in zip(cases, reversed(shown), strict=True):
            assert found == expected, kind
            assert not any(RAW.search(line) for line in found), (kind, found)


def lines(cell: Any) -> list[str]:
    more = [line.get_text() for line in cell.select("div")]
    for line in cell.select("div"):
        line.extract()
    return [re.sub(r"\s", " ", text) for text in (cell.get_text(), *more)]


def test_each_stored_name_has_words() -> None:
    """A new setting, parameter, period, reason or verb, which the code writes by name, needs its words."""
    settings = {field.name for field in fields(TenantChange)} | set(ConnectionSettings.__annotations__)
    assert settings <= set(_SETTINGS)
    assert set(order_parameters.NAMES) <= set(_LABELS)
    assert {name: str(text) for name, text in order_parameters.PRESETS.items()} == {
        name: str(text) for name, text in RANGES.items()
    }
    assert refusals() <= set(_REASONS)
    assert relay_verbs() == set(_VERBS)


def refusals() -> set[str]:
    """The reasons for which single sign-on refuses a person. A fault of the provider keeps its code."""
    found = {text for call in calls("sso", "PersonRefused") for text in constants(call.args[-1:])}
    assert "subject differs" in found
    return found


def relay_verbs() -> set[str]:
    """The verbs of the relay's log: audit.write(conn, destination, actor, verb, details)."""
    found = {text for call in calls("relay", "audit.write") for text in constants(call.args[3:4])}
    assert "paused" in found
    return found | {held.RETRY, held.SKIP}


def calls(package: str, name: str) -> Iterator[ast.Call]:
    for path in (WEBAPP / package).glob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text()))
        yield from (node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == name)


def constants(arguments: list[ast.expr]) -> list[str]:
    return [str(one.value) for one in arguments if isinstance(one, ast.Constant)]
