//! Independent pieces of long work on all cores: gone when the work is done.
//!
//! Takes how many pieces there are and what does one; gives their results in order. Nothing depends on how many threads
//! there are, nor on which of them is done first.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a thread says.
enum Said<T> {
    /// Which piece, and the share of it that is done, 0–1.
    Share(usize, f64),
    /// Which piece, and its result.
    Done(usize, T),
}

/// Does `count` pieces of work, as many at a time as there are cores. `work` takes which piece, from 0, and what to call with
/// the share of it that is done, 0–1; `on_progress` is called on this thread with the share of everything, which only rises.
///
/// # Errors
/// That of the first piece, in their order, that fails; those after it may not have been begun.
pub fn each<T: Send, E: Send>(
    count: usize,
    work: impl Fn(usize, &dyn Fn(f64)) -> Result<T, E> + Sync,
    on_progress: impl FnMut(f64),
) -> Result<Vec<T>, E> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    by(cores, count, work, on_progress)
}

/// The same by so many threads.
fn by<T: Send, E: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize, &dyn Fn(f64)) -> Result<T, E> + Sync,
    mut on_progress: impl FnMut(f64),
) -> Result<Vec<T>, E> {
    let mut shares = vec![0.0_f64; count];
    let mut told = 0.0;
    let mut tell = |piece: usize, share: f64| {
        shares[piece] = shares[piece].max(share.clamp(0.0, 1.0));
        let all = shares.iter().sum::<f64>() / count as f64;
        if all > told {
            told = all;
            on_progress(all);
        }
    };
    if threads.min(count) < 2 {
        return alone(count, &work, tell);
    }
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    // Pieces are taken in order, so that whatever comes before one that failed is done or under way.
    let take = || {
        let piece = next.fetch_add(1, Ordering::Relaxed);
        (piece < count && !failed.load(Ordering::Relaxed)).then_some(piece)
    };
    let mut results: Vec<Option<Result<T, E>>> = (0..count).map(|_| None).collect();
    let any = std::thread::scope(|scope| {
        let (say, heard) = crossbeam_channel::bounded(4 * threads);
        let mut any = false;
        for thread in 0..threads.min(count) {
            let (say, work, take, failed) = (say.clone(), &work, &take, &failed);
            let body = move || {
                while let Some(piece) = take() {
                    let on_share = |share| {
                        // Who listens is gone only when this thread's work no longer counts.
                        let _ = say.send(Said::Share(piece, share));
                    };
                    let result = work(piece, &on_share);
                    failed.fetch_or(result.is_err(), Ordering::Relaxed);
                    let _ = say.send(Said::Done(piece, result));
                }
            };
            let name = format!("phosphene-fit-{thread}");
            any |= std::thread::Builder::new().name(name).spawn_scoped(scope, body).is_ok();
        }
        drop(say);
        for said in heard {
            match said {
                Said::Share(piece, share) => tell(piece, share),
                Said::Done(piece, result) => {
                    results[piece] = Some(result);
                    tell(piece, 1.0);
                }
            }
        }
        any
    });
    if !any {
        // The system gives no thread: slower, and the same.
        return alone(count, &work, tell);
    }
    // What was not begun comes after what failed.
    results.into_iter().flatten().collect()
}

fn alone<T, E>(
    count: usize,
    work: &impl Fn(usize, &dyn Fn(f64)) -> Result<T, E>,
    tell: impl FnMut(usize, f64),
) -> Result<Vec<T>, E> {
    let tell = std::cell::RefCell::new(tell);
    let one = |piece: usize| {
        let result = work(piece, &|share| (tell.borrow_mut())(piece, share))?;
        (tell.borrow_mut())(piece, 1.0);
        Ok(result)
    };
    (0..count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_order_however_many_threads_there_are() {
        for threads in [1, 2, 3, 16] {
            let mut told = vec![0.0];
            let work = |piece: usize, on_share: &dyn Fn(f64)| -> Result<usize, String> {
                on_share(0.5);
                std::thread::sleep(std::time::Duration::from_millis((7 * piece as u64) % 5));
                on_share(0.2);
                Ok(piece * piece)
            };
            let found = by(threads, 11, work, |share| told.push(share)).unwrap();
            assert_eq!(found, (0..11).map(|i| i * i).collect::<Vec<_>>());
            assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
            assert!((told.last().unwrap() - 1.0).abs() < 1e-12);
        }
        let none: Result<Vec<u8>, ()> = by(4, 0, |_, _| Err(()), |_| ());
        assert_eq!(none, Ok(Vec::new()));
    }

    #[test]
    fn the_first_failure_in_order_is_told() {
        for threads in [1, 2, 8] {
            let work = |piece: usize, _: &dyn Fn(f64)| {
                // The later failure comes first in time.
                std::thread::sleep(std::time::Duration::from_millis(if piece == 2 {
                    20
                } else {
                    1
                }));
                if piece == 2 || piece == 3 { Err(piece) } else { Ok(piece) }
            };
            assert_eq!(by(threads, 9, work, |_| ()), Err(2));
        }
    }
}
