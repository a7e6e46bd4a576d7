// A page that leaves is covered, because a browser may keep it and show it again to the next person. Before it is shown it
// asks who is signed in: the same person goes on, all others are sent to the page as it is for them.
const root = document.documentElement;

window.addEventListener("pagehide", (event) => event.persisted && root.classList.add("is-covered"));

window.addEventListener("pageshow", async (event) => {
  if (!event.persisted) return;
  root.classList.add("is-covered");
  const { ask, user } = document.getElementById("page-clock").dataset;
  try {
    const answer = await fetch(ask, { cache: "no-store" });
    if (answer.ok && (await answer.text()) === user) return root.classList.remove("is-covered");
  } catch {
    // Without an answer it stays covered; the reload says why.
  }
  location.reload();
});
