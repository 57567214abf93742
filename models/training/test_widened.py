"""Tests of the widened memory: `python -m unittest` in this folder; neither simulator nor pictures needed.

Takes   nothing. Gives   pass or fail. Keeps   nothing is written.
"""

import types
import unittest

import numpy as np
import torch
from scipy.special import logsumexp

import widened
import widened_memory
import widened_report
from widened_memory import Memory


def unit_rows(count, dim=8, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Variants(unittest.TestCase):
    def setUp(self):
        self.pixels = np.random.default_rng(1).integers(0, 256, (4, 6, 3), dtype=np.uint8)

    def test_mirrored_twice_and_three_turns_of_hue_give_the_picture_back(self):
        mirrored = widened_memory.variant(self.pixels, "mirrored")
        np.testing.assert_array_equal(mirrored[:, 0], self.pixels[:, -1])
        np.testing.assert_array_equal(widened_memory.variant(mirrored, "mirrored"), self.pixels)
        turned = widened_memory.variant(widened_memory.variant(self.pixels, "hue 120"), "hue 240")
        np.testing.assert_array_equal(turned, self.pixels)

    def test_red_becomes_green_then_blue_and_grey_stays(self):
        red, grey = np.array([[[200, 0, 0]]], np.uint8), np.full((1, 1, 3), 128, np.uint8)
        self.assertEqual(widened_memory.variant(red, "hue 120").ravel().tolist(), [0, 200, 0])
        self.assertEqual(widened_memory.variant(red, "hue 240").ravel().tolist(), [0, 0, 200])
        for name in widened_memory.VARIANTS:
            np.testing.assert_array_equal(widened_memory.variant(grey, name), grey)


class Priors(unittest.TestCase):
    def setUp(self):
        self.shelf = types.SimpleNamespace(embeddings=torch.from_numpy(unit_rows(10)))

    def test_prior_sums_to_one_and_each_part_has_its_share(self):
        memory = Memory.of(self.shelf, [np.array([0, 1]), np.array([4, 5, 6])], unit_rows(3, seed=2))
        self.assertAlmostEqual(np.exp(memory.log_prior).sum(), 1.0)
        self.assertAlmostEqual(np.exp(memory.log_prior[:2]).sum(), 0.5)
        self.assertEqual(len(memory.embeddings), 8)
        self.assertEqual(memory.place[[0, 1, 4, 5, 6]].tolist(), [0, 1, 2, 3, 4])
        self.assertEqual(memory.place[2], -1)

    def test_an_answer_that_says_nothing_leaves_the_prior(self):
        memory = Memory.of(self.shelf, [np.array([0, 1]), np.array([4, 5, 6])])
        log_p = memory.log_posterior(np.zeros((2, 5)), 1.3)
        np.testing.assert_allclose(log_p, np.tile(memory.log_prior, (2, 1)), atol=1e-12)
        np.testing.assert_allclose(logsumexp(log_p, axis=1), 0.0, atol=1e-12)

    def test_mixtures_are_of_unit_length_and_nearer_to_their_drawing_than_its_neighbour(self):
        rows = unit_rows(40)
        mixed = widened_memory.mixtures(rows)
        self.assertEqual(mixed.shape, (widened_memory.MIXTURES * 40, 8))
        np.testing.assert_allclose(np.linalg.norm(mixed, axis=1), 1.0)
        own = (mixed.reshape(40, widened_memory.MIXTURES, 8) * rows[:, None]).sum(axis=2)
        self.assertTrue((own > 0.5).all())

    def test_temperature_is_found_beside_a_prior(self):
        draw = np.random.default_rng(5)
        log_prior = np.log(np.array([0.5, 0.3, 0.2]))
        likely = 3.0 * draw.standard_normal((4000, 3))
        posterior = np.exp(likely / 1.4 + log_prior)
        posterior /= posterior.sum(axis=1, keepdims=True)
        true = (draw.random(4000)[:, None] > posterior.cumsum(axis=1)).sum(axis=1).clip(max=2)
        self.assertAlmostEqual(widened.best_temperature(likely, log_prior, true), 1.4, delta=0.1)


class Report(unittest.TestCase):
    def test_sizes_and_differences(self):
        self.assertEqual(widened_report.size_line("x", 1000, 256), "| x | 1000 | 0.51 |")
        scores = {name: [0.5, 0.6, 0.7] for name in widened_report.SCORES}
        found = {"best": scores, "draw": scores, "concepts": ["a", "b", "c"]}
        scored = {f"3 {method}": found for method in (*widened.METHODS,)}
        self.assertIn("+0.000 [+0.000, +0.000]", widened_report.paired_line("variants", 3, scored))


if __name__ == "__main__":
    unittest.main()
