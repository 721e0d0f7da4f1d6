/*
 * errno_name: "ENOENT" for 2, the same on every system and in every language.
 *
 * Law of this file: a message that names an error of the system carries its
 * symbol, never strerror's text, which depends on the locale.
 */
#ifndef EQ_BASE_ERRNO_NAME_H
#define EQ_BASE_ERRNO_NAME_H

/* The symbol of an errno value, a static string; NULL for an uncommon one. */
const char *eq_errno_name(int os);

#endif
