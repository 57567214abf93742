//! An open EEG stream: pulls, corrects the time, finds losses, and comes back after a break.
//!
//! `open` blocks and allocates; `read` waits 1 ms at most and allocates nothing while data flow. Frames
//! are `[channels]` in µV with times on the program's clock.

use super::comeback::{Comeback, Lost, Returned};
use super::describe::{Description, describe, without};
use super::info::Info;
use super::inlet::{Correction, Handle, PullBuffer, Trouble};
use super::markers::MarkerInlet;
use super::resolve::{DOUBT_SECS, StreamSummary};
use super::suitable::{check, plausibility, unusable};
use crate::signal::{Chunk, FrameMeta};
use crate::source::{LostWhy, ReadStatus, SourceCounters, SourceError};
use crate::time::clock::Clock;
use crate::time::gaps::GapDetector;
use crate::time::silence::Silence;
use crate::units::SampleRate;

/// Longest wait for a frame in one `read`, in seconds.
const WAIT_SECS: f64 = 0.001;

/// How long to wait for each answer while connecting, in seconds.
const CONNECT_SECS: f64 = 5.0;

/// How often the clock offset is taken over, in seconds; liblsl measures it every 2 s.
const CORRECTION_SECS: f64 = 5.0;

/// When the offset is taken over after a return with the old one, in seconds: a burst of liblsl's probes later.
const FIRST_CORRECTION_SECS: f64 = 1.0;

/// Two clocks that differ by less are one: readings are taken one after the other.
const SAME_CLOCK_SECS: f64 = 1e-3;

/// Signal for judging whether an assumed unit is plausible, in seconds.
const PROBE_SECS: f64 = 0.3;

/// An open stream.
pub(super) struct Stream {
    // Inlets first: they must be gone before anything else of LSL.
    inlet: Option<Handle>,
    markers: Option<MarkerInlet>,
    comeback: Option<Comeback>,
    clock: Clock,
    /// From LSL's clock to the program's, in seconds; zero where they are one.
    bridge_secs: f64,
    summary: StreamSummary,
    description: Description,
    unit: Option<String>,
    rate: SampleRate,
    buffer: PullBuffer,
    frame_uv: Vec<f32>,
    detector: GapDetector,
    correction: Correction,
    next_correction_secs: f64,
    last_time_secs: f64,
    last_stamp_secs: Option<f64>,
    silence: Silence,
    lost_why: LostWhy,
    back_from_break: bool,
    /// The clocks were set against one another anew: the next frame does not follow the last in time.
    joined: bool,
}

impl Stream {
    /// Connects to a resolved stream.
    ///
    /// # Errors
    /// [`SourceError::Unusable`] when it is no regular, numeric EEG stream or does not answer.
    pub fn open(
        info: &Info,
        markers: Option<MarkerInlet>,
        unit: Option<&str>,
        clock: &Clock,
        counters: &mut SourceCounters,
    ) -> Result<Self, SourceError> {
        let summary = StreamSummary::of(info);
        let rate = check(info, &summary)?;
        let unanswered = |what: &str, why: Trouble| {
            unusable(&summary, format!("it does not tell {what} ({why:?})"))
        };
        let inlet = Handle::new(info, false)?;
        let described = match inlet.description(CONNECT_SECS) {
            Ok(xml) => describe(&xml, summary.channels, unit),
            Err(Trouble::Lost) => return Err(unanswered("what it is", Trouble::Lost)),
            Err(_) => without("does not come", summary.channels, unit),
        };
        let mut description = described.map_err(|why| unusable(&summary, why))?;
        description.simulated |= summary.name.contains("SIMULATED");
        let correction = inlet.correction(CONNECT_SECS).unwrap_or_else(|_| {
            description.notes.push("the sender's clock offset could not be measured".into());
            UNKNOWN_OFFSET
        });
        description.notes.push(
            "times are the sender's stamps plus the measured clock offset, without smoothing"
                .into(),
        );
        // Last of all, so that the first frames are fresh.
        inlet.open(CONNECT_SECS).map_err(|why| unanswered("its data", why))?;
        let now_secs = clock.now_secs();
        let between_clocks_secs = now_secs - lsl::local_clock();
        let mut stream = Self {
            inlet: Some(inlet),
            markers,
            comeback: None,
            clock: clock.clone(),
            bridge_secs: if between_clocks_secs.abs() < SAME_CLOCK_SECS {
                0.0
            } else {
                between_clocks_secs
            },
            buffer: PullBuffer::new(info.format(), summary.channels),
            frame_uv: vec![0.0; description.picks.len()],
            detector: GapDetector::new(rate.hz()),
            unit: unit.map(str::to_owned),
            summary,
            description,
            rate,
            correction,
            next_correction_secs: now_secs + CORRECTION_SECS,
            last_time_secs: now_secs,
            last_stamp_secs: None,
            silence: Silence::since(now_secs),
            lost_why: LostWhy::Unknown,
            back_from_break: false,
            joined: false,
        };
        stream.show_correction(counters);
        stream.judge_assumed_unit();
        Ok(stream)
    }

    /// What the stream says of its channels.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// What the user should know, once.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.description.notes)
    }

    /// The nominal rate.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Why it was lost the last time.
    pub fn lost_why(&self) -> LostWhy {
        self.lost_why
    }

    /// See [`crate::source::Source::read`].
    pub fn read(
        &mut self,
        chunk: &mut Chunk,
        counters: &mut SourceCounters,
    ) -> Result<ReadStatus, SourceError> {
        let Some(inlet) = &self.inlet else {
            return self.look_for_return(counters);
        };
        let pulled = self.buffer.pull(inlet, chunk.room(), WAIT_SECS);
        let now_secs = self.clock.now_secs();
        if now_secs >= self.next_correction_secs {
            self.refresh_correction(now_secs, counters);
        }
        match pulled {
            Ok(frames) => {
                // Before the frames' own hand-over no marker of their time may be missing.
                if let Some(markers) = &mut self.markers {
                    markers.read(chunk, self.bridge_secs);
                }
                self.deliver(frames, now_secs, chunk, counters);
                self.status(frames, chunk, now_secs)
            }
            Err(Trouble::Timeout) => Ok(ReadStatus::Idle),
            Err(Trouble::Lost) => self.go_away(LostWhy::Closed),
            Err(Trouble::Other(code)) => Err(SourceError::Lost {
                what: format!("LSL stream '{}'", self.summary.name),
                why: format!("liblsl reported error {code}"),
                remedy: "Start the source again".into(),
            }),
        }
    }

    fn deliver(
        &mut self,
        frames: usize,
        arrival_secs: f64,
        chunk: &mut Chunk,
        counters: &mut SourceCounters,
    ) {
        for i in 0..frames {
            let stamp_secs = self.buffer.stamp_secs(i);
            let mut time_secs = stamp_secs + self.correction.offset_secs + self.bridge_secs;
            if !time_secs.is_finite() {
                time_secs = self.last_time_secs + self.rate.period_secs();
            }
            let broke = std::mem::take(&mut self.back_from_break);
            if broke {
                self.count_break(time_secs, arrival_secs, counters);
            }
            let verdict = self.detector.next(stamp_secs, arrival_secs);
            counters.lost += verdict.lost;
            counters.lost_by_clock += verdict.lost;
            counters.gaps += u64::from(verdict.gap && !broke);
            if verdict.clock_reset {
                counters.clock_resets += 1;
                self.next_correction_secs = arrival_secs;
            }
            let meta = FrameMeta {
                index: verdict.index,
                time_secs,
                arrival_secs,
                gap_before: verdict.gap || broke || std::mem::take(&mut self.joined),
            };
            self.buffer.frame_uv(
                i,
                &self.description.picks,
                &self.description.scales,
                &mut self.frame_uv,
            );
            // There is room: no more frames were pulled than fit.
            let _ = chunk.push(meta, &self.frame_uv);
            self.last_time_secs = time_secs;
            if stamp_secs.is_finite() {
                self.last_stamp_secs = Some(stamp_secs);
            }
        }
        if frames > 0 {
            self.silence.broken(arrival_secs);
            self.comeback = None;
        }
    }

    /// The first frame after a break: what the break cost.
    fn count_break(&mut self, time_secs: f64, arrival_secs: f64, counters: &mut SourceCounters) {
        counters.reconnects += 1;
        if self.last_stamp_secs.is_none() {
            return;
        }
        // No longer than it took by our own clock, whatever the sender's says.
        let most_secs = arrival_secs - self.silence.last_secs() + 1.0;
        let lost = self.detector.resume((time_secs - self.last_time_secs).min(most_secs));
        counters.gaps += 1;
        counters.lost += lost;
        counters.lost_by_clock += lost;
    }

    fn status(
        &mut self,
        frames: usize,
        chunk: &Chunk,
        now_secs: f64,
    ) -> Result<ReadStatus, SourceError> {
        if !chunk.is_empty() {
            return Ok(ReadStatus::Data);
        }
        if frames == 0 && self.silence.is_odd(now_secs, DOUBT_SECS) && self.is_gone(now_secs)? {
            return self.go_away(LostWhy::Silent);
        }
        Ok(if self.back_from_break { ReadStatus::Returning } else { ReadStatus::Idle })
    }

    /// Silence alone is no loss: a sender may pause. It is gone when it cannot be found any more.
    fn is_gone(&mut self, now_secs: f64) -> Result<bool, SourceError> {
        match &mut self.comeback {
            Some(comeback) => Ok(comeback.is_gone(&self.summary.uid, now_secs)),
            None => {
                self.comeback = Some(Comeback::start(&self.summary, now_secs)?);
                Ok(false)
            }
        }
    }

    fn go_away(&mut self, why: LostWhy) -> Result<ReadStatus, SourceError> {
        self.inlet = None;
        self.lost_why = why;
        if self.comeback.is_none() {
            self.comeback = Some(Comeback::start(&self.summary, self.clock.now_secs())?);
        }
        Ok(ReadStatus::Lost)
    }

    fn look_for_return(
        &mut self,
        counters: &mut SourceCounters,
    ) -> Result<ReadStatus, SourceError> {
        let now_secs = self.clock.now_secs();
        let Some(comeback) = &mut self.comeback else {
            return self.go_away(self.lost_why);
        };
        let lost = Lost {
            summary: &self.summary,
            description: &self.description,
            unit: self.unit.as_deref(),
            last_stamp_secs: self.last_stamp_secs,
            last_arrival_secs: self.silence.last_secs(),
        };
        let found = comeback.poll(&lost, now_secs)?;
        let Some(Returned { inlet, summary, format, correction }) = found else {
            std::thread::sleep(std::time::Duration::from_secs_f64(WAIT_SECS));
            let connecting = comeback.is_connecting();
            return Ok(if connecting { ReadStatus::Returning } else { ReadStatus::Lost });
        };
        self.comeback = None;
        self.buffer = PullBuffer::new(format, summary.channels);
        self.inlet = Some(inlet);
        self.summary = summary;
        let wait_secs = if correction.is_some() { CORRECTION_SECS } else { FIRST_CORRECTION_SECS };
        self.correction = correction.unwrap_or(self.correction);
        self.next_correction_secs = now_secs + wait_secs;
        self.show_correction(counters);
        self.back_from_break = true;
        Ok(ReadStatus::Returning)
    }

    fn refresh_correction(&mut self, now_secs: f64, counters: &mut SourceCounters) {
        self.next_correction_secs = now_secs + CORRECTION_SECS;
        if let Some(markers) = &mut self.markers {
            markers.refresh_correction();
        }
        let Some(inlet) = &self.inlet else { return };
        if let Ok(correction) = inlet.correction(0.0) {
            self.correction = correction;
        }
        if inlet.was_clock_reset() {
            counters.clock_resets += 1;
            counters.gaps += 1;
            self.detector.resume(0.0);
            self.joined = true;
        }
        self.show_correction(counters);
    }

    fn show_correction(&self, counters: &mut SourceCounters) {
        counters.clock_offset_secs = self.correction.offset_secs + self.bridge_secs;
        counters.clock_uncertainty_secs = self.correction.uncertainty_secs;
    }

    /// Where the unit had to be assumed: looks at a moment of signal and says whether µV is plausible.
    fn judge_assumed_unit(&mut self) {
        if !self.description.unit_assumed {
            return;
        }
        let Some(inlet) = &self.inlet else { return };
        let end_secs = self.clock.now_secs() + PROBE_SECS;
        let mut last: Option<f32> = None;
        let mut steps_uv: Vec<f32> = Vec::new();
        while self.clock.now_secs() < end_secs {
            let Ok(frames) = self.buffer.pull(inlet, usize::MAX, 0.02) else { break };
            for i in 0..frames {
                let (picks, scales) = (&self.description.picks, &self.description.scales);
                self.buffer.frame_uv(i, picks, scales, &mut self.frame_uv);
                let value = self.frame_uv[0];
                steps_uv.extend(last.replace(value).map(|last| (value - last).abs()));
            }
        }
        steps_uv.sort_by(f32::total_cmp);
        if let Some(&typical_uv) = steps_uv.get(steps_uv.len() / 2) {
            self.description.notes.push(plausibility(typical_uv));
        }
    }
}

/// No offset is known.
const UNKNOWN_OFFSET: Correction = Correction { offset_secs: 0.0, uncertainty_secs: f64::INFINITY };
