#!/bin/sh
# Makes the first inputs: of pack_read from the tiny pack, one per part; of the readers of recordings from those among the
# test vectors and in the folders given (absolute), each cut to 60 kB, for each reader by itself to 20 kB. See the
# targets' opening lines for the first byte.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/pack_read
tiny=../tests/vectors/packs/tiny
seed() { { printf "$1"; cat "$2"; } > "corpus/pack_read/$3"; }
seed '\000' "$tiny/pack.toml" manifest
full=$(mktemp)
zeros=0000000000000000000000000000000000000000000000000000000000000000
sed "s/^\\[files\\]/[files]\\n\"LICENSE-MIT.txt\" = \"$zeros\"/" "$tiny/pack.toml" > "$full"
cat ../tests/vectors/packs/extras.toml >> "$full"
seed '\000' "$full" manifest-full
rm "$full"
seed '\001' "$tiny/gallery/embeddings.safetensors" gallery
seed '\002' "$tiny/prior.onnx" onnx-prior
seed '\002' "$tiny/encoder.onnx" onnx-encoder
seed '\003' "$tiny/pack.toml" disk-manifest
seed '\007' "$tiny/gallery/embeddings.safetensors" disk-gallery

mkdir -p corpus/recording_read corpus/xdf_read corpus/edf_read corpus/text_read corpus/brainvision_read corpus/lab_read
# OpenBCI's SD card: no example is at hand.
printf '%%START AT\n%%0000\n00,000001,FFFFFF,000000,000000,000000,000000,000000,7FFFFF,0010,FFF0,2000\n%%STOP AT\n%%0A00\n' \
    > corpus/text_read/card
alone() { head -c 20000 "$2" > "corpus/$1/$(basename "$2")"; }
# BrainVision's three files in one, as brainvision_read takes them apart.
three() {
    { cat "$1"; printf '\n----\n'; cat "${1%.vhdr}.vmrk" 2>/dev/null; printf '\n----\n'; head -c 4000 "${1%.vhdr}.eeg" 2>/dev/null; } \
        > "corpus/brainvision_read/$(basename "$1")" || true
}
record() { { printf "$1"; head -c 60000 "$2"; } > "corpus/recording_read/$(basename "$2")"; }
for file in ../tests/vectors/xdf/*.xdf; do
    cp "$file" corpus/xdf_read/
    record '\000' "$file"
done
lab() { { printf "$1"; cat "$2"; } > "corpus/lab_read/$(basename "$2")"; }
for file in ../tests/vectors/formats/eeglab/*.set; do lab '\000' "$file"; record '\007' "$file"; done
for file in ../tests/vectors/formats/fif/*.fif; do lab '\001' "$file"; record '\011' "$file"; done
for file in ../tests/vectors/formats/gdf/*.gdf; do lab '\002' "$file"; record '\012' "$file"; done
for file in ../tests/vectors/formats/cnt/*.cnt; do lab '\003' "$file"; record '\013' "$file"; done
for folder in "$@"; do
    for file in "$folder"/*; do
        case "$file" in
            *.xdf) record '\000' "$file" ;;
            *.edf) record '\001' "$file"; alone edf_read "$file" ;;
            *.bdf) record '\002' "$file"; alone edf_read "$file" ;;
            *.vhdr) record '\003' "$file"; three "$file" ;;
            *.txt) record '\004' "$file"; alone text_read "$file" ;;
            *.csv) record '\005' "$file"; alone text_read "$file" ;;
            *.xdfz) record '\006' "$file" ;;
        esac
    done
done
