/*
 * file_sink: a file that appears whole or not at all.
 *
 * Law of this file: bytes go to a new private file beside the wanted one,
 * and only a commit gives it the wanted name, replacing what was there in
 * one step. A reader never sees half an answer; a failure leaves nothing.
 */
#ifndef EQ_HTTP_FILE_SINK_H
#define EQ_HTTP_FILE_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct eq_sink {
  int fd;     /* the temporary file, -1 when closed */
  char *path; /* owned; the wanted name */
  char *temp; /* owned; the name until the commit */
};

/* A closed sink; the state after commit and abandon, too. */
void eq_sink_init(struct eq_sink *sink);

static inline bool eq_sink_is_open(const struct eq_sink *sink)
{
  return sink->fd >= 0;
}

/*
 * Makes the temporary file (O_EXCL, mode 0600, closed on exec) beside path.
 * Like the three below returns 0 or an errno value; after one of those the
 * sink is closed and nothing of it is left on the disk.
 */
int eq_sink_open(struct eq_sink *sink, const char *path);

/* Appends n bytes, all of them. */
int eq_sink_write(struct eq_sink *sink, const void *bytes, size_t n);

/* Gives the file its name. Not synced: an answer can be fetched again. */
int eq_sink_commit(struct eq_sink *sink);

/* Removes the temporary file. Harmless on a closed sink. */
void eq_sink_abandon(struct eq_sink *sink);

#endif
