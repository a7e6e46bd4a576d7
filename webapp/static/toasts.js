// The toasts of this tab: at most three, and one per kind. A toast that arrives while one of its kind is on screen folds into it.
import { folded } from "./fold.js";
import { post } from "./menus.js";
import { t } from "./texts.js";
import { place } from "./toast_place.js";

const SHOWN_MS = 20_000; // longer with pointer or focus inside
const MAX_TOASTS = 3;

const toasts = document.getElementById("toasts");
const timers = new WeakMap(); // toast -> timer until it leaves

export function showToasts(arrived) {
  for (const toast of arrived) {
    const before = [...toasts.children].find((each) => each.dataset.kind === toast.dataset.kind && !("muted" in each.dataset));
    if (before) fold(before, toast);
    else add(toast);
  }
  place();
}

export function clear() {
  toasts.replaceChildren();
}

function add(toast) {
  while (toasts.children.length >= MAX_TOASTS) toasts.firstElementChild.remove();
  toasts.append(toast);
  leaveLater(toast);
}

// The toast on screen stays where it is, with the sum of both. Several notifications of one order are the newest of them.
function fold(before, toast) {
  const { sentence, ...sums } = folded(before, toast);
  if (sums.count === 1) {
    before.replaceWith(toast);
    leaveLater(toast);
    return;
  }
  Object.assign(before.dataset, sums);
  delete before.dataset.read;
  before.querySelector(".toast-text").replaceChildren(labelled(sentence));
  before.querySelector(".toast-open").href = toasts.dataset.inbox;
  leaveLater(before);
}

function labelled(sentence) {
  const line = document.createElement("p");
  const strong = document.createElement("strong");
  strong.className = "toast-label";
  strong.textContent = sentence;
  line.append(strong);
  return line;
}

function leaveLater(toast) {
  clearTimeout(timers.get(toast));
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) timers.set(toast, setTimeout(leave, SHOWN_MS / 4));
    else remove(toast);
  };
  timers.set(toast, setTimeout(leave, SHOWN_MS));
}

function remove(toast) {
  toast.remove();
  place();
}

toasts.addEventListener("click", ({ target }) => {
  const toast = target.closest(".note-toast");
  if (target.closest(".toast-dismiss")) remove(toast);
  else if (target.closest(".toast-open") && toast.dataset.read) post(toast.dataset.read, { keepalive: true });
  else if (target.closest(".toast-mute")) mute(toast);
  else if (target.closest(".toast-undo")) undo(toast);
});

async function mute(toast) {
  const button = toast.querySelector(".toast-mute");
  button.disabled = true;
  if (!(await post(button.dataset.mute))) {
    button.disabled = false;
    button.textContent = t("Not muted. Try again");
    return;
  }
  Object.assign(toast.dataset, { muted: button.dataset.undo, name: button.dataset.name });
  const again = document.createElement("button");
  Object.assign(again, { type: "button", className: "btn btn-sm toast-undo", textContent: t("Undo") });
  toast.querySelector(".toast-text").replaceChildren(labelled(t("Muted: %(name)s.", { name: toast.dataset.name })));
  toast.querySelector(".toast-buttons").replaceChildren(again);
  settle(toast, again);
}

async function undo(toast) {
  const isOn = await post(toast.dataset.muted);
  const { name } = toast.dataset;
  const sentence = isOn ? t("You get notifications again: %(name)s.", { name }) : t("Still muted. Try again.");
  toast.querySelector(".toast-text").replaceChildren(labelled(sentence));
  if (isOn) toast.querySelector(".toast-undo").remove();
  settle(toast, toast);
}

// The focus stays in the toast, which leaves later.
function settle(toast, focused) {
  toast.tabIndex = -1;
  focused.focus({ preventScroll: true });
  leaveLater(toast);
  place();
}
