#!/usr/bin/env python3
"""ROC AUC on three real recordings by `phosphene evaluate --events` and by pyRiemann and scikit-learn, on the same splits:
one run left out at a time, or five contiguous blocks of a single recording; causal filters on both sides.

The peers' best pipeline is taken after the fact, which favours them; Phosphene chooses inside the training trials.

    pip install pyriemann==0.12 scikit-learn==1.9.1 scipy numpy edfio
    cargo build --release
    python benches/peers/class_scores.py --data FOLDER      # the folder that holds neurotechx-eeg-notebooks and the rest
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from pyriemann.estimation import ERPCovariances, XdawnCovariances
from pyriemann.tangentspace import TangentSpace
from scipy.signal import butter, sosfilt
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

BLOCKS = 5


def muse(path):
    """Signal [samples, 4] µV and (sample, marker) of a Muse CSV; samples are counted at 256 Hz."""
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    marks = table[:, -1].astype(int)
    return table[:, 1:5], [(i, marks[i]) for i in np.flatnonzero(marks)]


def invaders(path):
    """Signal [samples, 16] and (sample, marker); column 2 is left out on both sides."""
    found = np.load(path)
    stim = found["stim"].ravel()
    onsets = [i for i in np.flatnonzero(stim) if i == 0 or stim[i - 1] != stim[i]]
    return np.delete(found["data"].astype(float), 2, axis=1), [(i, int(stim[i])) for i in onsets]


def epochs(signal, marks, rate_hz, band_hz, length_secs, reject_uv):
    """Epochs [n, channels, samples] and whether each is of marker 2."""
    filtered = sosfilt(butter(4, band_hz, "bandpass", fs=rate_hz, output="sos"), signal, axis=0)
    length = round(length_secs * rate_hz)
    kept = [(filtered[at : at + length].T, mark == 2) for at, mark in marks if at > rate_hz and at + length <= len(signal)]
    kept = [each for each in kept if not reject_uv or np.ptp(each[0], axis=1).max() <= reject_uv]
    return np.stack([each[0] for each in kept]), np.array([each[1] for each in kept])


def peers(x, y, groups, rate_hz, covariance="lwf"):
    """AUC of each pipeline, every trial scored by the fold that left it out; `covariance` is how xDAWN's are estimated."""
    thin = max(1, round(rate_hz / 50))
    pipelines = {
        f"xdawn {n} + tangent space + LR": make_pipeline(
            XdawnCovariances(n, estimator=covariance), TangentSpace(), LogisticRegression(max_iter=1000)
        )
        for n in (2, 4)
    }
    pipelines["ERP covariances + tangent space + LR"] = make_pipeline(
        ERPCovariances(estimator="lwf"), TangentSpace(), LogisticRegression(max_iter=1000)
    )
    pipelines["vectors + shrinkage LDA"] = make_pipeline(
        FunctionTransformer(lambda e: e[:, :, ::thin].reshape(len(e), -1)),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    )
    found = {}
    for name, pipeline in pipelines.items():
        scores = np.zeros(len(y))
        for group in np.unique(groups):
            train = groups != group
            pipeline.fit(x[train], y[train])
            scores[~train] = pipeline.decision_function(x[~train])
        found[name] = roc_auc_score(y, scores)
    return found


def phosphene(program, files, table, folder):
    path = Path(folder) / "events.toml"
    path.write_text(table)
    command = [program, "evaluate", *map(str, files), "--events", str(path), "--json"]
    document = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    score = document["scores"][0]
    return score["value"], score["ci95"], score["trials"], document["refused"]


def table(band_hz, length_secs, reject_uv, channels=""):
    return (
        'schema = 1\n[classes]\na = ["1"]\nb = ["2"]\n[signal]\n'
        f"{channels}window_secs = [0.0, {length_secs}]\nband_hz = {band_hz}\nreject_uv = {reject_uv}\nstamps = \"counted\"\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/phosphene")
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    muse_channels = 'channels = ["TP9", "AF7", "AF8", "TP10"]\n'
    with tempfile.TemporaryDirectory() as folder:
        for name, files in {
            "N170 subject 1": "neurotechx-eeg-notebooks/N170/subject1/session1/*.csv",
            "P300 subject 1": "neurotechx-eeg-notebooks/P300/subject1/session2/*.csv",
        }.items():
            paths = sorted(args.data.glob(files))
            parts = [epochs(*muse(path), 256.0, [1.0, 30.0], 0.8, 150.0) for path in paths]
            groups = np.concatenate([np.full(len(part[1]), i) for i, part in enumerate(parts)])
            x, y = (np.concatenate(each) for each in zip(*parts))
            ours = phosphene(args.program, paths, table([1.0, 30.0], 0.8, 150.0, muse_channels), folder)
            report(name, ours, peers(x, y, groups, 256.0), len(y))
        path = args.data / "brain-invaders-2012/subject_01_session_01.npz"
        signal, marks = invaders(path)
        x, y = epochs(signal, marks, 128.0, [1.0, 16.0], 1.0, 0.0)
        groups = np.arange(len(y)) * BLOCKS // len(y)
        copy = Path(folder) / "invaders.bdf"
        write_bdf(copy, signal, marks)
        report("Brain Invaders", phosphene(args.program, [copy], table([1.0, 16.0], 1.0, 0.0), folder), peers(x, y, groups, 128.0), len(y))


def write_bdf(path, signal, marks):
    import edfio

    whole = len(signal) // 128 * 128
    signals = [edfio.BdfSignal(signal[:whole, i], 128, label=f"C{i}", physical_dimension="uV") for i in range(signal.shape[1])]
    notes = [edfio.EdfAnnotation(at / 128, None, str(mark)) for at, mark in marks if at < whole]
    edfio.Bdf(signals, annotations=notes).write(path)


def report(name, ours, theirs, trials):
    best = max(theirs, key=theirs.get)
    print(f"{name}: Phosphene {ours[0]:.3f} {ours[1]} ({ours[2]} trials, refused: {ours[3]})")
    print(f"  peers ({trials} trials): " + ", ".join(f"{k} {v:.3f}" for k, v in theirs.items()))
    print(f"  ratio to the best of them ({best}): {ours[0] / theirs[best]:.3f}, difference {ours[0] - theirs[best]:+.3f}", flush=True)


if __name__ == "__main__":
    main()
