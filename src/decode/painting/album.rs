//! Pictures of known embeddings, each painted once: best guesses and draws.
//!
//! Takes a scope, a row and its embedding; gives the picture that the generator makes of it, always from the same noise, so
//! that a guess looks the same in every window. It is what the generator makes, never a picture of the gallery itself.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::noise::NoiseKey;
use super::paint::{Painted, Painter};
use crate::decode::error::DecodeError;
use crate::decode::inference::judge::Scope;
use crate::signal::Picture;
use crate::time::clock::Clock;

/// Bytes of pictures that are kept; the oldest make room.
const MOST_BYTES: usize = 64 << 20;

/// Which picture.
type Key = (Scope, usize, u32);

/// The pictures painted so far.
#[derive(Debug, Default)]
pub struct Album {
    kept: HashMap<Key, Arc<Picture>>,
    order: VecDeque<Key>,
    bytes: usize,
}

/// A picture, and what it took where it was painted now.
pub struct FromAlbum {
    /// The picture.
    pub picture: Arc<Picture>,
    /// Generator and image decoder, milliseconds; `None` where it was there already.
    pub took_ms: Option<(f32, f32)>,
}

impl Album {
    /// The picture of a row in so many steps, from the noise of `seed` and that row.
    ///
    /// # Errors
    /// As [`Painter::paint`].
    pub fn picture(
        &mut self,
        painter: &mut Painter,
        (scope, row, steps): Key,
        embedding: &[f32],
        seed: u64,
        (cancelled, clock): (&dyn Fn() -> bool, &Clock),
    ) -> Result<FromAlbum, DecodeError> {
        if let Some(picture) = self.kept.get(&(scope, row, steps)) {
            return Ok(FromAlbum { picture: picture.clone(), took_ms: None });
        }
        let key = NoiseKey { seed, window: row as u64 };
        let Painted { picture, denoise_ms, decode_image_ms } =
            painter.paint(embedding, key, steps, cancelled, clock)?;
        let picture = Arc::new(picture);
        self.keep((scope, row, steps), picture.clone());
        Ok(FromAlbum { picture, took_ms: Some((denoise_ms, decode_image_ms)) })
    }

    fn keep(&mut self, key: Key, picture: Arc<Picture>) {
        self.bytes += picture.rgb.len();
        self.kept.insert(key, picture);
        self.order.push_back(key);
        while self.bytes > MOST_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.kept.remove(&oldest).map_or(0, |gone| gone.rgb.len());
        }
    }
}
