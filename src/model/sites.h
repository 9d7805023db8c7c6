/* sites.h -- where dropout acts: each place has its own stream of random bits. */
#ifndef SATZ_MODEL_SITES_H
#define SATZ_MODEL_SITES_H

enum dropout_site {
    SITE_SOURCE_EMBEDDING = 1,
    SITE_TARGET_EMBEDDING,
    SITE_ANNOTATIONS,
    SITE_READOUT,
    SITE_SOURCE_WORDS,
    SITE_TARGET_WORDS,
    SITE_OWN_WORDS, /* which words scheduled sampling replaces, and by what */
    SITE_OWN_CHOICE,
    SITE_ATTENTION_WORD,      /* drawn by the window hard */
    SITE_ENCODER_LAYER = 64,  /* + layer */
    SITE_DECODER_LAYER = 128, /* + layer */
    SITE_ENCODER_CELL = 192,  /* + 2 layer + direction */
    SITE_DECODER_CELL = 256   /* + layer */
};

#endif
