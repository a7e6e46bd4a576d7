// A field above a long <select> that narrows its options while the user types. Without this script the list is complete.
// The options that do not match leave the page, because some browsers show hidden options.
const FEW = 8; // rows of the open list

// Without accents and signs, so that "sao paulo" and "german germany" match.
const folded = (text) =>
  text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}+:-]+/gu, " ")
    .trim();

class SearchSelect {
  constructor(box) {
    this.select = box.querySelector("select");
    this.options = [...this.select.options].map((option) => ({ option, text: folded(option.text) }));
    this.search = searchField(box.dataset.searchSelect, this.select.id);
    this.empty = Object.assign(document.createElement("div"), { className: "settings-no-match" });
    this.empty.setAttribute("role", "status");
    this.emptyText = box.dataset.searchEmpty;
    this.select.before(this.search);
    this.select.after(this.empty);
    this.listen();
  }

  listen() {
    this.search.addEventListener("input", () => this.narrow());
    this.search.addEventListener("keydown", (event) => this.press(event));
    this.select.addEventListener("click", () => this.search.value && this.close());
    this.select.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !this.search.value) return;
      event.preventDefault();
      this.close();
    });
  }

  get matches() {
    const words = folded(this.search.value).split(" ");
    return this.options.filter(({ text }) => words.every((word) => text.includes(word)));
  }

  // Shows the matches as an open list, with the chosen option.
  narrow() {
    const { matches, select } = this;
    const chosen = select.value;
    const shown = this.options.filter((each) => each.option.value === chosen || matches.includes(each));
    select.replaceChildren(...shown.map(({ option }) => option));
    select.value = chosen;
    select.size = this.search.value ? Math.min(FEW, Math.max(2, shown.length)) : 1;
    this.empty.textContent = matches.length ? "" : this.emptyText;
  }

  close() {
    this.search.value = "";
    this.narrow();
  }

  press(event) {
    if (event.key === "ArrowDown") this.select.focus();
    else if (event.key === "Enter" && this.search.value) this.chooseMatch();
    else if (event.key === "Escape") this.close();
    else return;
    // Enter takes a match, and does not send the form.
    event.preventDefault();
  }

  // The only match, the only one that begins with the typed text, or the only one whose value ends with it: "Pago Pago" is also
  // the city of Pacific/Samoa, and a part of Galapagos.
  chooseMatch() {
    const typed = folded(this.search.value);
    const tests = [() => true, ({ text }) => text.startsWith(typed), ({ option }) => ` ${folded(option.value)}`.endsWith(` ${typed}`)];
    const only = tests.map((test) => this.matches.filter(test)).find((found) => found.length === 1);
    if (!only) return;
    this.close();
    this.select.value = only[0].option.value;
    for (const name of ["input", "change"]) this.select.dispatchEvent(new Event(name, { bubbles: true }));
  }
}

function searchField(label, controls) {
  const search = document.createElement("input");
  Object.assign(search, { type: "search", className: "form-control settings-search", autocomplete: "off", placeholder: label });
  search.setAttribute("aria-label", label);
  search.setAttribute("aria-controls", controls);
  return search;
}

for (const box of document.querySelectorAll("[data-search-select]")) Object.seal(new SearchSelect(box));
