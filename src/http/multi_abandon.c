/*
 * multi_abandon: the laws are in multi_abandon.h.
 */
#include "http/multi_abandon.h"

#include <stdatomic.h>
#include <stdlib.h>

struct abandoned {
  struct eq_multi multi;
  struct abandoned *next;
};

static struct abandoned *_Atomic abandoned;

void eq_multi_abandon(const struct eq_multi *multi)
{
  struct abandoned *entry = malloc(sizeof *entry);
  if (entry == NULL) {
    return; /* then a leak checker complains, and that is all */
  }
  entry->multi = *multi;
  eq_curl_events_init(&entry->multi.events);
  entry->next = atomic_load(&abandoned);
  while (!atomic_compare_exchange_weak(&abandoned, &entry->next, entry)) {
  }
}
