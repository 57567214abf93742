//! From window to evidence and picture.
