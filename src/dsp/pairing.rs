//! Poles and zeros to second-order sections.
//!
//! Takes a digital filter's poles, its zeros (all real, as a Butterworth filter's are) and gain; gives
//! sections in the order and pairing of `scipy.signal.zpk2sos(pairing='nearest')`: the poles nearest to
//! the unit circle come last and take the zeros nearest to them, the gain sits in the first section.

use rustfft::num_complex::Complex64;

use super::section::Section;

/// Relative size of an imaginary part below which a pole counts as real; SciPy's `_cplxreal` uses the same.
const REAL_TOLERANCE: f64 = 100.0 * f64::EPSILON;

/// A pole that stands for itself, or for itself and its conjugate.
#[derive(Clone, Copy)]
struct Pole {
    at: Complex64,
    real: bool,
}

impl Pole {
    fn distance_to_circle(&self) -> f64 {
        (1.0 - self.at.norm()).abs()
    }
}

/// Sections of the filter with these poles, real zeros and gain.
pub(super) fn sections(poles: &[Complex64], zeros: &[f64], gain: f64) -> Vec<Section> {
    let mut zeros = zeros.to_vec();
    zeros.resize(poles.len(), 0.0);
    let mut poles = one_of_each_pair(poles);
    let real_poles = poles.iter().filter(|p| p.real).count();
    if real_poles % 2 == 1 {
        // A first-order rest becomes a section with a pole and a zero at the origin.
        poles.push(Pole { at: Complex64::ZERO, real: true });
        zeros.push(0.0);
    }
    zeros.sort_by(f64::total_cmp);
    poles.sort_by(scipy_order);
    let mut sections = Vec::with_capacity(zeros.len() / 2);
    while let Some(first) = take_worst(&mut poles, |_| true) {
        sections.push(section_around(first, &mut poles, &mut zeros));
    }
    sections.reverse();
    if let Some(section) = sections.first_mut() {
        section.b.iter_mut().for_each(|b| *b *= gain);
    }
    sections
}

fn section_around(first: Pole, poles: &mut Vec<Pole>, zeros: &mut Vec<f64>) -> Section {
    // Without a partner the section would be of first order: the origin is the neutral second pole.
    let second = if first.real {
        take_worst(poles, |p| p.real).map_or(Complex64::ZERO, |p| p.at)
    } else {
        first.at.conj()
    };
    let (z1, z2) = (take_nearest(zeros, first.at), take_nearest(zeros, first.at));
    Section { b: [1.0, -(z1 + z2), z1 * z2], a: [-(first.at + second).re, (first.at * second).re] }
}

fn one_of_each_pair(poles: &[Complex64]) -> Vec<Pole> {
    let is_real = |p: &Complex64| p.im.abs() <= REAL_TOLERANCE * p.norm();
    let keep = poles.iter().filter(|p| is_real(p) || p.im > 0.0);
    keep.map(|p| {
        let real = is_real(p);
        Pole { at: if real { Complex64::new(p.re, 0.0) } else { *p }, real }
    })
    .collect()
}

/// Pairs first, by real part and then height; real poles after them: decides between equal distances.
fn scipy_order(a: &Pole, b: &Pole) -> std::cmp::Ordering {
    let by_place = || a.at.re.total_cmp(&b.at.re).then(a.at.im.total_cmp(&b.at.im));
    a.real.cmp(&b.real).then_with(by_place)
}

fn take_worst(poles: &mut Vec<Pole>, wanted: impl Fn(&Pole) -> bool) -> Option<Pole> {
    let candidates = poles.iter().enumerate().filter(|(_, p)| wanted(p));
    let (worst, _) = candidates
        .min_by(|(_, a), (_, b)| a.distance_to_circle().total_cmp(&b.distance_to_circle()))?;
    Some(poles.remove(worst))
}

fn take_nearest(zeros: &mut Vec<f64>, to: Complex64) -> f64 {
    let distance = |z: &f64| (to - z).norm();
    let nearest = zeros
        .iter()
        .enumerate()
        .min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)))
        .map(|(i, _)| i);
    nearest.map_or(0.0, |i| zeros.remove(i))
}
