// Light or dark theme: the system's, until the user chooses with the button; this browser stores the choice.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is off
    }
  }

  function apply() {
    const theme = chosen() ?? (system.matches ? "dark" : "light");
    document.documentElement.dataset.bsTheme = theme;
    document.getElementById("theme")?.setAttribute("aria-pressed", String(theme === "dark"));
  }

  function toggle() {
    const theme = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", theme);
    } catch {
      document.documentElement.dataset.bsTheme = theme;
      return;
    }
    apply();
  }

  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme")?.addEventListener("click", toggle);
  });
})();
