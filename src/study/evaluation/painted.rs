//! The pictures themselves: what is painted of left-out trials, by the rule of the window, and how like it is to what was
//! seen.
//!
//! Takes trials of pictures and what a decoder that was not calibrated with them said; gives each picture once, after all of
//! its looks, in the order in which they were first shown: none is chosen. The most probable picture is painted sharp, with
//! draws beside it; a mean only where it is asked for, or where the encoder has no answer model. The null twin goes the same
//! way. Where the control succeeds, nothing is painted and every score is withheld.

use std::path::PathBuf;
use std::sync::Arc;

use super::judged::{self, Answers, Court, Looked};
use super::likeness::{self, PaintedPicture};
use super::record::{PictureRecord, Side};
use super::{Asking, Evaluation, given, left_out};
use crate::calibrate::Trials as Labelled;
use crate::calibrate::trials::split::Split;
use crate::decode::inference::judge::{Judge, Labels};
use crate::decode::inference::weighing::{Weighed, Weighing};
use crate::decode::painting::brush::Brush;
use crate::decode::painting::noise::NoiseKey;
use crate::decode::painting::paint::Painter;
use crate::decode::session::Runtime;
use crate::decode::{DecodeError, Pack, Show};
use crate::pipeline::believed_view;
use crate::report::{Example, Made};
use crate::signal::{Picture, StimulusSet};
use crate::snapshot::Presented;
use crate::study::error::PersonalError;
use crate::study::trials::sessions::Sessions;
use crate::time::clock::Clock;

/// Pictures that are painted at most; every pair of them is compared.
const MOST: usize = 16;

/// Scores test runs and paints their pictures, decoded by the personal encoder of the first pack; gives what was painted for
/// a page.
///
/// # Errors
/// As [`given::test_runs`].
pub fn of_test_runs(
    evaluation: &mut Evaluation,
    files: &[PathBuf],
    packs: (&Pack, &Pack),
    runtime: &Runtime,
    asking: Asking,
) -> Result<Vec<Example>, PersonalError> {
    let test = given::test_runs(evaluation, files, packs, runtime, asking.seed)?;
    let said = |trials: &Labelled| given::said(packs.0, runtime, trials);
    let twin = asking.twins(&test.trials).map(|twins| said(&twins)).transpose()?;
    let answers = Answers { own: said(&test.trials)?, twin };
    let gallery = judged::gallery(&test.pictures, &test.stimuli);
    let weighing = Weighing::load(packs.0, &gallery, asking.seed)?;
    let sureness = packs.0.manifest().embedding.sureness;
    let court = Court::new(gallery, vec![weighing], sureness, asking.seed);
    let how = (Split::TestRuns, asking);
    Hearing { evaluation, sessions: &test, pack: packs.0, runtime, how }.hold(court, &answers)
}

/// Paints what was decoded from left-out runs of known pictures, and scores it; gives it for a page.
///
/// # Errors
/// [`PersonalError::Pack`], [`PersonalError::Sessions`].
pub fn of_left_out(
    evaluation: &mut Evaluation,
    sessions: &Sessions,
    pack: &Pack,
    runtime: &Runtime,
    asking: Asking,
) -> Result<Vec<Example>, PersonalError> {
    if evaluation.found.nrows() != sessions.trials.len() {
        return Ok(Vec::new());
    }
    let answers = left_out::answers(evaluation, sessions, (pack, runtime), asking)?;
    let court = left_out::court(&answers, sessions, pack, asking.seed)?;
    let how = (Split::Runs, asking);
    Hearing { evaluation, sessions, pack, runtime, how }.hold(court, &answers)
}

/// Trials that are judged, and where that is written.
struct Hearing<'a> {
    evaluation: &'a mut Evaluation,
    sessions: &'a Sessions,
    pack: &'a Pack,
    runtime: &'a Runtime,
    how: (Split, Asking),
}

impl Hearing<'_> {
    fn hold(self, mut court: Court, answers: &Answers) -> Result<Vec<Example>, PersonalError> {
        let (evaluation, sessions, (split, asking)) = (self.evaluation, self.sessions, self.how);
        court.hear(&sessions.trials, answers);
        evaluation.control = answers.twin.is_some().then(|| court.control());
        evaluation.calibrated_by = court.judge(0).map(|judge| judge.source().to_owned());
        if court.control().succeeded {
            evaluation.withhold();
            return Ok(Vec::new());
        }
        let steps = self.pack.manifest().generator.steps;
        let brush = Brush::new(Painter::load(self.pack, self.runtime)?, steps, asking.seed);
        let mut easel = Easel { brush, asking };
        let (mut painted, mut records, mut examples) = (Vec::new(), Vec::new(), Vec::new());
        for (row, chosen) in by_picture(&sessions.trials) {
            let Some(looked) = court.look(row, &chosen, answers) else { continue };
            let Some((made, twin)) = easel.both(&court, &looked)? else { continue };
            let trials = chosen.len();
            let twin_image = twin.as_ref().map(|twin| twin.image.clone());
            painted.push(PaintedPicture {
                row,
                trials,
                image: made.image.clone(),
                twin: twin_image,
            });
            let record = record(&court, looked, &made, twin.as_ref());
            examples.extend(example(&record, (&made, twin.as_ref()), &sessions.stimuli));
            records.push(record);
        }
        evaluation.decodes = records;
        let (pack, runtime) = (self.pack, self.runtime);
        evaluation.painted.extend(likeness::scores(
            &painted,
            &sessions.pictures,
            &sessions.stimuli,
            (pack, runtime),
            (split, asking.seed),
        )?);
        Ok(examples)
    }
}

/// The trials of the pictures that were shown first.
fn by_picture(trials: &Labelled) -> Vec<(usize, Vec<usize>)> {
    let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
    for (i, trial) in trials.about.iter().enumerate() {
        match found.iter().position(|(row, _)| *row == trial.picture) {
            Some(place) => found[place].1.push(i),
            None if found.len() < MOST => found.push((trial.picture, vec![i])),
            None => {}
        }
    }
    found
}

/// What was painted of one side: trials, or their null twins.
struct Drawn {
    image: Arc<Picture>,
    draws: Vec<Arc<Picture>>,
    side: Side,
}

struct Easel {
    brush: Brush,
    asking: Asking,
}

impl Easel {
    fn both(
        &mut self,
        court: &Court,
        looked: &Looked,
    ) -> Result<Option<(Drawn, Option<Drawn>)>, DecodeError> {
        let judge = court.judge(looked.row);
        let labels = judge
            .map_or_else(|| Labels::of_gallery(court.gallery()), |judge| judge.labels().clone());
        let about = (&labels, looked.row, looked.k);
        let Some(own) = self.paint(judge, &looked.found, &looked.mean, about)? else {
            return Ok(None);
        };
        let twin = match &looked.twin {
            Some((found, mean)) => self.paint(judge, found, mean, about)?,
            None => None,
        };
        Ok(Some((own, twin)))
    }

    fn paint(
        &mut self,
        judge: Option<&Judge>,
        found: &Weighed,
        mean: &[f32],
        (labels, row, k): (&Labels, usize, u32),
    ) -> Result<Option<Drawn>, DecodeError> {
        let (never, clock) = (|| false, Clock::system());
        let awake = (&never as &dyn Fn() -> bool, &clock);
        let believed = found.believed.as_ref();
        let shows = if believed.is_some() { self.asking.show } else { Show::Mean };
        let guess = believed.filter(|_| shows == Show::Best).and_then(|b| b.best.first());
        let image = match (guess, believed) {
            (Some(guess), Some(believed)) => {
                self.brush.guess(judge, Some((believed.scope, guess.row)), awake)?
            }
            _ => {
                let key = NoiseKey { seed: self.asking.seed, window: row as u64 };
                self.brush.mean(mean, key, awake)?
            }
        };
        let Some(image) = image.map(|found| found.picture) else { return Ok(None) };
        let draws = self.brush.draws(judge, believed, awake)?;
        let believed = believed.map(|found| believed_view(labels, found, k));
        let presented = Presented::of(shows, believed.as_ref());
        let closest = found
            .top
            .first()
            .map(|best| labels.of(crate::decode::Scope::Told, usize::from(best.row)).to_owned());
        Ok(Some(Drawn { image, draws, side: Side { presented, believed, closest } }))
    }
}

fn record(court: &Court, looked: Looked, made: &Drawn, twin: Option<&Drawn>) -> PictureRecord {
    let gallery = court.gallery();
    PictureRecord {
        picture: gallery.ids()[looked.row].clone(),
        label: gallery.labels()[looked.row].clone(),
        k: looked.k,
        pictures: gallery.len(),
        own: made.side.clone(),
        truth_rank: looked.found.truth_rank,
        p_shown: looked.found.p_shown,
        p_value: looked.p_value,
        twin: twin.map(|twin| twin.side.clone()),
    }
}

/// What was seen, painted and painted from a null twin, for a page; `None` where the picture is not at hand.
fn example(
    record: &PictureRecord,
    (made, twin): (&Drawn, Option<&Drawn>),
    seen: &StimulusSet,
) -> Option<Example> {
    let stimulus = seen.stimuli.iter().find(|stimulus| stimulus.id == record.picture)?;
    Some(Example {
        label: record.label.clone(),
        seen_png: stimulus.png.to_vec(),
        k: record.k,
        pictures: record.pictures,
        made: made.for_page()?,
        twin: twin.and_then(Drawn::for_page),
        truth_rank: record.truth_rank,
        p_shown: record.p_shown,
        p_value: record.p_value,
    })
}

impl Drawn {
    fn for_page(&self) -> Option<Made> {
        Some(Made {
            presented: self.side.presented,
            believed: self.side.believed.clone(),
            closest: self.side.closest.clone(),
            png: encoded(&self.image)?,
            draws_png: self.draws.iter().filter_map(|draw| encoded(draw)).collect(),
        })
    }
}

fn encoded(picture: &Picture) -> Option<Vec<u8>> {
    let mut png = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_raw(picture.width, picture.height, picture.rgb.clone())?;
    pixels.write_to(&mut png, image::ImageFormat::Png).ok()?;
    Some(png.into_inner())
}
