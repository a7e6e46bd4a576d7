// The focus of an element that an update removed moves to the part that contained it. Without this it moves to the document, and
// a keyboard or a screen reader starts again at the top.
const PARTS = "[hx-get], [data-frame]";

let last = null; // the element with the focus
let parts = []; // that contain it, from the inside

document.addEventListener("focusin", ({ target }) => {
  last = target;
  parts = [];
  for (let part = target.parentElement?.closest(PARTS); part; part = part.parentElement?.closest(PARTS)) parts.push(part);
});

// The focus left on purpose when its element is still there.
document.addEventListener("focusout", ({ target }) => {
  setTimeout(() => {
    if (last === target && target.isConnected && document.activeElement === document.body) last = null;
  });
});

export function keepFocus() {
  if (!last || last.isConnected || document.activeElement !== document.body) return;
  const place = parts.find((part) => part.isConnected && part.childElementCount) ?? document.getElementById("content");
  if (place.tabIndex < 0) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

document.addEventListener("htmx:after:swap", keepFocus);
document.addEventListener("click", () => setTimeout(keepFocus)); // a toast that its button closed
