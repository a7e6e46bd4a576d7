"""The meaning of claims, in the forms that providers send them."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.sso.claims import Rule, domain_of, merged, name_from, role_of, sent_name, verified_email
from webapp.sso.errors import PersonRefused

ENTRA = "https://login.microsoftonline.com/0f8fad5b-d9cb-469f-a165-70867728950e/v2.0"
GOOGLE = "https://accounts.google.com"


@pytest.mark.parametrize(
    ("claim", "claims", "matches"),
    [
        ("groups", {"groups": ["staff", "admins"]}, True),
        ("groups", {"groups": "admins"}, True),
        ("groups", {"groups": "my admins"}, False),
        ("groups", {"groups": {"admins": True}}, False),
        ("groups", {}, False),
        ("realm_access.roles", {"realm_access": {"roles": ["admins"]}}, True),
        ("https://northwind.example/roles", {"https://northwind.example/roles": ["admins"]}, True),
        ("realm_access.roles", {"realm_access": "admins"}, False),
    ],
)
def test_a_rule_matches_a_text_a_list_and_a_path(claim: str, claims: dict[str, Any], matches: bool) -> None:
    assert Rule(claim, "admins", "admin").matches(claims) is matches


def test_the_highest_role_of_the_rules_applies_and_else_the_default() -> None:
    rules = (Rule("groups", "all", "viewer"), Rule("groups", "boss", "admin"), Rule("groups", "lead", "manager"))
    assert role_of({"groups": ["lead", "boss", "all"]}, rules, "sales") == "admin"
    assert role_of({"groups": ["all"]}, rules, "sales") == "viewer"
    assert role_of({"groups": []}, rules, "sales") == "sales"
    assert role_of({}, rules, None) is None


@pytest.mark.parametrize(
    ("issuer", "claims", "is_verified"),
    [
        (GOOGLE, {"email_verified": True}, True),
        (GOOGLE, {"email_verified": "true"}, True),
        (GOOGLE, {"email_verified": "false"}, False),
        (GOOGLE, {"email_verified": 1}, False),
        (GOOGLE, {}, False),
        # Any provider could send Entra's claim, but only Entra sets it by its own check.
        (GOOGLE, {"xms_edov": True}, False),
        (ENTRA, {"xms_edov": True}, True),
        (ENTRA, {"xms_edov": "1"}, True),
        (ENTRA, {}, False),
        (ENTRA, {"xms_edov": True, "email_verified": False}, False),
    ],
)
def test_an_address_counts_only_when_the_provider_has_verified_it(
    issuer: str, claims: dict[str, Any], is_verified: bool
) -> None:
    if is_verified:
        assert verified_email({"email": "ana@northwind.example", **claims}, issuer) == "ana@northwind.example"
    else:
        with pytest.raises(PersonRefused):
            verified_email({"email": "ana@northwind.example", **claims}, issuer)


def test_an_address_is_not_verified_by_what_the_provider_says_of_another_one() -> None:
    more = {"email": "mallory@example.com", "email_verified": True, "groups": ["staff"]}
    found = merged({"sub": "1", "email": "ana@example.com"}, more)
    assert found == {"sub": "1", "email": "ana@example.com", "groups": ["staff"]}
    with pytest.raises(PersonRefused):
        verified_email(found, GOOGLE)
    assert verified_email(merged({"email": "mallory@example.com"}, more), GOOGLE) == "mallory@example.com"
    assert verified_email(merged({"sub": "1"}, more), GOOGLE) == "mallory@example.com"


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("ana@Northwind.Example", "northwind.example"),
        ("ana@evil.example@northwind.example", "northwind.example"),
        ("ana@münchen.example", "xn--mnchen-3ya.example"),
        ("northwind.example", ""),
        ("@northwind.example", ""),
        ("ana@", ""),
    ],
)
def test_the_domain_of_an_address_is_in_lower_case_and_ascii(email: str, domain: str) -> None:
    assert domain_of(email) == domain


def test_an_address_with_two_at_signs_is_refused() -> None:
    with pytest.raises(PersonRefused):
        verified_email({"email": "ana@evil.example@northwind.example", "email_verified": True}, GOOGLE)


def test_a_hostile_name_becomes_one_printable_line() -> None:
    assert sent_name({"name": "Ana\r\nSet-Cookie:\u202e x\0"}) == "Ana Set-Cookie: x"
    assert sent_name({"given_name": "Ana", "family_name": "Silva"}) == "Ana Silva"
    assert sent_name({"name": "\n"}) == sent_name({"name": ["Ana"]}) == sent_name({}) == ""
    assert len(sent_name({"name": "x" * 5_000})) == 200
    assert name_from("ana@x.example") == "ana"
