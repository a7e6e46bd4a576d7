"""Security headers of all answers, no inline code in templates, CSRF, and error pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import redis
from flask import Flask, request

import webapp
from webapp import create_app
from webapp.server.security_headers import CONTENT_SECURITY_POLICY

from ..conftest import config_for
from ..support import every_page
from ..support.browser import Person, broken_view, soup
from ..support.relay import Relay
from ..support.world import Service, World

TEMPLATES = sorted((Path(webapp.__file__).parent / "templates").rglob("*.html"))


@pytest.fixture
def ana(app: Flask, world: World) -> Person:
    return Person(app, world.user(world.tenant()))


PATHS = ["/", "/orders", "/orders/none", "/panels/revenue", "/panels/none", "/static/doorbell.css", "/sign-in", "/none"]


@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/metrics"])
def test_every_answer_has_the_strict_policy(ana: Person, app: Flask, path: str) -> None:
    for person in (ana, Person(app)):
        response = person.get(path)
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in response.headers, "the demo runs on plain HTTP"
        response.close()


def test_the_policy_allows_no_inline_code_and_no_other_sites() -> None:
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert directives.pop("img-src") == "'self' data:"
    assert directives.pop("default-src") == directives.pop("base-uri") == directives.pop("frame-ancestors") == "'none'"
    assert set(directives.values()) == {"'self'"}
    assert set(directives) == {
        "script-src",
        "style-src",
        "font-src",
        "connect-src",
        "worker-src",
        "manifest-src",
        "form-action",
    }


def test_every_page_with_a_form_lets_browsers_send_the_referrer_that_forms_need_over_https(
    app: Flask, service: Service, world: World, redis_client: redis.Redis, relay: Relay
) -> None:
    company, forms = every_page.company(app, service, world, redis_client, relay), 0
    for page in every_page.pages(app, company):
        response = Person(app, company.users.get(page.role)).get(page.path)
        if soup(response).select_one("form[method=post], [hx-post]"):
            assert response.headers["Referrer-Policy"] in ("same-origin", "strict-origin"), page.path
            assert soup(response).select_one("meta[name=referrer]") is None, page.path
            forms += 1
    assert forms > 20, "guard: most pages have a form"


def test_strict_transport_security_is_sent_in_production(service: Service) -> None:
    response = create_app(config_for(service, DOORBELL_DEMO=0)).test_client().get("/healthz")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


INLINE = {
    "a script without a file": r"""<script(?![^>]*\b(?:src=|type="application/json"))""",  # JSON is data
    "a style sheet in the page": r"<style\b",
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "an event handler": r"<[^>]*\son[a-z]+\s*=",
    "a javascript: address": r"javascript:",
    "an htmx handler, which needs eval": r"<[^>]*\shx-on\b",
    "an htmx expression, which needs eval": r"""<[^>]*\shx-[a-z:-]+\s*=\s*["']js:""",
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_no_template_has_inline_code(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.S)
    for kind, pattern in INLINE.items():
        assert not re.search(pattern, text, re.I), f"{template.name} has {kind}, which the policy forbids"


@pytest.mark.parametrize(
    "page",
    ["<script>1</script>", "<p\nstyle='x'>", '<p style="x">', "<a  onclick = x>", "<STYLE>", '<a href="javascript:1">',
     '<p hx-on:click="x">', "<p hx-vals='js:{}'>"],
)  # fmt: skip
def test_the_check_for_inline_code_finds_it(page: str) -> None:
    assert any(re.search(pattern, page, re.I) for pattern in INLINE.values())


def test_the_templates_are_found() -> None:
    assert len(TEMPLATES) > 10


@pytest.mark.parametrize("token", [None, "made up"])
def test_a_form_without_a_valid_token_is_refused(ana: Person, world: World, token: str | None) -> None:
    response = ana.client.post(
        "/orders", data={"customer": "A", "total": "5"} | ({"csrf_token": token} if token else {})
    )
    assert response.status_code == 400
    assert "This form is no longer valid" in soup(response).get_text()
    assert world.events() == []


def test_every_post_route_requires_the_token(ida: Person, app: Flask) -> None:
    """An admin may use them all, so that no answer is the refusal of a role, which comes before the check of the token."""
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())]
    assert len(posts) > 7
    for rule in posts:
        built = rule.build(dict.fromkeys(rule.arguments, "7"), append_unknown=False)
        assert built is not None
        assert ida.client.post(built[1]).status_code == 400, rule


def test_a_missing_page_is_404_with_a_link_to_the_board(ana: Person, app: Flask) -> None:
    for person in (ana, Person(app)):
        response = person.get("/none")
        assert response.status_code == 404
        assert "This page does not exist" in soup(response).get_text()
        assert soup(response).select_one('main a[href="/"]')
    missing = ana.get("/orders/none")
    assert missing.status_code == 404
    assert "There is no order 'none'" in soup(missing).get_text()


def test_an_error_of_a_fragment_is_plain_text(ana: Person) -> None:
    response = ana.get("/panels/none")
    assert (response.status_code, response.mimetype) == (404, "text/plain")
    assert "<" not in response.text


@pytest.mark.parametrize("path", ["/orders/a%00b", "/inbox/99999999999999999999999999/read"])
def test_a_value_that_the_database_cannot_store_is_400(ana: Person, path: str) -> None:
    response = ana.post(path) if path.endswith("read") else ana.get(path)
    assert response.status_code == 400


def test_an_internal_error_is_a_page_without_its_details(ana: Person, app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions["orders.index"] = broken_view
    app.view_functions["panels.revenue"] = broken_view
    response = ana.get("/orders")
    assert response.status_code == 500
    assert "Something went wrong in Doorbell" in soup(response).get_text()
    assert "division" not in response.text
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert ana.get("/panels/revenue").mimetype == "text/plain"


def test_without_the_database_pages_and_fragments_are_503_with_retry_after(service: Service, ana: Person) -> None:
    away = create_app(config_for(service, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"))
    person = Person(away, 1)
    response = person.get("/orders")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "database did not answer" in soup(response).get_text()
    fragment = person.get("/panels/revenue")
    assert (fragment.status_code, fragment.mimetype) == (503, "text/plain")


def test_without_the_database_an_unknown_address_is_503(service: Service, ana: Person) -> None:
    nowhere = create_app(config_for(service, DATABASE_URL="postgresql://127.0.0.1:1/doorbell"))
    with nowhere.test_client() as client, client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = "1", True
    assert client.get("/no-such-page").status_code == 503


def test_signed_in_pages_are_private(ana: Person) -> None:
    for path in ("/", "/orders", "/panels/revenue"):
        assert ana.get(path).headers["Cache-Control"].startswith("private"), path


def test_the_clients_address_is_taken_only_from_a_trusted_proxy(service: Service) -> None:
    seen: list[str | None] = []
    for proxies in (0, 1):
        app = create_app(config_for(service, TRUSTED_PROXIES=proxies))
        app.before_request(lambda: seen.append(request.remote_addr))
        app.test_client().get("/healthz", headers={"X-Forwarded-For": "203.0.113.7"})
    assert seen == ["127.0.0.1", "203.0.113.7"]


@pytest.mark.parametrize("referrer", ["https://[::1", "https://localhost:y/", "https://localhost:99999999/"])
def test_over_https_a_referrer_that_is_not_a_valid_address_is_refused(app: Flask, world: World, referrer: str) -> None:
    person = Person(app, world.user(world.tenant()))
    token, at = person.csrf_token(), "https://localhost"
    refused = person.client.post(
        "/inbox/read", base_url=at, data={"csrf_token": token}, headers={"Referer": referrer, "Cookie": _cookie(person)}
    )
    assert refused.status_code == 400
    assert "The header Referer is not a valid address." in refused.text


def _cookie(person: Person) -> str:
    found = person.client.get_cookie("session")
    assert found is not None
    return f"session={found.value}"
