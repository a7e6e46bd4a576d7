"""What every response says to the browser, pages, fragments and errors alike."""

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
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # The CSRF check of HTTPS requests reads the referrer, so it is kept within the site and not dropped altogether.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
READS = ("GET", "HEAD", "OPTIONS")
HSTS_SECONDS = 31_536_000  # a year; browsers then refuse plain HTTP to this host


def headers(app: Flask) -> dict[str, str]:
    """What each response of this app says, whoever makes it."""
    strict = {"Strict-Transport-Security": f"max-age={HSTS_SECONDS}"} if app.config["SESSION_COOKIE_SECURE"] else {}
    return HEADERS | strict


def _is_readable(address: str) -> bool:
    try:
        urlsplit(address).port  # noqa: B018 - it is read when it is asked for, and may be no number
    except ValueError:
        return False
    return True


def init_app(app: Flask, trusted_proxies: int = 0) -> None:
    if trusted_proxies:
        near = {"x_for": trusted_proxies, "x_proto": trusted_proxies, "x_host": trusted_proxies}
        app.wsgi_app = ProxyFix(app.wsgi_app, **near)  # type: ignore[method-assign]

    @app.before_request
    def refuse_unreadable_referrers() -> None:
        """Before the CSRF check, which compares the two over HTTPS and has no answer to what is not an address."""
        if not request.is_secure or request.method in READS:
            return
        for name, address in (("Referer", request.referrer or ""), ("Host", f"//{request.host}")):
            if not _is_readable(address):
                abort(400, f"The header {name} is not an address. Nothing was changed.")

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in headers(app).items():
            response.headers[name] = value
        if request.endpoint != "static" and "Cache-Control" not in response.headers:
            # Not even by this browser: after a sign-out its Back button would show the page to the next person.
            response.headers["Cache-Control"] = "private, no-store"
        return response
