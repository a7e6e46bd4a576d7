// Whether a person points at a list, or has the focus in it: then its rows must not move.
const POINTER_RESTS_MS = 30_000; // a pointer that lies still this long is left alone

// Answers a function that tells it for `list` in `frame`; `left()` is called when that may have ended.
export function watchUse(frame, list, left) {
  let pointerMovedAt = -Infinity;
  frame.addEventListener("pointermove", (event) => event.pointerType === "mouse" && (pointerMovedAt = performance.now()));
  frame.addEventListener("pointerleave", () => ((pointerMovedAt = -Infinity), left()));
  frame.addEventListener("focusout", () => setTimeout(left));
  const hasFocus = () => list.contains(document.activeElement) && document.hasFocus();
  return () => performance.now() - pointerMovedAt < POINTER_RESTS_MS || hasFocus();
}
