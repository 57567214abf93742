//! The page: its sections in the order in which they are read.

use std::fmt::Write;

use super::data::ReportData;
use super::signal::Response;
use super::{escaped, number, plots, table};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--ground:#fff;--weak:#5b6570;--line:#d5dae0;--warn:#b24a00}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--ground:#11151a;--weak:#9aa5b1;--line:#2c343d;--warn:#ff9a4d}}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:960px;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.7rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}\
table{border-collapse:collapse;font-size:.85rem}th,td{padding:.2rem .55rem;text-align:left;border-bottom:1px solid var(--line)}\
.wide{overflow-x:auto}.small{font-size:.72rem;color:var(--weak)}.weak{color:var(--weak)}\
.warn{border:2px solid var(--warn);padding:.6rem 1rem;border-radius:6px}\
.headline{font-size:1.2rem}pre{white-space:pre-wrap;background:color-mix(in srgb,var(--line) 40%,transparent);padding:.7rem;border-radius:6px}\
svg{max-width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .tiny{font-size:9px}\
svg .grid{stroke:var(--line)}svg .chance{stroke:var(--weak);stroke-dasharray:3 3}svg .frame{fill:none;stroke:var(--weak)}svg .dot{fill:var(--ink)}\
.examples{display:flex;flex-wrap:wrap;gap:1rem}.examples figure{margin:0}.examples img{width:96px;height:96px;border-radius:4px}";

/// The page as text.
pub fn page(data: &ReportData<'_>) -> String {
    let title = escaped(&data.title);
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1><p class=\"weak\">{}</p>",
        escaped(&data.created_utc)
    );
    if data.simulated {
        html.push_str("<p class=\"warn\"><b>SIMULATED.</b> No person made this signal.</p>");
    }
    headline(&mut html, data);
    section(&mut html, "Scores", &table::scores_by_k(data.scores));
    section(&mut html, "Pictures that were never calibrated", &table::scores_by_k(data.held_out));
    html.push_str(
        "<p class=\"weak\">By an encoder that was fitted to the training runs alone. Its pack may know these pictures from other people. The encoder in use is fitted to all runs afterwards.</p>",
    );
    section(
        &mut html,
        "Accuracy against the number of trials averaged",
        &plots::against_k(data.scores),
    );
    section(&mut html, "Seen, reconstructed, null twin", &examples(data));
    if !data.painted.is_empty() {
        html.push_str(
            "<p class=\"weak\">Each picture is painted once, from the mean of all its trials. Chance is what the same paintings score beside the other pictures.</p>",
        );
        html.push_str(&table::scores(data.painted.iter()));
    }
    let confusion = data.confusion.as_ref();
    let confusion = confusion.map_or_else(
        || "<p>There is none.</p>".into(),
        |counts| plots::confusion(counts, &data.pictures.ids),
    );
    section(&mut html, "Confusion (runs left out, single trials)", &confusion);
    match Response::of(data) {
        Some(response) => {
            section(
                &mut html,
                "Mean response of every channel, 95 % interval",
                &response.plots(data),
            );
            section(&mut html, "Scalp maps", &response.maps(data));
        }
        None => section(&mut html, "Mean response", "<p>There are too few trials.</p>"),
    }
    section(&mut html, "Electrodes", &super::signal::electrodes(data));
    section(&mut html, "Timing of the pictures", &timing(data));
    section(&mut html, "Recordings", &recordings(data));
    section(&mut html, "How it was made", &facts(data));
    html + "</body></html>"
}

fn section(html: &mut String, title: &str, body: &str) {
    let _ = write!(html, "<h2>{}</h2>{body}", escaped(title));
}

/// The first thing that is read: the score, or why there is none.
fn headline(html: &mut String, data: &ReportData<'_>) {
    if let Some(why) = &data.refused {
        let _ = write!(
            html,
            "<p class=\"warn\"><b>No score.</b> {}. The tables below show what the leak gives, not decoding.</p>",
            escaped(why)
        );
    } else {
        let of = |encoder: &str| {
            data.scores.iter().find(|s| s.encoder == encoder && s.metric == "top1" && s.k == 1)
        };
        if let Some(score) = of("personal") {
            let _ = write!(html, "<p class=\"headline\">{}</p>", table::sentence(score));
        }
        if let Some(score) = of("pack") {
            let _ = write!(html, "<p>The pack's own encoder: {}</p>", table::sentence(score));
        }
    }
    for caution in &data.cautions {
        let _ = write!(html, "<p class=\"warn\">Caution: {}</p>", escaped(caution));
    }
}

fn examples(data: &ReportData<'_>) -> String {
    if data.examples.is_empty() {
        return "<p>Nothing was painted.</p>".into();
    }
    let whose = if data.examples_are_new {
        "Pictures of the test runs, with which the encoder was not calibrated. The twin is the same machinery on the same trials with shuffled phases."
    } else {
        "Pictures that the decoder knows from other runs: only the trials were left out, so this is memory, not reconstruction."
    };
    let mut html = format!(
        "<p class=\"weak\">{whose} In the order in which they were first shown; none was chosen.</p><div class=\"examples\">",
    );
    for example in &data.examples {
        let image = |png: &[u8], what: &str| {
            let label = escaped(&example.label);
            format!(
                "<img alt=\"{what}: {label}\" title=\"{what}\" src=\"data:image/png;base64,{}\">",
                base64(png)
            )
        };
        let _ = write!(
            html,
            "<figure>{} {} {}<figcaption class=\"small\">{} · {}</figcaption></figure>",
            image(&example.seen_png, "seen"),
            image(&example.reconstruction_png, "reconstructed"),
            example.twin_png.as_ref().map_or_else(String::new, |png| image(png, "null twin")),
            escaped(&example.label),
            escaped(&example.note)
        );
    }
    html + "</div>"
}

fn timing(data: &ReportData<'_>) -> String {
    if data.timing.is_empty() {
        return "<p>Another program showed the pictures: its markers are taken as they are.</p>"
            .into();
    }
    let mut html = match &data.display {
        Some(display) => format!(
            "<p>Display: {} Hz, jitter {} ms, {} % of refreshes missed: {}.</p>",
            number(display.refresh_hz, 1),
            number(display.jitter_secs * 1e3, 2),
            number(display.missed_share * 100.0, 1),
            escaped(&display.verdict)
        ),
        None => "<p>A virtual display, which misses no refresh.</p>".into(),
    };
    let never = data.timing.iter().filter(|trial| !trial.shown_secs.is_finite()).count();
    let missed = data.timing.iter().filter(|trial| trial.missed_frames > 0).count();
    let _ = write!(
        html,
        "<p>{} trials; {missed} came after missed refreshes, {never} were never shown.</p>{}",
        data.timing.len(),
        plots::lateness(data.timing)
    );
    let _ = match &data.attention {
        Some(task) => write!(
            html,
            "<p>Attention task: {} of {} repetitions were answered, {} presses answered none.</p>",
            task.hits, task.repeats, task.false_alarms
        ),
        None => write!(html, "<p>Attention task: nobody could press a key.</p>"),
    };
    html
}

fn recordings(data: &ReportData<'_>) -> String {
    let mut html = String::from(
        "<div class=\"wide\"><table><tr><th>recording</th><th>trials</th><th>refused</th><th>SHA-256</th></tr>",
    );
    for run in &data.runs {
        let refused: Vec<String> =
            run.refused.iter().map(|(why, count)| format!("{count} {}", escaped(why))).collect();
        let refused = if refused.is_empty() { "none".into() } else { refused.join(", ") };
        let _ = write!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{refused}</td><td class=\"small\">{}</td></tr>",
            escaped(&run.file),
            run.trials,
            escaped(&run.sha256)
        );
    }
    html + "</table></div>"
}

fn facts(data: &ReportData<'_>) -> String {
    let mut html = String::from("<div class=\"wide\"><table>");
    for (name, value) in &data.facts {
        let _ = write!(
            html,
            "<tr><td>{}</td><td class=\"small\">{}</td></tr>",
            escaped(name),
            escaped(value)
        );
    }
    html.push_str("</table></div><p>Every number can be made again:</p><pre>");
    html.push_str(&escaped(&data.commands.join("\n")));
    html + "</pre>"
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
