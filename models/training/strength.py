"""How strongly recorded people answer to pictures, on the simulated wearer's scale: `python models/training/strength.py`.

Takes   the drawings (`--pictures`, fetched where missing), the pack's image encoder, and the simulator (`--simulator`, by
        default cargo's): WEARERS, whom nothing else uses, look at training pictures for 66 160 trials and at 200 others
        for 160 each.
Gives   `strength.md` and `strength.json` beside this file (or in `--out`): at each signal-to-noise ratio what the wearer's
        own plain linear encoder (linear.py) makes of the 200; the ratios of two presets: `published`, where the median
        wearer's reaches the geometric middle of what NICE and ATM reach with recorded people, and `weak`, where its d′ is
        half of NICE's.
Keeps   no concept of the 200 is among the training pictures, nor one that a vendor draws almost alike; the split's held-out
        rows are left alone. Ridges and the kind of encoder are chosen on training pictures. Every level is the same
        session: the simulator's epochs are background + gain · answer, so two runs (no answer, and a faint one) give all
        levels; for each wearer a third run checks this. Intervals: whole wearers drawn with replacement.

A wearer that is finished is kept in `--work` (`strength_<number>.json`); a stopped run goes on from there.
"""

import argparse
import json
import random
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open

import choice
import eeg_data
import linear
import pictures
import split
import stages_eeg
import stimuli
import strength_report
from concepts import CONCEPTS
from responses import SPACE, reduced

REPOSITORY = Path(__file__).resolve().parents[2]
WEARERS = eeg_data.ROLES["strength"]
LEVELS_DB = (-14, -20, -26, *range(-28, -41, -1))
# The same numbers as THINGS-EEG2: single trials of training, pictures and repetitions of the test.
TRAINING_TRIALS, TEST_PICTURES, REPETITIONS = 66_160, 200, 80
# Two averages of each test picture, and some trials more, as the gate refuses a few.
AVERAGES, SPARE = 2, 400
LOOKS = (1, 10, REPETITIONS)
FEW = 40
TRAINING_SEED, TEST_SEED, PICTURE_SEED = 1, 2, 17
NO_ANSWER_DB, FAINT_DB, CHECKED_DB, CHECKED_TRIALS, MOST_ERROR_UV = -400, -60, -30, 400, 2e-3


@dataclass(frozen=True)
class Session:
    """Trials of one wearer at every level: `quiet` and `answer` f32 [n, 600] (responses.reduced; the answer is that at
    FAINT_DB), `picture` i64 [n]."""

    quiet: torch.Tensor
    answer: torch.Tensor
    picture: torch.Tensor

    def at(self, snr_db):
        """The signals f32 [n, 600] at a level."""
        return self.quiet + 10.0 ** ((snr_db - FAINT_DB) / 20.0) * self.answer


@dataclass(frozen=True)
class Simulator:
    """The command that writes epochs, and the folder for them."""

    command: list
    work: Path

    def session(self, wearer, embeddings, trials, seed):
        """A `Session` in which one wearer sees pictures with these embeddings f32 [m, 256]."""
        quiet, picture = self._signals(wearer, embeddings, trials, seed, NO_ANSWER_DB)
        faint, again = self._signals(wearer, embeddings, trials, seed, FAINT_DB)
        if not torch.equal(picture, again):
            raise ValueError(f"wearer {wearer}: the gate refused other windows at {FAINT_DB} dB; take another seed")
        return Session(quiet, faint.sub_(quiet), picture)

    def check(self, session, wearer, embeddings, seed):
        """ValueError unless the simulator itself, at another level, gives what the session foretells."""
        found, _ = self._signals(wearer, embeddings, CHECKED_TRIALS, seed, CHECKED_DB)
        error = float((found - session.at(CHECKED_DB)[: len(found)]).abs().max())
        if error > MOST_ERROR_UV:
            raise ValueError(f"wearer {wearer}: epochs at {CHECKED_DB} dB differ by {error} µV from the sum")
        return error

    def _signals(self, wearer, embeddings, trials, seed, snr_db):
        shown, path = self.work / "strength_shown.safetensors", self.work / "strength_epochs.safetensors"
        stimuli.write_embeddings(shown, embeddings)
        words = f"--subjects {wearer}..{wearer} --trials {trials} --snr={snr_db} --seed {seed} --novel-only"
        words = [*self.command, *words.split(), "--novel-embeddings", str(shown), "--out", str(path)]
        subprocess.run(words, check=True, cwd=REPOSITORY, stderr=subprocess.DEVNULL)
        with safe_open(path, "pt") as file:
            eeg = file.get_slice("eeg")
            parts = [reduced(eeg[at : at + 8192]) for at in range(0, trials, 8192)]
            picture = file.get_tensor("stimulus").long() - eeg_data.NOVEL_FROM
        path.unlink()
        return torch.cat(parts), picture


def chosen(drawings, parts):
    """(training rows, test rows) of a `PictureSet`: the 200 are Fluent's drawings of concepts drawn by PICTURE_SEED."""
    group = {concept: at for at, concepts in enumerate(split.alike(drawings)) for concept in concepts}
    stimulus = {group[concept.code] for concept in CONCEPTS}
    one = {}
    for row in parts.train:
        of = group.get(drawings.concepts[row])
        if drawings.vendors[row] == pictures.FLUENT and of not in stimulus:
            one.setdefault(of, row)
    held = set(random.Random(PICTURE_SEED).sample(sorted(one), TEST_PICTURES))
    training = [row for row in parts.train if group.get(drawings.concepts[row]) not in held]
    return training, [one[of] for of in sorted(held)]


def embed(drawings, rows):
    """The pack's embeddings f32 [len(rows), 256] of some drawings."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    graph = onnxruntime.InferenceSession(str(REPOSITORY / "models/demo/image_encoder.onnx"), options)
    images = (drawings.pixels[row].transpose(2, 0, 1)[None].astype(np.float32) / 255.0 for row in rows)
    return torch.from_numpy(np.concatenate([graph.run(None, {"image": image})[0] for image in images]))


def measure(simulator, wearer, training, test):
    """{wearer, error_uv, levels: [row of `judge` for each level]} of one wearer, from the embeddings of both sets."""
    learned = simulator.session(wearer, training, TRAINING_TRIALS, TRAINING_SEED)
    tested = simulator.session(wearer, test, TEST_PICTURES * REPETITIONS * AVERAGES + SPARE, TEST_SEED)
    error = simulator.check(tested, wearer, test, TEST_SEED)
    rows = [judge(level, learned, tested, training, test) for level in LEVELS_DB]
    return {"wearer": wearer, "error_uv": error, "levels": rows}


def judge(snr_db, learned, tested, training, test):
    """{snr_db, encoder: [kind, ridge], looks: {k: scores}} at one level."""
    reader, setting, _ = linear.choose(learned.at(snr_db), learned.picture, training, SPACE)
    signal = tested.at(snr_db)
    looks = {str(k): scores(reader, signal, tested.picture, test, k) for k in LOOKS}
    return {"snr_db": snr_db, "encoder": setting, "looks": looks}


def scores(reader, signal, picture, gallery, k):
    """{trials, top1, top1_of_40, dprime of one look} of averages of k trials of each picture."""
    groups = repeats(picture, len(gallery), k)
    average = signal[groups.flatten(0, 1)].mean(dim=1)
    truth = torch.arange(len(gallery)).repeat_interleave(groups.shape[1])
    ranks = linear.ranks(reader.scores(average, gallery), truth)
    share = float((ranks == 1).double().mean())
    return {
        "trials": len(ranks),
        "top1": share,
        "top1_of_40": choice.top1_among(ranks, len(gallery), FEW),
        "dprime_per_look": choice.dprime(share, len(gallery), len(ranks)) / k**0.5,
    }


def repeats(picture, pictures_shown, k):
    """Trials i64 [pictures, averages, k]: the first REPETITIONS · AVERAGES of each picture, in groups of k."""
    wanted = REPETITIONS * AVERAGES
    rows = [(picture == number).nonzero()[:, 0][:wanted] for number in range(pictures_shown)]
    short = [number for number, found in enumerate(rows) if len(found) < wanted]
    if short:
        raise ValueError(f"pictures {short[:5]} were shown less than {wanted} times")
    return torch.stack(rows).unflatten(1, (-1, k))


def settings(training):
    """What a kept result must have been measured with."""
    named = {"levels_db": LEVELS_DB, "training_trials": TRAINING_TRIALS, "training_pictures": len(training)}
    named |= {"test_pictures": TEST_PICTURES, "repetitions": REPETITIONS, "averages": AVERAGES, "folds": linear.FOLDS}
    return json.loads(json.dumps(named | {"encoders": linear.SETTINGS}))


def measured(simulator, wearer, training, test):
    """`measure`, or what an earlier run kept of it."""
    path, wanted = simulator.work / f"strength_{wearer}.json", settings(training)
    if path.exists():
        kept = json.loads(path.read_text())
        if kept.pop("settings") == wanted:
            return kept
    found = measure(simulator, wearer, training, test)
    path.write_text(json.dumps(found | {"settings": wanted}))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulator", default=stages_eeg.SIMULATOR, help="command that writes epochs")
    here = Path(__file__).parent
    parser.add_argument("--work", type=Path, default=here / "work", help="folder for what is kept between runs")
    parser.add_argument("--pictures", type=Path, help="folder of the drawings (default: WORK/pictures)")
    parser.add_argument("--out", type=Path, default=here, help="folder for strength.md and strength.json")
    parser.add_argument("--wearers", type=int, default=len(WEARERS), help="only the first N")
    parser.add_argument("--threads", type=int, help="threads of PyTorch")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    simulator = Simulator(shlex.split(options.simulator), options.work.resolve())
    drawings = pictures.load(options.pictures or options.work / "pictures")
    rows = chosen(drawings, split.make(drawings))
    training, test = (embed(drawings, part) for part in rows)
    everyone = []
    for wearer in WEARERS[: options.wearers]:
        everyone.append(measured(simulator, wearer, training, test))
        print(f"wearer {wearer}", flush=True)
    facts = strength_report.facts(everyone, settings(training))
    (options.out / "strength.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    (options.out / "strength.md").write_text(strength_report.markdown(facts), encoding="utf-8")
    print(strength_report.markdown(facts))


if __name__ == "__main__":
    main()
