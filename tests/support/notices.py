"""Records the desktop notifications and the tones of a tab, which the browser raises as ever."""

from __future__ import annotations

# A constructor that records its arguments and calls the browser's own.
RECORD = """
window.raised = [];
window.tones = 0;
window.Notification = class extends Notification {
    constructor(title, options) {
        super(title, options);
        window.raised.push({ title, body: options.body, tag: options.tag, shown: this });
    }
};
window.OscillatorNode = class extends OscillatorNode {
    start(...args) {
        window.tones += 1;
        super.start(...args);
    }
};
"""
RAISED = "window.raised.map(({ title, body, tag }) => [title, body, tag])"
CLICK = "window.raised.at(-1).shown.dispatchEvent(new Event('click'))"
