// Forms with unsaved changes: a note beside the button, and the browser's question before the page is left.
const forms = document.querySelectorAll("form[data-unsaved]");
let sent = null; // the form that is being sent

const values = (form) => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrf_token"));

// A page that shows errors holds values that are not saved.
const isRefused = (form) => Boolean(form.querySelector("[aria-invalid], .invalid-feedback"));

const saved = new Map([...forms].map((form) => [form, isRefused(form) ? null : values(form)]));

const isChanged = (form) => values(form) !== saved.get(form);

function show(form) {
  form.querySelector("[data-unsaved-note]")?.toggleAttribute("hidden", !isChanged(form));
}

for (const form of forms) {
  for (const event of ["input", "change"]) form.addEventListener(event, () => show(form));
  form.addEventListener("submit", () => (sent = form));
  show(form);
}

window.addEventListener("beforeunload", (event) => {
  if ([...forms].some((form) => form !== sent && isChanged(form))) event.preventDefault();
});
