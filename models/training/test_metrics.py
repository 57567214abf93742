"""Tests of scores, intervals, tables and sheets: `python -m unittest test_metrics`; PyTorch is not needed.

Takes   nothing; the scoring networks from `../shared/data/models/coral-tflite` beside the project, else those tests
        skip. Gives   pass or fail. Keeps   nothing is written outside a temporary folder.
"""

import itertools
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage, signal, stats
from skimage.metrics import structural_similarity

import intervals
import metrics
import scorer
import sheet
import table

SHARED = Path(__file__).resolve().parents[3] / "shared/data/models/coral-tflite"


def made_up(count=6, side=48, seed=3):
    """Pictures with edges: a coloured disc and a bar at random places on grey, f32 [n, 3, side, side]."""
    draw = np.random.default_rng(seed)
    images = np.full((count, 3, side, side), 0.5, dtype=np.float32)
    rows, columns = np.mgrid[:side, :side]
    for image in images:
        centre, radius = draw.uniform(side / 3, 2 * side / 3, 2), draw.uniform(side / 6, side / 3)
        disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
        image[:, disc] = draw.random((3, 1))
        left = draw.integers(4, side - 8)
        image[:, 4 : side - 4, left : left + 4] = draw.random((3, 1, 1))
    return images


def blurred(images, sigma):
    return ndimage.gaussian_filter(images, (0, 0, sigma, sigma))


class PixelTest(unittest.TestCase):
    def setUp(self):
        self.truth = made_up()
        noise = np.random.default_rng(1).normal(0, 0.1, self.truth.shape)
        self.noisy = np.clip(self.truth + noise, 0, 1).astype(np.float32)

    def test_truth_is_best_everywhere(self):
        best = {"sharpness_error": 0, "gmsd": 0}
        for name, found in metrics.of_pictures(self.truth, self.truth).items():
            np.testing.assert_allclose(found, best.get(name, 1), atol=1e-6, err_msg=name)

    def test_ssim_equals_the_eight_bit_definition(self):
        eight = [np.round(side * 255).astype(np.uint8).transpose(0, 2, 3, 1) for side in (self.noisy, self.truth)]
        wanted = [structural_similarity(a, b, data_range=255, channel_axis=-1) for a, b in zip(*eight)]
        again = [side.transpose(0, 3, 1, 2) / 255.0 for side in eight]
        np.testing.assert_allclose(metrics.ssim(*again), wanted, atol=1e-5)

    def test_pixcorr_equals_scipy(self):
        wanted = [stats.pearsonr(a.ravel(), b.ravel())[0] for a, b in zip(self.noisy, self.truth)]
        np.testing.assert_allclose(metrics.pixcorr(self.noisy, self.truth), wanted, atol=1e-6)

    def test_gradient_similarity_equals_convolutions_as_published(self):
        found_mean, found_deviation = metrics.gradient_similarity(self.noisy, self.truth)
        mask = np.array([[1, 0, -1]] * 3) / 3
        maps = []
        for side in (self.noisy, self.truth):
            grey = 255 * metrics.luma(side)[0]
            small = signal.convolve2d(grey, np.ones((2, 2)) / 4)[1::2, 1::2]
            parts = [signal.convolve2d(small, kernel, mode="same") for kernel in (mask, mask.T)]
            maps.append(np.sqrt(parts[0] ** 2 + parts[1] ** 2))
        similarity = (2 * maps[0] * maps[1] + 170) / (maps[0] ** 2 + maps[1] ** 2 + 170)
        self.assertAlmostEqual(found_mean[0], similarity.mean(), places=9)
        self.assertAlmostEqual(found_deviation[0], similarity.std(ddof=1), places=9)

    def test_gradient_ratio_of_a_ramp_and_of_half_its_contrast(self):
        ramp = np.broadcast_to(np.arange(16) / 20, (1, 3, 16, 16))
        np.testing.assert_allclose(metrics.gradient_magnitude(ramp), 1 / 20, atol=1e-12)
        np.testing.assert_allclose(metrics.gradient_ratio(ramp / 2, ramp), 0.5)

    def test_edge_match_punishes_soft_and_wrong_and_noisy(self):
        match = {
            name: metrics.edges(images, self.truth)[1].mean()
            for name, images in {
                "moved one pixel": np.roll(self.truth, 1, axis=3),
                "soft": blurred(self.truth, 3),
                "wrong": np.roll(self.truth, 1, axis=0),
                "flat": np.full_like(self.truth, 0.5),
            }.items()
        }
        self.assertGreater(match["moved one pixel"], match["soft"] + 0.1)
        self.assertGreater(match["moved one pixel"], match["wrong"] + 0.1)
        self.assertLess(abs(match["flat"]), 1e-6)
        noise = np.random.default_rng(2).random(self.truth.shape)
        self.assertLess(metrics.edges(noise, self.truth)[1].mean(), 0.1)

    def test_flat_pictures_correlate_with_nothing(self):
        np.testing.assert_allclose(metrics.pixcorr(np.full_like(self.truth, 0.3), self.truth), 0, atol=1e-9)

    def test_unlike_shapes_are_refused(self):
        with self.assertRaisesRegex(ValueError, "alike"):
            metrics.ssim(self.truth[:2], self.truth)


class IdentificationTest(unittest.TestCase):
    def setUp(self):
        self.draw = np.random.default_rng(7)

    def test_two_way_equals_minds_eye(self):
        truth = self.draw.normal(size=(30, 64))
        found = truth + 3 * self.draw.normal(size=truth.shape)
        r = np.corrcoef(truth, found)[:30, 30:]
        wanted = (r < np.diag(r)).sum(axis=0) / 29
        np.testing.assert_allclose(metrics.two_way(found, truth), wanted, atol=1e-12)

    def test_n_way_equals_every_draw_counted(self):
        scores = self.draw.normal(size=(5, 8))
        own = np.array([0, 3, 7, 2, 2])
        for ways, top in ((2, 1), (4, 1), (5, 2), (8, 3)):
            wanted = []
            for line, mine in zip(scores, own):
                others = [value for column, value in enumerate(line) if column != mine]
                draws = itertools.combinations(others, ways - 1)
                wanted.append(np.mean([sum(value > line[mine] for value in drawn) < top for drawn in draws]))
            np.testing.assert_allclose(metrics.n_way(scores, own, ways, top), wanted, atol=1e-12)

    def test_n_way_equals_the_hypergeometric_of_scipy(self):
        scores = self.draw.normal(size=(20, 1000))
        better = (scores > scores[:, :1]).sum(axis=1)
        wanted = stats.hypergeom.cdf(4, 999, better, 49)
        np.testing.assert_allclose(metrics.n_way(scores, np.zeros(20, int), 50, 5), wanted, atol=1e-9)

    def test_noise_floors(self):
        truth, noise = self.draw.normal(size=(2, 400, 32))
        own = np.arange(400)
        self.assertAlmostEqual(metrics.two_way(noise, truth).mean(), 0.5, delta=0.06)
        likeness = metrics.correlations(noise, truth)
        for ways, top in ((10, 1), (50, 1), (50, 5)):
            chance = top / ways
            error = 4 * np.sqrt(chance * (1 - chance) / 400)
            self.assertAlmostEqual(metrics.n_way(likeness, own, ways, top).mean(), chance, delta=error)

    def test_a_constant_answer_scores_chance_exactly(self):
        same = np.zeros((3, 40))
        np.testing.assert_allclose(metrics.n_way(same, np.arange(3), 10, 2), 0.2)
        np.testing.assert_allclose(metrics.two_way(np.ones((40, 5)), self.draw.normal(size=(40, 5))), 0.5)

    def test_other_drawings_of_the_same_thing_are_no_distractors(self):
        scores = np.array([[0.5, 0.9, 0.1, 0.2]])
        self.assertAlmostEqual(metrics.n_way(scores, [0], 2)[0], 2 / 3)
        self.assertAlmostEqual(metrics.n_way(scores, [0], 2, groups=[1, 1, 2, 3])[0], 1.0)

    def test_classes_come_from_the_truth_picture(self):
        truth = np.eye(20)[[4, 9]]
        found = np.full((2, 20), 0.01)
        found[0, 4] = found[1, 3] = 0.5
        found[1, 9] = 0.005
        np.testing.assert_allclose(metrics.class_n_way(found, truth, 5), [1.0, 0.0])

    def test_too_small_a_pool_is_refused(self):
        with self.assertRaisesRegex(ValueError, "at least 9 distractors, got 4"):
            metrics.n_way(np.zeros((1, 5)), [0], 10)

    def test_cosine_and_perceptual_distance(self):
        first, second = self.draw.normal(size=(2, 4, 5, 5, 8))
        flat = [np.reshape(side, (-1, 8)) for side in (first, second)]
        wanted = (1 - metrics.cosine(*flat)).reshape(4, -1).mean(axis=1)
        layers = [[metrics.unit_channels(side)] for side in (first, second)]
        np.testing.assert_allclose(metrics.perceptual(*layers), wanted, atol=1e-5)
        nothing = [metrics.unit_channels(np.zeros((1, 2, 2, 3)))]
        np.testing.assert_allclose(metrics.perceptual(nothing, nothing), 0)

    def test_every_measure_is_defined(self):
        for measure in metrics.MEASURES.values():
            self.assertIn(measure.title.format(ways=10, top=1, others=9), metrics.DEFINITIONS)
        self.assertNotRegex(metrics.DEFINITIONS, r"[{}]")


class IntervalTest(unittest.TestCase):
    def setUp(self):
        self.values = np.random.default_rng(11).normal(1, 2, 60)

    def test_mean_equals_scipy_bootstrap(self):
        wanted = stats.bootstrap((self.values,), np.mean, method="percentile", n_resamples=10_000, rng=5)
        found = intervals.mean(self.values)
        self.assertAlmostEqual(found.value, self.values.mean(), places=9)
        for own, other in zip(found[1:], wanted.confidence_interval):
            self.assertAlmostEqual(own, other, delta=0.05)

    def test_the_same_seed_gives_the_same_interval(self):
        self.assertEqual(intervals.mean(self.values, seed=4), intervals.mean(self.values, seed=4))
        self.assertNotEqual(intervals.mean(self.values, seed=4), intervals.mean(self.values, seed=5))

    def test_pairing_finds_a_small_difference(self):
        found = intervals.paired_difference(self.values + 0.1, self.values)
        np.testing.assert_allclose(found, 0.1, atol=1e-6)
        self.assertTrue(found.excludes_zero)

    def test_copies_of_a_picture_do_not_narrow_the_interval(self):
        alone = intervals.mean(self.values)
        copied = intervals.mean(np.repeat(self.values, 4), clusters=np.repeat(np.arange(60), 4))
        np.testing.assert_allclose(copied, alone, atol=1e-9)
        self.assertLess(np.ptp(intervals.mean(np.repeat(self.values, 4))[1:]), 0.6 * np.ptp(alone[1:]))

    def test_wilson_equals_scipy(self):
        for successes in (0, 3, 10):
            wanted = stats.binomtest(successes, 10).proportion_ci(method="wilson")
            np.testing.assert_allclose(intervals.wilson(successes, 10)[1:], wanted, atol=1e-9)

    def test_gaps_and_mismatches_are_refused(self):
        with self.assertRaisesRegex(ValueError, "finite"):
            intervals.mean([1.0, np.nan])
        with self.assertRaisesRegex(ValueError, "same pictures"):
            intervals.paired_difference([1.0], [1.0, 2.0])


class TableTest(unittest.TestCase):
    def setUp(self):
        values = np.linspace(0.2, 0.8, 20)
        self.records = [
            table.Record("unseen", "2 steps", {"ssim": values + 0.1, "gmsd": values}),
            table.Record("unseen", "prior", {"ssim": values, "gmsd": values + 0.1}),
            table.Record("unseen", "mean picture", {"ssim": values - 0.1}, kind="floor"),
        ]

    def test_results_hold_all_rows_with_floors_first(self):
        lines = table.results(self.records, ["ssim", "gmsd", "two_way"]).splitlines()
        self.assertEqual(len(lines), 5)
        self.assertIn("*floor: mean picture*", lines[2])
        self.assertRegex(lines[3], r"2 steps \| 0\.600 \[0\.5\d\d, 0\.6\d\d\] \| 0\.500 \[.*\] \| – \|")

    def test_differences_say_who_is_better(self):
        text = table.differences(self.records, [("2 steps", "prior"), ("prior", "2 steps")], ["ssim", "gmsd"])
        lines = text.splitlines()[2:]
        self.assertEqual([line.split(": ")[-1] for line in lines], ["A better |"] * 2 + ["B better |"] * 2)
        self.assertIn("−0.100 [−0.100, −0.100]", lines[1])
        nothing = intervals.Interval(0.1, -0.1, 0.3)
        self.assertEqual(table.verdict(nothing, 1), "includes zero")

    def test_unknown_scores_are_refused(self):
        with self.assertRaisesRegex(ValueError, "unknown"):
            table.Record("a", "b", {"beauty": [1.0]})


class SheetTest(unittest.TestCase):
    def test_pictures_are_where_they_belong(self):
        images = made_up(3, side=128)
        drawn = sheet.sheet([("truth", images), ("2 steps from its embedding", images[:2])], ["a", "b", "c"])
        corner = (sheet.LABEL_PX, drawn.height - 2 * (128 + sheet.GAP_PX))
        cell = np.asarray(drawn.crop((*corner, corner[0] + 128, corner[1] + 128)))
        np.testing.assert_array_equal(cell, sheet.eight_bit(images)[0])
        self.assertEqual(drawn.getpixel((drawn.width - 20, drawn.height - 20)), sheet.PAPER)
        label = np.asarray(drawn.crop((0, corner[1], sheet.LABEL_PX, corner[1] + 128)))
        self.assertLess(label.min(), 100)

    def test_long_labels_are_wrapped(self):
        self.assertEqual(sheet.wrapped("one two three", 7, len), ["one two", "three"])
        self.assertEqual(sheet.wrapped("unbelievable", 7, len), ["unbelie"])

    def test_saves_a_png(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sheet.png"
            sheet.save(sheet.sheet([("truth", made_up(8, side=128))]), path, width_px=600)
            self.assertEqual(Image.open(path).width, 600)


class ScorerTest(unittest.TestCase):
    def test_says_why_it_is_missing(self):
        self.assertIsNone(scorer.Scorer.load(None))
        with tempfile.TemporaryDirectory() as folder:
            self.assertIsNone(scorer.Scorer.load(folder))

    def test_knows_a_cat_and_finds_pictures_again(self):
        judge_of = scorer.Scorer.load(SHARED)
        if judge_of is None:
            self.skipTest(f"scoring networks are not at {SHARED}")
        files = [SHARED / name for name in ("cat_720p.jpg", "owl.jpg")]
        photographs = [Image.open(file).convert("RGB").resize((128, 128)) for file in files]
        shown = np.stack([np.asarray(image) for image in photographs]).transpose(0, 3, 1, 2) / np.float32(255)
        probabilities, maps = judge_of.look(shown)
        self.assertIn(probabilities[0].argmax(), (281, 282, 285))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        self.assertEqual([layer.shape[1] for layer in maps], [112, 56, 28, 14, 7])
        truth = np.concatenate([shown, made_up(3, side=128)])
        judge = scorer.Judge(judge_of, truth, ways=3)
        own, other = judge.scores(truth), judge.scores(np.roll(truth, 1, axis=0))
        np.testing.assert_allclose(own["two_way"], 1)
        np.testing.assert_allclose(own["perceptual"], 0, atol=1e-3)
        self.assertGreater(other["perceptual"].min(), 0.05)
        self.assertTrue((judge_of.embed(truth) >= 0).all())


if __name__ == "__main__":
    unittest.main()
