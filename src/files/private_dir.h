/*
 * private_dir: a folder of ours, and files in it that are nobody else's.
 *
 * Laws of this file:
 * - the folder is opened for each deed, and every file relative to that, so
 *   nobody can put another folder in between; links are never followed;
 * - what belongs to another user, what others may use, what is no plain file
 *   or has a second name is refused and left as it is;
 * - what changes what is there happens under the folder's own lock. It is
 *   held for a few system calls, never while a lease is held or waited for,
 *   and is waited for one second at most.
 *
 * Functions here call no Lua.
 */
#ifndef EQ_FILES_PRIVATE_DIR_H
#define EQ_FILES_PRIVATE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * A name is given by the caller; behind it, the endings of what rests under
 * it. They are not to be met by chance: what has them may be swept away, in
 * whatever folder somebody hands to us. What begins with a dot is no name.
 */
#define EQ_NAME_MAX 128
#define EQ_RECORD ".eq-record"
#define EQ_LEASE ".eq-lock"
#define EQ_TEMP ".eq-temp-"      /* and 16 random hex digits */
#define EQ_CORRUPT ".eq-corrupt" /* the one that was put aside last */

/* Room for a name and any ending. */
enum { EQ_FILE_SIZE = EQ_NAME_MAX + 32 };

/* How a deed ended. */
enum eq_deed {
  EQ_DONE,
  EQ_ABSENT, /* there is no such file, or no folder */
  EQ_BUSY,   /* another one holds the lease */
  EQ_STALE,  /* the lease is no longer held */
  EQ_FAILED  /* see `why` */
};

struct eq_private {
  const char *path; /* borrowed */
  int fd;           /* -1: not open */
  struct {
    char file[EQ_FILE_SIZE]; /* "": the folder itself */
    const char *words;       /* static */
    int os;                  /* errno; 0: the words say it all */
  } why;                     /* of EQ_FAILED */
};

/* 1 to EQ_NAME_MAX bytes of [A-Za-z0-9_.-], none of ".-" in front. */
bool eq_private_is_name(const char *name, size_t len);

/*
 * Opens the folder; with `make` it and its parents are made where they are
 * missing, for their owner only. Without: EQ_ABSENT where there is none.
 * To be closed whatever comes back.
 */
enum eq_deed eq_private_open(struct eq_private *dir, const char *path,
                             bool make);
void eq_private_close(struct eq_private *dir);

/* The folder's lock; EQ_FAILED after a second. Ends with unlock or close. */
enum eq_deed eq_private_lock(struct eq_private *dir);
void eq_private_unlock(struct eq_private *dir);

/* Is the file there, and ours? EQ_DONE, EQ_ABSENT or EQ_FAILED. */
enum eq_deed eq_private_look(struct eq_private *dir, const char *file,
                             struct stat *st);

/*
 * Opens a file of ours, never one that is not. flags: as for open; what
 * O_CREAT makes is for its owner only. The file goes to eq_hold_close.
 */
enum eq_deed eq_private_file(struct eq_private *dir, const char *file,
                             int flags, int *fd);

/* Reads a file from its start, `size` bytes at most. */
enum eq_deed eq_private_read(struct eq_private *dir, const char *file,
                             char *bytes, size_t size, size_t *len);

/* Removes a file; EQ_DONE where there is none. Under the folder's lock. */
enum eq_deed eq_private_remove(struct eq_private *dir, const char *file);

/* What was renamed or removed stays so after a power cut. */
enum eq_deed eq_private_sync(struct eq_private *dir);

/* Notes why, and is EQ_FAILED. */
enum eq_deed eq_private_fail(struct eq_private *dir, const char *file,
                             const char *words, int os);

#endif
