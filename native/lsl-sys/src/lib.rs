//! liblsl C interface.
