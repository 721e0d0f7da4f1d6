/*
 * multi_parked: the laws are in multi_parked.h.
 */
#include "http/multi_parked.h"

#include "base/clock.h"

CURLcode eq_multi_hand_over(struct eq_multi *multi,
                            struct eq_transfer *transfer)
{
  CURLMcode rc = curl_multi_add_handle(multi->multi, transfer->easy.handle);
  if (rc == CURLM_OK) {
    return CURLE_OK;
  }
  return rc == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
}

void eq_multi_check_by(struct eq_multi *multi, int64_t at)
{
  multi->late_at = at < multi->late_at ? at : multi->late_at;
}

void eq_multi_park(struct eq_multi *multi, struct eq_transfer *transfer,
                   int64_t look_at)
{
  transfer->parked = true;
  multi->parked++;
  eq_multi_check_by(multi, look_at);
}

bool eq_multi_hold(struct eq_multi *multi, struct eq_transfer *transfer)
{
  int64_t pause = eq_attempt_pause(&transfer->attempt);
  if (pause > 0) {
    transfer->held_until = eq_tick_ns() + pause;
    eq_multi_park(multi, transfer, transfer->held_until);
  }
  return pause > 0;
}

void eq_multi_unpark(struct eq_multi *multi, const unsigned *room)
{
  struct eq_transfer *transfer = multi->parked > 0 ? multi->active : NULL;
  int64_t now = eq_tick_ns();
  for (; transfer != NULL; transfer = transfer->next) {
    if (!transfer->parked || transfer->held_until > now ||
        (room != NULL && *room != eq_connection_origin(&transfer->request))) {
      continue;
    }
    /* The last one of all would wait for ever. */
    transfer->attempt.unlimited = multi->running == multi->parked;
    if (eq_multi_hand_over(multi, transfer) == CURLE_OK) {
      transfer->parked = false;
      multi->parked--;
    }
    bool early = transfer->attempt.early;
    transfer->attempt.early = false;
    if (room != NULL && !early) {
      return;
    }
  }
}
