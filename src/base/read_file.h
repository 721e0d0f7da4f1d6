/*
 * read_file: the bytes of a file, which may be a pipe.
 *
 * Laws of this file:
 * - a regular file is read anew each time. Anything else, such as the pipe of
 *   the shell's <(...), gives its bytes only once: they are kept, and are what
 *   each later reader gets, in forked children too;
 * - a file that was kept on purpose gives the kept bytes where it can't be
 *   opened, as after chroot() or setuid(); where it can, it is read anew;
 * - no wait is without a limit: a named pipe may never get a writer;
 * - the bytes may be a secret: they are in buffers only, which wipe them.
 */
#ifndef EQ_BASE_READ_FILE_H
#define EQ_BASE_READ_FILE_H

#include <stdbool.h>

#include "base/buffer.h"

/* How long a pipe may be silent; a person may type a pass phrase for it. */
#define EQ_READ_FILE_SECONDS 60.0

/*
 * Adds the bytes of the file to an empty buffer, up to its maximum. 0, or an
 * errno value: EFBIG where there are more, ETIMEDOUT where a pipe was silent
 * for so many seconds. Blocks this OS thread.
 */
int eq_read_file(const char *path, double seconds, struct eq_buffer *bytes);

/* Reads a file of up to 1 MiB and keeps it under that name. 0 or an errno
 * value: what was kept before stays. Blocks this OS thread. */
int eq_read_file_keep(const char *path, double seconds);

/* Whether there is something of that name that gives its bytes only once, or
 * a kept file that can't be opened. */
bool eq_read_file_is_pipe(const char *path);

#endif
