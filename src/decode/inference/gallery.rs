//! The pictures that a decode is ranked against.
//!
//! Reads `[rows, dim]` f32 embeddings from safetensors, gives inner products and ranks. Rows are unit
//! length, so for one embedding the order by inner product is the order by cosine.

use std::collections::HashMap;

use crate::pack::PackError;
use crate::pack::tensors::Wanted;
use crate::pack::{Manifest, Pack, tensors};
use crate::signal::{Stimulus, StimulusSet};

/// A row whose length is within this of 1 is kept bit for bit; others are scaled to unit length.
const UNIT_TOLERANCE: f32 = 1e-3;

/// A row with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Row in the gallery.
    pub row: u16,
    /// Inner product of embedding and row.
    pub score: f32,
    /// Posterior probability; `None` where the encoder has no answer model.
    pub probability: Option<f64>,
}

/// Embeddings with their names.
#[derive(Clone, Debug)]
pub struct Gallery {
    dim: usize,
    embeddings: Vec<f32>,
    ids: Vec<String>,
    labels: Vec<String>,
    /// The row of each name: galleries may hold thousands.
    rows: HashMap<String, u16>,
    /// Names of the pictures of each row, where rows stand for classes.
    members: Vec<Vec<String>>,
}

impl Gallery {
    fn new(dim: usize, embeddings: Vec<f32>, ids: Vec<String>, labels: Vec<String>) -> Self {
        let mut rows = HashMap::with_capacity(ids.len());
        for (id, row) in ids.iter().zip(0_u16..) {
            rows.entry(id.clone()).or_insert(row);
        }
        Self { dim, embeddings, ids, labels, rows, members: Vec::new() }
    }

    /// Reads the pack's gallery.
    ///
    /// # Errors
    /// [`PackError`] when the file is damaged, a tensor is missing or of another shape or type, or a row
    /// is zero or not finite.
    pub fn load(pack: &Pack) -> Result<Self, PackError> {
        let spec = &pack.manifest().gallery;
        let most = spec.ids.len() * pack.manifest().dim();
        let bytes = tensors::read(pack, &spec.embeddings, most)?;
        Self::parse(pack.manifest(), &bytes)
    }

    /// The gallery in the bytes of the safetensors file that a manifest names.
    ///
    /// # Errors
    /// As [`Gallery::load`].
    pub fn parse(manifest: &Manifest, bytes: &[u8]) -> Result<Self, PackError> {
        let spec = &manifest.gallery;
        let (rows, dim) = (spec.ids.len(), manifest.dim());
        let because = "which gallery.tensor gives, as many rows as gallery.ids × embedding.dim";
        let wanted = Wanted { name: &spec.tensor, shape: &[rows, dim], because };
        let mut embeddings = tensors::values(bytes, &spec.embeddings, &wanted)?;
        for (row, values) in embeddings.chunks_exact_mut(dim).enumerate() {
            make_unit(values).map_err(|why| PackError::Row {
                file: spec.embeddings.clone(),
                tensor: spec.tensor.clone(),
                row,
                id: spec.ids[row].clone(),
                why,
            })?;
        }
        let found = Self::new(dim, embeddings, spec.ids.clone(), spec.labels.clone());
        Ok(Self { members: spec.members.clone(), ..found })
    }

    /// The wearer's own pictures in place of the pack's: unit embeddings in the same space.
    pub fn of_stimuli(set: &StimulusSet) -> Self {
        let names = |of: fn(&Stimulus) -> &String| set.stimuli.iter().map(of).cloned().collect();
        let (ids, labels) = (names(|stimulus| &stimulus.id), names(|stimulus| &stimulus.label));
        Self::new(set.dim, set.embeddings.clone(), ids, labels)
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True when there are no pictures; a pack's gallery has at least two.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Short names in row order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Labels in row order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The row of a short name.
    pub fn row_of(&self, id: &str) -> Option<u16> {
        self.rows.get(id).copied()
    }

    /// The row that is seen when this picture is shown: its class, where rows stand for classes; else its own.
    pub fn row_seen(&self, id: &str) -> Option<u16> {
        let is_of = |members: &Vec<String>| members.iter().any(|member| member == id);
        let class = self.members.iter().position(is_of).and_then(|row| u16::try_from(row).ok());
        if self.members.is_empty() { self.row_of(id) } else { class }
    }

    /// The embedding of a row, `[dim]`.
    pub fn embedding(&self, row: usize) -> &[f32] {
        &self.embeddings[row * self.dim..(row + 1) * self.dim]
    }

    /// Mean cosine between the rows and these embeddings of the same pictures, by name: 1 when both are in one
    /// space, about 0 when they are not, 0 when their lengths differ. `None` when no picture is in both.
    pub fn agreement<'a>(
        &self,
        pictures: impl Iterator<Item = (&'a str, &'a [f32])>,
    ) -> Option<f32> {
        let cosine = |(id, other): (&str, &[f32])| {
            let own = self.embedding(usize::from(self.row_of(id)?));
            let same_length = own.len() == other.len();
            let product = own.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
            Some(if same_length { product } else { 0.0 })
        };
        let found: Vec<f32> = pictures.filter_map(cosine).collect();
        (!found.is_empty()).then(|| found.iter().sum::<f32>() / found.len() as f32)
    }

    /// Inner product of an embedding with every row, `[rows]`. Summed in order, so always the same bits.
    pub fn scores(&self, embedding: &[f32], scores: &mut Vec<f32>) {
        scores.clear();
        let product = |row: &[f32]| row.iter().zip(embedding).map(|(a, b)| a * b).sum::<f32>();
        scores.extend(self.embeddings.chunks_exact(self.dim).map(product));
    }
}

/// The best `count` rows, best first; equal scores in row order.
pub fn best(scores: &[f32], count: usize) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = scores
        .iter()
        .zip(0_u16..)
        .map(|(&score, row)| Ranked { row, score, probability: None })
        .collect();
    let better = |a: &Ranked, b: &Ranked| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row));
    if count < ranked.len() {
        ranked.select_nth_unstable_by(count, better);
        ranked.truncate(count);
    }
    ranked.sort_by(better);
    ranked
}

/// Rank of a row from 1. Ties count against it, so that a constant score earns nothing.
pub fn rank_of(scores: &[f32], row: u16) -> Option<u32> {
    let own = *scores.get(usize::from(row))?;
    u32::try_from(scores.iter().filter(|&&score| score >= own).count()).ok()
}

fn make_unit(row: &mut [f32]) -> Result<(), String> {
    if let Some(at) = row.iter().position(|v| !v.is_finite()) {
        return Err(format!("value {at} is not a finite number"));
    }
    let length = crate::pack::vector::length(row);
    if length < f32::MIN_POSITIVE {
        return Err("it has length 0, so it cannot be ranked".into());
    }
    if (length - 1.0).abs() > UNIT_TOLERANCE {
        row.iter_mut().for_each(|v| *v /= length);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_scores_and_ties_count_against() {
        let scores = [0.1, 0.9, 0.5, 0.5];
        let rows: Vec<u16> = best(&scores, 3).iter().map(|r| r.row).collect();
        assert_eq!(rows, [1, 2, 3]);
        assert_eq!(rank_of(&scores, 1), Some(1));
        assert_eq!(rank_of(&scores, 2), Some(3));
        assert_eq!(rank_of(&scores, 9), None);
        assert_eq!(rank_of(&[0.0; 40], 0), Some(40), "a constant score earns nothing");
    }
}
