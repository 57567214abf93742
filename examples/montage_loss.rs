//! What is left of a pack's score with the electrodes of common headsets? Writes `assets/montages/measured.toml`.
//!
//! Takes a pack and subjects whose role is development (`models/training/eeg_data.py`); every subject wears every preset
//! of `assets/montages/presets.toml` in turn, looks at the same pictures, and goes through the very signal path of live
//! use (`study::trials::epochs`), interpolation and gate included. Gives for each preset the share of single trials whose
//! picture came first among the gallery by cosine, with a 95 % interval from whole subjects drawn with replacement.
//! Presets with which every window would be refused are left out, and said.
//!
//! `cargo run --release --example montage_loss -- --subjects 901..924 --trials 100 --out assets/montages/measured.toml`

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use phosphene::decode::Pack;
use phosphene::decode::encoding::encoder::Encoder;
use phosphene::decode::inference::gallery::{Gallery, rank_of};
use phosphene::decode::session::Runtime;
use phosphene::native;
use phosphene::pipeline::contract::InputContract;
use phosphene::signal::StimulusSet;
use phosphene::signal::montage::{Montage, Preset, presets};
use phosphene::source::simulator::SimulatedSource;
use phosphene::study::trials::epochs::{EpochError, EpochOptions, collect, shown_picture};
use phosphene::subject::schedule::FIRST_ONSET_SECS;
use phosphene::subject::{SimParams, Speed};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// The preset that has every electrode of the bundled pack.
const WHOLE: &str = "posterior16";
/// Draws of whole subjects behind an interval.
const DRAWS: usize = 2000;
/// Signal to noise of all trials, dB: the pack's own table is about the same.
const SNR_DB: f64 = -14.0;

type Error = Box<dyn std::error::Error>;

#[derive(Parser)]
#[command(about = "Measures what is left of a pack's score with the electrodes of common headsets")]
struct Options {
    /// The pack.
    #[arg(long, default_value = "models/demo")]
    pack: PathBuf,
    /// Subjects A..B, both included.
    #[arg(long, default_value = "901..924", value_parser = parse_range)]
    subjects: (u64, u64),
    /// Looks of each subject.
    #[arg(long, default_value_t = 100)]
    trials: u32,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
}

/// What decodes.
struct Decoder {
    contract: InputContract,
    encoder: Encoder,
    gallery: Gallery,
    stimuli: Arc<StimulusSet>,
}

fn main() -> Result<(), Error> {
    let options = Options::parse();
    let pack = Pack::open(&options.pack)?;
    let runtime = Runtime::load(&native::onnx_runtime()?, 1)?;
    let mut decoder = Decoder {
        contract: InputContract::of(pack.manifest()),
        encoder: Encoder::load(&pack, &runtime)?,
        gallery: Gallery::load(&pack)?,
        stimuli: Arc::new(StimulusSet::bundled()?),
    };
    let mut text = head(&options, pack.encoder_sha256());
    for preset in presets() {
        let subjects = options.subjects.0..=options.subjects.1;
        let found: Result<Vec<[u64; 2]>, EpochError> =
            subjects.map(|subject| decoder.hits(preset, subject, options.trials)).collect();
        match found {
            Ok(hits) => {
                let trials: u64 = hits.iter().map(|[_, trials]| trials).sum();
                let (top1, [low, high]) = (share(&hits), interval(&hits));
                writeln!(text, "\n[[row]]\npreset = \"{}\"", preset.name)?;
                writeln!(
                    text,
                    "top1 = {top1:.4}\nci95 = [{low:.4}, {high:.4}]\ntrials = {trials}"
                )?;
                eprintln!("{:<16} {top1:.3} ({low:.3} to {high:.3}) of {trials}", preset.name);
            }
            Err(EpochError::Montage { .. }) => {
                writeln!(
                    text,
                    "\n# {}: every window is refused, too few electrodes are near",
                    preset.name
                )?;
                eprintln!("{:<16} refused", preset.name);
            }
            Err(why) => return Err(why.into()),
        }
    }
    Ok(std::fs::write(&options.out, text)?)
}

impl Decoder {
    /// Trials of one subject whose picture came first, and all of them.
    fn hits(&mut self, preset: &Preset, subject: u64, trials: u32) -> Result<[u64; 2], EpochError> {
        let worn: Vec<&str> = preset.electrodes().collect();
        let usual = SimParams::default();
        let params = SimParams {
            subject,
            snr_db: SNR_DB,
            montage: Montage::from_labels(&worn),
            repeats: 1,
            speed: Speed::Max,
            // Until the window of the last look is over.
            seconds: Some(FIRST_ONSET_SECS + usual.soa_secs * f64::from(trials) + 1.0),
            ..usual
        };
        let mut source = SimulatedSource::new(params, self.stimuli.clone());
        let options = EpochOptions { name: &shown_picture, keep_artefacts: false };
        let found = collect(&mut source, &self.contract, &options, |_| {})?;
        let (mut hits, mut trials) = (0, 0);
        let mut embedding = vec![0.0; self.stimuli.dim];
        let mut scores = Vec::new();
        for epoch in &found.epochs {
            let Some(row) = self.gallery.row_of(&epoch.id) else { continue };
            if self.encoder.encode(&epoch.eeg_uv, &mut embedding).is_err() {
                continue;
            }
            self.gallery.scores(&embedding, &mut scores);
            hits += u64::from(rank_of(&scores, row) == Some(1));
            trials += 1;
        }
        Ok([hits, trials])
    }
}

fn head(options: &Options, encoder_sha256: &str) -> String {
    let (first, last) = options.subjects;
    format!(
        "# What is left of the bundled pack's score with the electrodes of common headsets: single trials whose picture came\n\
         # first of the gallery. Written by examples/montage_loss.rs; the interval is from whole subjects drawn with replacement:\n\
         # cargo run --release --example montage_loss -- --subjects {first}..{last} --trials {} --out assets/montages/measured.toml\n\n\
         encoder_sha256 = \"{encoder_sha256}\"\n\
         source = \"simulated development subjects {first} to {last}, {SNR_DB} dB, as worn\"\n\
         whole = \"{WHOLE}\"\n",
        options.trials
    )
}

fn share(hits: &[[u64; 2]]) -> f64 {
    let [hits, trials] = hits.iter().fold([0, 0], |[h, t], [hit, trial]| [h + hit, t + trial]);
    hits as f64 / (trials as f64).max(1.0)
}

/// 95 % interval of the share: whole subjects are drawn, since trials of one subject are not independent.
fn interval(hits: &[[u64; 2]]) -> [f64; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(19);
    let mut shares: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn: Vec<_> =
                hits.iter().map(|_| hits[rng.random_range(0..hits.len())]).collect();
            share(&drawn)
        })
        .collect();
    shares.sort_by(f64::total_cmp);
    [shares[DRAWS * 25 / 1000], shares[DRAWS * 975 / 1000]]
}

fn parse_range(text: &str) -> Result<(u64, u64), String> {
    let wrong = || format!("'{text}' is not A..B");
    let (a, b) = text.split_once("..").ok_or_else(wrong)?;
    match (a.parse(), b.parse()) {
        (Ok(a), Ok(b)) if a <= b => Ok((a, b)),
        _ => Err(wrong()),
    }
}
