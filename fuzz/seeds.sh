#!/bin/sh
# Makes the first inputs: of pack_read from the tiny pack, one per part; of recording_read and xdf_read from the
# recordings among the test vectors and in the folders given (absolute), each cut to 60 kB. See the targets' opening lines for the first byte.
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

mkdir -p corpus/recording_read corpus/xdf_read
record() { { printf "$1"; head -c 60000 "$2"; } > "corpus/recording_read/$(basename "$2")"; }
for file in ../tests/vectors/xdf/*.xdf; do
    cp "$file" corpus/xdf_read/
    record '\000' "$file"
done
for folder in "$@"; do
    for file in "$folder"/*; do
        case "$file" in
            *.xdf) record '\000' "$file" ;;
            *.edf) record '\001' "$file" ;;
            *.bdf) record '\002' "$file" ;;
            *.vhdr) record '\003' "$file" ;;
            *.txt) record '\004' "$file" ;;
            *.csv) record '\005' "$file" ;;
            *.xdfz) record '\006' "$file" ;;
        esac
    done
done
