// Passkeys by WebAuthn: the server's JSON for the browser, and the browser's answer as JSON. The bytes in both are base64url.

export const canPasskey = () => "PublicKeyCredential" in window;

export class PasskeyProblem extends Error {}

// Posts JSON. Returns the answer's JSON; throws PasskeyProblem with the server's `problem`, and follows its `next` on a refusal.
export async function send(url, body, failed) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = { "X-CSRFToken": token, "Content-Type": "application/json" };
  let answer = null;
  try {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    answer = await response.json();
    if (response.ok) return answer;
  } catch {
    throw new PasskeyProblem(failed);
  }
  if (answer.next) location.assign(answer.next);
  throw new PasskeyProblem(answer.problem ?? failed);
}

// Asks the user to make a passkey.
export async function create(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: descriptors(options.excludeCredentials),
  };
  const made = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = made.response;
  const response = { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) };
  return { ...basics(made), response: { ...response, transports: made.response.getTransports?.() ?? [] } };
}

// Asks the user for a passkey.
export async function get(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: descriptors(options.allowCredentials) };
  const found = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
  const response = { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) };
  return { ...basics(found), response: { ...response, userHandle: userHandle ? text(userHandle) : null } };
}

const basics = ({ id, rawId, type }) => ({ id, rawId: text(rawId), type });

const descriptors = (found = []) => found.map((one) => ({ ...one, id: bytes(one.id) }));

function bytes(encoded) {
  const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.codePointAt(0));
}

function text(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCodePoint(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
