//! Plays pages on displays that keep time, stumble, stand still and lose frames.

use proptest::prelude::*;

use super::*;
use crate::signal::OpenPage;

fn plan(most_flashes: usize) -> FlashPlan {
    let pace = FlashPace { lead_secs: 0.5, ..FlashPace::default() };
    FlashPlan { page: 3, rows: (0..40).collect(), sought: Some(7), pace, most_flashes }
}

/// Single pictures in turn: each again after 40 flashes.
fn turns() -> Box<dyn Iterator<Item = Lit> + Send> {
    Box::new((0..40).cycle().map(|i| Lit::of([i])))
}

fn page(most_flashes: usize, screen: &Screen) -> FlashPresenter {
    FlashPresenter::new(plan(most_flashes), turns(), 10.0, screen).unwrap()
}

fn said(screen: &Screen) -> Vec<Marker> {
    std::iter::from_fn(|| screen.next_marker()).collect()
}

fn frame(at_secs: f64) -> SeenFrame {
    SeenFrame { at_secs, uncertainty_secs: 0.001, refresh_hz: 60.0, missed: 0 }
}

/// Frames at these times, each seen so much later than it was asked for; those with no delay are never seen.
fn play(
    page: &mut FlashPresenter,
    frames: impl Iterator<Item = (f64, Option<f64>)>,
    screen: &Screen,
) {
    for (at_secs, delay) in frames {
        let showing = page.frame(at_secs);
        if let Some(delay) = delay {
            page.seen(showing, frame(at_secs + delay), screen);
        }
    }
}

fn steady(from_secs: f64, to_secs: f64) -> impl Iterator<Item = (f64, Option<f64>)> {
    let count = ((to_secs - from_secs) * 60.0) as u64;
    (0..count).map(move |i| (from_secs + i as f64 / 60.0, Some(0.0)))
}

#[test]
fn a_virtual_display_shows_every_flash_in_time_and_the_page_ends_by_itself() {
    let screen = Screen::new(flash_capacity(30));
    let mut page = page(30, &screen);
    assert_eq!(screen.page(), Some(OpenPage { number: 3, pictures: 40, sought: Some(7) }));
    let mut display = VirtualDisplay::new(10.0);
    let mut until_secs = 10.0;
    while display.advance(until_secs, &mut page, &screen) {
        until_secs += 0.13; // in steps, as a headless run does
    }
    let markers = said(&screen);
    assert_eq!((markers.len(), page.flashes(), page.phase()), (30, 30, Phase::Over));
    for (i, marker) in markers.iter().enumerate() {
        let flash = Flash::read(marker.label()).unwrap();
        assert_eq!(flash, Flash { page: 3, pictures: 40, lit: Lit::of([i]), sought: Some(7) });
        assert!((marker.time_secs - (10.5 + 0.2 * i as f64)).abs() <= 0.5 / 60.0 + 1e-9);
        let lit = screen.next_lit().unwrap();
        assert_eq!((lit.flash, lit.onset_secs), (flash, marker.time_secs));
        assert!((lit.offset_secs - lit.onset_secs - 0.1).abs() < 1e-9);
    }
    assert_eq!((page.log().share_in_time(), page.log().count(Fate::Counts)), (1.0, 30));
    assert!(page.log().worst_secs() <= 0.5 / 60.0 + 1e-9 && screen.dropped() == 0);
    // Not before the last window could be looked at.
    assert!(display.next_secs() >= markers[29].time_secs + FLASH_TAIL_SECS);
}

#[test]
fn pictures_stay_lit_for_their_time_and_the_patch_with_them() {
    let screen = Screen::new(64);
    let mut page = page(5, &screen);
    let mut bright = 0;
    for (at_secs, _) in steady(10.0, 11.6) {
        let showing = page.frame(at_secs);
        assert_eq!(
            (showing.patch, showing.flash.is_some()),
            (!showing.lit.is_empty(), showing.patch)
        );
        bright += usize::from(showing.patch);
        page.seen(showing, frame(at_secs), &screen);
    }
    assert_eq!(bright, 5 * 6);
}

#[test]
fn a_flash_that_is_seen_late_is_told_so_and_the_rest_moves_back() {
    let screen = Screen::new(64);
    let mut page = page(4, &screen);
    let mut late = 0;
    for (at_secs, _) in steady(10.0, 11.5) {
        let showing = page.frame(at_secs);
        let is_second = showing.flash == Some(1);
        late += usize::from(is_second);
        // The second flash reaches the eye three refreshes after it was asked for.
        let delay = if is_second && late == 1 { 3.0 / 60.0 } else { 0.0 };
        page.seen(showing, frame(at_secs + delay), &screen);
    }
    let markers = said(&screen);
    let late: Vec<bool> = markers.iter().map(|m| is_late(m.label())).collect();
    assert_eq!(late, [false, true, false, false]);
    assert_eq!(Flash::read(markers[1].label()), None);
    assert!((markers[1].time_secs - 10.75).abs() < 0.01);
    assert!(markers[2].time_secs - markers[1].time_secs > 0.2 - 1.0 / 60.0);
    assert_eq!((page.log().count(Fate::Late), page.log().share_in_time()), (1, 0.75));
    assert_eq!(std::iter::from_fn(|| screen.next_lit()).count(), 4);
}

#[test]
fn a_display_that_stands_still_misses_a_flash_which_comes_again() {
    let screen = Screen::new(64);
    let mut page = page(4, &screen);
    play(&mut page, steady(10.0, 10.65).chain(steady(11.3, 12.5)), &screen);
    let lit: Vec<Lit> = said(&screen).iter().map(|m| Flash::read(m.label()).unwrap().lit).collect();
    assert_eq!(lit, [0, 1, 2, 3].map(|i| Lit::of([i])));
    assert_eq!((page.log().count(Fate::Missed), page.log().count(Fate::Counts)), (1, 4));
    assert!(page.log().flashes()[1].seen_secs.is_nan());
    assert_eq!(page.log().share_in_time(), 0.8);
}

#[test]
fn a_flash_of_which_no_frame_is_seen_is_missed_and_not_said() {
    let screen = Screen::new(64);
    let mut page = page(2, &screen);
    let frames =
        steady(10.0, 12.0).map(|(at, seen)| (at, seen.filter(|_| !(10.45..10.65).contains(&at))));
    play(&mut page, frames, &screen);
    assert_eq!((said(&screen).len(), page.log().count(Fate::Missed)), (2, 1));
}

#[test]
fn a_window_that_has_lost_the_screen_pauses_and_goes_on_where_it_stood() {
    let screen = Screen::new(64);
    let mut page = page(6, &screen);
    play(&mut page, steady(10.0, 10.65), &screen);
    // One frame a second.
    play(&mut page, (0..30).map(|i| (11.0 + f64::from(i), Some(0.0))), &screen);
    assert_eq!((page.phase(), page.flashes()), (Phase::Paused(Pause::NoFrames), 1));
    assert_eq!(page.log().count(Fate::Missed), 8);
    page.resume(50.0, &screen);
    play(&mut page, steady(50.0, 53.0), &screen);
    let labels: Vec<Marker> = said(&screen);
    assert_eq!((labels[1].label(), labels[2].label()), (PAUSE_LABEL, RESUME_LABEL));
    assert_eq!(Flash::read(labels[3].label()).map(|f| f.lit), Some(Lit::of([1])));
    assert!((labels[3].time_secs - 50.5).abs() < 0.01 && page.flashes() == 6);
}

#[test]
fn a_pause_cuts_the_flash_that_is_on_and_keeps_the_page() {
    let screen = Screen::new(64);
    let mut page = page(4, &screen);
    play(&mut page, steady(10.0, 10.75), &screen);
    page.pause(10.75, &screen);
    page.pause(10.76, &screen);
    assert_eq!(page.log().count(Fate::Cut), 1);
    play(&mut page, steady(10.76, 15.0), &screen);
    assert_eq!((page.flashes(), page.phase()), (2, Phase::Paused(Pause::Asked)));
    page.resume(15.0, &screen);
    page.resume(15.1, &screen);
    play(&mut page, steady(15.0, 17.5), &screen);
    let labels: Vec<String> = said(&screen).iter().map(|m| m.label()[..11].to_owned()).collect();
    assert_eq!(labels.iter().filter(|l| *l == PAUSE_LABEL).count(), 1);
    assert_eq!((labels.len(), page.flashes(), page.phase()), (6, 4, Phase::Over));
    assert_eq!((page.log().count(Fate::Counts), page.log().share_in_time()), (3, 1.0));
}

#[test]
fn a_verdict_ends_the_page_at_once() {
    let screen = Screen::new(64);
    let mut page = page(100, &screen);
    let mut display = VirtualDisplay::new(10.0);
    assert!(display.advance(11.15, &mut page, &screen));
    page.end();
    assert!(!display.advance(20.0, &mut page, &screen));
    assert_eq!((page.flashes(), page.frame(12.0).patch), (4, false));
    page.resume(13.0, &screen);
    assert_eq!(page.phase(), Phase::Over);
}

#[test]
fn impossible_plans_are_said_and_a_code_that_ends_ends_the_page() {
    let screen = Screen::new(64);
    let with = |change: fn(&mut FlashPlan)| {
        let mut plan = plan(10);
        change(&mut plan);
        FlashPresenter::new(plan, turns(), 0.0, &screen).unwrap_err()
    };
    assert!(with(|plan| plan.rows.truncate(1)).contains("number of pictures"));
    assert!(with(|plan| plan.rows.resize(61, 0)).contains("2 to 60"));
    assert!(with(|plan| plan.sought = Some(40)).contains("picture 40"));
    assert!(with(|plan| plan.pace.on_secs = 0.2).contains("on_secs"));
    assert!(with(|plan| plan.pace.soa_secs = f64::NAN).contains("soa_secs"));
    assert!(with(|plan| plan.most_flashes = usize::MAX).contains("most_flashes"));
    assert_eq!(screen.page(), None);
    let two = Box::new([Lit::of([1]), Lit::of([2])].into_iter());
    let mut page = FlashPresenter::new(plan(10), two, 0.0, &screen).unwrap();
    assert!(!VirtualDisplay::new(0.0).advance(5.0, &mut page, &screen));
    assert_eq!(page.flashes(), 2);
}

#[test]
fn a_log_reads_back() {
    let screen = Screen::new(64);
    let mut page = page(4, &screen);
    play(&mut page, steady(10.0, 10.65).chain(steady(11.3, 12.5)), &screen);
    let text = serde_json::to_string(page.log()).unwrap();
    let read: FlashLog = serde_json::from_str(&text).unwrap();
    assert_eq!(read.flashes().len(), 5);
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

proptest! {
    /// Whatever the display does, no picture lights up too soon, every flash seen has one marker, and all are counted.
    #[test]
    fn no_display_breaks_the_gap(
        waits in prop::collection::vec((1_u32..6, prop::option::weighted(0.9, 0_u32..4)), 50..400),
        hz in prop::sample::select(vec![50.0, 59.94, 60.0, 75.0, 144.0]),
        soa_secs in 0.1..0.5_f64,
        reach in 1_usize..4,
    ) {
        let screen = Screen::new(4096);
        let pace = FlashPace { soa_secs, on_secs: soa_secs / 2.0, lead_secs: 0.1, least_gap_secs: 0.4 };
        let plan = FlashPlan { pace, ..plan(500) };
        // A careless sequence: each picture again after one to three flashes.
        let code = Box::new((0..reach).cycle().map(|i| Lit::of([i])));
        let mut page = FlashPresenter::new(plan, code, 0.0, &screen).unwrap();
        let (mut at_secs, mut seen_secs) = (0.0, 0.0_f64);
        for (wait, delay) in waits {
            at_secs += f64::from(wait) / hz;
            let showing = page.frame(at_secs);
            if let Some(delay) = delay {
                seen_secs = seen_secs.max(at_secs + f64::from(delay) / hz);
                page.seen(showing, SeenFrame { refresh_hz: hz, ..frame(seen_secs) }, &screen);
            }
            if let Phase::Paused(_) = page.phase() {
                page.resume(at_secs, &screen);
            }
        }
        let mut last = [f64::NEG_INFINITY; 4];
        let mut lights = 0;
        while let Some(lit) = screen.next_lit() {
            lights += 1;
            for picture in lit.flash.lit.pictures() {
                prop_assert!(lit.onset_secs - last[picture] >= 0.4 - 0.51 / 50.0 - 1e-9);
                last[picture] = lit.onset_secs;
            }
        }
        let log = page.log();
        let flashes = said(&screen).iter().filter(|m| m.label().contains("flash/")).count();
        prop_assert_eq!((lights, flashes), (page.flashes(), page.flashes()));
        prop_assert_eq!(log.count(Fate::Counts) + log.count(Fate::Late), page.flashes() as u64);
        let late = |f: &&FlashTiming| f.fate == Fate::Counts && (f.seen_secs - f.due_secs).abs() > 1.06 / 50.0;
        prop_assert!(log.flashes().iter().find(late).is_none());
    }
}
