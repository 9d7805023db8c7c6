#include "cli/training.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

/* A signal handler can reach nothing but globals. */
volatile int training_stop;
static volatile int training; /* there is something to save */

static void on_signal(int number)
{
    if (training_stop || !training)
        _exit(EXIT_SIGNAL + number);
    training_stop = number;
}

void training_catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, new = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        /* What the parent had ignored (nohup, a script's background job) stays ignored. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &new, NULL);
    }
    /* Hours of training do not end because nobody reads what they print. */
    signal(SIGPIPE, SIG_IGN);
}

void training_report_init(struct training_report *r, bool quiet)
{
    *r = (struct training_report){.quiet = quiet};
    progress_init(&r->progress);
}

static void show_progress(struct training_report *r, const struct satz_train_event *e)
{
    if (training_stop && !r->stop_told) {
        r->stop_told = true;
        progress_clear(&r->progress);
        fprintf(stderr, "ending, with a checkpoint saved; once more to end at once\n");
    }
    if (!progress_is_due(&r->progress))
        return;
    double of_epoch = e->batches > 0 ? (double)e->batch / (double)e->batches : 0;
    double done = e->epochs > 0 ? (e->epoch - 1 + of_epoch) / e->epochs : 0;
    char figures[200], guided[40] = "", left[DURATION_SIZE];
    if (e->guided >= 0)
        snprintf(guided, sizeof guided, "  guided %.3f", e->guided);
    snprintf(figures, sizeof figures,
             "epoch %d/%d  loss %.3f%s  perplexity %.2f  %.0f tokens/s  %s left", e->epoch,
             e->epochs, e->loss, guided, e->perplexity, e->tokens_per_second,
             format_duration(e->seconds_left, left));
    progress_show(&r->progress, done, figures);
}

static void print_validation(const struct satz_train_event *e)
{
    char bleu[32] = "", spent[DURATION_SIZE];
    if (e->bleu >= 0)
        snprintf(bleu, sizeof bleu, "  BLEU %.2f", e->bleu);
    printf("epoch %d  update %ld  loss %.3f  valid perplexity %.3f%s  %s%s\n", e->epoch, e->update,
           e->loss, e->valid_perplexity, bleu, format_duration(e->seconds, spent),
           e->best ? "  best" : "");
}

void training_on_event(void *user, const struct satz_train_event *e)
{
    struct training_report *r = user;
    training = training || e->stage == SATZ_TRAIN_PROGRESS;
    if (r->quiet)
        return;
    if (e->stage == SATZ_TRAIN_PROGRESS) {
        show_progress(r, e);
        return;
    }
    progress_clear(&r->progress);
    if (e->stage == SATZ_TRAIN_VALIDATION)
        print_validation(e);
    else if (e->text)
        puts(e->text);
    fflush(stdout); /* a file or pipe shows it as it happens */
}

void training_print_argument(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=./,:@%";
    if (*text && !text[strspn(text, plain)]) {
        printf(" %s", text);
        return;
    }
    printf(" '");
    for (; *text; text++)
        printf(*text == '\'' ? "'\\'%c" : "%c", *text);
    putchar('\'');
}
