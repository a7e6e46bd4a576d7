// Returns the layout faults of the page as sentences. Run by test_layout.py.
() => {
  const found = [];
  const where = (element) => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} in ${
    element.closest("[data-frame]")?.dataset.frame ?? element.closest("[id]")?.id ?? "page"}`;
  const width = document.documentElement.clientWidth;
  const page = document.documentElement.scrollWidth;
  if (page > width) found.push(`the page is ${page} px wide in a window of ${width}`);

  const visible = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".visually-hidden, .skip-link, svg");
  const isClipped = (element) => getComputedStyle(element).overflowX === "hidden";
  const hasEllipsis = (element) => getComputedStyle(element).textOverflow === "ellipsis";
  // A table head for screen readers only is a box of one pixel.
  const tiny = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const box = each.getBoundingClientRect();
      if (isClipped(each) && box.width <= 1 && box.height <= 1) return true;
    }
    return false;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !visible(element) || tiny(element) || element.matches("option, title, script")) continue;
    const text = node.data.trim().slice(0, 40);

    for (const word of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
      // Between the characters of these scripts a line may end.
      if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(word[0])) continue;
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set(Array.from(range.getClientRects(), (rect) => Math.round(rect.bottom)));
      const box = range.getBoundingClientRect();
      if (lines.size > 1 && box.height > 1.6 * parseFloat(getComputedStyle(element).fontSize)) found.push(`"${word[0]}" is split in ${where(element)}`);
    }

    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    let cut = null;
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      const room = each.getBoundingClientRect();
      const outside = box.right > room.right + 1 || box.left < room.left - 1;
      // An ellipsis begins at the padding.
      const { paddingLeft, paddingRight } = getComputedStyle(each);
      const padded = box.right > room.right - parseFloat(paddingRight) + 1 || box.left < room.left + parseFloat(paddingLeft) - 1;
      if (padded && isClipped(each) && hasEllipsis(each)) {
        cut = each;
        break;
      }
      if (outside && each.matches(".card, td, th, .topbar, .page-head, .panel-body")) {
        found.push(`"${text}" leaves ${where(each)} by ${Math.round(Math.max(box.right - room.right, room.left - box.left))} px`);
        break;
      }
    }
    if (!cut) continue;
    if (element.closest(".num, .money, .figure")) found.push(`the number "${text}" is cut off`);
    else if (!element.closest("[title]") && !cut.querySelector("[title]")) found.push(`"${text}" is cut off and has no title, in ${where(cut)}`);
  }
  return [...new Set(found)];
};
