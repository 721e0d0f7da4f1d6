/*
 * order_list: the laws are in order_list.h.
 */
#include "http/order_list.h"

#include <stdlib.h>

#include "http/exchange_run.h"

void eq_order_list_init(struct eq_order_list *list)
{
  list->first = NULL;
  list->end = &list->first;
  list->n = 0;
}

void eq_order_list_add(struct eq_order_list *list, struct eq_order *order)
{
  order->next = NULL;
  *list->end = order;
  list->end = &order->next;
  list->n++;
}

void eq_order_list_remove(struct eq_order_list *list, struct eq_order **link)
{
  struct eq_order *order = *link;
  *link = order->next;
  if (list->end == &order->next) {
    list->end = link;
  }
  list->n--;
}

void eq_order_free(struct eq_order *order)
{
  if (order != NULL) {
    eq_exchange_run_free(order->run);
    free(order);
  }
}

void eq_order_list_free(struct eq_order_list *list)
{
  while (list->first != NULL) {
    struct eq_order *order = list->first;
    list->first = order->next;
    eq_order_free(order);
  }
  eq_order_list_init(list);
}
