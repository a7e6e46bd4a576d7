// The comment field of an order: a list of colleagues after an @, and the unsent text, which stays in this tab until it is sent.
import { nt } from "./texts.js";

const field = document.getElementById("comment");
const list = document.getElementById("mention-list");
const options = [...(list?.children ?? [])];
const announcer = document.getElementById("announcer");
const MAX_QUERY_CHARS = 40;
const DRAFT = `comment ${document.getElementById("live").dataset.user} ${location.pathname}`;

// Without case and accents, as comments/mentions.py compares names.
const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

// Returns the text between the last @ and the caret, or null if that @ cannot begin a mention.
function query() {
  const before = field.value.slice(0, field.selectionStart);
  const found = /(?:^|[^\p{L}\p{N}_@.])@([^@\n]*)$/u.exec(before);
  return found && found[1].length <= MAX_QUERY_CHARS ? found[1] : null;
}

const shown = () => options.filter((option) => !option.hidden);
const selected = () => options.find((option) => option.getAttribute("aria-selected") === "true");

// A name matches from the beginning of any of its words on.
const matches = (option, sought) => ` ${fold(option.textContent)}`.includes(` ${sought}`);

// A mention that is complete needs no list.
const isComplete = (asked, choices) => choices.length === 1 && fold(choices[0].dataset.insert) === fold(asked.trim());

function update() {
  const asked = query();
  for (const option of options) option.hidden = asked === null || !matches(option, fold(asked));
  const count = shown().length;
  if (!count || isComplete(asked, shown())) {
    close();
    return;
  }
  open(count);
}

function open(count) {
  const wasHidden = list.hidden;
  list.hidden = false;
  if (!selected() || selected().hidden) select(shown()[0]);
  if (wasHidden) announcer.textContent = mentionHint(count);
}

const mentionHint = (count) =>
  nt(
    "%(num)s colleague. Arrow keys choose, Enter mentions.",
    "%(num)s colleagues. Arrow keys choose, Enter mentions.",
    count,
  );

function select(option) {
  for (const other of options) other.setAttribute("aria-selected", String(other === option));
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function close() {
  if (!list) return;
  list.hidden = true;
  field.removeAttribute("aria-activedescendant");
  for (const option of options) option.setAttribute("aria-selected", "false");
}

function insert(option) {
  const end = field.selectionStart;
  field.setRangeText(`@${option.dataset.insert} `, end - query().length - 1, end, "end");
  close();
  field.focus();
  keepDraft();
}

function move(step) {
  const choices = shown();
  const next = choices.indexOf(selected()) + step;
  select(choices[(next + choices.length) % choices.length]);
}

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => insert(selected()),
  Tab: () => insert(selected()),
  Escape: close,
};

field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    field.form.requestSubmit();
  } else if (list && !list.hidden && KEYS[event.key] && !event.isComposing && !event.shiftKey) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

if (list) {
  field.addEventListener("input", update);
  field.addEventListener("click", update);
  field.addEventListener("blur", close);
  // Before the field loses the focus.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) insert(option);
  });
}

// Pressing another button of the page leads away from it and back. The server shows a refused text itself.
function keepDraft() {
  if (field.value.trim()) sessionStorage.setItem(DRAFT, field.value);
  else sessionStorage.removeItem(DRAFT);
}

field.addEventListener("input", keepDraft);
field.form.addEventListener("submit", () => {
  sessionStorage.removeItem(DRAFT);
});
if (!field.value) field.value = sessionStorage.getItem(DRAFT) ?? "";
