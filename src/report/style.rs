//! The page's style: the window's colours as CSS variables, light or dark as the reader's system has it.

use crate::palette::{DARK, Hues, LIGHT, Rgb};

/// Everything but the colours.
const RULES: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground);max-width:960px;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.7rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}\
table{border-collapse:collapse;font-size:.85rem}th,td{padding:.2rem .55rem;text-align:left;border-bottom:1px solid var(--line)}\
.wide{overflow-x:auto}.small{font-size:.72rem;color:var(--weak)}.weak{color:var(--weak)}\
.warn{border:2px solid var(--bad);padding:.6rem 1rem;border-radius:8px}\
.headline{font-size:1.2rem}\
pre,.plot{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem}pre{white-space:pre-wrap}\
.plot{margin:1rem 0;width:fit-content;max-width:100%;box-sizing:border-box}\
svg{display:block;max-width:100%;height:auto}svg text{font-family:system-ui,sans-serif}svg rect{shape-rendering:crispEdges}\
.bar text{font-weight:normal}.bar{display:inline-block;vertical-align:middle}\
.examples{display:grid;grid-template-columns:repeat(auto-fill,minmax(430px,1fr));gap:1.4rem 1rem}.examples figure{margin:0}\
.sides{display:flex;gap:.6rem}.side{width:140px;font-size:.8rem;line-height:1.35}.side b{display:block;min-height:2.7em}\
.picture{position:relative;width:140px;height:140px}.picture img{width:100%;height:100%;border-radius:4px;display:block}\
.four{display:grid;grid-template-columns:1fr 1fr;width:140px;height:140px}.four img{border-radius:0}\
.veiled img{filter:brightness(.28)}.veiled span{position:absolute;inset:0;display:grid;place-items:center;text-align:center;color:#fff;font-weight:600}\
.draws{display:flex;gap:4px;margin-top:4px;color:var(--weak);font-size:.62rem}.draws span{width:32px}.draws img{width:32px;height:32px;border-radius:2px;display:block}\
.examples figcaption{margin-top:.3rem}";

/// The whole style sheet.
pub(super) fn sheet() -> String {
    format!(
        ":root{{{}}}@media(prefers-color-scheme:dark){{:root{{{}}}}}{RULES}",
        variables(&LIGHT),
        variables(&DARK)
    )
}

/// The colours of a theme by their CSS names.
pub(super) const fn named(hues: &Hues) -> [(&'static str, Rgb); 10] {
    [
        ("ground", hues.ground),
        ("card", hues.card),
        ("line", hues.line),
        ("text", hues.text),
        ("weak", hues.weak),
        ("accent", hues.accent),
        ("good", hues.good),
        ("fair", hues.fair),
        ("bad", hues.bad),
        ("null", hues.null),
    ]
}

/// As CSS writes it, and as plotters does.
pub(super) fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02X}{g:02X}{b:02X}")
}

fn variables(hues: &Hues) -> String {
    named(hues).map(|(name, rgb)| format!("--{name}:{};", hex(rgb))).concat()
}
