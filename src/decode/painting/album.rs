//! Pictures of known embeddings, each painted once: best guesses and draws.
//!
//! Takes a scope, a row and its embedding; gives the picture that the generator makes of it, always from the same noise, so
//! that a guess looks the same in every window. It is what the generator makes, never a picture of the gallery itself.
//!
//! The newest are kept as they are, older ones as PNG (no pixel changes): all that a pack remembers must fit in, since any of
//! them may be guessed next. The oldest of all make room.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::noise::NoiseKey;
use super::paint::{Painted, Painter};
use crate::decode::error::DecodeError;
use crate::decode::inference::judge::Scope;
use crate::signal::Picture;
use crate::time::clock::Clock;

/// Bytes of pictures that are kept as they are.
const MOST_PLAIN_BYTES: usize = 32 << 20;

/// Bytes of pictures that are kept as PNG: 7 000 of 128 × 128.
const MOST_PACKED_BYTES: usize = 160 << 20;

/// Which picture.
type Key = (Scope, usize, u32);

/// The pictures painted so far.
#[derive(Debug, Default)]
pub struct Album {
    kept: HashMap<Key, Kept>,
    plain: Shelf,
    packed: Shelf,
}

#[derive(Debug)]
enum Kept {
    Plain(Arc<Picture>),
    Packed(Box<[u8]>),
}

impl Kept {
    fn bytes(&self) -> usize {
        match self {
            Self::Plain(picture) => picture.rgb.len(),
            Self::Packed(png) => png.len(),
        }
    }
}

/// Keys by age, and the bytes that their pictures take.
#[derive(Debug, Default)]
struct Shelf {
    order: VecDeque<Key>,
    bytes: usize,
}

impl Shelf {
    fn put(&mut self, key: Key, bytes: usize) {
        self.order.push_back(key);
        self.bytes += bytes;
    }

    /// The oldest, while there are more bytes than this.
    fn beyond(&self, most: usize) -> Option<Key> {
        self.order.front().copied().filter(|_| self.bytes > most)
    }

    fn drop_oldest(&mut self, bytes: usize) {
        self.order.pop_front();
        self.bytes -= bytes;
    }
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
        if let Some(picture) = self.find((scope, row, steps)) {
            return Ok(FromAlbum { picture, took_ms: None });
        }
        let key = NoiseKey { seed, window: row as u64 };
        let Painted { picture, denoise_ms, decode_image_ms } =
            painter.paint(embedding, key, steps, cancelled, clock)?;
        let picture = Arc::new(picture);
        self.keep((scope, row, steps), picture.clone());
        Ok(FromAlbum { picture, took_ms: Some((denoise_ms, decode_image_ms)) })
    }

    /// Whether it was painted and is still kept.
    pub fn has(&self, key: Key) -> bool {
        self.kept.contains_key(&key)
    }

    fn find(&self, key: Key) -> Option<Arc<Picture>> {
        match self.kept.get(&key)? {
            Kept::Plain(picture) => Some(picture.clone()),
            // Packed by ourselves; were it ever not to open, it would be painted again.
            Kept::Packed(png) => Picture::from_encoded(png).ok().map(Arc::new),
        }
    }

    fn keep(&mut self, key: Key, picture: Arc<Picture>) {
        self.plain.put(key, picture.rgb.len());
        self.kept.insert(key, Kept::Plain(picture));
        while let Some(oldest) = self.plain.beyond(MOST_PLAIN_BYTES) {
            let Some(kept) = self.kept.remove(&oldest) else { break };
            self.plain.drop_oldest(kept.bytes());
            let Kept::Plain(picture) = kept else { continue };
            let Some(png) = picture.to_png() else { continue };
            self.packed.put(oldest, png.len());
            self.kept.insert(oldest, Kept::Packed(png.into()));
        }
        while let Some(oldest) = self.packed.beyond(MOST_PACKED_BYTES) {
            let gone = self.kept.remove(&oldest).map_or(0, |kept| kept.bytes());
            self.packed.drop_oldest(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(row: usize) -> Arc<Picture> {
        let rgb = (0..64 * 64 * 3).map(|i| (i * (row + 7) % 251) as u8).collect();
        Arc::new(Picture { width: 64, height: 64, rgb })
    }

    #[test]
    fn older_pictures_are_packed_and_come_back_to_the_last_pixel() {
        let mut album = Album::default();
        let many = MOST_PLAIN_BYTES / (64 * 64 * 3) + 200;
        (0..many).for_each(|row| album.keep((Scope::Remembered, row, 1), noisy(row)));
        assert!(matches!(album.kept[&(Scope::Remembered, 0, 1)], Kept::Packed(_)));
        assert!(album.plain.bytes <= MOST_PLAIN_BYTES);
        for row in [0, 199, many - 1] {
            assert_eq!(album.find((Scope::Remembered, row, 1)), Some(noisy(row)), "row {row}");
        }
        assert_eq!(album.find((Scope::Told, 0, 1)), None);
    }

    #[test]
    fn bytes_are_those_of_what_is_kept() {
        let mut album = Album::default();
        (0..4000).for_each(|row| album.keep((Scope::Told, row, 2), noisy(row)));
        let all: usize = album.kept.values().map(Kept::bytes).sum();
        assert_eq!(all, album.plain.bytes + album.packed.bytes);
        assert_eq!(album.kept.len(), album.plain.order.len() + album.packed.order.len());
    }
}
