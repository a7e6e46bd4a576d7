// Reduces Tabler's style sheet to the rules that our pages use: node reduce.mjs tabler.min.css <used.json >reduced.css
import { readFileSync, writeFileSync } from "node:fs";
import { PurgeCSS } from "purgecss";

const css = readFileSync(process.argv[2], "utf8");
const used = JSON.parse(readFileSync(0, "utf8"));
const [reduced] = await new PurgeCSS().purge({
  content: [{ raw: used.words.join(" "), extension: "txt" }],
  css: [{ raw: css }],
  defaultExtractor: (text) => text.split(" "),
  fontFace: true,
  keyframes: true,
  variables: true,
  safelist: { variables: used.variables },
});
writeFileSync(process.stdout.fd, `${reduced.css.trimEnd()}\n`);
