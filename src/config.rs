//! Settings that outlive a run.
