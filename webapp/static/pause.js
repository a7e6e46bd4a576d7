// Whether the user has paused updates. Each tab keeps its own choice from page to page. A new tab begins with the user's newest
// choice in this browser, so a person whom movement disturbs opens no moving page, and a pause here does not stop the board on
// another screen. Without storage a pause ends with its page.
const KEY = "doorbell-paused";
const user = document.getElementById("live").dataset.user;

export function isPaused() {
  try {
    const [owner, choice] = (sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "").split(" ");
    return owner === user && choice === "paused";
  } catch {
    return false;
  }
}

export function store(paused) {
  const value = `${user} ${paused ? "paused" : "live"}`;
  try {
    sessionStorage.setItem(KEY, value);
    localStorage.setItem(KEY, value);
  } catch {
    // The pause ends with the page.
  }
}
