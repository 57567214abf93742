//! Found by attention: pictures of a page light up in groups, and whoever looks for one of them answers to its flashes.
//!
//! Takes scores of flashes, gives which picture is looked for, how sure that is, and when to stop. Pure functions on numbers in
//! memory: nothing here reads devices or draws.
//!
//! | file | holds |
//! |---|---|
//! | `code` | which pictures light up together: an endless, seeded sequence |
//! | `detector` | from a window after a flash to one score |
//! | `scored` | a flash with its score and its neighbours; a page of them |
//! | `law`, `law/fit`, `law/noise` | how scores come about when somebody looks for a picture, learnt from copy pages |
//! | `track`, `stray`, `posterior` | what the scores of a page say of each picture, and of "nobody is looking" |
//! | `stopping` | when to stop, and with which verdict |
//! | `rehearsal` | how many repetitions a page will take with this law, or that none will do |
//! | `bits` | what selections are worth: Wolpaw's bits and mutual information, a minute |
//! | `tally`, `twin`, `finder` | page after page, with the control beside it |
//! | `steer` | the next page around a choice |

pub mod scored;
pub mod law;
mod track;
mod stray;
pub mod posterior;
pub mod stopping;
pub mod rehearsal;
pub mod bits;
mod twin;
pub mod tally;
pub mod finder;
pub mod detector;
pub mod wearer;
mod steer_error;
pub mod space;
mod spread;
mod turn;
mod wanted;
pub mod path;
pub mod code;
pub mod steer;
pub mod strip;

pub use detector::Detector;
pub use finder::{FindView, Finder};
pub use law::{LawError, ScoreLaw};
pub use posterior::{NOBODY_BEFORE, PagePosterior};
pub use scored::{ScoredFlash, ScoredPage};
pub use stopping::{StopRule, Verdict};
pub use twin::TwinView;
pub use wearer::Wearer;
