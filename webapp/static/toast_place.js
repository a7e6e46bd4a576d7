// Puts the toasts where they cover neither the search box nor the newest rows: in the first corner that is free of them.
const KEEP_CLEAR = "input[type=search], #recent_orders tbody tr:nth-child(-n + 3), #orders-rows tr:nth-child(-n + 3)";
// "end" is where lines end: on the right, and on the left of a right-to-left page.
const PLACES = ["bottom-end", "bottom-start", "top-end", "top-start"];

const toasts = document.getElementById("toasts");
let frame = null;

export function place() {
  // Under the pointer or with the focus they stay.
  if (!toasts.children.length || toasts.matches(":hover, :focus-within")) return;
  const protectedBoxes = Array.from(document.querySelectorAll(KEEP_CLEAR), (element) => element.getBoundingClientRect());
  let best = null;
  for (const name of PLACES) {
    toasts.dataset.place = name;
    const area = coveredArea(toasts.getBoundingClientRect(), protectedBoxes);
    if (!best || area < best.area) best = { name, area };
    if (!area) break;
  }
  toasts.dataset.place = best.name;
}

export function coveredArea(box, others) {
  let area = 0;
  for (const other of others) {
    const width = Math.min(box.right, other.right) - Math.max(box.left, other.left);
    const height = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
    if (width > 0 && height > 0) area += width * height;
  }
  return area;
}

function placeSoon() {
  frame ??= requestAnimationFrame(() => {
    frame = null;
    place();
  });
}

for (const event of ["scroll", "resize"]) window.addEventListener(event, placeSoon, { passive: true });
document.addEventListener("htmx:after:swap", placeSoon);
toasts.addEventListener("pointerleave", placeSoon);
