/* commands.h -- every command of the program, in the order of `satz --help`. */
#ifndef SATZ_CLI_COMMANDS_H
#define SATZ_CLI_COMMANDS_H

#include "cli/command.h"

/* clang-format off */
#define COMMAND_LIST(X) \
    X(doctor)           \
    X(train)            \
    X(ablate)           \
    X(replay)           \
    X(translate)        \
    X(shortlist)        \
    X(score)            \
    X(average)          \
    X(serve)            \
    X(attention)        \
    X(align)            \
    X(bleu)             \
    X(chrf)             \
    X(ter)              \
    X(compare)          \
    X(report)           \
    X(tokenizer)        \
    X(info)             \
    X(config)
/* clang-format on */

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMAND_LIST(COMMAND_DECLARE)
#undef COMMAND_DECLARE

#endif
