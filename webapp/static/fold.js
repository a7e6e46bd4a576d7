// The sentence of several notifications of one kind: "3 of your orders were paid · €912.40".

// Returns the sum of two toasts and its sentence. `data-fold` is the sentence with {count}; `data-total` is in minor units.
export function folded(before, toast) {
  const count = Number(before.dataset.count) + Number(toast.dataset.count);
  const total = Number(before.dataset.total) + Number(toast.dataset.total);
  const { locale, currency, digits } = document.getElementById("toasts").dataset;
  const sentence = toast.dataset.fold.replace("{count}", count.toLocaleString(language(locale)));
  return { count, total, sentence: total ? `${sentence} · ${money(total, { locale, currency, digits })}` : sentence };
}

// The tenant's locale is written as in Babel: de_DE.
function language(locale) {
  try {
    return new Intl.Locale(locale.replaceAll("_", "-")).toString();
  } catch {
    return "en";
  }
}

function money(minor, { locale, currency, digits }) {
  const style = { style: "currency", currency, minimumFractionDigits: Number(digits), maximumFractionDigits: Number(digits) };
  return new Intl.NumberFormat(language(locale), style).format(minor / 10 ** digits);
}
