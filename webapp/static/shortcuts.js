// Keyboard shortcuts of one key, or of `g` and a key. The dialog of components/shortcuts.html lists them and is their source: a
// row has the keys and what they do. `<body data-shortcuts="off">` leaves only the dialog, opened by its button.
const SEQUENCE_MS = 1_500; // from "g" to the next key
const EDITED = "input, textarea, select, [contenteditable]";

const dialog = document.getElementById("shortcuts");
const isOff = document.body.dataset.shortcuts === "off";
const rows = new Map([...dialog.querySelectorAll("[data-keys]")].map((row) => [row.dataset.keys, row.dataset]));
let startedAt = -Infinity; // when "g" was pressed

if (!isOff) {
  document.addEventListener("keydown", pressed);
  for (const element of document.querySelectorAll("[data-shortcut]")) {
    element.setAttribute("aria-keyshortcuts", element.dataset.shortcut);
  }
}
document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-opens-shortcuts]")) open();
  if (target === dialog) dialog.close(); // the backdrop is a part of the dialog
});

function pressed(event) {
  if (event.defaultPrevented || event.repeat || isTyped(event) || isForAnother(event)) return;
  const key = keyOf(event);
  const keys = performance.now() - startedAt < SEQUENCE_MS ? `g ${key}` : key;
  startedAt = keys === "g" ? performance.now() : -Infinity;
  const row = rows.get(keys);
  if (!row || (dialog.open && keys !== "?")) return;
  event.preventDefault(); // else the search box gets the "/"
  run(row);
}

// Text, also that of an input method, which has no place in the page yet.
function isTyped(event) {
  return event.isComposing || event.keyCode === 229 || Boolean(event.target.closest?.(EDITED));
}

// A shortcut of the browser or the system. AltGr, which some layouts need for "/", counts as Ctrl and Alt on Windows. Another
// dialog keeps its keys, and Shift is only for characters.
function isForAnother(event) {
  if (event.metaKey) return true;
  if ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph")) return true;
  if (event.shiftKey && /^\p{L}$/u.test(event.key)) return true;
  return Boolean(document.querySelector("dialog[open]:not(#shortcuts)"));
}

// The character, wherever the layout has it. A layout without Latin letters gives those that stand on the same keys.
function keyOf({ key, code, shiftKey }) {
  if (/^[!-~]$/.test(key)) return key.toLowerCase();
  if (code === "Slash") return shiftKey ? "?" : "/";
  return key.length === 1 && /^Key[A-Z]$/.test(code) ? code.at(-1).toLowerCase() : "";
}

function run({ keys, href, press }) {
  if (keys === "?") toggle();
  else if (keys === "/") search(href);
  else if (press) document.getElementById(press)?.click();
  else location.assign(href);
}

// The first box on the page that a person can see, else that of the orders page.
function search(href) {
  const box = [...document.querySelectorAll("main input[type=search]")].find((each) => each.checkVisibility());
  if (!box) {
    location.assign(href);
    return;
  }
  box.focus();
  box.select();
}

function toggle() {
  if (dialog.open) dialog.close();
  else open();
}

// The dialog returns the focus on its own, but not into a closed menu.
function open() {
  const menu = document.activeElement?.closest("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  dialog.showModal();
}
