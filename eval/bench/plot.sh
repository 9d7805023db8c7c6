#!/usr/bin/env bash
# plot.sh RESULTS.md > FILE.svg: bars of the rows "| SEARCH | THREADS | NUMBERS | SENTENCES/S |" that bench.sh
# prints, beam 5. Wants gnuplot.
set -eu
rows=${1:?the output of bench.sh}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -F' *[|] *' -v OFS='\t' '
    BEGIN { n = split("PyTorch f32,f32,bf16,int8,f32+list,int8+list", order, ",") }
    $2 ~ /^beam 5, batches of [0-9]+$/ { name = substr($2, 9) ",\\n" $3 " thread" ($3 > 1 ? "s" : ""); if (!(name in seen)) { seen[name]; names[++m] = name }
        speed[name, $4] = $5 }
    END { for (i = 1; i <= m; i++) { printf "\"%s\"", names[i]; for (k = 1; k <= n; k++)
              printf "\t%s", speed[names[i], order[k]] ? speed[names[i], order[k]] : "NaN"; print "" } }' "$rows" >"$work/data"
[ -s "$work/data" ] || { echo "plot: $rows has no rows of beam 5" >&2; exit 1; }
gnuplot <<END
set terminal svg size 860,380 font "sans,12" background "white"
set style data histograms
set style histogram gap 1.5
set title "Translating with beam 5 (list: with a shortlist)"
set style fill solid 0.85 border -1
set boxwidth 0.9
set ylabel "sentences a second"
set grid ytics
set bmargin 4
set key outside right
set yrange [0:*]
plot for [i=2:7] "$work/data" using i:xtic(1) title word("PyTorch f32 bf16 int8 f32,list int8,list", i - 1)
END
