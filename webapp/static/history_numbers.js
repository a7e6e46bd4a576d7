// Numbers of the chart in the page's language: money of the company, or numbers of orders.
const { currency, digits } = document.getElementById("history-chart").dataset;
// The server writes numbers with Latin digits in every language.
const language = `${document.documentElement.lang || "en"}-u-nu-latn`;
const money = {
  style: "currency",
  currency,
  minimumFractionDigits: Number(digits),
  maximumFractionDigits: Number(digits),
};

const texts = new Intl.NumberFormat(language);
const amounts = new Intl.NumberFormat(language, money);
const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 2 });

export const valueFormat = (isMoney) => (value) => (isMoney ? amounts : texts).format(value);

// For the axis, where the currency would repeat on each line.
export const compactFormat = (value) => compact.format(value);
