//! Writes epochs of virtual subjects for training an EEG encoder, cut by the signal path of live use.
//!
//! Gives a safetensors file: `eeg` f32 `[n, 16, 200]` µV (channels of [`CHANNELS`]; 0.5–40 Hz causal, notch, average
//! reference, baseline −0.1…0 s, 0–0.8 s at 250 Hz), `stimulus` i32 `[n]` (row in the bundled set; from 40 on,
//! row − 40 of `--novel-embeddings`), `subject` i32 `[n]`, `snr_db` f32 `[n]`, `target` f32 `[n, dim]` (the embedding).
//! Where several montages or artefact strengths are named, subjects take turns with them. Channels that a montage
//! lacks are interpolated, or zero where no electrode is near, as in live use; windows that the gate refuses are left
//! out, as in live use. Memory stays small: epochs go straight to the file.
//!
//! `cargo run --release --example training_epochs -- --subjects 1..40 --trials 1200 --snr=-5,0 --out epochs.safetensors`

use std::fs::File;
use std::io::{BufWriter, Seek as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use phosphene::dsp::{Chain, ChainConfig, GateConfig, Reference, Windows};
use phosphene::signal::montage::{ChannelMap, Montage};
use phosphene::signal::{FrameMeta, Stimulus, StimulusSet, Window};
use phosphene::subject::{Event, SimParams, VirtualSubject};
use phosphene::units::SampleRate;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// The contract of the demo model pack.
const CHANNELS: &str = "posterior16";
const BAND_HZ: [f64; 2] = [0.5, 40.0];
const WINDOW_SECS: [f64; 2] = [0.0, 0.8];
const BASELINE_SECS: [f64; 2] = [-0.1, 0.0];
const SETTLE_SECS: f64 = 2.0;

/// Stream of the onset errors: they must not repeat the numbers that the subject draws from its own seeds.
const ONSET_ERROR_STREAM: u64 = 0x4f4e;

/// Share of refused windows above which something is wrong with the settings.
const MOST_REFUSED: u64 = 5;

type Error = Box<dyn std::error::Error>;

#[derive(Parser)]
#[command(about = "Writes epochs of virtual subjects for training an EEG encoder")]
struct Options {
    /// Subjects A..B, both included.
    #[arg(long, value_parser = parse_range)]
    subjects: (u64, u64),
    /// Epochs of each subject at each signal-to-noise ratio.
    #[arg(long)]
    trials: usize,
    /// Signal-to-noise ratios in dB, with commas between them: --snr=-10,-5,0
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, default_value = "-14")]
    snr: Vec<f64>,
    /// Headsets, with commas between them; the first subject wears the first, and so on in turn.
    #[arg(long, value_delimiter = ',', default_value = CHANNELS)]
    montage: Vec<String>,
    /// Strengths of the artefacts from 0 to 1, with commas between them, in turn like the montages.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    artefacts: Vec<f64>,
    /// Standard deviation of the error of the onset times that the signal path is told, in ms.
    #[arg(long, default_value_t = 0.0)]
    onset_error_ms: f64,
    /// Session seed of the first run; every run has its own.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Safetensors file with tensor `embeddings` f32 [m, dim]: pictures outside the bundled set.
    #[arg(long)]
    novel_embeddings: Option<PathBuf>,
    /// Shows the novel pictures only, not the bundled ones.
    #[arg(long, requires = "novel_embeddings")]
    novel_only: bool,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
}

fn main() -> Result<(), Error> {
    let options = Options::parse();
    let wanted = Montage::standard(CHANNELS).ok_or("no such montage")?;
    let (set, first_row) = pictures(&options)?;
    let subjects = options.subjects.0..=options.subjects.1;
    let count = subjects.clone().count() * options.snr.len() * options.trials;
    let mut file = EpochFile::create(&options.out, count, wanted.len(), set.dim)?;
    let progress = indicatif::ProgressBar::new(count as u64);
    for subject in subjects {
        for (i, &snr_db) in options.snr.iter().enumerate() {
            let params = session(&options, subject, i, snr_db)?;
            let run = Run {
                params: &params,
                wanted: &wanted,
                onset_error_secs: options.onset_error_ms / 1e3,
            };
            record(&run, options.trials, &set, |row, window| {
                file.push(window, first_row + row, subject, snr_db, set.embedding(row))?;
                progress.inc(1);
                Ok(())
            })?;
        }
    }
    file.finish()
}

/// What one subject wears and how strong its signal is, in the session at one signal-to-noise ratio.
fn session(options: &Options, subject: u64, index: usize, snr_db: f64) -> Result<SimParams, Error> {
    let turn = (subject - options.subjects.0) as usize;
    let name = &options.montage[turn % options.montage.len()];
    let montage = Montage::standard(name).ok_or_else(|| {
        let known = Montage::standard_names().collect::<Vec<_>>().join(", ");
        format!("no montage '{name}'; there are {known}")
    })?;
    let artefacts = options.artefacts[turn % options.artefacts.len()];
    if !(0.0..=1.0).contains(&artefacts) {
        return Err(format!("artefacts of strength {artefacts}; from 0 to 1 is possible").into());
    }
    if !(0.0..=1e3).contains(&options.onset_error_ms) {
        return Err(format!(
            "an onset error of {} ms; from 0 to 1000 is possible",
            options.onset_error_ms
        )
        .into());
    }
    let seed = options.seed + index as u64;
    Ok(SimParams { subject, snr_db, seed, montage, artefacts, repeats: 1, ..SimParams::default() })
}

/// One session and how it is recorded.
struct Run<'a> {
    params: &'a SimParams,
    /// The channels of the epochs.
    wanted: &'a Montage,
    onset_error_secs: f64,
}

/// Shows pictures to one subject until there are `trials` good windows.
fn record(
    run: &Run<'_>,
    trials: usize,
    set: &Arc<StimulusSet>,
    mut keep: impl FnMut(usize, &Window) -> Result<(), Error>,
) -> Result<(), Error> {
    let params = run.params;
    let mut subject = VirtualSubject::new(params, set.clone());
    let mut chain = Chain::prepare(chain_config(params, run.wanted))?;
    let mut window = Window::with_shape(run.wanted.len(), chain.window_samples());
    let mut frame = vec![0.0; params.montage.len()];
    let mut rng = ChaCha8Rng::seed_from_u64(params.subject);
    rng.set_stream(ONSET_ERROR_STREAM + params.seed);
    let (mut kept, mut refused) = (0, 0);
    while kept < trials {
        let index = subject.next_index();
        let time_secs = index as f64 / params.rate.hz();
        subject.next_block(&mut frame, |event| {
            if let Event::Onset(trial) = event {
                let error: f64 = rng.sample(StandardNormal);
                let told_secs = trial.onset_secs + run.onset_error_secs * error;
                chain.push_onset(u16::try_from(trial.row).ok(), told_secs);
            }
        });
        chain.push_frame(
            FrameMeta { index, time_secs, arrival_secs: time_secs, gap_before: false },
            &frame,
        );
        while kept < trials && chain.pop_window(time_secs, &mut window) {
            match window.stimulus_row() {
                Some(row) if window.abstain.is_none() => {
                    keep(usize::from(row), &window)?;
                    kept += 1;
                }
                _ => refused += 1,
            }
        }
        if refused > 100 + MOST_REFUSED * kept as u64 {
            return Err(format!(
                "{refused} windows refused, the last because {:?}",
                window.abstain
            )
            .into());
        }
    }
    Ok(())
}

fn chain_config(params: &SimParams, wanted: &Montage) -> ChainConfig {
    let worn = &params.montage.labels;
    ChainConfig {
        source_rate: params.rate,
        source_channels: worn.len(),
        mapping: ChannelMap::between(worn, &wanted.labels).matrix,
        channels: wanted.len(),
        rate: SampleRate::HZ_250,
        band_hz: BAND_HZ,
        band_order: 4,
        notch_hz: Some(params.line_hz),
        reference: Reference::CommonAverage,
        window_secs: WINDOW_SECS,
        baseline_secs: Some(BASELINE_SECS),
        windows: Windows::default(),
        settle_secs: SETTLE_SECS,
        gate: GateConfig::default(),
    }
}

/// The pictures to show, and what to add to their row for the file.
fn pictures(options: &Options) -> Result<(Arc<StimulusSet>, usize), Error> {
    let mut set = StimulusSet::bundled()?;
    let Some(path) = &options.novel_embeddings else { return Ok((Arc::new(set), 0)) };
    let first_row = if options.novel_only { set.len() } else { 0 };
    if options.novel_only {
        set.stimuli.clear();
        set.embeddings.clear();
    }
    let bytes = std::fs::read(path)?;
    let file = safetensors::SafeTensors::deserialize(&bytes)?;
    let tensor = file.tensor("embeddings")?;
    if tensor.shape().len() != 2 || tensor.shape()[1] != set.dim {
        return Err(format!("embeddings {:?} instead of [m, {}]", tensor.shape(), set.dim).into());
    }
    for row in 0..tensor.shape()[0] {
        let png = std::borrow::Cow::Borrowed(&[][..]);
        set.stimuli.push(Stimulus { id: format!("novel{row}"), label: String::new(), png });
    }
    set.embeddings.extend(tensor.data().as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)));
    if u16::try_from(set.len()).is_err() {
        return Err(format!("{} pictures; at most {} are possible", set.len(), u16::MAX).into());
    }
    Ok((Arc::new(set), first_row))
}

fn parse_range(text: &str) -> Result<(u64, u64), String> {
    let wrong = || format!("'{text}' is not A..B");
    let (a, b) = text.split_once("..").ok_or_else(wrong)?;
    match (a.parse(), b.trim_start_matches('=').parse()) {
        (Ok(a), Ok(b)) if a <= b => Ok((a, b)),
        _ => Err(wrong()),
    }
}

/// A safetensors file that is written epoch by epoch: its size is known beforehand, so the header comes first
/// and every tensor has its place. The small tensors wait in memory.
struct EpochFile {
    file: BufWriter<File>,
    count: usize,
    stimulus: Vec<i32>,
    subject: Vec<i32>,
    snr_db: Vec<f32>,
    target: Vec<f32>,
}

const SAMPLES: usize = 200;

impl EpochFile {
    fn create(path: &PathBuf, count: usize, channels: usize, dim: usize) -> Result<Self, Error> {
        let shapes: [(&str, &str, Vec<usize>); 5] = [
            ("eeg", "F32", vec![count, channels, SAMPLES]),
            ("stimulus", "I32", vec![count]),
            ("subject", "I32", vec![count]),
            ("snr_db", "F32", vec![count]),
            ("target", "F32", vec![count, dim]),
        ];
        let mut header = serde_json::Map::new();
        let mut at = 0;
        for (name, dtype, shape) in shapes {
            let end = at + 4 * shape.iter().product::<usize>();
            let entry =
                serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [at, end]});
            header.insert(name.into(), entry);
            at = end;
        }
        let mut header = serde_json::to_vec(&header)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        let (stimulus, subject, snr_db, target) = Default::default();
        Ok(Self { file, count, stimulus, subject, snr_db, target })
    }

    fn push(
        &mut self,
        window: &Window,
        stimulus: usize,
        subject: u64,
        snr_db: f64,
        target: &[f32],
    ) -> Result<(), Error> {
        if window.samples != SAMPLES {
            return Err(
                format!("a window of {} samples instead of {SAMPLES}", window.samples).into()
            );
        }
        self.file.write_all(bytemuck::cast_slice(&window.samples_uv))?;
        self.stimulus.push(i32::try_from(stimulus)?);
        self.subject.push(i32::try_from(subject)?);
        self.snr_db.push(snr_db as f32);
        self.target.extend(target);
        Ok(())
    }

    fn finish(mut self) -> Result<(), Error> {
        if self.stimulus.len() != self.count {
            return Err(format!("{} epochs instead of {}", self.stimulus.len(), self.count).into());
        }
        self.file.write_all(bytemuck::cast_slice(&self.stimulus))?;
        self.file.write_all(bytemuck::cast_slice(&self.subject))?;
        self.file.write_all(bytemuck::cast_slice(&self.snr_db))?;
        self.file.write_all(bytemuck::cast_slice(&self.target))?;
        let length = self.file.stream_position()?;
        self.file.flush()?;
        eprintln!("{} epochs, {} MB", self.count, length / 1_000_000);
        Ok(())
    }
}
