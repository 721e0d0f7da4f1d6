/*
 * lease_file: the lease of one name, and what only its holder may do.
 *
 * Laws of this file:
 * - a lease is an open file, locked (see lock_fd.h): when its holder dies the
 *   lease is over in that moment. In the file stands until when it goes, on
 *   the machine's clock; a holder that is still alive then, stopped perhaps,
 *   loses it: the next one puts a new file at the name.
 * - so the lease holds as long as its file is the one at the name, and its
 *   time is not over. That is asked under the folder's lock, together with
 *   the rename it is asked for: between them nobody can take over.
 * - a record is written elsewhere, and is whole before it gets its name.
 */
#ifndef EQ_FILES_LEASE_FILE_H
#define EQ_FILES_LEASE_FILE_H

#include <stdint.h>

#include "files/private_dir.h"

struct eq_claim {
  bool held;           /* by this object; all zero bits: not */
  int fd;              /* of the file of the lease */
  unsigned generation; /* eq_hold_generation of the holder */
  int64_t end;         /* on the clock of base/clock.h */
  char name[EQ_NAME_MAX + 1];
};

/* Some bytes, and the wall-clock second their use is over. */
struct eq_bytes {
  const char *bytes; /* borrowed */
  size_t len;
  double end;
};

/*
 * Takes the lease of a name for so many nanoseconds: EQ_DONE, EQ_BUSY or
 * EQ_FAILED. Needs an open folder, not locked.
 */
enum eq_deed eq_claim_take(struct eq_private *dir, const char *name,
                           int64_t ns, struct eq_claim *claim);

/* Ends the lease if it is held here; again: nothing. Does not wait. */
void eq_claim_drop(struct eq_claim *claim);

/*
 * Replaces the record of the name, which must be the lease's: EQ_DONE,
 * EQ_STALE or EQ_FAILED, and then the old one stays as it is. Sweeps on the
 * way. Needs an open folder, not locked.
 */
enum eq_deed eq_claim_save(struct eq_private *dir, const char *name,
                           const struct eq_bytes *record,
                           const struct eq_claim *claim);

#endif
