"""Tests of the answer model and its posterior: `python -m unittest` in this folder; no simulator needed.

Takes   tests/vectors/posterior/posterior.json and models/demo of this repository. Gives   pass or fail. Keeps   nothing is
written outside a temporary folder.
"""

import json
import tempfile
import types
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.special import logsumexp

import answers_data
import answers_fit
import answers_judge
import calibration
import export
import posterior_report
import remembered
from answers import AnswerModel, Looks, gain_bits
from answers_data import Answers

REPOSITORY = Path(__file__).resolve().parents[2]
VECTORS = json.loads((REPOSITORY / "tests/vectors/posterior/posterior.json").read_text())
PACK = REPOSITORY / "models/demo"
DIM, PICTURES, SUBJECTS, REPEATS = 8, 60, 40, 6


def of_vectors(tail):
    """(model, {scope: pictures}) of the test vectors."""
    model = AnswerModel(**{name: np.array(values) for name, values in VECTORS["model"].items()})
    pictures = np.array(VECTORS["pictures"])
    model = replace(model, tail=np.array([VECTORS["tail"]])) if tail else model
    return model, {"told": pictures[VECTORS["told"]], "remembered": pictures}


def population(seed=3, loud=False):
    """(true model, `Answers`, embeddings) of made-up people; `loud`: in a tenth of the trials noise is threefold."""
    draw = np.random.default_rng(seed)
    embeddings = draw.standard_normal((PICTURES, DIM))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    root, other = draw.standard_normal((2, DIM, DIM)) / np.sqrt(DIM)
    within, between = 0.05 * (root @ root.T + 0.3 * np.eye(DIM)), 0.01 * (other @ other.T + 0.1 * np.eye(DIM))
    matrix, offset = 0.5 * np.eye(DIM) + 0.1 * draw.standard_normal((DIM, DIM)), 0.1 * draw.standard_normal(DIM)
    subject, picture = (part.ravel() for part in np.meshgrid(np.arange(SUBJECTS), np.arange(PICTURES), indexing="ij"))
    shift = draw.standard_normal((len(subject), DIM)) @ np.linalg.cholesky(between).T
    centre = embeddings[picture] @ matrix.T + offset + shift
    size = np.where(draw.random((len(subject), REPEATS, 1)) < 0.1, 3.0, 1.0) if loud else 1.0
    noise = draw.standard_normal((len(subject), REPEATS, DIM)) @ np.linalg.cholesky(within).T
    trials = torch.from_numpy((centre[:, None] + size * noise).reshape(-1, DIM))
    found = Answers(trials, *(torch.from_numpy(part).repeat_interleave(REPEATS) for part in (picture, subject)))
    nothing = {"noise_mean": offset, "noise_within": within, "noise_between": between}
    background = {"background_mean": np.zeros(DIM), "background_covariance": np.eye(DIM) / DIM}
    true = AnswerModel(matrix, offset, within, between, **background, **nothing, temperature=np.ones((1, 4)))
    return true, found, embeddings


class PosteriorTest(unittest.TestCase):
    def test_it_is_what_the_definition_says(self):
        for tail, key in ((False, "expected"), (True, "expected_with_tail")):
            model, pictures = of_vectors(tail)
            for case in VECTORS["cases"]:
                trials = np.array(case["trials"])
                for wanted in case[key]:
                    self.check(model, pictures, trials[: wanted["k"]], wanted)

    def check(self, model, pictures, trials, wanted):
        seen = model.seen(trials[None])
        np.testing.assert_allclose(model.weights(trials), wanted["weights"], rtol=1e-9)
        np.testing.assert_allclose(model.log_background(seen), wanted["background_log_likelihood"], rtol=1e-9, atol=1e-8)
        for scope, gallery in pictures.items():
            found, said = model.posterior(seen, gallery, scope), wanted[scope]
            np.testing.assert_allclose(found[0], said["log_probability"], rtol=1e-7, atol=1e-7)
            np.testing.assert_allclose(gain_bits(found), said["gain_bits"], atol=1e-7)
            other = model.something_else(seen, gallery)
            np.testing.assert_allclose(other, said["log_something_else"], rtol=1e-7, atol=1e-7)

    def test_trials_may_come_one_by_one_and_in_any_order(self):
        for tail in (False, True):
            model, pictures = of_vectors(tail)
            for case in VECTORS["cases"]:
                trials, looks = np.array(case["trials"]), Looks(model)
                for trial in trials[[3, 0, 4, 1, 2]]:
                    looks.add(trial)
                batch = model.posterior(model.seen(trials[None]), pictures["remembered"], "remembered")
                found = model.posterior(looks.seen(), pictures["remembered"], "remembered")
                np.testing.assert_allclose(found, batch, rtol=1e-9, atol=1e-9)

    def test_the_same_picture_twice_shares_and_everything_stays_finite(self):
        model, pictures = of_vectors(False)
        gallery = pictures["remembered"]
        for size in (0.0, 1.0, 1e4):
            found = model.posterior(model.seen(np.full((1, 2, 6), size)), gallery, "remembered")
            self.assertEqual(found[0, 2], found[0, 8])
            self.assertTrue(np.isfinite(found).all())
            self.assertAlmostEqual(float(logsumexp(found)), 0.0, places=9)
        alone = model.posterior(model.seen(np.zeros((1, 1, 6))), gallery[:1], "told")
        self.assertEqual(float(gain_bits(alone)[0]), 0.0)

    def test_temperatures_between_and_beyond_the_rows(self):
        model, _ = of_vectors(False)
        self.assertEqual(model.scope_temperature(1, "told"), 1.25)
        self.assertEqual(model.scope_temperature(80, "told"), 0.75)
        self.assertAlmostEqual(model.scope_temperature(3**0.5, "open"), 1.875, places=9)


class FitTest(unittest.TestCase):
    def test_it_finds_the_model_that_made_the_trials(self):
        true, found, embeddings = population()
        model = answers_fit.fit(found, embeddings, embeddings, tail=None)
        for name, most in (("map", 0.05), ("offset", 0.1), ("within", 0.05), ("between", 0.15)):
            wanted = getattr(true, name)
            self.assertLess(np.linalg.norm(getattr(model, name) - wanted), most * np.linalg.norm(wanted), name)

    def test_its_posterior_can_be_believed_about_other_people(self):
        _, found, embeddings = population()
        model = answers_fit.fit(found.at(found.subject < SUBJECTS // 2), embeddings, embeddings, tail=None)
        others = found.at(found.subject >= SUBJECTS // 2)
        given = answers_judge.asked(model, others, others.groups(3))
        likely = model.log_likelihood(given.seen, embeddings)
        self.assertAlmostEqual(calibration.temperature(likely, given.picture), 1.0, delta=0.1)
        said = calibration.judged(model.posterior(given.seen, embeddings, "told"), given.picture)
        self.assertLess(calibration.ece(said["confidence"], said["hit"]), 0.03)
        self.assertGreater(said["hit"].mean(), 5.0 / PICTURES)

    def test_loud_trials_weigh_less_and_that_helps(self):
        _, found, embeddings = population(loud=True)
        losses = {}
        for tail in (None, 8.0):
            model = answers_fit.fit(found, embeddings, embeddings, tail=tail)
            given = answers_judge.asked(model, found, found.groups(3))
            likely = model.log_likelihood(given.seen, embeddings)
            model = replace(model, temperature=np.array([[1.0] + [calibration.temperature(likely, given.picture)] * 3]))
            said = calibration.judged(model.posterior(given.seen, embeddings, "told"), given.picture)
            losses[tail] = said["loss"].mean()
        self.assertLess(losses[8.0], losses[None] - 0.02)
        weights = model.weights(np.stack([model.offset, model.offset + 1.0]))
        self.assertLess(weights[1], 0.5 * weights[0])

    def test_covariances_are_positive_definite_in_single_precision_even_from_few_trials(self):
        _, found, embeddings = population()
        few = found.at((found.subject < 2) & (found.picture < 3))
        model = answers_fit.with_nothing(answers_fit.fit(few, embeddings, embeddings[:5]), few)
        for name in ("within", "between", "background_covariance", "noise_within", "noise_between"):
            rounded = getattr(model, name).astype(np.float32)
            np.testing.assert_array_equal(rounded, rounded.T)
            np.linalg.cholesky(rounded.astype(np.float64))
            np.linalg.cholesky(rounded)

    def test_a_file_comes_back(self):
        _, found, embeddings = population()
        model = answers_fit.fit(found, embeddings, embeddings)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers.safetensors"
            model.save(path, {"simulated": "true"})
            again = AnswerModel.load(path)
            replace(model, tail=None).save(path, {"simulated": "true"})
            self.assertIsNone(AnswerModel.load(path).tail)
            self.assertEqual(len({self.written(model, path) for _ in range(3)}), 1)
        for name in ("map", "within", "temperature", "tail"):
            np.testing.assert_allclose(getattr(again, name), getattr(model, name), rtol=1e-6, atol=1e-7)


    def written(self, model, path):
        model.save(path, {name: name for name in "abcdefgh"})
        return path.read_bytes()


class CalibrationTest(unittest.TestCase):
    def test_errors_of_known_probabilities(self):
        said, true = np.array([0.25] * 4 + [0.95] * 4), np.array([1.0, 0, 0, 0, 1, 1, 1, 0])
        self.assertAlmostEqual(calibration.ece(said, true), 0.5 * 0.2)
        self.assertAlmostEqual(calibration.ece(said, true, np.array([1.0] * 4 + [0.0] * 4)), 0.0)

    def test_the_temperature_undoes_what_was_done_to_the_likelihoods(self):
        draw = np.random.default_rng(1)
        likely = 2.0 * draw.standard_normal((20000, 12))
        true = np.array([draw.choice(12, p=np.exp(row - logsumexp(row))) for row in likely])
        self.assertAlmostEqual(calibration.temperature(3.0 * likely, true), 3.0, delta=0.1)
        odds = 2.0 * draw.standard_normal(20000)
        came = draw.random(20000) < 1.0 / (1.0 + np.exp(-odds))
        self.assertAlmostEqual(calibration.odds_temperature(2.0 * odds, came, np.full(20000, 1 / 20000)), 2.0, delta=0.1)


class WindowsTest(unittest.TestCase):
    def test_turned_phases_keep_spectra_and_lose_the_waveform(self):
        eeg = torch.randn(3, 16, 200, generator=torch.Generator().manual_seed(2)).cumsum(dim=2)
        turned = answers_data.phases_turned(eeg, np.random.default_rng(1))
        self.assertEqual(turned.shape, eeg.shape)
        samples = torch.arange(200.0)
        ramp = samples.expand(1, 16, 200) * 0.5 - 20.0
        torch.testing.assert_close(answers_data.phases_turned(ramp, np.random.default_rng(1)), ramp, atol=1e-3, rtol=0.0)
        # Ends at zero: no line is taken off, so that the whole spectrum must stay.
        eeg[:, :, :3] = eeg[:, :, -3:] = 0.0
        turned = answers_data.phases_turned(eeg, np.random.default_rng(1))
        before, after = (torch.fft.rfft(part.double(), dim=2) for part in (eeg, turned))
        torch.testing.assert_close(after.abs(), before.abs(), atol=1e-3, rtol=1e-4)
        crossed = (before[:, 0] * before[:, 1].conj(), after[:, 0] * after[:, 1].conj())
        torch.testing.assert_close(crossed[1], crossed[0], atol=1e-1, rtol=1e-3)
        rest = eeg - eeg.mean(dim=2, keepdim=True)
        self.assertLess(((rest * turned).sum() / rest.square().sum()).abs(), 0.5)

    def test_many_windows_at_once_are_answered_as_each_alone(self):
        eeg = 10.0 * torch.randn(70, 16, 200, generator=torch.Generator().manual_seed(2))
        alone = export.session(PACK / "encoder.onnx")
        wanted = np.concatenate([alone.run(None, {"eeg": window[None].numpy()})[0] for window in eeg])
        np.testing.assert_allclose(answers_data.Encoder(PACK / "encoder.onnx")(eeg).numpy(), wanted, atol=1e-6)

    def test_every_picture_of_a_pool_is_shown_before_one_comes_again(self):
        plan = answers_data.Plan("errors", 421, 424, "remembered", 5, 100, seed=1)
        shown = [row for subject in plan.subjects for row in answers_data.pictures_of(plan, list(range(20)), subject)]
        self.assertEqual(sorted(shown), list(range(20)))


class PackTest(unittest.TestCase):
    def test_names_are_words_and_drawings_are_unique(self):
        self.assertEqual(remembered.readable("bow-and_arrow"), "bow and arrow")
        self.assertEqual(remembered.unique(["a", "b", "a", "a"]), ["a", "b", "a 2", "a 3"])
        found = types.SimpleNamespace(concepts=["1f40e", "2b50", "flat:clock"], names=["racehorse", "star", "clock-2"])
        self.assertEqual(remembered.labels(found, [0, 1, 2], {"2b50": "star-of-day"}), ["horse", "star of day", "clock"])

    def test_a_renewed_manifest_says_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            pack = Path(folder)
            (pack / "gallery").mkdir()
            for path in [*PACK.glob("*.*"), *PACK.glob("gallery/*")]:
                if path.is_file() and path.name != "pack.toml":
                    (pack / path.relative_to(PACK)).symlink_to(path)
            text = (PACK / "pack.toml").read_text(encoding="utf-8")
            (pack / "pack.toml").write_text(text, encoding="utf-8")
            export.renew_manifest(pack)
            again = (pack / "pack.toml").read_text(encoding="utf-8")
        lines = [[line for line in part.splitlines() if not line.startswith("created")] for part in (text, again)]
        self.assertEqual(*lines)

    def test_a_section_of_a_report_is_put_in_its_place(self):
        text = "# T\n\n## EEG encoder\n\nold\n\n## Latency\n\nend\n"
        once = posterior_report.placed(text, "## Posterior\n\nnew\n")
        self.assertEqual(once, "# T\n\n## EEG encoder\n\nold\n\n## Posterior\n\nnew\n\n## Latency\n\nend\n")
        twice = posterior_report.placed(once, "## Posterior\n\nnewer\n")
        self.assertEqual(twice, once.replace("new\n", "newer\n"))


if __name__ == "__main__":
    unittest.main()
