/*
 * transfer_list: the transfers of a multi handle.
 *
 * Law of this file: a transfer is in one list at most; taking one out costs
 * the same wherever it is, and touches its neighbours only.
 */
#ifndef EQ_HTTP_TRANSFER_LIST_H
#define EQ_HTTP_TRANSFER_LIST_H

#include "http/transfer.h"

/* In front. */
void eq_transfer_list_add(struct eq_transfer **list,
                          struct eq_transfer *transfer);

/* Out of the list that it is in. */
void eq_transfer_list_remove(struct eq_transfer *transfer);

/* Frees all transfers in it. */
void eq_transfer_list_free(struct eq_transfer **list);

#endif
