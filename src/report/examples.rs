//! Seen, best guess, null twin: each picture with what is believed of it, by the rule of the window and the sheet.
//!
//! Takes examples; gives figures. The most probable picture stands sharp beside its probability and chance, with the draws
//! and their shares; what gained no more than windows without information is its draws under a veil; a mean says that it is
//! one, and where there are no probabilities that is said.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::data::{Example, Made, ReportData};
use super::words::number;
use crate::snapshot::{BelievedView, Presented, words};

/// The whole section.
pub(super) fn section(data: &ReportData<'_>) -> Markup {
    if data.examples.is_empty() {
        return html! { p { "Nothing was painted." } };
    }
    let whose = if data.examples_are_new {
        "Pictures of the test runs, with which the encoder was not calibrated."
    } else {
        "Pictures that the decoder knows from other runs: only the trials were left out, so this is memory, not reconstruction."
    };
    html! {
        p.weak {
            (whose) " In the order in which they were first shown; none was chosen. "
            "Each is what is believed after all its looks. The null twin is the same machinery on as many other trials, phase-randomised."
        }
        (calibrated(data))
        (control(data))
        .examples { @for one in &data.examples { (figure(one)) } }
    }
}

fn calibrated(data: &ReportData<'_>) -> Markup {
    match &data.calibrated_by {
        Some(source) => html! { p.weak { "Probabilities are calibrated by " (source) "." } },
        None => html! {
            p.warn {
                b { "Not calibrated." }
                " Nothing says how surely this decoder answers, so there are no probabilities: each picture is a mean."
            }
        },
    }
}

/// How often null twins named the picture.
pub(super) fn control(data: &ReportData<'_>) -> Markup {
    let Some(control) = &data.control else {
        return html! { p.weak { "Control: there are no null twins, since no trial has another two seconds away." } };
    };
    html! {
        p.weak {
            "Control: null twins name the picture in " (control.hits) " of " (control.trials)
            " trials (chance " (words::share(control.chance)) "), e = " (number(control.e_highest, 1))
            " at most; above 20 the control succeeds."
        }
    }
}

fn figure(example: &Example) -> Markup {
    html! {
        figure {
            .sides {
                .side {
                    b { "Seen: " (example.label) }
                    .picture { (image(&example.seen_png, "seen", &example.label)) }
                }
                (side(&example.made, "Reconstruction", example))
                @if let Some(twin) = &example.twin { (side(twin, "Null twin", example)) }
            }
            figcaption.small { (caption(example)) }
        }
    }
}

fn side(made: &Made, name: &str, example: &Example) -> Markup {
    let believed = made.believed.as_ref();
    let title = words::title(made.presented, believed, name);
    let title = match (name, made.presented) {
        ("Null twin", Presented::Guess) => title.replace("Best guess", name),
        ("Null twin", _) if believed.is_some() => format!("{name}: {title}"),
        _ => title,
    };
    html! {
        .side {
            b { (title) }
            @match made.presented {
                Presented::Noise => {
                    .picture.veiled {
                        .four { @for draw in &made.draws_png { (image(draw, "draw", name)) } }
                        span { "No better than noise" }
                    }
                }
                Presented::Guess | Presented::Mean => {
                    .picture { (image(&made.png, name, &example.label)) }
                }
            }
            @if let Some(believed) = believed {
                (draws(made, believed))
                .small { (line(made.presented, believed)) }
            } @else if let Some(closest) = &made.closest {
                .small { "A mean · closest: " (closest) " · not calibrated" }
            }
        }
    }
}

/// The draws with their shares.
fn draws(made: &Made, believed: &BelievedView) -> Markup {
    html! {
        .draws {
            @for (png, draw) in made.draws_png.iter().zip(&believed.draws) {
                span { (image(png, "draw", &draw.label)) (words::share(draw.probability)) }
            }
        }
    }
}

fn line(presented: Presented, believed: &BelievedView) -> String {
    let chance = words::chance(believed);
    let best = believed.best.first();
    match (presented, best) {
        (Presented::Guess, _) => format!("Chance {chance}"),
        (Presented::Mean, Some(best)) => {
            format!(
                "Most probable: {}, {} (chance {chance})",
                best.label,
                words::share(best.probability)
            )
        }
        _ => format!(
            "{:.1} bits gained; windows without information gain up to {:.1}",
            believed.gain_bits, believed.noise_bits
        ),
    }
}

/// What was looked at, what it is worth, and whether it is right.
fn caption(example: &Example) -> String {
    let mut said = vec![format!("k = {}, {}", example.k, words::looks(example.k))];
    if let Some(believed) = &example.made.believed {
        said.push(words::scope(believed));
        said.push(format!("{:.1} of {:.1} bits", believed.gain_bits, believed.needed_bits));
        said.extend(believed.something_else.map(|p| match p {
            p if p >= 0.5 => format!("more probably something else: {}", words::share(p)),
            p => format!("something else: {}", words::share(p)),
        }));
        said.extend(words::beyond(believed, example.k));
    }
    if let Some(rank) = example.truth_rank {
        let believed = example.made.believed.as_ref();
        let share = believed.and_then(|believed| believed.truth_probability);
        let share = share.map_or_else(String::new, |share| format!(", {}", words::share(share)));
        said.push(format!("seen: rank {rank} of {}{share}", example.pictures));
    }
    for (of, p) in
        [("of the picture seen", example.p_shown), ("that there is anything", example.p_value)]
    {
        said.extend(p.map(|p| format!("{of} {}", words::p_value(p))));
    }
    said.join(" · ")
}

fn image(png: &[u8], what: &str, of: &str) -> Markup {
    let source = format!("data:image/png;base64,{}", STANDARD.encode(png));
    html! { img alt=(format!("{what}: {of}")) title=(what) src=(source); }
}
