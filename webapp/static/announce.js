// One sentence for screen readers: what changed, at most every 20 s; at once for the user's own orders.
const EVERY_MS = 20_000;
const announcer = document.getElementById("announcer");
let ids = new Set();
let many = false;
let timer = null;

export function say(text) {
  announcer.textContent = text;
}

export function orderChanged(changedIds) {
  if (changedIds) for (const id of changedIds) ids.add(id);
  else many = true;
  timer ??= setTimeout(summarise, EVERY_MS);
}

function summarise() {
  timer = null;
  const count = many ? "Many orders" : `${ids.size} order${ids.size === 1 ? "" : "s"}`;
  const revenue = document.getElementById("revenue-figure")?.textContent.trim();
  say(`${count} changed.${revenue ? ` Revenue today ${revenue}.` : ""}`);
  ids = new Set();
  many = false;
}
