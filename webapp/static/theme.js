// Light or dark. A signed-in user's choice is rendered into the page as data-theme: light, dark, or device for the system's. This
// browser remembers it for the sign-in page. The button in the header changes and saves it.
(() => {
  const MAX_UNSAVED_MS = 10_000;
  const root = document.documentElement;
  const BARS = { light: "#ffffff", dark: "#212427" }; // the top bar, for the browser's own bar
  const system = matchMedia("(prefers-color-scheme: dark)");

  function stored(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage is off
    }
  }

  function store(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      // The choice lasts as long as the page.
    }
  }

  // A choice that the next page may not have yet, when it is opened at once.
  function unsaved() {
    const [theme, at] = (stored("theme-unsaved") ?? "").split(" ");
    return Date.now() - Number(at) < MAX_UNSAVED_MS ? theme : null;
  }

  function chosen() {
    const theme = root.dataset.theme ?? stored("theme");
    return theme === "light" || theme === "dark" ? theme : null;
  }

  function apply() {
    const theme = chosen() ?? (system.matches ? "dark" : "light");
    root.dataset.bsTheme = theme;
    document.getElementById("theme")?.setAttribute("aria-pressed", String(theme === "dark"));
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) meta.content = BARS[theme];
  }

  function toggle() {
    const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    const isSignedIn = "theme" in root.dataset;
    store("theme", theme);
    if (isSignedIn) {
      root.dataset.theme = theme;
      save(theme);
    }
    apply();
    root.dataset.bsTheme = theme; // also without storage
  }

  function save(theme) {
    store("theme-unsaved", `${theme} ${Date.now()}`);
    const headers = { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
    // Without an answer the choice lasts in this page.
    fetch("/settings/theme", { method: "POST", body: new URLSearchParams({ theme }), headers, keepalive: true }).catch(() => {});
  }

  if ("theme" in root.dataset) {
    root.dataset.theme = unsaved() ?? root.dataset.theme;
    store("theme", chosen());
  }
  apply();
  system.addEventListener("change", apply);
  // The choice in another tab of this browser.
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key !== "theme") return;
    if ("theme" in root.dataset) root.dataset.theme = newValue ?? "device";
    apply();
  });
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme")?.addEventListener("click", toggle);
    // The form of the profile has a newer choice.
    document.getElementById("profile")?.addEventListener("submit", () => store("theme-unsaved", null));
  });
})();
