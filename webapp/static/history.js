// The history page: its chart follows the data of the live part, and its form keeps presets and dates apart.
import { drawChart } from "./history_chart.js";

const section = document.getElementById("history-chart");
const form = document.getElementById("history-filter");
let chart = null;
let key = null;
let shownText = null;

// The same series with new values keep the zoom.
function show() {
  const text = document.getElementById("history-chart-data")?.textContent ?? null;
  if (text === shownText && chart) return;
  shownText = text;
  const found = text === null ? null : JSON.parse(text);
  section.hidden = found === null;
  if (found === null) return;
  if (chart && found.key === key) {
    chart.update(found);
    return;
  }
  chart?.remove();
  chart = drawChart(section, found);
  ({ key } = found);
}

// Typed dates win on the server, so a chosen preset empties them.
form.addEventListener("change", ({ target }) => {
  const { range, from, to } = form.elements;
  if (target === range && range.value) {
    from.value = "";
    to.value = "";
  } else if (target === from || target === to) {
    range.value = "";
  }
});

// Parameters that are empty stay out of the address.
form.addEventListener("submit", () => {
  const empty = [...form.elements].filter((field) => field.name && !field.value);
  for (const field of empty) field.disabled = true;
  setTimeout(() => {
    for (const field of empty) field.disabled = false;
  });
});

document.addEventListener("htmx:after:swap", show);
show();
