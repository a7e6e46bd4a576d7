// The page without a connection. It stands at the address that was asked for, so a reload opens that page.
const RETRY_MS = 5_000;
const OWN = "/offline";

for (const change of ["online", "offline"]) window.addEventListener(change, check);
document.getElementById("retry").addEventListener("click", (event) => {
  event.preventDefault();
  open();
});
setInterval(check, RETRY_MS);
explain();

function open() {
  if (location.pathname === OWN) location.replace("/");
  else location.reload();
}

function explain() {
  const state = navigator.onLine ? "away" : "offline";
  for (const part of document.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
}

// Opens the page once the server answers.
async function check() {
  explain();
  if (!navigator.onLine || document.hidden) return;
  try {
    const { ok } = await fetch("/healthz", { cache: "no-store" });
    if (ok) open();
  } catch {
    // The server is still away.
  }
}
