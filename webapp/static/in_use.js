// Detects that a person points at a list, has the focus in it, or reads its lower rows on a touch screen: then its rows must not move.
const POINTER_IDLE_MS = 30_000; // then the pointer counts no more
const TOUCH = matchMedia("(hover: none)");

// Returns a function: is `list` in `frame` in use? Calls `left()` when that may have ended.
export function watchUse(frame, list, left) {
  let pointerMovedAt = -Infinity;
  frame.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") pointerMovedAt = performance.now();
  });
  frame.addEventListener("pointerleave", () => {
    pointerMovedAt = -Infinity;
    left();
  });
  frame.addEventListener("focusout", () => setTimeout(left));
  let wasInside = false;
  const isInside = () => TOUCH.matches && list.getBoundingClientRect().top < 0 && frame.getBoundingClientRect().bottom > 0;
  window.addEventListener("scroll", () => {
    if (wasInside && !isInside()) left();
    wasInside = isInside();
  }, { passive: true });
  const hasFocus = () => list.contains(document.activeElement) && document.hasFocus();
  return () => performance.now() - pointerMovedAt < POINTER_IDLE_MS || hasFocus() || isInside();
}
