//! Work beside the caller: one named thread that keeps a state of its own and takes jobs in order. Neither side waits for
//! the other: a job that finds no room is given back, and an answer lies until it is taken.
//!
//! The thread ends when the owner lets go of it, at the latest after the job in hand.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

/// A thread at work.
pub struct Beside<J, A> {
    jobs: Option<Sender<J>>,
    answers: Option<Receiver<A>>,
    handle: Option<JoinHandle<()>>,
}

impl<J: Send + 'static, A: Send + 'static> Beside<J, A> {
    /// Starts it. At most `room` jobs and as many answers wait; `work` does a job, and may answer. `None` where the
    /// system gives no thread.
    pub fn start(
        name: &str,
        room: usize,
        mut work: impl FnMut(J) -> Option<A> + Send + 'static,
    ) -> Option<Self> {
        let (jobs, todo) = bounded::<J>(room);
        let (say, answers) = bounded::<A>(room);
        let body = move || {
            for job in todo {
                if let Some(answer) = work(job)
                    && say.send(answer).is_err()
                {
                    return; // nobody listens any more
                }
            }
        };
        let handle = std::thread::Builder::new().name(name.into()).spawn(body).ok()?;
        Some(Self { jobs: Some(jobs), answers: Some(answers), handle: Some(handle) })
    }

    /// Hands a job over.
    ///
    /// # Errors
    /// The job, when there is no room for it just now, or never again.
    pub fn offer(&self, job: J) -> Result<(), J> {
        let Some(jobs) = &self.jobs else { return Err(job) };
        jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
        })
    }

    /// Jobs that found room and are not begun.
    pub fn waiting(&self) -> usize {
        self.jobs.as_ref().map_or(0, Sender::len)
    }

    /// The oldest answer that is not taken.
    pub fn take(&self) -> Option<A> {
        self.answers.as_ref()?.try_recv().ok()
    }
}

impl<J, A> Drop for Beside<J, A> {
    fn drop(&mut self) {
        // Both ends first: the thread may be waiting at either.
        self.jobs = None;
        self.answers = None;
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("work beside the window ended by a fault of the program");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waited<A: Send + 'static>(beside: &Beside<u32, A>) -> A {
        loop {
            match beside.take() {
                Some(answer) => return answer,
                None => std::thread::sleep(std::time::Duration::from_millis(1)),
            }
        }
    }

    #[test]
    fn jobs_are_done_in_order_with_a_state_that_stays() {
        let mut sum = 0;
        let work = move |job: u32| {
            sum += job;
            (job != 2).then_some(sum)
        };
        let beside = Beside::start("test-beside", 4, work).unwrap();
        for job in [1, 2, 3] {
            assert_eq!(beside.offer(job), Ok(()));
        }
        assert_eq!((waited(&beside), waited(&beside)), (1, 6));
        assert!(beside.take().is_none());
    }

    #[test]
    fn a_job_without_room_comes_back_and_letting_go_ends_the_thread() {
        let beside = Beside::start("test-beside", 1, |job: u32| Some(job)).unwrap();
        // One answer lies there, one job waits to answer, one waits for that: the next finds no room.
        let mut offered = 0;
        let refused = loop {
            match beside.offer(offered) {
                Ok(()) => offered += 1,
                Err(job) if offered >= 3 => break job,
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(1)),
            }
        };
        assert_eq!(refused, 3);
        drop(beside);
    }
}
