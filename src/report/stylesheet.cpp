#include "report/stylesheet.h"

namespace fmnist {

const std::string_view kStylesheet = R"css(:root {
  color-scheme: light dark;
  --page: #f6f7f8; --surface: #ffffff; --ink: #1b1e22; --muted: #5b636e; --line: #dfe3e8;
  --test: #0a63a8; --train: #b34d00; --right: 0 80 148; --wrong: 213 94 0; --strong: #ffffff;
  --warning: #fff3df; --third: #00734d; --fourth: #a0407a; --fifth: #1b1e22; --sixth: #766000;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101214; --surface: #181b1f; --ink: #e8eaed; --muted: #9aa3ae; --line: #2f353c;
    --test: #6cb6f2; --train: #f0a050; --right: 108 182 242; --wrong: 230 130 50; --strong: #0d1114;
    --warning: #33270f; --third: #4fc79a; --fourth: #e08cc0; --fifth: #e8eaed; --sixth: #dccb55;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 48px; }
header, section {
  background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
  padding: 28px 32px; margin: 0 0 20px;
}
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 20px; overflow-wrap: anywhere; }
h2 { font-size: 20px; line-height: 1.25; margin: 0 0 8px; }
p { margin: 0; }
figure { margin: 0; min-width: 0; }
figcaption { color: var(--muted); font-size: 14px; margin-top: 10px; max-width: 68ch; }
.eyebrow { color: var(--muted); font-size: 14px; }
.lead { max-width: 76ch; margin: 0 0 20px; }
.result { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 20px; }
.accuracy { font-size: 64px; line-height: 1; font-weight: 650; letter-spacing: -0.02em; color: var(--test); }
.meaning { font-size: 20px; line-height: 1.3; }
.meaning span { display: block; font-size: 14px; color: var(--muted); }
.tiles { display: flex; flex-wrap: wrap; gap: 16px 40px; margin: 24px 0 20px; padding: 0; list-style: none; }
.tiles strong { display: block; font-size: 20px; font-weight: 600; }
.tiles span { color: var(--muted); font-size: 14px; }
.status { color: var(--muted); font-size: 14px; max-width: 90ch; }
.warning { background: var(--warning); border-radius: 8px; padding: 10px 14px; margin-top: 16px; font-size: 14px; }
nav { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 4px 20px; font-size: 14px; }
a { color: var(--test); text-decoration: none; }
a:hover { text-decoration: underline; }
footer { color: var(--muted); font-size: 14px; margin: 24px 4px 0; }
code { font-size: 0.9em; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 28px 40px; }
.beside { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 16px 36px; align-items: end; }
.beside svg { width: 440px; }
.beside figcaption { margin: 0 0 4px; }
.scroll { overflow-x: auto; }

svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; overflow: visible; }
svg text { fill: var(--ink); }
svg .tick { fill: var(--muted); font-size: 10px; font-variant-numeric: tabular-nums; }
svg .axis-name { fill: var(--muted); }
svg .chart-title { font-size: 13px; font-weight: 600; }
svg .grid { stroke: var(--line); stroke-width: 0.75; }
svg .axis { stroke: var(--muted); stroke-width: 1; }
.curve path { fill: none; stroke-width: 2; stroke-linejoin: round; }
.curve.train path { stroke: var(--train); stroke-dasharray: 5 3; }
.curve.test path { stroke: var(--test); }
.dot { fill: transparent; }
.curve.train .last { fill: var(--train); }
.curve.test .last { fill: var(--test); }
.series-0 { --hue: var(--test); --dash: none; }
.series-1 { --hue: var(--train); --dash: 6 3; }
.series-2 { --hue: var(--third); --dash: 2 3; }
.series-3 { --hue: var(--fourth); --dash: 9 3 2 3; }
.series-4 { --hue: var(--fifth); --dash: none; }
.series-5 { --hue: var(--sixth); --dash: 6 3; }
.curve.series path { stroke: var(--hue); stroke-dasharray: var(--dash); }
.curve.series .spread { stroke-width: 1.25; stroke-dasharray: none; opacity: 0.65; }
.curve.series .dot { fill: var(--hue); }
.curve.loose path:not(.spread) { stroke: none; }
svg .end-label.series { fill: var(--hue); }
svg .end-label { font-size: 12px; font-weight: 600; }
svg .ideal-label { font-size: 10px; }
svg .end-label.value { font-weight: 400; font-variant-numeric: tabular-nums; }
svg .end-label.train { fill: var(--train); }
svg .end-label.test { fill: var(--test); }
.bin { fill: var(--test); fill-opacity: 0.8; }
.count { fill: var(--muted); fill-opacity: 0.6; }
.ideal { fill: none; stroke: var(--ink); stroke-width: 1.25; stroke-dasharray: 4 3; }

table { border-collapse: collapse; font-size: 14px; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th { font-weight: 400; text-align: left; }
.figures { width: 100%; }
.figures th, .figures td { padding: 6px 10px; border-bottom: 1px solid var(--line); }
.figures thead th { color: var(--muted); }
.figures .number { text-align: right; width: 19%; }
.figures th:first-child { padding-left: 0; }
.figures .bar {
  background: linear-gradient(rgb(var(--right) / 0.6), rgb(var(--right) / 0.6)) no-repeat;
  background-size: calc((100% - 20px) * var(--share)) 3px; background-position: 10px 100%;
}
.figures tfoot { font-weight: 600; }
.figures tfoot th { font-weight: 600; }
.figures tfoot .bar { background: none; }
.figures.sweep th, .figures.sweep td { white-space: nowrap; }
.figures.sweep .number { width: auto; }
.figures.sweep .value:first-child { padding-left: 0; }
.figures.sweep .word { padding-left: 24px; }
.figures.sweep .best { font-weight: 600; }
.figures.sweep .out { color: var(--muted); }
.verdict-word { color: var(--muted); }
.best .verdict-word { color: var(--test); }
.worse .verdict-word { color: var(--train); }
.line { display: block; }
.verdict { font-size: 17px; margin-top: 16px; max-width: 76ch; }
pre { margin: 0; padding: 12px 16px; background: var(--page); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--test); font-size: 14px; margin-bottom: 8px; }
.heat { border-collapse: separate; border-spacing: 2px; }
.heat th { color: var(--ink); font-size: 13px; }
.heat tbody th { text-align: right; padding-right: 8px; white-space: nowrap; }
.heat .corner { color: var(--muted); text-align: right; vertical-align: bottom; padding-right: 8px; white-space: nowrap; }
.heat .corner span { display: block; }
.heat .head { text-align: center; }
.heat .upright { vertical-align: bottom; height: 92px; }
.heat .upright span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; display: block; margin: 0 auto; }
.heat td { min-width: 50px; height: 36px; padding: 0 4px; text-align: center; border-radius: 4px; }
.heat .right { background: rgb(var(--right) / var(--heat)); }
.heat .wrong { background: rgb(var(--wrong) / var(--heat)); }
.heat .strong { color: var(--strong); }
.heat .marked { outline: 2px solid var(--ink); font-weight: 650; }

img { display: block; image-rendering: pixelated; }
.filters { display: grid; grid-template-columns: repeat(10, minmax(0, 1fr)); gap: 16px; }
.filter { width: 100%; height: auto; border: 1px solid var(--line); }
.filters figcaption { margin-top: 4px; font-size: 13px; }
.key { display: flex; align-items: center; gap: 8px; margin-top: 16px; font-size: 13px; color: var(--muted); }
.ramp {
  width: 200px; border-radius: 4px; text-align: center;
  background: linear-gradient(90deg, rgb(0 114 178), rgb(0 114 178 / 0) 50%, rgb(213 94 0 / 0) 50%, rgb(213 94 0));
}
.examples { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 24px 28px; }
.row {  /* whole multiples of the pictures' pixels where there is room */
  display: grid; grid-template-columns: 84fr 248fr 132fr; gap: 10px; align-items: start; max-width: 484px;
}
.maps img { width: 100%; height: auto; }
.example figcaption { margin-top: 6px; }
.example strong { color: var(--ink); }
.mistakes { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: 20px 14px; }
.mistake { width: 100%; max-width: 112px; height: auto; }
.mistakes figcaption { margin-top: 6px; font-size: 13px; line-height: 1.35; }
.mistakes figcaption span { display: block; }
.truth { color: var(--ink); }
.taken { color: var(--train); }
.sure { color: var(--muted); }
.settings { width: 100%; margin-bottom: 16px; table-layout: fixed; }
.settings caption { position: static; width: auto; height: auto; clip-path: none; text-align: left; font-weight: 600; padding-bottom: 4px; }
.settings th, .settings td { padding: 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
.settings th { color: var(--muted); width: 170px; padding-right: 12px; }
.settings .changed td { font-weight: 600; }
.book { color: var(--train); font-weight: 400; margin-left: 8px; }

@media (max-width: 760px) {
  main { padding: 16px 12px 32px; }
  header, section { padding: 20px 16px; border-radius: 8px; }
  .pair, .examples, .beside { grid-template-columns: minmax(0, 1fr); }
  .beside svg { width: 100%; }
  .accuracy { font-size: 52px; }
  .filters { grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 12px; }
  .figures th, .figures td { padding: 6px 4px; }
  .heat { border-spacing: 1px; }
  .heat td { min-width: 27px; height: 27px; padding: 0; font-size: 11px; border-radius: 2px; }
  .heat th { font-size: 12px; }
  .heat tbody th, .heat .corner { padding-right: 4px; }
  .mistakes { grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 16px 10px; }
  .mistakes figcaption { font-size: 12px; }
  .settings th { width: 130px; }
}
@media (min-width: 761px) and (max-width: 1000px) {
  .mistakes { grid-template-columns: repeat(5, minmax(0, 1fr)); }
  .beside { grid-template-columns: minmax(0, 1fr); }
}
@media print {
  body { background: none; font-size: 12px; }
  main { max-width: none; padding: 0; }
  nav, footer { display: none; }
  header, section { border: none; padding: 0 0 12px; }
  h2 { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace fmnist
