// The sentence of several notifications of one kind: "3 of your orders were paid · €912.40".
import { plural } from "./texts.js";

// Returns the data of the toast for both: `count` different orders with a `total` in minor units, and the sentence. `data-fold` has
// the sentence in each plural form. An order that is in both counts once.
export function folded(before, toast) {
  const known = ids(before);
  const added = ids(toast);
  const isKnown = added.length > 0 && added.every((id) => known.includes(id));
  const count = Number(before.dataset.count) + (isKnown ? 0 : Number(toast.dataset.count));
  const total = Number(before.dataset.total) + (isKnown ? 0 : Number(toast.dataset.total));
  const subjects = [...new Set([...known, ...added])].join(" ");
  return { count, total, subjects, sentence: sentence(toast.dataset.fold, count, total) };
}

const ids = (toast) => toast.dataset.subjects.split(" ").filter(Boolean);

function sentence(forms, count, total) {
  const { locale, currency, digits } = document.getElementById("toasts").dataset;
  const counted = plural(JSON.parse(forms), count);
  return total ? `${counted} · ${money(total, { locale, currency, digits })}` : counted;
}

// The page's locale is written as in Babel: de_DE.
function language(locale) {
  try {
    return new Intl.Locale(locale.replaceAll("_", "-")).toString();
  } catch {
    return "en";
  }
}

function money(minor, { locale, currency, digits }) {
  const decimals = { minimumFractionDigits: Number(digits), maximumFractionDigits: Number(digits) };
  const style = { style: "currency", currency, numberingSystem: "latn", ...decimals };
  return new Intl.NumberFormat(language(locale), style).format(minor / 10 ** digits);
}
