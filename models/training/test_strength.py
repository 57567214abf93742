"""Tests of what the wearer's presets of strength are made from, on made-up data: `python -m unittest` in this folder.

Takes   nothing. Gives   pass or fail. Keeps   nothing is written outside a temporary folder; no simulator is needed.
"""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from scipy.stats import norm
from torch.nn import functional as F

import choice
import eeg_data
import linear
import strength
import strength_report

SEED = 5


class ChoiceTest(unittest.TestCase):
    def test_no_difference_is_chance_and_two_ways_are_known(self):
        for ways in (2, 40, 200):
            self.assertAlmostEqual(choice.top1(0.0, ways), 1.0 / ways, places=6)
        for dprime in (-1.0, 0.3, 2.0):
            self.assertAlmostEqual(choice.top1(dprime, 2), norm.cdf(dprime / 2**0.5), places=6)

    def test_share_and_dprime_are_each_others_inverse(self):
        for ways in (2, 40, 200):
            for dprime in (-0.5, 0.1, 1.0, 3.5):
                self.assertAlmostEqual(choice.dprime(choice.top1(dprime, ways), ways), dprime, places=4)

    def test_drawn_scores_give_the_share_that_is_foretold(self):
        draw = np.random.default_rng(SEED)
        right = draw.normal(1.5, 1.0, 20_000) > draw.normal(size=(20_000, 39)).max(axis=1)
        self.assertAlmostEqual(right.mean(), choice.top1(1.5, 40), delta=0.01)

    def test_counted_shares_have_an_end(self):
        self.assertEqual(choice.dprime(0.0, 40, 100), choice.dprime(0.005, 40))
        self.assertEqual(choice.dprime(1.0, 40, 100), choice.dprime(0.995, 40))
        for share in (0.0, 1.0):
            with self.assertRaisesRegex(ValueError, "has no d′"):
                choice.dprime(share, 40)

    def test_smaller_galleries_are_the_mean_over_all_draws(self):
        # Rank 3 of 5, one other drawn: two of four rank better. Rank 1 wins always; rank 5 never.
        self.assertAlmostEqual(choice.top1_among([3], 5, 2), 0.5)
        self.assertAlmostEqual(choice.top1_among([3], 5, 3), 1.0 / 6.0)
        self.assertAlmostEqual(choice.top1_among([1, 5], 5, 4), 0.5)
        self.assertAlmostEqual(choice.top1_among([4, 1, 1], 200, 200), 2.0 / 3.0)


class LinearTest(unittest.TestCase):
    """A wearer whose signal is linear in the embedding, with noise that knows both channels and times."""

    CHANNELS, TIMES, DIM, PICTURES, REPEATS = 4, 6, 8, 120, 25

    def _wearer(self, gain):
        """(signals, pictures, embeddings, map, covariance of the noise)."""
        draw = torch.Generator().manual_seed(SEED)
        normal = lambda *shape: torch.randn(*shape, generator=draw)  # noqa: E731
        many = self.CHANNELS * self.TIMES
        embeddings = F.normalize(normal(self.PICTURES, self.DIM), dim=1)
        weights, root = gain * normal(self.DIM, many), normal(many, many) / many**0.5 + torch.eye(many)
        picture = torch.arange(self.PICTURES).repeat(self.REPEATS)
        signal = 3.0 + embeddings[picture] @ weights + normal(len(picture), many) @ root.T
        return signal, picture, embeddings, weights.double(), (root @ root.T).double()

    def test_an_encoding_model_finds_the_map_and_the_noise(self):
        signal, picture, embeddings, weights, noise = self._wearer(1.0)
        found = linear.fit(linear.Moments.of(signal, embeddings[picture]), ("encoding", 0.0), self.CHANNELS)
        filters = torch.linalg.solve(noise, weights.T)
        self.assertLess(((found.filters - filters).norm() / filters.norm()).item(), 0.1)
        precision = weights @ filters
        self.assertLess(((found.precision - precision).norm() / precision.norm()).item(), 0.1)

    def test_both_kinds_name_pictures_that_they_never_saw_as_well_as_the_truth_does(self):
        signal, picture, embeddings, weights, noise = self._wearer(0.4)
        seen = picture < 80
        moments = linear.Moments.of(signal[seen], embeddings[picture[seen]])
        asked, shown = signal[~seen], picture[~seen] - 80
        gallery = embeddings[80:]
        filters = torch.linalg.solve(noise, weights.T)
        truth = linear.Reader(torch.tensor(3.0), torch.tensor(0.0), filters, weights @ filters)
        best = self._top1(truth, asked, gallery, shown)
        self.assertGreater(best, 0.3)
        for setting in (("encoding", 0.3), ("decoding", 0.01)):
            found = self._top1(linear.fit(moments, setting, self.CHANNELS), asked, gallery, shown)
            self.assertGreater(found, 0.65 * best, setting)
            self.assertLess(found, best + 0.03, setting)

    def test_the_choice_is_the_best_of_the_folds_and_exchanged_pictures_give_chance(self):
        signal, picture, embeddings, _, _ = self._wearer(0.15)
        reader, setting, judged = linear.choose(signal, picture, embeddings, self.CHANNELS)
        self.assertEqual(judged[setting], max(judged.values()))
        self.assertGreater(judged[setting], 0.8)
        whole = linear.fit(linear.Moments.of(signal, embeddings[picture]), setting, self.CHANNELS)
        self.assertLess(((reader.filters - whole.filters).norm() / whole.filters.norm()).item(), 1e-3)
        exchanged = torch.randperm(self.PICTURES, generator=torch.Generator().manual_seed(SEED))[picture]
        _, setting, judged = linear.choose(signal, exchanged, embeddings, self.CHANNELS)
        self.assertAlmostEqual(judged[setting], 0.5, delta=0.12)

    def test_parts_of_moments_add_up(self):
        signal, picture, embeddings, _, _ = self._wearer(1.0)
        shown = embeddings[picture]
        first, second = (linear.Moments.of(signal[rows], shown[rows]) for rows in (slice(0, 500), slice(500, None)))
        whole = first.plus(second)
        self.assertEqual(whole.count, len(signal))
        for mine, theirs in zip(whole.minus(first).centred(), second.centred()):
            torch.testing.assert_close(mine, theirs)

    def _top1(self, reader, signal, gallery, shown):
        return (linear.ranks(reader.scores(signal, gallery), shown) == 1).double().mean().item()


class StrengthTest(unittest.TestCase):
    def test_no_role_has_these_wearers_but_their_own(self):
        self.assertEqual(list(strength.WEARERS), list(eeg_data.ROLES["strength"]))

    def test_a_level_is_background_and_a_multiple_of_the_answer(self):
        session = strength.Session(torch.ones(2, 3), torch.ones(2, 3), torch.arange(2))
        torch.testing.assert_close(session.at(strength.FAINT_DB), torch.full((2, 3), 2.0))
        torch.testing.assert_close(session.at(strength.FAINT_DB + 20), torch.full((2, 3), 11.0))

    def test_groups_hold_one_picture_each(self):
        most = strength.REPETITIONS * strength.AVERAGES
        picture = torch.arange(3).repeat(most + 2)
        groups = strength.repeats(picture, 3, 10)
        self.assertEqual(tuple(groups.shape), (3, most // 10, 10))
        self.assertTrue((picture[groups] == torch.arange(3)[:, None, None]).all())
        self.assertEqual(len(set(groups.flatten().tolist())), 3 * most)
        with self.assertRaisesRegex(ValueError, "less than"):
            strength.repeats(picture[: 3 * most - 1], 3, 10)

    def test_levels_are_found_between_levels(self):
        levels, dprime = [-28, -30, -32], [3.0, 2.0, 1.0]
        self.assertAlmostEqual(strength_report.level_where(levels, dprime, 1.5), -31.0)
        self.assertIsNone(strength_report.level_where(levels, dprime, 3.1))
        self.assertIsNone(strength_report.level_where(levels, dprime, 0.9))
        # A dip by chance changes nothing above it.
        self.assertAlmostEqual(strength_report.level_where([-28, -30, -31, -32], [3.0, 1.0, 1.2, 0.0], 2.1), -29.0)

    def test_the_report_finds_the_levels_that_the_wearers_were_made_with(self):
        used = strength.settings(torch.zeros(4000, 8))
        everyone = [self._wearer(number, 0.5 * (number - 2005)) for number in range(2001, 2010)]
        facts = strength_report.facts(everyone, used)
        wanted = strength_report.targets(used)
        self.assertAlmostEqual(wanted["weak"], 0.5 * choice.dprime(0.156, 200))
        for name, target in wanted.items():
            level = self._level(target / strength.REPETITIONS**0.5)
            found = facts["presets"][name]
            self.assertAlmostEqual(found["snr_db"], level, delta=0.15)
            self.assertLess(abs(found["rounded_db"] - found["snr_db"]), 0.2501)
            low, high = found["interval_db"]
            self.assertTrue(low < found["snr_db"] < high)
        self.assertAlmostEqual(strength_report.weaker(-34.0)["amplitude"], 10.0)
        page = strength_report.markdown(json.loads(json.dumps(facts)))
        self.assertIn("| `published` | **−", page)
        self.assertIn("2001–2009 (9)", page)

    def test_what_was_measured_is_kept_and_other_settings_are_not(self):
        with tempfile.TemporaryDirectory() as folder:
            simulator = strength.Simulator(["false"], Path(folder))
            training = torch.zeros(3, 8)
            kept = self._wearer(2001, 0.0)
            path = Path(folder) / "strength_2001.json"
            path.write_text(json.dumps(kept | {"settings": strength.settings(training)}))
            self.assertEqual(strength.measured(simulator, 2001, training, training), json.loads(json.dumps(kept)))
            with self.assertRaises(Exception):
                strength.measured(simulator, 2001, training[:2], training)

    def _wearer(self, number, shift_db):
        """What `measure` gives of a wearer whose d′ halves every 5 dB, at the levels of the study."""
        return {"wearer": number, "error_uv": 1e-4, "levels": [self._row(level, shift_db) for level in strength.LEVELS_DB]}

    def _row(self, level, shift_db):
        dprime = 0.25 * 2.0 ** ((level + shift_db + 32.0) / 5.0)
        looks = {str(k): self._scores(dprime, k) for k in strength.LOOKS}
        return {"snr_db": level, "encoder": ["encoding", 1.0], "looks": looks}

    def _scores(self, dprime, k):
        top1 = choice.top1(dprime * k**0.5, strength.TEST_PICTURES)
        return {"trials": 400, "top1": top1, "top1_of_40": choice.top1(dprime * k**0.5, 40), "dprime_per_look": dprime}

    def _level(self, dprime):
        return 5.0 * np.log2(dprime / 0.25) - 32.0


if __name__ == "__main__":
    unittest.main()
