/*
 * cleanup: what killed processes and dead tokens left behind is collected.
 *
 * Laws of this file: nothing that is in use goes, nor anything that is not
 * ours or has not one of our endings; and one sweep looks at a bounded number
 * of files, however many there are. What can't be removed stays, silently:
 * nobody waits for it.
 */
#ifndef EQ_FILES_CLEANUP_H
#define EQ_FILES_CLEANUP_H

#include "files/private_dir.h"

/* Under the folder's lock. */
void eq_sweep(struct eq_private *dir);

#endif
