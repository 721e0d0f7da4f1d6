/*
 * order_list: the orders of an engine, first in, first out.
 *
 * Law of this file: an order is in one list at most; the list does not own it.
 */
#ifndef EQ_HTTP_ORDER_LIST_H
#define EQ_HTTP_ORDER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

struct eq_exchange;
struct eq_exchange_run;
struct eq_request;
struct eq_transfer;

enum eq_order_state { EQ_ORDER_QUEUED, EQ_ORDER_BEGUN, EQ_ORDER_ENDED };

struct eq_order {
  struct eq_order *next; /* in the queue, or among what has ended */
  int number;
  enum eq_order_state state;
  bool cancelled;                     /* its result is of no use */
  const struct eq_request *request;   /* borrowed until it has ended; NULL: */
  const struct eq_exchange *exchange; /* an exchange, borrowed likewise */
  int64_t deadline;                   /* on eq_coarse_ns; INT64_MAX: none */
  struct eq_transfer *transfer;       /* once begun; NULL: there was none */
  struct eq_exchange_run *run;        /* the same of an exchange; owned */
  bool late;                          /* it was never begun */
  CURLcode reason;                    /* else why there is no transfer */
};

struct eq_order_list {
  struct eq_order *first;
  struct eq_order **end; /* where the next one is put */
  size_t n;
};

/* Empty. */
void eq_order_list_init(struct eq_order_list *list);

/* At its end. */
void eq_order_list_add(struct eq_order_list *list, struct eq_order *order);

/* Takes out the order that *link points to. */
void eq_order_list_remove(struct eq_order_list *list, struct eq_order **link);

/* Frees an order that is in no list. */
void eq_order_free(struct eq_order *order);

/* Frees all orders in it. */
void eq_order_list_free(struct eq_order_list *list);

#endif
