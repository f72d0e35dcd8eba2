"""How the page looks, light and dark, on a screen and on paper."""

from __future__ import annotations

from typing import Final

CSS: Final = """
:root { color-scheme: light dark; --back: #ffffff; --card: #f5f6f8; --text: #1b1f24; --soft: #57606a; --line: #d4d8de;
  --spent: #2563b0; --saved: #2e8b57; --bad: #b3341f;
  --c0: #2563b0; --c1: #c2570c; --c2: #2e8b57; --c3: #7d4fb5; --c4: #a8325e; --c5: #6b7280; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --card: #1e2329; --text: #e6e9ed; --soft: #a3adb8;
  --line: #363d46;
  --spent: #6ea8ec; --saved: #63c18d; --bad: #f08a72;
  --c0: #6ea8ec; --c1: #eb9a56; --c2: #63c18d; --c3: #b595e6; --c4: #e684a6; --c5: #9aa4b0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 64rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-top: .5rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; } p { margin: .25rem 0 .75rem; } .soft { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; } a { color: var(--spent); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem; margin: 1rem 0;
  padding: 0; }
.tiles div { background: var(--card); border-radius: .5rem; padding: .6rem .8rem; }
.tiles dt { color: var(--soft); font-size: .85rem; } .tiles dd { margin: 0; font-size: 1.1rem; font-weight: 600;
  overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  font-weight: 400; }
thead th { color: var(--soft); font-size: .85rem; vertical-align: bottom; } th[scope=row] { overflow-wrap: anywhere;
  min-width: 8rem; max-width: 20rem; }
.right { text-align: right; white-space: nowrap; } thead .right { white-space: normal; }
.wide { width: 28%; min-width: 7rem; } code { font-size: .85em;
  overflow-wrap: anywhere; }
svg.bar { display: block; width: 100%; height: .8rem; margin-top: .35rem; } svg.stack { display: block; width: 100%;
  height: 1.6rem; margin: .5rem 0; }
svg.picture { display: block; width: 100%; height: auto; background: var(--card); border-radius: .5rem; }
svg text { fill: var(--soft); font-size: 11px; } .grid { stroke: var(--line); stroke-width: 1; }
@media (max-width: 40rem) { svg text { font-size: 16px; } .wide { display: none; } }
.zero { stroke: var(--soft); stroke-width: 1; }
.whisker { stroke: var(--soft); stroke-width: 1; }
.spent, .dot { fill: var(--spent); } .saved { fill: var(--saved); } .failed { fill: var(--bad); }
.p50 { fill: var(--saved); } .p90 { fill: var(--spent); } .p99 { fill: var(--bad); }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); }
.c4 { fill: var(--c4); } .c5 { fill: var(--c5); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .5rem 0; padding: 0; list-style: none;
  font-size: .9rem; }
.legend svg { width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -1px; }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--soft); }
:focus-visible { outline: 2px solid var(--spent); outline-offset: 2px; }
@media print { body { max-width: none; } details { display: none; } }
"""
