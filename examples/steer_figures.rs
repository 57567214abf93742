//! Does steering reach a picture that is on no page? A simulated person who wants a drawing, against random choices.
//!
//! Takes the embeddings of a pack's remembered drawings, which steer, and how two other networks see the same drawings and
//! some that the pack never saw (`models/training/steer_views.py`). On every page the simulated person takes the picture that
//! their own eye (MobileNetV2) finds most like the wish, with probability .93, else any; the judge is a third network
//! (MobileNetV1). Controls on the same first page: persons who choose at random, and the same person whose pages are all
//! strangers. Wishes: remembered drawings that are not on the first page, and drawings of concepts that the pack never saw.
//! Everything was tuned on `--part dev`; `--part test` has other drawings and other concepts.
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
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;

/// Quantiles of random wearers that are printed, and the bar that a wish must pass.
const BAR: f64 = 0.95;

#[derive(Parser)]
#[command(about = "Measures how near a wish steering comes, against random choices")]
struct Options {
    /// Embeddings of the remembered drawings.
    #[arg(long, default_value = "models/demo/gallery/remembered.safetensors")]
    remembered: PathBuf,
    /// What other networks see.
    #[arg(long)]
    views: PathBuf,
    /// dev or test.
    #[arg(long, default_value = "dev")]
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
    /// Other than the default.
    #[arg(long)]
    sharpness: Option<f64>,
    /// Other than the default.
    #[arg(long)]
    closeness: Option<f64>,
}

/// Unit rows.
struct Table {
    values: Vec<f32>,
    columns: usize,
}

impl Table {
    fn read(file: &SafeTensors<'_>, name: &str) -> Result<Self, Box<dyn Error>> {
        let tensor = file.tensor(name)?;
        let [_, columns] = tensor.shape() else { return Err(format!("{name}: no table").into()) };
        let halves = tensor.data().as_chunks::<2>().0;
        let values = halves.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect();
        Ok(Self { values, columns: *columns })
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..][..self.columns]
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Cosines of all rows with this one.
    fn likeness(&self, wish: &[f32]) -> Vec<f64> {
        let dot = |row: usize| self.row(row).iter().zip(wish).map(|(a, b)| a * b).sum::<f32>();
        (0..self.rows()).map(|row| f64::from(dot(row))).collect()
    }
}

/// A wish, as cosines of every remembered drawing with it.
struct Wish {
    /// By what the person sees.
    eye: Vec<f64>,
    /// By the judges: network, and 8 × 8 colours.
    judges: [Vec<f64>; 2],
    /// Where it is itself a remembered drawing.
    row: Option<usize>,
}

/// The pages that were seen, and the row that was chosen last.
struct Walk {
    pages: Vec<Vec<usize>>,
    last: usize,
}

impl Walk {
    /// The most alike of all pages, by one judge.
    fn best(&self, judge: &[f64]) -> f64 {
        self.pages.iter().flatten().map(|row| judge[*row]).fold(-1.0, f64::max)
    }
}

/// Walks through pages; `wish` tells what the person looks for, else they choose at random.
fn walk(
    space: &Arc<Space>,
    options: &Options,
    settings: Settings,
    (seed, own): (u64, u64),
    wish: Option<&[f64]>,
) -> Result<Walk, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(own);
    let mut steering = Steering::with(space.clone(), seed, options.size, settings)?;
    let mut walk = Walk { pages: Vec::new(), last: 0 };
    for page in 0..options.pages {
        let shown = steering.page().to_vec();
        let meant = wish.filter(|_| rng.random_bool(options.right)).and_then(|eye| {
            (0..shown.len()).max_by(|a, b| eye[shown[*a]].total_cmp(&eye[shown[*b]]))
        });
        let chosen = meant.unwrap_or_else(|| rng.random_range(0..shown.len()));
        walk.last = shown[chosen];
        walk.pages.push(shown);
        if page + 1 < options.pages {
            steering.choose(chosen, options.right)?;
        }
    }
    Ok(walk)
}

/// Share of others below, ties half.
fn percentile(value: f64, others: &[f64]) -> f64 {
    let below = others.iter().filter(|other| **other < value).count() as f64;
    let same = others.iter().filter(|other| **other == value).count() as f64;
    (below + 0.5 * same) / others.len().max(1) as f64
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let all: Vec<f64> = values.collect();
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

fn quantile(values: &[f64], q: f64) -> f64 {
    phosphene::stats::percentile(values, 100.0 * q)
}

/// What came of one wish.
struct Outcome {
    aimed: Walk,
    strangers: Walk,
}

fn table(title: &str, wishes: &[Wish], outcomes: &[Outcome], random: &[Walk]) {
    println!("\n### {title} ({} wishes)\n", wishes.len());
    println!(
        "| judge | what | steered | first page alone | strangers only | random wearers, mean / 95 % | nearest of all | \
         nearer than 95 % of random wearers | place among random wearers, mean |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (number, judge) in ["network", "colours"].iter().enumerate() {
        for what in ["best seen", "chosen last"] {
            let score = |walk: &Walk, wish: &Wish| match what {
                "best seen" => walk.best(&wish.judges[number]),
                _ => wish.judges[number][walk.last],
            };
            let pairs = || wishes.iter().zip(outcomes);
            let others: Vec<Vec<f64>> = wishes
                .iter()
                .map(|wish| random.iter().map(|walk| score(walk, wish)).collect())
                .collect();
            let places: Vec<f64> = pairs()
                .zip(&others)
                .map(|((wish, outcome), others)| percentile(score(&outcome.aimed, wish), others))
                .collect();
            let first = |wish: &Wish, outcome: &Outcome| {
                outcome.aimed.pages[0]
                    .iter()
                    .map(|row| wish.judges[number][*row])
                    .fold(-1.0, f64::max)
            };
            let hits = places.iter().filter(|place| **place >= BAR).count();
            let [low, high] = phosphene::stats::wilson_interval(hits as u64, places.len() as u64);
            println!(
                "| {judge} | {what} | {:.3} | {:.3} | {:.3} | {:.3} / {:.3} | {:.3} | {hits} of {} [{low:.2}, {high:.2}] | {:.3} |",
                mean(pairs().map(|(wish, outcome)| score(&outcome.aimed, wish))),
                mean(pairs().map(|(wish, outcome)| first(wish, outcome))),
                mean(pairs().map(|(wish, outcome)| score(&outcome.strangers, wish))),
                mean(others.iter().map(|others| mean(others.iter().copied()))),
                mean(others.iter().map(|others| quantile(others, BAR))),
                mean(
                    wishes
                        .iter()
                        .map(|wish| wish.judges[number].iter().copied().fold(-1.0, f64::max))
                ),
                places.len(),
                mean(places.iter().copied()),
            );
        }
    }
    let ranks: Vec<f64> = wishes
        .iter()
        .zip(outcomes)
        .map(|(wish, outcome)| {
            let best = outcome.aimed.best(&wish.judges[0]);
            1.0 + wish.judges[0].iter().filter(|likeness| **likeness > best).count() as f64
        })
        .collect();
    println!(
        "\nRank of the best seen among all drawings (network): median {:.0}.",
        quantile(&ranks, 0.5)
    );
    let own = |walk: &Walk, wish: &Wish| {
        wish.row.is_some_and(|row| walk.pages.iter().flatten().any(|r| *r == row))
    };
    if wishes.iter().any(|wish| wish.row.is_some()) {
        let count = |of: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|o| of(o)).count();
        let _ = count;
        let steered = wishes.iter().zip(outcomes).filter(|(w, o)| own(&o.aimed, w)).count();
        let unsteered = wishes.iter().zip(outcomes).filter(|(w, o)| own(&o.strangers, w)).count();
        let chance = mean(
            wishes.iter().map(|w| mean(random.iter().map(|r| f64::from(u8::from(own(r, w)))))),
        );
        println!(
            "The wish itself came up: steered {steered} of {0}, strangers only {unsteered} of {0}, random wearers {chance:.3}.",
            wishes.len()
        );
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let bytes = std::fs::read(&options.remembered)?;
    let embeddings = Table::read(&SafeTensors::deserialize(&bytes)?, "embeddings")?;
    let space = Arc::new(Space::new(embeddings.values.clone(), embeddings.columns)?);
    let bytes = std::fs::read(&options.views)?;
    let file = SafeTensors::deserialize(&bytes)?;
    let [eye, network, colours] = ["eye", "judge", "layout"].map(|name| Table::read(&file, name));
    let (eye, network, colours) = (eye?, network?, colours?);
    let part = options.part.as_str();
    let own = |name: &str| Table::read(&file, &format!("{part}_{name}"));
    let (own_eye, own_network, own_colours) = (own("eye")?, own("judge")?, own("layout")?);

    let salt = if part == "test" { 7_001 } else { 1 };
    let defaults = Settings::default();
    let settings = Settings {
        sharpness: options.sharpness.unwrap_or(defaults.sharpness),
        closeness: options.closeness.unwrap_or(defaults.closeness),
        ..defaults
    };
    let alone = Settings { strangers: Some(options.size), ..settings };
    let first = Steering::with(space.clone(), salt, options.size, settings)?;
    let mut rng = ChaCha8Rng::seed_from_u64(salt);
    // Development wishes are even rows, test wishes odd ones.
    let odd = usize::from(part == "test");
    let mut rows: Vec<usize> =
        (0..space.rows()).filter(|row| row % 2 == odd && !first.page().contains(row)).collect();
    rows.shuffle(&mut rng);
    rows.truncate(options.wishes);
    let remembered: Vec<Wish> = rows
        .into_iter()
        .map(|row| Wish {
            eye: eye.likeness(eye.row(row)),
            judges: [network.likeness(network.row(row)), colours.likeness(colours.row(row))],
            row: Some(row),
        })
        .collect();
    let mut held: Vec<usize> = (0..own_eye.rows()).collect();
    held.shuffle(&mut rng);
    held.truncate(options.wishes);
    let unseen: Vec<Wish> = held
        .into_iter()
        .map(|row| Wish {
            eye: eye.likeness(own_eye.row(row)),
            judges: [
                network.likeness(own_network.row(row)),
                colours.likeness(own_colours.row(row)),
            ],
            row: None,
        })
        .collect();
    let random: Vec<Walk> = (0..options.random)
        .map(|wearer| walk(&space, &options, settings, (salt, 90_000 + salt + wearer as u64), None))
        .collect::<Result<_, _>>()?;
    println!(
        "SIMULATED wearer. {} drawings, pages of {}, {} pages, choice right {:.2}, {} random wearers, part {part}, \
         sharpness {}, closeness {}",
        space.rows(),
        options.size,
        options.pages,
        options.right,
        options.random,
        settings.sharpness,
        settings.closeness
    );
    for (title, wishes) in [
        ("A remembered drawing that is not on the first page", remembered),
        ("A drawing of a concept that the pack never saw", unseen),
    ] {
        let outcomes: Vec<Outcome> = wishes
            .iter()
            .enumerate()
            .map(|(number, wish)| {
                let seeds = (salt, salt + number as u64);
                let aimed = walk(&space, &options, settings, seeds, Some(&wish.eye))?;
                let strangers = walk(&space, &options, alone, seeds, Some(&wish.eye))?;
                Ok(Outcome { aimed, strangers })
            })
            .collect::<Result<_, Box<dyn Error>>>()?;
        table(title, &wishes, &outcomes, &random);
    }
    Ok(())
}
