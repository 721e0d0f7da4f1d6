/*
 * deaths: processes die at the worst moments, as no Lua script could make
 * them. Links the table of src/ and looks at its memory.
 *
 *   cc -std=c11 -D_GNU_SOURCE -Isrc -pthread -o deaths spec/support/deaths.c
 *      src/cache/shared_table.c src/cache/entry.c src/cache/leader.c -lcrypto
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "cache/shared_table.h"

/* What stands beside Lua in base/digest.c, which this program has none of. */
bool eq_random(void *bytes, size_t n)
{
  return getentropy(bytes, n) == 0;
}

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
      exit(EXIT_FAILURE);                                                     \
    }                                                                         \
  } while (0)

static const unsigned char victim[EQ_NAME_SIZE] = "victim";
static const unsigned char bystander[EQ_NAME_SIZE] = "bystander";

static const char secret[] = "a secret that must not stay";

static bool holds(const void *memory, size_t size, const char *text)
{
  const char *at = memory;
  size_t len = strlen(text);
  for (size_t i = 0; i + len <= size; i++) {
    if (at[i] == text[0] && memcmp(at + i, text, len) == 0) {
      return true;
    }
  }
  return false;
}

/* In a process of its own, which dies of `work`. */
static void die_of(void (*work)(struct eq_table *), struct eq_table *table)
{
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    CHECK(eq_table_lock(table));
    work(table);
    (void)raise(SIGKILL);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void publish(struct eq_table *table, const unsigned char *name)
{
  struct eq_place *place = eq_table_find(table, NULL, name);
  if (place == NULL) {
    place = eq_table_claim(table, name, 1);
  }
  struct eq_view *view = malloc(sizeof *view);
  CHECK(place != NULL && view != NULL);
  eq_view_init(view);
  struct eq_ask ask = {
      .id = eq_table_id(table), .now = 1, .lease_until = EQ_FOREVER};
  struct eq_text text = {secret, sizeof secret};
  struct eq_times until = {EQ_FOREVER, EQ_FOREVER, EQ_FOREVER};
  CHECK(eq_place_begin(place, &ask, view) == EQ_LEAD);
  CHECK(eq_place_publish(place, ask.id, text, text, &until, 2));
  free(view);
}

/* As far as a writer gets who dies in the middle: odd, new bytes beyond the
 * old length. */
static void tear(struct eq_table *table)
{
  struct eq_place *place = eq_table_find(table, NULL, victim);
  CHECK(place != NULL);
  atomic_fetch_add(&place->generation, 1);
  memcpy(place->header.bytes + 5000, secret, sizeof secret);
  memcpy(place->record.bytes + EQ_RECORD_MAX - sizeof secret, secret,
         sizeof secret);
}

static void only_lock(struct eq_table *table)
{
  (void)table;
}

static void check_table(void)
{
  struct eq_table *table = eq_table_common();
  CHECK(table != NULL);
  CHECK(eq_table_lock(table));
  publish(table, victim);
  publish(table, bystander);
  struct eq_place *place = eq_table_find(table, NULL, victim);
  uint32_t generation = eq_place_generation(place);
  CHECK(holds(table, table->size, secret));
  eq_table_unlock(table);

  /* The lock alone: all is as it was. */
  die_of(only_lock, table);
  CHECK(eq_table_lock(table));
  CHECK(eq_place_generation(place) == generation);
  CHECK(eq_table_find(table, NULL, victim) == place);
  eq_table_unlock(table);

  /* In the middle of a place: that one is emptied, no other. */
  die_of(tear, table);
  CHECK(eq_place_generation(place) % 2 == 1);
  CHECK(eq_table_lock(table));
  CHECK(eq_place_generation(place) == generation + 2);
  CHECK(eq_table_find(table, place, victim) == NULL);
  CHECK(!holds(place->header.bytes, sizeof(struct eq_body), secret));
  struct eq_place *other = eq_table_find(table, NULL, bystander);
  CHECK(other != NULL && other->token.serial != 0);

  /* Forgotten and rejected tokens are wiped, given-away places too. */
  publish(table, victim);
  eq_place_forget(eq_table_find(table, NULL, victim));
  eq_place_claim(other, victim, 3);
  CHECK(!holds(table, table->size, secret));
  eq_table_unlock(table);

  /* And the lock works on, for as many deaths as there may be. */
  for (int i = 0; i < 5; i++) {
    die_of(only_lock, table);
    CHECK(eq_table_lock(table));
    eq_table_unlock(table);
  }
}

/* A pid alone is nobody: the time of its start belongs to it. */
static void check_identity(void)
{
  struct eq_leader self;
  struct eq_leader other;
  eq_leader_self(&self);
  CHECK(self.pid == getpid() && self.start != 0 && self.space != 0);
  CHECK(!eq_leader_dead(&self));

  other = self;
  CHECK(eq_leader_same(&self, &other));
  other.start++; /* that one had our pid before us */
  CHECK(!eq_leader_same(&self, &other));
  CHECK(eq_leader_dead(&other));

  other.space++; /* of a namespace whose pids we can't see: who knows */
  CHECK(!eq_leader_dead(&other));
  other.space = 0; /* of one that had no /proc to ask: nor do we know */
  CHECK(!eq_leader_dead(&other));

  other = self;
  other.start = 0; /* was not told: a pid that is there is alive */
  CHECK(!eq_leader_dead(&other));

  other = self;
  other.thread++; /* its thread may have ended, its process has not */
  CHECK(!eq_leader_same(&self, &other));
  CHECK(!eq_leader_dead(&other));
}

/* A child's word to its parent. */
struct message {
  atomic_bool told;
  struct eq_leader leader;
};

static pid_t start_leader(struct message *message, void (*then)(void))
{
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0); /* leave no orphan */
    eq_leader_self(&message->leader);
    atomic_store(&message->told, true);
    then();
    _exit(0);
  }
  for (int i = 0; i < 10000 && !atomic_load(&message->told); i++) {
    (void)usleep(1000);
  }
  CHECK(atomic_load(&message->told));
  CHECK(message->leader.pid == pid);
  return pid;
}

static void stay(void)
{
  for (;;) {
    (void)pause();
  }
}

static void *stay_too(void *unused)
{
  (void)unused;
  stay();
  return NULL;
}

static void leave_a_thread(void)
{
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, stay_too, NULL) == 0);
  pthread_exit(NULL);
}

/* To its parent a process whose main thread ended is a zombie. */
static bool looks_dead(pid_t pid)
{
  char path[64];
  char line[256] = "";
  (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  FILE *file = fopen(path, "r");
  CHECK(file != NULL);
  CHECK(fgets(line, sizeof line, file) != NULL);
  CHECK(fclose(file) == 0);
  return strstr(line, ") Z ") != NULL;
}

static void check_pulse(void (*then)(void), bool zombie)
{
  struct message *message = mmap(NULL, sizeof *message, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(message != MAP_FAILED);
  pid_t pid = start_leader(message, then);
  const struct eq_leader *leader = &message->leader;
  for (int i = 0; zombie && i < 10000 && !looks_dead(pid); i++) {
    (void)usleep(1000);
  }
  CHECK(looks_dead(pid) == zombie);
  CHECK(!eq_leader_dead(leader));

  CHECK(kill(pid, SIGKILL) == 0);
  siginfo_t info;
  CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
  CHECK(eq_leader_dead(leader)); /* not buried yet */
  CHECK(waitpid(pid, NULL, 0) == pid);
  CHECK(eq_leader_dead(leader));
  CHECK(munmap(message, sizeof *message) == 0);
}

int main(void)
{
  check_table();
  check_identity();
  check_pulse(stay, false);
  check_pulse(leave_a_thread, true);
  return EXIT_SUCCESS;
}
