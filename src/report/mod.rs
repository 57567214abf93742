//! The report of a session: one HTML page that needs nothing else.
//!
//! Takes [`ReportData`]; gives the page as text: style, plots (SVG) and pictures (PNG) inside, no script, nothing from a
//! network, light and dark, every text escaped. A score that was withheld is nowhere a headline, and where
//! the control succeeds its words stand in place of pictures and scores.
//!
//! | file | holds |
//! |---|---|
//! | `data` | what the page shows |
//! | `words` | numbers and names as they are printed |
//! | `style` | its colours and spacing |
//! | `table` | scores in rows |
//! | `plot/` | accuracy against k, confusion, timing, mean responses, scalp maps |
//! | `electrodes` | how good each electrode was |
//! | `examples` | seen, best guess, null twin, by the rule of the window |
//! | `sections` | timing, recordings, facts |
//! | `page` | the sections in order |

mod data;
mod words;
mod style;
mod table;
mod plot;
mod electrodes;
mod examples;
mod sections;
mod page;

pub use data::{DisplayFacts, Example, Made, ReportData, RunFacts};
pub use page::page;

#[cfg(test)]
mod tests;
