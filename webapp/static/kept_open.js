// Folded sections of the board: this browser remembers which of them the user has opened on a phone.
const KEY = "doorbell-open";
const WIDE = matchMedia("(min-width: 768px)");
const sections = document.querySelectorAll("details.more");

for (const section of sections) {
  if (stored().includes(section.id)) section.open = true;
  section.addEventListener("toggle", store);
}
// Older browsers cannot show a closed section on wide screens by CSS.
if (WIDE.matches && !CSS.supports("selector(::details-content)")) for (const section of sections) section.open = true;

function stored() {
  try {
    return (localStorage.getItem(KEY) ?? "").split(" ");
  } catch {
    return [];
  }
}

function store() {
  if (WIDE.matches) return;
  const open = Array.from(sections).filter((section) => section.open);
  try {
    localStorage.setItem(KEY, open.map(({ id }) => id).join(" "));
  } catch {
    // The next page shows them folded.
  }
}
