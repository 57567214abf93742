//! Filter design: Butterworth and notch as second-order sections.
//!
//! Takes corners in Hz and a sampling rate; gives coefficients in `f64`, equal to those of
//! `scipy.signal.butter(output="sos")` and `scipy.signal.iirnotch` (tests: within 1e-9). Method: analogue
//! prototype, frequency transform, bilinear transform with pre-warped corners (Oppenheim & Schafer,
//! Discrete-Time Signal Processing, ch. 7; notch: Orfanidis, Introduction to Signal Processing, §11.3).
//! Designing allocates: it belongs in `prepare` or on another thread.

use std::f64::consts::PI;

use rustfft::num_complex::Complex64;

use super::error::{DspError, MAX_ORDER};
use super::pairing;
use super::section::Section;
use crate::units::SampleRate;

/// Quality factor of the mains notch: 50 Hz ± 0.83 Hz at −3 dB.
pub const NOTCH_Q: f64 = 30.0;

/// The bilinear transform is done at this rate, as SciPy does: corners are pre-warped to it.
const DESIGN_RATE: f64 = 2.0;

/// Poles, real zeros and gain of an analogue or digital filter.
struct Zpk {
    zeros: Vec<f64>,
    poles: Vec<Complex64>,
    gain: f64,
}

/// Butterworth low-pass of `order` with −3 dB at `corner_hz`.
///
/// # Errors
/// [`DspError::Order`], [`DspError::Corner`].
pub fn low_pass(order: u32, corner_hz: f64, rate: SampleRate) -> Result<Vec<Section>, DspError> {
    let corner = warped("low-pass corner", corner_hz, rate)?;
    let mut filter = prototype(order)?;
    filter.gain *= corner.powi(order as i32);
    filter.poles.iter_mut().for_each(|p| *p *= corner);
    Ok(digital_sections(filter))
}

/// Butterworth high-pass of `order` with −3 dB at `corner_hz`.
///
/// # Errors
/// [`DspError::Order`], [`DspError::Corner`].
pub fn high_pass(order: u32, corner_hz: f64, rate: SampleRate) -> Result<Vec<Section>, DspError> {
    let corner = warped("high-pass corner", corner_hz, rate)?;
    let mut filter = prototype(order)?;
    // The prototype has no zeros and the product of its negated poles is 1: the gain stays 1.
    filter.poles.iter_mut().for_each(|p| *p = corner / *p);
    filter.zeros = vec![0.0; order as usize];
    Ok(digital_sections(filter))
}

/// Butterworth band-pass with −3 dB at both corners; `2 · order` poles, `order` sections.
///
/// # Errors
/// [`DspError::Order`], [`DspError::Corner`], [`DspError::EmptyBand`].
pub fn band_pass(
    order: u32,
    [low_hz, high_hz]: [f64; 2],
    rate: SampleRate,
) -> Result<Vec<Section>, DspError> {
    let low = warped("lower band corner", low_hz, rate)?;
    let high = warped("upper band corner", high_hz, rate)?;
    if low_hz >= high_hz {
        return Err(DspError::EmptyBand { low_hz, high_hz });
    }
    let (width, centre_squared) = (high - low, low * high);
    let mut filter = prototype(order)?;
    filter.gain *= width.powi(order as i32);
    filter.zeros = vec![0.0; order as usize];
    let halves: Vec<Complex64> = filter.poles.iter().map(|p| p * (width / 2.0)).collect();
    let root = |p: &Complex64| (p * p - centre_squared).sqrt();
    filter.poles = halves.iter().map(|p| p + root(p)).collect();
    filter.poles.extend(halves.iter().map(|p| p - root(p)));
    Ok(digital_sections(filter))
}

/// Notch that removes `hz` and little else; `quality` is `hz` over its −3 dB width.
///
/// # Errors
/// [`DspError::Corner`], [`DspError::OutOfRange`].
pub fn notch(hz: f64, quality: f64, rate: SampleRate) -> Result<Section, DspError> {
    check_corner("notch", hz, rate)?;
    if !(quality.is_finite() && quality > 0.0) {
        let expected = "a finite number above 0";
        return Err(DspError::OutOfRange { what: "notch quality", expected, got: quality });
    }
    let omega = 2.0 * PI * hz / rate.hz();
    let gain = 1.0 / (1.0 + (omega / quality / 2.0).tan());
    let middle = -2.0 * gain * omega.cos();
    Ok(Section { b: [gain, middle, gain], a: [middle, 2.0 * gain - 1.0] })
}

/// Group delay of a cascade at a frequency, in seconds: how late the envelope of a component at `hz`
/// comes out. Where a zero lies on the unit circle at `hz` nothing passes and that factor adds nothing.
pub fn group_delay_secs(sections: &[Section], hz: f64, rate: SampleRate) -> f64 {
    let omega = 2.0 * PI * hz / rate.hz();
    let samples: f64 = sections
        .iter()
        .map(|s| polynomial_delay(s.b, omega) - polynomial_delay([1.0, s.a[0], s.a[1]], omega))
        .sum();
    samples * rate.period_secs()
}

/// Gain of a cascade at a frequency (magnitude, 1 = unchanged).
pub fn gain_at(sections: &[Section], hz: f64, rate: SampleRate) -> f64 {
    let omega = 2.0 * PI * hz / rate.hz();
    let gain =
        |s: &Section| value_at(s.b, omega).norm() / value_at([1.0, s.a[0], s.a[1]], omega).norm();
    sections.iter().map(gain).product()
}

/// `−dφ/dω` of `c0 + c1 z⁻¹ + c2 z⁻²` on the unit circle, in samples.
fn polynomial_delay(c: [f64; 3], omega: f64) -> f64 {
    let value = value_at(c, omega);
    let scale = c.iter().map(|x| x.abs()).sum::<f64>();
    if value.norm() <= 1e-9 * scale {
        return 0.0;
    }
    (value_at([0.0, c[1], 2.0 * c[2]], omega) / value).re
}

fn value_at(c: [f64; 3], omega: f64) -> Complex64 {
    let back = Complex64::cis(-omega);
    (c[2] * back + c[1]) * back + c[0]
}

fn check_corner(what: &'static str, hz: f64, rate: SampleRate) -> Result<(), DspError> {
    if hz.is_finite() && hz > 0.0 && hz < rate.hz() / 2.0 {
        Ok(())
    } else {
        Err(DspError::Corner { what, hz, rate_hz: rate.hz() })
    }
}

/// The analogue corner that the bilinear transform maps onto `hz`.
fn warped(what: &'static str, hz: f64, rate: SampleRate) -> Result<f64, DspError> {
    check_corner(what, hz, rate)?;
    Ok(2.0 * DESIGN_RATE * (PI * hz / rate.hz()).tan())
}

/// The analogue Butterworth low-pass with corner 1 rad/s: poles evenly on the left half circle.
fn prototype(order: u32) -> Result<Zpk, DspError> {
    if !(1..=MAX_ORDER).contains(&order) {
        return Err(DspError::Order(order));
    }
    let n = order as i32;
    let pole = |i: i32| match -n + 1 + 2 * i {
        0 => Complex64::new(-1.0, 0.0), // exactly real, so that it is seen to have no partner
        m => -Complex64::cis(PI * f64::from(m) / f64::from(2 * n)),
    };
    Ok(Zpk { zeros: Vec::new(), poles: (0..n).map(pole).collect(), gain: 1.0 })
}

/// Bilinear transform of an analogue filter, then sections. Zeros at infinity go to −1.
fn digital_sections(analogue: Zpk) -> Vec<Section> {
    let twice_rate = 2.0 * DESIGN_RATE;
    let map = |s: &Complex64| (twice_rate + s) / (twice_rate - s);
    let poles: Vec<Complex64> = analogue.poles.iter().map(map).collect();
    let mut zeros: Vec<f64> =
        analogue.zeros.iter().map(|z| (twice_rate + z) / (twice_rate - z)).collect();
    zeros.resize(poles.len(), -1.0);
    let above: f64 = analogue.zeros.iter().map(|z| twice_rate - z).product();
    let below: Complex64 = analogue.poles.iter().map(|p| twice_rate - p).product();
    pairing::sections(&poles, &zeros, analogue.gain * (above / below).re)
}
