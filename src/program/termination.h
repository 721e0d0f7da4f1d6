/*
 * termination: a process that is asked to terminate, and does so in its own
 * time.
 *
 * Laws of this file:
 * - only a command calls it, never the library: in any other program the
 *   signals belong to the host;
 * - the first SIGTERM or SIGINT is a request. A flag keeps it, and a pipe
 *   that becomes readable announces it, so that a signal just before a wait
 *   is not missed. The second signal ends the process as if there were no
 *   handler, and so does any signal in a forked child. When the time is over
 *   the process ends with status 0, whatever it is doing.
 */
#ifndef EQ_PROGRAM_TERMINATION_H
#define EQ_PROGRAM_TERMINATION_H

/*
 * A descriptor that is readable from the first signal on and stays so; it is
 * only for poll(), never read from it. -1: no handler is installed.
 */
int eq_termination_fd(void);

#endif
