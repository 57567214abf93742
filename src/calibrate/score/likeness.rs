//! How alike two pictures are: PixCorr and SSIM, as code of the MindEye family counts them.
//!
//! Takes two RGB pictures of any sizes. Gives one number, −1 to 1; 1 for a picture and itself.
//! Both are brought to 425 × 425 px first, whatever their shape, as values of 0 to 1 that are not
//! rounded again:
//!
//! - **PixCorr**: Pearson correlation over all 425 · 425 · 3 values.
//! - **SSIM**: structural similarity of the luma (weights of `skimage.color.rgb2gray`), mean over
//!   all windows that lie inside; Gaussian windows of σ = 1.5 px, population covariance.
//!
//! Guarantees: the order of the two makes no difference. Nothing panics. A picture without pixels,
//! or whose `rgb` is not `width · height · 3` long, gives NaN. A picture whose values are all the
//! same gives PixCorr 0, also beside itself, where NumPy gives NaN: it says nothing of the other.
//! SSIM has a value for it.
//!
//! Sources: MedARC-AI/fMRI-reconstruction-NSD, `src/Reconstruction_Metrics.py` at 195a332 (Scotti
//! et al. 2023, NeurIPS), which ATM (Li et al. 2024, NeurIPS) took over; Wang et al. 2004, IEEE
//! Trans. Image Process. 13:600 (SSIM); scikit-image 0.26.0, `metrics.structural_similarity` with
//! `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0`. Equal to it
//! within 3e-8, which is Pillow's single precision: `tests/vectors/likeness/make_likeness.py` and
//! `tests/peers/likeness.rs`.
//!
//! Numbers of others may differ, for four reasons:
//!
//! - That code also says `multichannel=True` of a grey picture. scikit-image up to 0.19 then takes
//!   every column for a channel and finds 0.03 to 0.13 more, for pairs of our stimuli; from 0.20
//!   on it ignores the word, and so does this file. Neither repository pins the version.
//! - A larger picture is made smaller with antialiasing, as by Pillow and by torchvision from 0.17
//!   on; torchvision 0.15, which MindEye pins, had none. For a smaller picture they are the same.
//! - That code makes pictures 256 px large before, to show them. Left out here: it is no part of
//!   the definition. For our stimuli it moves SSIM by up to 0.009 and PixCorr by up to 0.003.
//! - `Resize(425)` keeps a picture's shape, which was always square there.

use crate::signal::Picture;

/// Both pictures' sides when they are compared, in pixels.
const SIDE_PX: usize = 425;
const CHANNELS: usize = 3;
/// What red, green and blue count for in the luma: ITU-R BT.709 as scikit-image rounds it.
const LUMA: [f64; CHANNELS] = [0.2125, 0.7154, 0.0721];
/// Width of SSIM's Gaussian window, in pixels.
const SIGMA_PX: f64 = 1.5;
/// The window ends after 3.5 σ, rounded.
const RADIUS_PX: usize = 5;
const WINDOW_PX: usize = 2 * RADIUS_PX + 1;
/// Windows in a row that lie inside the picture.
const INSIDE: usize = SIDE_PX - 2 * RADIUS_PX;
/// SSIM's (0.01 · range)² and (0.03 · range)², for values of 0 to 1.
const STABLE_MEAN: f64 = 1e-4;
const STABLE_VARIANCE: f64 = 9e-4;
/// A standard deviation below this is rounding: one byte that differs in the largest picture we
/// read leaves 1e-8, and sums of weights that are 1 only nearly leave 1e-16.
const FLAT: f64 = 1e-10;

/// Pearson correlation over all values at 425 × 425 px; 0 beside a flat picture, NaN for a broken
/// one.
pub fn pixcorr(a: &Picture, b: &Picture) -> f64 {
    match (Prepared::of(a), Prepared::of(b)) {
        (Some(a), Some(b)) => a.pixcorr(&b),
        _ => f64::NAN,
    }
}

/// Structural similarity of the lumas at 425 × 425 px; NaN for a broken picture.
pub fn ssim(a: &Picture, b: &Picture) -> f64 {
    match (Prepared::of(a), Prepared::of(b)) {
        (Some(a), Some(b)) => a.ssim(&b),
        _ => f64::NAN,
    }
}

/// A picture made ready, for comparing it with many.
#[derive(Debug)]
pub struct Prepared {
    /// `[425, 425, 3]`
    values: Vec<f64>,
    /// `[425, 425]`
    luma: Vec<f64>,
    /// Means of its windows, and of their squares, `[415, 415]`.
    mean: Vec<f64>,
    square: Vec<f64>,
}

impl Prepared {
    /// `None` for a broken picture.
    pub fn of(picture: &Picture) -> Option<Self> {
        let values = resized(picture)?;
        let luma = luma(&values);
        let window = gaussian_window();
        let squares: Vec<f64> = luma.iter().map(|v| v * v).collect();
        let (mean, square) = (window_means(&luma, &window), window_means(&squares, &window));
        Some(Self { values, luma, mean, square })
    }

    /// As [`pixcorr`].
    pub fn pixcorr(&self, other: &Self) -> f64 {
        correlation(&self.values, &other.values)
    }

    /// As [`ssim`].
    pub fn ssim(&self, other: &Self) -> f64 {
        structural_similarity(self, other)
    }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let count = a.len().max(1) as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
    let (mut both, mut own, mut other) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        both += x * y;
        own += x * x;
        other += y * y;
    }
    if own.min(other) <= FLAT * FLAT * count {
        return 0.0;
    }
    (both / (own * other).sqrt()).clamp(-1.0, 1.0)
}

/// `[425, 425]` from `[425, 425, 3]`.
fn luma(values: &[f64]) -> Vec<f64> {
    values.chunks_exact(CHANNELS).map(|pixel| dot(pixel, &LUMA)).collect()
}

fn dot(values: &[f64], weights: &[f64]) -> f64 {
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

/// Mean SSIM of two lumas.
fn structural_similarity(a: &Prepared, b: &Prepared) -> f64 {
    let products: Vec<f64> = a.luma.iter().zip(&b.luma).map(|(x, y)| x * y).collect();
    let ab = window_means(&products, &gaussian_window());
    let (mean_a, mean_b, aa, bb) = (&a.mean, &b.mean, &a.square, &b.square);
    let here = |i: usize| {
        let (mean_a, mean_b) = (mean_a[i], mean_b[i]);
        let variances = (aa[i] - mean_a * mean_a) + (bb[i] - mean_b * mean_b);
        let covariance = ab[i] - mean_a * mean_b;
        let alike = (2.0 * mean_a * mean_b + STABLE_MEAN) * (2.0 * covariance + STABLE_VARIANCE);
        let most = mean_a * mean_a + mean_b * mean_b + STABLE_MEAN;
        alike / (most * (variances + STABLE_VARIANCE))
    };
    (0..mean_a.len()).map(here).sum::<f64>() / mean_a.len() as f64
}

fn gaussian_window() -> [f64; WINDOW_PX] {
    let height = |i: usize| {
        let distance = (i as f64 - RADIUS_PX as f64) / SIGMA_PX;
        (-0.5 * distance * distance).exp()
    };
    let heights: [f64; WINDOW_PX] = std::array::from_fn(height);
    let total: f64 = heights.iter().sum();
    heights.map(|height| height / total)
}

/// Weighted means of all windows that lie inside, `[415, 415]` from `[425, 425]`. What scikit-image
/// does at the edge does not matter: it leaves those windows out of the mean, too.
fn window_means(values: &[f64], window: &[f64; WINDOW_PX]) -> Vec<f64> {
    let across: Vec<f64> = values
        .chunks_exact(SIDE_PX)
        .flat_map(|row| row.windows(WINDOW_PX).map(|part| dot(part, window)))
        .collect();
    let mut means = vec![0.0; INSIDE * INSIDE];
    for (y, row) in means.chunks_exact_mut(INSIDE).enumerate() {
        for (weight, from) in window.iter().zip(across[y * INSIDE..].chunks_exact(INSIDE)) {
            row.iter_mut().zip(from).for_each(|(mean, value)| *mean += weight * value);
        }
    }
    means
}

/// The picture as `[425, 425, 3]`, 0 to 1; `None` for one that is broken. Rows are mixed one at a
/// time, so that no shape of picture needs more memory than a row of it.
fn resized(picture: &Picture) -> Option<Vec<f64>> {
    let width = usize::try_from(picture.width).ok()?;
    let height = usize::try_from(picture.height).ok()?;
    let row_len = width.checked_mul(CHANNELS)?;
    if row_len == 0 || height == 0 || row_len.checked_mul(height)? != picture.rgb.len() {
        return None;
    }
    let across = taps(width);
    let mut out = Vec::with_capacity(SIDE_PX * SIDE_PX * CHANNELS);
    let mut row = vec![0.0; row_len];
    for tap in taps(height) {
        row.fill(0.0);
        let rows = picture.rgb[tap.from * row_len..].chunks_exact(row_len);
        for (weight, pixels) in tap.weights.iter().zip(rows) {
            row.iter_mut().zip(pixels).for_each(|(sum, byte)| *sum += weight * f64::from(*byte));
        }
        out.extend(across.iter().flat_map(|tap| mixed(&row, tap)).map(|value| value / 255.0));
    }
    Some(out)
}

/// One pixel from those of a row `[width, 3]`.
fn mixed(row: &[f64], tap: &Tap) -> [f64; CHANNELS] {
    let mut sums = [0.0; CHANNELS];
    let pixels = row[tap.from * CHANNELS..].chunks_exact(CHANNELS);
    for (weight, pixel) in tap.weights.iter().zip(pixels) {
        sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += weight * value);
    }
    sums
}

/// What one pixel is made of, along one side: pixels from `from` on, with weights of sum 1.
struct Tap {
    from: usize,
    weights: Vec<f64>,
}

/// How to bring `length` pixels, at least 1, to 425: a triangle around each new pixel's centre,
/// which spans two old pixels or two new ones, whichever is more (the second is antialiasing).
/// What lies outside is left out, and the rest counts the more.
fn taps(length: usize) -> Vec<Tap> {
    let scale = length as f64 / SIDE_PX as f64;
    let reach = scale.max(1.0);
    let tap = |i: usize| {
        let centre = (i as f64 + 0.5) * scale;
        let from = (centre - reach + 0.5).max(0.0) as usize;
        let to = ((centre + reach + 0.5) as usize).min(length);
        let weight = |j: usize| (1.0 - ((j as f64 + 0.5 - centre) / reach).abs()).max(0.0);
        let weights: Vec<f64> = (from..to).map(weight).collect();
        // At least ½: the old pixel under the centre is always among them.
        let total: f64 = weights.iter().sum();
        Tap { from, weights: weights.iter().map(|weight| weight / total).collect() }
    };
    (0..SIDE_PX).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, value: impl Fn(usize) -> u8) -> Picture {
        Picture { width, height, rgb: (0..(width * height * 3) as usize).map(value).collect() }
    }

    fn uneven(width: u32, height: u32) -> Picture {
        picture(width, height, |i| (i * i % 251) as u8)
    }

    #[test]
    fn a_picture_is_like_itself_and_the_order_does_not_count() {
        let (a, b) = (uneven(40, 30), picture(24, 24, |i| (i * 7 % 256) as u8));
        assert_eq!((pixcorr(&a, &a), ssim(&a, &a)), (1.0, 1.0));
        assert_eq!((pixcorr(&a, &b), ssim(&a, &b)), (pixcorr(&b, &a), ssim(&b, &a)));
        let negative = picture(40, 30, |i| 255 - a.rgb[i]);
        assert!((pixcorr(&a, &negative) + 1.0).abs() < 1e-12);
        assert!(ssim(&a, &negative) < 0.0);
    }

    #[test]
    fn flat_pictures_have_no_correlation_but_a_similarity() {
        let (black, white) = (picture(9, 9, |_| 0), picture(500, 700, |_| 255));
        let grey = picture(850, 850, |_| 77);
        for flat in [&black, &white, &grey] {
            assert_eq!(pixcorr(flat, &uneven(30, 30)), 0.0);
            assert_eq!(pixcorr(flat, flat), 0.0);
            assert_eq!(ssim(flat, flat), 1.0);
        }
        // Without variance, SSIM is (2ab + c) / (a² + b² + c).
        assert!((ssim(&black, &white) - STABLE_MEAN / (1.0 + STABLE_MEAN)).abs() < 1e-12);
    }

    #[test]
    fn broken_pictures_give_nan() {
        let good = uneven(8, 8);
        let broken = [
            Picture { width: 0, height: 8, rgb: Vec::new() },
            Picture { width: 8, height: 0, rgb: Vec::new() },
            Picture { width: 8, height: 8, rgb: vec![0; 191] },
            Picture { width: u32::MAX, height: u32::MAX, rgb: vec![0; 3] },
        ];
        for bad in &broken {
            assert!(pixcorr(&good, bad).is_nan() && pixcorr(bad, &good).is_nan(), "{bad:?}");
            assert!(ssim(&good, bad).is_nan() && ssim(bad, bad).is_nan(), "{bad:?}");
        }
    }

    #[test]
    fn any_shape_is_compared() {
        for (width, height) in [(1, 1), (1, 5000), (5000, 1), (424, 426), (851, 2)] {
            let (a, b) = (uneven(width, height), uneven(17, 5));
            assert!(pixcorr(&a, &b).abs() < 1.0, "{a:?}");
            assert!(ssim(&a, &b).abs() < 1.0, "{a:?}");
        }
    }

    #[test]
    fn resizing_keeps_what_is_the_right_size_and_every_mean() {
        let same = uneven(425, 425);
        let kept = resized(&same).unwrap();
        assert!(kept.iter().zip(&same.rgb).all(|(got, byte)| *got == f64::from(*byte) / 255.0));
        for length in [1, 2, 128, 424, 425, 426, 850, 8192] {
            for tap in taps(length) {
                assert!((tap.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                assert!(tap.from + tap.weights.len() <= length);
            }
        }
    }
}
