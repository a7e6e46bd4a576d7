// The zoomable chart of the history page, by uPlot. Its x axis has the numbers of the periods, so that each has the same width.
import { showLegend } from "./history_legend.js";
import { compactFormat } from "./history_numbers.js";
import uPlot from "./vendor/uplot.min.js";

const HEIGHT = 280;
const MIN_PERIODS = 2; // no zoom shows fewer
const LABEL_WIDTH = 96;

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function drawChart(section, first) {
  const plot = section.querySelector("#history-plot");
  const state = { data: first, zoom: null, chart: null, section };
  state.chart = new uPlot(options(state, plot.clientWidth), columns(first), plot);
  describe(state, plot);
  const resized = new ResizeObserver(() => {
    if (plot.clientWidth) state.chart.setSize({ width: plot.clientWidth, height: HEIGHT });
  });
  resized.observe(plot);
  const themed = new MutationObserver(() => state.chart.redraw(false));
  themed.observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  const tools = section.querySelector(".history-tools");
  const pressed = ({ target }) => move(state, target.closest("[data-zoom]")?.dataset.zoom);
  tools.addEventListener("click", pressed);
  zoomTo(state, null);
  return {
    update: (data) => update(state, data, plot),
    remove() {
      resized.disconnect();
      themed.disconnect();
      tools.removeEventListener("click", pressed);
      state.chart.destroy();
    },
  };
}

function update(state, data, plot) {
  const isLonger = data.labels.length !== state.data.labels.length;
  state.data = data;
  state.chart.setData(columns(data), isLonger && state.zoom === null);
  zoomTo(state, state.zoom);
  describe(state, plot);
}

function describe({ data, chart }, plot) {
  plot.setAttribute("aria-label", data.summary);
  showLegend(data, chart.cursor.idx ?? null);
}

function columns({ labels, series, compared }) {
  const all = compared ? [...series, compared] : series;
  return [labels.map((_label, n) => n), ...all.map((each) => each.values)];
}

function options(state, width) {
  const { data } = state;
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    scales: { x: { time: false, range: (_chart, low, high) => [low - 0.5, high + 0.5] }, y: { range: yRange } },
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    axes: [xAxis(state), yAxis()],
    series: [{}, ...lines(data)],
    hooks: {
      setSelect: [() => select(state)],
      setCursor: [(chart) => showLegend(state.data, chart.cursor.idx ?? null)],
    },
  };
}

const yRange = (_chart, low, high) => uPlot.rangeNum(Math.min(low ?? 0, 0), Math.max(high ?? 0, 0) || 1, 0.1, true);

function xAxis(state) {
  const marked = (_chart, at) => at.map((n) => (Number.isInteger(n) ? (state.data.labels[n] ?? "") : ""));
  return { ...axis(), size: 30, grid: { show: false }, space: LABEL_WIDTH, incrs: [1, 2, 3, 5, 7, 10, 14, 30, 60, 120, 240], values: marked };
}

const yAxis = () => ({ ...axis(), size: 64, values: (_chart, at) => at.map((value) => compactFormat(value)) });

const axis = () => ({
  stroke: () => color("--tblr-secondary-color"),
  font: "12px system-ui, sans-serif",
  grid: { stroke: () => color("--chart-grid"), width: 1 },
  ticks: { show: false },
});

// One series is drawn as columns, as on the board; several are lines. The comparison is dashed.
function lines({ series, compared }) {
  const isSingle = series.length === 1;
  const found = series.map((each, n) => ({
    label: each.name,
    stroke: () => color(`--series-${n + 1}`),
    ...(isSingle ? columnStyle() : { width: 2 }),
  }));
  if (!compared) return found;
  const dashed = { label: compared.name, stroke: () => color("--tblr-secondary-color"), width: 2, dash: [6, 4], points: { show: false } };
  return [...found, dashed];
}

const columnStyle = () => ({
  fill: () => color("--series-1"),
  width: 0,
  paths: uPlot.paths.bars({ size: [0.68, 60] }),
  points: { show: false },
});

// The dragged part, in whole periods.
function select(state) {
  const { chart } = state;
  const { left, width } = chart.select;
  if (width < 4) return;
  const low = Math.ceil(chart.posToVal(left, "x") - 0.5);
  const high = Math.floor(chart.posToVal(left + width, "x") + 0.5);
  chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  zoomTo(state, [low, high]);
}

function move(state, how) {
  if (!how) return;
  const last = state.data.labels.length - 1;
  const [low, high] = state.zoom ?? [0, last];
  const width = high - low;
  const part = Math.max(1, Math.round((width + 1) / 4));
  const moved = {
    in: [low + part, high - part],
    out: [low - width / 2, high + width / 2],
    earlier: [low - part, high - part],
    later: [low + part, high + part],
    reset: null,
  }[how];
  zoomTo(state, moved && inside(moved, how, width, last));
}

// Moving keeps the width; zooming in keeps at least MIN_PERIODS.
function inside([low, high], how, width, last) {
  if (how === "earlier") return low < 0 ? [0, width] : [low, high];
  if (how === "later") return high > last ? [last - width, last] : [low, high];
  if (how === "in" && high - low < MIN_PERIODS - 1) {
    const middle = Math.round((low + high) / 2);
    return [middle, middle + MIN_PERIODS - 1];
  }
  return [low, high];
}

function zoomTo(state, wanted) {
  const last = state.data.labels.length - 1;
  const low = Math.max(0, Math.round(wanted?.[0] ?? 0));
  const high = Math.min(last, Math.round(wanted?.[1] ?? last));
  state.zoom = wanted === null || (low <= 0 && high >= last) ? null : [Math.min(low, high), high];
  const [from, to] = state.zoom ?? [0, last];
  state.chart.setScale("x", { min: from, max: to });
  mark(state, last);
}

function mark({ section, zoom, data }, last) {
  section.dataset.shown = `${data.labels[zoom?.[0] ?? 0]} – ${data.labels[zoom?.[1] ?? last]}`;
  section.classList.toggle("is-zoomed", zoom !== null);
  const isPossible = {
    in: (zoom ? zoom[1] - zoom[0] : last) >= MIN_PERIODS,
    out: zoom !== null,
    earlier: zoom !== null && zoom[0] > 0,
    later: zoom !== null && zoom[1] < last,
    reset: zoom !== null,
  };
  for (const button of section.querySelectorAll("[data-zoom]")) button.disabled = !isPossible[button.dataset.zoom];
}
