#!/usr/bin/env bash
# multi30k-best.sh [SEED...]: the best Multi30k models we know, from the training text alone. Three teachers
# translate the training text together, and a model of the other direction translates its German side back; a first
# student learns from the text and from both (Kim and Rush 2016, arXiv:1606.07947; Sennrich et al. 2016,
# arXiv:1511.06709). It joins the teachers, who translate the text once more; a second student learns from that as
# well, and so does the first, which goes on. These two and two of the teachers write what the last students learn
# from, configs/multi30k-best.yaml with each SEED (1): their best translations, and those among their ten best that
# are nearest to the text's own German side. Each goes through the cosine twice: student-SEED, then best-SEED.
#
# The text is looked for in MULTI30K (data/multi30k/fetch.sh gets it), the models go to MULTI30K_BEST, or
# models/multi30k-best. Every model is trained on one core, two at a time: some four hours, and more than one for each two
# SEEDs. A run that was cut off goes on where it was.
set -eu
cd "$(dirname "$0")/.."
satz=build/release/satz
export MULTI30K=${MULTI30K:-data/multi30k/work}
export MULTI30K_BEST=${MULTI30K_BEST:-models/multi30k-best}
en=$MULTI30K/train.en de=$MULTI30K/train.de made=$MULTI30K_BEST

# train NAME RECIPE SETTING...: on one core, telling a log alone
train() {
    local name=$1 recipe=$2
    shift 2
    [ -e "$made/$name/done" ] && return
    "$satz" train "$recipe" --resume --set "train.folder=$made/$name" --set train.shards=1 --set train.threads=1 \
        --set "tokenizer.source_model=$made/pieces.model" --set "tokenizer.target_model=$made/pieces.model" \
        "${@/#/--set=}" >"$made/$name.log" 2>&1 || {
        tail -n 3 "$made/$name.log" >&2
        return 1
    }
    touch "$made/$name/done"
}

# translate OUT OPTION... MODEL TEXT
translate() {
    local out=$made/$1
    shift
    [ -e "$out" ] || "$satz" translate --precision int8 --output "$out" "$@"
}

model() {
    echo "$made/$1/model.safetensors"
}

# firsts N-BEST: the first translation of each line of a list in Moses' format
firsts() {
    awk -F ' [|][|][|] ' '!seen[$1]++ { gsub(/&#124;/, "|", $2); print $2 }' "$made/$1"
}

# both A B: two functions at once
both() {
    "$1" &
    local one=$! failed=0
    "$2" &
    wait $! || failed=1
    wait $one || failed=1
    return $failed
}

# A job in the background does not hear Ctrl-C; TERM has every run save and end.
trap 'trap "" TERM; kill 0; wait; exit 130' INT

strong=(dropout.{embedding,annotations,readout}=0.4)
wide=(model.embedding=256 model.encoder_hidden=256 model.decoder_hidden=512 "${strong[@]}")
back=("data.train_source=$de" "data.train_target=$en"
    "data.valid_source=$MULTI30K/val.de" "data.valid_target=$MULTI30K/val.en"
    dropout.{embedding,annotations,readout}=0.25 train.epochs=12)

small_teachers() {
    train back configs/multi30k.yaml "${back[@]}"
    train small configs/multi30k.yaml
    train wide configs/multi30k.yaml "${wide[@]}" optimizer.rate=0.005 train.epochs=12
}

slow_teacher() {
    train slow configs/multi30k.yaml "${wide[@]}" optimizer.rate=0.002 train.epochs=15 schedule.name=plateau \
        validation.metric=perplexity
}

first=("data.train_source=['$en', '$en', '$made/back.en']"
    "data.train_target=['$de', '$made/distilled.de', '$de']" train.updates=9500)
second=("data.train_source=['$en', '$en', '$en', '$made/back.en']"
    "data.train_target=['$de', '$made/distilled.de', '$made/again.de', '$de']" train.updates=9000)

first_goes_on() {
    train onward configs/multi30k-best.yaml "${second[@]}" "${strong[@]}" "train.start=$(model first)" train.seed=2 \
        optimizer.rate=0.004
}

second_student() {
    train second configs/multi30k-best.yaml "${second[@]}" "${strong[@]}" train.seed=3
}

students() {
    for seed; do
        train "student-$seed" configs/multi30k-best.yaml "train.seed=$seed"
        train "best-$seed" configs/multi30k-best.yaml "train.seed=$seed" train.updates=9000 optimizer.rate=0.004 \
            "train.start=$(model "student-$seed")"
    done
}

mkdir -p "$made"
[ -e "$made/pieces.model" ] ||
    "$satz" tokenizer train --type bpe --vocabulary 5000 --output "$made/pieces.model" "$en" "$de"

echo "Training three teachers, and one model of the other direction (logs in $made)"
both small_teachers slow_teacher

echo "Translating the training text"
translate distilled.de --ensemble "$(model small)" --ensemble "$(model slow)" "$(model wide)" "$en"
translate back.en "$(model back)" "$de"

echo "Training the first student"
train first configs/multi30k-best.yaml "${first[@]}" "${strong[@]}"

echo "Translating the training text once more, and training two students"
translate again.de --length-penalty 1.4 --ensemble "$(model small)" --ensemble "$(model slow)" \
    --ensemble "$(model wide)" "$(model first)" "$en"
both first_goes_on second_student

echo "Translating the training text a third time"
translate forward.nbest --beam 10 --n-best 10 --length-penalty 1 --ensemble "$(model second)" \
    --ensemble "$(model small)" --ensemble "$(model wide)" "$(model onward)" "$en"
firsts forward.nbest >"$made/best.de"
scripts/nearest.pl "$satz" "$made/forward.nbest" "$de" "$made/nearest.de" "$made/next.de"
translate back.nbest --sample --n-best 2 --temperature 0.5 --seed 7 --format moses "$(model back)" "$de"
firsts back.nbest >"$made/sampled.en"

echo "Training the students"
odd=() even=()
for seed in "${@:-1}"; do
    if [ ${#odd[@]} -eq ${#even[@]} ]; then odd+=("$seed"); else even+=("$seed"); fi
done
some() { students "${odd[@]}"; }
others() { students "${even[@]}"; }
both some others
for seed in "${@:-1}"; do
    model "best-$seed"
done
