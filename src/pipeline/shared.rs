//! What the threads tell the viewers, and how: atomics from the real-time threads, whole values swapped in
//! by the others. A [`Snapshot`] is put together on the viewer's thread, so no stage ever waits for one.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::decode::ControlView;
use crate::find::FindView;
use crate::hop::slot::SlotReader;
use crate::snapshot::recent::WindowHistory;
use crate::snapshot::{
    ChannelQuality, DecodeView, FiltersView, Health, LatencyView, Level, MAX_NOTICES, Notice,
    PackState, Percentiles, RecordingState, RunState, Score, Snapshot, SourceView, StimulusView,
    TruthView, WindowCounts,
};
use crate::source::SourceCounters;
use crate::time::clock::Clock;

use super::board::BoardTap;
use super::cleaned::CleaningBoard;
use super::ledger::percentiles_of;
use super::link::Link;

/// Sample-to-filtered times kept for percentiles, one per pass of the filter stage: two minutes of passes at
/// 1 ms.
const FILTER_TIMES_KEPT: usize = 131_072;

/// Row of an onset whose picture is not in the stimulus set. Rows themselves fit sixteen bits.
const NO_ROW: u32 = u32::MAX;

/// Tells a viewer that there is something new to see.
type Wake = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct QualityTap {
    reader: Option<SlotReader<Vec<ChannelQuality>>>,
    newest: Arc<Vec<ChannelQuality>>,
}

#[derive(Default)]
struct HealthTap {
    reader: Option<SlotReader<Health>>,
    newest: Health,
}

/// Everything the decode thread knows, swapped in as one value after each window.
#[derive(Clone, Debug, Default)]
pub struct DecodeStatus {
    /// The newest decode.
    pub decode: Option<Arc<DecodeView>>,
    /// Scores so far.
    pub truth: Option<Arc<TruthView>>,
    /// The null twin's.
    pub twin_truth: Option<Score>,
    /// Whether the control succeeds.
    pub control: ControlView,
    /// What happened to the windows, except how many were made and skipped.
    pub windows: WindowCounts,
    /// Times per stage.
    pub latency: LatencyView,
    /// Pictures per second.
    pub images_per_s: f64,
}

/// The board on which every thread writes and from which viewers read.
pub struct Shared {
    /// The program's clock.
    pub clock: Clock,
    /// Asks every thread to end.
    pub stop: AtomicBool,
    /// Asks the decoder to give up the window it is working on.
    pub cancel: AtomicBool,
    /// Frames received.
    pub received: AtomicU64,
    /// Frames lost between threads.
    pub dropped: AtomicU64,
    /// Windows completed by the signal stage.
    pub windows_made: AtomicU64,
    /// Frames that the signal stage is done with, and windows that the decoder is done with.
    pub frames_processed: AtomicU64,
    /// See `frames_processed`.
    pub windows_settled: AtomicU64,
    /// Windows that were passed on to the decoder.
    pub windows_passed_on: AtomicU64,
    /// Windows replaced before the decoder was free.
    pub windows_skipped: AtomicU64,
    /// Windows replaced within the signal stage: many came due with one frame, behind a gap.
    pub windows_crowded_out: AtomicU64,
    /// The source's counters, written by the acquisition thread.
    pub counters: AtomicSourceCounters,
    /// How the connection to the source stands.
    pub link: Link,
    /// The board's own settings, and how well its electrodes sit.
    pub board: BoardTap,
    /// Processor time of the acquisition and the signal thread together, in microseconds.
    pub realtime_cpu_us: AtomicU64,
    onset_row: AtomicU32,
    onset_secs: AtomicU64,
    filter_times_us: Box<[AtomicU32]>,
    filter_time_count: AtomicU64,
    /// With since when it is so.
    run: ArcSwap<(RunState, f64)>,
    source: ArcSwapOption<SourceView>,
    pack: ArcSwap<PackState>,
    status: ArcSwap<DecodeStatus>,
    found: ArcSwapOption<FindView>,
    recording: ArcSwap<RecordingState>,
    filters: ArcSwapOption<FiltersView>,
    quality: Mutex<QualityTap>,
    health: Mutex<HealthTap>,
    /// Locked by viewers only.
    recent: Mutex<WindowHistory>,
    /// What cleaning does.
    pub cleaning: CleaningBoard,
    wake: Mutex<Option<Wake>>,
    first_sample: AtomicU64,
    notices: ArcSwap<Vec<Notice>>,
}

/// [`SourceCounters`] as atomics: one writer, any number of readers, no lock.
#[derive(Default)]
pub struct AtomicSourceCounters {
    lost: AtomicU64,
    lost_by_clock: AtomicU64,
    left_out: AtomicU64,
    gaps: AtomicU64,
    clock_resets: AtomicU64,
    reconnects: AtomicU64,
    late: AtomicU64,
    repeated: AtomicU64,
    offset_bits: AtomicU64,
    uncertainty_bits: AtomicU64,
}

impl AtomicSourceCounters {
    /// Replaces all values.
    pub fn store(&self, counters: SourceCounters) {
        self.lost.store(counters.lost, Ordering::Relaxed);
        self.lost_by_clock.store(counters.lost_by_clock, Ordering::Relaxed);
        self.left_out.store(counters.left_out, Ordering::Relaxed);
        self.gaps.store(counters.gaps, Ordering::Relaxed);
        self.clock_resets.store(counters.clock_resets, Ordering::Relaxed);
        self.reconnects.store(counters.reconnects, Ordering::Relaxed);
        self.late.store(counters.late, Ordering::Relaxed);
        self.repeated.store(counters.repeated, Ordering::Relaxed);
        self.offset_bits.store(counters.clock_offset_secs.to_bits(), Ordering::Relaxed);
        self.uncertainty_bits.store(counters.clock_uncertainty_secs.to_bits(), Ordering::Relaxed);
    }

    /// All values. They may stem from two successive stores; each is right on its own.
    pub fn load(&self) -> SourceCounters {
        SourceCounters {
            lost: self.lost.load(Ordering::Relaxed),
            lost_by_clock: self.lost_by_clock.load(Ordering::Relaxed),
            left_out: self.left_out.load(Ordering::Relaxed),
            gaps: self.gaps.load(Ordering::Relaxed),
            clock_resets: self.clock_resets.load(Ordering::Relaxed),
            reconnects: self.reconnects.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
            repeated: self.repeated.load(Ordering::Relaxed),
            clock_offset_secs: f64::from_bits(self.offset_bits.load(Ordering::Relaxed)),
            clock_uncertainty_secs: f64::from_bits(self.uncertainty_bits.load(Ordering::Relaxed)),
        }
    }
}

impl Shared {
    /// An empty board.
    pub fn new(clock: Clock) -> Self {
        let now_secs = clock.now_secs();
        Self {
            clock,
            stop: AtomicBool::new(false),
            cancel: AtomicBool::new(false),
            received: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            windows_made: AtomicU64::new(0),
            frames_processed: AtomicU64::new(0),
            windows_settled: AtomicU64::new(0),
            windows_passed_on: AtomicU64::new(0),
            windows_skipped: AtomicU64::new(0),
            windows_crowded_out: AtomicU64::new(0),
            counters: AtomicSourceCounters::default(),
            link: Link::default(),
            board: BoardTap::default(),
            realtime_cpu_us: AtomicU64::new(0),
            onset_row: AtomicU32::new(NO_ROW),
            onset_secs: AtomicU64::new(0),
            filter_times_us: (0..FILTER_TIMES_KEPT).map(|_| AtomicU32::new(0)).collect(),
            filter_time_count: AtomicU64::new(0),
            run: ArcSwap::from_pointee((RunState::Connecting, now_secs)),
            source: ArcSwapOption::empty(),
            pack: ArcSwap::from_pointee(PackState::None),
            status: ArcSwap::from_pointee(DecodeStatus::default()),
            found: ArcSwapOption::empty(),
            recording: ArcSwap::from_pointee(RecordingState::Off),
            filters: ArcSwapOption::empty(),
            quality: Mutex::new(QualityTap::default()),
            health: Mutex::new(HealthTap::default()),
            recent: Mutex::new(WindowHistory::default()),
            cleaning: CleaningBoard::default(),
            wake: Mutex::new(None),
            first_sample: AtomicU64::new(0),
            notices: ArcSwap::from_pointee(Vec::new()),
        }
    }

    /// Whether frames that were handed over have not been filtered yet, or a window waits for the decoder.
    pub fn is_behind(&self) -> bool {
        // In this order: the count of windows is never older than that of frames.
        let processed = self.frames_processed.load(Ordering::Acquire);
        processed < self.received.load(Ordering::Acquire) || self.decoder_is_behind()
    }

    /// Whether a window that was passed on is not decoded yet.
    pub fn decoder_is_behind(&self) -> bool {
        let settled = self.windows_settled.load(Ordering::Acquire);
        settled < self.windows_passed_on.load(Ordering::Acquire)
    }

    /// True once every thread should end.
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Sets what the pipeline as a whole is doing.
    pub fn set_run(&self, run: RunState) {
        self.run.store(Arc::new((run, self.clock.now_secs())));
    }

    /// What the pipeline as a whole is doing, without regard to a source that is lost just now.
    pub fn run(&self) -> RunState {
        self.run.load().0.clone()
    }

    /// What every snapshot says of the source from now on.
    pub fn set_source(&self, source: SourceView) {
        self.source.store(Some(Arc::new(source)));
    }

    /// The source, once prepared.
    pub fn source(&self) -> Option<Arc<SourceView>> {
        self.source.load_full()
    }

    /// Sets the pack's state.
    pub fn set_pack(&self, pack: PackState) {
        self.pack.store(Arc::new(pack));
    }

    /// The pack's state.
    pub fn pack(&self) -> Arc<PackState> {
        self.pack.load_full()
    }

    /// Sets what the decode thread knows, and wakes the viewer.
    pub fn set_status(&self, status: DecodeStatus) {
        self.status.store(Arc::new(status));
        self.wake_viewer();
    }

    /// Sets how a search stands, and wakes the viewer.
    pub fn set_found(&self, found: FindView) {
        self.found.store(Some(Arc::new(found)));
        self.wake_viewer();
    }

    fn wake_viewer(&self) {
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(wake) = wake {
            wake();
        }
    }

    /// Sets whom to wake. Never called by a real-time thread, nor is the wake-up.
    pub fn set_wake(&self, wake: Wake) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
    }

    /// Notes frames that arrived. Real-time safe.
    pub fn note_received(&self, frames: u64) {
        if self.received.fetch_add(frames, Ordering::Relaxed) == 0 {
            self.first_sample.store(self.clock.now_secs().to_bits(), Ordering::Relaxed);
        }
    }

    /// When the first frame arrived, on the program's clock.
    pub fn first_sample_secs(&self) -> Option<f64> {
        let bits = self.first_sample.load(Ordering::Relaxed);
        (bits != 0).then(|| f64::from_bits(bits))
    }

    /// Sets the recording's state.
    pub fn set_recording(&self, recording: RecordingState) {
        self.recording.store(Arc::new(recording));
    }

    /// The recording's state.
    pub fn recording(&self) -> Arc<RecordingState> {
        self.recording.load_full()
    }

    /// Says which filters run before the decoder.
    pub fn set_filters(&self, filters: FiltersView) {
        self.filters.store(Some(Arc::new(filters)));
    }

    /// Says where the channels' quality will come from.
    pub fn set_quality_tap(&self, reader: SlotReader<Vec<ChannelQuality>>) {
        let mut tap = self.quality.lock().unwrap_or_else(PoisonError::into_inner);
        tap.reader = Some(reader);
    }

    /// The newest quality. Locks against other viewers only, never against a stage.
    fn quality(&self) -> Arc<Vec<ChannelQuality>> {
        let mut tap = self.quality.lock().unwrap_or_else(PoisonError::into_inner);
        let newest =
            tap.reader.as_mut().and_then(|reader| reader.take().map(|q| Arc::new(q.clone())));
        if let Some(newest) = newest {
            tap.newest = newest;
        }
        tap.newest.clone()
    }

    /// Says where the stream's health will come from.
    pub fn set_health_tap(&self, reader: SlotReader<Health>) {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).reader = Some(reader);
    }

    /// The newest health. Locks against other viewers only, never against a stage.
    fn health(&self) -> Health {
        let mut tap = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = tap.reader.as_mut().and_then(|reader| reader.take().copied());
        if let Some(newest) = newest {
            tap.newest = newest;
        }
        tap.newest
    }

    /// Notes the newest onset for the viewers. Real-time safe.
    pub fn note_onset(&self, row: Option<u16>, onset_secs: f64) {
        self.onset_row.store(row.map_or(NO_ROW, u32::from), Ordering::Relaxed);
        self.onset_secs.store(onset_secs.to_bits(), Ordering::Release);
    }

    fn onset(&self) -> Option<(Option<u16>, f64)> {
        let secs = self.onset_secs.load(Ordering::Acquire);
        let row = u16::try_from(self.onset_row.load(Ordering::Relaxed)).ok();
        (secs != 0).then_some((row, f64::from_bits(secs)))
    }

    /// Notes how long the oldest sample of a pass took from being taken to being filtered. Real-time safe.
    pub fn note_filter_time(&self, secs: f64) {
        let slot = self.filter_time_count.fetch_add(1, Ordering::Relaxed) as usize;
        let micros = (secs * 1e6).clamp(0.0, f64::from(u32::MAX)) as u32;
        self.filter_times_us[slot % FILTER_TIMES_KEPT].store(micros, Ordering::Relaxed);
    }

    /// Percentiles of the times from sample to filtered over the last 131 072 passes, the worst
    /// sample of each, in milliseconds; `None` before the first.
    pub fn filter_times(&self) -> Option<Percentiles> {
        let count =
            (self.filter_time_count.load(Ordering::Relaxed) as usize).min(FILTER_TIMES_KEPT);
        let mut millis: Vec<f64> = self.filter_times_us[..count]
            .iter()
            .map(|micros| f64::from(micros.load(Ordering::Relaxed)) * 1e-3)
            .collect();
        percentiles_of(&mut millis)
    }

    /// Tells the viewers that something happened. Not for the real-time threads: it allocates.
    pub fn notice(&self, level: Level, text: impl Into<String>) {
        let notice = Notice { at_secs: self.clock.now_secs(), level, text: text.into() };
        self.notices.rcu(|old| {
            let skip = (old.len() + 1).saturating_sub(MAX_NOTICES);
            old.iter().skip(skip).cloned().chain([notice.clone()]).collect::<Vec<_>>()
        });
    }

    /// Puts a snapshot together from what everyone has written.
    pub fn snapshot(&self, label_of: impl Fn(u16) -> Option<String>) -> Snapshot {
        let status = self.status.load_full();
        let mut windows = status.windows.clone();
        windows.made = self.windows_made.load(Ordering::Relaxed);
        windows.skipped = self.windows_skipped.load(Ordering::Relaxed)
            + self.windows_crowded_out.load(Ordering::Relaxed);
        let (run, run_since_secs) = self.run_as_it_is();
        let now_secs = self.clock.now_secs();
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = { recent }.follow(now_secs, &windows);
        Snapshot {
            run,
            run_since_secs,
            health: self.health(),
            recent: Some(recent),
            source: self.source.load_full(),
            received: self.received.load(Ordering::Relaxed),
            dropped_in_rings: self.dropped.load(Ordering::Relaxed),
            counters: self.counters.load(),
            pack: PackState::clone(&self.pack.load()),
            windows,
            decode: status.decode.clone(),
            stimulus: self
                .onset()
                .map(|(row, onset_secs)| stimulus_view(row, onset_secs, label_of)),
            truth: status.truth.clone(),
            twin_truth: status.twin_truth,
            control: status.control,
            latency: status.latency,
            images_per_s: status.images_per_s,
            recording: RecordingState::clone(&self.recording.load()),
            found: self.found.load_full(),
            filters: self.filters.load_full(),
            quality: self.quality(),
            cleaning: self.cleaning.view(),
            board: self.board.view(),
            notices: Vec::clone(&self.notices.load()),
        }
    }

    /// What the pipeline does, and since when: a run that is running may have stalled or lost its source.
    fn run_as_it_is(&self) -> (RunState, f64) {
        let (run, since_secs) = (*self.run.load_full()).clone();
        if run != RunState::Running {
            return (run, since_secs);
        }
        let really = self.link.state(self.clock.now_secs());
        let since_secs = really.since_secs().unwrap_or(since_secs);
        (really, since_secs)
    }
}

fn stimulus_view(
    row: Option<u16>,
    onset_secs: f64,
    label_of: impl Fn(u16) -> Option<String>,
) -> StimulusView {
    let label = row.and_then(label_of).unwrap_or_else(|| "a picture not in this set".into());
    StimulusView { row, label, onset_secs }
}
