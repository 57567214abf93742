//! What a source around another hands on untouched.
//!
//! `Source` has answers of its own for what most sources need not say; a wrapper that keeps one of them hides what the source
//! within it says. Wrappers therefore list what they hand on, and the test below holds all of them to it.

/// The named methods of [`Source`](super::Source), answered by `self.inner`.
macro_rules! forward {
    ($($method:ident),+ $(,)?) => { $(crate::source::forward::forward! { @ $method })+ };
    (@ counters) => {
        fn counters(&self) -> crate::source::SourceCounters {
            self.inner.counters()
        }
    };
    (@ lost_why) => {
        fn lost_why(&self) -> crate::source::LostWhy {
            self.inner.lost_why()
        }
    };
    (@ is_offline) => {
        fn is_offline(&self) -> bool {
            self.inner.is_offline()
        }
    };
    (@ can_wait) => {
        fn can_wait(&self) -> bool {
            self.inner.can_wait()
        }
    };
    (@ rewinds) => {
        fn rewinds(&self) -> bool {
            self.inner.rewinds()
        }
    };
    (@ board) => {
        fn board(&self) -> Option<crate::source::BoardState> {
            self.inner.board()
        }

        fn command(
            &mut self,
            command: &crate::source::BoardCommand,
        ) -> Result<(), crate::source::SourceError> {
            self.inner.command(command)
        }
    };
    (@ stop) => {
        fn stop(&mut self) {
            self.inner.stop();
        }
    };
}

pub(in crate::source) use forward;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use crate::signal::{Chunk, Screen};
    use crate::source::faulty::{Faults, FaultySource};
    use crate::source::mounted::{MountedSource, Mounting};
    use crate::source::orderly::OrderlySource;
    use crate::source::presented::PresentedSource;
    use crate::source::{
        BoardCommand, BoardState, LostWhy, ReadStatus, Source, SourceCounters, SourceError,
        SourceInfo,
    };
    use crate::time::clock::Clock;

    /// A source whose every answer is another than that of who says nothing.
    #[derive(Default)]
    struct Outspoken(Arc<AtomicU32>);

    impl Source for Outspoken {
        fn prepare(&mut self, _: &Clock) -> Result<SourceInfo, SourceError> {
            unreachable!("nobody prepares it")
        }

        fn read(&mut self, _: &mut Chunk) -> Result<ReadStatus, SourceError> {
            unreachable!("nobody reads it")
        }

        fn counters(&self) -> SourceCounters {
            SourceCounters { reconnects: 7, ..SourceCounters::default() }
        }

        fn lost_why(&self) -> LostWhy {
            LostWhy::Closed
        }

        fn is_offline(&self) -> bool {
            true
        }

        fn can_wait(&self) -> bool {
            true
        }

        fn rewinds(&self) -> bool {
            true
        }

        fn board(&self) -> Option<BoardState> {
            self.0.fetch_add(1, Ordering::Relaxed);
            None
        }

        fn command(&mut self, _: &BoardCommand) -> Result<(), SourceError> {
            self.0.fetch_add(10, Ordering::Relaxed);
            Ok(())
        }

        fn stop(&mut self) {
            self.0.fetch_add(100, Ordering::Relaxed);
        }
    }

    type Wrap = fn(Box<dyn Source>) -> Box<dyn Source>;

    #[test]
    fn every_wrapper_hands_on_what_the_source_says() {
        // Faults number frames anew, so that nothing behind them rewinds.
        let wrappers: [(&str, bool, Wrap); 4] = [
            ("orderly", true, |inner| Box::new(OrderlySource::new(inner))),
            ("mounted", true, |inner| Box::new(MountedSource::new(inner, Mounting::ByLabel))),
            ("presented", true, |inner| {
                Box::new(PresentedSource::new(inner, Arc::new(Screen::new(1))))
            }),
            ("faulty", false, |inner| Box::new(FaultySource::new(inner, Faults::default()))),
        ];
        for (name, rewinds, wrap) in wrappers {
            let asked = Arc::new(AtomicU32::new(0));
            let mut source = wrap(Box::new(Outspoken(asked.clone())));
            assert_eq!(source.counters().reconnects, 7, "{name}");
            assert_eq!(source.lost_why(), LostWhy::Closed, "{name}");
            assert!(source.is_offline() && source.can_wait(), "{name}");
            assert_eq!(source.rewinds(), rewinds, "{name}");
            assert!(source.board().is_none(), "{name}");
            assert!(source.command(&BoardCommand::Measure(None)).is_ok(), "{name}");
            source.stop();
            assert_eq!(asked.load(Ordering::Relaxed), 111, "{name}");
        }
    }
}
