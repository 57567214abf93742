//! The decode stage: from windows to evidence and pictures, with scores and times.
//!
//! Takes one window at a time, gives a [`DecodeStatus`] to the viewers and each decode to the sinks. Not a
//! real-time stage: it may allocate and take tens of milliseconds; the backlog before it keeps the windows of
//! the newest delivery meanwhile: one, where samples come singly.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::command::DecodeCommand;
use super::config::RunConfig;
use super::contract;
use super::kept::{PValues, Seen};
use super::ledger::Ledger;
use super::scores::Scores;
use super::shared::{DecodeStatus, Shared};
use super::sink::{DecodeSink, RunFacts};
use super::view::{Words, decode_view, withheld};
use crate::decode::inference::posterior::Candidates;
use crate::decode::{DecodeError, Decoded, Decoder, DecoderOptions, Gallery, Pack, Scope};
use crate::signal::{StimulusSet, Window};
use crate::snapshot::{ChannelOrigin, DecodeView, Level, PackState, PackView};

/// Least mean cosine between the gallery's and the stimulus set's embeddings of the same pictures.
const MIN_AGREEMENT: f32 = 0.9;

/// Said when a simulated brain and the pack do not speak of the same numbers.
const OTHER_SPACE: &str = "The simulated brain answers to other embeddings than this pack's (models/*/pack.toml, \
[embedding] space): every score is at chance. Use the pack that came with this program, or a recording or headset.";

/// Said when the null twin names pictures more often than guessing would.
pub const CONTROL_SUCCEEDS: &str = "The control succeeds: other windows, phase-randomised, name the picture more often than \
guessing would. Something other than the brain's answer tells what is shown, so pictures and scores are withheld. Look for \
the picture's trace in the signal (a light sensor, a trigger cable, sound), then start anew.";

/// What is left of the stage when the run is over.
#[derive(Clone, Debug, Default)]
pub struct DecodeSummary {
    /// The last status.
    pub status: DecodeStatus,
    /// p-values of all decodes that had one: that there is anything at all.
    pub p_values: PValues,
    /// p-values of the shown picture.
    pub p_shown: PValues,
    /// SHA-256 over every embedding's bytes, window number and stimulus row, in order; hexadecimal.
    pub decode_hash: String,
    /// When the first picture was there, on the program's clock.
    pub first_picture_secs: Option<f64>,
}

/// The decode stage.
pub struct Decoding {
    decoder: Decoder,
    words: Words,
    /// Whether the gallery and the pictures that a simulated brain answers to are in one embedding space.
    same_space: bool,
    stamps_are_live: bool,
    pack: Pack,
    source_snr_db: Option<f64>,
    view: PackView,
    scores: Scores,
    /// Numbers of the windows of a recording that were counted.
    scored: Seen,
    ledger: Ledger,
    status: DecodeStatus,
    p_values: PValues,
    p_shown: PValues,
    first_picture_secs: Option<f64>,
    sinks: Vec<Box<dyn DecodeSink>>,
}

impl Decoding {
    /// Loads a verified pack's graphs.
    ///
    /// # Errors
    /// Why the pack cannot be used, in plain words.
    pub fn load(
        pack: &Pack,
        config: &RunConfig,
        stimuli: &Arc<StimulusSet>,
        runtime: &Path,
        sinks: Vec<Box<dyn DecodeSink>>,
    ) -> Result<Self, String> {
        let options = DecoderOptions {
            steps: config.steps,
            seed: config.seed,
            twin: config.twin,
            steadying: config.steadying,
            showing: config.showing,
            planted_leak: config.planted_leak,
            threads: config.inference_threads,
            told: config.stimuli.clone(),
            stimulus_ids: Some(stimuli.stimuli.iter().map(|s| s.id.clone()).collect()),
        };
        let decoder = Decoder::load(pack, &options, runtime).map_err(|e| e.to_string())?;
        let gallery = decoder.gallery().clone();
        let manifest = pack.manifest();
        let view = PackView {
            name: format!("{} {}", manifest.name, manifest.version),
            sha256: pack.sha256().into(),
            encoder_sha256: pack.encoder_sha256().into(),
            simulated_training: manifest.simulated_training,
            labels: gallery.labels().to_vec(),
            steps_allowed: manifest.generator.steps_allowed.clone(),
            steps: decoder.steps(),
            steadying: decoder.steadying(),
            showing: decoder.showing(),
            calibrated_by: decoder.judge().map(|judge| judge.source().to_owned()),
            remembered: decoder.judge().and_then(|judge| judge.pictures(Scope::Remembered)),
            montage: Vec::new(),
            expected: None,
            expected_table: pack.own_expected().cloned().map(Arc::new),
            caution: None,
            credits: manifest.credits.iter().map(|credit| credit.line()).collect(),
            band_hz: manifest.input.band_hz,
            window_secs: manifest.input.window_secs,
        };
        Ok(Self {
            scores: Scores::new(gallery.len()),
            scored: Seen::default(),
            same_space: same_space(&gallery, stimuli),
            words: Words { labels: decoder.labels(), stimuli: stimuli.clone() },
            decoder,
            stamps_are_live: true,
            pack: pack.clone(),
            source_snr_db: contract::snr_of(&config.spec),
            view,
            ledger: Ledger::default(),
            status: DecodeStatus::default(),
            p_values: PValues::default(),
            p_shown: PValues::default(),
            first_picture_secs: None,
            sinks,
        })
    }

    /// Tells the viewers that the pack is loaded, whether or not there is a source for it.
    pub fn announce(&self, shared: &Shared) {
        shared.set_pack(PackState::Ready(Arc::new(self.view.clone())));
    }

    /// The source is there and its channels are mapped.
    pub fn begin(&mut self, shared: &Shared, facts: &RunFacts, montage: Vec<ChannelOrigin>) {
        self.stamps_are_live = facts.stamps_are_live;
        self.view.expected = contract::expectation(&self.pack, &montage, self.source_snr_db);
        self.view.montage = montage;
        if let Some(text) = self.decoder.judge().and_then(|judge| doubled_words(judge.told())) {
            shared.notice(Level::Info, text);
        }
        self.view.caution = (facts.simulated && !self.same_space).then(|| OTHER_SPACE.into());
        self.announce(shared);
        for sink in &mut self.sinks {
            sink.begin(facts);
        }
    }

    /// Decodes one window.
    ///
    /// # Errors
    /// Why a sink could not keep the decode, or why a graph failed, in plain words.
    pub fn step(&mut self, shared: &Shared, window: &Window) -> Result<(), String> {
        let Self { decoder, words, status, stamps_are_live, .. } = self;
        let caught = status.control.succeeded;
        let say = |decoded: &Decoded| {
            let view = decode_view(words, decoded, window, *stamps_are_live);
            Arc::new(if decoded.control.succeeded { withheld(view) } else { view })
        };
        // The picture goes out as soon as it is there; draws, null twin and p-value follow.
        let mut early = |decoded: &Decoded| {
            status.decode = Some(say(decoded));
            shared.set_status(status.clone());
        };
        let decoded = match decoder.step_with(window, &shared.clock, &shared.cancel, &mut early) {
            Ok(decoded) => decoded,
            Err(DecodeError::Cancelled) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        let view = say(&decoded);
        if decoded.control.succeeded && !caught {
            shared.notice(Level::Error, CONTROL_SUCCEEDS);
        }
        self.count(&decoded, &view, shared.clock.now_secs());
        for sink in &mut self.sinks {
            sink.decode(&view)?;
        }
        self.status.decode = Some(view);
        shared.set_status(self.status.clone());
        Ok(())
    }

    fn count(&mut self, decoded: &Decoded, view: &DecodeView, now_secs: f64) {
        let windows = &mut self.status.windows;
        if let Some(reason) = decoded.abstain {
            *windows.abstained.entry(reason).or_default() += 1;
        } else if decoded.image.is_some() {
            windows.decoded += 1;
            windows.steadied += u64::from(decoded.steady_weight.is_some());
        }
        // A replay that goes back shows windows again; each counts once.
        let new = self.stamps_are_live || self.scored.insert(view.window);
        if new {
            decoded.p_value.into_iter().for_each(|p| self.p_values.add(p));
            decoded.p_shown.into_iter().for_each(|p| self.p_shown.add(p));
        }
        self.status.control = decoded.control;
        if let (Some(single), Some(averaged)) = (decoded.trial_truth_rank, decoded.truth_rank) {
            let twin = decoded.twin.as_ref().and_then(|twin| twin.trial_truth_rank);
            if new {
                self.scores.add(single, decoded.k, averaged, twin);
            }
            self.status.truth = self.scores.truth().map(Arc::new);
            self.status.twin_truth = self.scores.twin();
        }
        if decoded.control.succeeded {
            self.status.truth = None;
        }
        let picture_secs = decoded.times.picture_secs;
        self.first_picture_secs = self.first_picture_secs.or(picture_secs);
        self.ledger.add(decoded.window, view.latency, picture_secs);
        self.status.latency = self.ledger.view();
        self.status.images_per_s = self.ledger.images_per_s(now_secs);
    }

    /// Paints a picture that may be guessed later, unless something comes up; false when there is nothing to paint, or it
    /// failed: the step that needs the picture says why.
    pub fn paint_ahead(&mut self, shared: &Shared, comes_up: &dyn Fn() -> bool) -> bool {
        let wanted = || shared.cancel.load(Ordering::Relaxed) || comes_up();
        !wanted() && self.decoder.paint_ahead((&wanted, &shared.clock)).unwrap_or(false)
    }

    /// Carries out a viewer's wish.
    pub fn obey(&mut self, shared: &Shared, command: DecodeCommand) {
        match command {
            DecodeCommand::Steps(steps) => match self.decoder.set_steps(steps) {
                Ok(()) => {
                    self.view.steps = steps;
                    self.announce(shared);
                }
                Err(error) => shared.notice(Level::Warning, error.to_string()),
            },
            DecodeCommand::Twin(on) => self.decoder.set_twin(on),
            DecodeCommand::Steadying(steadying) => {
                self.decoder.set_steadying(steadying);
                self.view.steadying = steadying;
                self.announce(shared);
            }
            DecodeCommand::Showing(showing) => {
                self.decoder.set_showing(showing);
                self.view.showing = showing;
                self.announce(shared);
            }
            DecodeCommand::Shown { window, at_secs } => self.note_shown(window, at_secs),
        }
    }

    fn note_shown(&mut self, window: u64, at_secs: f64) {
        let Some(picture_secs) = self.ledger.picture_secs(window) else { return };
        self.ledger.add_screen(window, ((at_secs - picture_secs) * 1e3) as f32);
        self.status.latency = self.ledger.view();
    }

    /// Ends the stage: the sinks finish, and what was found is given.
    pub fn finish(mut self) -> (DecodeSummary, Result<(), String>) {
        let mut outcome = Ok(());
        for sink in &mut self.sinks {
            outcome = outcome.and(sink.finish());
        }
        let summary = DecodeSummary {
            status: self.status,
            p_values: self.p_values,
            p_shown: self.p_shown,
            decode_hash: self.decoder.decode_hash(),
            first_picture_secs: self.first_picture_secs,
        };
        (summary, outcome)
    }
}

/// What is said where a picture is there more than once.
fn doubled_words(told: &Candidates) -> Option<String> {
    let (doubled, all) = (told.doubled(), told.len());
    (doubled > 0).then(|| {
        format!(
            "of the {all} pictures in play {doubled} are there already under another name: they share their probability, \
             and count as one"
        )
    })
}

/// True when gallery and stimuli share no picture, or agree on those that they share.
fn same_space(gallery: &Gallery, stimuli: &StimulusSet) -> bool {
    let pictures = stimuli
        .stimuli
        .iter()
        .enumerate()
        .map(|(row, stimulus)| (stimulus.id.as_str(), stimuli.embedding(row)));
    gallery.agreement(pictures).is_none_or(|cosine| cosine >= MIN_AGREEMENT)
}
