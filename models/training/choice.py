"""How well one of M things is told from the others, as a number that does not depend on M: d′ of an M-way choice.

Takes   a share of right choices among M, or d′; ranks of true answers among a gallery.
Gives   `top1` and `dprime`, each the other's inverse; `top1_among`: what smaller galleries would give.
Keeps   the model of signal detection: the true answer's score is normal with mean d′ and unit variance, the others' with
        mean 0, all independent; the highest is chosen (Hacker & Ratcliff 1979, Percept. Psychophys. 26:168). Averaging k
        looks makes d′ √k times as large. A share below chance gives a d′ below 0.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import norm

# Scores at which the integral is taken, and the d′ between which an answer is sought.
SCORES = np.linspace(-10.0, 20.0, 6001)
LEAST, MOST = -4.0, 12.0


def top1(dprime, ways):
    """The share of right choices among `ways`."""
    return float(np.trapezoid(norm.pdf(SCORES - dprime) * norm.cdf(SCORES) ** (ways - 1), SCORES))


def dprime(share, ways, trials=None):
    """The d′ that gives this share of right choices. Where the share was counted in `trials`, none right counts as half
    of one, and all right as all but half of one; without, both are refused."""
    if trials is not None:
        share = min(max(share, 0.5 / trials), 1.0 - 0.5 / trials)
    if not top1(LEAST, ways) < share < top1(MOST, ways):
        raise ValueError(f"a share of {share} among {ways} has no d′ between {LEAST:g} and {MOST:g}")
    return brentq(lambda found: top1(found, ways) - share, LEAST, MOST, xtol=1e-6)


def top1_among(ranks, gallery, ways):
    """The mean share of right choices among the true answer and `ways` - 1 others, over all draws of these from a gallery
    in which the true answers have these ranks (1 is best)."""
    better = np.asarray(ranks, dtype=np.float64) - 1.0
    spare = gallery - 1.0 - better - (ways - 1.0)
    possible = spare >= 0.0
    spare = np.where(possible, spare, 0.0)
    # The others must all be drawn from the gallery - 1 - better that rank below.
    log_share = gammaln(gallery - better) - gammaln(spare + 1.0) - gammaln(gallery) + gammaln(gallery - ways + 1.0)
    return float(np.where(possible, np.exp(log_share), 0.0).mean())
