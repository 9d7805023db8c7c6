#!/usr/bin/env bash
# Checks that every module includes only what stands above it (docs/architecture.md), and says
# file:line of each include that does not.
set -eu
cd "$(dirname "$0")/.."

# A module of src/ (or eval) and the modules it may include besides itself; a name with a dot is one
# header. satz.h is open to all.
layers='
base
config   base
compute  base
nn       base compute
text     base
model    base config compute nn text
decode   base config compute nn text model
train    base config compute nn text model decode eval.h
view     base
ablate   base config model train view eval.h
serve
cli      serve eval.h
eval
bench    base config compute nn text model decode
'

git ls-files -z --cached --others --exclude-standard 'src/*.[ch]' 'src/*.cc' 'eval/*.[ch]' |
    xargs -0 -r grep -nH '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
    LAYERS=$layers awk -F: '
    BEGIN {
        n_rows = split(ENVIRON["LAYERS"], rows, "\n")
        for (r = 1; r <= n_rows; r++) {
            n = split(rows[r], name, " +")
            if (n == 0) continue
            known[name[1]] = 1
            open_to[name[1], "satz.h"] = open_to[name[1], name[1]] = 1
            allowed[name[1]] = "satz.h, " name[1]
            for (i = 2; i <= n; i++) {
                open_to[name[1], name[i]] = 1
                allowed[name[1]] = allowed[name[1]] ", " name[i]
            }
        }
    }
    {
        n = split($1, path, "/")
        module = path[1] == "eval" ? (n > 2 ? path[2] : "eval") : n > 2 ? path[2] : path[n]
        split($0, quoted, "\"")
        header = quoted[2]
        # Both src and eval are include paths: a bare name is eval.h or satz.h, or a file beside this one.
        if (header ~ /\//) { split(header, part, "/"); wanted = part[1] }
        else if (header == "satz.h" || (header == "eval.h" && module != "eval")) wanted = header
        else wanted = module
        if (module == "satz.h") message = "the public header may include none of the project"
        else if (!(module in known)) message = "module " module " has no row in scripts/check-layers.sh"
        else if ((module, wanted) in open_to) next
        else message = module " may not include \"" header "\"; allowed: " allowed[module]
        print $1 ":" $2 ": " message
        wrong++
    }
    END { exit wrong > 0 }'
