//! The pictures themselves: what is painted from left-out trials, and how like it is to what was seen.
//!
//! Takes trials of pictures and what a decoder that was not calibrated with them said; gives pictures, each painted once from the mean
//! of all its trials, in the order in which they were first shown: none is chosen. Scores are PixCorr and SSIM
//! ([`crate::calibrate::score::likeness`]), and identification among the gallery by the pack's own image encoder. Chance is
//! what the same paintings score beside the other pictures; the null twin, painted from as many other trials
//! with their phases shuffled, is the control.

use std::collections::BTreeMap;
use std::path::PathBuf;

use faer::Mat;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{Evaluation, given};
use crate::calibrate::score::controls::Control;
use crate::calibrate::score::likeness::Prepared;
use crate::calibrate::score::{ControlScore, Score, metrics};
use crate::calibrate::trials::split::Split;
use crate::calibrate::{Pictures, Trials as Labelled};
use crate::decode::control::others::APART_SECS;
use crate::decode::control::surrogate::Surrogate;
use crate::decode::encoding::encoder::{Encoder, ImageEncoder};
use crate::decode::inference::trials::Trials;
use crate::decode::painting::noise::NoiseKey;
use crate::decode::painting::paint::Painter;
use crate::decode::session::Runtime;
use crate::decode::{DecodeError, Pack};
use crate::report::Example;
use crate::signal::{Picture, StimulusSet};
use crate::study::error::PersonalError;
use crate::study::trials::sessions::Sessions;
use crate::time::clock::Clock;

/// Pictures that are painted at most; every pair of them is compared.
const MOST: usize = 16;

/// Keeps the phases apart from every other use of the seed.
const PHASE_SALT: u64 = 0x6578_616d_706c_6573;

/// One picture.
#[derive(Clone, Debug)]
struct PaintedPicture {
    /// Row among the pictures of the sessions.
    row: usize,
    /// Trials behind it.
    trials: usize,
    /// What was painted.
    image: Picture,
    /// What the same machinery paints from as many other trials with their phases shuffled; not where a decoder that was
    /// fitted anew for every fold made the picture.
    twin: Option<Picture>,
}

/// Scores test runs and paints their pictures; gives what was painted for a page.
///
/// # Errors
/// As [`given::test_runs`].
pub fn of_test_runs(
    evaluation: &mut Evaluation,
    files: &[PathBuf],
    packs: (&Pack, &Pack),
    runtime: &Runtime,
    seed: u64,
) -> Result<Vec<Example>, PersonalError> {
    let test = given::test_runs(evaluation, files, packs, runtime, seed)?;
    let painted = from_test_runs(&test, packs.0, runtime, seed)?;
    let (how, pictures) = ((Split::TestRuns, seed), &test.pictures);
    evaluation.painted.extend(scores(&painted, pictures, &test.stimuli, (packs.0, runtime), how)?);
    Ok(examples(&painted, pictures, &test.stimuli))
}

/// Paints what was decoded from left-out runs of known pictures, and scores it; gives it for a page.
///
/// # Errors
/// [`PersonalError::Pack`].
pub fn of_left_out(
    evaluation: &mut Evaluation,
    sessions: &Sessions,
    pack: &Pack,
    runtime: &Runtime,
    seed: u64,
) -> Result<Vec<Example>, PersonalError> {
    if evaluation.found.nrows() != sessions.trials.len() {
        return Ok(Vec::new());
    }
    let painted = from_left_out(sessions, &evaluation.found, pack, runtime, seed)?;
    let (how, pictures, seen) = ((Split::Runs, seed), &sessions.pictures, &sessions.stimuli);
    evaluation.painted.extend(scores(&painted, pictures, seen, (pack, runtime), how)?);
    Ok(examples(&painted, pictures, seen))
}

/// Paints from test runs, with the personal encoder of `pack`, and the null twins.
///
/// # Errors
/// [`PersonalError::Pack`].
fn from_test_runs(
    test: &Sessions,
    pack: &Pack,
    runtime: &Runtime,
    seed: u64,
) -> Result<Vec<PaintedPicture>, PersonalError> {
    let mut painter = Brush::load(pack, runtime, seed)?;
    let mut encoder = Encoder::load(pack, runtime)?;
    let mut painted = Vec::new();
    for (row, chosen) in by_picture(&test.trials) {
        let [real, twin] = asked(&test.trials, &chosen, pack, &mut encoder, seed)?;
        let (image, twin) = (painter.paint(&real, row)?, Some(painter.paint(&twin, row)?));
        painted.push(PaintedPicture { row, trials: chosen.len(), image, twin });
    }
    Ok(painted)
}

/// Paints from what a decoder that was fitted without a trial's run said of it, `[trials, dim]`.
///
/// # Errors
/// [`PersonalError::Pack`].
fn from_left_out(
    sessions: &Sessions,
    found: &Mat<f64>,
    pack: &Pack,
    runtime: &Runtime,
    seed: u64,
) -> Result<Vec<PaintedPicture>, PersonalError> {
    let mut painter = Brush::load(pack, runtime, seed)?;
    let mut painted = Vec::new();
    for (row, chosen) in by_picture(&sessions.trials) {
        let mut mean = Trials::new(found.ncols(), pack.manifest().embedding.sureness);
        mean.see(Some(0));
        for i in &chosen {
            let answer: Vec<f32> = (0..found.ncols()).map(|j| found[(*i, j)] as f32).collect();
            mean.add(&answer);
        }
        let image = painter.paint(mean.asked(), row)?;
        painted.push(PaintedPicture { row, trials: chosen.len(), image, twin: None });
    }
    Ok(painted)
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

struct Brush {
    painter: Painter,
    steps: u32,
    seed: u64,
}

impl Brush {
    fn load(pack: &Pack, runtime: &Runtime, seed: u64) -> Result<Self, PersonalError> {
        let steps = pack.manifest().generator.steps;
        Ok(Self { painter: Painter::load(pack, runtime)?, steps, seed })
    }

    fn paint(&mut self, embedding: &[f32], row: usize) -> Result<Picture, DecodeError> {
        let key = NoiseKey { seed: self.seed, window: row as u64 };
        let never = || false;
        Ok(self.painter.paint(embedding, key, self.steps, &never, &Clock::system())?.picture)
    }
}

/// Another trial, at least two seconds away, whatever was seen in it: its phases shuffled, it says nothing of this one's
/// picture. The trial itself where there is no other.
fn another(trials: &Labelled, trial: usize, rng: &mut ChaCha8Rng) -> usize {
    let own = &trials.about[trial];
    let far: Vec<usize> = (0..trials.len())
        .filter(|other| {
            let about = &trials.about[*other];
            about.run != own.run || (about.onset_secs - own.onset_secs).abs() >= APART_SECS
        })
        .collect();
    if far.is_empty() { trial } else { far[rng.random_range(0..far.len())] }
}

/// What the generator is asked with: for the trials, and for their surrogates.
fn asked(
    trials: &Labelled,
    chosen: &[usize],
    pack: &Pack,
    encoder: &mut Encoder,
    seed: u64,
) -> Result<[Vec<f32>; 2], DecodeError> {
    let sureness = pack.manifest().embedding.sureness;
    let (mut real, mut twin) =
        (Trials::new(encoder.dim(), sureness), Trials::new(encoder.dim(), sureness));
    let mut surrogate = Surrogate::new(trials.channels, trials.samples);
    let (mut embedding, mut shuffled) =
        (vec![0.0; encoder.dim()], vec![0.0; trials.channels * trials.samples]);
    for mean in [&mut real, &mut twin] {
        mean.see(Some(0));
    }
    for i in chosen {
        encoder.encode(trials.epoch(*i), &mut embedding)?;
        real.add(&embedding);
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ PHASE_SALT);
        rng.set_stream(*i as u64);
        let other = another(trials, *i, &mut rng);
        surrogate.draw(trials.epoch(other), &mut rng, &mut shuffled);
        encoder.encode(&shuffled, &mut embedding)?;
        twin.add(&embedding);
    }
    Ok([real.asked().to_vec(), twin.asked().to_vec()])
}

/// What was seen, painted and painted from noise, for a page.
fn examples(painted: &[PaintedPicture], pictures: &Pictures, seen: &StimulusSet) -> Vec<Example> {
    let example = |painted: &PaintedPicture| {
        let id = &pictures.ids[painted.row];
        let stimulus = seen.stimuli.iter().find(|stimulus| stimulus.id == *id)?;
        Some(Example {
            label: stimulus.label.clone(),
            seen_png: stimulus.png.to_vec(),
            reconstruction_png: encoded(&painted.image)?,
            twin_png: painted.twin.as_ref().and_then(encoded),
            note: format!("mean of {} trials", painted.trials),
        })
    };
    painted.iter().filter_map(example).collect()
}

fn encoded(picture: &Picture) -> Option<Vec<u8>> {
    let mut png = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_raw(picture.width, picture.height, picture.rgb.clone())?;
    pixels.write_to(&mut png, image::ImageFormat::Png).ok()?;
    Some(png.into_inner())
}

/// Scores of what was painted; none where fewer than two of the pictures are at hand.
///
/// # Errors
/// [`PersonalError::Pack`] when the image encoder fails.
fn scores(
    painted: &[PaintedPicture],
    pictures: &Pictures,
    seen: &StimulusSet,
    (pack, runtime): (&Pack, &Runtime),
    (split, seed): (Split, u64),
) -> Result<Vec<Score>, PersonalError> {
    let truth: Vec<Prepared> = painted
        .iter()
        .filter_map(|painted| {
            let id = &pictures.ids[painted.row];
            let stimulus = seen.stimuli.iter().find(|stimulus| stimulus.id == *id)?;
            Prepared::of(&Picture::from_encoded(&stimulus.png).ok()?)
        })
        .collect();
    if truth.len() != painted.len() || painted.len() < 2 {
        return Ok(Vec::new());
    }
    let prepared = |picture: &Picture| {
        Prepared::of(picture)
            .ok_or_else(|| PersonalError::Pack("a painted picture has no pixels".into()))
    };
    let images: Vec<Prepared> =
        painted.iter().map(|p| prepared(&p.image)).collect::<Result<_, _>>()?;
    let twins: Option<Vec<Prepared>> = painted
        .iter()
        .map(|p| p.twin.as_ref().map(prepared))
        .collect::<Option<Result<_, _>>>()
        .transpose()?;
    let table = |of: &[Prepared], like: fn(&Prepared, &Prepared) -> f64| {
        Mat::from_fn(of.len(), truth.len(), |i, j| like(&of[i], &truth[j]))
    };
    let judge = Judge { painted, split, seed, n: painted.len() };
    let mut all = Vec::new();
    for (metric, like) in [
        ("pixcorr", Prepared::pixcorr as fn(&Prepared, &Prepared) -> f64),
        ("ssim", Prepared::ssim),
    ] {
        let twin = twins.as_ref().map(|twins| table(twins, like));
        all.push(judge.score(metric, &table(&images, like), None, twin.as_ref()));
    }
    if let Some(mut encoder) = ImageEncoder::load(pack, runtime)? {
        let mut ranked = |of: &dyn Fn(&PaintedPicture) -> Option<&Picture>| {
            ranks(painted, of, pictures, &mut encoder)
        };
        let own = ranked(&|p| Some(&p.image))?;
        let twin = ranked(&|p| p.twin.as_ref())?;
        let n = pictures.len();
        let judge = Judge { n, ..judge };
        let top1 = |rank: f64| f64::from(u8::from(rank <= 1.0));
        let two_way = |rank: f64| (n as f64 - rank) / (n as f64 - 1.0).max(1.0);
        for (metric, chance, value) in [
            ("image_top1", 1.0 / n as f64, &top1 as &dyn Fn(f64) -> f64),
            ("image_two_way", 0.5, &two_way),
        ] {
            let of = |ranks: &Mat<f64>| {
                Mat::from_fn(ranks.nrows(), ranks.ncols(), |i, j| value(ranks[(i, j)]))
            };
            if let Some(own) = &own {
                let twin = twin.as_ref().map(of);
                all.push(judge.score(metric, &of(own), Some(chance), twin.as_ref()));
            }
        }
    }
    Ok(all)
}

/// Rank of each truth (column) for each painting (row) among all pictures of the gallery, by the image encoder.
fn ranks(
    painted: &[PaintedPicture],
    of: &dyn Fn(&PaintedPicture) -> Option<&Picture>,
    pictures: &Pictures,
    encoder: &mut ImageEncoder,
) -> Result<Option<Mat<f64>>, PersonalError> {
    let mut out = Mat::zeros(painted.len(), painted.len());
    for (i, each) in painted.iter().enumerate() {
        let Some(picture) = of(each) else { return Ok(None) };
        let side = encoder.size_px();
        if (picture.width, picture.height) != (side, side) {
            return Ok(None); // nothing says how such a pack would want it resized
        }
        let embedding = encoder.embed(picture)?;
        let row = Mat::from_fn(1, embedding.len(), |_, j| f64::from(embedding[j]));
        for (j, truth) in painted.iter().enumerate() {
            out[(i, j)] = metrics::ranks(row.as_ref(), pictures, &[truth.row])[0];
        }
    }
    Ok(Some(out))
}

#[derive(Clone, Copy)]
struct Judge<'a> {
    painted: &'a [PaintedPicture],
    split: Split,
    seed: u64,
    n: usize,
}

impl Judge<'_> {
    /// One score from its table, `[painted, seen]`.
    fn score(
        &self,
        metric: &'static str,
        table: &Mat<f64>,
        chance: Option<f64>,
        twin: Option<&Mat<f64>>,
    ) -> Score {
        let each: Vec<usize> = (0..table.nrows()).collect();
        let strata = vec![0; each.len()];
        let mean = |table: &Mat<f64>, labels: &[usize]| {
            labels.iter().enumerate().map(|(i, j)| table[(i, *j)]).sum::<f64>()
                / labels.len().max(1) as f64
        };
        let p_value = |table: &Mat<f64>| {
            let from = (self.seed, metrics::Fitted::Elsewhere);
            metrics::permutation_p(&each, &strata, from, |labels| mean(table, labels))
        };
        let others = (0..table.nrows()).flat_map(|i| (0..table.ncols()).map(move |j| (i, j)));
        let others: Vec<f64> = others.filter(|(i, j)| i != j).map(|(i, j)| table[(i, j)]).collect();
        let control = twin.map(|twin| {
            let score = ControlScore { value: mean(twin, &each), p_value: p_value(twin) };
            (Control::NullTwin, score)
        });
        Score {
            metric,
            encoder: "personal",
            value: mean(table, &each),
            chance: chance.unwrap_or(others.iter().sum::<f64>() / others.len().max(1) as f64),
            ci95: metrics::bootstrap(&each, self.seed, |chosen| {
                let sum: f64 = chosen.iter().map(|i| table[(*i, *i)]).sum();
                sum / chosen.len().max(1) as f64
            }),
            p_value: p_value(table),
            trials: self.painted.len(),
            k: self.painted.iter().map(|p| p.trials).min().unwrap_or_default(),
            n: self.n,
            split: self.split,
            controls: control.into_iter().collect::<BTreeMap<_, _>>(),
        }
    }
}
