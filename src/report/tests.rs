//! The page on small data, hostile texts and withheld scores.

use std::collections::BTreeMap;

use faer::Mat;

use super::*;
use crate::calibrate::score::Score;
use crate::calibrate::trials::split::Split;
use crate::calibrate::{Pictures, Trial, Trials};
use crate::present::presenter::{Attention, TrialTiming};

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
        examples: vec![Example {
            label: "cat".into(),
            seen_png: vec![1, 2, 3],
            reconstruction_png: vec![4],
            twin_png: Some(vec![5]),
            note: "mean of 3 trials".into(),
        }],
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
