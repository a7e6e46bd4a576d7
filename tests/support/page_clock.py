"""The clock of a page in a real browser: it stands still, or some of its intervals never end."""

from __future__ import annotations

from playwright.sync_api import Error, Page

# Ignores the interval of one function.
IGNORE = """
{
    const begin = window.setInterval;
    window.ignored ??= [];
    window.setInterval = (callback, ...rest) => {
        if (callback.name !== NAME) return begin(callback, ...rest);
        window.ignored.push(NAME);
        return 0;
    };
}
"""
MINUTES = "check"  # in minute.js
POLLING = "poll"  # in live.js


def stop(page: Page) -> None:
    """Stop the clock, which `page.clock.install()` has replaced before the page was opened."""
    try:
        page.clock.pause_at(_next_second(page))
    except Error:
        # A busy machine took more than that second. Now the clock stands already.
        page.clock.pause_at(_next_second(page))


def _next_second(page: Page) -> float:
    return float(page.evaluate("Date.now()")) / 1_000 + 1


def ignore(page: Page, name: str) -> None:
    """Ignore the interval that calls MINUTES or POLLING in the page that is opened next, so that it causes no request."""
    page.add_init_script(IGNORE.replace("NAME", f"'{name}'"))


def has_ignored(page: Page, *names: str) -> bool:
    """Guard for `ignore`: the page has begun these intervals, in vain."""
    return sorted(page.evaluate("window.ignored ?? []")) == sorted(names)
