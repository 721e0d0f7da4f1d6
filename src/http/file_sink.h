/*
 * file_sink: a file that appears complete or not at all.
 *
 * Law of this file: bytes go to a new private file beside the wanted one,
 * and only a commit gives it the wanted name, replacing what was there in
 * one step. A reader never sees half a response; a failure leaves nothing.
 */
#ifndef EQ_HTTP_FILE_SINK_H
#define EQ_HTTP_FILE_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct eq_file_sink {
  int fd;     /* the temporary file, -1 when closed */
  char *path; /* owned; the wanted name */
  char *temp; /* owned; the name until the commit */
};

/* A closed sink; commit and abandon lead back to this state. */
void eq_file_sink_init(struct eq_file_sink *sink);

static inline bool eq_file_sink_is_open(const struct eq_file_sink *sink)
{
  return sink->fd >= 0;
}

/*
 * Creates the temporary file (O_EXCL, mode 0600, closed on exec) beside path.
 * Like the next two functions it returns 0 or an errno value; after an error
 * the sink is closed and nothing of it is left on the disk.
 */
int eq_file_sink_open(struct eq_file_sink *sink, const char *path);

/* Appends n bytes, all of them. */
int eq_file_sink_write(struct eq_file_sink *sink, const void *bytes, size_t n);

/* Gives the file its name. Not synced: a response can be fetched again. */
int eq_file_sink_commit(struct eq_file_sink *sink);

/* Removes the temporary file. Harmless on a closed sink. */
void eq_file_sink_abandon(struct eq_file_sink *sink);

#endif
