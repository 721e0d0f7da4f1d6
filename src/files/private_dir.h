/*
 * private_dir: a folder, and files in it, that belong to this user alone.
 *
 * Laws of this file:
 * - the folder is opened for each operation, and every file relative to that,
 *   so that no other folder can take its place in between; links are never
 *   followed;
 * - what belongs to another user, what others may use, what is no plain file
 *   or has a second name is refused and left as it is;
 * - every change happens under the folder's own lock. It is held for a few
 *   system calls, never while waiting for a lease, and the wait for it is one
 *   second at most.
 *
 * Functions here call no Lua.
 */
#ifndef EQ_FILES_PRIVATE_DIR_H
#define EQ_FILES_PRIVATE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * A file is called by a name of the caller's and an ending of ours. The
 * endings are unlikely to occur otherwise, because what has one may be removed
 * by a cleanup in any folder that a user configures. A name does not begin
 * with a dot.
 */
#define EQ_NAME_MAX 128
#define EQ_RECORD ".eq-record"
#define EQ_LEASE ".eq-lock"
#define EQ_TEMP ".eq-temp-"      /* and 16 random hex digits */
#define EQ_CORRUPT ".eq-corrupt" /* the last one that was set aside */

/* Room for a name and any ending. */
enum { EQ_FILE_SIZE = EQ_NAME_MAX + 32 };

/* How an operation ended. */
enum eq_file_result {
  EQ_FILE_DONE,
  EQ_FILE_ABSENT, /* there is no such file, or no folder */
  EQ_FILE_BUSY,   /* another holder has the lease */
  EQ_FILE_STALE,  /* the lease is no longer held */
  EQ_FILE_FAILED  /* see `failure` */
};

struct eq_private_dir {
  const char *path; /* borrowed */
  int fd;           /* -1: not open */
  int64_t patience; /* nanoseconds to wait for its lock; 0: a second */
  struct {
    char file[EQ_FILE_SIZE]; /* "": the folder itself */
    const char *message;     /* static */
    int os;                  /* errno; 0: the message says it all */
  } failure;                 /* of EQ_FILE_FAILED */
};

/* 1 to EQ_NAME_MAX bytes of [A-Za-z0-9_.-], the first not "." or "-". */
bool eq_private_dir_is_name(const char *name, size_t len);

/*
 * Opens the folder; with `make` it and its parents are made if they are
 * missing, for their owner only, but not below a folder of another user
 * (make_folder.h); without, EQ_FILE_ABSENT: there is none. To be
 * closed after any result.
 */
enum eq_file_result eq_private_dir_open(struct eq_private_dir *dir,
                                        const char *path, bool make);
void eq_private_dir_close(struct eq_private_dir *dir);

/* Takes the folder's lock; EQ_FILE_FAILED when its patience is over. Ends with
 * unlock or close. */
enum eq_file_result eq_private_dir_lock(struct eq_private_dir *dir);
void eq_private_dir_unlock(struct eq_private_dir *dir);

/* Is there such a file, and is it ours? EQ_FILE_DONE, EQ_FILE_ABSENT or
 * EQ_FILE_FAILED. */
enum eq_file_result eq_private_dir_stat(struct eq_private_dir *dir,
                                        const char *file, struct stat *st);

/*
 * Opens a file of ours, never another one. flags: as for open; what O_CREAT
 * makes is for its owner only. To be closed with eq_lock_fd_close.
 */
enum eq_file_result eq_private_dir_open_file(struct eq_private_dir *dir,
                                             const char *file, int flags,
                                             int *fd);

/* Reads a file from its start, `size` bytes at most. */
enum eq_file_result eq_private_dir_read_file(struct eq_private_dir *dir,
                                             const char *file, char *bytes,
                                             size_t size, size_t *len);

/* Removes a file; EQ_FILE_DONE if there is none. Under the folder's lock. */
enum eq_file_result eq_private_dir_remove_file(struct eq_private_dir *dir,
                                               const char *file);

/* Makes renames and removals survive a power cut. */
enum eq_file_result eq_private_dir_sync(struct eq_private_dir *dir);

/* Notes the failure, and returns EQ_FILE_FAILED. */
enum eq_file_result eq_private_dir_fail(struct eq_private_dir *dir,
                                        const char *file, const char *message,
                                        int os);

#endif
