//! How long a sample takes from its sender into this program, and what that costs.
//!
//! `lsl_latency SPEC SECONDS`, as `lsl_latency lsl:type=EEG 60`. Runs on one thread what the program
//! runs on two: source → chunk → ring → chain, and prints frames received and lost, arrival − stamp and
//! handled − stamp in ms (p50, p95, p99, max), and the share of one processor that the thread took.
//! `benches/peers/lsl_latency.py` starts a sender in another process and this program beside it.

use std::error::Error;

use phosphene::hop::ring::{FrameConsumer, frame_ring};
use phosphene::signal::Chunk;
use phosphene::source::lsl::{LslSource, ensure_loaded, lsl_clock};
use phosphene::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceSpec};
use phosphene::time::clock::Clock;

/// What is done with each frame `[channels]`, µV: the place for the filter chain.
type Chain = Box<dyn FnMut(&[f32])>;

/// Frames that the ring holds: four seconds at 1000 Hz.
const RING_FRAMES: usize = 4096;

/// Silence after which the sender is taken to be done, in seconds.
const DONE_SECS: f64 = 2.0;

/// Most delays that are kept: ten minutes at 1000 Hz.
const MAX_DELAYS: usize = 600_000;

struct Delays {
    arrival_ms: Vec<f64>,
    handled_ms: Vec<f64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let spec: SourceSpec = words.next().unwrap_or_else(|| "lsl:type=EEG".into()).parse()?;
    let seconds: f64 = words.next().map_or(Ok(60.0), |text| text.parse())?;
    let SourceSpec::Lsl(parameters) = spec else {
        return Err("this measures LSL sources: lsl:…".into());
    };
    let library = ensure_loaded()?;
    let clock = lsl_clock().ok_or("liblsl has no clock")?;
    let mut source = LslSource::new(&parameters)?;
    let info = source.prepare(&clock)?;
    println!(
        "liblsl {}: {}, {} channels, {} Hz",
        library.version,
        info.name,
        info.channels.len(),
        info.rate.hz()
    );
    info.notes.iter().for_each(|note| println!("note: {note}"));
    let delays = Delays {
        arrival_ms: Vec::with_capacity(MAX_DELAYS),
        handled_ms: Vec::with_capacity(MAX_DELAYS),
    };
    measure(&mut source, &clock, info.channels.len(), seconds, pass_through(), delays)
}

/// The chain that does nothing but look at every value.
fn pass_through() -> Chain {
    let mut sum = 0.0_f64;
    Box::new(move |frame| {
        sum += frame.iter().map(|&value| f64::from(value)).sum::<f64>();
        std::hint::black_box(sum);
    })
}

fn measure(
    source: &mut LslSource,
    clock: &Clock,
    channels: usize,
    seconds: f64,
    mut chain: Chain,
    mut delays: Delays,
) -> Result<(), Box<dyn Error>> {
    let mut chunk = Chunk::with_capacity(channels, CHUNK_FRAMES, CHUNK_MARKERS);
    let (mut producer, mut consumer) = frame_ring(channels, RING_FRAMES);
    let (mut first_secs, mut last_secs) = (None, clock.now_secs());
    let mut busy_from = thread_cpu_secs();
    loop {
        chunk.clear();
        let status = source.read(&mut chunk)?;
        let now_secs = clock.now_secs();
        if status == ReadStatus::Data {
            if first_secs.is_none() {
                first_secs = Some(now_secs);
                busy_from = thread_cpu_secs();
            }
            last_secs = now_secs;
            producer.write(&chunk);
            drain(&mut consumer, clock, &mut chain, &mut delays);
        }
        let silent = now_secs - last_secs > DONE_SECS && first_secs.is_some();
        let full = first_secs.is_some_and(|first| now_secs - first > seconds + DONE_SECS);
        if status == ReadStatus::Lost || silent || full {
            break;
        }
    }
    let spent_secs = last_secs - first_secs.unwrap_or(last_secs);
    let share = (thread_cpu_secs() - busy_from) / spent_secs.max(1e-9);
    let counters = source.counters();
    println!(
        "received {} lost {} gaps {} dropped {} in {spent_secs:.2} s, cpu {share:.3}, offset {:.6} s ± {:.6} s",
        delays.arrival_ms.len(),
        counters.lost,
        counters.gaps,
        producer.dropped(),
        counters.clock_offset_secs,
        counters.clock_uncertainty_secs,
    );
    println!("arrival ms {}", percentiles(&mut delays.arrival_ms));
    println!("handled ms {}", percentiles(&mut delays.handled_ms));
    Ok(())
}

fn drain(consumer: &mut FrameConsumer, clock: &Clock, chain: &mut Chain, delays: &mut Delays) {
    while let Some((meta, frame)) = consumer.next_frame() {
        chain(frame);
        if delays.arrival_ms.len() < MAX_DELAYS {
            delays.arrival_ms.push((meta.arrival_secs - meta.time_secs) * 1e3);
            delays.handled_ms.push((clock.now_secs() - meta.time_secs) * 1e3);
        }
    }
}

fn percentiles(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = values.len().saturating_sub(1) as f64;
        values.get((share * last).round() as usize).copied().unwrap_or(f64::NAN)
    };
    format!("p50 {:.3} p95 {:.3} p99 {:.3} max {:.3}", at(0.5), at(0.95), at(0.99), at(1.0))
}

/// Processor time of this thread, in seconds; zero where the system does not tell.
#[cfg(target_os = "linux")]
fn thread_cpu_secs() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid, writable timespec for the duration of the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

#[cfg(not(target_os = "linux"))]
fn thread_cpu_secs() -> f64 {
    0.0
}
