//! How well a stream keeps time: its rate against the nominal one, jitter, drift, chunks and losses.
//!
//! Takes every frame's [`FrameMeta`] as it arrives and the source's counters, gives a [`Health`] over the last
//! minute. Times are cut into blocks of a second; sixty of them are kept, whatever the hours. After it is made
//! it allocates nothing, and a frame costs some additions.
//!
//! * **Rate**: a frame can be late but not early, so the least late frame of each block follows the true rate;
//!   a straight line through those of the last minute, frame number against arrival. Chunks and bursts do not
//!   disturb it, lost frames that were counted do not either.
//! * **Jitter**: how far stamps scatter around a straight line within a second (standard deviation, pooled).
//! * **Drift**: slope of the sender's clock offset over the last ten minutes.
//! * **Chunks**: frames that come within [`DELIVERY_SECS`] of one another are one delivery. A stream that spends
//!   most of its time between deliveries arrives in chunks; their distance is given.

use crate::signal::FrameMeta;

/// Frames that arrive within this time of one another are one delivery, in seconds: longer than the parts in
/// which a network hands over one packet, shorter than the distance of free-running windows.
pub const DELIVERY_SECS: f64 = 0.02;

/// Blocks kept: a minute.
const BLOCKS: usize = 60;

/// Length of a block, in seconds.
const BLOCK_SECS: f64 = 1.0;

/// Clock offsets kept: liblsl's are taken over every five seconds, so ten minutes.
const OFFSETS: usize = 120;

/// Span from which a rate is told, in seconds: with a block's least late frame known to some milliseconds, a
/// thousandth.
const RATE_SPAN_SECS: f64 = 5.0;

/// Span from which a drift is told, in seconds.
const DRIFT_SPAN_SECS: f64 = 30.0;

/// Share of the time spent between deliveries from which a stream counts as arriving in chunks.
const CHUNKED_SHARE: f64 = 0.8;

/// A stamp that is off its place by more than this belongs to another clock, in seconds.
const JUMP_SECS: f64 = 1.0;

/// No clock shows more than this, in seconds: thirty thousand years.
const FAR_SECS: f64 = 1e12;

/// What is known of a stream's time over the last minute. Copied whole; no value where nothing can be said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Health {
    /// Nominal rate, Hz.
    pub nominal_hz: f64,
    /// Seconds of the last minute that are covered.
    pub span_secs: f64,
    /// Frames a second by our clock, lost ones counted in.
    pub rate_hz: Option<f64>,
    /// Standard error of that, Hz.
    pub rate_error_hz: f64,
    /// Standard deviation of stamps around an even grid, in seconds.
    pub jitter_secs: Option<f64>,
    /// Distance of deliveries in seconds, where frames come in chunks further apart than [`DELIVERY_SECS`].
    pub chunk_secs: Option<f64>,
    /// Longest time between two deliveries, in seconds.
    pub longest_wait_secs: f64,
    /// How the sender's clock runs against ours, in millionths, and the standard error.
    pub drift_ppm: Option<(f64, f64)>,
    /// Frames that came in the last minute.
    pub received: u64,
    /// Frames that the source knows to be missing in the last minute.
    pub lost: u64,
    /// Those of them that only the clock tells of; the others were counted by the device.
    pub lost_by_clock: u64,
}

impl Health {
    /// Share of the last minute's frames that are missing, 0–1.
    pub fn lost_share(&self) -> f64 {
        self.lost as f64 / (self.lost + self.received).max(1) as f64
    }

    /// How far the rate is from the nominal one, as a share; `None` where it is not told apart from it.
    pub fn rate_off(&self) -> Option<f64> {
        let rate_hz = self.rate_hz?;
        let off_hz = rate_hz - self.nominal_hz;
        (off_hz.abs() > 3.0 * self.rate_error_hz).then_some(off_hz / self.nominal_hz)
    }
}

/// A second of the stream.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    number: i64,
    received: u64,
    lost: u64,
    lost_by_clock: u64,
    /// The least late frame: its number and its arrival.
    best: Option<(u64, f64)>,
    best_lateness: f64,
    waits: Waits,
    longest_secs: f64,
    scatter: Scatter,
}

/// Running sums of the times between deliveries.
#[derive(Clone, Copy, Debug, Default)]
struct Waits {
    count: u32,
    secs: f64,
    squares: f64,
    longest_secs: f64,
}

/// Running sums of a straight line: stamps against numbers, both from the first frame on.
#[derive(Clone, Copy, Debug, Default)]
struct Scatter {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

/// Measures a stream.
#[derive(Debug)]
pub struct HealthMeter {
    period_secs: f64,
    nominal_hz: f64,
    /// Whether arrivals are those of a live stream; a recording has only its stamps.
    live: bool,
    blocks: Box<[Block; BLOCKS]>,
    first_number: Option<i64>,
    number: i64,
    last_arrival_secs: Option<f64>,
    /// The first frame of the line in the present block: number and stamp.
    origin: Option<(u64, f64)>,
    lost: u64,
    lost_by_clock: u64,
    offsets: Box<[(f64, f64); OFFSETS]>,
    offsets_seen: usize,
}

impl HealthMeter {
    /// A meter for a nominal rate in Hz. Without `live` arrivals mean nothing and stamps are taken for them.
    pub fn new(nominal_hz: f64, live: bool) -> Self {
        Self {
            period_secs: 1.0 / nominal_hz,
            nominal_hz,
            live,
            blocks: Box::new([Block::default(); BLOCKS]),
            first_number: None,
            number: i64::MIN,
            last_arrival_secs: None,
            origin: None,
            lost: 0,
            lost_by_clock: 0,
            offsets: Box::new([(0.0, 0.0); OFFSETS]),
            offsets_seen: 0,
        }
    }

    /// Takes the next frame.
    pub fn frame(&mut self, meta: &FrameMeta) {
        let arrival_secs = if self.live { meta.arrival_secs } else { meta.time_secs };
        if arrival_secs.is_nan() || arrival_secs.abs() >= FAR_SECS {
            return;
        }
        self.turn_to(arrival_secs);
        self.wait_before(arrival_secs);
        let period_secs = self.period_secs;
        let lateness = arrival_secs - meta.index as f64 * period_secs;
        let block = self.block();
        block.received += 1;
        if block.best.is_none() || lateness <= block.best_lateness {
            block.best = Some((meta.index, arrival_secs));
            block.best_lateness = lateness;
        }
        self.place(meta);
        self.last_arrival_secs = Some(arrival_secs);
    }

    /// Takes what the source knows in all; call it after the frames of one read. An uncertainty of zero says
    /// that the source lives on our clock.
    pub fn counters(
        &mut self,
        now_secs: f64,
        (lost, lost_by_clock): (u64, u64),
        (offset_secs, uncertainty_secs): (f64, f64),
    ) {
        let (more, by_clock) =
            (lost.saturating_sub(self.lost), lost_by_clock.saturating_sub(self.lost_by_clock));
        (self.lost, self.lost_by_clock) = (lost, lost_by_clock);
        if self.first_number.is_some() {
            let block = self.block();
            block.lost += more;
            block.lost_by_clock += by_clock;
        }
        if uncertainty_secs > 0.0 && offset_secs.is_finite() {
            self.note_offset(now_secs, offset_secs);
        }
    }

    fn note_offset(&mut self, now_secs: f64, offset_secs: f64) {
        if let Some(last) = self.offsets_seen.checked_sub(1) {
            let (_, before_secs) = self.offsets[last % OFFSETS];
            if before_secs.to_bits() == offset_secs.to_bits() {
                return;
            }
            if (offset_secs - before_secs).abs() > JUMP_SECS {
                self.offsets_seen = 0;
            }
        }
        self.offsets[self.offsets_seen % OFFSETS] = (now_secs, offset_secs);
        self.offsets_seen += 1;
    }

    fn block(&mut self) -> &mut Block {
        &mut self.blocks[self.number.rem_euclid(BLOCKS as i64) as usize]
    }

    /// Begins a new block when it is time; after a jump of the clock everything begins anew.
    fn turn_to(&mut self, arrival_secs: f64) {
        let number = (arrival_secs / BLOCK_SECS).floor() as i64;
        if self.first_number.is_some() && number == self.number {
            return;
        }
        let back = self.first_number.is_some() && number < self.number;
        if self.first_number.is_none() || back {
            self.blocks.fill(Block { number: i64::MIN, ..Block::default() });
            self.first_number = Some(number);
            self.last_arrival_secs = None;
        }
        self.number = number;
        self.origin = None;
        *self.block() = Block { number, ..Block::default() };
    }

    fn wait_before(&mut self, arrival_secs: f64) {
        let Some(last_secs) = self.last_arrival_secs else { return };
        let waited_secs = arrival_secs - last_secs;
        let block = self.block();
        block.longest_secs = block.longest_secs.max(waited_secs);
        if waited_secs > DELIVERY_SECS {
            block.waits.add(Waits {
                count: 1,
                secs: waited_secs,
                squares: waited_secs * waited_secs,
                longest_secs: waited_secs,
            });
        }
    }

    /// Adds the frame's stamp to the line of its block.
    fn place(&mut self, meta: &FrameMeta) {
        if !meta.time_secs.is_finite() {
            return;
        }
        let (index, time_secs) = *self.origin.get_or_insert((meta.index, meta.time_secs));
        let x = meta.index.saturating_sub(index) as f64;
        let y = meta.time_secs - time_secs - x * self.period_secs;
        if y.abs() > JUMP_SECS {
            self.origin = None;
            self.block().scatter = Scatter::default();
            return;
        }
        let sums = &mut self.block().scatter;
        *sums = Scatter {
            n: sums.n + 1.0,
            x: sums.x + x,
            y: sums.y + y,
            xx: sums.xx + x * x,
            xy: sums.xy + x * y,
            yy: sums.yy + y * y,
        };
    }

    /// What is known at `now_secs` (of the newest frame where that is later).
    pub fn health(&self, now_secs: f64) -> Health {
        let mut health = Health { nominal_hz: self.nominal_hz, ..Health::default() };
        let Some(first) = self.first_number else { return health };
        let within = now_secs.clamp(-FAR_SECS, FAR_SECS);
        let now = if self.live { (within / BLOCK_SECS).floor() as i64 } else { self.number };
        let oldest = now.max(self.number) - BLOCKS as i64 + 1;
        let kept = || self.blocks.iter().filter(move |block| block.number >= oldest);
        health.span_secs = (now.max(self.number) - oldest.max(first) + 1) as f64 * BLOCK_SECS;
        let (mut waits, mut squares, mut free) = (Waits::default(), 0.0, 0.0);
        for block in kept() {
            health.received += block.received;
            health.lost += block.lost;
            health.lost_by_clock += block.lost_by_clock;
            health.longest_wait_secs = health.longest_wait_secs.max(block.longest_secs);
            waits.add(block.waits);
            if let Some((sum, degrees)) = block.scatter.residue() {
                squares += sum;
                free += degrees;
            }
        }
        if free > 0.0 {
            health.jitter_secs = Some((squares / free).sqrt());
        }
        health.chunk_secs = waits.chunk_secs(health.span_secs - BLOCK_SECS).filter(|_| self.live);
        let points = || kept().filter_map(|block| block.best);
        if let Some((slope, error)) =
            slope(points().map(|(i, at)| (i as f64, at)), self.origin_of(oldest))
            && points().map(|(_, at)| at).fold(0.0_f64, f64::max) - self.origin_of(oldest).1
                >= RATE_SPAN_SECS
            && slope > 0.0
        {
            health.rate_hz = Some(1.0 / slope);
            health.rate_error_hz = error / (slope * slope);
        }
        health.drift_ppm = self.drift_ppm();
        health
    }

    /// The earliest point of the blocks from `oldest` on, as an origin that keeps sums small.
    fn origin_of(&self, oldest: i64) -> (f64, f64) {
        let kept = self.blocks.iter().filter(|block| block.number >= oldest);
        let points = kept.filter_map(|block| block.best);
        let first = points.min_by(|a, b| a.1.total_cmp(&b.1));
        first.map_or((0.0, 0.0), |(index, at)| (index as f64, at))
    }

    fn drift_ppm(&self) -> Option<(f64, f64)> {
        let kept = &self.offsets[..self.offsets_seen.min(OFFSETS)];
        let earliest = kept.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0))?;
        let latest_secs = kept.iter().map(|(at, _)| *at).fold(earliest.0, f64::max);
        if latest_secs - earliest.0 < DRIFT_SPAN_SECS {
            return None;
        }
        let (slope, error) = slope(kept.iter().copied(), earliest)?;
        Some((slope * 1e6, error * 1e6))
    }
}

impl Waits {
    fn add(&mut self, more: Self) {
        self.count += more.count;
        self.secs += more.secs;
        self.squares += more.squares;
        self.longest_secs = self.longest_secs.max(more.longest_secs);
    }

    /// How far apart chunks are, where a stream arrives in chunks. The longest wait is left out, since one stall makes
    /// no chunks; long waits weigh more, since a chunk may come in parts.
    fn chunk_secs(&self, span_secs: f64) -> Option<f64> {
        let (waited_secs, span_secs) =
            (self.secs - self.longest_secs, span_secs - self.longest_secs);
        let chunked = self.count >= 3 && waited_secs > CHUNKED_SHARE * span_secs;
        chunked.then(|| (self.squares - self.longest_secs * self.longest_secs) / waited_secs)
    }
}

impl Scatter {
    /// Sum of squares around the line, and degrees of freedom; `None` with too few frames.
    fn residue(&self) -> Option<(f64, f64)> {
        if self.n < 8.0 {
            return None;
        }
        let xx = self.xx - self.x * self.x / self.n;
        let xy = self.xy - self.x * self.y / self.n;
        let yy = self.yy - self.y * self.y / self.n;
        (xx > 0.0).then(|| ((yy - xy * xy / xx).max(0.0), self.n - 2.0))
    }
}

/// Slope of the least-squares line through points, seen from `origin`, and its standard error; `None` with fewer
/// than three.
fn slope(points: impl Iterator<Item = (f64, f64)>, origin: (f64, f64)) -> Option<(f64, f64)> {
    let (mut n, mut sx, mut sy, mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (x, y) in points.map(|(x, y)| (x - origin.0, y - origin.1)) {
        n += 1.0;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
        syy += y * y;
    }
    let (xx, xy, yy) = (sxx - sx * sx / n, sxy - sx * sy / n, syy - sy * sy / n);
    if n < 3.0 || xx <= 0.0 {
        return None;
    }
    let slope = xy / xx;
    let residue = (yy - slope * xy).max(0.0) / (n - 2.0);
    Some((slope, (residue / xx).sqrt()))
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
