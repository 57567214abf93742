//! Three squares: what was seen, the reconstruction, and its null twin, all of one decode.
//!
//! The reconstruction is only ever what the generator made: never a gallery picture, never a stale one. What gained no
//! more than windows without information do is its draws under a veil: that they disagree is the message. A decode that
//! was refused has no picture and says why. `square` paints, `texture` holds pictures on the graphics card.

mod square;
pub mod texture;

use std::sync::Arc;

use egui::{TextureId, Ui};

use square::{Filling, Square, strip_height};
use texture::Texture;

use crate::pipeline::Command;
use crate::signal::Lock;
use crate::snapshot::{BelievedView, DecodeView, Picture, Presented, RunState, Snapshot};
use crate::ui::engine::Engine;
use crate::ui::look::{theme, words};
use crate::ui::scene::{Action, Scene};

/// Draws shown.
const DRAWS: usize = 4;

/// The panel with its textures.
#[derive(Default)]
pub struct PicturesPanel {
    seen: Texture,
    made: Textures,
    twin: Textures,
    /// Window whose picture was reported as shown.
    reported: Option<u64>,
}

/// A picture and its draws.
#[derive(Default)]
struct Textures {
    picture: Texture,
    draws: [Texture; DRAWS],
}

impl Textures {
    fn set(
        &mut self,
        ctx: &egui::Context,
        name: &str,
        picture: Option<&Arc<Picture>>,
        draws: &[Arc<Picture>],
    ) {
        self.picture.set(ctx, name, picture);
        for (i, texture) in self.draws.iter_mut().enumerate() {
            texture.set(ctx, &format!("{name}, draw {}", i + 1), draws.get(i));
        }
    }

    /// By the rule of [`Presented`].
    fn filling(&self, presented: Presented) -> Filling {
        if presented == Presented::Noise {
            let four: Vec<TextureId> = self.draws.iter().filter_map(Texture::id).collect();
            if !four.is_empty() {
                return Filling::Four(four);
            }
        }
        self.picture.id().map_or(Filling::Nothing, Filling::One)
    }

    fn draws(&self, believed: Option<&BelievedView>) -> Vec<(TextureId, String)> {
        let draws = believed.map(|believed| believed.draws.as_slice()).unwrap_or_default();
        let shown = self.draws.iter().zip(draws);
        shown
            .filter_map(|(texture, draw)| Some((texture.id()?, words::share(draw.probability))))
            .collect()
    }
}

impl PicturesPanel {
    /// Follows the decode on the screen: fetches pictures that are new.
    pub fn follow(&mut self, ctx: &egui::Context, snapshot: &Snapshot, engine: &dyn Engine) {
        let decode = snapshot.decode.as_deref();
        let draws = decode.map(|decode| decode.draws.as_slice()).unwrap_or_default();
        self.made.set(ctx, "reconstruction", decode.and_then(|d| d.image.as_ref()), draws);
        let draws = decode.map(|decode| decode.twin_draws.as_slice()).unwrap_or_default();
        self.twin.set(ctx, "null twin", decode.and_then(|d| d.twin_image.as_ref()), draws);
        let seen = seen_row(snapshot).and_then(|row| engine.stimulus_picture(row));
        self.seen.set(ctx, "seen", seen.as_ref());
    }

    /// Forgets everything, as before a new run.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Paints the three squares side by side, each at most `max_side` points wide.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, max_side: f32, actions: &mut Vec<Action>) {
        let squares = [self.seen_square(scene), self.made_square(scene), self.twin_square(scene)];
        let strip = scene.snapshot.decode.as_ref().is_some_and(|d| d.believed.is_some());
        let side = side_of_square(ui.available_width(), max_side, strip);
        let lead = (ui.available_width() - 3.0 * side - 2.0 * theme::GAP).max(0.0) * 0.5;
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = theme::GAP;
            ui.add_space(lead);
            for square in squares {
                square.ui(ui, scene, side, strip);
            }
        });
        self.report_shown(scene, actions);
    }

    /// Says when a new picture was first painted.
    fn report_shown(&mut self, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let Some(decode) = scene.snapshot.decode.as_ref().filter(|d| d.image.is_some()) else {
            return;
        };
        if self.reported != Some(decode.window) {
            self.reported = Some(decode.window);
            let shown = Command::PictureShown { window: decode.window, at_secs: scene.now_secs };
            actions.push(Action::Send(shown));
        }
    }

    fn seen_square(&self, scene: &Scene<'_>) -> Square {
        let filling = self.seen.id().map_or(Filling::Nothing, Filling::One);
        let mut square = Square { filling, ..square("Seen") };
        let source = scene.snapshot.source.as_ref();
        let silent = source.is_some_and(|source| !source.has_markers);
        let decode = scene.snapshot.decode.as_deref();
        match (decode.map(|decode| decode.lock), &scene.snapshot.stimulus) {
            (Some(Lock::Free | Lock::Flash { .. }), _) => {
                square.hollow = "A free-running window belongs to no single picture.".into();
            }
            (Some(Lock::Stimulus { row, .. }), _) => {
                square.lines[0] = decode.and_then(|d| d.seen.clone()).unwrap_or_default();
                square.lines[1] = "What was on show for this decode".into();
                square.hollow = match row {
                    Some(_) => "The source names this picture, but its file is not here.".into(),
                    None => "The source names a picture that is not in the stimulus set.".into(),
                };
            }
            (None, Some(stimulus)) => {
                square.lines[0] = stimulus.label.clone();
                square.lines[1] = "On show now; not decoded yet".into();
                square.hollow = "The source names a picture whose file is not here.".into();
            }
            (None, None) if silent => {
                square.hollow = "Unknown: this source does not say what was seen.".into();
            }
            (None, None) => square.hollow = "No picture has been shown yet.".into(),
        }
        square
    }

    fn made_square(&self, scene: &Scene<'_>) -> Square {
        let mut square = Square { strong: true, ..square("Reconstruction") };
        square.hollow = words::why_no_picture_yet(scene);
        let Some(decode) = scene.snapshot.decode.as_deref() else { return square };
        let believed = decode.believed.as_ref();
        let presented = Presented::of(decode.shows, believed);
        square.filling = self.made.filling(presented);
        square.veil = veil(scene, decode, presented);
        square.draws = self.made.draws(believed);
        if decode.abstain.is_some() || decode.image.is_none() {
            return square;
        }
        square.title = words::title(presented, believed, "Reconstruction");
        square.lines = lines(decode, believed, presented);
        if square.filling == Filling::Nothing {
            square.hollow = "The picture is damaged: its size and its data do not agree.".into();
        }
        square
    }

    fn twin_square(&self, scene: &Scene<'_>) -> Square {
        let mut square = square("Null twin");
        square.hollow = match (scene.view.twin, scene.snapshot.decode.is_some()) {
            (false, _) => "The null twin is off. Press T to compare.".into(),
            (true, true) => "It needs a window of this stream in which another look began, two seconds away.".into(),
            (true, false) => {
                "The same machinery, fed with another window of phase-randomised EEG, will appear here."
                    .into()
            }
        };
        let Some(decode) = scene.snapshot.decode.as_deref() else { return square };
        let believed = decode.twin_believed.as_ref();
        let presented = Presented::of(decode.shows, believed);
        square.filling = self.twin.filling(presented);
        let shown =
            decode.twin_image.is_some() || decode.abstain.is_some() || decode.control.succeeded;
        square.veil = veil(scene, decode, presented).filter(|_| shown);
        square.draws = self.twin.draws(believed);
        if square.filling != Filling::Nothing {
            square.title = match presented {
                Presented::Guess => words::title(presented, believed, "Null twin")
                    .replace("Best guess", "Null twin"),
                _ => "Null twin".into(),
            };
            let steadied = steadied_words(decode.twin_steady_weight);
            square.lines[0] =
                format!("Another window, phase-randomised · seed {}{steadied}", decode.seed);
            square.lines[1] = twin_line(decode);
        }
        square
    }
}

fn square(name: &'static str) -> Square {
    Square { name, title: name.into(), ..Square::default() }
}

/// The picture that belongs to the decode on screen; before the first decode, the one on show now.
fn seen_row(snapshot: &Snapshot) -> Option<u16> {
    match snapshot.decode.as_ref().map(|decode| decode.lock) {
        Some(Lock::Stimulus { row, .. }) => row,
        Some(Lock::Flash { .. } | Lock::Free) => None,
        None => snapshot.stimulus.as_ref().and_then(|s| s.row),
    }
}

/// Three squares and two gaps in a row; never so small that the captions collapse.
fn side_of_square(width: f32, max_side: f32, strip: bool) -> f32 {
    // The strip of draws takes from the height that the square may have: a quarter of its side and a fixed part.
    let most = if strip { (max_side - strip_height(0.0)) / 1.25 } else { max_side };
    ((width - 2.0 * theme::GAP) / 3.0).min(most).max(96.0).floor()
}

fn lines(
    decode: &DecodeView,
    believed: Option<&BelievedView>,
    presented: Presented,
) -> [String; 2] {
    match (presented, believed) {
        (Presented::Mean, _) | (_, None) => [settings_line(decode), closest_line(decode)],
        (Presented::Noise, Some(believed)) => [
            format!("{} · {}", words::looks(decode.k), words::scope(believed)),
            "Windows without information gain as much: nothing is known of it yet".into(),
        ],
        (Presented::Guess, Some(believed)) => [
            format!("{} · {}", words::looks(decode.k), words::scope(believed)),
            format!("Chance {}", words::chance(believed)),
        ],
    }
}

fn twin_line(decode: &DecodeView) -> String {
    let best = decode.twin_believed.as_ref().and_then(|b| b.best.first());
    match (best, decode.twin_top.first()) {
        (Some(best), _) => format!("It guesses {}, {}", best.label, words::share(best.probability)),
        (None, Some(best)) => format!("Closest: {} ({:.2})", best.label, best.score),
        (None, None) => String::new(),
    }
}

fn settings_line(decode: &DecodeView) -> String {
    let steps = if decode.steps == 1 { "step" } else { "steps" };
    let steadied = steadied_words(decode.steady_weight);
    format!(
        "{} · a mean · seed {} · {} {steps}{steadied}",
        words::looks(decode.k),
        decode.seed,
        decode.steps
    )
}

/// Said of every picture that is more than its own window.
fn steadied_words(weight: Option<f32>) -> String {
    weight.map_or_else(String::new, |weight| format!(" · steadied, {:.0} % new", weight * 100.0))
}

fn closest_line(decode: &DecodeView) -> String {
    let closest = decode.top.first();
    closest.map_or_else(String::new, |best| {
        let calibrated = if best.probability.is_some() { "" } else { " · not calibrated" };
        format!("Closest: {} ({:.2}){calibrated}", best.label, best.score)
    })
}

/// Why the pictures are no result, or not the newest word.
fn veil(scene: &Scene<'_>, decode: &DecodeView, presented: Presented) -> Option<String> {
    match (&scene.snapshot.run, decode.abstain) {
        _ if decode.control.succeeded => Some("Withheld: the control succeeds.".into()),
        (RunState::SourceLost { .. } | RunState::Reconnecting { .. }, _) => {
            Some("Source lost: this is the last picture.".into())
        }
        (RunState::Stalled { .. }, _) => Some("No samples come: this is the last picture.".into()),
        (RunState::Connecting | RunState::Searching { .. }, _) => {
            Some("Connecting: no picture yet in this run.".into())
        }
        (_, Some(reason)) => Some(format!("No decode: {}", reason.plain_words())),
        (_, None) if presented == Presented::Noise && decode.image.is_some() => {
            Some("No better than noise".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_squares_fit_the_width() {
        assert_eq!(side_of_square(920.0, 1000.0, false), 300.0);
        assert_eq!(side_of_square(920.0, 200.0, false), 200.0);
        let side = side_of_square(9200.0, 200.0, true);
        assert!(side < 200.0 && side + strip_height(side) <= 201.0, "{side}");
    }
}
