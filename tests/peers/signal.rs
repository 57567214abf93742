//! The signal path's parts against SciPy; vectors made by `tests/vectors/signal/make_dsp.py`.

use phosphene::dsp::design::{self, NOTCH_Q};
use phosphene::dsp::filter::SosFilter;
use phosphene::dsp::quality::gate::{BAND_EDGES_HZ, POWER_FLOOR_UV2};
use phosphene::dsp::resample::Resampler;
use phosphene::dsp::section::Section;
use phosphene::dsp::spectrum::Periodogram;
use phosphene::dsp::welch::Welch;
use phosphene::units::SampleRate;
use serde_json::Value;

fn design_vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/signal/dsp_design.json")).unwrap()
}

fn signal_vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/signal/dsp_signal.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn narrow(value: &Value) -> Vec<f32> {
    list(value).into_iter().map(|v| v as f32).collect()
}

fn rate(value: &Value) -> SampleRate {
    SampleRate::new(value.as_f64().unwrap()).unwrap()
}

/// Largest difference relative to the largest expected value.
fn worst(got: impl IntoIterator<Item = f64>, expected: &[f64]) -> f64 {
    let size = expected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let differences = got.into_iter().zip(expected).map(|(g, e)| (g - e).abs());
    differences.fold(0.0, f64::max) / size
}

fn assert_coefficients(section: &Section, expected: &[f64], what: &str) {
    let [b0, b1, b2] = section.b;
    let got = [b0, b1, b2, 1.0, section.a[0], section.a[1]];
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        // 1e-9 absolute, and relative where the gain in the first section is tiny.
        let close = (got - expected).abs() <= 1e-9 * expected.abs().clamp(1e-9, 1.0);
        assert!(
            close,
            "{what}, coefficient {i}: got {got:e}, SciPy {expected:e}; pairing or pre-warping"
        );
    }
}

#[test]
fn butterworth_coefficients_equal_scipy_for_orders_1_to_8() {
    let vectors = design_vectors();
    let filters = vectors["filters"].as_array().unwrap();
    assert!(filters.len() > 100);
    for case in filters {
        let (order, fs) = (case["order"].as_u64().unwrap() as u32, rate(&case["fs"]));
        let hz = list(&case["hz"]);
        let sections = match case["kind"].as_str().unwrap() {
            "band" => design::band_pass(order, [hz[0], hz[1]], fs),
            "low" => design::low_pass(order, hz[0], fs),
            _ => design::high_pass(order, hz[0], fs),
        }
        .unwrap();
        let expected = case["sos"].as_array().unwrap();
        assert_eq!(sections.len(), expected.len());
        for (i, (section, expected)) in sections.iter().zip(expected).enumerate() {
            let what = format!("{} order {order} {hz:?} at {fs:?}, section {i}", case["kind"]);
            assert_coefficients(section, &list(expected), &what);
        }
    }
}

#[test]
fn notches_equal_scipy() {
    for case in design_vectors()["notches"].as_array().unwrap() {
        let notch =
            design::notch(case["hz"].as_f64().unwrap(), NOTCH_Q, rate(&case["fs"])).unwrap();
        let expected = [list(&case["b"]), list(&case["a"])].concat();
        assert_coefficients(&notch, &expected, &format!("notch {}", case["hz"]));
    }
}

#[test]
fn group_delay_equals_scipy() {
    for case in design_vectors()["group_delay"].as_array().unwrap() {
        let fs = rate(&case["fs"]);
        let mut sections = vec![design::notch(50.0, NOTCH_Q, fs).unwrap()];
        sections.extend(design::band_pass(4, [0.5, 40.0], fs).unwrap());
        let got =
            list(&case["hz"]).into_iter().map(|hz| design::group_delay_secs(&sections, hz, fs));
        assert!(worst(got, &list(&case["delay_secs"])) < 1e-6);
    }
}

#[test]
fn filtered_signal_equals_sosfilt_from_rest_and_settled() {
    for case in signal_vectors()["filtered"].as_array().unwrap() {
        let fs = rate(&case["fs"]);
        let mut sections = vec![design::notch(50.0, NOTCH_Q, fs).unwrap()];
        let order = case["order"].as_u64().unwrap() as u32;
        sections.extend(design::band_pass(order, [0.5, 40.0], fs).unwrap());
        let x = narrow(&case["x"]);
        for key in ["from_rest", "settled"] {
            let mut filter = SosFilter::prepare(&sections, 3);
            if key == "settled" {
                filter.settle_on(&[0.0, x[0], 0.0]);
            }
            let mut silence = 0.0_f32;
            let got = x.iter().map(|v| {
                let mut frame = [0.0, *v, 0.0];
                filter.process_in_place(&mut frame);
                silence = silence.max(frame[0].abs()).max(frame[2].abs());
                f64::from(frame[1])
            });
            let error = worst(got, &list(&case[key]));
            assert!(error < 1e-6, "{key} at {fs:?}: {error:e} of the signal's size");
            assert_eq!(silence, 0.0, "channels leak into each other");
        }
    }
}

#[test]
fn resampled_signal_equals_upfirdn() {
    for case in signal_vectors()["resampled"].as_array().unwrap() {
        let keep_hz = case["keep_hz"].as_f64().unwrap();
        let (from, to) = (rate(&case["from"]), rate(&case["to"]));
        let mut resampler = Resampler::prepare(from, to, keep_hz, 1).unwrap();
        let delay_secs = case["delay_secs"].as_f64().unwrap();
        assert!((resampler.delay_secs() - delay_secs).abs() < 1e-12);
        let (mut got, mut out) = (Vec::new(), [0.0]);
        for (i, v) in narrow(&case["x"]).iter().enumerate() {
            resampler.push(&[*v]);
            while let Some(offset_secs) = resampler.pop(&mut out) {
                let time_secs = i as f64 * from.period_secs() + offset_secs;
                let due_secs = got.len() as f64 * to.period_secs() - delay_secs;
                assert!((time_secs - due_secs).abs() < 1e-9, "output times lie on the new grid");
                got.push(f64::from(out[0]));
            }
        }
        let expected = list(&case["y"]);
        assert!(got.len() >= expected.len());
        let error = worst(got, &expected);
        assert!(error < 1e-6, "{from:?} → {to:?}: {error:e} of the signal's size");
    }
}

#[test]
fn welch_equals_scipy_for_even_and_odd_lengths() {
    let vectors = signal_vectors();
    let case = &vectors["spectra"];
    for (length, key) in [(250, "welch_250"), (201, "welch_201")] {
        let mut welch = Welch::prepare(length, rate(&case["fs"])).unwrap();
        let mut density = vec![0.0; welch.bins()];
        assert!(welch.density(&narrow(&case["x"]), &mut density) > 5);
        for (bin, (got, expected)) in density.iter().zip(list(&case[key])).enumerate() {
            // Bin 0 holds only what is left of the mean: compare with a typical density there.
            assert!((got - expected).abs() <= 1e-6 * expected.max(1e-3), "{key}, bin {bin}");
        }
    }
}

#[test]
fn log_band_power_equals_its_python_twin() {
    let vectors = signal_vectors();
    let case = &vectors["spectra"];
    let mut periodogram = Periodogram::prepare(200, rate(&case["fs"])).unwrap();
    let bands: Vec<_> =
        BAND_EDGES_HZ.windows(2).map(|edge| periodogram.bins_between(edge[0], edge[1])).collect();
    let bin_hz = periodogram.bin_hz();
    let density = periodogram.density(narrow(&case["x"]).into_iter().take(200));
    for (bins, expected) in bands.into_iter().zip(list(&case["log_band_power_200"])) {
        let power = density[bins.clone()].iter().sum::<f64>() * bin_hz;
        let got = power.max(POWER_FLOOR_UV2).log10();
        assert!((got - expected).abs() < 1e-9, "bins {bins:?}: {got} for {expected}");
    }
}
