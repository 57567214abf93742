//! Steadying as the decoder does it: pictures only, the twin alike, evidence untouched, the same bits again.

use phosphene::decode::painting::steady::weight;
use phosphene::decode::{
    Decoded, Decoder, DecoderOptions, Noise, Pack, Steady, Steadying, TwinDecoded,
};
use phosphene::signal::window::{Abstention, Lock};
use phosphene::signal::{Picture, Window};

use crate::harness::decode::{self, run, runtime_library, tiny};

const OFF: Steadying = Steadying { steady: Steady::Off, noise: Noise::Fresh };
const ON: Steadying = Steadying { steady: Steady::On, noise: Noise::Fixed };

fn decoder(steadying: Steadying) -> Decoder {
    let options = DecoderOptions { seed: 5, steadying, ..DecoderOptions::default() };
    Decoder::load(&Pack::open(&tiny()).unwrap(), &options, &runtime_library()).unwrap()
}

fn window(index: u64, lock: Lock) -> Window {
    Window { lock, ..decode::window(index, None) }
}

fn free(count: u64) -> Vec<Window> {
    (0..count).map(|index| window(index, Lock::Free)).collect()
}

fn locked(count: u64) -> Vec<Window> {
    let lock = |i: u64| Lock::Stimulus { row: Some((i / 3 % 5) as u16), onset_secs: i as f64 };
    (0..count).map(|index| window(index, lock(index))).collect()
}

/// The first run of looks has no other beside it, so no twin; free-running windows are runs of their own.
fn twin(decoded: &Decoded) -> Option<&TwinDecoded> {
    let first = if decoded.lock == Lock::Free { 1 } else { 3 };
    assert_eq!(decoded.twin.is_some(), decoded.window >= first, "window {}", decoded.window);
    decoded.twin.as_ref()
}

fn twin_image(decoded: &Decoded) -> Option<&Picture> {
    twin(decoded).and_then(|twin| twin.image.as_deref())
}

#[test]
fn evidence_does_not_depend_on_steadying() {
    for windows in [free(30), locked(30)] {
        let (mut plain, mut steady) = (decoder(OFF), decoder(ON));
        let (one, two) = (run(&mut plain, &windows), run(&mut steady, &windows));
        assert_eq!(plain.decode_hash(), steady.decode_hash());
        for (a, b) in one.iter().zip(&two) {
            assert_eq!((&a.embedding, &a.mean_embedding), (&b.embedding, &b.mean_embedding));
            assert_eq!((&a.top, a.truth_rank, a.p_value), (&b.top, b.truth_rank, b.p_value));
            assert_ne!(a.image, b.image, "window {}: only the pictures differ", a.window);
            let (Some(twin_a), Some(twin_b)) = (twin(a), twin(b)) else { continue };
            assert_eq!((&twin_a.top, twin_a.p_value), (&twin_b.top, twin_b.p_value));
            assert_ne!(twin_a.image, twin_b.image);
        }
    }
}

#[test]
fn the_window_and_its_twin_are_each_weighed_by_their_own_evidence() {
    let decoded = run(&mut decoder(ON), &free(60));
    for d in &decoded {
        assert_eq!(d.steady_weight, Some(weight(d.p_value)));
        let Some(twin) = twin(d) else { continue };
        assert_eq!(twin.steady_weight, Some(weight(twin.p_value)));
        assert_eq!(d.p_value.is_some(), twin.p_value.is_some(), "the same null for both");
    }
    let p: Vec<f64> = decoded.iter().filter_map(|d| twin(d)?.p_value).collect();
    assert_eq!(p.len(), 54);
    // A shuffled window against shuffled windows: spread over 0–1. Five standard errors are 0.19.
    let mean = p.iter().sum::<f64>() / 55.0;
    assert!((0.31..0.69).contains(&mean), "{mean}");
}

#[test]
fn a_twin_that_is_shown_late_has_the_same_past() {
    let windows = free(20);
    let always = run(&mut decoder(ON), &windows);
    let mut late = decoder(ON);
    late.set_twin(false);
    run(&mut late, &windows[..15]);
    late.set_twin(true);
    for (a, b) in always[15..].iter().zip(&run(&mut late, &windows[15..])) {
        assert_eq!((&a.image, twin_image(a)), (&b.image, twin_image(b)));
    }
}

#[test]
fn a_refused_window_changes_nothing_and_fades_nothing() {
    let windows: Vec<Window> = (0..20).map(|i| window(2 * i, Lock::Free)).collect();
    let mut with_refusals = Vec::new();
    for window in &windows {
        with_refusals.push(window.clone());
        let abstain = Some(Abstention::Artefact);
        with_refusals.push(Window { abstain, index: window.index + 1, ..window.clone() });
    }
    let plain = run(&mut decoder(ON), &windows);
    let between = run(&mut decoder(ON), &with_refusals);
    for (a, b) in plain.iter().zip(between.iter().step_by(2)) {
        assert_eq!((&a.image, twin_image(a)), (&b.image, twin_image(b)));
    }
    assert!(between[1].image.is_none() && between[1].steady_weight.is_none());
}

#[test]
fn the_same_windows_give_the_same_steadied_pictures() {
    let windows = free(25);
    let (one, two) = (run(&mut decoder(ON), &windows), run(&mut decoder(ON), &windows));
    for (a, b) in one.iter().zip(&two) {
        assert_eq!((&a.image, twin_image(a)), (&b.image, twin_image(b)));
    }
}

#[test]
fn fixed_noise_leaves_the_embedding_as_the_only_difference() {
    let noise_only = Steadying { steady: Steady::Off, noise: Noise::Fixed };
    let first = Window { index: 0, last_sample_secs: 0.0, ..window(1, Lock::Free) };
    let same = [first, window(1, Lock::Free)];
    let held = run(&mut decoder(noise_only), &same);
    assert_eq!(held[0].image, held[1].image, "one embedding, one noise");
    assert!(twin_image(&held[1]).is_some());
    let fresh = run(&mut decoder(OFF), &same);
    assert_ne!(fresh[0].image, fresh[1].image, "one embedding, two noises");
    assert!(held[0].noise_held && !fresh[0].noise_held);
}

#[test]
fn automatic_steadies_free_windows_and_leaves_picture_onsets_alone() {
    let auto = Steadying::default();
    for (windows, like) in [(free(12), ON), (locked(12), OFF)] {
        let got = run(&mut decoder(auto), &windows);
        for (a, b) in got.iter().zip(&run(&mut decoder(like), &windows)) {
            assert_eq!(a.image, b.image);
            assert_eq!((a.steady_weight, a.noise_held), (b.steady_weight, b.noise_held));
        }
    }
}

#[test]
fn switching_begins_anew() {
    let windows = free(10);
    let mut switched = decoder(ON);
    run(&mut switched, &windows);
    switched.set_steadying(OFF);
    switched.set_steadying(ON);
    assert_eq!(switched.steadying(), ON);
    let mut held_on = decoder(ON);
    run(&mut held_on, &windows);
    let next = [window(10, Lock::Free)];
    let (anew, goes_on) = (run(&mut switched, &next), run(&mut held_on, &next));
    assert_ne!(anew[0].image, goes_on[0].image);
    assert_eq!(anew[0].p_value, goes_on[0].p_value);
}
