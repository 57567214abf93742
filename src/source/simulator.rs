//! A virtual subject who sees pictures ([`crate::subject`]) as a source: its pace, time stamps and markers, and the keys
//! after `sim:`.
//!
//! Always says that it is simulated. The signal is the same bits for the same parameters, whatever the pace.

use std::sync::Arc;
use std::time::Duration;

use super::spec::{Parameters, SourceSpec};
use super::{
    CHUNK_FRAMES, CHUNK_MARKERS, MAX_READ_WAIT_SECS, ReadStatus, Source, SourceCounters,
    SourceError, SourceInfo, SourceKind,
};
use crate::signal::marker::STIMULUS_OFF;
use crate::signal::{Chunk, FrameMeta, Marker, Screen, StimulusSet};
use crate::subject::{
    Event, PRESENTED, Schedule, SimParams, Speed, VirtualSubject, Wanted, attention, strength,
};
use crate::time::clock::Clock;

impl SimParams {
    /// Reads the pairs of a `sim:` specification; what is not given keeps its default.
    ///
    /// # Errors
    /// [`SourceError::BadSpec`] for an unknown key or an impossible value.
    pub fn from_parameters(parameters: &Parameters) -> Result<Self, SourceError> {
        let spec = || SourceSpec::Sim(parameters.clone()).to_string();
        if parameters.contains_key("snr") && parameters.contains_key("strength") {
            let why = "strength is a name for a level of snr: give one of them".into();
            return Err(SourceError::BadSpec { spec: spec(), why });
        }
        let mut params = Self::default();
        for (key, value) in parameters {
            params.set(key, value).map_err(|why| SourceError::BadSpec { spec: spec(), why })?;
        }
        params.check().map_err(|why| SourceError::BadSpec { spec: spec(), why })?;
        Ok(params)
    }
}

/// The virtual subject as a source.
#[derive(Debug)]
pub struct SimulatedSource {
    params: SimParams,
    stimuli: Arc<StimulusSet>,
    screen: Option<Arc<Screen>>,
    wanted: Option<Arc<Wanted>>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    subject: VirtualSubject,
    clock: Clock,
    /// Time of the first sample on the program's clock.
    start_secs: f64,
    frame: Vec<f32>,
    frames_in_all: u64,
}

impl SimulatedSource {
    /// A source that is made ready by `prepare`.
    pub fn new(params: SimParams, stimuli: Arc<StimulusSet>) -> Self {
        Self { params, stimuli, screen: None, wanted: None, running: None }
    }

    /// The same subject before a presenter's screen: while that is open it sees what is shown there.
    #[must_use]
    pub fn with_screen(self, screen: Arc<Screen>) -> Self {
        Self { screen: Some(screen), ..self }
    }

    /// The same subject, who looks on free pages for what is wanted there.
    #[must_use]
    pub fn with_wanted(self, wanted: Arc<Wanted>) -> Self {
        Self { wanted: Some(wanted), ..self }
    }

    /// What will be shown when, in seconds since the first sample.
    pub fn schedule(&self) -> Schedule {
        Schedule::new(&self.params, self.stimuli.len())
    }

    /// Time of the first sample on the program's clock; `None` before `prepare`.
    pub fn start_secs(&self) -> Option<f64> {
        self.running.as_ref().map(|running| running.start_secs)
    }

    fn info(&self) -> SourceInfo {
        SourceInfo {
            mounted: None,
            kind: SourceKind::Sim,
            name: format!("virtual subject {} (SIMULATED)", self.params.subject),
            simulated: true,
            snr_db: Some(self.params.snr_db),
            channels: self.params.montage.labels.clone(),
            rate: self.params.rate,
            source_unit: "uV".into(),
            has_markers: !self.stimuli.is_empty(),
            notes: vec![
                format!(
                    "simulated EEG: picture-specific response at {} dB, reference linked mastoids",
                    self.params.snr_db
                ),
                strength::words(self.params.snr_db),
                attention::words(&self.params),
            ],
        }
    }
}

impl Source for SimulatedSource {
    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        let fits = self.stimuli.embeddings.len() == self.stimuli.len() * self.stimuli.dim;
        let fits =
            if fits { self.params.check() } else { Err("a picture has no embedding".into()) };
        fits.map_err(|why| SourceError::Unusable {
            what: "the virtual subject".into(),
            why,
            remedy: "Change the parameters after 'sim:' or the stimulus set".into(),
        })?;
        let rate_hz = self.params.rate.hz();
        let mut subject = VirtualSubject::new(&self.params, self.stimuli.clone());
        if let Some(wanted) = &self.wanted {
            subject.heed(wanted.clone());
        }
        self.running = Some(Running {
            subject,
            clock: clock.clone(),
            // Offline, times start at zero, so that they too are the same in every run.
            start_secs: if self.is_offline() { 0.0 } else { clock.now_secs() },
            frame: vec![0.0; self.params.montage.len()],
            frames_in_all: self.params.seconds.map_or(u64::MAX, |s| (s * rate_hz).round() as u64),
        });
        Ok(self.info())
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        let Some(running) = self.running.as_mut() else { return Ok(ReadStatus::End) };
        let rate_hz = self.params.rate.hz();
        let now_secs = running.clock.now_secs();
        let due = match self.params.speed {
            Speed::Max => u64::MAX,
            Speed::Times(times) => {
                ((now_secs - running.start_secs) * times * rate_hz).floor() as u64 + 1
            }
        };
        let last = due.min(running.frames_in_all);
        let produced = running.subject.next_index();
        if produced >= running.frames_in_all {
            return Ok(ReadStatus::End);
        }
        if produced >= last {
            std::thread::sleep(Duration::from_secs_f64(MAX_READ_WAIT_SECS / 2.0));
            return Ok(ReadStatus::Idle);
        }
        let arrival_secs = (self.params.speed != Speed::Max).then_some(now_secs);
        let seen = Seen { stimuli: &self.stimuli, screen: self.screen.as_deref() };
        let frames = (last - produced).min(CHUNK_FRAMES as u64);
        running.fill(chunk, frames, rate_hz, arrival_secs, seen);
        Ok(if chunk.is_empty() { ReadStatus::Idle } else { ReadStatus::Data })
    }

    fn counters(&self) -> SourceCounters {
        SourceCounters::default()
    }

    fn is_offline(&self) -> bool {
        self.params.speed == Speed::Max
    }

    fn stop(&mut self) {
        self.running = None;
    }
}

/// What there is to see.
#[derive(Clone, Copy)]
struct Seen<'a> {
    stimuli: &'a StimulusSet,
    screen: Option<&'a Screen>,
}

impl Running {
    /// Takes the next picture and the next flash from a presenter's screen.
    fn look_at(&mut self, screen: &Screen) {
        self.subject.look_away(screen.is_open());
        if self.subject.can_see()
            && let Some(shown) = screen.next_shown()
        {
            let [onset, offset] =
                [shown.onset_secs, shown.offset_secs].map(|secs| secs - self.start_secs);
            self.subject.see(shown.row, onset, offset);
        }
        if self.subject.can_see_flash()
            && let Some(lighting) = screen.next_lit()
        {
            let onset_secs = lighting.onset_secs - self.start_secs;
            self.subject.flash(lighting.flash, onset_secs, screen.page());
        }
    }

    /// Puts up to `frames` frames into the chunk, with the markers that fall before them. `arrival_secs` is the
    /// time now; `None` says that signals arrive when they are made.
    fn fill(
        &mut self,
        chunk: &mut Chunk,
        frames: u64,
        rate_hz: f64,
        arrival_secs: Option<f64>,
        seen: Seen<'_>,
    ) {
        for _ in 0..frames {
            // A frame brings at most one offset and one onset; both must find room.
            if chunk.room() == 0 || chunk.markers().len() + 2 > CHUNK_MARKERS {
                return;
            }
            if let Some(screen) = seen.screen {
                self.look_at(screen);
            }
            let index = self.subject.next_index();
            let time_secs = self.start_secs + index as f64 / rate_hz;
            let start_secs = self.start_secs;
            self.subject.next_block(&mut self.frame, |event| {
                if let Some(marker) = marker(event, start_secs, seen.stimuli) {
                    let _room_was_checked = chunk.push_marker(marker);
                }
            });
            let arrival_secs = arrival_secs.unwrap_or(time_secs);
            let meta = FrameMeta { index, time_secs, arrival_secs, gap_before: false };
            let _room_was_checked = chunk.push(meta, &self.frame);
        }
    }
}

/// What the own schedule says of it; a presenter says its markers itself.
fn marker(event: Event, start_secs: f64, stimuli: &StimulusSet) -> Option<Marker> {
    let time_secs = start_secs + event.secs();
    match event {
        Event::Onset(trial) | Event::Offset(trial) if trial.number == PRESENTED => None,
        Event::Onset(trial) => {
            Some(Marker::stimulus_onset(time_secs, &stimuli.stimuli[trial.row].id))
        }
        Event::Offset(_) => Some(Marker::new(time_secs, STIMULUS_OFF)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Flash, Lighting, Lit, OpenPage};
    use crate::subject::Wish;

    fn parse(spec: &str) -> Result<SimParams, SourceError> {
        match spec.parse()? {
            SourceSpec::Sim(parameters) => SimParams::from_parameters(&parameters),
            _ => panic!("not a sim: {spec}"),
        }
    }

    /// Four seconds of a subject before a screen with these flashes, read in steps of so many seconds.
    fn searched(flashes: &[Lighting], wanted: Option<u8>, steps_secs: f64) -> Vec<f32> {
        let params = SimParams { seconds: Some(4.0), ..SimParams::default() };
        let channels = params.montage.len();
        let (screen, told) = (Arc::new(Screen::new(64)), Arc::new(Wanted::default()));
        screen.set_open(true);
        screen.turn_to(Some(OpenPage { number: 3, pictures: 40, sought: None }));
        flashes.iter().for_each(|lighting| screen.light(*lighting));
        if let Some(picture) = wanted {
            told.set(3, picture);
        }
        let stimuli = Arc::new(StimulusSet::bundled().unwrap());
        let source = SimulatedSource::new(params, stimuli);
        let mut source = source.with_screen(screen).with_wanted(told);
        let (clock, hand) = Clock::manual(100.0);
        let info = source.prepare(&clock).unwrap();
        assert!(info.notes.iter().any(|note| note.contains("looks for")), "{:?}", info.notes);
        let mut chunk = Chunk::with_capacity(channels, CHUNK_FRAMES, CHUNK_MARKERS);
        let mut samples = Vec::new();
        loop {
            chunk.clear();
            match source.read(&mut chunk).unwrap() {
                ReadStatus::End => return samples,
                ReadStatus::Data => samples.extend_from_slice(chunk.samples()),
                _ => hand.set_secs(clock.now_secs() + steps_secs),
            }
        }
    }

    #[test]
    fn flashes_on_the_screen_reach_the_brain_the_same_at_any_pace() {
        let lighting = |k: usize| Lighting {
            flash: Flash { page: 3, pictures: 40, lit: Lit::of([k, k + 20]), sought: None },
            onset_secs: 101.0 + 0.2 * k as f64,
            offset_secs: 101.1 + 0.2 * k as f64,
        };
        let flashes: Vec<Lighting> = (0..10).map(lighting).collect();
        let dark = searched(&[], None, 0.3);
        let lit = searched(&flashes, Some(4), 0.3);
        assert_eq!(lit, searched(&flashes, Some(4), 0.004));
        // Until the first flash the signal is that of a dark screen; then it is not.
        let (before, after) = (250 * 16, 260 * 16);
        assert_eq!(dark[..before], lit[..before]);
        assert!(dark[after..after + 1600].iter().zip(&lit[after..]).all(|(a, b)| a != b));
        // Somebody who looks for another picture answers otherwise, from the flash beside it on.
        let other = searched(&flashes, Some(7), 0.3);
        assert_eq!(other[..before + 16 * 150], lit[..before + 16 * 150]);
        assert_ne!(other, lit);
    }

    #[test]
    fn every_key_is_understood() {
        let params = parse(
            "sim:subject=3,snr=-2.5,montage=biosemi64,rate=1000,seed=9,soa=1,jitter=0.2,on=0.3,repeats=1,\
             line=60,artefacts=0.5,speed=max,seconds=20,attention=.75,seeks=12",
        )
        .unwrap();
        assert_eq!(params.montage.len(), 64);
        assert_eq!((params.attention_auc, params.seeks), (0.75, Wish::Picture(12)));
        assert_eq!((params.subject, params.seed, params.repeats), (3, 9, 1));
        assert_eq!((params.snr_db, params.rate.hz(), params.line_hz), (-2.5, 1000.0, 60.0));
        assert_eq!((params.soa_secs, params.jitter_secs, params.on_secs), (1.0, 0.2, 0.3));
        assert_eq!((params.artefacts, params.speed, params.seconds), (0.5, Speed::Max, Some(20.0)));
        assert_eq!(parse("sim:montage=O1/Oz/O2").unwrap().montage.labels, ["O1", "Oz", "O2"]);
        assert_eq!(parse("sim").unwrap(), SimParams::default());
    }

    #[test]
    fn unknown_and_absurd_parameters_are_refused_with_what_is_possible() {
        for (spec, word) in [
            ("sim:colour=red", "subject, strength, snr, montage, attention, seeks"),
            ("sim:strength=strong", "demo, published, weak"),
            ("sim:snr=-20,strength=weak", "give one of them"),
            ("sim:subject=-1", "whole number"),
            ("sim:snr=nan", "-40"),
            ("sim:snr=400", "40"),
            ("sim:rate=0", "100"),
            ("sim:rate=1e9", "8000"),
            ("sim:attention=0.99", "0.5 to 0.97"),
            ("sim:seeks=60", "0 to 59"),
            ("sim:montage=cap9000", "posterior16"),
            ("sim:montage=O1/Q7", "Q7"),
            ("sim:soa=0.2,jitter=0.15", "between onsets"),
            ("sim:on=0.75", "longer"),
            ("sim:repeats=0", "1"),
            ("sim:line=55", "50 or 60"),
            ("sim:artefacts=2", "from 0 to 1"),
            ("sim:speed=fast", "speed"),
            ("sim:seconds=-3", "seconds"),
        ] {
            let message = parse(spec).unwrap_err().to_string();
            assert!(message.contains(word), "{spec}: {message}");
        }
    }
}
