// Announcements for screen readers: one sentence on the changes, at most every 20 s; notifications at once.
import { nt, t } from "./texts.js";

const EVERY_MS = 20_000;
const announcer = document.getElementById("announcer");
let ids = new Set();
let many = false;
let timer = null;

export function announce(text) {
  announcer.textContent = text;
}

export function orderChanged(changedIds) {
  if (changedIds) {
    for (const id of changedIds) ids.add(id);
  } else {
    many = true;
  }
  timer ??= setTimeout(summarise, EVERY_MS);
}

function summarise() {
  timer = null;
  const changed = many ? t("Many orders changed.") : nt("%(num)s order changed.", "%(num)s orders changed.", ids.size);
  const revenue = document.getElementById("revenue-figure")?.textContent.trim();
  announce(revenue ? [changed, t("Revenue today %(revenue)s.", { revenue })].join(" ") : changed);
  ids = new Set();
  many = false;
}
