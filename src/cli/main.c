/* satz -- the program: picks the command, and makes sure that its output arrived. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "satz.h"

static const struct command *const commands[] = {
#define COMMAND_ROW(name) &command_##name,
    COMMAND_LIST(COMMAND_ROW)
#undef COMMAND_ROW
};

static const struct command_group program = {
    .name = "satz",
    .summary = "learn to translate from pairs of sentences, and translate",
    .about = "Satz learns to translate from pairs of sentences, and translates.\n"
             "`satz --version` prints the version.\n",
    .commands = commands,
    .n_commands = sizeof commands / sizeof *commands,
};

/* A stream that was closed by the caller (">&-") must not become the next file that is opened: what
 * is printed would land in a checkpoint. The other direction makes its use an error, as before. */
static void hold_standard_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0)
            (void)!open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* A full disk shows only when the last bytes are written. */
static int check_output(int status)
{
    errno = 0;
    if ((!ferror(stdout) && fflush(stdout) == 0) || status != EXIT_SUCCESS)
        return status;
    fprintf(stderr, "satz: the output could not be written%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("satz " SATZ_VERSION);
        return check_output(EXIT_SUCCESS);
    }
    return check_output(command_dispatch(&program, argc, argv));
}
