//! How it looks, by day and by night: the colours of the terminal's drawing, dark enough or light enough to read.
//!
//! No custom properties: what converts pictures to other formats seldom knows them.

/// How many colours there are for lanes.
pub(super) const LANES: usize = 5;

pub(super) const STYLE: &str = "\
<style>
svg { max-width: 100%; height: auto; color-scheme: light dark; }
text { font: 12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1b1f24; white-space: pre; }
.page { fill: #ffffff; }
.p0 { color: #0b6e8f; } .p1 { color: #8a5a00; } .p2 { color: #8e3a9d; } .p3 { color: #2a7a2a; } .p4 { color: #2f55c0; }
.nobody { color: #1b1f24; }
.title, .heading { font-weight: bold; }
.head { font-weight: bold; text-anchor: middle; fill: currentColor; }
.operation { font-weight: bold; fill: currentColor; }
.note { fill: #b3261e; }
.site { font-size: 10px; fill: #57606a; }
.faint, .above { fill: #57606a; }
.runs, .holds-old-value, .sleeps { fill: none; stroke: currentColor; }
.runs { stroke-width: 1.5px; } .holds-old-value { stroke-width: 6px; } .sleeps { stroke-width: 1.5px; stroke-dasharray: 2 4; }
.reads, .kernel { fill: #ffffff; stroke: currentColor; stroke-width: 2px; }
.writes { fill: currentColor; stroke: currentColor; stroke-width: 2px; }
.dies { fill: none; stroke: #b3261e; stroke-width: 3px; }
.other { stroke: currentColor; stroke-width: 1.5px; }
.mark { font-size: 11px; font-weight: bold; text-anchor: middle; fill: currentColor; }
.from { fill: none; stroke: #57606a; stroke-width: 1.2px; marker-end: url(#head); }
.arrow { fill: #57606a; }
@media (prefers-color-scheme: dark) {
text, .nobody { fill: #e6e8eb; color: #e6e8eb; }
.page, .reads, .kernel { fill: #15181c; }
.p0 { color: #5cc8e8; } .p1 { color: #e3b341; } .p2 { color: #dc90ea; } .p3 { color: #7fce7f; } .p4 { color: #8fb0ff; }
.head, .operation, .mark { fill: currentColor; }
.note { fill: #ff8a80; } .dies { stroke: #ff8a80; }
.site, .faint, .above, .arrow { fill: #9aa4af; } .from { stroke: #9aa4af; }
}
</style>
";

pub(super) const ARROW_HEAD: &str = "\
<defs><marker id=\"head\" markerWidth=\"8\" markerHeight=\"8\" refX=\"6\" refY=\"3\" orient=\"auto\">\
<path class=\"arrow\" d=\"M 0 0 L 7 3 L 0 6 z\"/></marker></defs>
";
