// <details> as menus: a click elsewhere or Escape closes them. Also the CSRF token for htmx and fetch, and whose page it is: where
// another user signed in meanwhile, in another tab, the server answers 409 instead of with that user's data.
const OPEN = "details.menu[open], details.definition[open]";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(OPEN)) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(OPEN)) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

export function csrfHeader() {
  return { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
}

export const userHeader = () => ({ "Doorbell-User": document.getElementById("live").dataset.user });

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  Object.assign(ctx.request.headers, userHeader());
  if (ctx.request.method !== "GET") Object.assign(ctx.request.headers, csrfHeader());
});
