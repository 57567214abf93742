"""Tests of the EEG encoder's training on made-up data: `python -m unittest` in this folder; no simulator needed.

Takes   tests/vectors/montage/montage.json of this repository. Gives   pass or fail. Keeps   nothing is written outside a
temporary folder.
"""

import contextlib
import io
import json
import tempfile
import types
import unittest
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

import eeg_ablation
import eeg_data
import eeg_evaluate
import eeg_pretrain
import eeg_quick
import eeg_training
import encoder
import export
import loop
import montage
import responses
import stages_eeg
import sureness

SEED = 5
VECTORS = Path(__file__).resolve().parents[2] / "tests/vectors/montage/montage.json"


class MontageTest(unittest.TestCase):
    def test_splines_are_those_of_mne_python_and_of_the_program(self):
        for case in json.loads(VECTORS.read_text())["interpolation"]:
            found = montage.interpolation_matrix(np.array(case["measured"]), np.array(case["wanted"]))
            np.testing.assert_allclose(found.ravel(), case["matrix"], atol=1e-6)

    def test_positions_are_near_those_of_mne_python(self):
        known = json.loads(VECTORS.read_text())["positions"]["biosemi64"]
        for label in montage.CHANNELS:
            place = montage.position(label)
            self.assertAlmostEqual(np.linalg.norm(place), 1.0, places=9)
            self.assertLess(np.degrees(np.arccos(min(1.0, place @ np.array(known[label])))), 4.0, label)

    def test_missing_channels_are_estimated_from_the_others_alone(self):
        eeg = torch.randn(16, 5, generator=torch.Generator().manual_seed(SEED))
        eeg -= eeg.mean(dim=0)
        torch.testing.assert_close(montage.without([]) @ eeg, eeg)
        matrix = montage.without([3, 14])
        self.assertEqual(matrix[:, [3, 14]].abs().max(), 0.0)
        found = matrix @ eeg
        torch.testing.assert_close(found.sum(dim=0), torch.zeros(5), atol=1e-5, rtol=0.0)
        kept = [row for row in range(16) if row not in (3, 14)]
        torch.testing.assert_close((found - eeg)[kept].std(dim=0), torch.zeros(5), atol=1e-5, rtol=0.0)

    def test_a_channel_with_nothing_near_stays_zero(self):
        self.assertEqual(montage.without([0, 1, 2, 3])[0].abs().max(), 0.0)
        self.assertEqual(montage.without(range(16)).abs().max(), 0.0)


class DataTest(unittest.TestCase):
    def test_roles_never_meet(self):
        seen = set(range(100))
        for role, subjects in eeg_data.ROLES.items():
            self.assertFalse(seen & set(subjects), role)
            seen |= set(subjects)

    def test_files_are_checked(self):
        epochs = eeg_quick.made_up("train")
        good = {"eeg": epochs.eeg.float(), "stimulus": epochs.stimulus.int(), "subject": epochs.subject.int()}
        good |= {"snr_db": epochs.snr_db, "target": epochs.target}
        bad = {
            "no tensor": {name: values for name, values in good.items() if name != "target"},
            "not \\[n": good | {"eeg": torch.zeros(len(epochs), 8, 200)},
            "rows beside": good | {"subject": good["subject"][:5].clone()},
            "NaN": good | {"eeg": torch.full_like(good["eeg"], float("nan"))},
            "not train subjects": good | {"subject": torch.full_like(good["subject"], 1001)},
        }
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "epochs.safetensors"
            save_file(good, path)
            self.assertEqual(len(eeg_data.load([path, path], "train")), 2 * len(epochs))
            for message, tensors in bad.items():
                save_file(tensors, path)
                with self.assertRaisesRegex(ValueError, message):
                    eeg_data.load([path], "train")

    def test_shift_moves_later(self):
        eeg = torch.arange(200.0).expand(2, 16, 200)
        found = eeg_data.shifted(eeg, torch.tensor([3.0, -2.0]))
        self.assertEqual((found[0, 0, 10], found[1, 0, 10]), (7.0, 12.0))
        self.assertEqual((found[0, 0, 0], found[1, 0, 199]), (0.0, 199.0))

    def test_averages_join_repeats_of_one_picture_and_subject_only(self):
        epochs = eeg_quick.made_up("test").at(torch.arange(0, 1200, 3))
        means, firsts = eeg_data.averages(epochs.target, epochs, 3)
        torch.testing.assert_close(means, epochs.target[firsts])
        marked = epochs.subject[:, None].float()
        torch.testing.assert_close(eeg_data.averages(marked, epochs, 3)[0], marked[firsts])
        self.assertEqual(len(set(firsts.tolist())), len(firsts))


class SurenessTest(unittest.TestCase):
    """Trials that hold a common part of power `single`, and noise."""

    def _trials(self, count, k, single, seed=3):
        draw = torch.Generator().manual_seed(seed)
        truth = F.normalize(torch.randn(count, 64, generator=draw), dim=1)
        noise = torch.randn(count, k, 64, generator=draw) / 8.0
        return truth, single**0.5 * truth[:, None] + (1.0 - single) ** 0.5 * noise

    def test_the_length_is_the_cosine_to_expect(self):
        truth, trials = self._trials(4000, 10, 0.2)
        sure = sureness.Sureness.fit(trials)
        self.assertAlmostEqual(sure.single, 0.2, delta=0.02)
        for k in (1, 3, 10):
            found = sure.embedding(trials[:, :k])
            cosine = F.cosine_similarity(found, truth).mean()
            self.assertAlmostEqual(found.norm(dim=1).mean().item(), cosine.item(), delta=0.06, msg=f"k = {k}")

    def test_trials_that_do_not_agree_give_hardly_any_length(self):
        _, noise = self._trials(500, 10, 0.0)
        found = sureness.Sureness(0.2).embedding(noise)
        self.assertLess(found.norm(dim=1).square().mean().item(), 0.1)

    def test_the_scale_of_the_embeddings_does_not_matter(self):
        _, trials = self._trials(5, 3, 0.5)
        sure = sureness.Sureness(0.3)
        torch.testing.assert_close(sure.embedding(trials), sure.embedding(trials * 1e-3))
        self.assertTrue(torch.isfinite(sure.embedding(torch.zeros(2, 3, 8))).all())


class PretrainTest(unittest.TestCase):
    def test_what_is_hidden_is_not_seen(self):
        draw = torch.Generator().manual_seed(SEED)
        model = eeg_pretrain_model()
        scaled = torch.randn(3, 16, 200, generator=draw)
        hidden, _ = eeg_pretrain.masks(3, draw)
        self.assertEqual(hidden.sum(dim=1).tolist(), [10, 10, 10])
        other = torch.where(hidden.repeat_interleave(10, dim=1)[:, None, :], torch.full_like(scaled, 9.0), scaled)
        with torch.no_grad():
            torch.testing.assert_close(model(scaled, hidden), model(other, hidden))
            self.assertGreater((model(scaled, hidden) - model(other, ~hidden)).abs().max().item(), 1e-3)

    def test_nothing_is_foretold_without_training(self):
        scaled = torch.randn(2, 16, 200, generator=torch.Generator().manual_seed(SEED))
        torch.testing.assert_close(encoder.MaskedModel().eval().unforetold(scaled), scaled)

    def test_a_patch_is_foretold_from_the_others_only(self):
        model = eeg_pretrain_model()
        scaled = torch.randn(1, 16, 200, generator=torch.Generator().manual_seed(SEED))
        other = scaled.clone()
        other[:, :, 50:60] += 2.0
        with torch.no_grad():
            change = (model.unforetold(other) - model.unforetold(scaled))[0, :, 50:60]
        torch.testing.assert_close(change, torch.full((16, 10), 2.0))

    def test_masked_modelling_learns_and_whitens(self):
        epochs = eeg_quick.made_up("unlabelled")
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            run = quick_run(Path(folder))
            model = eeg_training.pretrain(run, [epochs], loop.Schedule(60, 3e-3, ema=0.9))
        with torch.no_grad():
            error = eeg_pretrain.masked_error(model, epochs.eeg.float(), torch.Generator().manual_seed(1))
            views = model.views(epochs.eeg.float()).transpose(0, 1).flatten(1)
        self.assertLess(error.item(), 0.9)
        for view in views.split(encoder.CHANNELS):
            covariance = view @ view.T / view.shape[1]
            self.assertLess((covariance - covariance.diag().diag()).abs().max().item(), 0.2)
            self.assertAlmostEqual(covariance.diag().mean().item(), 1.0, delta=0.2)


def eeg_pretrain_model():
    """A masked model that foretells something."""
    torch.manual_seed(SEED)
    model = encoder.MaskedModel().eval()
    torch.nn.init.normal_(model.write.weight, std=0.1)
    return model


class EncoderTest(unittest.TestCase):
    def test_is_small_and_exports(self):
        torch.manual_seed(SEED)
        model = encoder.EegEncoder(export.DIM)
        torch.nn.init.normal_(model.masked.write.weight, std=0.05)
        epochs = eeg_quick.made_up("train")
        model.masked.scale.fit(epochs.eeg.float())
        model.masked.fit_whitening(epochs.eeg)
        self.assertLess(sum(weight.numel() for weight in model.parameters()), 5_000_000)
        with tempfile.TemporaryDirectory() as folder:
            found = export.export_graph(model, Path(folder) / "encoder.onnx")
        self.assertLess(found["difference"], 1e-4)

    def test_contrast_leaves_length_alone(self):
        model = encoder.EegEncoder(eeg_quick.DIM)
        target = eeg_quick.gallery()[:6]
        output = torch.randn(6, eeg_quick.DIM, generator=torch.Generator().manual_seed(1), requires_grad=True)
        both = encoder.alignment_loss(model, output, target, torch.arange(6), 1.0)
        alone = encoder.alignment_loss(model, output, target, torch.arange(6), 0.0)
        gradient = torch.autograd.grad(both - alone, output)[0]
        torch.testing.assert_close((gradient * output).sum(dim=1), torch.zeros(6), atol=1e-5, rtol=0.0)

    def test_band_power_of_a_sine(self):
        seconds = torch.arange(encoder.SAMPLES) / encoder.RATE_HZ
        eeg = (10.0 * torch.sin(2 * torch.pi * 10.0 * seconds)).expand(1, encoder.CHANNELS, -1)
        self.assertAlmostEqual(encoder.band_powers(eeg)[0, 2].item(), 1.699, places=1)


class EvaluateTest(unittest.TestCase):
    def test_truth_is_always_right_and_noise_is_chance(self):
        epochs, gallery = eeg_quick.made_up("test"), eeg_quick.gallery()[:40]
        right = eeg_evaluate.score(epochs.target, epochs, gallery, k=10)
        self.assertEqual((right["top1"], right["low"], right["trials"]), (1.0, 1.0, 120))
        noise = torch.randn(len(epochs), eeg_quick.DIM, generator=torch.Generator().manual_seed(SEED))
        self.assertLess(eeg_evaluate.score(noise, epochs, gallery)["low"], 1 / 40)
        mixed = eeg_evaluate.shuffled(epochs)
        self.assertEqual(sorted(mixed.stimulus.tolist()), sorted(epochs.stimulus.tolist()))
        self.assertLess(eeg_evaluate.score(epochs.target, mixed, gallery)["top1"], 0.06)

    def test_interval_follows_subjects(self):
        subject = torch.arange(10).repeat_interleave(100)
        low, high = eeg_evaluate.interval(subject < 5, subject)
        self.assertLess(low, 0.3)
        self.assertGreater(high, 0.7)

    def test_slope_tells_too_short_embeddings(self):
        epochs = eeg_quick.made_up("test")
        self.assertAlmostEqual(eeg_evaluate.honesty(0.5 * epochs.target, epochs)["slope"], 2.0, places=5)

    def test_ridge_finds_a_linear_map(self):
        draw = torch.Generator().manual_seed(SEED)
        features, mixing = torch.randn(200, 5, generator=draw), torch.randn(5, 3, generator=draw)
        fit = torch.arange(200) < 150
        weights = eeg_ablation.ridge(features, features @ mixing + 2.0, fit, ~fit).float()
        torch.testing.assert_close(weights[:-1], mixing, atol=0.05, rtol=0.0)


class ResponsesTest(unittest.TestCase):
    """Made-up persons whose weights are drawn around a known mean, with a known covariance."""

    DIM, PERSONS, TRIALS = 12, 60, 120
    COVARIANCE = torch.tensor([[1.0, 0.4, 0.0], [0.4, 0.6, -0.2], [0.0, -0.2, 0.3]])

    def _population(self):
        """(epochs, mean f32 [12, 3], patterns f32 [3, 16, 200])."""
        draw = torch.Generator().manual_seed(SEED)
        normal = lambda *shape: torch.randn(*shape, generator=draw)  # noqa: E731
        seconds = torch.arange(encoder.SAMPLES) / encoder.RATE_HZ
        courses = torch.sin(2.0 * torch.pi * torch.tensor([2.0, 3.0, 5.0])[:, None] * seconds)
        patterns = normal(3, encoder.CHANNELS, 1) * courses[:, None]
        patterns -= patterns.mean(dim=1, keepdim=True)
        mean, root = normal(self.DIM, 3), torch.linalg.cholesky(self.COVARIANCE)
        count = self.PERSONS * self.TRIALS
        person = torch.arange(self.PERSONS).repeat_interleave(self.TRIALS)
        weights = mean + normal(self.PERSONS, self.DIM, 3) @ root.T
        # Beside these persons, not beside all that might have been drawn.
        mean = weights.mean(dim=0)
        target = F.normalize(normal(count, self.DIM), dim=1)
        level = torch.tensor([-14.0, -8.0]).repeat(count // 2)
        told = responses.amplitude(level)[:, None] * torch.einsum("nd,ndr->nr", target, weights[person])
        every = 5.0 * normal(encoder.CHANNELS, encoder.SAMPLES)
        noise = 3.0 * normal(count, encoder.CHANNELS, encoder.SAMPLES)
        eeg = torch.einsum("nr,rct->nct", told, patterns) + every + noise
        eeg -= eeg.mean(dim=1, keepdim=True)
        return eeg_data.Epochs(eeg.half(), torch.zeros(count).long(), 101 + person, level, target), mean, patterns

    def test_a_known_population_is_found(self):
        epochs, mean, patterns = self._population()
        found = responses.fit(epochs, patterns=3)
        flat, known = found.basis.flatten(1), patterns.flatten(1)
        evoked, expected = found.mean @ flat, mean @ known
        self.assertLess(((evoked - expected).norm() / expected.norm()).item(), 0.05)
        # The same patterns in other coordinates: found · flat = known.
        turn = flat @ torch.linalg.pinv(known)
        covariance = turn.T @ found.covariance @ turn
        error = (covariance - self.COVARIANCE).norm() / self.COVARIANCE.norm()
        self.assertLess(error.item(), 0.12)

    def test_amplitudes_are_those_of_the_default_level(self):
        torch.testing.assert_close(responses.amplitude(torch.tensor([-14.0, 6.0])), torch.tensor([1.0, 10.0]))

    def test_a_smooth_course_keeps_its_means(self):
        course = responses.smooth() @ torch.randn(responses.BINS, generator=torch.Generator().manual_seed(SEED))
        means = course.unflatten(0, (responses.BINS, responses.BIN_SAMPLES)).mean(dim=1)
        again = responses.smooth() @ means
        torch.testing.assert_close(again, course, atol=1e-4, rtol=0.0)

    def test_too_few_epochs_of_a_person_are_refused(self):
        epochs, _, _ = self._population()
        with self.assertRaisesRegex(ValueError, "too few"):
            responses.fit(epochs.at(torch.arange(0, len(epochs), 12)), patterns=3)

    def test_the_stage_writes_what_the_program_reads(self):
        with tempfile.TemporaryDirectory() as folder:
            run = quick_run(Path(folder))
            stages_eeg.STAGES["responses"](run)
            found = load_file(stages_eeg.responses_path(run))
        r = responses.PATTERNS
        shapes = {"basis": (r, encoder.CHANNELS, encoder.SAMPLES), "mean": (eeg_quick.DIM, r), "covariance": (r, r)}
        self.assertEqual({name: tuple(values.shape) for name, values in found.items()}, shapes)
        for name, values in found.items():
            self.assertEqual(values.dtype, torch.float32)
            self.assertTrue(torch.isfinite(values).all(), name)
        torch.testing.assert_close(found["basis"].sum(dim=1), torch.zeros(r, encoder.SAMPLES), atol=1e-3, rtol=0.0)
        torch.testing.assert_close(found["covariance"], found["covariance"].T)
        powers = torch.linalg.eigvalsh(found["covariance"].double())
        self.assertGreaterEqual(powers[0].item(), -1e-5 * powers[-1].item())

    def test_the_manifest_names_the_file_where_there_is_one(self):
        with tempfile.TemporaryDirectory() as folder:
            pack = Path(folder)
            for there in (False, True):
                if there:
                    (pack / export.RESPONSES_FILE).write_bytes(b"responses")
                export.write_manifest(pack, 1, None, None, None)
                manifest = (pack / "pack.toml").read_text(encoding="utf-8")
                self.assertEqual(f'"{export.RESPONSES_FILE}" = "' in manifest, there)
                self.assertEqual('\n[responses]' in manifest, there)
                self.assertEqual(f'file = "{export.RESPONSES_FILE}"' in manifest, there)


class StagesTest(unittest.TestCase):
    def test_all_stages_run_on_made_up_epochs_and_the_encoder_learns(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            run = quick_run(Path(folder))
            for name in ("encoder", "eeg-ablation", "eeg-scores"):
                stages_eeg.STAGES[name](run)
            report = stages_eeg.report(run)
            kept = json.loads((run.work / "eeg_scores.json").read_text())
            self.assertEqual(set(kept["expected"]["per_channel"]["interpolated"]), set(montage.CHANNELS))
            self.assertIn("without pre-training", report)
            labelled = eeg_quick.made_up("train")
            fresh = eeg_training.new_masked(run, labelled.eeg)
            model = eeg_training.align(run, fresh, labelled, loop.Schedule(60, 2e-3, ema=0.9), "learning")
        epochs = eeg_quick.made_up("test")
        found = encoder.embed(model, epochs.eeg)
        self.assertGreater(eeg_evaluate.score(found, epochs, eeg_quick.gallery()[:40])["top1"], 0.5)
        silence = encoder.embed(model, torch.zeros(1, encoder.CHANNELS, encoder.SAMPLES))
        self.assertLess(silence.norm().item(), found.norm(dim=1).mean().item())


def quick_run(folder):
    """What the stages need of train.py's `Run`, without pictures."""

    def seeded(make):
        torch.manual_seed(SEED)
        return make()

    options = types.SimpleNamespace(quick=True, epochs=None, simulator=None)
    checkpoint = lambda name: folder / f"{name}.pt"  # noqa: E731
    return types.SimpleNamespace(options=options, work=folder, seed=SEED, seeded=seeded, checkpoint=checkpoint)


if __name__ == "__main__":
    unittest.main()
