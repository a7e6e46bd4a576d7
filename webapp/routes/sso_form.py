"""The form of single sign-on: its values as shown and as sent, and an error text per field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..config.webhook_allow import Network
from ..language import gettext as _
from ..models import BUTTON_MAX_CHARS, ROLES, TEXT_MAX_CHARS
from ..sso.claims import Rule
from ..sso.connections import ConnectionSettings
from ..sso.issuers import issuer_problem

MAX_RULES = 20
MAX_CHARS = 200  # of a claim's name and value
NO_ACCESS = "none"


@dataclass
class SsoForm:
    """`texts` by field, as shown or typed. `rules` has one empty row for a new rule. `version`: of the settings shown."""

    texts: dict[str, str]
    rules: list[Rule]
    passwords_off: bool
    version: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> ConnectionSettings:
        role = self.texts["default_role"]
        return ConnectionSettings(
            self.texts["issuer"],
            self.texts["client_id"],
            tuple(rule for rule in self.rules if rule.claim),
            None if role == NO_ACCESS else role,
            self.passwords_off,
            self.texts["button_text"],
        )

    @property
    def secret(self) -> str:
        return self.texts["client_secret"]

    @property
    def rows(self) -> list[Rule]:
        """The rules, and an empty row."""
        return [*self.rules, Rule("", "", "sales")] if len(self.rules) < MAX_RULES else self.rules


def of(settings: ConnectionSettings | None, version: str) -> SsoForm:
    """The form as it is saved; new people get the role of a salesperson unless an admin chooses another."""
    found = settings or ConnectionSettings("", "", default_role="sales")
    texts = {
        "issuer": found.issuer,
        "client_id": found.client_id,
        "client_secret": "",
        "button_text": found.button_text,
    }
    texts["default_role"] = found.default_role or NO_ACCESS
    return SsoForm(texts, list(found.rules), found.passwords_off, version)


def parse(sent: Mapping[str, str], allow: tuple[Network, ...]) -> SsoForm:
    names = ("issuer", "client_id", "client_secret", "button_text", "default_role")
    form = SsoForm({name: _clean(sent.get(name, "")) for name in names}, [], "passwords_off" in sent)
    form.version = sent.get("version", "")
    for number in range(MAX_RULES):
        parts = [_clean(sent.get(f"rule-{number}-{part}", "")) for part in ("claim", "value", "role")]
        if parts[0] or parts[1]:
            form.rules.append(Rule(*parts))
    form.errors = {name: text for name, text in _problems(form, allow).items() if text}
    return form


def version_of(changed_at: datetime | None) -> str:
    return changed_at.isoformat() if changed_at else ""


def _problems(form: SsoForm, allow: tuple[Network, ...]) -> dict[str, str]:
    texts = form.texts
    return {
        "issuer": issuer_problem(texts["issuer"], allow),
        "client_id": _length(texts["client_id"], TEXT_MAX_CHARS) if texts["client_id"] else _("Enter the client ID."),
        "client_secret": _length(texts["client_secret"], TEXT_MAX_CHARS),
        "button_text": _length(texts["button_text"], BUTTON_MAX_CHARS),
        "default_role": "" if texts["default_role"] in (*ROLES, NO_ACCESS) else _("Choose a role of the list."),
        "rules": next(filter(None, map(_rule_problem, form.rules)), ""),
    }


def _rule_problem(rule: Rule) -> str:
    if not rule.claim or not rule.value:
        return _("A rule needs a claim and a value. Enter both, or clear the row.")
    if len(rule.claim) > MAX_CHARS or len(rule.value) > MAX_CHARS:
        return _("A claim and its value have at most %(max)s characters each.", max=MAX_CHARS)
    return "" if rule.role in ROLES else _("Choose a role of the list.")


def _length(text: str, limit: int) -> str:
    if len(text) <= limit:
        return ""
    return _("This has %(count)s characters. Enter at most %(max)s.", count=len(text), max=limit)


def _clean(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()
