//! Does steering reach a picture that is on no page? A simulated person who wants a drawing, against random choices.
//!
//! Takes the embeddings of a pack's remembered drawings, which steer, and how two other networks see the same drawings and
//! some that the pack never saw (`models/training/steer_views.py`). On every page the simulated person takes the picture that
//! their own eye (MobileNetV2) finds most like the wish, with a probability of .93, else any; in the end they keep the one
//! of their choices that they like best. The judge is a third network (MobileNetV1), beside it 8 × 8 colours. Controls on
//! the same first page: persons who choose at random, and the same person on pages of nothing but strangers. Wishes: remembered
//! drawings that are not on the first page, and drawings of concepts that the pack never saw. Everything was tuned on
//! `--part dev`; `--part test` has other drawings and other concepts.
//!
//! `cargo run --release --example steer_figures -- --views views.safetensors --part test`
//!
//! SIMULATED: no signal is in it. How often a choice is right is a number here, and likeness is what networks say.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use phosphene::find::path::Settings;
use phosphene::find::space::Space;
use phosphene::find::steer::Steering;
use phosphene::stats::{percentile, wilson_interval};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Share of random wearers that a wish must leave behind.
const BAR: f64 = 0.95;

/// Judges by their names in the file of views, and in the table.
const JUDGES: [(&str, &str); 2] = [("judge", "network"), ("layout", "colours")];

#[derive(Parser)]
#[command(about = "Measures how near to a wish steering comes, against random choices")]
struct Options {
    /// Embeddings of the remembered drawings.
    #[arg(long, default_value = "models/demo/gallery/remembered.safetensors")]
    remembered: PathBuf,
    /// What other networks see.
    #[arg(long)]
    views: PathBuf,
    /// Wishes to tune on, or to score once.
    #[arg(long, default_value = "dev", value_parser = ["dev", "test"])]
    part: String,
    /// Wishes of each kind.
    #[arg(long, default_value_t = 20)]
    wishes: usize,
    /// Random wearers.
    #[arg(long, default_value_t = 100)]
    random: usize,
    /// Pages.
    #[arg(long, default_value_t = 6)]
    pages: usize,
    /// Pictures of a page.
    #[arg(long, default_value_t = 40)]
    size: usize,
    /// Probability that the choice is the one that was meant.
    #[arg(long, default_value_t = 0.93)]
    right: f64,
}

impl Options {
    /// Development and test share no seed.
    fn seed(&self) -> u64 {
        if self.is_test() { 7_002 } else { 1 }
    }

    fn is_test(&self) -> bool {
        self.part == "test"
    }
}

/// Unit rows.
struct Table {
    values: Vec<f32>,
    columns: usize,
}

impl Table {
    fn read(file: &SafeTensors<'_>, name: &str) -> Fallible<Self> {
        let tensor = file.tensor(name)?;
        let [_, columns] = tensor.shape() else { return Err(format!("{name}: no table").into()) };
        let halves = tensor.data().as_chunks().0;
        let values = halves.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect();
        Ok(Self { values, columns: *columns })
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..][..self.columns]
    }

    /// Cosines of all rows with this one.
    fn likeness(&self, wish: &[f32]) -> Vec<f64> {
        let dot = |row: usize| self.row(row).iter().zip(wish).map(|(a, b)| a * b).sum::<f32>();
        (0..self.rows()).map(|row| f64::from(dot(row))).collect()
    }
}

/// What others see in the same pictures.
struct Views {
    eye: Table,
    judges: [Table; JUDGES.len()],
}

impl Views {
    /// Those whose names begin so.
    fn read(file: &SafeTensors<'_>, prefix: &str) -> Fallible<Self> {
        let [first, second] = JUDGES.map(|(name, _)| Table::read(file, &format!("{prefix}{name}")));
        Ok(Self { eye: Table::read(file, &format!("{prefix}eye"))?, judges: [first?, second?] })
    }

    /// All drawings seen by somebody who wants this row of `others`.
    fn wish(&self, others: &Self, row: usize, own: Option<usize>) -> Wish {
        let by = |judge: usize| self.judges[judge].likeness(others.judges[judge].row(row));
        Wish { eye: self.eye.likeness(others.eye.row(row)), judges: [by(0), by(1)], row: own }
    }
}

/// A wish, as cosines of every remembered drawing with it.
struct Wish {
    eye: Vec<f64>,
    judges: [Vec<f64>; JUDGES.len()],
    /// Where it is itself a remembered drawing.
    row: Option<usize>,
}

/// The pages that were seen, and the picture that was kept.
struct Walk {
    pages: Vec<Vec<usize>>,
    kept: usize,
}

impl Walk {
    /// Of random choices when there is no wish.
    fn new(
        bench: &Bench,
        settings: Settings,
        own_seed: u64,
        wish: Option<&[f64]>,
    ) -> Fallible<Self> {
        let options = &bench.options;
        let mut rng = ChaCha8Rng::seed_from_u64(own_seed);
        let mut steering =
            Steering::with(bench.space.clone(), options.seed(), options.size, settings)?;
        let (mut pages, mut choices) = (Vec::new(), Vec::new());
        for page in 0..options.pages {
            let shown = steering.page().to_vec();
            let aimed = wish.filter(|_| rng.random_bool(options.right));
            let meant = aimed.and_then(|eye| {
                (0..shown.len()).max_by(|a, b| eye[shown[*a]].total_cmp(&eye[shown[*b]]))
            });
            let chosen = meant.unwrap_or_else(|| rng.random_range(0..shown.len()));
            choices.push(shown[chosen]);
            pages.push(shown);
            if page + 1 < options.pages {
                steering.choose(chosen, options.right)?;
            }
        }
        let liked = |row: &usize| wish.map_or(0.0, |eye| eye[*row]);
        let kept = choices.into_iter().max_by(|a, b| liked(a).total_cmp(&liked(b)));
        Ok(Self { pages, kept: kept.ok_or("no page")? })
    }

    fn saw(&self, row: usize) -> bool {
        self.pages.iter().flatten().any(|seen| *seen == row)
    }
}

/// What is asked of a walk.
#[derive(Clone, Copy)]
enum Asked {
    /// The picture kept in the end.
    Kept,
    /// The best of the last page.
    LastPage,
    /// The best of all pages.
    Seen,
}

impl Asked {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Kept, "kept"),
        (Self::LastPage, "best of the last page"),
        (Self::Seen, "best of all pages"),
    ];

    fn of(self, walk: &Walk, judge: &[f64]) -> f64 {
        let best = |pages: &[Vec<usize>]| {
            pages.iter().flatten().map(|row| judge[*row]).fold(f64::NEG_INFINITY, f64::max)
        };
        match self {
            Self::Kept => judge[walk.kept],
            Self::LastPage => best(&walk.pages[walk.pages.len() - 1..]),
            Self::Seen => best(&walk.pages),
        }
    }
}

/// One wish with what came of it.
struct Outcome {
    wish: Wish,
    steered: Walk,
    strangers: Walk,
}

struct Bench {
    options: Options,
    space: Arc<Space>,
}

impl Bench {
    fn random(&self) -> Fallible<Vec<Walk>> {
        let own = |wearer: usize| 90_000 + self.options.seed() + wearer as u64;
        let wearers = 0..self.options.random;
        wearers.map(|wearer| Walk::new(self, Settings::default(), own(wearer), None)).collect()
    }

    fn outcomes(&self, wishes: Vec<Wish>) -> Fallible<Vec<Outcome>> {
        let alone = Settings { strangers: Some(self.options.size), ..Settings::default() };
        let walked = |(number, wish): (usize, Wish)| -> Fallible<Outcome> {
            let (seed, eye) = (self.options.seed() + number as u64, Some(wish.eye.as_slice()));
            let steered = Walk::new(self, Settings::default(), seed, eye)?;
            let strangers = Walk::new(self, alone, seed, eye)?;
            Ok(Outcome { wish, steered, strangers })
        };
        wishes.into_iter().enumerate().map(walked).collect()
    }

    /// Rows drawn from these.
    fn drawn(&self, mut rows: Vec<usize>, salt: u64) -> Vec<usize> {
        rows.shuffle(&mut ChaCha8Rng::seed_from_u64(self.options.seed() + salt));
        rows.truncate(self.options.wishes);
        rows
    }

    /// Remembered drawings that are not on the first page: of even rows for development, of odd ones for the test.
    fn remembered(&self) -> Fallible<Vec<usize>> {
        let first = Steering::new(self.space.clone(), self.options.seed(), self.options.size)?;
        let odd = usize::from(self.options.is_test());
        let hidden = |row: &usize| row % 2 == odd && !first.page().contains(row);
        Ok(self.drawn((0..self.space.rows()).filter(hidden).collect(), 10_000))
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// Share of others below, ties half.
fn place(value: f64, others: &[f64]) -> f64 {
    mean(others.iter().map(|other| match other.total_cmp(&value) {
        std::cmp::Ordering::Less => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 0.0,
    }))
}

/// A row of the table: one judge, one thing asked.
fn row(outcomes: &[Outcome], random: &[Walk], judge: usize, asked: Asked) -> String {
    let score = |outcome: &Outcome, walk| asked.of(walk, &outcome.wish.judges[judge]);
    let others: Vec<Vec<f64>> =
        outcomes.iter().map(|o| random.iter().map(|walk| score(o, walk)).collect()).collect();
    let places: Vec<f64> = outcomes
        .iter()
        .zip(&others)
        .map(|(o, others)| place(score(o, &o.steered), others))
        .collect();
    let alone: Vec<f64> = outcomes
        .iter()
        .zip(&others)
        .map(|(o, others)| place(score(o, &o.strangers), others))
        .collect();
    let passed = places.iter().filter(|place| **place >= BAR).count();
    let [low, high] = wilson_interval(passed as u64, places.len() as u64);
    let nearest =
        |o: &Outcome| o.wish.judges[judge].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!(
        "{:.3} | {:.3} | {:.3} / {:.3} | {:.3} | {:.3} | {:.3} | {passed} of {} [{low:.2}, {high:.2}]",
        mean(outcomes.iter().map(|o| score(o, &o.steered))),
        mean(outcomes.iter().map(|o| score(o, &o.strangers))),
        mean(others.iter().map(|others| mean(others.iter().copied()))),
        mean(others.iter().map(|others| percentile(others, 100.0 * BAR))),
        mean(outcomes.iter().map(nearest)),
        mean(places.iter().copied()),
        mean(alone.iter().copied()),
        places.len()
    )
}

fn print(title: &str, outcomes: &[Outcome], random: &[Walk]) {
    println!("\n### {title} ({} wishes)\n", outcomes.len());
    println!(
        "| judge | cosine to the wish of | steered | strangers only | random wearers: mean / their 95 % | nearest of all \
         drawings | place among random wearers | of strangers only | wishes nearer than 95 % of random wearers |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (judge, (_, name)) in JUDGES.iter().enumerate() {
        for (asked, what) in Asked::ALL {
            println!("| {name} | {what} | {} |", row(outcomes, random, judge, asked));
        }
    }
    let rank = |o: &Outcome| {
        let best = Asked::LastPage.of(&o.steered, &o.wish.judges[0]);
        1.0 + o.wish.judges[0].iter().filter(|likeness| **likeness > best).count() as f64
    };
    let ranks: Vec<f64> = outcomes.iter().map(rank).collect();
    println!(
        "\nRank of the last page's best among all drawings, by the network: median {:.0}.",
        percentile(&ranks, 50.0)
    );
    let own = |of: fn(&Outcome) -> &Walk| {
        outcomes.iter().filter(|o| o.wish.row.is_some_and(|row| of(o).saw(row))).count()
    };
    if outcomes.iter().any(|o| o.wish.row.is_some()) {
        let by_chance = outcomes
            .iter()
            .filter_map(|o| o.wish.row)
            .map(|row| mean(random.iter().map(|walk| f64::from(u8::from(walk.saw(row))))));
        println!(
            "The wish itself came up: steered {}, strangers only {}, random wearers {:.2}, of {}.",
            own(|o| &o.steered),
            own(|o| &o.strangers),
            by_chance.sum::<f64>(),
            outcomes.len()
        );
    }
}

fn main() -> Fallible<()> {
    let options = Options::parse();
    let (remembered, seen) = (std::fs::read(&options.remembered)?, std::fs::read(&options.views)?);
    let table = Table::read(&SafeTensors::deserialize(&remembered)?, "embeddings")?;
    let seen = SafeTensors::deserialize(&seen)?;
    let drawings = Views::read(&seen, "")?;
    let unseen = Views::read(&seen, &format!("{}_", options.part))?;
    let bench = Bench { space: Arc::new(Space::new(table.values, table.columns)?), options };
    let random = bench.random()?;
    let Options { size, pages, right, part, .. } = &bench.options;
    println!(
        "SIMULATED. {} drawings, {pages} pages of {size}, choices right in {right:.2}, {} random wearers, part {part}, {:?}",
        bench.space.rows(),
        random.len(),
        Settings::default()
    );
    let wishes =
        bench.remembered()?.into_iter().map(|row| drawings.wish(&drawings, row, Some(row)));
    let outcomes = bench.outcomes(wishes.collect())?;
    print("A remembered drawing that is not on the first page", &outcomes, &random);
    let rows = bench.drawn((0..unseen.eye.rows()).collect(), 20_000);
    let wishes = rows.into_iter().map(|row| drawings.wish(&unseen, row, None));
    let outcomes = bench.outcomes(wishes.collect())?;
    print("A drawing of a concept that the pack never saw", &outcomes, &random);
    Ok(())
}
