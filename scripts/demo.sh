#!/usr/bin/env bash
# From nothing to a trained, scored English-German model: corpus, training, translation, BLEU by source,
# everyday sentences and their attention. What is already there is used again.
set -eu
cd "$(dirname "$0")/.."
satz=build/release/satz
corpus=data/debian/work/core
model=models/demo
start=$(date +%s)

say() {
    printf '\n== %s\n' "$*"
}

say "Corpus: translations from the Debian archive"
data/debian/fetch.sh "$corpus" core

say "Training by configs/demo.yaml"
"$satz" train configs/demo.yaml --resume

say "Translating the held-out test set"
"$satz" translate "$model/model.safetensors" --output "$model/test.de" "$corpus/test.en"
"$satz" bleu "$corpus/test.de" "$model/test.de" --by "$corpus/test.source"

say "Everyday sentences"
cat >"$model/everyday.en" <<END
Good morning, how are you?
I do not know where he lives.
The train to Berlin is late today.
Can you help me, please?
She opened the window and looked out.
This program shows the weather of the next days.
Click on the button to save the file.
END
"$satz" translate "$model/model.safetensors" --output "$model/everyday.de" "$model/everyday.en"
paste -d '\n' "$model/everyday.en" "$model/everyday.de" | sed 'N; s/^/  /; s/\n/\n    -> /'

say "Attention heatmaps"
"$satz" attention "$model/model.safetensors" --output "$model/attention.png" "$model/everyday.en"
"$satz" attention "$model/model.safetensors" --output "$model/attention.html" "$model/everyday.en"

seconds=$(($(date +%s) - start))
printf '\nDone in %d min %02d s. The model is %s; try\n' $((seconds / 60)) $((seconds % 60)) \
    "$model/model.safetensors"
echo "  echo 'Where is the station?' | $satz translate $model/model.safetensors"
