/*
 * cleanup: removes what killed processes and dead tokens left behind.
 *
 * Laws of this file: it removes nothing that is in use, belongs to another
 * user or has not one of our endings; and one call checks a bounded number of
 * files, however many there are. What can't be removed stays, without an
 * error: it does no harm.
 */
#ifndef EQ_FILES_CLEANUP_H
#define EQ_FILES_CLEANUP_H

#include "files/private_dir.h"

/* To be called under the folder's lock. */
void eq_cleanup(struct eq_private_dir *dir);

#endif
