//! At which temperatures do personal encoders mean what they say, by number of trials? For the law in
//! `src/study/fit/answers/law.rs`.
//!
//! Takes pairs of a personal encoder, with its answer model beside it, and a recording of the same wearer that it was not
//! fitted to, in which each picture comes many times in a row. For every number of trials k it averages k trials that
//! follow one another and prints, over all wearers: how often the best guess is right, the mean probability that is said,
//! the expected calibration error and how many are decided and wrong, all at temperature one and at the one at which
//! the shown picture surprises least; the same for the remembered drawings.
//!
//! `cargo run --release --example answer_law -- PACK ENCODER RECORDING [ENCODER RECORDING]…`

use std::error::Error;
use std::path::PathBuf;

use phosphene::decode::Pack;
use phosphene::decode::inference::gallery::Gallery;
use phosphene::decode::inference::looks::DECIDED;
use phosphene::decode::inference::model::{Model, Sum};
use phosphene::decode::inference::posterior::{Belief, Candidates};
use phosphene::decode::session::Runtime;
use phosphene::native;
use phosphene::pack::answers::Answers;
use phosphene::pack::remembered::Remembered;
use phosphene::study::trials::sessions::{Sessions, load};

/// Numbers of trials.
const KS: [usize; 8] = [1, 2, 3, 5, 10, 20, 40, 80];

/// Temperatures tried: so many to an octave, from half to four.
const STEPS_PER_OCTAVE: i32 = 8;
const STEPS: i32 = 24;

/// Most means of a wearer that are judged among the remembered drawings.
const MOST_REMEMBERED: usize = 60;

const BINS: usize = 10;

fn temperature(step: i32) -> f64 {
    0.5 * (f64::from(step) / f64::from(STEPS_PER_OCTAVE)).exp2()
}

/// What was found at one temperature.
#[derive(Clone, Default)]
struct At {
    surprise: f64,
    hits: usize,
    decided: usize,
    wrong: usize,
    /// Count, hits, said.
    bins: [(usize, usize, f64); BINS],
}

impl At {
    fn add(&mut self, scores: &[f64], truth: usize, temperature: f64) {
        let belief = Belief::of(scores, temperature);
        let best = belief.best(1)[0];
        let (said, hit) = (belief.probability(best), usize::from(best == truth));
        self.surprise -= belief.log_posterior[truth];
        self.hits += hit;
        if said >= DECIDED {
            self.decided += 1;
            self.wrong += 1 - hit;
        }
        let bin = &mut self.bins[((said * BINS as f64) as usize).min(BINS - 1)];
        *bin = (bin.0 + 1, bin.1 + hit, bin.2 + said);
    }

    fn line(&self) -> String {
        let count = self.bins.iter().map(|bin| bin.0).sum::<usize>().max(1) as f64;
        let apart = self.bins.iter().map(|bin| (bin.1 as f64 - bin.2).abs()).sum::<f64>() / count;
        let said = self.bins.iter().map(|bin| bin.2).sum::<f64>() / count;
        let (decided, wrong) = (self.decided as f64, self.wrong as f64);
        format!(
            "top-1 {:.3}, said {said:.3}, calibration error {apart:.3}, decided {:.3}, wrong of them {:.3}",
            self.hits as f64 / count,
            decided / count,
            wrong / decided.max(1.0)
        )
    }
}

/// By k and step of temperature.
type Tables = Vec<Vec<At>>;

fn tables() -> Tables {
    vec![vec![At::default(); STEPS as usize + 1]; KS.len()]
}

struct Wearer {
    model: Model,
    told: Candidates,
    remembered: Option<Candidates>,
    /// Row among the remembered of each told one.
    rows: Vec<Option<usize>>,
}

impl Wearer {
    fn new(pack: &Pack) -> Result<Self, Box<dyn Error>> {
        let answers = Answers::load(pack)?.ok_or("the encoder has no answer model")?;
        let model = Model::new(&answers, "answers")?;
        let gallery = Gallery::load(pack)?;
        let embeddings: Vec<f32> =
            (0..gallery.len()).flat_map(|row| gallery.embedding(row).to_vec()).collect();
        let remembered = Remembered::load(pack)?;
        let rows = (0..gallery.len())
            .map(|row| row_like(&remembered.as_ref()?.embeddings, gallery.embedding(row)))
            .collect();
        let told = Candidates::new(&model, &embeddings);
        let remembered = remembered.map(|all| Candidates::new(&model, &all.embeddings));
        Ok(Self { model, told, remembered, rows })
    }

    fn judge(&self, sessions: &Sessions, gallery: &Gallery, told: &mut Tables, wider: &mut Tables) {
        let trials = &sessions.trials;
        let row_of =
            |picture: usize| gallery.row_of(&sessions.pictures.ids[picture]).map(usize::from);
        let turned: Vec<Vec<f64>> = (0..trials.len())
            .map(|i| {
                let answer: Vec<f32> =
                    (0..self.model.dim()).map(|j| trials.zero_shot[(i, j)] as f32).collect();
                self.model.turned(&answer)
            })
            .collect();
        for (place, k) in KS.into_iter().enumerate() {
            let (mut begin, mut judged) = (0, 0);
            while begin + k <= trials.len() {
                let picture = trials.about[begin].picture;
                let same = (begin..begin + k).take_while(|i| trials.about[*i].picture == picture);
                let length = same.count();
                if length == k
                    && let Some(row) = row_of(picture)
                {
                    let mut sum = Sum::new(self.model.dim());
                    turned[begin..begin + k].iter().for_each(|each| sum.add(each, 1.0));
                    self.put(&sum, row, (&mut told[place], &mut wider[place]), judged);
                    judged += 1;
                }
                begin += length;
            }
        }
    }

    fn put(&self, sum: &Sum, row: usize, into: (&mut [At], &mut [At]), judged: usize) {
        let mut scores = Vec::new();
        self.told.log_likelihoods(&self.model, sum, &mut scores);
        for (step, at) in (0..).zip(into.0.iter_mut()) {
            at.add(&scores, row, temperature(step));
        }
        let (Some(remembered), Some(row)) = (&self.remembered, self.rows[row]) else { return };
        if judged < MOST_REMEMBERED {
            remembered.log_likelihoods(&self.model, sum, &mut scores);
            for (step, at) in (0..).zip(into.1.iter_mut()) {
                at.add(&scores, row, temperature(step));
            }
        }
    }
}

/// The row of the same picture, up to half precision.
fn row_like(embeddings: &[f32], embedding: &[f32]) -> Option<usize> {
    let cosine = |row: &[f32]| row.iter().zip(embedding).map(|(a, b)| a * b).sum::<f32>();
    embeddings.chunks_exact(embedding.len()).position(|row| cosine(row) > 0.999)
}

fn print(name: &str, tables: &Tables) {
    for (k, steps) in KS.iter().zip(tables) {
        let count = steps[0].bins.iter().map(|bin| bin.0).sum::<usize>();
        let best = (0..=STEPS as usize)
            .min_by(|a, b| steps[*a].surprise.total_cmp(&steps[*b].surprise))
            .unwrap_or_default();
        let one = STEPS_PER_OCTAVE as usize;
        let share = |at: &At| at.surprise / count.max(1) as f64;
        println!(
            "{name} k = {k}, {count} means: T = 1: surprise {:.3}, {}\n    T = {:.2}: surprise {:.3}, {}",
            share(&steps[one]),
            steps[one].line(),
            temperature(best as i32),
            share(&steps[best]),
            steps[best].line()
        );
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, pairs @ ..] = arguments.as_slice() else {
        return Err("usage: answer_law PACK ENCODER RECORDING [ENCODER RECORDING]…".into());
    };
    let runtime = Runtime::load(&native::onnx_runtime()?, 1)?;
    let (mut told, mut remembered) = (tables(), tables());
    for pair in pairs.chunks_exact(2) {
        let pack = Pack::open(folder)?.with_encoder(&pair[0])?;
        let wearer = Wearer::new(&pack)?;
        let gallery = Gallery::load(&pack)?;
        let sessions = load(&pair[1..], &pack, &runtime, |_, _, _| {})?;
        wearer.judge(&sessions, &gallery, &mut told, &mut remembered);
    }
    print("told", &told);
    print("remembered", &remembered);
    Ok(())
}
