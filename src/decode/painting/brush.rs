//! Who paints: guesses and draws from the album, means afresh; in how many steps, from which seed.
//!
//! Takes what is believed, or a mean embedding `[dim]`; gives pictures, or nothing where painting was cancelled.

use std::sync::Arc;

use super::album::{Album, FromAlbum};
use super::noise::NoiseKey;
use super::paint::Painter;
use crate::decode::error::DecodeError;
use crate::decode::inference::judge::{Believed, Judge, Scope};
use crate::signal::Picture;
use crate::time::clock::Clock;

/// Whether to stop, and the time.
type WhileAwake<'a> = (&'a dyn Fn() -> bool, &'a Clock);

/// Painter and album of one pack.
#[derive(Debug)]
pub struct Brush {
    painter: Painter,
    album: Album,
    steps: u32,
    seed: u64,
    /// Told pictures painted ahead so far.
    ahead: usize,
    remembered: Ahead,
}

/// Told pictures that are painted before anybody asks.
const MOST_AHEAD: usize = 512;

/// The remembered pictures in the order in which they are painted ahead, once that scope is asked for.
#[derive(Debug, Default)]
struct Ahead {
    order: Vec<usize>,
    done: usize,
}

impl Brush {
    /// Paints in so many steps.
    pub fn new(painter: Painter, steps: u32, seed: u64) -> Self {
        Self {
            painter,
            album: Album::default(),
            steps,
            seed,
            ahead: 0,
            remembered: Ahead::default(),
        }
    }

    /// The most probable picture.
    ///
    /// # Errors
    /// As [`Brush::guess`].
    pub fn best(
        &mut self,
        judge: Option<&Judge>,
        believed: &Believed,
        while_awake: WhileAwake<'_>,
    ) -> Result<Option<FromAlbum>, DecodeError> {
        let best = believed.best.first().map(|best| (believed.scope, best.row));
        self.guess(judge, best, while_awake)
    }

    /// Paints the next picture of this scope while nobody waits; false when none is left, or no more are worth it.
    ///
    /// # Errors
    /// As [`Painter::paint`], but for being cancelled.
    pub fn ahead(
        &mut self,
        judge: Option<&Judge>,
        scope: Scope,
        while_awake: WhileAwake<'_>,
    ) -> Result<bool, DecodeError> {
        let told = judge.and_then(|judge| judge.pictures(Scope::Told)).unwrap_or_default();
        if self.ahead < told.min(MOST_AHEAD) {
            let painted = self.guess(judge, Some((Scope::Told, self.ahead)), while_awake)?;
            self.ahead += usize::from(painted.is_some());
            return Ok(true);
        }
        match judge.filter(|_| scope == Scope::Remembered) {
            Some(judge) => self.ahead_remembered(judge, while_awake),
            None => Ok(false),
        }
    }

    fn ahead_remembered(
        &mut self,
        judge: &Judge,
        while_awake: WhileAwake<'_>,
    ) -> Result<bool, DecodeError> {
        if self.remembered.order.is_empty() {
            self.remembered.order = judge.remembered_by_likeness(MOST_AHEAD);
        }
        let Ahead { order, done } = &mut self.remembered;
        // Those that were guessed meanwhile are there already.
        while order
            .get(*done)
            .is_some_and(|row| self.album.has((Scope::Remembered, *row, self.steps)))
        {
            *done += 1;
        }
        let Some(row) = order.get(*done).copied() else { return Ok(false) };
        let painted = self.guess(Some(judge), Some((Scope::Remembered, row)), while_awake)?;
        self.remembered.done += usize::from(painted.is_some());
        Ok(true)
    }

    /// A picture in play, painted once.
    ///
    /// # Errors
    /// As [`Painter::paint`], but for being cancelled.
    pub fn guess(
        &mut self,
        judge: Option<&Judge>,
        of: Option<(Scope, usize)>,
        while_awake: WhileAwake<'_>,
    ) -> Result<Option<FromAlbum>, DecodeError> {
        let Some((scope, row)) = of else { return Ok(None) };
        let Some(embedding) = judge.and_then(|judge| judge.embedding(scope, row)) else {
            return Ok(None);
        };
        let key = (scope, row, self.steps);
        let Self { painter, album, seed, .. } = self;
        unless_cancelled(album.picture(painter, key, embedding, *seed, while_awake))
    }

    /// The pictures of the draws, as far as there was time.
    ///
    /// # Errors
    /// As [`Brush::guess`].
    pub fn draws(
        &mut self,
        judge: Option<&Judge>,
        believed: Option<&Believed>,
        while_awake: WhileAwake<'_>,
    ) -> Result<Vec<Arc<Picture>>, DecodeError> {
        let Some(believed) = believed else { return Ok(Vec::new()) };
        let mut pictures = Vec::with_capacity(believed.draws.len());
        for draw in &believed.draws {
            let of = Some((believed.scope, draw.row));
            pictures.extend(self.guess(judge, of, while_awake)?.map(|found| found.picture));
        }
        Ok(pictures)
    }

    /// A mean, painted from the noise of `key`.
    ///
    /// # Errors
    /// As [`Brush::guess`].
    pub fn mean(
        &mut self,
        embedding: &[f32],
        key: NoiseKey,
        (cancelled, clock): WhileAwake<'_>,
    ) -> Result<Option<FromAlbum>, DecodeError> {
        let painted = self.painter.paint(embedding, key, self.steps, cancelled, clock);
        let found = painted.map(|painted| FromAlbum {
            took_ms: Some((painted.denoise_ms, painted.decode_image_ms)),
            picture: Arc::new(painted.picture),
        });
        unless_cancelled(found)
    }

    /// Changes the steps.
    ///
    /// # Errors
    /// [`DecodeError::Steps`] when the pack does not allow them; nothing changes then.
    pub fn set_steps(&mut self, steps: u32) -> Result<(), DecodeError> {
        self.painter.check_steps(steps)?;
        (self.steps, self.ahead, self.remembered.done) = (steps, 0, 0);
        Ok(())
    }

    /// Steps in use.
    pub fn steps(&self) -> u32 {
        self.steps
    }
}

fn unless_cancelled<T>(found: Result<T, DecodeError>) -> Result<Option<T>, DecodeError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(DecodeError::Cancelled) => Ok(None),
        Err(other) => Err(other),
    }
}
