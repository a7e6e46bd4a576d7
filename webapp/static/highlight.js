// Highlights a changed number or row for a moment: compares data-version before and after a swap.
const HIGHLIGHT_MS = 2_000;
let before = new Map();

const versions = () =>
  new Map(Array.from(document.querySelectorAll("[data-frame] [data-version]"), (element) => [element.id, element.dataset.version]));

document.addEventListener("htmx:before:swap", () => (before = versions()));

document.addEventListener("htmx:after:swap", () => {
  for (const [id, version] of versions()) {
    if (before.get(id) !== version) highlight(document.getElementById(id));
  }
  before = versions();
});

function highlight(element) {
  element.classList.remove("changed");
  element.getBoundingClientRect(); // restarts the animation
  element.classList.add("changed");
  setTimeout(() => element.classList.remove("changed"), HIGHLIGHT_MS);
}
