"""The security headers of all responses, and those that caches obey: pages, fragments and errors."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

# No 'unsafe-inline' anywhere: no inline script, style or handler, no style="" attribute, no eval.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # The CSRF check of HTTPS requests needs the referrer, so it is kept within the site.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
READS = ("GET", "HEAD", "OPTIONS")
# A year in which browsers refuse plain HTTP to this host.
HSTS_SECONDS = 31_536_000


def headers(app: Flask) -> dict[str, str]:
    """The headers of each response of this app, those of WSGI applications in front of it included."""
    strict = {"Strict-Transport-Security": f"max-age={HSTS_SECONDS}"} if app.config["SESSION_COOKIE_SECURE"] else {}
    return HEADERS | strict


def _is_address(address: str) -> bool:
    try:
        urlsplit(address).port  # noqa: B018 - parsed on access, may raise
    except ValueError:
        return False
    return True


def init_app(app: Flask, trusted_proxies: int = 0) -> None:
    if trusted_proxies:
        depth = {"x_for": trusted_proxies, "x_proto": trusted_proxies, "x_host": trusted_proxies}
        app.wsgi_app = ProxyFix(app.wsgi_app, **depth)  # type: ignore[method-assign]

    @app.before_request
    def refuse_invalid_referrers() -> None:
        """Runs before the CSRF check, which compares Referer and Host over HTTPS and fails on invalid addresses."""
        if not request.is_secure or request.method in READS:
            return
        for name, address in (("Referer", request.referrer or ""), ("Host", f"//{request.host}")):
            if not _is_address(address):
                abort(400, f"The header {name} is not a valid address. Nothing was changed.")

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in headers(app).items():
            # A TV's address has a secret, so its pages have a stricter referrer policy.
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            # The texts are in the language that the browser asks for, unless its user has chosen one.
            response.vary.add("Accept-Language")
        if request.endpoint != "static" and "Cache-Control" not in response.headers:
            # Not in this browser either: after a sign-out its Back button would show the page to the next person.
            response.headers["Cache-Control"] = "private, no-store"
        return response
