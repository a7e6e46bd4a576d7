// A number or row that changed is lit for a moment. What carries data-version is compared before and after a swap.
const LIT_MS = 2_000;
let before = new Map();

const versions = () =>
  new Map(Array.from(document.querySelectorAll("[data-frame] [data-version]"), (element) => [element.id, element.dataset.version]));

document.addEventListener("htmx:before:swap", () => (before = versions()));

document.addEventListener("htmx:after:swap", () => {
  for (const [id, version] of versions()) {
    if (before.get(id) !== version) light(document.getElementById(id));
  }
  before = versions();
});

function light(element) {
  element.classList.remove("changed");
  void element.offsetWidth; // starts the animation anew
  element.classList.add("changed");
  setTimeout(() => element.classList.remove("changed"), LIT_MS);
}
