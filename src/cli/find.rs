//! `phosphene find`: the picture that one looks for, found by attention.
//!
//! In the window somebody sits before the screen. With `--headless` the virtual person sees a virtual display, as in `calibrate`.
//! Recordings are learnt from and judged without either.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressStyle};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::find::rehearsal::Rehearsal;
use crate::find::wearer::Learnt;
use crate::find::{Finder, StopRule, Wearer};
#[cfg(feature = "window")]
use crate::pipeline::RunConfig;
use crate::present::flashes::FlashPace;
use crate::signal::flash::MAX_PAGE;
use crate::signal::{Screen, StimulusSet};
use crate::source::file::{FileSource, Speed};
use crate::source::mounted::MountedSource;
use crate::source::presented::PresentedSource;
use crate::source::{Source, SourceSpec, make};
use crate::study::error::PersonalError;
use crate::study::files::write_new;
use crate::study::find::judged::{self, Judged};
use crate::study::find::{CopyFlashes, FlashWindows, Held, HeldPage};

use super::failure::Failure;
use super::montage::mounting;
use super::terminal::{on_interrupt, print_json};

const EXAMPLES: &str = "\
Examples:
  phosphene find                                               the window, on the simulated headset
  phosphene find --source lsl:type=EEG                         the same before a headset
  phosphene find --headless --source sim:attention=0.9,speed=max --pages 20 --json
  phosphene find --headless --source sim:seeks=nobody,speed=max --wearer anna.json --free
  phosphene find session.xdf --learn anna.json                 learn from copy pages that were recorded
  phosphene find session.xdf --wearer anna.json --json         decide the pages of a recording again

A page of pictures lights up in groups; the picture that one looks for evokes a larger response. This is another way to a
picture than reconstruction: it finds what one attends to on the page, not what one sees or thinks.
Flashing pictures can cause seizures in people with photosensitive epilepsy.";

/// Screen: flashes and markers between two steps, with room to spare.
const SCREEN_CAPACITY: usize = 4096;

/// Arguments of `find`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Recordings with flashes, in place of a source
    #[arg(value_name = "RECORDING")]
    pub recordings: Vec<PathBuf>,
    /// Where the signal comes from: sim[:…], lsl:…, brainflow:…
    #[arg(long, short, value_name = "SOURCE", default_value = "sim")]
    pub source: String,
    /// Which electrodes the channels are: a preset (see `phosphene montages`), pairs as in Ch1=Fp1,Ch2=Fp2, a TOML file, or
    /// label for the device's own labels alone [default: what is saved for the device, else its labels]
    #[arg(long, value_name = "PRESET|PAIRS|FILE|label")]
    pub montage: Option<String>,
    /// Who was learnt before; without it copy pages come first
    #[arg(long, value_name = "FILE.json")]
    pub wearer: Option<PathBuf>,
    /// Write here who was learnt; must not exist
    #[arg(long, value_name = "FILE.json", conflicts_with = "wearer")]
    pub learn: Option<PathBuf>,
    /// Copy pages to learn from
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub copy_pages: usize,
    /// Repetitions of a copy page
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub copy_repetitions: usize,
    /// Pages to search
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub pages: usize,
    /// Let the wearer choose; else pages say what to look for, so that it is known what is right
    #[arg(long)]
    pub free: bool,
    /// Pictures of a page
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub of: usize,
    /// Probability from which a picture is found
    #[arg(long, value_name = "P", default_value_t = 0.95)]
    pub bound: f64,
    /// Most repetitions of a page
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub repetitions: usize,
    /// Milliseconds from flash to flash
    #[arg(long, value_name = "MS", default_value_t = 175.0)]
    pub soa: f64,
    /// Record signal and markers into this XDF file, which must not exist
    #[arg(long, value_name = "FILE.xdf")]
    pub record: Option<PathBuf>,
    /// Seed of pages and of what is to be looked for
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Without a window: the virtual person before a virtual display
    #[arg(long)]
    pub headless: bool,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    simulated: bool,
    source: &'a str,
    pace: Option<FlashPace>,
    rule: StopRule,
    learnt: &'a Learnt,
    rehearsal: &'a Rehearsal,
    judged: Option<&'a Judged>,
    pages: &'a [HeldPage],
}

/// Runs `find`.
///
/// # Errors
/// Exit code 2 for arguments that make no sense, 3 for a source that fails, 4 for a wearer's file that is refused, 5 where
/// something cannot be written, 6 for recordings that cannot be used.
pub fn run(args: &Args) -> Result<(), Failure> {
    let rule = check(args)?;
    if !args.recordings.is_empty() {
        return of_recordings(args, rule);
    }
    if !args.headless {
        return window(args);
    }
    headless(args, rule)
}

#[cfg(feature = "window")]
fn window(args: &Args) -> Result<(), Failure> {
    if args.json || args.record.is_some() || args.learn.is_some() || args.wearer.is_some() {
        let why = "--json, --record, --learn and --wearer go with --headless or recordings; the window keeps its own";
        return Err(Failure::usage(why));
    }
    let spec = args.source.parse().map_err(|e| Failure::usage(format!("{e}")))?;
    let montage = mounting(args.montage.as_deref())?;
    let pack = super::sessions::pack_folder(None).ok();
    super::window::run_find(RunConfig { spec, montage, pack, ..RunConfig::default() })
}

#[cfg(not(feature = "window"))]
fn window(_args: &Args) -> Result<(), Failure> {
    Err(Failure::usage("this program was built without a window: give --headless or recordings"))
}

fn check(args: &Args) -> Result<StopRule, Failure> {
    let within = |what: &str, value: f64, least: f64, most: f64| {
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(Failure::usage(format!("{what} is {value}; {least} to {most} is possible")))
        }
    };
    within("--of", args.of as f64, 10.0, MAX_PAGE as f64)?;
    within("--soa", args.soa, 80.0, 1000.0)?;
    within("--copy-pages", args.copy_pages as f64, 3.0, 100.0)?;
    within("--copy-repetitions", args.copy_repetitions as f64, 1.0, 50.0)?;
    within("--pages", args.pages as f64, 0.0, 10_000.0)?;
    within("--repetitions", args.repetitions as f64, 1.0, 100.0)?;
    let rule = StopRule {
        bound: args.bound,
        most_repetitions: args.repetitions as f64,
        ..StopRule::default()
    };
    rule.check().map_err(|why| Failure::usage(why.to_string()))?;
    Ok(rule)
}

/// Reads who was learnt.
///
/// # Errors
/// Exit code 4.
pub fn read_wearer(path: &Path) -> Result<Wearer, Failure> {
    let failed = |why: String| Failure::pack(format!("{why}: {}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|why| failed(why.to_string()))?;
    Wearer::from_json(&text).map_err(|why| failed(why.to_string()))
}

fn write_wearer(path: &Path, wearer: &Wearer) -> Result<(), Failure> {
    let text = wearer.to_json().map_err(|why| Failure::unexpected(why.to_string()))?;
    write_new(path, text.as_bytes()).map_err(Failure::from)
}

fn of_recordings(args: &Args, rule: StopRule) -> Result<(), Failure> {
    let interrupted = on_interrupt()?;
    let mounting = mounting(args.montage.as_deref())?;
    let open = |path: &Path| -> Box<dyn Source> {
        let file = FileSource::new(path.to_owned()).with_speed(Speed::Max);
        Box::new(MountedSource::new(Box::new(file), mounting.clone()))
    };
    let Some(path) = &args.wearer else {
        let (mut flashes, mut first) = (CopyFlashes::default(), None);
        for path in &args.recordings {
            let input = first.as_ref().map(|(_, input)| input);
            let name = path.display().to_string();
            let read = flashes.read(&name, open(path), input, &interrupted)?;
            first.get_or_insert(read);
        }
        let (info, input) = first.ok_or_else(|| Failure::usage("no recording was given"))?;
        let wearer = flashes.learn(input, &info, args.of, &rule)?;
        return conclude(args, rule, &wearer, None, &[]);
    };
    let wearer = read_wearer(path)?;
    let mut finder = Finder::new(&wearer.law, rule, args.of, args.seed)
        .map_err(|why| Failure::pack(why.to_string()))?;
    let mut pages = Vec::new();
    for path in &args.recordings {
        pages.extend(judged::replayed(open(path), &wearer, &mut finder, &interrupted)?);
    }
    let judged = judged::judge(args.of, &pages, finder.view());
    conclude(args, rule, &wearer, Some(&judged), &pages)
}

fn headless(args: &Args, rule: StopRule) -> Result<(), Failure> {
    let spec: SourceSpec = args.source.parse().map_err(|e| Failure::usage(format!("{e}")))?;
    let spec = hurried(spec).ok_or_else(|| {
        Failure::usage(
            "--headless needs the virtual person (sim:…): nobody else sees a virtual display. Leave it away for the window",
        )
    })?;
    let interrupted = on_interrupt()?;
    let known = args.wearer.as_deref().map(read_wearer).transpose()?;
    let screen = Arc::new(Screen::new(SCREEN_CAPACITY));
    let source = make::seeing(&spec, &screen, &StimulusSet::bundled_or_none())
        .map_err(|error| Failure { code: error.exit_code(), message: error.to_string() })?;
    let mounted = MountedSource::new(source, mounting(args.montage.as_deref())?);
    let presented = Box::new(PresentedSource::new(Box::new(mounted), screen.clone()));
    let mut windows = FlashWindows::open(presented, known.as_ref().map(|wearer| &wearer.input))?;
    if let Some(path) = &args.record {
        windows = windows.recorded(path)?;
    }
    let pace = FlashPace { soa_secs: args.soa / 1000.0, ..FlashPace::default() };
    let mut held = Held::new(windows, screen, pace, args.seed);
    let bar = progress(args.pages + known.as_ref().map_or(args.copy_pages, |_| 0));
    let mut pages = Pages { args, rule, rng: ChaCha8Rng::seed_from_u64(args.seed) };
    let stop = || interrupted.load(Ordering::Relaxed);
    let wearer = match known {
        Some(wearer) => wearer,
        None => pages.learn(&mut held, &bar, &stop)?,
    };
    let (found, judged) = pages.search(&mut held, &wearer, &bar, &stop)?;
    bar.finish_and_clear();
    held.close()?;
    conclude(args, rule, &wearer, judged.as_ref(), &found)
}

/// The virtual person, as fast as can be unless a speed is asked for; nothing for any other source. Behind faults the signal is
/// made ahead of what is shown.
fn hurried(spec: SourceSpec) -> Option<SourceSpec> {
    match spec {
        SourceSpec::Sim(mut parameters) => {
            parameters.entry("speed".into()).or_insert_with(|| "max".into());
            Some(SourceSpec::Sim(parameters))
        }
        _ => None,
    }
}

/// Pages held one after another.
struct Pages<'a> {
    args: &'a Args,
    rule: StopRule,
    rng: ChaCha8Rng,
}

impl Pages<'_> {
    fn learn(
        &mut self,
        held: &mut Held,
        bar: &ProgressBar,
        stop: &dyn Fn() -> bool,
    ) -> Result<Wearer, Failure> {
        let Args { copy_pages, copy_repetitions, of, .. } = *self.args;
        let mut order: Vec<usize> = (0..of).collect();
        order.shuffle(&mut self.rng);
        let mut flashes = CopyFlashes::default();
        for i in 0..copy_pages {
            let sought = u8::try_from(order[i % of]).ok();
            let whole = held.page(&rows(of), sought, copy_repetitions, &mut |window| {
                flashes.take(window);
                false
            })?;
            bar.inc(1);
            if !whole || stop() {
                return Err(ended());
            }
        }
        flashes.ends(&self.args.source);
        let (input, info) = (held.windows().input().clone(), held.windows().info().clone());
        Ok(flashes.learn(input, &info, of, &self.rule)?)
    }

    fn search(
        &mut self,
        held: &mut Held,
        wearer: &Wearer,
        bar: &ProgressBar,
        stop: &dyn Fn() -> bool,
    ) -> Result<(Vec<HeldPage>, Option<Judged>), Failure> {
        let Args { pages, of, free, repetitions, seed, .. } = *self.args;
        let mut finder = Finder::new(&wearer.law, self.rule, of, seed)
            .map_err(|why| Failure::pack(why.to_string()))?;
        let mut found = Vec::with_capacity(pages);
        for _ in 0..pages {
            let sought = (!free).then(|| self.rng.random_range(0..of) as u8);
            let began_secs = held.windows().reached_secs().max(0.0);
            let whole = held.page(&rows(of), sought, repetitions + 1, &mut |window| {
                wearer.scored(window).is_some_and(|scored| finder.take(&scored).verdict.is_over())
            })?;
            finder.end_page();
            let secs_with_pauses = held.windows().reached_secs() - began_secs;
            found.push(HeldPage { secs_with_pauses, ..HeldPage::of(finder.view()) });
            bar.inc(1);
            if !whole || stop() {
                break;
            }
        }
        let judged = (!found.is_empty()).then(|| judged::judge(of, &found, finder.view()));
        Ok((found, judged))
    }
}

/// The first pictures of the set.
fn rows(of: usize) -> Vec<usize> {
    (0..of).collect()
}

fn ended() -> Failure {
    PersonalError::Sessions(
        "the session ended before the copy pages did; nothing was learnt".into(),
    )
    .into()
}

fn conclude(
    args: &Args,
    rule: StopRule,
    wearer: &Wearer,
    judged: Option<&Judged>,
    pages: &[HeldPage],
) -> Result<(), Failure> {
    if let Some(path) = &args.learn {
        write_wearer(path, wearer)?;
    }
    let pace = args
        .recordings
        .is_empty()
        .then(|| FlashPace { soa_secs: args.soa / 1000.0, ..FlashPace::default() });
    if args.json {
        return print_json(&Document {
            schema: 1,
            simulated: wearer.simulated,
            source: &wearer.source,
            pace,
            rule,
            learnt: &wearer.learnt,
            rehearsal: &wearer.rehearsal,
            judged,
            pages,
        });
    }
    print!("{}", told(wearer, judged));
    Ok(())
}

fn told(wearer: &Wearer, judged: Option<&Judged>) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let Learnt { pages, flashes, refused, auc, auc_ci95, auc_exchanged, right, .. } =
        &wearer.learnt;
    let simulated = match wearer.simulated {
        true if !wearer.source.contains("SIMULATED") => " (SIMULATED)",
        _ => "",
    };
    let _ = writeln!(text, "wearer      {}{simulated}", wearer.source);
    let _ = writeln!(
        text,
        "learnt      {pages} copy pages, {flashes} flashes, {refused} refused; AUC of one flash {auc:.3} [{:.3}, {:.3}], \
         with pictures exchanged {auc_exchanged:.3}; {right} of {pages} pages right",
        auc_ci95[0], auc_ci95[1]
    );
    let _ = writeln!(text, "expected    {}", wearer.rehearsal.words());
    let Some(judged) = judged else { return text };
    if let Some(why) = judged.withheld {
        let _ = writeln!(text, "WITHHELD    {why}");
        return text;
    }
    let Judged { told, found, nobody, gave_up, wrong_stops, control, bits_a_minute_ci95, .. } =
        judged;
    let _ = writeln!(text, "pages       {found} found, {nobody} nobody looks, {gave_up} given up");
    if told.searches > 0 {
        let _ = writeln!(
            text,
            "right       {} of {} [{:.3}, {:.3}], chance {:.3}; {wrong_stops} of {} stopped at a wrong picture",
            told.right,
            told.found,
            told.accuracy_ci95[0],
            told.accuracy_ci95[1],
            1.0 / judged.pictures as f64,
            told.searches
        );
        let [low, high] = bits_a_minute_ci95[0];
        let _ = writeln!(
            text,
            "worth       {:.1} bits a minute of flashing [{low:.1}, {high:.1}], {:.1} with pauses",
            told.bits_a_minute, told.bits_a_minute_with_pauses
        );
    }
    let _ = writeln!(
        text,
        "control     {} of {} pages stopped, {} of {} named right (chance {:.3})",
        control.stops, control.pages, control.named_right, control.known, control.chance
    );
    text
}

fn progress(pages: usize) -> ProgressBar {
    let bar = ProgressBar::new(pages as u64);
    let style = ProgressStyle::with_template("{bar:20} {pos}/{len} pages");
    style.map(|style| bar.set_style(style)).unwrap_or_default();
    bar
}
