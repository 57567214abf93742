//! Impedance on the board's page: a figure with its unit and what it means, and what the figures rest on.

use egui::accesskit::Role;
use egui::{RichText, Ui};

use crate::snapshot::board::{FAIR_OHM, GEL_OHM, GOOD_OHM, ohm_words};
use crate::snapshot::{BoardView, QualityVerdict};
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// The cell of one channel.
pub fn cell(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &BoardView,
    channel: usize,
    name: &str,
    measure: &mut dyn FnMut(Option<usize>),
) {
    let is_measured = view.state.measuring == Some(channel);
    let is_on = view.state.channels().get(channel).is_some_and(|settings| settings.on);
    ui.horizontal(|ui| {
        let text = if is_measured { "Stop" } else { "Measure" };
        let button = ui.add_enabled(is_on || is_measured, egui::Button::new(text));
        parts::name(&button, Role::Button, format!("{text} impedance of {name}"));
        if button.clicked() {
            measure((!is_measured).then_some(channel));
        }
        let contact = view.contacts.get(channel).copied().flatten();
        let verdict = contact.map_or(QualityVerdict::Unknown, |contact| contact.verdict());
        let words = match contact {
            Some(contact) if is_measured && contact.renewals == 0 => "measuring…".into(),
            Some(contact) if is_measured => format!("{}, measuring", contact.words()),
            Some(contact) => contact.words(),
            None if is_measured => "measuring…".into(),
            None => "not measured".into(),
        };
        parts::inline_mark(ui, &format!("{name}: {words}"), |rect| {
            parts::verdict_shape(rect, verdict, scene.palette)
        });
        let text = RichText::new(words);
        let label = ui.label(if contact.is_some() { text } else { text.weak() });
        if let Some(contact) = contact {
            let noise = ohm_words(contact.noise_ohm);
            label.on_hover_text(format!(
                "The signal beside the current's frequency would read {noise}."
            ));
        }
    });
}

/// How impedance is measured, and what the limits are.
pub fn explain(ui: &mut Ui, view: &BoardView) {
    let Some(lead_off) = view.state.info.lead_off else { return };
    let (na, hz) = (lead_off.amps * 1e9, lead_off.hz);
    let series = ohm_words(lead_off.series_ohm as f32);
    let [good, fair, gel] = [GOOD_OHM, FAIR_OHM, GEL_OHM].map(ohm_words);
    parts::weak(
        ui,
        format!(
            "Impedance: the board sends {na} nA at {hz} Hz through the electrode on the negative input; amplitude ÷ current, less \
             the board's own {series}. Meanwhile that channel has gain 1 and no SRB2, and shows the current. Limits of the \
             vendor's program, for dry electrodes: good to {good}, poor to {fair}. With gel or paste look for {gel} or less. \
             Active electrodes cannot be measured so."
        ),
    );
}
