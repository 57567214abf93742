//! The report of a session: one HTML page that needs nothing else.
//!
//! Takes [`ReportData`]; gives the page as text: style, plots (SVG) and pictures (PNG) inside, no script, nothing from a
//! network, light and dark, every text escaped. A score that was withheld is nowhere a headline.
//!
//! | file | holds |
//! |---|---|
//! | `data` | what the page shows |
//! | `page` | its sections |
//! | `table` | scores in rows |
//! | `plots` | accuracy against k, confusion, timing |
//! | `signal` | mean responses and scalp maps |

mod data;
mod page;
mod plots;
mod signal;
mod table;

pub use data::{DisplayFacts, Example, ReportData, RunFacts};
pub use page::page;

/// A text that cannot become anything but text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A number, or a dash where there is none.
fn number(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    // What rounds to nothing has no sign.
    let text = format!("{value:.digits$}");
    if text.trim_start_matches(['-', '0', '.']).is_empty() {
        return format!("{:.digits$}", 0.0);
    }
    text
}

#[cfg(test)]
mod tests;
