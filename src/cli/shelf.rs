//! What pictures look like, by row: decoded when they are first asked for.
//!
//! Takes a set of pictures as files; gives pixels. Few sets are looked at as a whole, and one of thousands would take
//! gigabytes: at most [`MOST_HELD`] are held, so that every picture of a session is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::signal::StimulusSet;
use crate::snapshot::Picture;

/// Pictures held decoded.
const MOST_HELD: usize = 512;

/// A set with the pictures of it that were asked for.
pub struct Shelf {
    stimuli: Arc<StimulusSet>,
    held: RefCell<HashMap<u16, Option<Arc<Picture>>>>,
}

impl Shelf {
    /// Nothing decoded yet.
    pub fn new(stimuli: Arc<StimulusSet>) -> Self {
        Self { stimuli, held: RefCell::default() }
    }

    /// The picture of a row; `None` where there is none, or it cannot be read.
    pub fn picture(&self, row: u16) -> Option<Arc<Picture>> {
        let mut held = self.held.borrow_mut();
        if held.len() >= MOST_HELD && !held.contains_key(&row) {
            held.clear();
        }
        let decode = || {
            let stimulus = self.stimuli.stimuli.get(usize::from(row))?;
            Picture::from_encoded(&stimulus.png).ok().map(Arc::new)
        };
        held.entry(row).or_insert_with(decode).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_decoded_once_and_few_are_held() {
        let bundled = StimulusSet::bundled_or_none();
        let shelf = Shelf::new(bundled.clone());
        let first = shelf.picture(0).expect("the first bundled picture");
        assert!(Arc::ptr_eq(&first, &shelf.picture(0).expect("the same")));
        assert!(shelf.picture(40).is_none());
        let mut many = StimulusSet::clone(&bundled);
        many.stimuli = bundled.stimuli.iter().cycle().take(2 * MOST_HELD).cloned().collect();
        let shelf = Shelf::new(Arc::new(many));
        (0..2 * MOST_HELD as u16).for_each(|row| assert!(shelf.picture(row).is_some()));
        assert!(shelf.held.borrow().len() <= MOST_HELD);
    }
}
