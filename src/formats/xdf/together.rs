//! Streams against each other, once each has its own times.
//!
//! Takes a file whose streams are on one clock and whose regular streams are settled; marks streams of events whose clock has
//! no second in common with the signal's, and moves events on that were stamped by a clock that had stepped back. Where a clock
//! steps back, a second is there twice: which of the two an event belongs to, its stamp does not tell, but the order in which
//! chunks arrived in the file does. Events keep their order among the steps, and lie together as close as they can to the
//! samples that arrived just before them.

use super::stream::{Stream, XdfFile};

/// Streams further apart than this and than [`APART_SPANS`] times what they last have nothing in common. Events a little
/// before or behind the signal are just that.
const APART_SECS: f64 = 60.0;
/// See [`APART_SECS`].
const APART_SPANS: f64 = 2.0;

/// Seconds since 1970 of the years 2001 to 2096; a computer that has been up so long is not known.
const UNIX_SECS: std::ops::Range<f64> = 1e9..4e9;

/// Most events times steps that are looked at.
const MOST_CHOICES: usize = 20_000_000;

/// Does all of it; gives what has to be said.
pub(super) fn bring_together(file: &mut XdfFile) -> Vec<String> {
    let Some(signal) = file.streams.iter().position(is_signal) else { return Vec::new() };
    let mut said = Vec::new();
    for place in 0..file.streams.len() {
        let is_events = file.streams[place].header.nominal_rate_hz == 0.0;
        if place == signal || !is_events || file.streams[place].is_empty() {
            continue;
        }
        let words = apart(&file.streams[signal], &file.streams[place]);
        file.streams[place].is_apart = words.is_some();
        said.extend(words.or_else(|| follow_steps(file, signal, place)));
    }
    said
}

fn is_signal(stream: &Stream) -> bool {
    stream.header.nominal_rate_hz > 0.0 && !stream.is_empty()
}

/// First and last stamp that are numbers.
fn span(stream: &Stream) -> Option<[f64; 2]> {
    let finite = || stream.stamps.iter().copied().filter(|stamp| stamp.is_finite());
    let (least, most) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
    Some([least, most])
}

/// What to say of streams without a second in common.
fn apart(signal: &Stream, events: &Stream) -> Option<String> {
    let ([from, to], [first, last]) = (span(signal)?, span(events)?);
    let between_secs = (first - to).max(from - last);
    let spans_secs = (to - from) + (last - first);
    if between_secs < APART_SECS.max(APART_SPANS * spans_secs) {
        return None;
    }
    let looks = |secs: f64| UNIX_SECS.contains(&secs);
    let (own, others) = (&signal.header.name, &events.header.name);
    let kinds = match (looks(from), looks(first)) {
        (true, false) => format!(": {own} looks like Unix time, {others} does not"),
        (false, true) => format!(": {others} looks like Unix time, {own} does not"),
        _ => format!(": {between_secs:.0} s lie between them"),
    };
    Some(format!(
        "{own} (from {from:.3} s) and {others} (from {first:.3} s) have no second in common{kinds}. No event of {others} is \
         placed by guess ({} in all); stamp both with LSL's clock",
        events.len()
    ))
}

/// Moves events on that came behind a step of the signal's clock; gives what was done.
fn follow_steps(file: &mut XdfFile, signal: usize, events: usize) -> Option<String> {
    let steps = &file.streams[signal].steps_back;
    let count = file.streams[events].len();
    if steps.is_empty() {
        return None;
    }
    if count.saturating_mul(steps.len() + 1) > MOST_CHOICES {
        let name = &file.streams[events].header.name;
        return Some(format!(
            "{name} has too many events to be set against {} steps of a clock: they stay where their stamps say",
            steps.len()
        ));
    }
    let mut shifts_secs = vec![0.0];
    for step in steps {
        shifts_secs.push(shifts_secs[shifts_secs.len() - 1] + step.secs);
    }
    let nearby_secs = file.signal_times_beside(signal, events);
    let chosen = choose(&file.streams[events].stamps, &nearby_secs, &shifts_secs);
    let stream = &mut file.streams[events];
    let mut moved = 0;
    for (stamp, place) in stream.stamps.iter_mut().zip(chosen) {
        *stamp += shifts_secs[place];
        moved += usize::from(place > 0);
    }
    (moved > 0).then(|| {
        format!(
            "{}: {moved} event(s) were stamped after the clock had stepped back; they are placed by the order in which they \
             arrived",
            stream.header.name
        )
    })
}

/// For each stamp the place of the shift that brings it to the time nearby: places never fall, and the distances are least
/// in all.
fn choose(stamps: &[f64], nearby_secs: &[f64], shifts_secs: &[f64]) -> Vec<usize> {
    let width = shifts_secs.len();
    let mut costs = vec![0.0; width];
    let mut came_from = Vec::with_capacity(stamps.len() * width);
    for (stamp, nearby) in stamps.iter().zip(nearby_secs) {
        let (mut best, mut best_cost) = (0, f64::INFINITY);
        for (place, (cost, shift)) in costs.iter_mut().zip(shifts_secs).enumerate() {
            if *cost < best_cost {
                (best, best_cost) = (place, *cost);
            }
            came_from.push(best);
            let distance = (stamp + shift - nearby).abs();
            *cost = best_cost + if distance.is_finite() { distance } else { 0.0 };
        }
    }
    let mut place = (0..width).min_by(|a, b| costs[*a].total_cmp(&costs[*b])).unwrap_or(0);
    let mut chosen = vec![0; came_from.len() / width];
    for (row, chosen) in chosen.iter_mut().enumerate().rev() {
        *chosen = place;
        place = came_from[row * width + place];
    }
    chosen
}

impl XdfFile {
    /// For each sample of `events` the time of the last sample of `signal` that arrived before it.
    fn signal_times_beside(&self, signal: usize, events: usize) -> Vec<f64> {
        let none = Vec::new();
        let arrived = |place: usize| self.arrivals.get(place).unwrap_or(&none);
        let (before, own) = (arrived(signal), arrived(events));
        let times = &self.streams[signal].stamps;
        let time_of = |event: usize| {
            let chunk = own.partition_point(|chunk| chunk.first_sample <= event);
            let when = chunk.checked_sub(1).map_or(0, |chunk| own[chunk].number);
            // The first chunk of the signal behind the event's begins with the first sample that came later.
            let next = before.partition_point(|chunk| chunk.number < when);
            let samples = before.get(next).map_or(times.len(), |chunk| chunk.first_sample);
            times[samples.saturating_sub(1).min(times.len() - 1)]
        };
        (0..self.streams[events].len()).map(time_of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_follow_a_step_when_what_arrived_beside_them_says_so() {
        // Stamped 9.5, 8.5 (10.5), 9.5 (11.5): the clock stepped back by 2 s at 10 s.
        let nearby = [9.4, 10.5, 11.4];
        assert_eq!(choose(&[9.5, 8.5, 9.5], &nearby, &[0.0, 2.0]), [0, 1, 1]);
        // A clock that did not step.
        assert_eq!(choose(&[9.5, 10.5, 11.5], &nearby, &[0.0, 2.0]), [0, 0, 0]);
        // Two steps; what is no number stays in its order.
        let chosen = choose(&[1.0, f64::NAN, 1.5, 1.2], &[1.0, 1.1, 2.5, 4.2], &[0.0, 1.0, 3.0]);
        assert_eq!(chosen, [0, 0, 1, 2]);
        assert_eq!(choose(&[], &[], &[0.0, 1.0]), [0; 0]);
    }
}
