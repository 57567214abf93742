//! The bytes of all three kinds of encoder, pinned by their SHA-256: a fit of the same recordings is the same file in
//! every version of the program, and packs name their files by these hashes.

use faer::Mat;
use sha2::{Digest, Sha256};

use super::own::{class_encoder, linear_encoder};
use super::{Ends, personal_encoder};
use crate::calibrate::classes::additive::{Additive, Tangent};
use crate::calibrate::fit::personal::{Method, Personal};

const PACK: &[u8] = include_bytes!("../../../tests/vectors/packs/tiny/encoder.onnx");

const ENDS: Ends<'_> = Ends { input: "eeg", output: "embedding" };

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers without rounding, none like its neighbours.
fn matrix(rows: usize, columns: usize) -> Mat<f64> {
    Mat::from_fn(rows, columns, |i, j| (i * 31 + j * 7) as f64 / 64.0 - 1.0)
}

#[test]
fn a_copied_encoder_is_the_same_to_the_bit() {
    let personal = Personal {
        signal: matrix(6, 8),
        pack: matrix(8, 8),
        bias: (0..8).map(f64::from).collect(),
        method: Method::Templates { pack_weight: 0.5, response_strength: None },
        trials: 20,
        answering: None,
    };
    let bytes = personal_encoder(PACK, ENDS, &personal).unwrap();
    assert_eq!(hash(&bytes), "88c02a15c9a2a3bf9181d4d64d5d2cfd784ed2a69b6094db0078b94a2cce7448");
}

#[test]
fn a_linear_encoder_is_the_same_to_the_bit() {
    let bias: Vec<f64> = (0..300).map(f64::from).collect();
    let bytes = linear_encoder(ENDS, (2, 3), matrix(6, 300).as_ref(), &bias);
    assert_eq!(hash(&bytes), "0fb6564b333b4ea72fe397012a2e73bb14611f589b3d7c22cd06a6c071df6c85");
}

#[test]
fn an_encoder_for_classes_is_the_same_to_the_bit() {
    let tangent = Tangent {
        filters: matrix(2, 3),
        means: matrix(2, 5),
        whitening: matrix(4, 4),
        weights: matrix(16, 2),
    };
    let scores =
        Additive { epoch: Some(matrix(15, 2)), tangent: Some(tangent), offsets: vec![0.25, -0.0] };
    let bytes = class_encoder(ENDS, (3, 5), &scores, matrix(2, 8).as_ref());
    assert_eq!(hash(&bytes), "f938d707359cee155df3631b05440ed17e31ddc6b53fae68b669d512321a926f");
}
