//! What a cleaner is told of a source: which channels are used, where they are, which are bad.
//!
//! Takes what is to be cleaned and a contract that was set against a source; refuses what contradicts either.

use super::cleaning::Cleaning;
use super::contract::Fitted;
use crate::dsp::Reference;
use crate::dsp::clean::CleanSetup;
use crate::signal::montage::{canonical_label, position};
use crate::source::SourceInfo;

/// All that a cleaner needs but the components.
///
/// # Errors
/// What contradicts the source or the pack, in plain words.
pub fn setup(
    cleaning: &Cleaning,
    info: &SourceInfo,
    fitted: &Fitted,
) -> Result<CleanSetup, String> {
    refuse_a_reference_without_effect(cleaning, fitted)?;
    let channels = &info.channels;
    let row = |label: &String| {
        let wanted = canonical_label(label);
        let same = |c: &String| canonical_label(c).eq_ignore_ascii_case(&wanted);
        channels.iter().position(same).ok_or_else(|| {
            format!("'{label}' is not in this source. It has {}", channels.join(" "))
        })
    };
    let bad: Vec<usize> = cleaning.bad.iter().map(row).collect::<Result<_, _>>()?;
    if let Some(c) = bad.iter().find(|c| position(&channels[**c]).is_none()) {
        return Err(format!(
            "nobody knows where '{}' is on the head: it cannot be interpolated",
            channels[*c]
        ));
    }
    let named_bad = (0..channels.len()).map(|c| bad.contains(&c)).collect();
    let weights = &fitted.chain.mapping;
    let is_used = |c: usize| weights.iter().skip(c).step_by(channels.len()).any(|w| *w != 0.0);
    Ok(CleanSetup {
        rate: info.rate,
        used: (0..channels.len()).map(is_used).collect(),
        places: channels.iter().map(|label| position(label)).collect(),
        named_bad,
        watch_bad: cleaning.watch_bad,
        reference: cleaning.reference.iter().map(row).collect::<Result<_, _>>()?,
        subspace: None,
    })
}

/// Whatever is common to all channels goes again where the pack takes a reference off itself.
fn refuse_a_reference_without_effect(cleaning: &Cleaning, fitted: &Fitted) -> Result<(), String> {
    let by_pack = match fitted.chain.reference {
        Reference::None => return Ok(()),
        Reference::CommonAverage => "the average of its channels",
        Reference::Channel(_) => "a channel of its own",
    };
    if cleaning.reference.is_empty() {
        return Ok(());
    }
    Err(format!(
        "--reference {} contradicts the pack, which takes {by_pack} off afterwards: it would change nothing. Leave it away",
        cleaning.reference.join(",")
    ))
}
