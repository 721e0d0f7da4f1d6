/*
 * command: runs a program again and again, from its start to its end.
 *
 *   command PROGRAM [WORDS ...]     a contender of side.lua
 *
 * CPU is what the processes that ended took, those included that they waited
 * for. What they print is thrown away; one that fails ends this.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

extern char **environ;

static double children_seconds(void)
{
  struct rusage usage;
  if (getrusage(RUSAGE_CHILDREN, &usage) != 0) {
    die("getrusage");
  }
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run(char **words, const posix_spawn_file_actions_t *actions)
{
  pid_t pid;
  int status;
  if (posix_spawnp(&pid, words[0], actions, NULL, words, environ) != 0 ||
      waitpid(pid, &status, 0) != pid || status != 0) {
    die(words[0]);
  }
}

int main(int argc, char **argv)
{
  posix_spawn_file_actions_t actions;
  if (argc < 2) {
    die("usage: command PROGRAM [WORDS ...]");
  }
  if (posix_spawn_file_actions_init(&actions) != 0 ||
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
                                       O_WRONLY, 0) != 0) {
    die("posix_spawn");
  }
  run(argv + 1, &actions);
  for (long count = next_turn(); count > 0; count = next_turn()) {
    double cpu = children_seconds();
    double wall = wall_seconds();
    for (long i = 0; i < count; i++) {
      run(argv + 1, &actions);
    }
    end_turn(children_seconds() - cpu, wall_seconds() - wall);
  }
  return EXIT_SUCCESS;
}
