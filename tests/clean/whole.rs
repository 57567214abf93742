//! The cleaner as the chain has it: any cutting gives the same bits, what is learned is learned once and takes effect at its
//! frame, a gap is survived, and nothing allocates.

use assert_no_alloc::assert_no_alloc;
use phosphene::dsp::clean::learning::COLLECT_SECS;
use phosphene::dsp::clean::subspace::GRACE_SECS;
use phosphene::dsp::clean::{CleanSetup, Cleaner, Learn, Phase, SubspaceSetup};
use phosphene::dsp::quality::electrodes::ChannelQuality;
use phosphene::dsp::quality::verdict::Verdict;
use phosphene::signal::montage::position;
use phosphene::units::SampleRate;

use super::signal::{CHANNELS, FRAMES, signal};

const LABELS: [&str; CHANNELS] = ["Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2"];

fn setup(learn: Learn) -> CleanSetup {
    CleanSetup {
        rate: SampleRate::new(250.0).unwrap(),
        used: vec![true; CHANNELS],
        places: LABELS.map(position).to_vec(),
        named_bad: Vec::new(),
        watch_bad: true,
        reference: Vec::new(),
        subspace: Some(SubspaceSetup { cutoff: 20.0, delay_secs: 0.0, statistics: None, learn }),
    }
}

fn qualities() -> Vec<ChannelQuality> {
    let mut all =
        vec![ChannelQuality { verdict: Verdict::Good, ..ChannelQuality::default() }; CHANNELS];
    all[6].verdict = Verdict::Bad;
    all
}

/// The whole signal in blocks of these lengths, over and over.
fn through(cleaner: &mut Cleaner, lengths: &[usize]) -> Vec<f32> {
    let (mut out, mut at) = (signal(), 0);
    let qualities = qualities();
    for length in lengths.iter().cycle() {
        let end = (at + length * CHANNELS).min(out.len());
        cleaner.process_block(&mut out[at..end], &qualities);
        at = end;
        if at == out.len() {
            return out;
        }
    }
    out
}

#[test]
fn any_cutting_gives_the_same_bits() {
    let run =
        |lengths: &[usize]| through(&mut Cleaner::prepare(setup(Learn::Here)).unwrap(), lengths);
    let want = run(&[1]);
    for lengths in [&[7, 1, 64, 3][..], &[1000], &[FRAMES]] {
        assert!(run(lengths) == want, "{lengths:?}");
    }
}

#[test]
fn nothing_is_cleaned_before_it_is_learned_and_all_the_same_after() {
    let mut cleaner = Cleaner::prepare(setup(Learn::Here)).unwrap();
    let (mut all, original) = (signal(), signal());
    let mut phases = Vec::new();
    for frame in all.chunks_exact_mut(CHANNELS) {
        cleaner.process_block(frame, &[]);
        phases.push(cleaner.effect().phase);
    }
    let at = |phase| phases.iter().position(|p| *p == phase).unwrap();
    // Two seconds settle, a minute is collected, five seconds are for learning.
    assert_eq!(at(Phase::Learning), (250.0 * (2.0 + COLLECT_SECS)) as usize - 1);
    assert_eq!(at(Phase::Cleaning), (250.0 * (2.0 + COLLECT_SECS + GRACE_SECS)) as usize - 1);
    let begun = at(Phase::Cleaning) * CHANNELS;
    assert_eq!(all[..begun], original[..begun]);
    assert_ne!(all[begun..], original[begun..]);
    let effect = cleaner.effect();
    assert!(effect.clean_secs > 30.0 && effect.channels == 8, "{effect:?}");
    // Another pass after a rewind is the same.
    let before = cleaner.statistics().unwrap().sha256();
    cleaner.reset();
    assert_eq!(cleaner.effect().phase, Phase::Collecting);
    let mut again = signal();
    cleaner.process_block(&mut again, &[]);
    assert!(again == all);
    assert_eq!(cleaner.statistics().unwrap().sha256(), before);
}

#[test]
fn learned_elsewhere_is_the_same_whenever_the_answer_comes() {
    let want = through(&mut Cleaner::prepare(setup(Learn::Here)).unwrap(), &[50]);
    for late in [0, 20] {
        let mut cleaner = Cleaner::prepare(setup(Learn::Elsewhere)).unwrap();
        let (mut out, qualities) = (signal(), qualities());
        let mut waiting = None;
        for (at, block) in out.chunks_mut(50 * CHANNELS).enumerate() {
            cleaner.process_block(block, &qualities);
            if let Some(collected) = cleaner.take_collected() {
                waiting = Some((at + late, collected));
            }
            if let Some((_, collected)) = waiting.take_if(|(due, _)| *due <= at) {
                let learned = cleaner.lesson().unwrap().learn(&collected);
                cleaner.answer(learned.map(|(found, secs)| (Box::new(found), secs)), collected);
            }
        }
        assert!(out == want, "{late} blocks later");
    }
}

/// What is left of the blinks' power at the electrode that sees most of them.
fn left_of_blinks(delay_secs: f64) -> f64 {
    let mut wanted = setup(Learn::Here);
    wanted.subspace.as_mut().unwrap().delay_secs = delay_secs;
    let mut cleaner = Cleaner::prepare(wanted).unwrap();
    let (mut out, original) = (signal(), signal());
    let mut largest = 0.0_f32;
    for frame in out.chunks_exact_mut(CHANNELS) {
        cleaner.process_block(frame, &[]);
        let effect = cleaner.effect();
        assert!((0.0..=1.0).contains(&effect.removed_share));
        largest = largest.max(effect.removed_share);
    }
    assert!(largest > 0.2, "{largest}");
    // Blinks peak at 900 of every 1130 frames.
    let peaks = (0..FRAMES / 1130).map(|k| k * 1130 + 900).filter(|at| *at > 17_500);
    let around: Vec<usize> = peaks.flat_map(|at| at - 36..at + 36).collect();
    let power = |values: &[f32], late: usize| {
        around.iter().map(|t| f64::from(values[(t + late) * CHANNELS]).powi(2)).sum::<f64>()
    };
    power(&out, cleaner.delay_samples()) / power(&original, 0)
}

#[test]
fn blinks_come_out_smaller_the_more_so_the_longer_one_waits() {
    let left = [0.0, 0.1, 0.27].map(left_of_blinks);
    assert!(left[0] < 0.4 && left[1] < 0.05 && left[2] < 0.05, "{left:?}");
}

#[test]
fn too_little_clean_signal_is_said_and_tried_again() {
    let mut cleaner = Cleaner::prepare(setup(Learn::Here)).unwrap();
    // An electrode that is dead is bad in every window; two of eight are more than one may be.
    let mut frames = signal();
    for frame in frames.chunks_exact_mut(CHANNELS) {
        (frame[2], frame[3]) = (0.0, 0.0);
    }
    let original = frames.clone();
    cleaner.process_block(&mut frames, &[]);
    let effect = cleaner.effect();
    assert_eq!(effect.phase, Phase::Collecting, "again");
    assert!(effect.failed_secs < 30.0 && effect.collected_secs > 10.0, "{effect:?}");
    assert_eq!(frames, original);
}

#[test]
fn nothing_allocates_once_it_runs() {
    let mut cleaner = Cleaner::prepare(setup(Learn::Elsewhere)).unwrap();
    let (mut frames, qualities) = (signal(), qualities());
    let mut taken = None;
    assert_no_alloc(|| {
        for (at, block) in frames.chunks_mut(10 * CHANNELS).enumerate() {
            cleaner.process_block(block, &qualities);
            taken = taken.take().or_else(|| cleaner.take_collected());
            if at == 100 {
                cleaner.note_gap();
            }
        }
    });
    let collected = taken.unwrap();
    let learned = cleaner.lesson().unwrap().learn(&collected).map(|(f, secs)| (Box::new(f), secs));
    let mut frames = signal();
    assert_no_alloc(|| {
        cleaner.answer(learned, collected);
        for block in frames.chunks_mut(10 * CHANNELS) {
            cleaner.process_block(block, &qualities);
            std::hint::black_box(cleaner.effect());
        }
        cleaner.reset();
    });
    assert_eq!(cleaner.effect().phase, Phase::Cleaning);
    assert!(frames != signal());
}

#[test]
fn a_reference_is_taken_off_and_nonsense_is_refused() {
    let mut wanted = setup(Learn::Here);
    (wanted.subspace, wanted.watch_bad, wanted.reference) = (None, false, vec![0, 1]);
    let mut cleaner = Cleaner::prepare(wanted.clone()).unwrap();
    let mut frame = [2.0, 4.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    cleaner.process_block(&mut frame, &[]);
    assert_eq!(frame, [-1.0, 1.0, 0.0, -3.0, -3.0, -3.0, -3.0, -3.0]);
    assert!(Cleaner::prepare(CleanSetup { reference: vec![8], ..wanted.clone() }).is_err());
    assert!(Cleaner::prepare(CleanSetup { places: Vec::new(), ..wanted }).is_err());
    for (cutoff, delay_secs) in [(1.0, 0.0), (f64::NAN, 0.0), (20.0, -0.1), (20.0, 9.0)] {
        let mut wrong = setup(Learn::Here);
        wrong.subspace =
            Some(SubspaceSetup { cutoff, delay_secs, statistics: None, learn: Learn::Here });
        assert!(Cleaner::prepare(wrong).is_err(), "{cutoff} {delay_secs}");
    }
}
