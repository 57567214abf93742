//! Pictures painted from test runs: seen, reconstructed, and the null twin through the same machinery.
//!
//! Takes the test trials and the pack with the personal encoder; gives one example for each held-out picture, in the
//! order in which they were first shown: none is chosen. All of a picture's trials are averaged, the twin's likewise.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::calibrate::report::Example;
use crate::clock::Clock;
use crate::decode::encoder::Encoder;
use crate::decode::paint::{NoiseKey, Painter};
use crate::decode::session::Runtime;
use crate::decode::surrogate::Surrogate;
use crate::decode::trials::Trials;
use crate::decode::{DecodeError, Pack};
use crate::pipeline::personal::PersonalError;
use crate::pipeline::sessions::Sessions;
use crate::signal::{Picture, StimulusSet};

/// Examples on a page.
const MOST: usize = 12;

/// Keeps the phases apart from every other use of the seed.
const PHASE_SALT: u64 = 0x6578_616d_706c_6573;

/// Paints them.
///
/// # Errors
/// [`PersonalError::Pack`].
pub fn paint(
    test: &Sessions,
    pack: &Pack,
    runtime: &Runtime,
    stimuli: &StimulusSet,
    seed: u64,
) -> Result<Vec<Example>, PersonalError> {
    let mut painter = Painter::load(pack, runtime)?;
    let mut encoder = Encoder::load(pack, runtime)?;
    let steps = pack.manifest().generator.steps;
    let mut examples = Vec::new();
    for picture in 0..test.pictures.len().min(MOST) {
        let id = &test.pictures.ids[picture];
        let trials: Vec<usize> =
            (0..test.trials.len()).filter(|i| test.trials.about[*i].picture == picture).collect();
        let Some(stimulus) = stimuli.stimuli.iter().find(|stimulus| stimulus.id == *id) else {
            continue;
        };
        let [real, twin] = asked(test, &trials, pack, &mut encoder, seed)?;
        let mut png = |embedding: &[f32]| -> Result<Vec<u8>, PersonalError> {
            let key = NoiseKey { seed, window: picture as u64 };
            let painted = painter.paint(embedding, key, steps, &|| false, &Clock::system())?;
            encoded(&painted.picture)
        };
        examples.push(Example {
            label: stimulus.label.clone(),
            seen_png: stimulus.png.to_vec(),
            reconstruction_png: png(&real)?,
            twin_png: png(&twin)?,
            note: format!("mean of {} trials", trials.len()),
        });
    }
    Ok(examples)
}

/// What the generator is asked with: for the trials, and for their surrogates.
fn asked(
    test: &Sessions,
    chosen: &[usize],
    pack: &Pack,
    encoder: &mut Encoder,
    seed: u64,
) -> Result<[Vec<f32>; 2], DecodeError> {
    let trials = &test.trials;
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
        surrogate.draw(trials.epoch(*i), &mut rng, &mut shuffled);
        encoder.encode(&shuffled, &mut embedding)?;
        twin.add(&embedding);
    }
    Ok([real.asked().to_vec(), twin.asked().to_vec()])
}

fn encoded(picture: &Picture) -> Result<Vec<u8>, PersonalError> {
    let mut png = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_raw(picture.width, picture.height, picture.rgb.clone())
        .ok_or_else(|| PersonalError::Unexpected("a picture has too few pixels".into()))?;
    pixels
        .write_to(&mut png, image::ImageFormat::Png)
        .map_err(|e| PersonalError::Unexpected(format!("a picture cannot be written: {e}")))?;
    Ok(png.into_inner())
}
