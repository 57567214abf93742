//! Statistics against SciPy and NumPy; vectors made by `tests/vectors/signal/make_dsp.py`.

use phosphene::stats::{binomial_tail, percentile, percentiles, wilson_interval};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/signal/stats.json")).unwrap()
}

fn close(got: f64, expected: f64, relative: f64) -> bool {
    (got - expected).abs() <= relative * expected.abs()
}

#[test]
fn binomial_tails_equal_scipy() {
    let vectors = vectors();
    for case in vectors["binomial"].as_array().unwrap() {
        let (hits, n) = (case["hits"].as_u64().unwrap(), case["n"].as_u64().unwrap());
        let (p, expected) = (case["p"].as_f64().unwrap(), case["tail"].as_f64().unwrap());
        let got = binomial_tail(hits, n, p);
        assert!(close(got, expected, 1e-10), "{case}: got {got:e}");
    }
}

#[test]
fn wilson_intervals_equal_scipy() {
    let vectors = vectors();
    for case in vectors["wilson"].as_array().unwrap() {
        let [low, high] =
            wilson_interval(case["hits"].as_u64().unwrap(), case["n"].as_u64().unwrap());
        // Absolute: the lower end of no hits is 0 here and 1e-17 there.
        assert!((low - case["low"].as_f64().unwrap()).abs() < 1e-12, "{case}: got {low}");
        assert!((high - case["high"].as_f64().unwrap()).abs() < 1e-12, "{case}: got {high}");
    }
}

#[test]
fn percentiles_equal_numpy() {
    let vectors = vectors();
    let list = |key: &str| -> Vec<f64> {
        let values = vectors["percentiles"][key].as_array().unwrap();
        values.iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let values = list("values");
    for (q, expected) in list("q").into_iter().zip(list("expected")) {
        let got = percentile(&values, q);
        assert!(close(got, expected, 1e-12), "{q}: {got} for {expected}");
        assert_eq!(percentiles(&values, [q])[0], got);
    }
}
