"""What an epoch becomes where electrodes are missing: the arithmetic of the program's channel map.

Takes   sets of missing channels, as rows of CHANNELS.
Gives   matrices f32 [16, 16] that turn a whole epoch (average reference) into the epoch that the program makes from
        the electrodes that remain: spherical splines (Perrin et al. 1989, m = 4, regularised as in MNE-Python) where
        the nearest remaining electrode is within 60°, zero elsewhere, then the average over channels with a source.
Keeps   the same numbers as src/signal/montage and src/dsp/reference.rs. Spline weights sum to one, so that it makes no
        difference that the epoch has its average reference already; filters act on every channel alike.
"""

import numpy as np
import torch

CHANNELS = ("Fz", "C3", "Cz", "C4", "P7", "P3", "Pz", "P4", "P8", "PO7", "PO3", "PO4", "PO8", "O1", "Oz", "O2")
ROW_TENTHS = {"F": 2.0, "C": 0.0, "P": -2.0, "PO": -3.0, "O": -4.0}
MIDLINE_STEP_DEG, EQUATOR_STEP_DEG = 22.5, 18.0
STIFFNESS, LEGENDRE_TERMS, REGULARISATION = 4, 50, 1e-5
MAX_INTERPOLATION_DEG = 60.0


def position(label):
    """Unit vector (right, front, up) of an electrode of ROW_TENTHS: the construction of Oostenveld & Praamstra 2001
    (Clin. Neurophysiol. 112:713), as in src/signal/montage/positions.rs."""
    row, number = label.rstrip("z0123456789"), label.lstrip("FCPOT")
    front, steps = ROW_TENTHS[row], 0 if number == "z" else (int(number) + 1) // 2
    side = 0.0 if number == "z" else (1.0 if int(number) % 2 == 0 else -1.0)
    if front == -4.0:
        left, ahead, up = _on_sphere(90.0, EQUATOR_STEP_DEG * steps)
        return np.array([side * left, -ahead, up])
    half_chord, chord_y, _ = _on_sphere(90.0, 90.0 - EQUATOR_STEP_DEG * front)
    sin, cos = np.sin(np.radians(MIDLINE_STEP_DEG * front)), np.cos(np.radians(MIDLINE_STEP_DEG * front))
    over, height = sin - chord_y, np.hypot(sin - chord_y, cos)
    radius = (half_chord**2 + height**2) / (2.0 * height)
    angle = np.arctan2(half_chord, radius - height) * steps / 4.0
    down = radius * (1.0 - np.cos(angle)) / height
    return np.array([side * radius * np.sin(angle), sin - down * over, cos - down * cos])


def interpolation_matrix(measured, wanted):
    """f64 [wanted, measured]: spherical splines between unit vectors [·, 3]."""
    count = len(measured)
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = _spline(measured @ measured.T) + REGULARISATION * np.eye(count)
    system[count, count] = 0.0
    rows = np.concatenate([_spline(wanted @ measured.T), np.ones((len(wanted), 1))], axis=1)
    return (rows @ np.linalg.inv(system))[:, :count]


def without(missing):
    """f32 [16, 16] that makes the epoch without the channels in `missing` from the whole one."""
    places = np.stack([position(label) for label in CHANNELS])
    kept = [row for row in range(len(CHANNELS)) if row not in set(missing)]
    if not kept:
        return torch.zeros(len(CHANNELS), len(CHANNELS))
    matrix = np.eye(len(CHANNELS))
    matrix[list(missing)] = 0.0
    nearest = (places @ places[kept].T).max(axis=1)
    estimated = [row for row in missing if np.degrees(np.arccos(min(1.0, nearest[row]))) <= MAX_INTERPOLATION_DEG]
    matrix[np.ix_(estimated, kept)] = interpolation_matrix(places[kept], places[estimated])
    sourced = np.abs(matrix).sum(axis=1) > 0.0
    reference = np.eye(len(CHANNELS)) - np.outer(sourced, sourced) / sourced.sum()
    return torch.from_numpy(reference @ matrix).float()


def random_sets(count, most, generator):
    """`count` sets of 1 to `most` missing channels; small sets are as likely as large ones."""
    sizes = torch.randint(1, most + 1, (count,), generator=generator).tolist()
    return [torch.randperm(len(CHANNELS), generator=generator)[:size].tolist() for size in sizes]


def bank(count, most, seed):
    """f32 [count, 16, 16]: the matrices of random sets."""
    return torch.stack([without(chosen) for chosen in random_sets(count, most, torch.Generator().manual_seed(seed))])


def _on_sphere(polar_deg, azimuth_deg):
    """Left, front, up of the point at these angles from the vertex and from the nose towards the left."""
    polar, azimuth = np.radians(polar_deg), np.radians(azimuth_deg)
    return np.sin(polar) * np.sin(azimuth), np.sin(polar) * np.cos(azimuth), np.cos(polar)


def _spline(cosine):
    """Perrin's g: Σ (2n+1) Pₙ(x) / (n(n+1))^m / 4π."""
    orders = np.arange(1, LEGENDRE_TERMS + 1)
    factors = (2.0 * orders + 1.0) / (orders * (orders + 1.0)) ** STIFFNESS
    series = np.concatenate([[0.0], factors])
    return np.polynomial.legendre.legval(np.clip(cosine, -1.0, 1.0), series) / (4.0 * np.pi)
