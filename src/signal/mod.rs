//! What flows through the program: samples, markers, windows, and where on the head they come from.
//!
//! `source` makes [`Chunk`]s and [`Marker`]s, `dsp` turns them into [`Window`]s, `decode` reads those.
//! All of them hold µV as `f32` and times as `f64` seconds on the one clock of [`crate::time::clock`].
//! Everything that crosses a real-time thread has its memory set aside beforehand.

pub mod chunk;
pub mod flash;
pub mod marker;
pub mod montage;
pub mod picture;
pub mod screen;
pub mod stimulus;
pub mod window;

pub use chunk::{Chunk, FrameMeta};
pub use flash::{Flash, Lit};
pub use marker::{Marker, MarkerEvent};
pub use montage::Montage;
pub use picture::Picture;
pub use screen::{Lighting, OpenPage, Screen, Shown};
pub use stimulus::{MAX_STIMULI, Stimulus, StimulusSet};
pub use window::{Abstention, Following, Lock, Window};
