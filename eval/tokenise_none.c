/* tokenise_none.c -- the text is tokenised already: tokens are what stands between white space. */
#include "tokenise.h"

const struct tokeniser tokenise_none = {.name = "none", .split = tokenise_spaces};
