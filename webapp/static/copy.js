// Buttons that copy a text: `data-copy` is the id of the element that has it.
import { t } from "./texts.js";

const SHOWN_MS = 2_000;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  button.textContent = (await copy(source)) ? t("Copied") : t("Selected. Press Ctrl+C");
  setTimeout(() => (button.textContent = label), SHOWN_MS);
});

// Without HTTPS a browser gives no access to the clipboard: the text is selected instead.
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    source.closest("details")?.setAttribute("open", "");
    getSelection().selectAllChildren(source);
    return false;
  }
}
