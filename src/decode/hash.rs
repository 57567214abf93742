//! Proves that two runs decoded the same: SHA-256 over every embedding, window and stimulus, in order.

use sha2::{Digest, Sha256};

use crate::pack::verify::hex;

/// The running hash of a run.
#[derive(Clone, Debug, Default)]
pub struct DecodeHash(Sha256);

impl DecodeHash {
    /// Adds one decode: embedding as little-endian f32, window as u64, stimulus row as i32 (−1 unknown).
    pub fn add(&mut self, embedding: &[f32], window: u64, row: Option<u16>) {
        for value in embedding {
            self.0.update(value.to_le_bytes());
        }
        self.0.update(window.to_le_bytes());
        self.0.update(row.map_or(-1_i32, i32::from).to_le_bytes());
    }

    /// The hash so far, in lower-case hexadecimal.
    pub fn hex(&self) -> String {
        hex(&self.0.clone().finalize())
    }
}

/// SHA-256 of one embedding's bytes, little-endian, in lower-case hexadecimal.
pub fn embedding_sha256(embedding: &[f32]) -> String {
    let mut hasher = Sha256::new();
    for value in embedding {
        hasher.update(value.to_le_bytes());
    }
    hex(&hasher.finalize())
}
