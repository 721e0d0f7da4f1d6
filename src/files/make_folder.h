/*
 * make_folder: makes a folder and the parents that it lacks.
 *
 * Laws of this file:
 * - nothing is made below a folder of another user. A command under sudo has
 *   the HOME of the user who called it: what root made there, that user could
 *   neither use nor replace, or could put in the place of what root trusts.
 *   The system's own folders are root's, and whose "/" is: in a container
 *   root may be a user that has no number there.
 * - each folder is opened by the one above it and looked at before anything
 *   is made in it, so that none can take its place in between.
 */
#ifndef EQ_FILES_MAKE_FOLDER_H
#define EQ_FILES_MAKE_FOLDER_H

#include <stdbool.h>

/* What else than an errno value may be the reason. */
enum { EQ_FOREIGN_FOLDER = -1 };

/*
 * Makes the folder of that absolute path, for its owner only; true if it is
 * there already. 0, an errno value or EQ_FOREIGN_FOLDER.
 */
int eq_make_folder(const char *path);

/* The same without making anything: 0 if it is there, or might be made. */
int eq_may_make_folder(const char *path);

#endif
