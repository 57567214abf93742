//! What a command on a pack found, for people and for programs.

use serde_json::json;

use crate::decode::Pack;

/// What a command found, for people and for programs.
#[derive(Clone, Debug)]
pub struct Report {
    /// One JSON document.
    pub json: serde_json::Value,
    /// The same in words.
    pub text: String,
}

/// Name, hashes and warnings: what every document about a pack begins with.
pub(super) fn identity(pack: &Pack) -> serde_json::Value {
    let manifest = pack.manifest();
    json!({
        "schema": 1,
        "name": manifest.name,
        "version": manifest.version,
        "licence": manifest.licence,
        "simulated_training": manifest.simulated_training,
        "sha256": pack.sha256(),
        "encoder_sha256": pack.encoder_sha256(),
        "steps": manifest.generator.steps,
        "steps_allowed": manifest.generator.steps_allowed,
        "warnings": pack.warnings(),
    })
}
