"""What each score is, in which direction it is better, and what its floor means.

Takes   nothing.
Gives   `MEASURES` {name: Measure}, used by the tables; `definitions` and `DEFINITIONS`, the same as a Markdown list.
Keeps   the report takes its words from here, beside the code's constants, so that the two cannot drift apart.
"""

from dataclasses import dataclass

# The blur, in pixels, that forgives small shifts when edges are compared.
EDGE_BLUR_PX = 2.0


@dataclass(frozen=True)
class Measure:
    """One score: its column title, which way is better (+1 higher, -1 lower, 0 neither) and its definition."""

    title: str
    better: int
    meaning: str
    floor: str


MEASURES = {
    "ssim": Measure(
        "SSIM",
        1,
        "structural similarity in RGB at the pictures' own size (128 px), 7 × 7 uniform window (DreamDiffusion's).",
        "high for any pair, as all drawings share one grey ground: read it against the mean picture and another "
        "picture. It rewards blur: an unsure answer gains by being soft.",
    ),
    "ssim_grey": Measure(
        "SSIM grey",
        1,
        "structural similarity of the luma, Gaussian window σ = 1.5, population covariance (Wang et al. 2004); not "
        "comparable with figures of MindEye's code, which takes columns for channels, nor with any at 425 px.",
        "as SSIM.",
    ),
    "pixcorr": Measure(
        "PixCorr",
        1,
        "Pearson correlation over all RGB values at 128 px (MindEye's is taken at 425 px).",
        "0 for noise; the mean picture and mismatched pairs are well above 0, as drawings sit in the same place.",
    ),
    "gradient_ratio": Measure(
        "gradient ratio",
        0,
        "mean gradient magnitude of the luma (forward differences) divided by the truth's.",
        "1 is the truth's; below is soft, above is noisy. Says nothing about being right.",
    ),
    "sharpness_error": Measure(
        "sharpness error",
        -1,
        "|log2 gradient ratio|: 1 is half or twice the truth's mean gradient; ratios below 1/64 count as 1/64.",
        "0 is best; another sharp picture scores low too, so it is half an answer by itself.",
    ),
    "gms": Measure(
        "GMS",
        1,
        "mean gradient magnitude similarity: luma halved in size, Prewitt gradients, constant 170 on the scale of "
        "0 to 255 (Xue et al., IEEE Trans. Image Process. 23(2), 2014).",
        "high for any pair (grey ground). Moving an edge by two pixels costs as much as losing it.",
    ),
    "gmsd": Measure(
        "GMSD",
        -1,
        "standard deviation of the same map (the published score).",
        "0 is best; read it against another picture.",
    ),
    "edge_corr": Measure(
        "edge correlation",
        1,
        "Pearson correlation of the gradient magnitudes (forward differences of the luma), each map blurred by "
        f"σ = {EDGE_BLUR_PX:g} px so that a shift of a pixel or two is forgiven.",
        "0 for noise. Blind to the strength of edges.",
    ),
    "edge_match": Measure(
        "edge match",
        1,
        "Lin's concordance (Biometrics 45, 1989) of the same two maps: edges must be in the right places *and* as "
        "strong as the truth's. This is the sharpness-aware score: soft and right, sharp and wrong, noisy: all lose.",
        "0 for a flat picture and for noise; another picture gives the floor of being sharp and wrong.",
    ),
    "two_way": Measure(
        "2-way",
        1,
        "identification as in MindEye: the share of the other truths whose features correlate (Pearson) less with the "
        "picture's features than its own truth's do.",
        "0.5 by chance. The pool is the set itself, so sets of different kind are not comparable.",
    ),
    "n_way": Measure(
        "{ways}-way top-{top}",
        1,
        "identification: the own truth is among the best {top} (Pearson of features) of itself and {others} other "
        "truths drawn without replacement; the exact mean over all draws.",
        "{top}/{ways} by chance.",
    ),
    "class_n_way": Measure(
        "{ways}-way class top-{top}",
        1,
        "classification as in DreamDiffusion: the class is what the classifier says of the truth (right or not); it "
        "must be among the best {top} of itself and {others} other ImageNet classes; exact mean over all draws.",
        "{top}/{ways} by chance for probabilities of noise, but far higher for any picture on the grey ground, even an "
        "empty one, as the classifier says the same few classes of all of them: read it against the floors.",
    ),
    "cosine": Measure("cosine", 1, "cosine of the features of picture and truth.", "far above 0 for features ≥ 0."),
    "perceptual": Measure(
        "perceptual distance",
        -1,
        "mean over layers of the mean over positions of 1 − cosine between channel vectors: LPIPS (Zhang et al. 2018) "
        "without its learned weights.",
        "0 is best; another picture and a grey one score alike (neither is right), so it does not reward sharpness "
        "that is wrong.",
    ),
}


def definitions(ways=10, top=1):
    """All measures as a Markdown list."""
    sizes = {"ways": ways, "top": top, "others": ways - 1}
    lines = []
    for measure in MEASURES.values():
        arrow = {1: "higher is better", -1: "lower is better", 0: "1 is right"}[measure.better]
        text = f"- **{measure.title}** ({arrow}): {measure.meaning} Floor: {measure.floor}"
        lines.append(text.format(**sizes))
    return "\n".join(lines)


DEFINITIONS = definitions()
