// Changes a screen into new HTML in place: elements stay, so nothing flickers, and what changed is lit for a moment.
const FLASH_MS = 2_000;
const flashes = new WeakMap(); // element -> timer

export function patch(target, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  patchChildren(target, template.content);
}

function patchChildren(from, to) {
  const named = namedIn(from);
  const wantedNodes = Array.from(to.childNodes);
  let place = from.firstChild;
  for (const wanted of wantedNodes) {
    const found = wanted.id ? named.get(wanted.id) : place;
    if (found && isSame(found, wanted)) {
      if (found === place) place = place.nextSibling;
      else from.insertBefore(found, place);
      patchNode(found, wanted);
    } else {
      from.insertBefore(wanted, place);
      if (wanted.dataset?.row !== undefined) flash(wanted);
    }
  }
  removeFrom(place);
}

const namedIn = (element) => new Map(Array.from(element.children, (child) => [child.id, child]).filter(([id]) => id));

function removeFrom(place) {
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

const isSame = (a, b) => a.nodeName === b.nodeName && (a.id ?? "") === (b.id ?? "");

function patchNode(node, wanted) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.data !== wanted.data) node.data = wanted.data;
    return;
  }
  const isChanged = changes(node, wanted);
  patchAttributes(node, wanted);
  patchChildren(node, wanted);
  if (isChanged) flash(node);
}

function changes(node, wanted) {
  if (node.dataset.row !== undefined && node.dataset.version !== wanted.dataset.version) return true;
  return node.dataset.flash !== undefined && node.textContent !== wanted.textContent;
}

function patchAttributes(node, wanted) {
  if (flashes.has(node)) wanted.classList.add("is-changed");
  for (const name of node.getAttributeNames()) if (!wanted.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function flash(element) {
  clearTimeout(flashes.get(element));
  element.classList.add("is-changed");
  const end = () => {
    flashes.delete(element);
    element.classList.remove("is-changed");
  };
  flashes.set(element, setTimeout(end, FLASH_MS));
}
