// Loads the page again after a change of settings that stands outside of the refetched parts: the language, the time zone, a name.
// A page with typed text is left as it is, and offers a button instead.
import { randomWaitMs } from "./pace.js";
import { t } from "./texts.js";

const isTyped = (field) =>
  field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;

// A field outside of the page's content, such as that of a filter, holds nothing to lose.
const hasInput = () =>
  [...document.querySelectorAll("main form:not([method=get]) :is(input:not([type=hidden]), textarea)")].some(isTyped);

document.getElementById("live").addEventListener("reload", () => setTimeout(reload, randomWaitMs()));

function reload() {
  if (hasInput()) offer();
  else location.reload();
}

function offer() {
  if (document.getElementById("reload-offer")) return;
  const box = document.createElement("div");
  Object.assign(box, { id: "reload-offer", className: "alert alert-info d-print-none" });
  box.setAttribute("role", "status");
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "btn btn-sm", textContent: t("Reload") });
  button.addEventListener("click", () => location.reload());
  document.getElementById("content").prepend(box);
  box.append(t("Settings have changed. Reload this page to see them; your input here is not saved."), " ", button);
}
