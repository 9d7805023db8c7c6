#!/usr/bin/env bash
# Writes the manual pages and the completions of the program SATZ into FOLDER: scripts/manuals.sh SATZ FOLDER
# All of it comes from the program's own tables, so it cannot tell anything else than --help.
set -eu
satz=$1 folder=$2

rm -rf "$folder.new"
mkdir -p "$folder.new"
"$satz" --help=commands | while read -r name; do
    "$satz" $name --help=man >"$folder.new/satz-${name// /-}.1"
done
"$satz" config --man >"$folder.new/satz-recipe.5"
"$satz" --help=bash >"$folder.new/satz.bash"
"$satz" --help=zsh >"$folder.new/satz.zsh"
"$satz" --help=man >"$folder.new/satz.1"
rm -rf "$folder"
mv "$folder.new" "$folder"
