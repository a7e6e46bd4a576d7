// <details> as menus: a click elsewhere or Escape closes them. Also the request headers: the CSRF token, and the page's user.
// When another user has signed in in another tab, the server answers 409 instead of that user's data.
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

// An open page keeps its language, also after its user has chosen another one elsewhere.
export const userHeader = () => ({
  "Doorbell-User": document.getElementById("live").dataset.user,
  "Doorbell-Language": document.documentElement.lang.split("-")[0],
});

// Returns whether the server has done it.
export async function post(url, options = {}) {
  const headers = { ...userHeader(), ...csrfHeader(), "HX-Request": "true", ...options.headers };
  try {
    return (await fetch(url, { method: "POST", ...options, headers })).ok;
  } catch {
    return false;
  }
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  Object.assign(ctx.request.headers, userHeader());
  if (ctx.request.method !== "GET") Object.assign(ctx.request.headers, csrfHeader());
});
