/*
 * deaths: processes are killed at the worst moments, which no Lua script could
 * hit. Links the cache of src/ and reads its memory.
 *
 *   cc -std=c11 -D_GNU_SOURCE -Isrc -pthread -o deaths spec/support/deaths.c
 *      src/cache/{shared_table,placement,entry,entry_memory,leader}.c -lcrypto
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
#include "cache/placement.h"

/* From base/digest.c, which needs Lua; this program has none. */
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

/* Runs `work` in a process of its own, which is killed after it. */
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
  struct eq_entry *entry = eq_placement_find(table, NULL, name);
  if (entry == NULL) {
    bool evicted = false;
    entry = eq_placement_claim(table, name, EQ_KIND_TOKEN, 1, &evicted);
  }
  struct eq_snapshot *snapshot = malloc(sizeof *snapshot);
  CHECK(entry != NULL && snapshot != NULL);
  eq_snapshot_init(snapshot);
  struct eq_begin_args args = {
      .id = eq_table_id(table), .now = 1, .lease_until = EQ_FOREVER};
  struct eq_bytes text = {secret, sizeof secret};
  struct eq_times until = {EQ_FOREVER, EQ_FOREVER, EQ_FOREVER, 0};
  CHECK(eq_entry_begin(entry, &args, snapshot) == EQ_LEAD);
  CHECK(eq_entry_publish(entry, args.id, text, text, &until, 2));
  free(snapshot);
}

/* What a writer leaves that is killed in the middle: an odd generation, and
 * new bytes beyond the old length. */
static void tear(struct eq_table *table)
{
  struct eq_entry *entry = eq_placement_find(table, NULL, victim);
  CHECK(entry != NULL);
  atomic_fetch_add(&entry->generation, 1);
  memcpy(entry->header.bytes + 5000, secret, sizeof secret);
  memcpy(entry->record.bytes + EQ_RECORD_MAX - sizeof secret, secret,
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
  struct eq_entry *entry = eq_placement_find(table, NULL, victim);
  uint32_t generation = eq_entry_generation(entry);
  CHECK(holds(table, table->size, secret));
  eq_table_unlock(table);

  /* Killed with the lock only: nothing has changed. */
  die_of(only_lock, table);
  CHECK(eq_table_lock(table));
  CHECK(eq_entry_generation(entry) == generation);
  CHECK(eq_placement_find(table, NULL, victim) == entry);
  eq_table_unlock(table);

  /* Killed while writing an entry: that one is emptied, no other. */
  die_of(tear, table);
  CHECK(eq_entry_generation(entry) % 2 == 1);
  CHECK(eq_table_lock(table));
  CHECK(eq_entry_generation(entry) == generation + 2);
  CHECK(eq_placement_find(table, entry, victim) == NULL);
  CHECK(!holds(entry->header.bytes, sizeof(struct eq_entry_storage), secret));
  struct eq_entry *other = eq_placement_find(table, NULL, bystander);
  CHECK(other != NULL && other->token.serial != 0);

  /* Forgotten tokens and reused entries are wiped. */
  publish(table, victim);
  eq_entry_forget(eq_placement_find(table, NULL, victim));
  eq_entry_claim(other, victim, EQ_KIND_TOKEN, 3);
  CHECK(!holds(table, table->size, secret));
  eq_table_unlock(table);

  /* The lock goes on working, however many owners are killed. */
  for (int i = 0; i < 5; i++) {
    die_of(only_lock, table);
    CHECK(eq_table_lock(table));
    eq_table_unlock(table);
  }
}

/* A caller that read the clock before the token expired, and then waited for
 * the lock while a leader wiped its header: it has none, and must not say that
 * it is fresh. */
static void check_late_reader(void)
{
  static const unsigned char late[EQ_NAME_SIZE] = "late";
  struct eq_table *table = eq_table_common();
  struct eq_snapshot *snapshot = malloc(sizeof *snapshot);
  CHECK(snapshot != NULL && eq_table_lock(table));
  eq_snapshot_init(snapshot);
  bool evicted = false;
  struct eq_entry *entry =
      eq_placement_claim(table, late, EQ_KIND_TOKEN, 1, &evicted);
  CHECK(entry != NULL);
  struct eq_begin_args args = {
      .id = eq_table_id(table), .now = 1, .lease_until = 300};
  struct eq_bytes text = {secret, sizeof secret};
  struct eq_times until = {100, 100, 100, 0};
  CHECK(eq_entry_begin(entry, &args, snapshot) == EQ_LEAD);
  CHECK(eq_entry_publish(entry, args.id, text, text, &until, 2));
  args = (struct eq_begin_args){
      .id = eq_table_id(table), .now = 200, .lease_until = 300};
  CHECK(eq_entry_begin(entry, &args, snapshot) == EQ_LEAD);
  eq_entry_peek(entry, 50, 0, snapshot);
  CHECK(snapshot->header.len == 0 && snapshot->state == EQ_EXPIRED);
  eq_table_unlock(table);
  free(snapshot);
}

/* A pid alone is no identity: the time of the start belongs to it. */
static void check_identity(void)
{
  struct eq_leader self;
  struct eq_leader other;
  eq_leader_self(&self);
  CHECK(self.pid == getpid() && self.start != 0 && self.space != 0);
  CHECK(!eq_leader_dead(&self));

  other = self;
  CHECK(eq_leader_same(&self, &other));
  other.start++; /* another process had our pid before */
  CHECK(!eq_leader_same(&self, &other));
  CHECK(eq_leader_dead(&other));

  other.space++; /* in a namespace whose pids we can't see: unknown */
  CHECK(!eq_leader_dead(&other));
  other.space = 0; /* from a process without /proc: unknown, too */
  CHECK(!eq_leader_dead(&other));

  other = self;
  other.start = 0; /* start unknown: a pid that exists is alive */
  CHECK(!eq_leader_dead(&other));

  other = self;
  other.thread++; /* its thread may have ended, its process has not */
  CHECK(!eq_leader_same(&self, &other));
  CHECK(!eq_leader_dead(&other));
}

/* What a child reports to its parent. */
struct message {
  atomic_bool sent;
  struct eq_leader leader;
};

static pid_t start_leader(struct message *message, void (*then)(void))
{
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0); /* leaves no orphan */
    eq_leader_self(&message->leader);
    atomic_store(&message->sent, true);
    then();
    _exit(0);
  }
  for (int i = 0; i < 10000 && !atomic_load(&message->sent); i++) {
    (void)usleep(1000);
  }
  CHECK(atomic_load(&message->sent));
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

/* A process whose main thread has ended looks like a zombie to its parent. */
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

static void check_leader(void (*then)(void), bool zombie)
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
  CHECK(eq_leader_dead(leader)); /* not reaped yet */
  CHECK(waitpid(pid, NULL, 0) == pid);
  CHECK(eq_leader_dead(leader));
  CHECK(munmap(message, sizeof *message) == 0);
}

int main(void)
{
  check_table();
  check_late_reader();
  check_identity();
  check_leader(stay, false);
  check_leader(leave_a_thread, true);
  return EXIT_SUCCESS;
}
