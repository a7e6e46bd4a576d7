// The page without a connection. It stands at the address that was asked for, so a reload opens that page.
const RETRY_MS = 5_000;

for (const change of ["online", "offline"]) window.addEventListener(change, check);
document.getElementById("retry").addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
});
setInterval(check, RETRY_MS);
check();

// Reloads once the server answers.
async function check() {
  for (const part of document.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== (navigator.onLine ? "away" : "offline");
  if (!navigator.onLine || document.hidden) return;
  try {
    const { ok } = await fetch("/healthz", { cache: "no-store" });
    if (ok) location.reload();
  } catch {
    // The server is still away.
  }
}
