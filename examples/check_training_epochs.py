"""Can a linear decoder read pictures from epochs written by `training_epochs`?

Usage: check_training_epochs.py within EPOCHS        cross-validated ridge, subject by subject (5 contiguous folds)
       check_training_epochs.py cross TRAIN TEST     ridge over the subjects of TRAIN, tried on those of TEST

Prints single-trial retrieval among the bundled pictures (chance: top-1 1/40, top-5 1/8) at each signal-to-noise ratio.
The epochs are averaged in steps of four samples. Needs numpy and safetensors; TRAIN and TEST hold bundled pictures only.
"""
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file

ASSETS = pathlib.Path(__file__).parent.parent / "assets" / "stimuli"
GALLERY = load_file(ASSETS / "embeddings.safetensors")["embeddings"]
RIDGE = 0.1  # of the number of trials; 0.03 and 0.3 give the same within 1 %


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def features(eeg):
    n, channels, samples = eeg.shape
    return eeg.reshape(n, channels, samples // 4, 4).mean(3).reshape(n, -1)


def fit(x, y):
    mean, scale, offset = x.mean(0), x.std(0) + 1e-6, y.mean(0)
    x = ((x - mean) / scale).astype(np.float64)
    gram = x.T @ x + RIDGE * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x.T @ (y - offset))
    return lambda new: ((new - mean) / scale) @ weights


def tops(predicted, rows):
    scores = unit(predicted) @ unit(GALLERY - GALLERY.mean(0)).T
    rank = (scores > scores[np.arange(len(rows)), rows][:, None]).sum(1)
    return np.array([(rank < 1).mean(), (rank < 5).mean()])


def within(data):
    for snr in np.unique(data["snr_db"]):
        scores = []
        for subject in np.unique(data["subject"]):
            at = np.where((data["snr_db"] == snr) & (data["subject"] == subject))[0]
            fold = np.arange(len(at)) * 5 // len(at)
            for k in range(5):
                train, test = at[fold != k], at[fold == k]
                model = fit(features(data["eeg"][train]), data["target"][train])
                scores.append(tops(model(features(data["eeg"][test])), data["stimulus"][test]))
        print(f"within a subject, {snr:g} dB: top-1, top-5 {np.mean(scores, 0).round(3)}")


def cross(train, test):
    for snr in np.unique(train["snr_db"]):
        a, b = train["snr_db"] == snr, test["snr_db"] == snr
        model = fit(features(train["eeg"][a]), train["target"][a])
        scores = tops(model(features(test["eeg"][b])), test["stimulus"][b])
        print(f"to new subjects, {snr:g} dB: top-1, top-5 {scores.round(3)}")


if __name__ == "__main__":
    {"within": within, "cross": cross}[sys.argv[1]](*map(load_file, sys.argv[2:]))
