//! From a source in the head to the electrodes.
//!
//! Takes a current dipole inside the unit sphere; gives the potential at a place on its surface, in arbitrary
//! units. The head is one homogeneous conducting sphere, for which the potential has a closed form (Frank 1952,
//! J. Appl. Phys. 23:1225; Brody, Terry & Ideker 1973, IEEE TBME 20:141). The skull, which blurs the real map,
//! is imitated by placing sources deeper than cortex lies (Berg & Scherg 1994, Electroenceph. Clin.
//! Neurophysiol. 90:58).

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::signal::montage::{Position, position};

/// A current dipole in the unit sphere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dipole {
    /// Where it is; shorter than one.
    pub at: Position,
    /// Its direction and strength.
    pub moment: Position,
}

impl Dipole {
    /// Under a place on the scalp, at this fraction of the radius. `radial` is how much of the moment points
    /// outwards, the rest lies along `along`.
    pub fn under(place: Position, depth: f64, radial: f64, along: Position) -> Self {
        let tangent = unit(subtract(along, scale(place, dot(along, place))));
        let tangential = (1.0 - radial * radial).max(0.0).sqrt();
        Self {
            at: scale(place, depth),
            moment: add(scale(place, radial), scale(tangent, tangential)),
        }
    }

    /// Anywhere in the upper part of the head, in any direction.
    pub fn anywhere(rng: &mut ChaCha8Rng) -> Self {
        let mut place = random_direction(rng);
        if place[2] < -0.3 {
            place[2] = -place[2];
        }
        Self { at: scale(place, rng.random_range(0.45..0.75)), moment: random_direction(rng) }
    }

    /// The same dipole in another person: moved by about `shift` radii and turned by about `turn` radians.
    pub fn varied(self, shift: f64, turn: f64, rng: &mut ChaCha8Rng) -> Self {
        let moved = add(self.at, scale(random_normal(rng), shift));
        let depth = norm(self.at);
        let turned = add(self.moment, scale(random_normal(rng), turn * norm(self.moment)));
        Self { at: scale(unit(moved), depth), moment: scale(unit(turned), norm(self.moment)) }
    }

    /// The potential at a place on the sphere against the mean over the sphere: the gradient with respect to
    /// the source of Neumann's function 2/d − ln((1 − r·s + d)/2), d = |r − s|, over 4π.
    pub fn potential_at(&self, place: Position) -> f64 {
        let towards = subtract(place, self.at);
        let distance = norm(towards);
        let denominator = 1.0 - dot(place, self.at) + distance;
        let direct = 2.0 * dot(self.moment, towards) / distance.powi(3);
        let surface = dot(self.moment, place) + dot(self.moment, towards) / distance;
        (direct + surface / denominator) / (4.0 * std::f64::consts::PI)
    }
}

/// Electrodes with the reference against which they are recorded: both mastoids, linked.
#[derive(Clone, Debug)]
pub(super) struct Electrodes {
    places: Vec<Position>,
    reference: [Position; 2],
}

impl Electrodes {
    /// Places without a known position lie at the vertex; parameters never hold one.
    pub fn new(places: &[Option<Position>]) -> Self {
        let mastoid = |label| position(label).unwrap_or(VERTEX);
        Self {
            places: places.iter().map(|place| place.unwrap_or(VERTEX)).collect(),
            reference: [mastoid("M1"), mastoid("M2")],
        }
    }

    /// What each electrode sees of a dipole, against the reference, `[electrodes]`.
    pub fn map(&self, dipole: &Dipole) -> Vec<f64> {
        let reference = self.reference.map(|place| dipole.potential_at(place));
        let offset = (reference[0] + reference[1]) / 2.0;
        self.places.iter().map(|&place| dipole.potential_at(place) - offset).collect()
    }

    /// The electrodes' places.
    pub fn places(&self) -> &[Position] {
        &self.places
    }
}

/// Takes the mean over the electrodes off: the average reference.
pub(super) fn average_reference(map: &mut [f64]) {
    let mean = map.iter().sum::<f64>() / map.len().max(1) as f64;
    map.iter_mut().for_each(|value| *value -= mean);
}

const VERTEX: Position = [0.0, 0.0, 1.0];

/// The root of the mean square.
pub(super) fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|v| v * v).sum::<f64>() / values.len().max(1) as f64).sqrt()
}

/// A rotation of the whole head by small random angles, as a cap that sits askew.
pub(super) fn rotated(place: Position, angles_rad: [f64; 3]) -> Position {
    let turn = |[a, b]: [f64; 2], angle: f64| {
        let (sin, cos) = angle.sin_cos();
        [a * cos - b * sin, a * sin + b * cos]
    };
    let [x, y, z] = place;
    let [y, z] = turn([y, z], angles_rad[0]);
    let [z, x] = turn([z, x], angles_rad[1]);
    let [x, y] = turn([x, y], angles_rad[2]);
    [x, y, z]
}

fn random_normal(rng: &mut ChaCha8Rng) -> Position {
    std::array::from_fn(|_| rng.sample::<f64, _>(StandardNormal))
}

pub(super) fn random_direction(rng: &mut ChaCha8Rng) -> Position {
    unit(random_normal(rng))
}

fn dot(a: Position, b: Position) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn add(a: Position, b: Position) -> Position {
    std::array::from_fn(|i| a[i] + b[i])
}

fn subtract(a: Position, b: Position) -> Position {
    std::array::from_fn(|i| a[i] - b[i])
}

fn scale(a: Position, factor: f64) -> Position {
    a.map(|v| v * factor)
}

fn norm(a: Position) -> f64 {
    dot(a, a).sqrt()
}

/// Length one; a vector that has no direction becomes the vertex.
fn unit(a: Position) -> Position {
    let length = norm(a);
    if length > 1e-12 { scale(a, 1.0 / length) } else { VERTEX }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points spread evenly over the sphere (Fibonacci lattice).
    fn lattice(n: usize) -> impl Iterator<Item = Position> {
        let golden = std::f64::consts::PI * (3.0 - 5f64.sqrt());
        (0..n).map(move |i| {
            let z = 1.0 - 2.0 * (i as f64 + 0.5) / n as f64;
            let (sin, cos) = (golden * i as f64).sin_cos();
            let r = (1.0 - z * z).sqrt();
            [r * cos, r * sin, z]
        })
    }

    #[test]
    fn a_central_dipole_gives_the_textbook_cosine() {
        // At the centre the surface potential is 3 q cos θ / 4π R² (Plonsey 1969).
        let dipole = Dipole { at: [0.0; 3], moment: [0.0, 0.0, 1.0] };
        for place in lattice(50) {
            let want = 3.0 * place[2] / (4.0 * std::f64::consts::PI);
            assert!((dipole.potential_at(place) - want).abs() < 1e-12);
        }
    }

    #[test]
    fn the_potential_of_any_dipole_has_no_mean_over_the_head() {
        let dipole = Dipole { at: [0.3, -0.4, 0.35], moment: [0.5, 0.2, -0.7] };
        let n = 20_000;
        let mean: f64 = lattice(n).map(|place| dipole.potential_at(place)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 1e-4, "{mean}");
    }

    #[test]
    fn it_is_the_gradient_of_neumanns_function() {
        let green = |r: Position, s: Position| {
            let d = norm(subtract(r, s));
            (2.0 / d - ((1.0 - dot(r, s) + d) / 2.0).ln()) / (4.0 * std::f64::consts::PI)
        };
        let (at, step) = ([0.3, -0.4, 0.35], 1e-6);
        for axis in 0..3 {
            let mut moment = [0.0; 3];
            moment[axis] = 1.0;
            for r in lattice(20) {
                let (mut a, mut b) = (at, at);
                a[axis] += step;
                b[axis] -= step;
                let want = (green(r, a) - green(r, b)) / (2.0 * step);
                assert!((Dipole { at, moment }.potential_at(r) - want).abs() < 1e-7);
            }
        }
    }
}
