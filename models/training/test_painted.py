"""Tests of what is painted and of the sampler: `python -m unittest` in this folder; neither simulator nor pictures needed.

Takes   nothing. Gives   pass or fail. Keeps   nothing is written.
"""

import types
import unittest

import numpy as np
import torch

import painted
import painted_report
import sampler
import sampler_judge
import sampler_train
from answers import AnswerModel, Seen
from answers_data import Answers
from embed import DIM, HALF, WHAT
from painted import BEST, DRAW, MEAN, OWN, SAMPLER, Jury, Paintings, Scene

RANK = 6


def drawings(count=400, seed=1):
    """Embeddings f64 [count, DIM], both halves of equal length."""
    rows = np.random.default_rng(seed).standard_normal((count, DIM))
    halves = (rows[:, :WHAT], rows[:, WHAT:])
    return HALF * np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True) for part in halves], axis=1)


def model(strength=4.0):
    """An answer model whose map lets RANK directions through."""
    draw = np.random.default_rng(2)
    left, right = (np.linalg.qr(draw.standard_normal((DIM, RANK)))[0] for _ in range(2))
    eye, zero = np.eye(DIM), np.zeros(DIM)
    return AnswerModel(
        map=strength * left @ right.T,
        offset=0.1 * draw.standard_normal(DIM),
        within=0.05 * eye,
        between=0.01 * eye,
        background_mean=zero,
        background_covariance=eye / DIM,
        noise_mean=zero,
        noise_within=0.05 * eye,
        noise_between=0.01 * eye,
        temperature=np.ones((1, 4)),
    )


def answered(found, embeddings, worth, seed=3):
    """`Seen` of one answer of a worth to each of the embeddings."""
    spread = np.sqrt(0.05 / worth + 0.01)
    noise = spread * np.random.default_rng(seed).standard_normal(embeddings.shape)
    return Seen(embeddings @ found.map.T + found.offset + noise, np.full(len(embeddings), worth), round(worth))


class SpaceTest(unittest.TestCase):
    def setUp(self):
        self.embeddings, self.model = drawings(), model()
        self.space = sampler.Space(self.model, self.embeddings)

    def test_coordinates_are_standard_and_lead_back(self):
        x = self.space.coordinates(torch.from_numpy(self.embeddings))
        np.testing.assert_allclose(x.mean(dim=0).numpy(), 0.0, atol=1e-4)
        np.testing.assert_allclose(np.cov(x.numpy().T), np.eye(DIM), atol=2e-2)
        np.testing.assert_allclose(self.space.embeddings(x).numpy(), self.embeddings, atol=1e-4)
        self.assertEqual(self.space.rank, RANK)

    def test_what_an_answer_tells_is_the_posterior_of_a_gaussian(self):
        worth, seen = 3.0, answered(self.model, self.embeddings[:5], 3.0)
        told = self.space.told(seen)
        axes, size = self.space.axes.double().numpy(), self.space.size.double().numpy()
        matrix = self.model.map @ (axes * size)
        noise = self.model.within / worth + self.model.between
        covariance = np.linalg.inv(np.eye(DIM) + matrix.T @ np.linalg.solve(noise, matrix))
        away = seen.mean - self.model.map @ self.space.mean.double().numpy() - self.model.offset
        mean = away @ np.linalg.solve(noise, matrix) @ covariance
        np.testing.assert_allclose(told.centre().numpy(), mean, atol=2e-3)
        precision, axes = self.space.precision(worth)
        found = torch.eye(DIM) - axes @ torch.diag(precision / (1.0 + precision)) @ axes.T
        np.testing.assert_allclose(found.numpy(), covariance, atol=2e-3)

    def test_answers_made_up_for_training_are_those_of_the_model(self):
        told = self.space.told(answered(self.model, self.embeddings, 3.0))
        x = self.space.coordinates(torch.from_numpy(self.embeddings))
        made = sampler_train.made_up(self.space, x, 3.0, torch.Generator().manual_seed(4))
        errors = [(t.along(x) - t.mean).var().item() * (1.0 + t.precision).mean().item() for t in (told, made)]
        self.assertAlmostEqual(errors[0], errors[1], delta=0.1)

    def test_a_flow_begins_as_the_gaussian_posterior(self):
        seen = answered(self.model, self.embeddings[:4], 10.0)
        told = self.space.told(seen).repeated(400)
        noise = torch.randn(len(told.mean), DIM, generator=torch.Generator().manual_seed(5))
        flow = sampler.Flow(DIM).eval()
        x = sampler.walked(flow, noise, told, steps=16)
        torch.testing.assert_close(x, sampler.walked(sampler.Gaussian(), noise, told, steps=16))
        along = told.along(x)
        np.testing.assert_allclose(along.reshape(4, 400, -1).mean(dim=1), told.mean[::400], atol=0.25)
        spread = (along - told.mean).var(dim=0) * (1.0 + told.precision[0])
        np.testing.assert_allclose(spread.numpy(), 1.0, atol=0.2)

    def test_draws_differ_by_seed_only_and_are_where_embeddings_are(self):
        seen, flow = answered(self.model, self.embeddings[:3], 3.0), sampler.Flow(DIM)
        first, again, other = (sampler.draws(self.space, flow, seen, 5, seed) for seed in (1, 1, 2))
        torch.testing.assert_close(first, again)
        self.assertEqual(first.shape, (3, 5, DIM))
        self.assertGreater((first - other).abs().max().item(), 0.01)
        np.testing.assert_allclose(first[..., :WHAT].norm(dim=-1), HALF, atol=1e-5)
        np.testing.assert_allclose(first[..., WHAT:].norm(dim=-1), HALF, atol=1e-5)

    def test_training_lowers_the_loss_of_drawings_in_two_clusters(self):
        x = torch.randn(1, DIM, generator=torch.Generator().manual_seed(1)).sign()

        def drawn(count, generator):
            return x * (2.0 * (torch.rand(count, 1, generator=generator) < 0.5) - 1.0)

        pool = types.SimpleNamespace(space=self.space, drawn=drawn)
        torch.manual_seed(1)
        flow = sampler.Flow(DIM, width=64)
        loss = sampler_train.loss_function(flow, pool)
        optimiser, losses = torch.optim.AdamW(flow.parameters(), 3e-3), []
        for step in range(80):
            found = loss(step, torch.Generator().manual_seed(step))
            optimiser.zero_grad()
            found.backward()
            optimiser.step()
            losses.append(found.item())
        self.assertLess(np.mean(losses[-10:]), 0.7 * np.mean(losses[:10]))


class BelievedTest(unittest.TestCase):
    def setUp(self):
        draw = np.random.default_rng(6)
        self.draws = draw.standard_normal((300, 39, 5))
        self.truth = draw.standard_normal((300, 5))

    def test_honest_draws_hold_the_truth_as_often_as_they_say(self):
        rank = sampler_judge.ranks(self.draws, self.truth, np.eye(5))
        for share in (0.5, 0.9):
            self.assertAlmostEqual(sampler_judge.coverage(rank, share).mean(), share, delta=0.04)
        self.assertLess(sampler_judge.unevenness(rank), 0.05)

    def test_draws_that_are_too_sure_do_not(self):
        rank = sampler_judge.ranks(0.3 * self.draws, self.truth, np.eye(5))
        self.assertLess(sampler_judge.coverage(rank, 0.9).mean(), 0.6)
        self.assertGreater(sampler_judge.unevenness(rank), 0.2)

    def test_agreement(self):
        line = np.eye(3)[None]
        near, alike, mean = sampler_judge.agreement(line, np.array([[1.0, 0.0, 0.0]]))
        np.testing.assert_allclose([near[0], alike[0], mean[0]], [1 / 3, 0.0, 1 / np.sqrt(3)], atol=1e-12)


class Eye:
    """A scorer that sees the mean colour."""

    def embed(self, images):
        return np.asarray(images).mean(axis=(2, 3))

    def layers(self, images):
        return [np.asarray(images).transpose(0, 2, 3, 1)]


class Graphs:
    """Paints a picture whose noise is the embedding; counts what it paints."""

    def __init__(self):
        self.painted = []

    def paint(self, embedding, seed):
        self.painted.append(seed)
        return np.random.default_rng(abs(int(1e4 * embedding[0]))).random((3, 16, 16)).astype(np.float32)


class PaintedTest(unittest.TestCase):
    def setUp(self):
        rows = drawings(12)
        self.table = torch.from_numpy(rows).float()
        gallery = types.SimpleNamespace(embeddings=rows)
        self.scene = Scene("told", "told", "forty", 12, 2, gallery, list(range(12)))
        picture = torch.arange(12).repeat_interleave(4)
        subject = 1301 + torch.arange(48) // 16
        found = model(20.0)
        trials = torch.from_numpy(answered(found, rows[picture], 1.0).mean)
        self.given = painted.questions(found, Answers(trials, picture, subject), 3, 12)
        sure = types.SimpleNamespace(embedding=lambda trials: trials.mean(dim=1).float())
        self.answers = painted.answered(self.scene, found, self.given, sure, {})
        truth = np.stack([Graphs().paint(row, []) for row in rows])
        self.jury = Jury(Eye(), range(12), truth, [str(row) for row in range(12)])

    def judged(self):
        paintings = Paintings(Graphs(), Eye(), self.table, {"told": self.jury})
        pictures = self.given.picture.tolist()
        lines = [line for lines in self.answers.values() for line in lines]
        paintings.judge([(one, "told", row) for line in lines for one, row in zip(line, pictures) if one])
        return paintings

    def test_questions_are_the_first_looks_of_each_picture(self):
        self.assertEqual(self.given.trials.shape, (12, 3, DIM))
        self.assertEqual(sorted(self.given.picture.tolist()), list(range(12)))
        self.assertEqual(self.given.k, 3)

    def test_a_picture_is_painted_once_however_many_questions_it_answers(self):
        paintings = self.judged()
        pictures = {one[1] for method in (BEST, DRAW, OWN) for line in self.answers[method] for one in line}
        of_memory = [seed for seed in paintings.graphs.painted if len(seed) == 2]
        self.assertEqual(sorted(seed[0] for seed in of_memory), sorted(pictures | set(range(12))))
        before = len(paintings.graphs.painted)
        paintings.judge([(self.answers[BEST][0][0], "told", int(self.given.picture[0]))])
        self.assertEqual(len(paintings.graphs.painted), before)

    def test_the_truth_itself_scores_best_and_rows_say_so(self):
        paintings = self.judged()
        rows, apart = painted_report.rows(paintings, self.scene, 3, self.given, self.answers)
        found = {row["method"]: row for row in rows}
        self.assertAlmostEqual(found[OWN]["scores"]["pixcorr"][0], 1.0, places=5)
        self.assertAlmostEqual(found[OWN]["scores"]["n_way"][0], 1.0)
        self.assertAlmostEqual(found[OWN]["energy"][0], 1.0)
        self.assertEqual(len(found[DRAW]["seeds"]["n_way"]), len(painted.SEEDS))
        self.assertGreater(found[BEST]["scores"]["n_way"][0], 0.8)
        self.assertEqual([found[method]["questions"] for method in (BEST, MEAN)], [12, 6])
        self.assertIn("told", painted_report.difference_line("told", apart[0]))

    def test_draws_come_as_often_as_their_probability_says(self):
        log_p = np.log(np.tile([0.7, 0.2, 0.1], (6000, 1)))
        shares = np.bincount(painted.drawn(log_p, [1]), minlength=3) / 6000
        np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.03)

    def test_the_most_typical_draw_is_the_one_amid_the_others(self):
        several = np.array([[[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]]], np.float32)
        np.testing.assert_array_equal(painted.typical(several), several[:, 2])


class VerdictTest(unittest.TestCase):
    def scene(self, ways, pixels=(0.0, -0.1, 0.1), covered=0.9):
        """A scene in which exact minus sampler is `ways` (value, low, high) at each k."""
        apart = [{"k": k, "first": DRAW, "second": SAMPLER, "scores": {"n_way": ways, "pixcorr": pixels}} for k in painted.KS]
        rows = [{"k": 10, "method": method, "energy": [1.0, 0.9, 1.1]} for method in (SAMPLER, OWN)]
        reliability = [{"method": SAMPLER, "covered": [0.5, covered]} for _ in painted.KS]
        return {"differences": apart, "rows": rows, "reliability": reliability}

    def test_the_rule(self):
        won = (-0.1, -0.15, -0.05)
        self.assertTrue(painted_report.verdict(self.scene(won))["ship"])
        for lost in (
            self.scene((-0.1, -0.25, 0.05)),
            self.scene((0.1, 0.05, 0.15)),
            self.scene(won, pixels=(0.1, 0.05, 0.15)),
            self.scene(won, covered=0.7),
        ):
            self.assertFalse(painted_report.verdict(lost)["ship"])


if __name__ == "__main__":
    unittest.main()
