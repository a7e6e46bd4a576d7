// Covers a page when it is left, because the browser may keep it and show it to the next person. When the page is restored it
// first checks the signed-in user: the same user sees it again, for any other it reloads.
const root = document.documentElement;

window.addEventListener("pagehide", (event) => {
  if (event.persisted) root.classList.add("is-covered");
});

window.addEventListener("pageshow", async (event) => {
  if (!event.persisted) return;
  root.classList.add("is-covered");
  const { ask, user } = document.getElementById("page-clock").dataset;
  try {
    const answer = await fetch(ask, { cache: "no-store" });
    if (answer.ok && (await answer.text()) === user) return root.classList.remove("is-covered");
  } catch {
    // Without an answer it stays covered; the reload shows the reason.
  }
  location.reload();
});
