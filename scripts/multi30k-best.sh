#!/usr/bin/env bash
# multi30k-best.sh: the best Multi30k models we know, from the training text alone. Three teachers translate the
# training text together, and a model of the other direction translates its German side back; a first student learns from
# the text and from both (Kim and Rush 2016, arXiv:1606.07947; Sennrich et al. 2016, arXiv:1511.06709). It joins the
# teachers, who translate the text once more; a second student learns from that as well, and so does the first, which
# goes on. These two and two of the teachers write what the next three learn from: their best translations, and those
# among their ten best that are nearest to the text's own German side. Each of the three goes through the cosine twice:
# student-SEED, then best-SEED. Then sentences that are not in the text are made by sampling: German from English, and
# English from that. The three and a teacher write ten translations of each, and a model that writes from right to left
# (Liu et al. 2016, arXiv:1609.04309) has a say in which of the ten is taken. From these and from the text each of the
# three learns once more: last-SEED, configs/multi30k-best.yaml.
#
# The text is looked for in MULTI30K (data/multi30k/fetch.sh gets it), the models go to MULTI30K_BEST, or
# models/multi30k-best. Every model is trained on one core, two at a time. A run that was cut off goes on where it
# was.
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

# texts N-BEST, firsts N-BEST: all translations in a list in Moses' format, or each line's first
texts() {
    awk -F ' [|][|][|] ' '{ gsub(/&#124;/, "|", $2); print $2 }' "$made/$1"
}
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
    "data.train_target=['$de', '$made/distilled.de', '$de']" train.updates=9500 optimizer.rate=0.006)
second=("data.train_source=['$en', '$en', '$en', '$made/back.en']"
    "data.train_target=['$de', '$made/distilled.de', '$made/again.de', '$de']" train.updates=9000)

first_goes_on() {
    train onward configs/multi30k-best.yaml "${second[@]}" "${strong[@]}" "train.start=$(model first)" train.seed=2
}

second_student() {
    train second configs/multi30k-best.yaml "${second[@]}" "${strong[@]}" train.seed=3 optimizer.rate=0.006
}

third=("data.train_source=['$en', '$en', '$en', '$en', '$made/back.en', '$made/sampled.en']"
    "data.train_target=['$de', '$made/best.de', '$made/nearest.de', '$made/next.de', '$de', '$de']")

student() {
    train "student-$1" configs/multi30k-best.yaml "${third[@]}" "train.seed=$1" train.updates=14000 optimizer.rate=0.006
    train "best-$1" configs/multi30k-best.yaml "${third[@]}" "train.seed=$1" train.updates=9000 \
        "train.start=$(model "student-$1")"
}

# From right to left: what it reads is as ever.
reversed_teacher() {
    train reversed configs/multi30k-best.yaml "data.train_source=['$en', '$en', '$made/back.en', '$made/sampled.en']" \
        "data.train_target=['$made/reversed.de', '$made/reversed.de', '$made/reversed.de', '$made/reversed.de']" \
        "data.valid_target=$made/reversed-val.de" dropout.{embedding,annotations,readout}=0.35 \
        train.seed=11 train.updates=9500 optimizer.rate=0.006
}

last() {
    train "last-$1" configs/multi30k-best.yaml "train.seed=$1" "train.start=$(model "best-$1")"
}

first_and_third() {
    "$1" 1
    "$1" 3
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

echo "Training three students"
two_students() { first_and_third student; }
others() {
    student 2
    scripts/reverse.pl <"$de" >"$made/reversed.de"
    scripts/reverse.pl <"$MULTI30K/val.de" >"$made/reversed-val.de"
    reversed_teacher
}
both two_students others

echo "Making sentences, and translating them"
translate likely.nbest --sample --n-best 3 --temperature 0.7 --seed 3 --format moses "$(model best-3)" "$en"
texts likely.nbest >"$made/likely.de"
translate novel.sampled --sample --n-best 1 --temperature 0.6 --seed 5 --format moses "$(model back)" "$made/likely.de"
firsts novel.sampled | awk 'NR == FNR { seen[$0] = 1; next } !seen[$0]++' "$en" - >"$made/novel.en"
translate novel.nbest --beam 10 --n-best 10 --length-penalty 1 --ensemble "$(model best-2)" \
    --ensemble "$(model best-3)" --ensemble "$(model small)" "$(model best-1)" "$made/novel.en"
[ -e "$made/novel.scored" ] || {
    scripts/reverse.pl <"$made/novel.nbest" >"$made/novel.reversed"
    "$satz" score --n-best --feature Reversed "$(model reversed)" "$made/novel.en" "$made/novel.reversed" \
        >"$made/novel.new"
    mv "$made/novel.new" "$made/novel.scored"
}
scripts/rerank.pl "$made/novel.nbest" "$made/novel.scored" LogP=1 Reversed=0.3 Length=1.1 >"$made/novel.de"

echo "Training the three once more"
two_last() { first_and_third last; }
second_last() { last 2; }
both two_last second_last
for seed in 1 2 3; do
    model "last-$seed"
done
