//! What recordings and streams call their units.
//!
//! Takes a unit as somebody wrote it; gives microvolts per unit.

/// How many microvolts one of this unit is; `None` for text that is not a unit of voltage. Spaces and, in
/// names written out, capitals do not matter; `mV` and `MV` are told apart.
pub fn microvolts_per(unit: &str) -> Option<f64> {
    let unit = unit.trim();
    Some(match unit {
        "nV" => 1e-3,
        "uV" | "µV" | "μV" | "uv" | "UV" => 1.0,
        "mV" | "mv" => 1e3,
        "V" | "v" => 1e6,
        _ => return microvolts_per_name(&unit.to_lowercase()),
    })
}

fn microvolts_per_name(name: &str) -> Option<f64> {
    Some(match name.strip_suffix('s').unwrap_or(name) {
        "nanovolt" => 1e-3,
        "microvolt" => 1.0,
        "millivolt" => 1e3,
        "volt" => 1e6,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_met_in_practice() {
        for unit in ["microvolts", "Microvolt", " uV ", "µV", "\u{3bc}V"] {
            assert_eq!(microvolts_per(unit), Some(1.0), "{unit}");
        }
        assert_eq!(microvolts_per("volts"), Some(1e6));
        assert_eq!(microvolts_per("mV"), Some(1e3));
        for unit in ["", "g", "MV", "boolean"] {
            assert_eq!(microvolts_per(unit), None, "{unit}");
        }
    }
}
