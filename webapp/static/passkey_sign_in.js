// The button that signs in with a passkey, alone or as the second step. Its texts are attributes, because a page without a user
// has no texts of scripts.
import { canPasskey, get, PasskeyProblem, send } from "./passkey.js";

const button = document.querySelector("[data-passkey-sign-in]");
const problem = document.querySelector("[data-passkey-problem]");

async function signIn({ options, answer, cancelled, failed }) {
  const asked = await send(options, {}, failed);
  let given = null;
  try {
    given = await get(asked);
  } catch {
    throw new PasskeyProblem(cancelled);
  }
  location.assign((await send(answer, given, failed)).next);
}

if (button && canPasskey()) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    problem.textContent = "";
    try {
      await signIn(button.dataset);
    } catch (error) {
      problem.textContent = error.message;
      button.disabled = false;
    }
  });
}
