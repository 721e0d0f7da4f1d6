/*
 * private_table: the law is in private_table.h.
 */
#include "cache/private_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct eq_private_table *
eq_private_find(const struct eq_state_data *state_data,
                const unsigned char *name)
{
  struct eq_private_table *own = state_data->privates;
  while (own != NULL && memcmp(own->name, name, EQ_NAME_SIZE) != 0) {
    own = own->next;
  }
  return own;
}

struct eq_private_table *eq_private_new(struct eq_state_data *state_data,
                                        const unsigned char *name,
                                        enum eq_kind kind, bool alone,
                                        int64_t now)
{
  struct eq_private_table *own = malloc(sizeof *own);
  if (own == NULL) {
    return NULL;
  }
  *own = (struct eq_private_table){0};
  memcpy(own->name, name, EQ_NAME_SIZE);
  own->table = eq_table_private(name, kind, now);
  if (own->table == NULL) {
    free(own);
    return NULL;
  }
  if (!alone) {
    own->next = state_data->privates;
    state_data->privates = own;
  }
  return own;
}

void eq_private_leave(struct eq_state_data *state_data,
                      struct eq_private_table *own)
{
  if (--own->users > 0) {
    return;
  }
  struct eq_private_table **link = &state_data->privates;
  while (*link != NULL && *link != own) {
    link = &(*link)->next;
  }
  if (*link != NULL) {
    *link = own->next;
  }
  eq_table_free(own->table);
  free(own);
}

bool eq_private_has_content(const struct eq_private_table *own)
{
  return own->table->entries[0].taken;
}

bool eq_private_is_led(const struct eq_private_table *own)
{
  const struct eq_renewal *renewal = &own->table->entries[0].renewal;
  return renewal->under_way && renewal->leader.pid == getpid();
}
