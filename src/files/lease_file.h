/*
 * lease_file: the lease of one name, and what only its holder may do.
 *
 * Laws of this file:
 * - a lease is an open file, locked (see lock_fd.h): it ends in the moment its
 *   holder dies. The file says until when the lease lasts, on the machine's
 *   clock; a holder that is still alive then, but stopped perhaps, loses it:
 *   the next holder puts a new file at the name.
 * - so a lease is valid as long as its file is the one at the name, and its
 *   time is not over. That is checked under the folder's lock, together with
 *   the rename that depends on it: no other process can take over in between.
 * - a record is written to another file, and is complete before it gets its
 *   name.
 */
#ifndef EQ_FILES_LEASE_FILE_H
#define EQ_FILES_LEASE_FILE_H

#include <stdint.h>

#include "files/private_dir.h"

struct eq_lease_file {
  bool held;           /* by this object; all zero bits: not */
  int fd;              /* of the file of the lease */
  unsigned generation; /* eq_fork_generation when it was taken */
  int64_t end;         /* on the clock of base/clock.h */
  char name[EQ_NAME_MAX + 1];
};

/* A record, and the wall-clock second from which on it is of no use. */
struct eq_record {
  const char *bytes; /* borrowed */
  size_t len;
  double end;
};

/*
 * Takes the lease of a name for so many nanoseconds: EQ_FILE_DONE,
 * EQ_FILE_BUSY or EQ_FILE_FAILED. Needs an open folder, not locked.
 */
enum eq_file_result eq_lease_file_take(struct eq_private_dir *dir,
                                       const char *name, int64_t ns,
                                       struct eq_lease_file *lease);

/*
 * Gives the lease so many nanoseconds from now on: EQ_FILE_DONE;
 * EQ_FILE_STALE: it is over, and stays so; or EQ_FILE_FAILED. Needs an open
 * folder, not locked.
 */
enum eq_file_result eq_lease_file_extend(struct eq_private_dir *dir,
                                         int64_t ns,
                                         struct eq_lease_file *lease);

/* Ends the lease if it is held here, else does nothing. Does not wait. */
void eq_lease_file_drop(struct eq_lease_file *lease);

/*
 * The same, and removes the lease's file, so that none is left for each name
 * that was ever used. Not if another process has the folder locked just now: a
 * cleanup does it then. Needs an open folder, not locked.
 */
void eq_lease_file_end(struct eq_private_dir *dir,
                       struct eq_lease_file *lease);

/*
 * Replaces the record of the name, which must be the name of the lease:
 * EQ_FILE_DONE; or EQ_FILE_STALE or EQ_FILE_FAILED, and the old record stays.
 * Cleans up on the way. Needs an open folder, not locked.
 */
enum eq_file_result eq_lease_file_save(struct eq_private_dir *dir,
                                       const char *name,
                                       const struct eq_record *record,
                                       const struct eq_lease_file *lease);

#endif
