#!/usr/bin/env bash
# Speed: translation, start-up, training, peak of the products and where the time goes, as Markdown.
#
#   make bench                        (or eval/bench/bench.sh, when all is built); eval/bench/plot.sh draws what it prints
#
#   MODEL=FILE   the model to translate by; default: one trained here for UPDATES updates
#   DATA=DIR     train.en, train.de, val.en, val.de; default: texts from the Debian archive, fetched as by
#                `make demo`
#   TEST=FILE    English lines to translate; default: DATA's test2016.en or test.en
#   PEER=FILE    a PyTorch program as train.sh describes, which also takes `decode --model DIR --input F
#                --output F --threads N --beam N --batch N`: measured in turn with Satz, by the same weights
#   THREADS="1 2"  ROUNDS=3  SINGLE=100 (lines one by one)  UPDATES=60 (timed training; 0: none)
#
# Rows "+list" are with a shortlist from the training text. Figures are medians of ROUNDS, taken in turn. Nothing else should run on the machine. Rows that are equal are
# multiplied once in int8 and bf16 but counted each time, so these may exceed the peak.
set -eu
cd "$(dirname "$0")/../.."
satz=build/release/satz speed=build/release/speed
threads=${THREADS:-1 2} rounds=${ROUNDS:-3} single=${SINGLE:-100} updates=${UPDATES:-60}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

data=${DATA:-data/debian/work/core}
[ -n "${DATA:-}" ] || data/debian/fetch.sh "$data" core >&2
held="val"
[ -e "$data/val.en" ] || held="valid"
test=${TEST:-$data/test2016.en}
[ -e "$test" ] || test=$data/test.en
head -n "$single" "$test" >"$work/single"
head -n 1 "$test" >"$work/one"

train() { # FOLDER PRECISION THREADS UPDATES
    MULTI30K=$data /usr/bin/env "$satz" train eval/bench/peer.yaml --quiet --set "train.folder=$1" \
        --set "data.cache=$work/cache" --set "data.valid_source=$data/$held.en" \
        --set "data.valid_target=$data/$held.de" --set "compute.precision=$2" --set "train.threads=$3" \
        --set "train.shards=$3" --set "train.updates=$4" --set train.log_every=20 \
        --set validation.every=1000000 >/dev/null
}

model=${MODEL:-}
if [ -z "$model" ]; then
    echo "training a model for ${UPDATES:-600} updates; MODEL=FILE takes a finished one" >&2
    train "$work/model" f32 "$(nproc)" "${UPDATES:-600}" >&2
    model=$work/model/model.safetensors
fi

# For the rows "+list".
"$satz" shortlist --output "$work/list" "$model" "$data/train.en" "$data/train.de"

precisions=f32
for p in bf16 int8; do
    ! "$speed" peak "$p" >"$work/$p.peak" 2>/dev/null || precisions="$precisions $p"
done
"$speed" peak f32 >"$work/f32.peak"

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

peer() { # WHAT...
    grep -q avx512vl /proc/cpuinfo && export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX}
    LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-openmp ATEN_CPU_CAPABILITY=avx512 \
        MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=268435456 \
        /usr/bin/python3 "$PEER" "$@"
}
if [ -n "${PEER:-}" ]; then
    /usr/bin/python3 eval/bench/peer_model.py "$model" "$work/peer"
fi

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors; $(git log -1 --format=%h);"
echo "$(wc -l <"$test") sentences, $single of them one by one; rounds: $rounds; load $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "| GFLOP/s, one thread | $(echo "$precisions" | sed 's/ / | /g') |"
echo "|---|$(for p in $precisions; do printf -- '---:|'; done)"
echo "| 2048 x 2048 x 2048 | $(for p in $precisions; do printf '%s | ' "$(cat "$work/$p.peak")"; done)"
echo
echo "## Translation"
echo
echo "| search | threads | numbers | sentences/s | median ms | GFLOP/s in products | of peak | products' share | MiB |"
echo "|---|---:|---|---:|---:|---:|---:|---:|---:|"
for search in "5 64" "1 64" "5 1" "1 1"; do
    read -r beam batch <<<"$search"
    input=$test
    [ "$batch" != 1 ] || input=$work/single
    for n in $threads; do
        [ "$batch" != 1 ] || [ "$n" = 1 ] || continue
        rm -f "$work"/run.*
        for _ in $(seq "$rounds"); do
            for p in $precisions; do
                "$speed" translate "$model" "$input" "$p" "$n" "$beam" "$batch" >>"$work/run.$p"
                "$speed" translate "$model" "$input" "$p" "$n" "$beam" "$batch" "$work/list" >>"$work/run.$p+list"
            done
            if [ -n "${PEER:-}" ]; then
                OMP_NUM_THREADS=$n peer decode --model "$work/peer" --input "$input" --output "$work/out" \
                    --threads "$n" --beam "$beam" --batch "$batch" |
                    sed 's/.* s, \([0-9.]*\) sentences.*/\1/' >>"$work/run.peer"
            fi
        done
        for p in $precisions $(printf '%s+list ' $precisions); do
            line=$(sort -n "$work/run.$p" | awk -v m=$(((rounds + 1) / 2)) 'NR == m')
            awk -v l="$line" -v batch="$batch" -v peak="$(cat "$work/${p%+list}.peak")" -v head="beam $beam, batches of $batch | $n | $p" \
                'BEGIN { split(l, f, "\t"); printf "| %s | %s | %s | %s | %.0f %% | %.0f %% | %s |\n", head,
                    f[1], batch == 1 ? f[2] : "", f[3], 100 * f[3] / peak, 100 * f[4], f[5] }'
        done
        if [ -n "${PEER:-}" ]; then
            s=$(median <"$work/run.peer")
            awk -v s="$s" -v batch="$batch" -v head="beam $beam, batches of $batch | $n | PyTorch f32" \
                'BEGIN { printf "| %s | %s | %s | | | | |\n", head, s, batch == 1 ? sprintf("%.1f (mean)", 1000 / s) : "" }'
        fi
    done
done
echo
echo "## Start-up: \`satz translate\` of one sentence, from exec to exit, median of 20"
echo
echo "| numbers | ms |"
echo "|---|---:|"
for p in $precisions; do
    ms=$(for _ in $(seq 20); do
        from=${EPOCHREALTIME/./}
        "$satz" translate --precision "$p" --threads 1 "$model" "$work/one" >/dev/null
        echo $(((${EPOCHREALTIME/./} - from) / 100))
    done | median)
    awk -v p="$p" -v ms="$ms" 'BEGIN { printf "| %s | %.1f |\n", p, ms / 10 }'
done

time_training() {
    local n p rate
    echo
    echo "## Training: target tokens a second, eval/bench/peer.yaml, the first 20 updates left out"
    echo
    echo "| threads | numbers | tokens/s |"
    echo "|---:|---|---:|"
    for n in $threads; do
        for p in ${precisions/int8/}; do
            rate=$(for _ in $(seq "$rounds"); do
                rm -rf "$work/ours"
                train "$work/ours" "$p" "$n" "$updates"
                awk -F'[:,}]' '/"update", "update"/ { if (n++) { for (i = 1; i < NF; i++) if ($i ~ /tokens_per_second/) { s += $(i + 1); k++ } } }
                    END { printf "%.0f\n", s / k }' "$work/ours/log.jsonl"
            done | median)
            echo "| $n | $p | $rate |"
        done
    done
    [ -z "${PEER:-}" ] || MULTI30K=$data eval/bench/train.sh "$PEER" "$updates" "$rounds"
}
[ "$updates" -le 20 ] || time_training

command -v perf >/dev/null || exit 0
echo
echo "## Where the time goes, one thread (perf)"
echo
profile() { # NAME COMMAND...
    local name=$1
    shift
    perf record -q -o "$work/perf" "$@" >/dev/null 2>&1 || return 0
    perf report -q -i "$work/perf" --no-children -F overhead,sym --percent-limit 0 2>/dev/null | awk -v name="$name" '
        { share = $1 + 0; s = $3 }
        s ~ /^multiply|^straight|^across|^narrow|^quantise|^largest|^convert|^stripe/ { part["products"] += share; next }
        s ~ /^panel_pack|^pack/ { part["packing"] += share; next }
        s ~ /^gates_|^row_forward|^row_backward|^forward|^backward/ { part["gates"] += share; next }
        s ~ /^energy|^prepare|^weighted_sum|^softmax_b|^same_query|^attention/ { part["attention"] += share; next }
        s ~ /^scan|^take|^exclude|^log_sum|^softmax|^gradient|^sum$|^add_bias/ { part["softmax and loss"] += share; next }
        s ~ /^update|^sum_of_sq|^reduce|^adam/ { part["optimiser"] += share; next }
        { part["the rest"] += share }
        END { printf "| %s |", name; n = split("products,packing,gates,attention,softmax and loss,optimiser,the rest", k, ",")
              for (i = 1; i <= n; i++) printf " %.0f |", part[k[i]]; print "" }'
}
echo "| % | products | packing | gates | attention | softmax and loss | optimiser | the rest |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|"
for p in $precisions; do
    profile "beam 5, batches of 64, $p" "$satz" translate --threads 1 --precision "$p" "$model" "$test"
done
rm -rf "$work/ours"
cat >"$work/train" <<END
#!/bin/sh
MULTI30K=$data exec $satz train eval/bench/peer.yaml --quiet --set train.folder=$work/ours --set data.cache=$work/cache \
    --set data.valid_source=$data/$held.en --set data.valid_target=$data/$held.de --set train.threads=1 \
    --set train.updates=40 --set validation.every=1000000
END
chmod +x "$work/train"
[ "$updates" -le 20 ] || profile "training, f32" "$work/train"
