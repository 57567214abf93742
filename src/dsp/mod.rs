//! Pure, causal signal processing: streaming equals batch.
