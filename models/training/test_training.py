"""Tests of the training scripts on made-up data: `python -m unittest` in this folder; no pictures and no network needed.

Takes   nothing. Gives   pass or fail. Keeps   nothing is written outside a temporary folder.
"""

import io
import tarfile
import tempfile
import unittest
from pathlib import Path

import torch

import encoder
import export
import generator
import loop
import pictures

SEED = 5


def made_up_epochs(subjects=6, trials=160, stimuli=8, noise_uv=6.0):
    """Epochs whose evoked pattern is linear in the embedding, differently scaled per subject: (epochs, gallery)."""
    draw = torch.Generator().manual_seed(SEED)
    gallery = generator.unit(torch.randn(stimuli, encoder.DIM, generator=draw))
    mixing = torch.randn(encoder.DIM, encoder.CHANNELS * encoder.SAMPLES, generator=draw)
    stimulus = torch.randint(stimuli, (subjects * trials,), generator=draw)
    subject = torch.arange(subjects).repeat_interleave(trials)
    gain = (1.0 + 0.2 * torch.randn(subjects, generator=draw))[subject, None]
    evoked = (5.0 * gain * (gallery[stimulus] @ mixing)).reshape(-1, encoder.CHANNELS, encoder.SAMPLES)
    eeg = evoked + noise_uv * torch.randn(evoked.shape, generator=draw)
    return {"eeg": eeg, "stimulus": stimulus, "subject": subject, "snr_db": torch.zeros(len(subject))}, gallery


class EncoderTest(unittest.TestCase):
    def test_learns_and_generalises_to_new_subjects(self):
        epochs, gallery = made_up_epochs()
        training, validation = encoder.split_subjects(epochs["subject"], SEED)
        torch.manual_seed(SEED)
        model = encoder.EegEncoder()
        model.set_scale(epochs["eeg"][training])
        loss_of = encoder.loss_function(model, epochs["eeg"][training], epochs["stimulus"][training], gallery)
        with tempfile.TemporaryDirectory() as folder:
            loop.train(model, loss_of, loop.Schedule(40, 1e-3, ema=0.9), Path(folder) / "encoder.pt", SEED)
        found = encoder.embed(model, epochs["eeg"][validation])
        ranks = encoder.gallery_ranks(found, epochs["stimulus"][validation], gallery)
        self.assertGreater((ranks == 1).float().mean().item(), 0.5)
        silence = encoder.embed(model, torch.zeros(1, encoder.CHANNELS, encoder.SAMPLES))
        self.assertLess(silence.norm().item(), found.norm(dim=1).mean().item())

    def test_subjects_are_disjoint(self):
        subject = torch.arange(10).repeat_interleave(3)
        training, validation = encoder.split_subjects(subject, SEED)
        self.assertFalse(set(subject[training].tolist()) & set(subject[validation].tolist()))

    def test_is_small_and_exports(self):
        model = encoder.EegEncoder().eval()
        self.assertLess(sum(weight.numel() for weight in model.parameters()), 1_500_000)
        with tempfile.TemporaryDirectory() as folder:
            export.export_graph(model, Path(folder) / "encoder.onnx")

    def test_band_power_of_a_sine(self):
        seconds = torch.arange(encoder.SAMPLES) / encoder.RATE_HZ
        eeg = (10.0 * torch.sin(2 * torch.pi * 10.0 * seconds)).expand(1, encoder.CHANNELS, -1)
        self.assertAlmostEqual(encoder.band_powers(eeg)[0, 2].item(), 1.699, places=1)


class GeneratorTest(unittest.TestCase):
    def test_blend_has_the_asked_cosine_and_length(self):
        rows = generator.unit(torch.randn(20, 128))
        found = generator.blend(rows, torch.randn(20, 128), torch.full((20, 1), 0.6))
        torch.testing.assert_close((found * rows).sum(dim=1), torch.full((20,), 0.6))
        torch.testing.assert_close(found.norm(dim=1), torch.ones(20))

    def test_one_step_lands_on_the_predicted_latent(self):
        prior, denoiser = generator.Prior().eval(), generator.Denoiser().eval()
        embedding = generator.unit(torch.randn(2, 128))
        # An untrained denoiser predicts the prior's mean, up to the bias of its last layer.
        denoiser.leave.bias.data.zero_()
        torch.testing.assert_close(generator.sample(prior, denoiser, embedding, 1), prior(embedding), atol=1e-5, rtol=0)


class LoopTest(unittest.TestCase):
    def test_resumed_run_equals_an_unbroken_one(self):
        unbroken, resumed = self._train([8]), self._train([4, 8])
        torch.testing.assert_close(unbroken, resumed)

    def _train(self, stops):
        with tempfile.TemporaryDirectory() as folder:
            for stop in stops:
                torch.manual_seed(SEED)
                model = torch.nn.Linear(3, 1)
                schedule = loop.Schedule(8, 1e-2)

                def loss_of(step, draw, model=model, stop=stop):
                    if step == stop:
                        raise KeyboardInterrupt
                    return model(torch.randn(4, 3, generator=draw)).square().mean()

                original, loop.CHECKPOINT_SECS = loop.CHECKPOINT_SECS, -1.0
                try:
                    loop.train(model, loss_of, schedule, Path(folder) / "m.pt", SEED)
                except KeyboardInterrupt:
                    pass
                finally:
                    loop.CHECKPOINT_SECS = original
            return model.weight.detach().clone()


class UnpackTest(unittest.TestCase):
    def test_only_pictures_inside_the_folder_are_written(self):
        names = ("package/assets/a.webp", "package/assets/../../evil.webp", "package/run.sh", "package/assets/x/b.webp")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            with tarfile.open(folder / "p.tgz", "w:gz") as archive:
                for name in names:
                    member = tarfile.TarInfo(name)
                    member.size = 1
                    archive.addfile(member, io.BytesIO(b"x"))
            pictures._unpack(folder / "p.tgz", pictures.FLUENT, folder / "out")
            written = [path.name for path in (folder / "out").rglob("*") if path.is_file()]
        self.assertEqual(written, ["a.webp"])


if __name__ == "__main__":
    unittest.main()
