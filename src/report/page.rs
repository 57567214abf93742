//! The page: its sections in the order in which they are read.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::data::ReportData;
use super::plot::Response;
use super::{electrodes, examples, plot, sections, style, table};

/// The page as text.
pub fn page(data: &ReportData<'_>) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (data.title) }
                style { (PreEscaped(style::sheet())) }
            }
            body {
                h1 { (data.title) }
                p.weak { (data.created_utc) }
                (headline(data))
                (scores(data))
                (signal(data))
                (section("Timing of the pictures", sections::timing(data)))
                (section("Recordings", sections::recordings(&data.runs)))
                (section("How it was made", sections::facts(data)))
            }
        }
    };
    // Labels come from recordings and packs; neither HTML nor SVG may hold control characters.
    page.into_string().replace(|c: char| c.is_control() && c != '\n', " ")
}

fn section(title: &str, body: Markup) -> Markup {
    html! { h2 { (title) } (body) }
}

/// With a capital and a full stop.
fn sentence_of(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// The first thing that is read: the score, or why there is none.
fn headline(data: &ReportData<'_>) -> Markup {
    let of = |encoder: &str| {
        data.scores.iter().find(|s| s.encoder == encoder && s.metric == "top1" && s.k == 1)
    };
    html! {
        @if data.simulated {
            p.warn {
                b { "SIMULATED." } " No person made this signal."
                @for strength in &data.strength { " " (sentence_of(strength)) }
            }
        }
        @if let Some(words) = &data.withheld {
            p.warn { b { "Withheld." } " " (words) }
        } @else if let Some(why) = &data.refused {
            p.warn {
                b { "No score." } " " (why)
                ". The tables below show what the leak gives, not decoding."
            }
        } @else {
            @if let Some(score) = of("personal") { p.headline { (table::sentence(score)) } }
            @if let Some(score) = of("pack") {
                p { "The pack's own encoder: " (table::sentence(score)) }
            }
        }
        @for caution in &data.cautions { p.warn { "Caution: " (caution) } }
    }
}

/// What was decoded and how well.
fn scores(data: &ReportData<'_>) -> Markup {
    if data.withheld.is_some() {
        // Neither pictures nor scores: the words of the control stand above.
        return section("Control", examples::control(data));
    }
    html! {
        (section("Scores", table::scores_by_k(data.scores)))
        (section("Pictures that were never calibrated", table::scores_by_k(data.held_out)))
        p.weak { "By an encoder that was fitted to the training runs alone. Its pack may know these pictures from other people. The encoder in use is fitted to all runs afterwards." }
        (section("Accuracy against the number of trials averaged", plot::against_k(data.scores)))
        (section("Seen, believed, null twin", examples::section(data)))
        @if !data.painted.is_empty() {
            p.weak { "Each picture is painted once, after all its looks. Chance is what the same paintings score beside the other pictures." }
            (table::scores(data.painted.iter()))
        }
        h2 { "Confusion (runs left out, single trials)" }
        @match &data.confusion {
            Some(counts) => (plot::confusion(counts, &data.pictures.ids)),
            None => p { "There is none." },
        }
    }
}

/// What it was decoded from.
fn signal(data: &ReportData<'_>) -> Markup {
    let response = Response::of(data);
    html! {
        @if let Some(response) = &response {
            (section("Mean response of every channel, 95 % interval", response.plots(data)))
            (section("Scalp maps", response.maps(data)))
        } @else {
            (section("Mean response", html! { p { "There are too few trials." } }))
        }
        (section("Electrodes", electrodes::table(data)))
    }
}
