#include "sim/report/html/style.hpp"

namespace witin::report::html {

std::string_view style_sheet() {
  return R"(:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f5f7f9; --ink: #1b2026; --faint: #57616c; --rule: #d5dce3; --link: #0a57c2;
  --good: #0a6c66; --good-ground: #e0f3f0; --bad: #b3261e; --bad-ground: #fde7e4;
  --warn: #855600; --warn-ground: #fff1d0; --missing: #6a3fb5; --missing-ground: #f1ebfb;
  --muted: #57616c; --muted-ground: #eef1f4; --heat: #b3261e; --bar: #3b6ea5;
  --s0: #0068a8; --s1: #c04a00; --s2: #00755a; --s3: #a03a80; --s4: #7a5c00; --s5: #444c55;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151a; --panel: #182027; --ink: #e4eaf0; --faint: #9fabb7; --rule: #323c46; --link: #7db7ff;
    --good: #5fd6c8; --good-ground: #0f3531; --bad: #ff9084; --bad-ground: #4a1a15;
    --warn: #f2c24f; --warn-ground: #3d2f08; --missing: #c3a4ff; --missing-ground: #2f2147;
    --muted: #9fabb7; --muted-ground: #222b33; --heat: #ff8a4c; --bar: #79aee0;
    --s0: #5bb8f0; --s1: #ff9a52; --s2: #45d3a8; --s3: #f08fcb; --s4: #e3c558; --s5: #c6ced6;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", Arial, sans-serif; }
main, footer { max-width: 1100px; margin: 0 auto; padding: 0 28px; }
footer { color: var(--faint); font-size: 13px; padding-top: 24px; padding-bottom: 32px; }
h1 { font-size: 26px; line-height: 1.25; margin: 32px 0 2px; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 40px 0 10px; padding-top: 14px; border-top: 1px solid var(--rule); }
h3 { font-size: 16px; margin: 28px 0 8px; overflow-wrap: anywhere; }
p { margin: 8px 0; max-width: 78ch; overflow-wrap: anywhere; }
a { color: var(--link); }
.about { color: var(--faint); margin-top: 0; }
.verdict { margin: 20px 0; padding: 14px 20px; border-radius: 10px; border-left: 7px solid var(--muted);
  background: var(--panel); }
.verdict .answer { font-size: 21px; font-weight: 650; line-height: 1.35; margin: 0; }
.verdict p { margin: 4px 0 0; }
.verdict.good { border-color: var(--good); background: var(--good-ground); } .verdict.good .answer { color: var(--good); }
.verdict.bad { border-color: var(--bad); background: var(--bad-ground); } .verdict.bad .answer { color: var(--bad); }
.verdict.warn { border-color: var(--warn); background: var(--warn-ground); } .verdict.warn .answer { color: var(--warn); }
.facts { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; }
.facts div { background: var(--panel); border-radius: 8px; padding: 8px 16px; min-width: 118px; }
.facts dt { color: var(--faint); font-size: 12.5px; }
.facts dd { margin: 0; font-size: 19px; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts .good dd { color: var(--good); } .facts .bad dd { color: var(--bad); } .facts .warn dd { color: var(--warn); }
.tag { display: inline-block; padding: 0 8px; border-radius: 9px; background: var(--muted-ground); color: var(--muted);
  font-weight: 600; }
.tag.good { background: var(--good-ground); color: var(--good); }
.tag.bad { background: var(--bad-ground); color: var(--bad); }
.tag.warn { background: var(--warn-ground); color: var(--warn); }
.tag.missing { background: var(--missing-ground); color: var(--missing); }
.legend { font-size: 13px; max-width: none; }
.scroll { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; font-size: 14px; }
caption { text-align: left; color: var(--faint); padding-bottom: 6px; }
th, td { padding: 4px 14px 4px 0; text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 600; border-bottom: 1.5px solid var(--rule); white-space: nowrap; }
td { border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 14px 0; }
figure svg { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--faint); font-size: 13px; max-width: 78ch; }
.row { display: flex; flex-wrap: wrap; gap: 8px 32px; align-items: flex-start; }
.row figure { margin: 8px 0; min-width: 0; }
details { margin: 12px 0; }
summary { cursor: pointer; color: var(--link); }
svg { font-family: inherit; }
svg text { fill: var(--ink); font-size: 12px; }
svg .tick { fill: var(--faint); font-size: 11.5px; font-variant-numeric: tabular-nums; }
svg .strong { fill: var(--ink); font-weight: 650; }
svg .label { fill: var(--faint); font-size: 12.5px; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .axis { stroke: var(--faint); stroke-width: 1; }
svg .bar { fill: var(--bar); }
svg .sum { fill: var(--heat); fill-opacity: .75; }
svg .field { fill: var(--panel); stroke: var(--rule); }
svg .heat { fill: var(--heat); }
svg .h1 { fill-opacity: .22; } svg .h2 { fill-opacity: .33; } svg .h3 { fill-opacity: .44; }
svg .h4 { fill-opacity: .55; } svg .h5 { fill-opacity: .66; } svg .h6 { fill-opacity: .78; }
svg .h7 { fill-opacity: .89; } svg .h8 { fill-opacity: 1; }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .band { fill-opacity: .16; }
svg .dot { stroke: var(--ground); stroke-width: 1; }
svg .leader { stroke-width: 1; stroke-opacity: .5; }
svg .name { font-weight: 600; }
svg .s0 { stroke: var(--s0); } svg .s1 { stroke: var(--s1); } svg .s2 { stroke: var(--s2); }
svg .s3 { stroke: var(--s3); } svg .s4 { stroke: var(--s4); } svg .s5 { stroke: var(--s5); }
svg .band.s0, svg .dot.s0, svg .name.s0 { fill: var(--s0); } svg .band.s1, svg .dot.s1, svg .name.s1 { fill: var(--s1); }
svg .band.s2, svg .dot.s2, svg .name.s2 { fill: var(--s2); } svg .band.s3, svg .dot.s3, svg .name.s3 { fill: var(--s3); }
svg .band.s4, svg .dot.s4, svg .name.s4 { fill: var(--s4); } svg .band.s5, svg .dot.s5, svg .name.s5 { fill: var(--s5); }
svg .band, svg .name { stroke: none; }
svg .curve.s1 { stroke-dasharray: 8 3; } svg .curve.s2 { stroke-dasharray: 3 3; }
svg .curve.s3 { stroke-dasharray: 10 3 3 3; } svg .curve.s4 { stroke-dasharray: 14 4; }
svg .curve.s5 { stroke-dasharray: 2 4; }
svg .node { fill: var(--panel); stroke: var(--rule); stroke-width: 1.2; }
svg .stripe { fill: var(--rule); }
svg .node-name { font-weight: 650; font-size: 13px; }
svg .node-detail { fill: var(--faint); font-size: 11.5px; }
svg .node-label { font-size: 11.5px; font-weight: 600; fill: var(--faint); }
svg .node.good { fill: var(--good-ground); stroke: var(--good); stroke-opacity: .5; }
svg .node.bad { fill: var(--bad-ground); stroke: var(--bad); stroke-width: 2.6; }
svg .node.warn { fill: var(--warn-ground); stroke: var(--warn); stroke-opacity: .7; }
svg .node.missing { fill: none; stroke: var(--missing); stroke-dasharray: 5 4; }
svg .node.muted { fill: none; stroke: var(--rule); }
svg .stripe.good, svg .node-label.good { fill: var(--good); } svg .stripe.bad, svg .node-label.bad { fill: var(--bad); }
svg .stripe.warn, svg .node-label.warn { fill: var(--warn); }
svg .stripe.missing, svg .node-label.missing { fill: var(--missing); }
svg .tile { fill: var(--muted-ground); stroke: var(--rule); }
svg .tile.good { fill: var(--good-ground); stroke: var(--good); stroke-opacity: .4; }
svg .tile.bad { fill: var(--bad-ground); stroke: var(--bad); } svg .tile.warn { fill: var(--warn-ground); stroke: var(--warn); }
svg .tile.missing { fill: var(--missing-ground); stroke: var(--missing); }
svg .edge { fill: none; stroke: var(--faint); stroke-opacity: .6; stroke-width: 1.4; }
svg .edge.bad { stroke: var(--bad); stroke-opacity: 1; } svg .edge.warn { stroke: var(--warn); stroke-opacity: 1; }
svg .arrow { fill: var(--faint); stroke: none; } svg .arrow.bad { fill: var(--bad); } svg .arrow.warn { fill: var(--warn); }
svg a:hover .node { stroke-width: 3; }
@media print { body { font-size: 12px; } main { max-width: none; } h2 { break-after: avoid; } figure { break-inside: avoid; } }
)";
}

}  // namespace witin::report::html
