//! PixCorr and SSIM against NumPy, Pillow and scikit-image; vectors made by
//! `tests/vectors/likeness/make_likeness.py`.

use std::collections::HashMap;

use phosphene::calibrate::score::likeness::{pixcorr, ssim};
use phosphene::signal::Picture;
use serde_json::Value;

use crate::harness::root;

/// Pillow resizes in single precision, which leaves half of this; in double precision, 1e-11 holds.
const TOLERANCE: f64 = 5e-8;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/likeness/likeness.json")).unwrap()
}

fn number(rule: &Value, key: &str) -> usize {
    rule[key].as_u64().unwrap() as usize
}

/// The upper 8 bits of the linear congruential generator of Numerical Recipes.
fn numbers(rule: &Value) -> impl Iterator<Item = u8> {
    let mut state = number(rule, "seed") as u32;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
}

fn stimulus(name: &str) -> Picture {
    let folder = root().join("assets/stimuli");
    let bytes = std::fs::read(folder.join(name).with_extension("png")).unwrap();
    Picture::from_encoded(&bytes).unwrap()
}

/// A picture from a function of x, y and channel.
fn drawn(width: usize, height: usize, mut value: impl FnMut(usize, usize, usize) -> u8) -> Picture {
    let mut rgb = Vec::with_capacity(width * height * 3);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        rgb.extend((0..3).map(|c| value(x, y, c)));
    }
    Picture { width: width as u32, height: height as u32, rgb }
}

/// A picture from nothing but its rule.
fn made(rule: &Value) -> Picture {
    let kind = rule["make"].as_str().unwrap();
    if kind == "stimulus" {
        return stimulus(rule["name"].as_str().unwrap());
    }
    let (width, height) = (number(rule, "width"), number(rule, "height"));
    match kind {
        "noise" => {
            let mut numbers = numbers(rule);
            drawn(width, height, |_, _, _| numbers.next().unwrap())
        }
        "ramp" => drawn(width, height, |x, y, c| ((x * (c + 2) + y * (3 - c)) % 256) as u8),
        "flat" => drawn(width, height, |_, _, _| number(rule, "value") as u8),
        _ => panic!("no rule for {rule}"),
    }
}

/// A picture from another one.
fn changed(rule: &Value, of: &Picture) -> Picture {
    let (width, height) = (of.width as usize, of.height as usize);
    let at = |x: usize, y: usize, c: usize| of.rgb[(y * width + x) * 3 + c];
    match rule["make"].as_str().unwrap() {
        "noisy" => {
            let (amplitude, mut numbers) = (number(rule, "amplitude") as i32, numbers(rule));
            drawn(width, height, |x, y, c| {
                let noise = i32::from(numbers.next().unwrap()) % (2 * amplitude + 1) - amplitude;
                (i32::from(at(x, y, c)) + noise).clamp(0, 255) as u8
            })
        }
        "inverted" => drawn(width, height, |x, y, c| 255 - at(x, y, c)),
        "dimmed" => drawn(width, height, |x, y, c| at(x, y, c) / 2 + 64),
        "shifted" => {
            let from = width - number(rule, "px");
            drawn(width, height, |x, y, c| at((x + from) % width, y, c))
        }
        "enlarged" => {
            let times = number(rule, "times");
            drawn(times * width, times * height, |x, y, c| at(x / times, y / times, c))
        }
        "top" => drawn(width, number(rule, "rows"), at),
        _ => panic!("no rule for {rule}"),
    }
}

fn pictures(vectors: &Value) -> HashMap<String, Picture> {
    let mut known: HashMap<String, Picture> = HashMap::new();
    for rule in vectors["pictures"].as_array().unwrap() {
        let picture = match rule["of"].as_str() {
            Some(of) => changed(rule, &known[of]),
            None => made(rule),
        };
        let mut crc = flate2::Crc::new();
        crc.update(&picture.rgb);
        // Pictures first: other bytes would look like another score.
        assert_eq!(u64::from(crc.sum()), rule["crc32"].as_u64().unwrap(), "not the same: {rule}");
        known.insert(rule["name"].as_str().unwrap().to_owned(), picture);
    }
    known
}

fn compare(score: impl Fn(&Picture, &Picture) -> f64, key: &str, suspect: &str) {
    let vectors = vectors();
    let pictures = pictures(&vectors);
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let (a, b) = (case["a"].as_str().unwrap(), case["b"].as_str().unwrap());
        // Null is NumPy's NaN beside a flat picture, where we say 0.
        let expected = case[key].as_f64().unwrap_or(0.0);
        let got = score(&pictures[a], &pictures[b]);
        let error = (got - expected).abs();
        assert!(error < TOLERANCE, "{a}, {b}: {got} for {expected}, {error:e}; {suspect}");
    }
}

#[test]
fn pixcorr_equals_numpy() {
    let suspect = "suspect the resize: pixel centres, edges (small pictures), antialiasing (large)";
    compare(pixcorr, "pixcorr", suspect);
}

#[test]
fn ssim_equals_scikit_image() {
    let suspect = "if PixCorr holds, suspect the luma's weights, the window's radius or its edge; \
                   0.03 to 0.13 too much is columns taken for channels";
    compare(ssim, "ssim", suspect);
}
