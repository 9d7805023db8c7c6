/* A step whose loss or gradient is not finite: the black box is written, the policy is carried out.
 * Both depend on nothing but the state, so that a resumed run does the same again. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "train/trainer.h"

enum { MOST_FAILURES = 10 }; /* in a row */

int trainer_roll_back(struct trainer *t, struct satz_error *err)
{
    const char *folder = t->recipe->train.folder;
    struct tensors file = {0};
    struct train_state state = t->state;
    int64_t *updates = NULL;
    size_t n = 0;
    char *path = NULL;
    int status = -1;
    if (checkpoint_list(folder, &updates, &n, err) < 0)
        return -1;
    if (n == 0) {
        error_set(err, "%s: its checkpoints are gone, there is nothing to go back to", folder);
        goto done;
    }
    path = checkpoint_path(folder, updates[n - 1], err);
    if (!path || tensors_open(&file, path, err) < 0 ||
        checkpoint_read(&file, path, &t->model, &t->team, &t->state, err) < 0)
        goto done;
    t->state.backoff = state.backoff / 2;
    t->state.seconds = state.seconds;
    team_pack(&t->team);
    t->epoch_sums = t->window.sums = (struct loss_sums){0};
    trainer_note(t, "back to %s, at %g of the rate", path, t->state.backoff);
    status = 0;
done:
    tensors_release(&file);
    free(updates);
    free(path);
    return status;
}

/* A box that cannot be written ends no run. The name of the one that was, or NULL. */
static char *write_box(struct trainer *t, const struct blackbox *box, int64_t update)
{
    char *path;
    struct satz_error problem;
    if (blackbox_save(box, t->recipe->train.folder, update, &path, &problem) < 0)
        trainer_note(t, "warning: no black box of update %" PRId64 ": %s", update, problem.message);
    return path;
}

int trainer_not_finite(struct trainer *t, const struct blackbox *box, struct satz_error *err)
{
    const char *action = t->recipe->train.on_nonfinite;
    int64_t update = t->state.update + 1;
    double loss = box->sums.loss / (double)box->sums.tokens, norm = box->norm;
    loss = isnan(loss) ? (double)NAN : loss; /* without a sign */
    norm = isnan(norm) ? (double)NAN : norm;
    char *path = write_box(t, box, update), see[400] = "";
    team_discard(&t->team);
    t->failures++;
    if (path)
        snprintf(see, sizeof see, "; `satz replay %.300s` tells where it began", path);
    trainer_log(t,
                "{\"event\": \"nonfinite\", \"update\": %" PRId64 ", \"epoch\": %" PRId64
                ", \"action\": \"%s\", \"box\": %s}\n",
                update, t->state.epoch + 1, action, path ? "true" : "false");
    free(path);
    if (recipe_is(action, "stop") || t->failures >= MOST_FAILURES)
        return error_set(err,
                         "update %" PRId64
                         ": the loss (%g) or its gradient (%g) is not finite%s%s; "
                         "lower optimizer.rate or set train.clip, and go on from the last "
                         "checkpoint with --resume",
                         update, loss, norm, t->failures > 1 ? ", for the tenth time" : "", see);
    bool back = recipe_is(action, "rollback");
    trainer_note(
        t, "warning: update %" PRId64 ": the loss (%g) or its gradient (%g) is not finite%s%s",
        update, loss, norm, back ? "" : "; its batch is left out", see);
    if (back)
        return trainer_roll_back(t, err);
    t->state.update++;
    t->state.batch += box->n_batches;
    return 0;
}
