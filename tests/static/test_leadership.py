"""leadership.js: one tab leads, by a Web Lock; another takes over when it leaves or does not answer."""

from __future__ import annotations

import pytest

from ..support.wait import eventually
from .conftest import Scripts

pytestmark = pytest.mark.browser

CHECK_MS = 500
MAKE = """
    window.tabs = given.names.map((name) => {
        const log = [];
        const tab = new leadership.Leadership("doorbell-test", {
            lead: () => log.push("leads"),
            follow: () => log.push("follows"),
            lost: () => log.push("lost"),
            receive: ({ kind }) => log.push(kind),
            isWeak: () => given.weak === name,
        });
        return Object.assign(tab, { log });
    });
    for (const tab of window.tabs) tab.join();
"""


# The channel keeps the order of its messages: after two of the test's own, a question and its answer have arrived.
DELIVER = """async () => {
    for (let n = 0; n < 2; n++) {
        const [from, to] = [new BroadcastChannel("doorbell-test"), new BroadcastChannel("doorbell-test")];
        await new Promise((resolve) => {
            to.addEventListener("message", ({ data }) => data.isOfTest && resolve());
            from.postMessage({ isOfTest: true });
        });
        from.close();
        to.close();
    }
}"""


def join(scripts: Scripts, *names: str, weak: str = "") -> None:
    scripts.run("leadership.js", MAKE, {"names": names, "weak": weak})


def leading(scripts: Scripts) -> list[bool]:
    found: list[bool] = scripts.page.evaluate("window.tabs.map((tab) => tab.isLeading)")
    return found


def pass_checks(scripts: Scripts, count: int) -> None:
    """The messages of the tabs arrive between the checks."""
    for _ in range(count):
        scripts.pass_time(CHECK_MS)
        scripts.page.evaluate("new Promise((resolve) => navigator.locks.request('turn', resolve))")
        scripts.page.evaluate(DELIVER)


def test_the_first_tab_leads_and_the_next_one_takes_over_when_it_leaves(scripts: Scripts) -> None:
    join(scripts, "first", "second", "third")
    eventually(lambda: leading(scripts) == [True, False, False])
    scripts.page.evaluate("window.tabs[0].leave()")
    eventually(lambda: leading(scripts) == [False, True, False])
    scripts.page.evaluate("window.tabs[0].join()")
    scripts.page.evaluate("window.tabs[1].leave()")
    eventually(lambda: leading(scripts) == [False, False, True])


def test_a_leader_that_answers_leads_on(scripts: Scripts) -> None:
    join(scripts, "first", "second")
    pass_checks(scripts, 20)
    assert leading(scripts) == [True, False]
    assert "lost" not in scripts.page.evaluate("window.tabs[1].log")


def test_a_leader_that_does_not_answer_is_replaced(scripts: Scripts) -> None:
    scripts.page.evaluate("() => { navigator.locks.request('doorbell-test', () => new Promise(() => {})); }")
    join(scripts, "first", "second")
    pass_checks(scripts, 2)
    assert leading(scripts) == [False, False]
    pass_checks(scripts, 2)
    eventually(lambda: sum(leading(scripts)) == 1)
    assert "lost" in scripts.page.evaluate("window.tabs[0].log")
    pass_checks(scripts, 10)
    assert sum(leading(scripts)) == 1


def test_a_visible_tab_takes_over_from_a_weak_leader(scripts: Scripts) -> None:
    join(scripts, "first", "second", weak="first")
    eventually(lambda: leading(scripts) == [True, False])
    pass_checks(scripts, 5)
    eventually(lambda: leading(scripts) == [False, True])
