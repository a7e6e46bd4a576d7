// The form of an upload: refuses a file that is too large before it is sent, and shows how much of it has arrived. Without this
// script the browser sends the form itself, and the server refuses.
import { t } from "./texts.js";

const form = document.getElementById("upload-form");
const input = form.querySelector("input[type=file]");
const button = form.querySelector("button");
const problem = document.getElementById("upload-problem");
const sending = document.getElementById("upload-progress");
const [bar, percent] = sending.children;

const LOST = t("The connection was lost, and nothing was kept. Check it, then send the file again.");

function tooLarge() {
  const [file] = input.files;
  if (!file || file.size <= Number(form.dataset.maxBytes)) return "";
  const values = { name: file.name, limit: form.dataset.max };
  return t("%(name)s is too large: the limit is %(limit)s. Split the file, keeping the rows of an order together.", values);
}

input.addEventListener("change", () => (problem.textContent = tooLarge()));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  problem.textContent = tooLarge();
  if (!problem.textContent && !button.disabled) send();
});

function send() {
  const request = new XMLHttpRequest();
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the name of the event is also that of a class of Tabler
  request.upload.onprogress = ({ loaded, total }) => show(total ? (loaded / total) * 100 : 0);
  request.addEventListener("load", () => answered(request));
  request.addEventListener("error", () => failed(LOST));
  request.addEventListener("timeout", () => failed(LOST));
  request.open("POST", form.action);
  request.setRequestHeader("Doorbell-Upload", "1");
  request.send(new FormData(form));
  button.disabled = true;
  show(0);
  sending.hidden = false;
}

// At 100 % the server still stores the last piece.
function show(value) {
  bar.value = value;
  percent.textContent = t("%(percent)s %%", { percent: Math.floor(value) });
}

function answered(request) {
  const address = request.getResponseHeader("Location");
  if (request.status === 201 && address) location.assign(address);
  else failed(request.getResponseHeader("Content-Type")?.startsWith("text/plain") ? request.responseText : LOST);
}

function failed(text) {
  sending.hidden = true;
  button.disabled = false;
  problem.textContent = text;
}
