/*
 * transfer_list: the laws are in transfer_list.h.
 */
#include "http/transfer_list.h"

void eq_transfer_list_add(struct eq_transfer **list,
                          struct eq_transfer *transfer)
{
  transfer->next = *list;
  transfer->link = list;
  if (transfer->next != NULL) {
    transfer->next->link = &transfer->next;
  }
  *list = transfer;
}

void eq_transfer_list_remove(struct eq_transfer *transfer)
{
  *transfer->link = transfer->next;
  if (transfer->next != NULL) {
    transfer->next->link = transfer->link;
  }
  transfer->next = NULL;
  transfer->link = NULL;
}

void eq_transfer_list_free(struct eq_transfer **list)
{
  while (*list != NULL) {
    struct eq_transfer *transfer = *list;
    eq_transfer_list_remove(transfer);
    eq_transfer_free(transfer);
  }
}
