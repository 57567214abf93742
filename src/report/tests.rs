//! The page on small data, hostile texts and withheld scores.

use std::collections::BTreeMap;

use faer::Mat;

use super::*;
use crate::calibrate::score::Score;
use crate::calibrate::trials::split::Split;
use crate::calibrate::{Pictures, Trial, Trials};
use crate::decode::{ControlView, Scope};
use crate::present::presenter::{Attention, TrialTiming};
use crate::snapshot::{BelievedView, GuessView, Presented};

fn trials() -> Trials {
    let trial = |i: usize| Trial { picture: i % 2, run: 0, session: 0, onset_secs: i as f64 };
    let eeg = (0..6 * 4 * 10).map(|i| (i as f32 * 0.7).sin()).collect();
    let zero_shot = Mat::zeros(6, 2);
    Trials {
        channels: 4,
        samples: 10,
        about: (0..6).map(trial).collect(),
        eeg,
        before: Vec::new(),
        zero_shot,
    }
}

fn score(value: f64, k: usize) -> Score {
    Score {
        metric: "top1",
        encoder: "personal",
        value,
        chance: 0.5,
        ci95: [value - 0.1, value + 0.1],
        p_value: 0.0123,
        trials: 321,
        k,
        n: 2,
        split: Split::Runs,
        controls: BTreeMap::new(),
    }
}

/// Believed among forty pictures, the best with this probability.
fn believed(best: f64, gain_bits: f64) -> BelievedView {
    let guess = |row: usize, label: &str, probability: f64| GuessView {
        row,
        label: label.into(),
        probability,
    };
    let (first, second) = (guess(7, "cat", best), guess(3, "<b>dog</b>", 0.09));
    BelievedView {
        scope: Scope::Told,
        pictures: 40,
        draws: [&first, &first, &second, &first].map(Clone::clone).to_vec(),
        best: vec![first, second],
        gain_bits,
        needed_bits: 5.32,
        noise_bits: 1.1,
        better_than_noise: gain_bits > 1.1,
        decided: best >= 0.95,
        something_else: Some(0.12),
        truth_row: Some(7),
        truth_probability: Some(best),
        truth_rank: Some(1),
        more_looks: None,
        beyond_calibration: true,
        calibrated_to: 2,
    }
}

fn made(presented: Presented, believed: Option<BelievedView>, png: u8) -> Made {
    let draws_png = if believed.is_some() { vec![vec![png + 1; 3]; 4] } else { Vec::new() };
    Made { presented, believed, closest: Some("cat".into()), png: vec![png; 3], draws_png }
}

fn example() -> Example {
    Example {
        label: "cat".into(),
        seen_png: vec![1, 2, 3],
        k: 3,
        pictures: 40,
        made: made(Presented::Guess, Some(believed(0.62, 3.3)), 10),
        twin: Some(made(Presented::Noise, Some(believed(0.08, 0.4)), 20)),
        truth_rank: Some(1),
        p_shown: Some(0.0125),
        p_value: Some(0.025),
    }
}

fn control(succeeded: bool) -> ControlView {
    let e_highest = if succeeded { 310.0 } else { 1.4 };
    ControlView {
        trials: 120,
        hits: 4,
        chance: 0.025,
        runs: 90,
        e_value: e_highest,
        e_highest,
        succeeded,
    }
}

/// A picture inside the page.
fn inside(png: &[u8]) -> String {
    use base64::Engine;
    format!("base64,{}", base64::engine::general_purpose::STANDARD.encode(png))
}

fn with(change: impl FnOnce(&mut ReportData<'_>)) -> String {
    let (trials, scores) = (trials(), [score(0.731, 1), score(0.914, 3)]);
    let pictures =
        Pictures::new(vec!["cat".into(), "<b>dog</b>".into()], &[1.0, 0.0, 0.0, 1.0], 2).unwrap();
    let timing = [TrialTiming {
        picture: 0,
        is_repeat: false,
        planned_secs: 1.0,
        shown_secs: 1.004,
        uncertainty_secs: 0.01,
        refresh_hz: 60.0,
        missed_frames: 0,
    }];
    let mut data = ReportData {
        painted: &[],
        examples_are_new: true,
        title: "sub-01 ses-01".into(),
        created_utc: "2026-01-01".into(),
        simulated: true,
        facts: vec![("pack".into(), "demo & co".into())],
        commands: vec!["phosphene evaluate x".into()],
        refused: None,
        cautions: vec!["small".into()],
        scores: &scores,
        held_out: &[],
        trials: &trials,
        pictures: &pictures,
        rate_hz: 10.0,
        window_start_secs: -0.2,
        channels: ["Oz", "O1", "O2", "<i>"].map(String::from).to_vec(),
        positions: vec![Some([0.0, -0.9]), Some([-0.3, -0.8]), Some([0.3, -0.8]), None],
        confusion: Some(Mat::from_fn(2, 2, |i, j| (i + j) as f64)),
        timing: &timing,
        display: None,
        attention: Some(Attention { hits: 3, repeats: 4, false_alarms: 1 }),
        runs: vec![RunFacts {
            file: "run.xdf".into(),
            trials: 6,
            refused: vec![("blink".into(), 2)],
            sha256: "abc".into(),
        }],
        strength: vec!["this simulated wearer answers about 8 times as strongly".into()],
        withheld: None,
        control: Some(control(false)),
        calibrated_by: Some("a test".into()),
        examples: vec![example()],
    };
    change(&mut data);
    page(&data)
}

#[test]
fn every_section_and_every_number_of_a_score_is_there() {
    let html = with(|_| {});
    for text in [
        "SIMULATED",
        "0.731",
        "0.631",
        "0.831",
        "0.500",
        "0.0123",
        "321",
        "0.914",
        "Scalp maps",
        "170 ms",
        "run.xdf",
        "2 blink",
        "3 of 4 repetitions",
        "AQID",
        "phosphene evaluate x",
        "demo &amp; co",
        "virtual display",
    ] {
        assert!(html.contains(text), "{text} is missing");
    }
}

#[test]
fn the_best_guess_stands_sharp_beside_its_probability_chance_draws_and_twin() {
    let html = with(|_| {});
    for text in [
        "Best guess: cat, 62 %",
        "Chance 2.5 %",
        "9.0 %",
        "k = 3, 3 looks · told: 40 pictures · 3.3 of 5.3 bits · something else: 12 %",
        "k = 3 is beyond what was calibrated (2)",
        "seen: rank 1 of 40, 62 %",
        "of the picture seen p = 0.013",
        "that there is anything p = 0.025",
        "calibrated by a test",
        "null twins name the picture in 4 of 120 trials (chance 2.5 %), e = 1.4",
        "This simulated wearer answers about 8 times as strongly.",
        // The twin has gained nothing: its draws under a veil, and never its own best guess.
        "Null twin: No better than noise",
        "0.4 bits gained; windows without information gain up to 1.1",
    ] {
        assert!(html.contains(text), "{text} is missing");
    }
    assert!(html.contains(&inside(&[10; 3])) && html.contains(&inside(&[11; 3])));
    assert!(html.contains("class=\"picture veiled\"") && html.contains(&inside(&[21; 3])));
    assert!(!html.contains(&inside(&[20; 3])), "a haze of noise is shown");
}

#[test]
fn no_better_than_noise_is_draws_under_a_veil_and_a_mean_says_that_it_is_one() {
    let noise = made(Presented::Noise, Some(believed(0.62, 0.4)), 10);
    let html = with(|data| data.examples[0].made = noise);
    assert!(html.contains("<b>No better than noise</b>"));
    assert!(!html.contains("Best guess") && !html.contains(&inside(&[10; 3])));
    let mean = made(Presented::Mean, Some(believed(0.62, 3.3)), 10);
    let html = with(|data| data.examples[0].made = mean);
    assert!(html.contains("Mean of what cannot be ruled out"));
    assert!(html.contains("Most probable: cat, 62 % (chance 2.5 %)"));
    let plain = with(|data| {
        data.examples[0].made = made(Presented::Mean, None, 10);
        data.calibrated_by = None;
    });
    assert!(plain.contains("Not calibrated.") && plain.contains("A mean · closest: cat"));
    assert!(plain.contains(&inside(&[10; 3])) && !plain.contains("Best guess"));
}

#[test]
fn where_the_control_succeeds_its_words_stand_in_place_of_pictures_and_scores() {
    let html = with(|data| {
        (data.control, data.withheld) =
            (Some(control(true)), Some("The control succeeds: so.".into()));
        data.refused = Some("the control succeeds".into());
    });
    assert!(html.contains("Withheld.") && html.contains("The control succeeds: so."));
    assert!(html.contains("e = 310.0"));
    for gone in
        ["class=\"headline\"", "0.731", "data:image/png", "Confusion", "Best guess", "No score."]
    {
        assert!(!html.contains(gone), "{gone} is still there");
    }
    assert!(html.contains("Scalp maps") && html.contains("run.xdf"), "the signal is as it was");
}

#[test]
fn a_withheld_score_is_no_headline() {
    let html = with(|data| data.refused = Some("order tells the picture".into()));
    assert!(html.contains("No score.") && html.contains("order tells the picture"));
    assert!(!html.contains("class=\"headline\""));
    assert!(with(|_| {}).contains("class=\"headline\""));
}

#[test]
fn texts_stay_texts_and_every_plot_is_well_formed() {
    let html = with(|data| data.title = "<script>alert('x')</script>".into());
    assert!(!html.contains("<script") && !html.contains("<b>dog") && !html.contains("<i>"));
    let mut found = 0;
    for part in html.split("<svg").skip(1) {
        let svg = format!("<svg{}</svg>", part.split("</svg>").next().unwrap());
        roxmltree::Document::parse(&svg).unwrap_or_else(|why| panic!("{why}: {svg}"));
        found += 1;
    }
    assert_eq!(found, 5 + 1 + 4, "five plots, and a scale and a bar for each electrode");
}

#[test]
fn texts_in_plots_stay_texts_too() {
    let html = with(|data| data.channels[0] = "<script>\u{7}\"#0068A8\"".into());
    assert!(!html.contains("<script") && !html.contains('\u{7}'));
    assert!(html.contains("&lt;script&gt; &quot;#0068A8&quot;"), "nor are they taken for colours");
    assert!(html.contains("&lt;b&gt;dog&lt;/b&gt; seen"), "under the pointer");
}

#[test]
fn nothing_comes_from_elsewhere_and_nothing_runs() {
    let html = with(|_| {}).replace("http://www.w3.org/2000/svg", "");
    for foreign in ["http:", "https:", "<script", "<link", "url(", "@import", " onload", "<iframe"]
    {
        assert!(!html.contains(foreign), "{foreign}");
    }
}

/// What stands in the plot of some name, without tags.
fn texts_of_plot(html: &str, name: &str) -> String {
    let at = html.find(&format!("<title>{name}")).unwrap_or_else(|| panic!("no plot {name}"));
    let svg = html[at..].split("</svg>").next().unwrap();
    svg.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect()
}

#[test]
fn axes_have_units_and_series_a_legend_with_chance_and_interval() {
    let html = with(|_| {});
    for (name, texts) in [
        (
            "Top-1 accuracy",
            &[
                "top-1 accuracy",
                "k, the trials averaged",
                "0 %",
                "75 %",
                "personal, runs left out",
                "chance, 50 %",
                "95 % interval",
                "personal k=1: 0.731 (0.631 – 0.831)",
            ][..],
        ),
        ("Confusion", &["picture seen", "picture decoded", "share of row", "100 %", "cat"]),
        ("Mean response", &["µV", "ms", "mean", "95 % interval of the mean", "onset", "Oz"]),
        ("Scalp maps", &["µV", "100 ms", "170 ms"]),
        ("How late", &["ms after planned", "trials", "1 trials, "]),
    ] {
        let found = texts_of_plot(&html, name);
        for text in texts {
            assert!(found.contains(text), "{name}: {text} is missing in {found}");
        }
    }
}

#[test]
fn plots_take_every_colour_from_the_page_which_has_light_and_dark() {
    let html = with(|_| {});
    assert!(html.contains("@media(prefers-color-scheme:dark)"));
    let (style, body) = html.split_once("</style>").unwrap();
    for name in ["text", "weak", "line", "accent", "bad"] {
        assert_eq!(style.matches(&format!("--{name}:#")).count(), 2, "{name} in both themes");
    }
    for paint in ["fill=\"#", "stroke=\"#"] {
        assert!(!body.contains(paint), "{paint}… would stay the same in the dark");
    }
    assert!(body.contains("stroke=\"var(--accent,#0068A8)\""), "legible outside the page too");
}

#[test]
fn many_channels_pictures_and_chances_are_still_drawn() {
    let pictures: Vec<String> =
        (0..150).map(|i| format!("a rather long name, number {i}")).collect();
    let pictures = Pictures::new(pictures, &[1.0; 300], 2).unwrap();
    let mut scores = [score(0.4, 1), score(0.6, 1), score(0.2, 10)];
    (scores[1].chance, scores[1].split) = (0.25, Split::TestRuns);
    let html = with(|data| {
        data.confusion = Some(Mat::from_fn(150, 150, |i, j| f64::from(u8::from(i == j))));
        data.pictures = Box::leak(Box::new(pictures));
        data.scores = Box::leak(Box::new(scores));
    });
    assert!(!html.contains("could not be drawn"));
    assert!(html.contains("chance, 25 % and 50 %") && html.contains("test runs"));
    assert!(html.contains("a rather long name…"));
}

#[test]
fn nothing_at_all_is_said_in_words() {
    let html = with(|data| {
        (data.scores, data.timing) = (&[], &[]);
        (data.confusion, data.attention) = (None, None);
        (data.examples, data.runs) = (Vec::new(), Vec::new());
        data.positions = Vec::new();
    });
    for text in [
        "There is none",
        "Another program showed the pictures",
        "Too few electrodes",
        "Nothing was painted",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(with(|data| data.attention = None).contains("nobody could press"));
    assert!(with(|data| data.examples_are_new = false).contains("memory, not reconstruction"));
}
