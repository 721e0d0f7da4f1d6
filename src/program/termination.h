/*
 * termination: a process that was told to end, and does so in its own time.
 *
 * Laws of this file:
 * - only a command calls it, never the library: in any other program the
 *   signals are the host's;
 * - the first TERM or INT is a word, which a flag keeps and a pipe makes
 *   heard, so that none is lost right before somebody waits; the second one
 *   ends the process as if there were no handler, and so does any that meets
 *   a forked child. When time is over the process ends with 0, whatever it is
 *   doing.
 */
#ifndef EQ_PROGRAM_TERMINATION_H
#define EQ_PROGRAM_TERMINATION_H

/*
 * A file that can be read from the first of them on, for ever after; nobody is
 * to read it. -1: no handler is installed.
 */
int eq_ending_file(void);

#endif
