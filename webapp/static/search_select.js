// A field above a long <select> that narrows its options while the user types. Without this script the list is complete.
// The options that do not match leave the page, because some browsers show hidden options.
const FEW = 8; // rows of the open list

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[_/]/g, " ");

for (const box of document.querySelectorAll("[data-search-select]")) addSearch(box);

function addSearch(box) {
  const select = box.querySelector("select");
  const options = [...select.options].map((option) => [option, folded(option.text)]);
  const search = document.createElement("input");
  Object.assign(search, { type: "search", className: "form-control settings-search", autocomplete: "off" });
  search.placeholder = box.dataset.searchSelect;
  search.setAttribute("aria-label", box.dataset.searchSelect);
  search.setAttribute("aria-controls", select.id);
  const empty = document.createElement("div");
  empty.className = "settings-no-match";
  empty.setAttribute("role", "status");
  select.before(search);
  select.after(empty);

  function narrow() {
    const words = folded(search.value).split(/\s+/).filter(Boolean);
    const chosen = select.value;
    const found = options.filter(([option, text]) => option.value === chosen || words.every((word) => text.includes(word)));
    select.replaceChildren(...found.map(([option]) => option));
    select.value = chosen;
    select.size = words.length ? Math.min(FEW, Math.max(2, found.length)) : 1;
    const matches = found.filter(([, text]) => words.every((word) => text.includes(word)));
    empty.textContent = words.length && !matches.length ? box.dataset.searchEmpty : "";
    return matches;
  }

  function close() {
    search.value = "";
    narrow();
  }

  search.addEventListener("input", narrow);
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      select.focus();
      event.preventDefault();
    } else if (event.key === "Enter" && search.value) {
      // Enter takes a single match, and does not send the form.
      event.preventDefault();
      const [match, ...more] = narrow().filter(([option]) => option.value !== select.value);
      if (match && !more.length) choose(match[0].value);
    } else if (event.key === "Escape") {
      close();
    }
  });
  select.addEventListener("change", () => search.value && !select.matches(":focus") && close());
  select.addEventListener("click", () => search.value && close());
  select.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !search.value) return;
    event.preventDefault();
    close();
  });

  function choose(value) {
    select.value = value;
    close();
    select.dispatchEvent(new Event("input", { bubbles: true }));
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
