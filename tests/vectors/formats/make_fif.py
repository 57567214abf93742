"""FIF files of every kind that the reader knows, and what MNE-Python reads from them: tests/vectors/formats/fif/.

Takes   nothing.
Gives   small .fif files, written by MNE-Python's own writers, and fif.json: for each file its channels (unit, type,
        place), values at some samples, exact sums, gaps, events (mne.find_events with its defaults) and annotations.
        Where MNE-Python has no answer (skips counted in samples, files that are refused) the answer is written here.
Holds   values within 1e-7 of the oracle's, relative; times within 1e-6 s; the rest equal.
Run     python tests/vectors/formats/make_fif.py   (MNE 1.13.2, NumPy 2.4.6)
"""

import datetime
import json
import math
import warnings
from pathlib import Path

import mne
import numpy as np
from mne._fiff import write as w
from mne._fiff.constants import FIFF
from mne._fiff.meas_info import write_meas_info

OUT = Path(__file__).with_name("fif")
UNITS = {FIFF.FIFF_UNIT_V: "V", FIFF.FIFF_UNIT_T: "T", FIFF.FIFF_UNIT_T_M: "T/m"}
OUTSIDE = ["1 annotation(s) lie outside", "2 annotation(s) reach over"]
KINDS = {1: "MEG", 2: "EEG", 3: "TRIG", 102: "BIO", 202: "EOG", 301: "REF_MEG", 302: "EMG", 402: "ECG", 502: "MISC", 602: "RESP"}
DATE = datetime.datetime(2026, 1, 2, 10, 0, 0, 250_000, tzinfo=datetime.timezone.utc)


def gaps_of(raw):
    """Rows before each gap and samples in it, as the buffers of the files tell; the samples that are there."""
    there, sample, gaps = [], 0, []
    for extra in raw._raw_extras:
        for entry, count in zip(extra["ent"], np.diff(extra["bounds"])):
            if entry is None:
                gaps.append([sum(len(t) for t in there), int(count)])
            else:
                there.append(np.arange(sample, sample + count))
            sample += count
    return gaps, np.concatenate(there)


def expected(path):
    """What MNE-Python reads."""
    raw = mne.io.read_raw_fif(path, preload=True, on_split_missing="ignore", allow_maxshield="yes")
    rate_hz, first_secs = raw.info["sfreq"], raw.first_samp / raw.info["sfreq"]
    gaps, there = gaps_of(raw)
    notes = [[float(n["onset"]) - first_secs, float(n["duration"]), str(n["description"])] for n in raw.annotations]
    for row, count in gaps:  # MNE-Python adds one for each
        begin = there[row - 1] + 1 if row else 0
        added = [n for n in notes if n[2] == "BAD_ACQ_SKIP" and abs(n[0] - begin / rate_hz) < 1e-6]
        notes.remove(min(added, key=lambda n: abs(n[1] - count / rate_hz)))
    stim = "stim" in raw
    events = mne.find_events(raw, shortest_event=1) if stim else []
    date = raw.info["meas_date"]
    started = date and (date + datetime.timedelta(seconds=first_secs)).timestamp()
    channels = []
    for ch in raw.info["chs"]:
        place = [float(x) * 1e3 for x in ch["loc"][:3]]
        known = ch["kind"] == 2 and np.isfinite(place).all() and np.any(place)
        unit = "" if ch["kind"] == 3 else UNITS.get(int(ch["unit"]), "")
        channels.append(dict(label=ch["ch_name"], unit=unit, kind=KINDS.get(int(ch["kind"]), ""), location_mm=place if known else None))
    return dict(rate_hz=rate_hz, started=started, channels=channels, bads=list(raw.info["bads"]), gaps=gaps, annotations=notes,
                events=sorted([int(s - raw.first_samp), str(code)] for s, _, code in events)), raw.get_data()[:, there]


def answer(path, said=()):
    found, data = expected(path)
    rows = sorted({0, 1, data.shape[1] // 3, data.shape[1] // 2, data.shape[1] - 2, data.shape[1] - 1})
    return dict(file=path.name, **found, samples=data.shape[1], rows={str(r): data[:, r].tolist() for r in rows},
                sums=[math.fsum(channel) for channel in data], said=list(said))


def recording(names, kinds, rate_hz=128.0, secs=4, seed=1, date=DATE, first=0, scale=20e-6):
    rng = np.random.default_rng(seed)
    info = mne.create_info(names, rate_hz, kinds)
    data = rng.normal(0, scale, (len(names), int(rate_hz * secs)))
    data[[kind == "stim" for kind in kinds]] = 0
    raw = mne.io.RawArray(data, info, first_samp=first)
    if date:
        raw.set_meas_date(date)
    return raw


def annotated(raw):
    """Annotations within the recording, over its ends and outside; only the first are checked when they are set."""
    first, length = raw.first_samp / raw.info["sfreq"], raw.n_times / raw.info["sfreq"]
    raw.set_annotations(mne.Annotations([0.5, 1.25, 2.0 - 1e-3], [0, 0.5, 0.1], ["face", "a:b", "Größe 5 µV"]))
    for onset, duration, text in [(length - 0.25, 9, "over the end"), (-1, 1.5, "over the start"), (length + 1, 0, "outside"), (length, 0, "")]:
        raw.annotations.append(first + onset, duration, text)
    return raw


def eeg(**more):
    return recording(["Fp1", "O1", "Oz", "O2", "EOG left", "STI 014"], ["eeg"] * 4 + ["eog", "stim"], **more)


def plain():
    """Single precision with everything around it: places, a date, a first sample, bad channels, a projector, a long name."""
    raw = eeg(first=640)
    raw.set_montage("standard_1020", on_missing="ignore")
    raw._data[5, 100:110], raw._data[5, 110:120], raw._data[5, 120:130], raw._data[5, 300], raw._data[5, -1] = 1, 255, 2, 3, 7
    raw.rename_channels({"EOG left": "EOG below the left eye"})
    raw.info["bads"] = ["O1", "EOG below the left eye"]
    with raw.info._unlock():
        raw.info.update(line_freq=50.0, highpass=0.1, lowpass=40.0, description="made for a test", experimenter="nobody")
    raw.set_eeg_reference(projection=True)
    annotated(raw).save(OUT / "single_raw.fif", overwrite=True)
    return answer(OUT / "single_raw.fif", ["1 projector(s) (Average EEG reference)", *OUTSIDE])


def encodings():
    found = []
    for fmt in ("short", "int", "double"):
        raw = recording(["A1", "A2", "M1"], ["eeg", "eeg", "misc"], secs=2, seed=2, date=None, rate_hz=100.5)
        for ch, cal in zip(raw.info["chs"], (1e-8, 2.5e-8, 1e-9)):
            ch["cal"], ch["range"] = cal, 1.0 if fmt == "double" else 0.5
        raw.save(OUT / f"{fmt}_raw.fif", fmt=fmt, overwrite=True)
        found.append(answer(OUT / f"{fmt}_raw.fif"))
    return found


def undated():
    raw = annotated(eeg(date=None, first=300, secs=2, seed=3))
    raw._data[5, :40] = 4
    raw.save(OUT / "undated_raw.fif", overwrite=True)
    return answer(OUT / "undated_raw.fif", OUTSIDE)


def codes():
    """Two channels with codes, one of them below zero at times; the same rise in both is one event."""
    raw = recording(["EEG 001", "STI 001", "STI 002"], ["eeg", "stim", "stim"], secs=2, seed=4)
    rng = np.random.default_rng(5)
    raw._data[1] = np.repeat(rng.integers(0, 6, 32), 8)
    raw._data[2] = np.where(rng.random(256) < 0.3, raw._data[1], -rng.integers(0, 3, 256))
    raw.save(OUT / "codes_raw.fif", overwrite=True)
    return answer(OUT / "codes_raw.fif", ["below zero"])


def split(naming):
    """As small as MNE-Python makes them: it keeps 1 MiB free at the end of each."""
    raw = annotated(eeg(secs=6, seed=6, first=128))
    raw._data[5, 200:220], raw._data[5, 384], raw._data[5, 500:] = 1, 2, 3
    raw.save(OUT / f"{naming}_raw.fif", split_size=(1 << 20) + 14_000, split_naming=naming, buffer_size_sec=1.0, overwrite=True)
    first = OUT / ("neuromag_raw.fif" if naming == "neuromag" else "bids_split-01_raw.fif")
    assert len(list(OUT.glob(f"{naming}_*.fif"))) > 1
    return answer(first, OUTSIDE)


def by_hand(name, steps, shielded=False):
    """Buffers, skips and first samples one after another, by the low-level writer."""
    raw = eeg(secs=3, seed=7)
    raw._data[5, 30:50], raw._data[5, 60:200] = 1, 2
    at = 0
    kind = FIFF.FIFFB_IAS_RAW_DATA if shielded else FIFF.FIFFB_RAW_DATA
    with w.start_and_end_file(OUT / name) as fid:
        w.start_block(fid, FIFF.FIFFB_MEAS)
        w.write_id(fid, FIFF.FIFF_BLOCK_ID)
        write_meas_info(fid, raw.info, data_type=FIFF.FIFFT_FLOAT)
        w.start_block(fid, kind)
        for tag, value in steps:
            if tag == FIFF.FIFF_DATA_BUFFER:
                w.write_float(fid, tag, raw._data[:, at : at + value])
                at += value
            else:
                w.write_int(fid, tag, value)
        w.end_block(fid, kind)
        w.end_block(fid, FIFF.FIFFB_MEAS)


def skips():
    first, buffer, skip = FIFF.FIFF_FIRST_SAMPLE, FIFF.FIFF_DATA_BUFFER, FIFF.FIFF_DATA_SKIP
    by_hand("skips_raw.fif", [(first, 1000), (skip, 3), (buffer, 64), (buffer, 64), (skip, 2), (buffer, 64), (skip, 5), (buffer, 32)])
    by_hand("shielded_raw.fif", [(buffer, 64), (buffer, 64)], shielded=True)
    found = [answer(OUT / "skips_raw.fif"), answer(OUT / "shielded_raw.fif", ["MaxShield"])]
    # MNE-Python does not know skips that are counted in samples: the buffers are as without, but for the time.
    by_hand("skipped_samples_raw.fif", [(buffer, 64), (FIFF.FIFF_DATA_SKIP_SAMP, 37), (buffer, 64)])
    samples = answer(OUT / "skipped_samples_raw.fif")
    samples["gaps"] = [[64, 37]]
    samples["events"] = [[30, "1"], [60, "2"], [64 + 37, "2"]]  # as after every gap a code that stands rises anew
    return [*found, samples]


def refused():
    raw = eeg(secs=3, seed=8)
    epochs = mne.make_fixed_length_epochs(raw, 1.0, preload=True)
    epochs.drop([1])
    epochs.save(OUT / "cut-epo.fif", overwrite=True)
    epochs.average().save(OUT / "mean-ave.fif", overwrite=True)
    mne.write_events(OUT / "codes-eve.fif", np.array([[1, 0, 2]]), overwrite=True)
    analytic = recording(["A1"], ["eeg"], secs=1, seed=9)
    mne.io.RawArray(analytic.get_data() * (1 + 1j), analytic.info).save(OUT / "complex_raw.fif", overwrite=True)
    return {"cut-epo.fif": "it holds 2 of 3 epochs of 128 samples, not a recording", "mean-ave.fif": "it holds 1 average(s) of 128 samples",
            "codes-eve.fif": "it holds a list of events", "complex_raw.fif": "complex numbers"}


def main():
    mne.set_log_level("error")
    warnings.simplefilter("ignore")
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.fif"):
        old.unlink()
    read = [plain(), *encodings(), undated(), codes(), split("neuromag"), split("bids"), *skips()]
    found = dict(tolerances=dict(values_relative=1e-7, times_secs=1e-6), read=read, refused=refused())
    (OUT / "fif.json").write_text(json.dumps(found, ensure_ascii=False, indent=None) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
