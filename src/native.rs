//! Finds the three native libraries at run time.
