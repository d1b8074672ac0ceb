/** How the page looks: light and dark, and as narrow as a phone. */
export const STYLE = `
:root { --bg: #f6f7f9; --box: #fff; --ink: #1c2430; --soft: #5a6675; --line: #dde2e9; --main: #1f6feb; --good: #1a7f37; --warn: #9a6700; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --bg: #0e1116; --box: #171b22; --ink: #e6ebf2; --soft: #98a4b3; --line: #2b323c; --main: #58a6ff; --good: #3fb950; --warn: #d29922; --bad: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; padding: 14px 16px 0; max-width: 1200px; margin: auto; }
h1 { font-size: 20px; margin: 0; }
h2 { font-size: 13px; margin: 0 0 8px; color: var(--soft); text-transform: uppercase; letter-spacing: .04em; }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; padding: 12px 16px 32px; max-width: 1200px; margin: auto; }
section { background: var(--box); border: 1px solid var(--line); border-radius: 8px; padding: 12px; min-width: 0; }
#cards, #charts, .full { grid-column: 1 / -1; }
#cards, #charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 12px; }
#charts { grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); }
.card b { display: block; font-size: 24px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.card span, .chart span { color: var(--soft); }
.chart svg { display: block; width: 100%; height: 56px; margin-top: 4px; }
.chart path { fill: none; stroke: var(--main); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.chart b { float: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 10px 4px 0; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; }
ol, ul { list-style: none; margin: 0; padding: 0; max-height: 300px; overflow-y: auto; }
li { padding: 3px 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
time { color: var(--soft); font-variant-numeric: tabular-nums; margin-right: 8px; }
code, .id { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.bars li { display: flex; justify-content: space-between; gap: 12px; }
form, .actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: end; margin-bottom: 8px; }
input, button { font: inherit; color: inherit; background: var(--bg); border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; max-width: 100%; }
button { cursor: pointer; } button.danger { color: var(--bad); border-color: currentColor; }
button:focus-visible, input:focus-visible { outline: 2px solid var(--main); outline-offset: 1px; }
.empty { color: var(--soft); }
#user p { margin: 6px 0; overflow-wrap: anywhere; }
#user li { border: 0; }
@media (max-width: 720px) { main { grid-template-columns: minmax(0, 1fr); padding: 12px 10px 32px; } #cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } form label, form input { width: 100%; } }
@media (prefers-reduced-motion: no-preference) { li { transition: background .3s; } }
`;
