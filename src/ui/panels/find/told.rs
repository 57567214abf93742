//! What a page came to, in words.
//!
//! Takes how a search stood when its page ended, and when its flashes were seen; gives a heading, sentences, figures. A
//! picture is named only where the search found it, and where the control does not succeed.

use crate::find::bits::wolpaw;
use crate::find::{FindView, Verdict};
use crate::present::flashes::{Fate, FlashLog};
use crate::ui::look::words;

/// Share of flashes that must be seen in time for nothing to be said.
const LEAST_IN_TIME: f64 = 0.99;

/// How a page ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    /// This picture of the page was looked for.
    Found { picture: usize, probability: f64 },
    /// Nobody was looking.
    Nobody,
    /// No picture was sure enough.
    GaveUp,
    /// No flash could be judged.
    Unjudged,
    /// The control succeeds: nothing may be shown.
    Withheld(&'static str),
}

/// A page that is over.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub end: End,
    /// Row of the picture in the set, where one was found, and what it is called.
    pub row: Option<usize>,
    pub label: String,
    view: FindView,
    pictures: usize,
    /// How well its flashes were timed, and the share that was in time; not a number where none was due.
    timing: String,
    in_time: f64,
}

impl Told {
    /// `view` is of this page, or `None` where nothing came; `rows` and `labels` are those of its pictures.
    pub fn of(view: Option<&FindView>, log: &FlashLog, rows: &[usize], labels: &[String]) -> Self {
        let view = view.cloned().unwrap_or_default();
        let end = match (view.withheld, view.verdict) {
            (Some(why), _) => End::Withheld(why),
            (None, Verdict::Found { picture, probability }) => End::Found { picture, probability },
            (None, Verdict::NobodyLooks) => End::Nobody,
            (None, _) if view.scored == 0 => End::Unjudged,
            (None, Verdict::GaveUp | Verdict::Going) => End::GaveUp,
        };
        let found = if let End::Found { picture, .. } = end { Some(picture) } else { None };
        let label = found.and_then(|picture| labels.get(picture)).cloned().unwrap_or_default();
        Self {
            end,
            row: found.and_then(|picture| rows.get(picture)).copied(),
            label,
            view,
            pictures: rows.len(),
            timing: timing(log),
            in_time: log.share_in_time(),
        }
    }

    /// Its one line.
    pub fn heading(&self) -> String {
        match &self.end {
            End::Found { probability, .. } => {
                format!("{}: {}", capital(&self.label), words::share(*probability))
            }
            End::Nobody => "Nobody is looking".into(),
            End::GaveUp => "Given up: not sure enough".into(),
            End::Unjudged => "No flash could be judged".into(),
            End::Withheld(_) => "Withheld".into(),
        }
    }

    /// What that means, and what helps.
    pub fn sentence(&self) -> String {
        let FindView { nobody, repetitions, .. } = &self.view;
        match &self.end {
            End::Found { .. } => format!(
                "Found by attention: among the {} pictures of this page the {} is what you looked for, with this probability.",
                self.pictures, self.label
            ),
            End::Nobody => format!(
                "The flashes evoked no response to any picture (nobody looks with a probability of {}). Choose one picture, rest your eyes on it, and count how often it lights up.",
                words::share(*nobody)
            ),
            End::GaveUp => format!(
                "After {:.1} repetitions no picture was sure enough, so none is shown. Count the flashes of one picture only, sit still, or use a page with fewer pictures.",
                repetitions.shown
            ),
            End::Unjudged => "The signal after every flash was refused: see Quality for what is wrong with the electrodes.".into(),
            End::Withheld(why) => (*why).into(),
        }
    }

    /// Name and value of every figure of the page.
    pub fn figures(&self) -> Vec<(&'static str, String)> {
        let FindView { flashes, scored, repetitions, secs, .. } = &self.view;
        let refused = flashes.saturating_sub(*scored);
        let judged = if refused == 0 {
            format!("{flashes} ({:.1} repetitions)", repetitions.shown)
        } else {
            format!("{flashes} ({:.1} repetitions), {refused} with a bad signal", repetitions.shown)
        };
        let mut figures = vec![("Flashes", judged), ("Time", format!("{secs:.1} s"))];
        if let End::Found { probability, .. } = self.end {
            let bits = wolpaw(self.pictures, probability);
            let rate = if *secs > 0.0 { bits / secs * 60.0 } else { 0.0 };
            figures.push(("Worth", format!("{bits:.1} bits, {rate:.0} a minute of flashing")));
        }
        figures.push(("Screen", self.timing.clone()));
        figures
    }

    /// What is to be taken with care.
    pub fn cautions(&self) -> Vec<String> {
        let mut cautions = Vec::new();
        if self.view.other_pace {
            cautions.push("Pictures lit up at another pace than the wearer was learnt with: the probability is not to be trusted.".into());
        }
        if self.in_time < LEAST_IN_TIME {
            cautions.push("The display missed refreshes. Close other programs; flashes that were late are left out.".into());
        }
        cautions
    }

    /// The session until now, where pages were found.
    pub fn session(&self) -> Option<String> {
        let (free, claimed) = (&self.view.free, &self.view.free_claimed);
        (free.found > 0 && self.view.withheld.is_none()).then(|| {
            format!(
                "This session: {} of {} pages found; if the probabilities are right, {} of them rightly, {:.0} bits a minute of flashing, {:.0} with pauses.",
                free.found,
                free.pages,
                words::share(claimed.accuracy),
                claimed.bits_a_minute,
                claimed.bits_a_minute_with_pauses
            )
        })
    }

    /// What the control says.
    pub fn control(&self) -> Option<String> {
        let control = &self.view.control;
        (control.pages > 0).then(|| {
            format!(
                "Control, the same scores against other pages' flashes: stopped on {} of {} pages.",
                control.stops, control.pages
            )
        })
    }

    /// Probability of what was found.
    pub fn probability(&self) -> Option<f64> {
        if let End::Found { probability, .. } = self.end { Some(probability) } else { None }
    }

    /// Its number on the page.
    pub fn picture(&self) -> Option<usize> {
        if let End::Found { picture, .. } = self.end { Some(picture) } else { None }
    }
}

/// How well flashes were timed, in words.
pub(super) fn timing(log: &FlashLog) -> String {
    let [counts, late, missed] =
        [Fate::Counts, Fate::Late, Fate::Missed].map(|fate| log.count(fate));
    let all = counts + late + missed;
    if all == 0 {
        return "no flash was shown".into();
    }
    let share = words::percent(log.share_in_time());
    match (late, missed) {
        (0, 0) => format!("{share} of {all} flashes within one refresh"),
        _ => format!(
            "{share} of {all} flashes within one refresh; {late} late and left out, {missed} missed and shown again"
        ),
    }
}

/// With a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::stopping::Repetitions;

    fn view(verdict: Verdict) -> FindView {
        FindView {
            page: Some(3),
            nobody: 0.97,
            verdict,
            flashes: 28,
            scored: 26,
            repetitions: Repetitions { scored: 1.9, shown: 2.0 },
            secs: 5.7,
            ..FindView::default()
        }
    }

    fn told(view: &FindView) -> Told {
        let labels = ["fox", "bread", "canoe"].map(String::from);
        Told::of(Some(view), &FlashLog::default(), &[4, 9, 2], &labels)
    }

    #[test]
    fn a_picture_is_named_only_where_it_was_found() {
        let found = told(&view(Verdict::Found { picture: 1, probability: 0.97 }));
        assert_eq!((found.row, found.heading().as_str()), (Some(9), "Bread: 97 %"));
        assert!(found.sentence().contains("Found by attention"));
        let figures: Vec<String> = found.figures().into_iter().map(|(_, value)| value).collect();
        assert!(figures[0].contains("28 (2.0 repetitions), 2 with a bad signal"), "{figures:?}");
        assert!(figures[2].contains("bits"), "{figures:?}");
        for verdict in [Verdict::NobodyLooks, Verdict::GaveUp, Verdict::Going] {
            let none = told(&view(verdict));
            assert!(none.row.is_none() && none.label.is_empty() && none.picture().is_none());
            assert!(!none.heading().contains("read"), "{}", none.heading());
        }
        assert!(told(&view(Verdict::NobodyLooks)).sentence().contains("97 %"));
        let refused = FindView { scored: 0, ..view(Verdict::GaveUp) };
        assert_eq!(told(&refused).end, End::Unjudged);
        assert_eq!(Told::of(None, &FlashLog::default(), &[], &[]).end, End::Unjudged);
    }

    #[test]
    fn nothing_is_shown_where_the_control_succeeds() {
        let found = view(Verdict::Found { picture: 1, probability: 0.97 });
        let withheld = told(&FindView { withheld: Some("withheld because"), ..found });
        assert_eq!(withheld.end, End::Withheld("withheld because"));
        assert!(withheld.row.is_none() && withheld.session().is_none());
        assert_eq!(withheld.sentence(), "withheld because");
    }

    #[test]
    fn a_picture_that_is_not_on_the_page_has_no_row() {
        let beyond = told(&view(Verdict::Found { picture: 7, probability: 0.97 }));
        assert!(beyond.row.is_none());
        assert_eq!((capital("éclair").as_str(), capital("").as_str()), ("Éclair", ""));
    }
}
