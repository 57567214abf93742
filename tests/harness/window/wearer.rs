//! A wearer who was learnt by the program's own path from copy pages that are made up here: a bump after each flash of the
//! picture that is looked for, in noise.

#![allow(clippy::unwrap_used)] // a helper that fails is a test that fails

use std::sync::{Arc, OnceLock};

use phosphene::find::code::{Code, CodeRules, Page};
use phosphene::find::wearer::WearerInput;
use phosphene::find::{StopRule, Wearer};
use phosphene::signal::window::Following;
use phosphene::signal::{Flash, Lit, Lock, Window};
use phosphene::source::{SourceInfo, SourceKind};
use phosphene::study::find::CopyFlashes;
use phosphene::units::SampleRate;

const SOA_SECS: f64 = 0.175;
const PAGES: u32 = 8;
const REPETITIONS: usize = 8;
const PICTURES: usize = 40;

/// Somebody whose responses are strong.
pub fn strong() -> Arc<Wearer> {
    static LEARNT: OnceLock<Arc<Wearer>> = OnceLock::new();
    LEARNT.get_or_init(|| Arc::new(learnt(1.4))).clone()
}

/// Somebody without any.
pub fn weak() -> Arc<Wearer> {
    static LEARNT: OnceLock<Arc<Wearer>> = OnceLock::new();
    LEARNT.get_or_init(|| Arc::new(learnt(0.0))).clone()
}

fn learnt(response_uv: f64) -> Wearer {
    let channels = ["O1", "O2", "Oz", "PO7", "PO8", "P3", "P4", "Pz"].map(String::from).to_vec();
    let input = WearerInput::of(channels.clone());
    let samples = (0.8 * input.rate_hz).round() as usize;
    let mut flashes = CopyFlashes::default();
    for page in 0..PAGES {
        let rules = CodeRules { soa_secs: SOA_SECS, ..CodeRules::default() };
        let code = Code::new(Page::new(PICTURES).unwrap(), u64::from(page), rules).unwrap();
        let count = REPETITIONS * code.flashes_per_repetition();
        let lits: Vec<Lit> = code.take(count).collect();
        let sought = 5 * page as usize;
        for i in 0..lits.len() {
            flashes.take(&window(&lits, i, (page, sought), (channels.len(), samples), response_uv));
        }
    }
    flashes.ends("find-learn_2026-11-30T142000Z.xdf");
    let info = SourceInfo {
        kind: SourceKind::Sim,
        name: "Virtual subject 3".into(),
        simulated: true,
        snr_db: None,
        channels,
        mounted: None,
        rate: SampleRate::new(250.0).unwrap(),
        source_unit: "uV".into(),
        has_markers: true,
        notes: Vec::new(),
    };
    let learnt = flashes.learn(input, &info, PICTURES, &StopRule::default()).unwrap();
    Wearer { created: "2026-11-30T14:20:00Z".into(), ..learnt }
}

fn window(
    lits: &[Lit],
    i: usize,
    (page, sought): (u32, usize),
    (channels, samples): (usize, usize),
    response_uv: f64,
) -> Window {
    let mut window = Window::with_shape(channels, samples);
    let onset_secs = f64::from(page) * 100.0 + i as f64 * SOA_SECS;
    let told = Some(sought as u8);
    let flash = Flash { page, pictures: PICTURES as u8, lit: lits[i], sought: told };
    window.lock = Lock::Flash { flash, onset_secs };
    let delay = |j: usize| (j as f64 - i as f64) * SOA_SECS;
    let within = (i + 1..lits.len()).take_while(|j| delay(*j) < 0.7);
    window.following =
        within.map(|j| Following { delay_secs: delay(j), lit: lits[j] }).take(8).collect();
    let near = i.saturating_sub(4)..(i + 5).min(lits.len());
    let targets: Vec<f64> = near.filter(|j| lits[*j].holds(sought)).map(delay).collect();
    let seed = u64::from(page) * 1_000_003 + i as u64;
    for channel in 0..channels {
        for sample in 0..samples {
            let t = 0.8 * sample as f64 / samples as f64;
            let bump = |at: &f64| (-((t - at - 0.3) / 0.06).powi(2)).exp();
            let response: f64 = targets.iter().map(bump).sum();
            let noise = noise(seed * 997 + (channel * samples + sample) as u64);
            window.samples_uv[channel * samples + sample] =
                (response_uv * response + 8.0 * noise) as f32;
        }
    }
    window
}

/// Sum of three even draws, from −1.5 to 1.5: nearly normal with a spread of a half.
fn noise(at: u64) -> f64 {
    let draw = |salt: u64| {
        let mut x = at.wrapping_add(salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    draw(0) + draw(1 << 40) + draw(1 << 41)
}
