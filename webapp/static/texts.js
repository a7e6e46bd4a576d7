// The texts of scripts in the page's language. The English text is the key; without a translation it is the text. Every text is
// written as a plain string in quotes at its call, because webapp/language/script_texts.py and `make texts` search for them.
const language = document.documentElement.lang || "en";
const catalog = read();
const plurals = new Intl.PluralRules(language);
// The server writes numbers with Latin digits in every language.
const NUMBERS = { numberingSystem: "latn" };

// Pages in English have no catalog.
function read() {
  const element = document.getElementById("texts");
  return element ? JSON.parse(element.textContent) : {};
}

// t("Stale since %(time)s", { time })
export function t(text, values = {}) {
  return fill(catalog[text] ?? text, values);
}

// The plural form for `num`: nt("%(num)s order", "%(num)s orders", 3). %(num)s is the number, formatted.
export function nt(one, many, num, values = {}) {
  return plural(catalog[one] ?? { one, other: many }, num, values);
}

// The same with forms that the server has translated, by their plural category.
export function plural(forms, num, values = {}) {
  return fill(forms[plurals.select(num)] ?? forms.other, { num: formatted(num), ...values });
}

// `options` are those of Intl.NumberFormat.
export const formatted = (number, options = {}) => new Intl.NumberFormat(language, { ...NUMBERS, ...options }).format(number);

// A literal per cent sign is written as %%.
function fill(text, values) {
  return text.replace(/%%|%\((\w+)\)s/g, (found, name) => (name ? (values[name] ?? found) : "%"));
}
