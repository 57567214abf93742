"""Tests of the training scripts on made-up data: `python -m unittest` in this folder; no pictures and no network needed.

Takes   nothing. Gives   pass or fail. Keeps   nothing is written outside a temporary folder.
"""

import io
import json
import tarfile
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

import autoencoder
import doubt
import embed
import generator
import layout
import loop
import metrics
import pictures
import seeing
import split
from concepts import CONCEPTS

SEED = 5


def made_up_pictures():
    """Six concepts by three vendors on noise, and an icon named after the first: enough for a split."""
    rows = [(concept, vendor) for vendor in ("fluent", "noto", "twemoji") for concept in "abcdef"]
    rows += [("flat_color:red-apple", "flat_color")]
    pixels = np.random.default_rng(1).integers(0, 256, (len(rows), 128, 128, 3), dtype=np.uint8)
    names = ["apple" if concept == "a" else concept for concept, _ in rows]
    return pictures.PictureSet(pixels, [c for c, _ in rows], [v for _, v in rows], names)


def fitted_patches(images):
    return autoencoder.Patches().fit(images)


class DoubtTest(unittest.TestCase):
    def test_blend_has_the_asked_cosine_and_length(self):
        rows = embed.unit(torch.randn(20, embed.DIM))
        found = doubt.blend(rows, torch.randn(20, embed.DIM), torch.full((20, 1), 0.6))
        torch.testing.assert_close((found * rows).sum(dim=1), torch.full((20,), 0.6))
        torch.testing.assert_close(found.norm(dim=1), torch.ones(20))

    def test_disturbed_embeddings_are_never_longer_than_sure_ones(self):
        rows = embed.unit(torch.randn(30, embed.DIM))
        draw = torch.Generator().manual_seed(SEED)
        found, true = doubt.disturb(rows, torch.arange(30), torch.arange(30), draw)
        self.assertLessEqual(found.norm(dim=1).max().item(), 1.0 + 1e-5)
        self.assertTrue(((true >= 0) & (true < 30)).all())

    def test_errors_of_pictures_outside_the_training_set_are_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "errors.safetensors"
            save_file({"found": torch.eye(3) * 2.0, "row": torch.tensor([7, 8, 9])}, path)
            errors = doubt.Errors.load(path, {9: 0, 7: 1})
        self.assertEqual(errors.rows.tolist(), [1, 0])
        torch.testing.assert_close(errors.found.norm(dim=1), torch.ones(2))


class PictureTest(unittest.TestCase):
    def test_patches_there_and_back_are_a_projection(self):
        images = torch.rand(24, 3, 128, 128)
        patches = fitted_patches(images)
        once = patches.decode(patches.encode(images[:2]))
        torch.testing.assert_close(patches.decode(patches.encode(once)), once, atol=1e-4, rtol=0)

    def test_structure_loss_equals_the_measured_ssim(self):
        first, second = torch.rand(2, 3, 128, 128), torch.rand(2, 3, 128, 128)
        second = 0.5 * first + 0.5 * second
        lost = sum(autoencoder.lacking_structure(first, second, offset).item() for offset in range(3)) / 3
        measured = 1.0 - metrics.ssim(first.numpy(), second.numpy()).mean()
        self.assertAlmostEqual(lost, measured, delta=0.02)

    def test_edge_loss_equals_the_measured_edge_match(self):
        first, second = torch.rand(3, 3, 128, 128), torch.rand(3, 3, 128, 128)
        second = 0.7 * first + 0.3 * second
        _, measured = metrics.edges(first.numpy(), second.numpy())
        self.assertAlmostEqual(seeing.lacking_edges(first, second).item(), 1.0 - measured.mean(), delta=1e-3)

    def test_varied_pictures_stay_pictures(self):
        images = torch.rand(8, 3, 128, 128)
        found = layout.vary(images, torch.Generator().manual_seed(SEED))
        self.assertEqual(found.shape, images.shape)
        self.assertTrue(((found >= 0) & (found <= 1)).all())
        self.assertGreater((found - images).abs().mean().item(), 0.01)


class SplitTest(unittest.TestCase):
    LIST = {
        "dev_concepts": ["a"],
        "test_concepts": ["b"],
        "dev_drawings": [["c", "noto"]],
        "test_drawings": [["d", "twemoji"]],
        "left_out_icons": ["flat_color:red-apple"],
    }

    def test_held_out_pictures_are_in_no_training_row(self):
        made = made_up_pictures()
        with unittest.mock.patch.object(split, "CONCEPTS", ()):
            found = split.make(made, self.LIST)
        trained = {(made.concepts[row], made.vendors[row]) for row in found.train}
        self.assertFalse({concept for concept, _ in trained} & {"a", "b", "flat_color:red-apple"})
        self.assertFalse(trained & {("c", "noto"), ("d", "twemoji")})
        self.assertEqual(len(found.train), 19 - 1 - 6 - 2)

    def test_icons_named_after_a_held_out_concept_are_found(self):
        self.assertEqual(split._named_after(made_up_pictures(), {"green_apple"}), ["flat_color:red-apple"])

    def test_the_committed_list_keeps_development_and_test_apart(self):
        listed = json.loads(split.LIST.read_text())
        dev, test = set(listed["dev_concepts"]), set(listed["test_concepts"])
        self.assertFalse(dev & test)
        self.assertFalse(test & set(listed[split.EARLIER]))
        self.assertFalse({tuple(d) for d in listed["dev_drawings"]} & {tuple(d) for d in listed["test_drawings"]})
        self.assertGreaterEqual(min(len(dev), len(test)), 10)
        stimuli = {concept.code for concept in CONCEPTS}
        self.assertFalse(stimuli & (dev | test))
        self.assertEqual(stimuli, {concept for concept, _ in listed["test_drawings"]} & stimuli)


class GeneratorTest(unittest.TestCase):
    def test_one_step_lands_on_the_predicted_latent(self):
        prior, denoiser = generator.Prior().eval(), generator.Denoiser().eval()
        embedding = embed.unit(torch.randn(2, embed.DIM))
        # An untrained denoiser predicts the prior's mean.
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


class ArchiveTest(unittest.TestCase):
    def test_only_regular_files_of_sensible_size_are_read(self):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "p.tgz"
            with tarfile.open(path, "w:gz") as archive:
                member = tarfile.TarInfo("package/icons.json")
                member.size = 2
                archive.addfile(member, io.BytesIO(b"{}"))
                link = tarfile.TarInfo("package/link.json")
                link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
                archive.addfile(link)
            self.assertEqual(pictures.read_member(path, "package/icons.json"), b"{}")
            with self.assertRaises(ValueError):
                pictures.read_member(path, "package/link.json")

    def test_a_concept_has_no_variation_selector(self):
        self.assertEqual(pictures.plain("2708-FE0F"), "2708")


if __name__ == "__main__":
    unittest.main()
