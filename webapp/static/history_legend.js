// The legend above the chart: each series with its value at the pointer, or its sum when nothing is pointed at.
import { valueFormat } from "./history_numbers.js";
import { t } from "./texts.js";

const legend = document.getElementById("history-legend");
const SVG = "http://www.w3.org/2000/svg";

// `at` is the number of a period, or null.
export function showLegend(data, at) {
  const format = valueFormat(data.isMoney);
  const text = (values) => {
    const value = at === null ? null : values[at];
    return value === null || value === undefined ? "" : format(value);
  };
  const period = document.createElement("strong");
  period.className = "legend-period";
  period.textContent = at === null ? t("Point at the chart for values.") : data.labels[at];
  const entries = data.series.map((each, n) => entry(each.name, text(each.values), `series-${n + 1}`));
  if (data.compared) entries.push(entry(comparedName(data, at), text(data.compared.values), "series-compared"));
  legend.replaceChildren(period, ...entries);
}

const comparedName = ({ compared }, at) => (at === null ? compared.name : compared.labels[at] || compared.name);

function entry(name, value, kind) {
  const element = document.createElement("span");
  element.className = "legend-entry";
  const label = document.createElement("span");
  label.className = "legend-name";
  label.textContent = name;
  label.title = name;
  const figure = document.createElement("b");
  figure.className = "num";
  figure.textContent = value;
  element.append(key(kind), label, figure);
  return element;
}

function key(kind) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `key ${kind}`);
  svg.setAttribute("width", "14");
  svg.setAttribute("height", "11");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "line");
  for (const [name, value] of Object.entries({ x2: "14", y1: "5.5", y2: "5.5" })) line.setAttribute(name, value);
  svg.append(line);
  return svg;
}
