//! BrainFlow binding.
