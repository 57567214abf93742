//! The cleaner of a source, as it was asked for.
//!
//! Takes what is to be cleaned, a contract that was set against a source, and where components are learned; gives the signal
//! stage's [`Cleaner`]. Live, offline, `fit` and `evaluate` all come here, so that it is the very same object everywhere.

use super::clean_setup::setup;
use super::cleaning::Cleaning;
use super::contract::Fitted;
use super::learning;
use crate::dsp::clean::{Cleaner, Learn, SubspaceSetup};
use crate::source::SourceInfo;

/// The cleaner for a source; `None` where nothing is cleaned. A recording to learn from is read here.
///
/// # Errors
/// What contradicts the source or the pack, in plain words.
pub fn cleaner(
    cleaning: &Cleaning,
    info: &SourceInfo,
    fitted: &Fitted,
    learn: Learn,
) -> Result<Option<Cleaner>, String> {
    if cleaning.is_off() {
        return Ok(None);
    }
    let mut setup = setup(cleaning, info, fitted)?;
    if let Some(components) = &cleaning.components {
        let from = components.from.as_deref();
        let wanted = |path| learning::learned_from(path, cleaning, &setup, info, fitted);
        setup.subspace = Some(SubspaceSetup {
            cutoff: components.cutoff,
            delay_secs: components.delay_secs,
            statistics: from.map(wanted).transpose()?,
            learn,
        });
    }
    Cleaner::prepare(setup).map(Some).map_err(|e| format!("the signal cannot be cleaned: {e}"))
}
