#!/usr/bin/env bash
# multi30k-best.sh [SETTING...]: the best Multi30k model we know, from the training text alone. Three teachers
# translate the training text together, and a model of the other direction translates its German side back; a first
# student learns from the text and from both (Kim and Rush 2016, arXiv:1606.07947; Sennrich et al. 2016,
# arXiv:1511.06709). It joins the teachers, who translate the text once more, and configs/multi30k-best.yaml learns
# from all of it. A SETTING such as train.seed=2 is for that last model.
#
# The text is looked for in MULTI30K (data/multi30k/fetch.sh gets it), the models go to MULTI30K_BEST, or
# models/multi30k-best. Some hours on 2 cores. A run that was cut off goes on where it was.
set -eu
cd "$(dirname "$0")/.."
satz=build/release/satz
export MULTI30K=${MULTI30K:-data/multi30k/work}
export MULTI30K_BEST=${MULTI30K_BEST:-models/multi30k-best}

# train NAME RECIPE SETTING...
train() {
    local name=$1 recipe=$2
    shift 2
    [ -e "$MULTI30K_BEST/$name/done" ] && return
    "$satz" train "$recipe" --resume --set "train.folder=$MULTI30K_BEST/$name" \
        --set "tokenizer.source_model=$MULTI30K_BEST/pieces.model" \
        --set "tokenizer.target_model=$MULTI30K_BEST/pieces.model" "${@/#/--set=}" &&
        touch "$MULTI30K_BEST/$name/done"
}

# The same on one core, telling a log alone.
train_beside() {
    train "$@" train.shards=1 train.threads=1 >"$MULTI30K_BEST/$1.log" 2>&1 || {
        tail -n 3 "$MULTI30K_BEST/$1.log" >&2
        return 1
    }
}

model() {
    echo "$MULTI30K_BEST/$1/model.safetensors"
}

# A job in the background does not hear Ctrl-C; TERM has every run save and end.
trap 'trap "" TERM; kill 0; wait; exit 130' INT

mkdir -p "$MULTI30K_BEST"
[ -e "$MULTI30K_BEST/pieces.model" ] ||
    "$satz" tokenizer train --type bpe --vocabulary 5000 --output "$MULTI30K_BEST/pieces.model" \
        "$MULTI30K/train.en" "$MULTI30K/train.de"

echo "Training three teachers, and one model of the other direction (logs in $MULTI30K_BEST)"
wide=(model.embedding=256 model.encoder_hidden=256 model.decoder_hidden=512
    dropout.{embedding,annotations,readout}=0.4)
back=("data.train_source=$MULTI30K/train.de" "data.train_target=$MULTI30K/train.en"
    "data.valid_source=$MULTI30K/val.de" "data.valid_target=$MULTI30K/val.en"
    dropout.{embedding,annotations,readout}=0.25 train.epochs=12)
{
    train_beside back configs/multi30k.yaml "${back[@]}" &&
        train_beside small configs/multi30k.yaml &&
        train_beside wide configs/multi30k.yaml "${wide[@]}" optimizer.rate=0.005 train.epochs=12
} &
one=$!
train_beside slow configs/multi30k.yaml "${wide[@]}" optimizer.rate=0.002 train.epochs=15 \
    schedule.name=plateau validation.metric=perplexity &
both=0
wait $! || both=1
wait $one || both=1
[ $both = 0 ]

echo "Translating the training text"
[ -e "$MULTI30K_BEST/distilled.de" ] ||
    "$satz" translate --precision int8 --ensemble "$(model small)" --ensemble "$(model slow)" "$(model wide)" \
        --output "$MULTI30K_BEST/distilled.de" "$MULTI30K/train.en"
[ -e "$MULTI30K_BEST/back.en" ] ||
    "$satz" translate --precision int8 --output "$MULTI30K_BEST/back.en" "$(model back)" "$MULTI30K/train.de"

echo "Training the first student"
train first configs/multi30k-best.yaml train.epochs=7 \
    "data.train_source=['$MULTI30K/train.en', '$MULTI30K/train.en', '$MULTI30K_BEST/back.en']" \
    "data.train_target=['$MULTI30K/train.de', '$MULTI30K_BEST/distilled.de', '$MULTI30K/train.de']"

echo "Translating the training text once more"
[ -e "$MULTI30K_BEST/again.de" ] ||
    "$satz" translate --precision int8 --length-penalty 1.4 --ensemble "$(model small)" --ensemble "$(model slow)" \
        --ensemble "$(model wide)" "$(model first)" --output "$MULTI30K_BEST/again.de" "$MULTI30K/train.en"

echo "Training the student"
train student configs/multi30k-best.yaml "$@"
echo "The model is $(model student)"
