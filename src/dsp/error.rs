//! Why a stage of the signal path cannot be prepared. Processing itself never fails.

/// Highest order accepted. Beyond it, EEG corners such as 0.5 Hz at 2 kHz lose their accuracy.
pub const MAX_ORDER: u32 = 8;

/// A setting that cannot work, with what was expected and what was given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DspError {
    /// A filter corner that the sampling rate cannot carry.
    #[error(
        "{what} at {hz} Hz is impossible at {rate_hz} Hz: expected more than 0 and less than {nyquist_hz} Hz; \
         choose a lower corner or a faster source",
        nyquist_hz = rate_hz / 2.0
    )]
    Corner {
        /// Which corner.
        what: &'static str,
        /// What was asked for.
        hz: f64,
        /// Sampling rate.
        rate_hz: f64,
    },
    /// A band whose lower corner is not below its upper one.
    #[error(
        "the band {low_hz}–{high_hz} Hz is empty: expected the lower corner below the upper one"
    )]
    EmptyBand {
        /// Lower corner.
        low_hz: f64,
        /// Upper corner.
        high_hz: f64,
    },
    /// A filter order outside 1–8.
    #[error("filter order {0} is not supported: expected 1 to {max}", max = MAX_ORDER)]
    Order(u32),
    /// A list or matrix of the wrong length.
    #[error("{what} has {got} values: expected {expected}")]
    Shape {
        /// Which list.
        what: &'static str,
        /// Length that fits the other settings.
        expected: usize,
        /// Length given.
        got: usize,
    },
    /// A number outside its range.
    #[error("{what} is {got}: expected {expected}")]
    OutOfRange {
        /// Which setting.
        what: &'static str,
        /// What is allowed.
        expected: &'static str,
        /// What was given.
        got: f64,
    },
    /// The resampling filter or a history would need more memory than is sensible.
    #[error(
        "{what} would need {got} values: expected at most {limit}; use a lower rate or fewer channels"
    )]
    TooLarge {
        /// Which stage.
        what: &'static str,
        /// Values needed.
        got: usize,
        /// Most values allowed.
        limit: usize,
    },
}
