//! `--from` and `--until` of the commands that read recordings.

use crate::exchange::cut::Span;

/// Which piece of a recording.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct SpanArgs {
    /// Begin so many seconds after the first sample
    #[arg(long, value_name = "SECS", default_value_t = 0.0)]
    pub from: f64,
    /// End so many seconds after the first sample; without it at the end
    #[arg(long, value_name = "SECS")]
    pub until: Option<f64>,
}

impl From<SpanArgs> for Span {
    fn from(args: SpanArgs) -> Self {
        Self { from_secs: args.from, until_secs: args.until.unwrap_or(f64::INFINITY) }
    }
}
