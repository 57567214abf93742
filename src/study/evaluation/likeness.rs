//! How like the paintings are to what was seen: PixCorr, SSIM ([`crate::calibrate::score::likeness`]), and identification among
//! the gallery by the pack's own image encoder.
//!
//! Takes pictures that were painted once each, with their null twins; gives scores. Chance is what the same paintings score
//! beside the other pictures; the null twin, of as many looks, is the control.

use std::collections::BTreeMap;
use std::sync::Arc;

use faer::Mat;

use crate::calibrate::Pictures;
use crate::calibrate::score::controls::Control;
use crate::calibrate::score::likeness::Prepared;
use crate::calibrate::score::{ControlScore, Score, metrics};
use crate::calibrate::trials::split::Split;
use crate::decode::Pack;
use crate::decode::encoding::encoder::ImageEncoder;
use crate::decode::session::Runtime;
use crate::signal::{Picture, StimulusSet};
use crate::study::error::PersonalError;

/// One picture.
#[derive(Clone, Debug)]
pub(super) struct PaintedPicture {
    /// Row among the pictures of the sessions.
    pub row: usize,
    /// Trials behind it.
    pub trials: usize,
    /// What was painted.
    pub image: Arc<Picture>,
    /// What the same machinery paints from as many null twins.
    pub twin: Option<Arc<Picture>>,
}

/// Scores of what was painted; none where fewer than two of the pictures are at hand.
///
/// # Errors
/// [`PersonalError::Pack`] when the image encoder fails.
pub(super) fn scores(
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
        .map(|p| p.twin.as_deref().map(prepared))
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
        let twin = ranked(&|p| p.twin.as_deref())?;
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
