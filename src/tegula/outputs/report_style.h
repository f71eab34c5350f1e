// outputs/report_style.h — the style sheet of the report: one column of text, quiet colours, light, dark and on paper.
#pragma once

#include <string_view>

namespace tegula::outputs {

inline constexpr std::string_view kReportStyle = R"css(
:root {
  color-scheme: light dark;
  --paper: #fdfcfa; --ink: #22201d; --soft: #6b665f; --line: #ddd8d0; --panel: #f5f2ed;
  --accent: #00735a; --warn: #8a4b00; --warn-panel: #fdf3e3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #181817; --ink: #e6e3dd; --soft: #9d978e; --line: #37352f; --panel: #21201e;
    --accent: #4dbf9f; --warn: #f0b35a; --warn-panel: #2c2417;
  }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --soft: #555; --line: #ccc; --panel: #f6f6f6;
    --accent: #00735a; --warn: #8a4b00; --warn-panel: #fdf3e3;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3.5rem 2rem 4rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
h1, h2 {
  font-family: Charter, "Bitstream Charter", "Iowan Old Style", Palatino, Georgia, "Liberation Serif", serif;
  font-weight: 600;
}
h1 { margin: .2rem 0 .8rem; font-size: 2.4rem; line-height: 1.15; letter-spacing: -.01em; }
h2 { margin: 3.2rem 0 1rem; font-size: 1.35rem; }
h3 { margin: 2rem 0 .4rem; font-size: .95rem; font-weight: 600; }
p { margin: 0 0 .8rem; max-width: 46rem; }
.kicker { margin: 0; color: var(--soft); font-size: .85rem; letter-spacing: .04em; }
.lead { font-size: 1.12rem; }
p.small { margin-top: .7rem; }
.small { color: var(--soft); font-size: .85rem; }
.warnings {
  margin: 1.6rem 0; padding: .9rem 1.2rem; border-left: 3px solid var(--warn); background: var(--warn-panel);
}
.warnings strong { color: var(--warn); }
.warnings ul { margin: .3rem 0 0; padding-left: 1.1rem; }
.figures {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(9.4rem, 1fr)); gap: 0 1.5rem; margin: 2.4rem 0 0;
}
.figures div { padding: .8rem 0 1rem; border-top: 1px solid var(--line); }
.figures dt { color: var(--soft); font-size: .85rem; }
.figures dd { margin: 0; }
.figures dd.value { font-size: 1.65rem; line-height: 1.3; }
.figures dd.value small { font-size: .95rem; color: var(--soft); }
.figures dd.detail { color: var(--soft); font-size: .85rem; }
.exact { margin: 1.6rem 0 0; padding-left: 1.2rem; border-left: 3px solid var(--accent); }
.pictures {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1.5rem; margin: 2.6rem 0 0;
}
figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; border: 1px solid var(--line); }
figcaption { margin-top: .5rem; color: var(--soft); font-size: .85rem; }
.swatch {
  display: inline-block; width: .75em; height: .75em; margin-right: .5em; border-radius: 2px;
}
table { width: 100%; border-collapse: collapse; font-size: .93rem; }
th { color: var(--soft); font-size: .85rem; font-weight: 400; text-align: left; vertical-align: bottom; }
th, td { padding: .38rem 1.2rem .38rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
td { vertical-align: top; }
th.number, td.number { text-align: right; white-space: nowrap; }
td.wide { width: 55%; vertical-align: middle; }
.record th { width: 15rem; vertical-align: top; }
.record table table { width: auto; }
.record table table th { width: auto; }
.record table table th, .record table table td { padding-top: .1rem; padding-bottom: .1rem; border: 0; }
.record td { overflow-wrap: anywhere; }
.record .columns td { overflow-wrap: break-word; }
details { margin-top: 3.2rem; border-top: 1px solid var(--line); }
summary { padding: .9rem 0; cursor: pointer; font-weight: 600; }
.chart { display: block; width: 100%; max-width: 46rem; height: auto; margin-top: 1.6rem; }
.chart text { fill: var(--soft); font-size: 12px; }
.chart .grid { stroke: var(--line); }
.chart .median { stroke: var(--ink); stroke-dasharray: 3 3; }
.chart .line { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 0 2rem; }
.density { max-width: 46rem; margin-top: 1rem; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.9rem, 1fr)); gap: .9rem .7rem; margin-top: 1rem; }
.gallery img { aspect-ratio: 1; object-fit: cover; }
.gallery figcaption { margin-top: .3rem; font-size: .78rem; line-height: 1.35; }
.scale {
  display: flex; gap: .5rem; align-items: center; margin-top: .35rem; color: var(--soft); font-size: .8rem;
}
.scale i { flex: 1; height: .55rem; border: 1px solid var(--line); }
.bar { fill: var(--accent); }
.bar.more { opacity: .45; }
.meter { display: block; width: 100%; height: .6rem; background: var(--panel); }
footer { margin-top: 3.5rem; color: var(--soft); font-size: .85rem; }
@media print {
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  h2, h3, summary { break-after: avoid; }
  figure, .figures div, .warnings, tr, .chart { break-inside: avoid; }
  .figures { grid-template-columns: repeat(3, 1fr); }
  .pictures { grid-template-columns: repeat(3, 1fr); gap: .8rem; }
  .record table { font-size: 8.5pt; }
  .record th { width: 8rem; }
  details::details-content { display: block; height: auto; content-visibility: visible; }
  .bar, .meter, .scale i, .swatch { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace tegula::outputs
