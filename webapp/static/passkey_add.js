// The form that adds a passkey. With the user's first factor the page with the recovery codes comes next.
import { canPasskey, create, PasskeyProblem, send } from "./passkey.js";

const form = document.querySelector("[data-passkey-add]");
const problem = document.getElementById("passkey-problem");

async function add({ options, store, cancelled, failed, known }) {
  const asked = await send(options, {}, failed);
  let answer = null;
  try {
    answer = await create(asked);
  } catch (error) {
    throw new PasskeyProblem(error.name === "InvalidStateError" ? known : cancelled);
  }
  const stored = await send(store, { name: form.elements.name.value, answer }, failed);
  if (stored.codes) document.getElementById("renew-codes").submit();
  else location.assign(stored.next);
}

if (form && canPasskey()) {
  form.hidden = false;
  document.querySelector("[data-passkey-missing]").hidden = true;
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      await add(form.dataset);
    } catch (error) {
      problem.textContent = error.message;
      button.disabled = false;
    }
  });
}
