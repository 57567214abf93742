#!/bin/sh
# Makes the first inputs of the target pack_read from the tiny pack: one per part, see its opening lines.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/pack_read
tiny=../tests/packs/tiny
seed() { { printf "$1"; cat "$2"; } > "corpus/pack_read/$3"; }
seed '\000' "$tiny/pack.toml" manifest
full=$(mktemp)
zeros=0000000000000000000000000000000000000000000000000000000000000000
sed "s/^\\[files\\]/[files]\\n\"LICENSE-MIT.txt\" = \"$zeros\"/" "$tiny/pack.toml" > "$full"
cat ../tests/packs/extras.toml >> "$full"
seed '\000' "$full" manifest-full
rm "$full"
seed '\001' "$tiny/gallery/embeddings.safetensors" gallery
seed '\002' "$tiny/prior.onnx" onnx-prior
seed '\002' "$tiny/encoder.onnx" onnx-encoder
seed '\003' "$tiny/pack.toml" disk-manifest
seed '\007' "$tiny/gallery/embeddings.safetensors" disk-gallery
