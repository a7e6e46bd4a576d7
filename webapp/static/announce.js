// Announcements for screen readers: one sentence on the changes, at most every 20 s; notifications at once.
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
  const count = many ? "Many orders" : `${ids.size} order${ids.size === 1 ? "" : "s"}`;
  const revenue = document.getElementById("revenue-figure")?.textContent.trim();
  announce(`${count} changed.${revenue ? ` Revenue today ${revenue}.` : ""}`);
  ids = new Set();
  many = false;
}
