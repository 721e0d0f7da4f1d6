/*
 * libcrypto: what it was that failed there.
 *
 * Law of this file: libcrypto is called between eq_libcrypto_begin and
 * eq_libcrypto_end, which leave the error queue of the thread as it was. That
 * it had no memory is no fault of a key, of a record or of the library. It
 * does not always say so; but what has worked in this process before can fail
 * for no other reason.
 */
#ifndef EQ_BASE_LIBCRYPTO_H
#define EQ_BASE_LIBCRYPTO_H

#include <stdbool.h>

enum eq_libcrypto_call {
  EQ_LIBCRYPTO_DIGEST,
  EQ_LIBCRYPTO_HKDF,
  EQ_LIBCRYPTO_HMAC,
  EQ_LIBCRYPTO_ENCRYPT,
  EQ_LIBCRYPTO_DECRYPT,
  EQ_LIBCRYPTO_CALLS
};

/* Whether there are no 16 KiB left: libraries say it in many words. */
bool eq_memory_is_short(void);

void eq_libcrypto_begin(void);

/* Notes why it failed, if it did; gives `ok` back. */
bool eq_libcrypto_end(enum eq_libcrypto_call call, bool ok);

/* Whether the last failure of this thread was for want of memory. */
bool eq_libcrypto_had_no_memory(void);

#endif
