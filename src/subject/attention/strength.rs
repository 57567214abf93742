//! How strong a person's answer to flashes is, told by how well flashes can be told apart.
//!
//! `attention=AUC` names the area under the curve that a good linear detector reaches on single flashes of that person in the
//! default cap, after five minutes of copy pages with a flash every .2 s. Two steps lead from it to µV. First the head: how
//! much a µV is worth in this background (`matched`), so that thick skulls and loud brains need more. Then what
//! no model of that kind holds, namely overlapping answers, refractoriness, lapses, artefacts and a detector that must learn:
//! `TABLE`, measured by `examples/attention_strength.rs` on eight people, and held on eight others within .01 on average and
//! .03 each (at .9 within .017).

/// Area when none is asked for: what a good wet cap gives on real people (Brain Invaders 2012).
pub const DEFAULT_AUC: f64 = 0.9;

/// Least and largest area that can be asked for.
pub const AUC_RANGE: [f64; 2] = [0.5, 0.97];

/// Area under the curve, and the d′ of the model that leads to it: `[area, d′]`.
const TABLE: [[f64; 2]; 12] = [
    [0.500, 0.0],
    [0.552, 0.6],
    [0.670, 1.2],
    [0.775, 1.8],
    [0.850, 2.4],
    [0.897, 3.0],
    [0.926, 3.6],
    [0.945, 4.2],
    [0.957, 4.8],
    [0.962, 5.2],
    [0.967, 5.65],
    [0.970, 6.0],
];

/// The d′ that leads to an area, by straight lines between the points of the table.
pub fn d_prime(auc: f64) -> f64 {
    let auc = auc.clamp(AUC_RANGE[0], AUC_RANGE[1]);
    let above = TABLE.iter().position(|[area, _]| auc <= *area).unwrap_or(TABLE.len() - 1).max(1);
    let ([a, low], [b, high]) = (TABLE[above - 1], TABLE[above]);
    low + (high - low) * (auc - a) / (b - a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_rises_and_reaches_both_ends() {
        assert!(TABLE.windows(2).all(|pair| pair[0][0] < pair[1][0] && pair[0][1] < pair[1][1]));
        assert_eq!((d_prime(AUC_RANGE[0]), d_prime(0.1)), (0.0, 0.0));
        assert_eq!(d_prime(AUC_RANGE[1]), d_prime(1.0));
        for [area, d] in TABLE {
            assert!((d_prime(area) - d).abs() < 1e-12);
        }
    }
}
