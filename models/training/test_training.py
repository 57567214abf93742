"""Tests of the training scripts on made-up data: `python -m unittest` in this folder; no pictures and no network needed.

Takes   nothing. Gives   pass or fail. Keeps   nothing is written outside a temporary folder.
"""

import io
import tarfile
import tempfile
import unittest
from pathlib import Path

import torch

import generator
import loop
import pictures

SEED = 5


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
